"""What a number of patterns can tell: the bound on the error, from where it is reached, and what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, UNIT, new_figure, place, show_image
from motes.reconstruction.result import many

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motes.limits import Plan

SHADE = "#F1E3DA"
WIDTH = 6.0  # of the axes, inches
WORDS = 1.45  # inches that the words on the shade take


def limits(plan: Plan) -> Figure:
    """Draw the least error against the number of patterns.

    Parameters
    ----------
    plan : Plan
        What `motes.limits.plan` says.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("limits.png")``.
    """
    import matplotlib

    with matplotlib.rc_context(RC):
        figure = new_figure(10.2, 4.7)
        _errors(place(figure, 0.8, 0.65, WIDTH, 3.45), plan)
        picture = place(figure, 7.35, 1.95, 1.8, 1.8)
        show_image(picture, plan.master, unit=UNIT)
        picture.set_title(f"The master, {plan.master.sum():,.1f} photons a pattern")
        _numbers(figure, plan)
    return figure


def _errors(axes: Axes, plan: Plan) -> None:
    numbers, bound, labels_known = plan.curve
    end = numbers[-1]
    start = end if plan.solvable_from is None else plan.solvable_from
    axes.set_xscale("log")
    axes.set_yscale("log")
    lost, reached = numbers <= start, numbers >= start
    axes.axvspan(numbers[0], start, color=SHADE, linewidth=0, zorder=0)
    axes.plot(numbers, labels_known, color=MUTED, linewidth=1.0, linestyle=":", label="bound if labels were known")
    if plan.solvable_from is not None:
        axes.plot(numbers[reached], bound[reached], color=BLUE, linewidth=2.0, label="bound, reached within 10%")
    if start > numbers[0]:
        axes.plot(
            numbers[lost],
            bound[lost],
            color=MUTED,
            linewidth=1.4,
            linestyle="--",
            label="bound, not sure to be reached",
        )
    if WIDTH * np.log(start / numbers[0]) > WORDS * np.log(end / numbers[0]):
        axes.text(
            numbers[0] * 1.12, 0.03, "not solvable by\nmaximum likelihood", color=ORANGE, va="bottom", ha="left",
            transform=axes.get_xaxis_transform(),
        )  # fmt: skip
    if plan.target_error is not None and plan.patterns_needed is not None:
        axes.axhline(plan.target_error, color=GREEN, linewidth=1.0, zorder=1)
        axes.plot(
            plan.patterns_needed, plan.target_error, marker="D", color=GREEN, linestyle="", markersize=7, zorder=4,
            label=f"target {plan.target_error:.3g}: {many(plan.patterns_needed, 'pattern')}",
        )  # fmt: skip
    here = plan.bound.relative_error
    if not np.isfinite(here):
        axes.set_ylim(1e-3, 10)
        axes.text(0.5, 0.5, "no finite bound", color=INK, ha="center", transform=axes.transAxes)
    axes.plot(
        plan.n_patterns, here, marker="o", color=BLUE if plan.solvable else ORANGE, markeredgecolor="white",
        markersize=10, linestyle="", zorder=5, label=f"{many(plan.n_patterns, 'pattern')}: {here:.3g}",
    )  # fmt: skip
    axes.set(xlim=(numbers[0], end), xlabel="number of patterns", ylabel="error, relative to the contrast")
    axes.grid(color=MUTED, alpha=0.2, linewidth=0.6)
    axes.legend(loc="upper right", handlelength=1.8, facecolor="white", framealpha=0.9, frameon=True, edgecolor="none")
    if plan.solvable:
        title, colour = f"Solvable: the error of {many(plan.n_patterns, 'pattern')} is {here:.2g}", INK
    else:
        title, colour = f"Not solvable by maximum likelihood from {many(plan.n_patterns, 'pattern')}", ORANGE
    axes.set_title(title, color=colour)


def _numbers(figure: Figure, plan: Plan) -> None:
    (width, height), least = figure.get_size_inches(), plan.solvable_from
    facts = {
        "labels right": _share(plan.expected_accuracy) if plan.solvable else "not solvable",
        "were the master known": _share(plan.expected_accuracy_known_master),
        "known of a label": f"{plan.mutual_information:.3g} nats",
        "left by a sweep of EM": f"{plan.bound.missing_information:.1%}",
        "solvable with": "nothing" if least is None else f"≥ {least:{',' if least < 10**9 else '.3g'}} patterns",
    }
    for i, (name, value) in enumerate(facts.items()):
        y = (1.35 - 0.25 * i) / height
        figure.text(7.35 / width, y, name, color=MUTED)
        figure.text((width - 0.1) / width, y, value, color=INK, ha="right", weight="bold")


def _share(value: float) -> str:
    """A percentage; one that is not all never reads as 100%."""
    return "> 99.99%" if 0.9999 < value < 1 else f"{value:.2%}"
