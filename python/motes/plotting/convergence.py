"""How the fit came to rest: the likelihood still to be gained, against passes over the data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.reconstruction import MixtureReconstruction, Reconstruction

ROUNDING = 1e-12  # nats: below it, differences of sums of 100 nats are noise


def convergence(result: Reconstruction | MixtureReconstruction) -> Figure:
    """Draw the gap to the highest log-likelihood that was reached, against sweeps over the data.

    Parameters
    ----------
    result : Reconstruction or MixtureReconstruction
        What was found. Each of its restarts is a line; the one that it was taken from is blue, and its sweeps are those
        that are told. Open circles are its iterations at the highest, where nothing was left to be gained.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("convergence.png")``.
    """
    import matplotlib.ticker

    from motes.reconstruction.result import swept

    starts: dict[int, list[tuple[float, float]]] = {}
    for record in swept(result.history):
        point = (record["sweeps"], record["log_likelihood"])
        starts.setdefault(record["restart"], []).append(point)
    curves = [np.array(points, np.float64).T for points in starts.values()]
    curves.sort(key=lambda curve: float(curve[1].max()))
    highest = curves[-1][1].max() if curves else np.nan

    with matplotlib.rc_context(RC):
        figure = new_figure(6.6, 4.0)
        axes = place(figure, 1.15, 0.6, 5.25, 2.95)
        for rank, (sweeps, log_likelihood) in enumerate(reversed(curves)):
            gap = highest - log_likelihood
            above = gap > ROUNDING
            colour, order = (BLUE, 3) if rank == 0 else (MUTED, 2)
            axes.plot(sweeps[above], gap[above], color=colour, zorder=order, marker="o", markersize=3.5, linewidth=1.2)
            if rank == 0:  # what is at the highest has no place on a logarithmic axis but the line below
                axes.scatter(
                    sweeps[~above], np.zeros(np.count_nonzero(~above)), 14, "white", edgecolors=BLUE, zorder=4,
                    transform=axes.get_xaxis_transform(), clip_on=False,
                )  # fmt: skip
        axes.set_xlim(0, 1.04 * max((float(sweeps[-1]) for sweeps, _ in curves), default=1.0))
        axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
        axes.set_xlabel("sweeps, each over all patterns (open circles: nothing left to be gained)")
        axes.set_ylabel("log-likelihood still to be gained\n(nats per pattern)")
        if any((highest - log_likelihood > ROUNDING).any() for _, log_likelihood in curves):
            axes.set_yscale("log")
        else:
            axes.set_yticks([])
            axes.text(0.5, 0.5, "no step gained anything", transform=axes.transAxes, ha="center", color=MUTED)
        axes.grid(axis="y", color=MUTED, alpha=0.2, linewidth=0.6)
        axes.set_title(_outcome(result), color="black" if result.converged else ORANGE)
        if len(swept(result.history)) != len(result.history):
            told = "from the maximum of a sample, in memory"
            axes.text(1, 1, told, transform=axes.transAxes, ha="right", va="top", color=MUTED)
        elif len(curves) > 1:
            axes.text(1, 1, f"{len(curves)} starts, the best in blue", transform=axes.transAxes, ha="right", va="top")
    return figure


def _outcome(result: Reconstruction | MixtureReconstruction) -> str:
    from motes.reconstruction.result import effort

    ended = "Interrupted" if result.interrupted else "Converged" if result.converged else "Not converged"
    return f"{ended} after {effort(result.sweeps, result.iterations, _passes(result))}, {result.seconds:.2g} s"


def _passes(result: Reconstruction | MixtureReconstruction) -> int | None:
    return getattr(result, "of_sample", None)
