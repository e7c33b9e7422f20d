"""Rows and columns of a detector."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TypeAlias

Shape: TypeAlias = tuple[int, int]


def check_shape(shape: Sequence[int]) -> Shape:
    """Rows and columns as two ints, or a clear error.

    Examples
    --------
    >>> check_shape([25, 25])
    (25, 25)
    """
    try:
        height, width = (operator.index(extent) for extent in shape)
    except (TypeError, ValueError):
        raise ValueError(f"shape: expected two whole numbers (rows, columns), got {shape!r}") from None
    if height < 0 or width < 0 or height * width > 2**32:
        raise ValueError(f"shape: expected at most 2**32 pixels, got {height} x {width}")
    return height, width


def one_shape(shapes: Sequence[Shape]) -> Shape:
    """The shape that all of several have; a ValueError about `parts` where they differ, or where there are none.

    Examples
    --------
    >>> one_shape([(2, 3), (2, 3)])
    (2, 3)
    """
    if not shapes:
        raise ValueError("parts: expected at least one Patterns")
    for shape in shapes:
        if shape != shapes[0]:
            raise ValueError(f"parts: expected patterns of one shape, got {shapes[0]} and {shape}")
    return shapes[0]


def shape_of_dense(extents: tuple[int, ...], shape: Sequence[int] | None) -> Shape:
    """Rows and columns of an array (N, H, W) or (N, M): as given, its own, or of a square.

    Examples
    --------
    >>> shape_of_dense((10, 4, 6), None), shape_of_dense((10, 24), (4, 6)), shape_of_dense((10, 25), None)
    ((4, 6), (4, 6), (5, 5))
    """
    if len(extents) not in (2, 3):
        raise ValueError(f"array: expected shape (N, H, W) or (N, M), got {extents}")
    if len(extents) == 3:
        own = (int(extents[1]), int(extents[2]))
        if shape is not None and shape_of_pixels(own[0] * own[1], shape) != own:
            raise ValueError(f"shape: the array holds images of {own[0]} x {own[1]}, got {tuple(shape)}")
        return own
    n_patterns, n_pixels = extents
    try:
        return shape_of_pixels(n_pixels, shape)
    except ValueError as error:
        if n_patterns != n_pixels or shape is not None:
            raise
        raise ValueError(f"{error}; one image? give it as array[None]") from None


def shape_of_pixels(n_pixels: int, shape: Sequence[int] | None) -> Shape:
    """Rows and columns of `n_pixels`: as given, or of a square.

    Examples
    --------
    >>> shape_of_pixels(625, None)
    (25, 25)
    """
    if shape is None:
        side = round(n_pixels**0.5)
        if side * side != n_pixels:
            raise ValueError(f"shape: {n_pixels} pixels are no square; give shape=(rows, columns)")
        return side, side
    height, width = check_shape(shape)
    if height * width != n_pixels:
        raise ValueError(f"shape: {height} x {width} does not hold {n_pixels} pixels")
    return height, width
