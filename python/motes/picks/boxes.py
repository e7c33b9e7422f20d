"""Circles as boxes: the corner nearest the origin, width and height."""

from __future__ import annotations

import numpy as np

from motes.io.text import TextTable
from motes.picks.container import FloatArray, Picks
from motes.picks.yaxis import YAxis

Boxes = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


def read_circles(table: TextTable, names: tuple[str, str, str, str], axis: YAxis) -> Boxes:
    """Centres and sizes from the columns of corners and sizes: x, y, width, height."""
    x, y = (table.numbers(name) for name in names[:2])
    width, height = (table.numbers(name, positive=True) for name in names[2:])
    return x + width / 2, axis.corners(y, height) + height / 2, width, height


def oblong(width: FloatArray, height: FloatArray) -> FloatArray | None:
    """Sizes, (N, 2), where a box is no square, and half the smaller is all that a radius tells."""
    return None if np.array_equal(width, height) else np.stack([width, height], axis=1)


def sizes(picks: Picks) -> tuple[FloatArray, FloatArray]:
    """Width and height of each box: its own, where it is no square, else twice the radius."""
    if picks.box_size is not None:
        return picks.box_size[:, 0], picks.box_size[:, 1]
    if picks.radius is None:
        raise ValueError("radius: needed for boxes; the picks have none")
    return 2 * picks.radius, 2 * picks.radius


def corners(picks: Picks, width: FloatArray, height: FloatArray, axis: YAxis) -> tuple[FloatArray, FloatArray]:
    """Corners of boxes around the centres, as they are counted in the file."""
    return picks.x - width / 2, axis.corners(picks.y - height / 2, height)
