"""What a study found: cost curves of all strategies, and their differences to the baseline with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from motes.plotting.style import BLUE, INK, MUTED, ORANGE, RC, new_figure, place, write

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH, LEFT, RIGHT, GAP = 11.5, 0.7, 0.3, 2.35  # inches, as all that follows
TOP, BOTTOM, HEAD, ROW = 0.65, 0.6, 0.5, 0.27
CURVES = 4.3
GREY = "#9A9A9A"


@dataclass(frozen=True, eq=False)
class Curves:
    """One setting, as it is drawn.

    Attributes
    ----------
    title : str
        Of the setting.
    cost : mapping of str to (R,) array
        Labels when each model was trained, by strategy.
    reached : mapping of str to (R,) array
        The metric, by strategy.
    baseline : str
        Drawn in black.
    differences : mapping of str to (difference, low, high)
        Of the area under the curve to the baseline's; NaN for what is not known.
    """

    title: str
    cost: Mapping[str, npt.ArrayLike]
    reached: Mapping[str, npt.ArrayLike]
    baseline: str
    differences: Mapping[str, tuple[float, float, float]]


def study(settings: Sequence[Curves], *, metric: str, title: str, confidence: float = 0.95) -> Figure:
    """Draw each setting's curves, and beside them the differences: blue better, orange worse, grey neither.

    Parameters
    ----------
    settings : sequence of Curves
        At least one.
    metric : str
        What was measured, in words.
    title : str
        Headline.
    confidence : float
        Of all intervals of a setting together.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib

    if not settings:
        raise ValueError("settings: expected at least one, got none")
    heights = [max(2.8, 0.45 + ROW * len(one.differences)) for one in settings]
    height = TOP + sum(heights) + len(settings) * BOTTOM + (len(settings) - 1) * HEAD
    with matplotlib.rc_context(RC):
        figure = new_figure(WIDTH, height)
        write(figure, LEFT, height - 0.4, title, 15, weight="bold")
        bottom = height - TOP
        for one, own in zip(settings, heights, strict=True):
            bottom -= own
            _draw_curves(place(figure, LEFT, bottom, CURVES, own - 0.25), one, metric)
            across = LEFT + CURVES + GAP
            axes = place(figure, across, bottom, WIDTH - across - RIGHT, own - 0.25)
            _draw_differences(axes, one, metric, confidence)
            bottom -= BOTTOM + HEAD
    return figure


def colour_of(low: float, high: float) -> str:
    """Of an interval: above 0, below 0, or neither."""
    return BLUE if low > 0 else ORANGE if high < 0 else GREY


def _draw_curves(axes: Axes, one: Curves, metric: str) -> None:
    for strategy, (_, low, high) in one.differences.items():
        colour = colour_of(low, high)
        known = colour != GREY
        axes.plot(
            np.asarray(one.cost[strategy]),
            np.asarray(one.reached[strategy]),
            color=colour,
            linewidth=1.5 if known else 1.0,
            linestyle="--" if colour == ORANGE else "-",
            zorder=3 if known else 2,
        )
    axes.plot(
        np.asarray(one.cost[one.baseline]),
        np.asarray(one.reached[one.baseline]),
        "o-",
        color=INK,
        linewidth=2.0,
        markersize=3.5,
        zorder=4,
        label=one.baseline,
    )
    axes.set(xlabel="labels", ylabel=metric)
    axes.set_title(one.title)
    axes.legend(loc="lower right")


def _draw_differences(axes: Axes, one: Curves, metric: str, confidence: float) -> None:
    """The best at the top."""
    ordered = sorted(one.differences.items(), key=lambda item: (np.isfinite(item[1][0]), item[1][0]))
    axes.axvline(0, color=INK, linewidth=1.0)
    for row, (_, (difference, low, high)) in enumerate(ordered):
        colour = colour_of(low, high)
        if np.isfinite(low):
            axes.plot([low, high], [row, row], color=colour, linewidth=2.2, solid_capstyle="butt")
        mark = "^" if low > 0 else "v" if high < 0 else "o"
        axes.plot([difference], [row], mark, color=colour, markersize=6)
    axes.set(yticks=range(len(ordered)), ylim=(-0.7, len(ordered) - 0.3))
    axes.set_yticklabels([strategy for strategy, _ in ordered])
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x", color=MUTED, alpha=0.25, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(f"mean {metric}, less that of {one.baseline}; {confidence:.0%} of all together")
