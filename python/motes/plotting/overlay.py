"""Picks on their micrograph: what was found, what was missed, what is nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.kernels.matching import Matches
from motes.plotting.style import PICTURE, RC, new_figure, place, within

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Of Okabe and Ito's palette those that stand out on grey and are far apart with every kind of colour blindness. Dashes
# and crosses say the same without colour.
FOUND, MISSED, FALSE = "#56B4E9", "#F0E442", "#D55E00"
EDGE, MARGIN, HEAD = 8.5, 0.2, 0.75  # inches
MOST_PIXELS = 1024
PAPER = "#3A3A3A"  # where there is no picture


def overlay(
    matches: Matches,
    micrograph: int = 0,
    image: npt.NDArray[Any] | None = None,
    *,
    threshold: float = -np.inf,
    title: str = "",
) -> Figure:
    """Draw the picks of one micrograph on it: found, missed and false ones.

    Parameters
    ----------
    matches : Matches
        Picks beside truth.
    micrograph : int
        Which of theirs.
    image : (H, W) array, optional
        What it shows; else circles alone, on grey.
    threshold : float
        Only picks of this score or more.
    title : str
        Its name.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.

    Raises
    ------
    IndexError
        If there is no such micrograph.
    """
    import matplotlib

    kinds = found_missed_false(matches, micrograph, threshold)
    if image is None:
        width, height = _extent(kinds.values())
    else:
        height, width = (float(side) for side in image.shape)
    across, up = EDGE * min(1.0, width / height), EDGE * min(1.0, height / width)
    across = max(across, 5.0)  # the legend needs it
    with matplotlib.rc_context(RC):
        figure = new_figure(across + 2 * MARGIN, up + HEAD + MARGIN)
        axes = place(figure, MARGIN, MARGIN, across, up)
        show_micrograph(axes, image, (width, height))
        for name, colour in (("found", FOUND), ("missed", MISSED), ("false", FALSE)):
            draw_circles(axes, kinds[name], colour, dashed=name == "missed", crossed=name == "false")
        _legend(axes, {name: len(circles) for name, circles in kinds.items()})
        axes.text(0, 1 + 0.42 / up, title, transform=axes.transAxes, fontsize=11, weight="bold")
    return figure


def found_missed_false(matches: Matches, micrograph: int, threshold: float = -np.inf) -> dict[str, Circles]:
    """Picks that hit, particles that no pick found, picks that hit nothing, all of one micrograph."""
    picks, truth = matches.picks, matches.truth
    counts = matches.predictions(threshold)
    missed = np.ones(len(truth), bool)
    missed[matches.particle[counts & matches.hit]] = False
    return {
        "found": picks[counts & matches.hit].of_micrograph(micrograph),
        "missed": truth[missed].of_micrograph(micrograph),
        "false": picks[counts & ~matches.hit].of_micrograph(micrograph),
    }


def show_micrograph(axes: Axes, image: npt.NDArray[Any] | None, size: tuple[float, float]) -> None:
    """A micrograph in coordinates of its own pixels, drawn with about as many as a screen shows."""
    width, height = size
    if image is None:
        axes.set_facecolor(PAPER)
    else:
        small = _reduced(image)
        extent = (-0.5, width - 0.5, height - 0.5, -0.5)
        limits = within(small)
        axes.imshow(
            small, PICTURE, extent=extent, interpolation="antialiased", vmin=limits.get("vmin"), vmax=limits.get("vmax")
        )
    axes.set(xlim=(-0.5, width - 0.5), ylim=(height - 0.5, -0.5), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)


def draw_circles(
    axes: Axes, circles: Circles, colour: str, *, dashed: bool = False, crossed: bool = False, width: float = 1.3
) -> None:
    """Circles in the coordinates of the axes."""
    from matplotlib.collections import EllipseCollection

    if not len(circles):
        return
    across = 2 * circles.radii
    rings = EllipseCollection(
        across, across, np.zeros(len(circles)), units="xy", offsets=circles.centres, facecolors="none",
        offset_transform=axes.transData, edgecolors=colour, linewidths=width, linestyles="--" if dashed else "-",
    )  # fmt: skip
    axes.add_collection(rings)
    if crossed:
        x, y = circles.centres.T
        axes.scatter(x, y, marker="x", s=14, color=colour, linewidths=width)


def _legend(axes: Axes, counts: dict[str, int]) -> None:
    from matplotlib.legend_handler import HandlerTuple
    from matplotlib.lines import Line2D

    def mark(colour: str, marker: str = "o", size: float = 10) -> Line2D:
        return Line2D(
            [], [], linestyle="", marker=marker, markersize=size, markerfacecolor="none", markeredgecolor=colour,
            markeredgewidth=1.8,
        )  # fmt: skip

    handles: list[Any] = [mark(FOUND), mark(MISSED), (mark(FALSE), mark(FALSE, "x", 4))]
    axes.legend(
        handles, [f"{name} {count:,}" for name, count in counts.items()], loc="lower left", bbox_to_anchor=(0, 1),
        ncols=3, borderaxespad=0.1, handletextpad=0.3, facecolor=PAPER, labelcolor="white", frameon=True, framealpha=1,
        edgecolor="none", handler_map={tuple: HandlerTuple(ndivide=1)},
    )  # fmt: skip


def _extent(kinds: Any) -> tuple[float, float]:
    """A size that has room for all circles."""
    corners = [(part.centres + part.radii[:, None]).max(axis=0) for part in kinds if len(part)]
    width, height = np.max(corners, axis=0) + 1 if corners else (1.0, 1.0)
    return float(max(width, 1)), float(max(height, 1))


def _reduced(image: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Means of square blocks, so that at most about `MOST_PIXELS` are left a side."""
    factor = max(1, max(image.shape) // MOST_PIXELS)
    height, width = (side - side % factor for side in image.shape)
    blocks = image[:height, :width].reshape(height // factor, factor, width // factor, factor)
    return np.asarray(blocks.mean(axis=(1, 3), dtype=np.float64))
