"""How the fit came to rest: the likelihood still to be gained, against passes over the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction import Reconstruction

ROUNDING = 1e-12  # nats: below it, differences of sums of 100 nats are noise


def convergence(result: Reconstruction) -> Figure:
    """Draw the gap to the highest log-likelihood that was reached, against sweeps over the data.

    Parameters
    ----------
    result : Reconstruction
        What was found. Each of its restarts is a line; the one that it was taken from is blue.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("convergence.png")``.
    """
    import matplotlib.ticker

    starts: dict[int, list[tuple[float, float]]] = {}
    for record in result.history:
        point = (record["sweeps"], record["log_likelihood"])
        starts.setdefault(record["restart"], []).append(point)
    curves = [np.array(points, np.float64).T for points in starts.values()]
    curves.sort(key=lambda curve: float(curve[1].max()))
    highest = curves[-1][1].max() if curves else np.nan

    with matplotlib.rc_context(RC):
        figure = new_figure(6.4, 4.0)
        axes = place(figure, 0.95, 0.6, 5.25, 2.95)
        for rank, (sweeps, log_likelihood) in enumerate(reversed(curves)):
            gap = highest - log_likelihood
            above = gap > ROUNDING
            colour, order = (BLUE, 3) if rank == 0 else (MUTED, 2)
            axes.plot(sweeps[above], gap[above], color=colour, zorder=order, marker="o", markersize=3.5, linewidth=1.2)
        axes.set_yscale("log")
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        axes.set_xlabel("sweeps, each over all patterns")
        axes.set_ylabel("log-likelihood still to be gained\n(nats per pattern)")
        if not any((highest - log_likelihood > ROUNDING).any() for _, log_likelihood in curves):
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no step gained anything", transform=axes.transAxes, ha="center", color=MUTED)
        axes.grid(axis="y", color=MUTED, alpha=0.2, linewidth=0.6)
        axes.set_title(_outcome(result), color="black" if result.converged else ORANGE)
        if len(curves) > 1:
            axes.text(1, 1, f"{len(curves)} starts, the best in blue", transform=axes.transAxes, ha="right", va="top")
    return figure


def _outcome(result: Reconstruction) -> str:
    from motes.reconstruction.result import many

    effort = f"{many(result.sweeps, 'sweep')} in {result.seconds:.2g} s"
    if result.interrupted:
        return f"Interrupted after {effort}"
    return f"Converged after {effort}" if result.converged else f"Not converged after {effort}"
