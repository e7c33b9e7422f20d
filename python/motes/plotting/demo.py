"""One figure that tells the whole story: single patterns, their average, what was hidden in them, and how surely."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from motes.plotting.style import (
    ERROR,
    MUTED,
    ORANGE,
    RC,
    UNIT,
    new_figure,
    place,
    show_cut,
    show_errors,
    show_image,
    why_no_errors,
    within,
    write,
)
from motes.truth import Comparison, Truth, compare

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from motes.patterns import Patterns
    from motes.reconstruction import Reconstruction

Picture = NDArray[np.float64]

WIDTH, HEIGHT, LEFT = 13.0, 10.1, 0.55  # inches, as all that follows
SINGLES, SINGLE_EDGE, SINGLE_GAP, SINGLES_BOTTOM = 8, 1.36, 0.146, 7.25
EDGE, GAP, PICTURES_BOTTOM = 2.46, 0.22, 4.1
BAR = 0.9  # a colour bar with its label
CUT_WIDTH, CUT_HEIGHT, CUT_BOTTOM = 7.6, 2.35, 0.7


def demo(result: Reconstruction, patterns: Patterns, truth: Truth) -> Figure:
    """Draw the demonstration: from single patterns to the picture that is hidden in all of them.

    Parameters
    ----------
    result : Reconstruction
        What was found.
    patterns : Patterns
        What it was found in, at least one pattern; the first few are shown.
    truth : Truth
        What the patterns were made from. Everything is shown as it is turned.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved: ``figure.savefig("demo.png")``.

    Raises
    ------
    ValueError
        If the truth has another shape, or labels for another number of patterns.
    """
    import matplotlib

    comparison = compare(result, truth)
    home = result.rotations.inverse(comparison.turn)
    estimate, std_error = (result.rotations.turn_master(image, home) for image in (result.master, result.std_error))
    average = patterns.mean_image()
    with matplotlib.rc_context(RC):
        figure = new_figure(WIDTH, HEIGHT)
        _headline(figure, result)
        for i in range(min(SINGLES, len(patterns))):
            left = LEFT + i * (SINGLE_EDGE + SINGLE_GAP)
            single = show_image(place(figure, left, SINGLES_BOTTOM, SINGLE_EDGE, SINGLE_EDGE), patterns[i])
            if i == 0:
                single.axes.set_title(f"The first {min(SINGLES, len(patterns))} patterns")
        row = truth.master.shape[0] // 2
        _pictures(figure, {"Their average": average, "Reconstruction": estimate, "The truth": truth.master}, row)
        _error_map(figure, std_error, why_no_errors(result.notes))
        _cut(
            place(figure, LEFT + 0.3, CUT_BOTTOM, CUT_WIDTH, CUT_HEIGHT),
            average,
            estimate,
            std_error,
            truth.master,
            row,
        )
        _numbers(figure, result, comparison)
    return figure


def _headline(figure: Figure, result: Reconstruction) -> None:
    photons = result.n_photons / result.n_patterns
    pixels = result.master.size
    write(
        figure,
        LEFT,
        HEIGHT - 0.62,
        f"{result.n_patterns:,} glimpses of {photons:.0f} photons, one hidden picture",
        20,
        weight="bold",
    )
    explanation = (
        "Each pattern is the same picture, turned by an unknown number of quarter turns, "
        f"of which about {photons:.0f} of {pixels} pixels caught a photon."
    )
    write(figure, LEFT, HEIGHT - 0.95, explanation, 11, color=MUTED)


def _pictures(figure: Figure, pictures: dict[str, Picture], row: int) -> None:
    """Pictures on one scale of brightness, the row that is cut marked beside them."""
    stack = np.stack(list(pictures.values()))
    low, high = np.nanmin(stack), np.nanmax(stack)
    for i, (title, image) in enumerate(pictures.items()):
        axes = place(figure, LEFT + i * (EDGE + GAP), PICTURES_BOTTOM, EDGE, EDGE)
        show_image(axes, image, unit=UNIT if i == len(pictures) - 1 else None, vmin=low, vmax=high)
        axes.set_title(title)
        edges = (-0.5, image.shape[1] - 0.5)
        axes.plot(
            edges, (row, row), marker="_", markersize=9, markeredgewidth=2, color=ORANGE, linestyle="", clip_on=False
        )


def _error_map(figure: Figure, std_error: Picture, why: str) -> None:
    axes = place(figure, LEFT + 3 * EDGE + 2 * GAP + BAR, PICTURES_BOTTOM, EDGE, EDGE)
    show_errors(axes, std_error, why, unit=UNIT, cmap=ERROR, **within(std_error))
    axes.set_title("Standard error")


def _cut(axes: Axes, average: Picture, estimate: Picture, std_error: Picture, truth: Picture, row: int) -> None:
    columns = np.arange(truth.shape[1])
    axes.plot(columns, average[row], color=MUTED, linewidth=1.2, linestyle=":", label="average of the patterns")
    axes.step(columns, truth[row], where="mid", color=ORANGE, linewidth=1.4, label="truth")
    show_cut(axes, estimate[row], std_error[row], "reconstruction")
    axes.set_title(f"Along row {row}")
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 0.99), ncols=3, borderaxespad=0, handlelength=1.6)


def _numbers(figure: Figure, result: Reconstruction, comparison: Comparison) -> None:
    deviation = abs(result.master - comparison.master)[result.seen]
    covered = np.mean(deviation <= result.std_error[result.seen])
    facts = {
        "patterns": f"{result.n_patterns:,}",
        "photons a pattern": f"{result.n_photons / result.n_patterns:.1f}",
        "error, of the contrast": f"{comparison.error:.1%}",
        "Cramér-Rao bound": f"{result.error_bound:.1%}",
        "pixels within one standard error": f"{covered:.0%}",
        "orientations found": "" if comparison.accuracy is None else f"{comparison.accuracy:.1%}",
        "time to reconstruct": f"{result.seconds:.2f} s",
    }
    left, right, top = LEFT + CUT_WIDTH + 1.0, WIDTH - LEFT, CUT_BOTTOM + CUT_HEIGHT
    for i, (name, value) in enumerate((name, value) for name, value in facts.items() if value):
        write(figure, left, top - 0.12 - 0.36 * i, name, 11, color=MUTED)
        write(figure, right, top - 0.12 - 0.36 * i, value, 13, ha="right", weight="bold")
