"""Patterns as rows of a table: the design matrix, as it came and sorted."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.plotting.style import INK, MUTED, RC, new_figure, place

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLOURS = "BuPu"
EDGE, BETWEEN, LEFT, BOTTOM = 4.6, 0.5, 0.75, 0.6  # inches


def design_matrices(design: npt.NDArray[Any], order: npt.NDArray[np.integer[Any]], counts: npt.ArrayLike) -> Figure:
    """Draw the unsorted and the sorted design matrix side by side.

    Parameters
    ----------
    design : (N, M) array
        One pattern a row.
    order : (N,) int array
        The rows of the sorted matrix.
    counts : array of int
        Rows of each class in it, in order; marked at its side.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib

    n_patterns, n_pixels = design.shape
    with matplotlib.rc_context(RC):
        figure = new_figure(LEFT + 2 * EDGE + BETWEEN + 1.1, BOTTOM + EDGE + 0.4)
        for i, (title, rows) in enumerate((("Unsorted", design), ("Sorted by orientation", design[order]))):
            axes = place(figure, LEFT + i * (EDGE + BETWEEN), BOTTOM, EDGE, EDGE)
            axes.imshow(rows, cmap=COLOURS, aspect="auto", interpolation="antialiased")
            axes.set_title(title)
            axes.set_xlabel("pixel")
            axes.tick_params(length=2)
            if i == 0:
                axes.set_ylabel("pattern")
            else:
                axes.set_yticklabels([])
        edges = np.concatenate([[0], np.cumsum(counts)])
        for r, (first, last) in enumerate(pairwise(edges)):
            if last > first:
                axes.text(n_pixels * 1.02, (first + last) / 2 - 0.5, f"{90 * r}°", va="center", color=INK)
                axes.text(n_pixels * 1.13, (first + last) / 2 - 0.5, f"{last - first:,}", va="center", color=MUTED)
            if 0 < last < n_patterns:
                axes.axhline(last - 0.5, color=INK, linewidth=0.6)
    return figure
