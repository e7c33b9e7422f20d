"""Precision over recall."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from motes.picking import Evaluation
from motes.plotting.style import BLUE, GREEN, INK, MUTED, ORANGE, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LINES = ((BLUE, "-"), (ORANGE, "--"), (GREEN, "-."), (INK, ":"))  # told apart by dashes, too
EDGE, LEFT, BOTTOM, ABOVE, RIGHT = 4.6, 0.65, 0.55, 0.45, 0.5  # inches


def precision_recall(evaluations: Mapping[str, Evaluation]) -> Figure:
    """Draw precision over recall, a dot where F1 is highest, and where F1 is equal in grey.

    Parameters
    ----------
    evaluations : mapping of str to Evaluation
        Up to four, by the names in the legend. Where all scores are one there is a dot alone, and no area below it.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib

    with matplotlib.rc_context(RC):
        figure = new_figure(LEFT + EDGE + RIGHT, BOTTOM + EDGE + ABOVE)
        draw_curves(place(figure, LEFT, BOTTOM, EDGE, EDGE), evaluations)
    return figure


def draw_curves(axes: Axes, evaluations: Mapping[str, Evaluation], *, short: bool = False) -> None:
    """The curves, on axes of one's own; AP for average precision where it has to be short."""
    if len(evaluations) > len(LINES):
        raise ValueError(f"evaluations: expected up to {len(LINES)}, got {len(evaluations)}")
    _equal_f1(axes)
    for (name, evaluation), (colour, dashes) in zip(evaluations.items(), LINES, strict=False):
        curve = evaluation.curve
        best = int(np.argmax(curve.f_beta()))
        (dot,) = axes.plot(
            curve.recall[best], curve.precision[best], "o", color=colour, markersize=6, zorder=4, clip_on=False
        )
        if len(curve.threshold) == 1:
            dot.set_label(f"{name}: no scores to rank by")
            continue
        label = f"{name}: {'AP' if short else 'average precision'} {evaluation.average_precision.value:.3f}"
        # From the first threshold on; before it nothing is predicted.
        axes.plot(curve.recall, curve.precision, dashes, color=colour, linewidth=1.8, label=label, zorder=3)
    axes.set(xlim=(0, 1.005), ylim=(0, 1.005), xlabel="recall", ylabel="precision")
    axes.set_title("Precision over recall; a dot where F1 is best")
    axes.legend(loc="lower left", handlelength=2.6, frameon=True, framealpha=0.9, edgecolor="none")


def _equal_f1(axes: Axes) -> None:
    for f1 in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(f1 / (2 - f1), 1, 100)
        axes.plot(recall, f1 * recall / (2 * recall - f1), color=MUTED, linewidth=0.6, alpha=0.5, zorder=1)
        axes.annotate(
            f"F1 {f1:g}",
            (1.005, f1 / (2 - f1)),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            color=MUTED,
        )
