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

WIDTH, LEFT, RIGHT, GAP = 12.8, 0.7, 0.3, 3.7  # inches, as all that follows
TOP, BOTTOM, HEAD, ROW = 0.65, 0.6, 0.5, 0.27
CURVES, NAME = 4.3, 0.155
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
            _draw_curves(place(figure, LEFT, bottom, CURVES, own - 0.25), one, metric, own - 0.25)
            across = LEFT + CURVES + GAP
            axes = place(figure, across, bottom, WIDTH - across - RIGHT, own - 0.25)
            _draw_differences(axes, one, metric, confidence)
            bottom -= BOTTOM + HEAD
    return figure


def colour_of(low: float, high: float) -> str:
    """Of an interval: above 0, below 0, or neither."""
    return BLUE if low > 0 else ORANGE if high < 0 else GREY


def _draw_curves(axes: Axes, one: Curves, metric: str, tall: float) -> None:
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
    )
    axes.set(xlabel="labels", ylabel=metric)
    axes.set_title(one.title)
    _name_ends(axes, one, tall)


def _name_ends(axes: Axes, one: Curves, tall: float) -> None:
    """Each curve's name beside its end, none on top of another; `tall`: height of the axes in inches."""
    ends = {name: float(np.asarray(reached)[-1]) for name, reached in one.reached.items()}
    low, high = axes.get_ylim()
    places = apart(list(ends.values()), NAME * (high - low) / tall, low, high)
    right = max(float(np.asarray(cost)[-1]) for cost in one.cost.values())
    for (name, end), y in zip(ends.items(), places, strict=True):
        colour = INK if name == one.baseline else colour_of(*one.differences[name][1:])
        axes.annotate(
            name,
            (right, end),
            (1.06, (y - low) / (high - low)),
            textcoords="axes fraction",
            fontsize=8,
            color=MUTED if colour == GREY else colour,
            weight="bold" if name == one.baseline else "normal",
            va="center",
            arrowprops={
                "arrowstyle": "-",
                "color": "#C9C9C9",
                "linewidth": 0.6,
                "shrinkA": 1,
                "shrinkB": 2,
                "relpos": (0, 0.5),
            },
            annotation_clip=False,
        )


def apart(places: Sequence[float], gap: float, low: float = -np.inf, high: float = np.inf) -> list[float]:
    """Places in the same order, at least `gap` apart and from low to high, as near as can be to where they were.

    Examples
    --------
    >>> apart([0.0, 0.1, 5.0], 1.0)
    [-0.45, 0.55, 5.0]
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    blocks: list[tuple[float, list[int]]] = []  # the place of the first of several that touch
    for i in order:
        blocks.append((max(low, min(high, places[i])), [i]))
        while len(blocks) > 1 and blocks[-2][0] + gap * len(blocks[-2][1]) > blocks[-1][0]:
            (_, before), (_, after) = blocks[-2:]
            both = before + after
            first = sum(places[j] - gap * k for k, j in enumerate(both)) / len(both)
            blocks[-2:] = [(max(low, min(high - gap * (len(both) - 1), first)), both)]
    moved = {j: first + gap * k for first, members in blocks for k, j in enumerate(members)}
    return [round(moved[i], 12) for i in range(len(places))]


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
    axes.set_xlabel(f"difference to {one.baseline}; {confidence:.0%}, all together")
