"""What readers hand on and writers take: photon patterns as raw arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.shapes import Shape

Array: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.integer[Any]]

BLOCK_PHOTONS = 2**20
BLOCK_CELLS = 2**22  # patterns x pixels of a dense block
MAX_PIXELS = 2**32  # of a pattern: what `Patterns` can index
IMAGE_SHAPE = "image_shape"  # its name in the formats that can keep it beside the patterns
MAX_COUNT = 2**31 - 1  # photons in one pixel of one pattern: what the int32 formats hold


@dataclass(frozen=True)
class PhotonPairs:
    """One (pattern, pixel) pair a photon, in any order, and no word of how many patterns there are.

    Attributes
    ----------
    source : str
        File and place in it, for messages.
    kind : str
        The layout in words.
    shape : (int, int)
        Rows and columns of the image.
    rows, cols : (K,) integer arrays
        Pattern and pixel of each photon, as the file holds them: the ranges are not checked.
    """

    source: str
    kind: str
    shape: Shape
    rows: IntArray
    cols: IntArray


@dataclass(frozen=True)
class Block:
    """Consecutive patterns as coordinates.

    Attributes
    ----------
    n_patterns : int
        Patterns in the block.
    rows, cols : (K,) integer arrays
        Pattern, counted from the first of the block, and pixel of each entry.
    counts : (K,) integer array, optional
        Photons of each entry; one each by default. Entries of the same pattern and pixel add up.
    """

    n_patterns: int
    rows: IntArray
    cols: IntArray
    counts: IntArray | None

    def photons(self) -> IntArray:
        """Photons of each entry, (K,)."""
        return np.ones(self.cols.size, np.uint8) if self.counts is None else self.counts

    def lengths(self) -> IntArray:
        """Entries of each pattern, (n_patterns,)."""
        return np.bincount(self.rows, minlength=self.n_patterns)

    def dense(self, n_pixels: int, dtype: npt.DTypeLike) -> Array:
        """Table of counts, (n_patterns, n_pixels), of a block in which no pair repeats."""
        table: Array = np.zeros((self.n_patterns, n_pixels), dtype)
        table[self.rows, self.cols] = self.photons()
        return table


@dataclass(frozen=True)
class PatternBlocks:
    """Patterns of known number, block by block: a file larger than memory passes through.

    Attributes
    ----------
    source : str
        File and place in it, for messages.
    kind : str
        The layout in words.
    n_patterns : int
        Number of patterns.
    n_pixels : int
        Pixels a pattern, 1 to 2^32.
    shape : (int, int), optional
        Rows and columns of the image, where the file tells them.
    blocks : callable
        Starts another pass over the patterns, in order: one `Block` or more.
    """

    source: str
    kind: str
    n_patterns: int
    n_pixels: int
    shape: Shape | None
    blocks: Callable[[], Iterator[Block]]

    def __post_init__(self) -> None:
        if not 1 <= self.n_pixels <= MAX_PIXELS:
            raise FormatError(f"{self.source}: {self.n_pixels} pixels a pattern, expected 1 to {MAX_PIXELS}")
        if self.shape is not None and (min(self.shape) < 1 or self.shape[0] * self.shape[1] != self.n_pixels):
            raise FormatError(f"{self.source}: images of {self.shape} pixels, but {self.n_pixels} pixels a pattern")


RawPatterns: TypeAlias = PhotonPairs | PatternBlocks


def require_integers(dtype: np.dtype[Any], place: str) -> None:
    """Refuse an array of anything but integers."""
    if dtype.kind not in "iu":
        raise FormatError(f"{place}: {dtype}, expected integers")


def require_range(values: IntArray, lowest: int, highest: int, place: str, first: int = 0) -> None:
    """Refuse values outside `lowest` to `highest`, naming the first; `first` is where they begin in their column."""
    if values.size and (int(values.min()) < lowest or int(values.max()) > highest):
        bad = int(np.argmax((values < lowest) | (values > highest)))
        raise FormatError(f"{place}[{first + bad}] is {values[bad]}, expected {lowest} to {highest}")


def require_counts(values: Array, where: Callable[[int], str]) -> IntArray:
    """Whole, finite, non-negative numbers of photons, exactly.

    Parameters
    ----------
    values : (K,) integer, boolean or float array
        What the file holds.
    where : callable
        The place of entry i in words.

    Returns
    -------
    (K,) integer array
        The same numbers; floats become int64.

    Raises
    ------
    FormatError
        For the first number that is no count: NaN, infinite, negative, fractional or above 2^31 - 1.

    Examples
    --------
    >>> require_counts(np.array([0.0, 2.0]), lambda i: f"pixel {i}")
    array([0, 2])
    >>> require_counts(np.array([0.0, 2.5]), lambda i: f"pixel {i}")
    Traceback (most recent call last):
    ...
    motes.errors.FormatError: pixel 1 is 2.5, expected a whole number from 0 to 2147483647
    """
    if values.dtype.kind == "b":
        return values.astype(np.uint8)
    if values.dtype.kind == "f":
        values = values.astype(np.float64, copy=False)  # a float16 could not be compared with the largest count
    good = (values >= 0) & (values <= MAX_COUNT)  # NaN compares false
    if values.dtype.kind == "f":
        good &= np.floor(values) == values
    if not good.all():
        bad = int(np.argmin(good))
        raise FormatError(f"{where(bad)} is {values[bad]}, expected a whole number from 0 to {MAX_COUNT}")
    return values.astype(np.int64) if values.dtype.kind == "f" else values


def dense_blocks(read: Callable[[int, int], Array], n_patterns: int, n_pixels: int, source: str) -> Iterator[Block]:
    """Blocks of a dense table.

    Parameters
    ----------
    read : callable
        ``read(first, n)`` gives the values of `n` patterns from `first` on, (n * n_pixels,). Called in order.
    n_patterns, n_pixels : int
        Extents of the table.
    source : str
        File and place, for messages.
    """

    def where(i: int) -> str:
        return f"{source}: pattern {first + rows[i]}, pixel {cols[i]}"

    step = max(1, BLOCK_CELLS // n_pixels)
    for first in range(0, n_patterns, step) or (0,):
        n = min(step, n_patterns - first)
        values = read(first, n)
        lit = np.flatnonzero(values)
        rows, cols = np.divmod(lit, n_pixels)
        yield Block(n, rows, cols, require_counts(values[lit], where))


def block_bounds(indptr: npt.NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """First and last pattern (exclusive) of blocks of one pattern or at most `BLOCK_PHOTONS` entries; one or more.

    Examples
    --------
    >>> list(block_bounds(np.array([0, 700_000, 1_400_000, 1_500_000])))
    [(0, 1), (1, 3)]
    """
    n_patterns = indptr.size - 1
    first = 0
    while True:
        last = int(np.searchsorted(indptr, indptr[first] + BLOCK_PHOTONS, side="right")) - 1
        last = min(max(last, first + 1), n_patterns)
        yield first, last
        first = last
        if first >= n_patterns:
            return
