"""Task 5 of the challenge in one figure: when two orientations can be told apart, and how a likelihood scatters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.limits import task5 as expressions
from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LAMBDAS = {0.1: BLUE, 0.5: GREEN, 0.9: ORANGE}
SHOWN = (0.6, 0.4)  # lam, beta of the patterns that are drawn
N_PATTERNS = 40_000


def task5(seed: int = 0) -> Figure:
    """Draw the ratios (b) to (e) against beta, and the log-likelihood of simulated patterns beside (f).

    Parameters
    ----------
    seed : int
        Of the simulated patterns.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("task5.png")``.
    """
    import matplotlib

    with matplotlib.rc_context(RC):
        figure = new_figure(10.4, 4.3)
        _ratios(place(figure, 0.85, 0.65, 4.2, 3.1))
        _scatter(place(figure, 5.95, 0.65, 4.2, 3.1), seed)
    return figure


def _ratios(axes: Axes) -> None:
    beta = np.linspace(0.02, 1, 200)
    for lam, colour in LAMBDAS.items():
        axes.plot(beta, expressions.ratio_of_one(lam, beta), color=colour, label=f"λ = {lam:g}")
        axes.plot(beta, expressions.ratio_of_three(lam, beta), color=colour, linestyle="--")
    axes.plot([], [], color=MUTED, label="(b), (d): one bright pixel")
    axes.plot([], [], color=MUTED, linestyle="--", label="(e): three, a cube")
    axes.axhline(1, color=MUTED, linewidth=0.8)
    axes.plot(1, 1, marker="o", color=INK, markersize=6, clip_on=False, zorder=4)
    axes.annotate(
        "(c): at β = 1 nothing can be told", (1, 1), (0.92, 0.32), ha="right", color=INK,
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.8},
    )  # fmt: skip
    axes.set_yscale("log")
    axes.set(xlim=(0, 1), ylim=(0.2, 1e6), xlabel="β, brightness of the dim pixels", ylabel="likelihood ratio")
    axes.set_title("Upright, against a quarter turn")
    axes.legend(loc="upper right", handlelength=1.8)


def _scatter(axes: Axes, seed: int) -> None:
    lam, beta = SHOWN
    master = expressions.picture("e", lam, beta)
    patterns = np.random.default_rng(seed).random((N_PATTERNS, *master.shape)) < master
    values = expressions.log_likelihoods(patterns, master)
    mean, std = (
        expression(lam, beta, 16, 3) for expression in (expressions.mean_log_likelihood, expressions.std_log_likelihood)
    )
    axes.hist(values, bins=40, color=MUTED, alpha=0.45, density=True, label=f"{N_PATTERNS:,} simulated patterns")
    axes.axvline(mean, color=BLUE, linewidth=2, label=f"(f): {mean:.2f} nats")
    axes.axvspan(mean - std, mean + std, color=BLUE, alpha=0.12, linewidth=0, label=f"± {std:.2f}, the spread")
    axes.set(xlabel="log-likelihood of an aligned pattern (nats)", ylabel="density", ylim=(0, None))
    axes.margins(y=0.3)
    axes.set_title(f"16 pixels, 3 bright: λ = {lam:g}, β = {beta:g}")
    axes.legend(loc="upper left", handlelength=1.4)
