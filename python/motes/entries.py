"""Rows, columns, counts and indices as a user gives them, checked on their way into `Patterns`."""

from __future__ import annotations

import contextlib
import operator
import os
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.arrays import Arrays
from motes.foreign import array_of, native
from motes.shapes import Shape
from motes.threads import available_threads

IntegerArray: TypeAlias = npt.NDArray[np.integer[Any]]

MOST_IMPLIED = 10**10  # a row index that asks for more is taken for a mistake unless `n_patterns` says so
MOST_EMPTY = 1000  # patterns without photons for each entry, beyond the first million: likewise
DENSE_CHUNK = 1 << 22  # pixels looked at together when a dense array is read
# Rows, columns, counts if they are not all 1, and how many patterns these are.
Entries: TypeAlias = tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None, int]


def whole_counts(values: npt.NDArray[Any], name: str, *, first_pattern: int = 0) -> IntegerArray:
    """Counts as integers; floating-point ones only where they are whole, finite and not negative.

    Examples
    --------
    >>> whole_counts(np.array([0.0, 2.0]), "data")
    array([0, 2])
    """
    if values.dtype == np.bool_:
        return values.astype(np.uint8)
    if np.issubdtype(values.dtype, np.integer):
        bad = values < 0
    elif np.issubdtype(values.dtype, np.floating):
        bad = ~((values >= 0) & (values < np.float64(2**31)) & (values == np.floor(values)))
    else:
        raise TypeError(f"{name}: expected counts, got dtype {values.dtype}")
    if bad.any():
        where = tuple(int(i) for i in np.argwhere(bad)[0])
        place = f"pattern {where[0] + first_pattern}, pixel {where[1]}" if len(where) == 2 else f"entry {where[0]}"
        raise ValueError(f"{name}: expected whole photon counts, got {values[where]} at {place}")
    return values if np.issubdtype(values.dtype, np.integer) else values.astype(np.int64)


def check_entries(array: Any, name: str, n_rows: int | None = None) -> None:
    """Refuse what does not hold one dimension of integers, as many as there are rows; wherever it is.

    Examples
    --------
    >>> check_entries(np.zeros(2, int), "cols", 3)
    Traceback (most recent call last):
    ...
    ValueError: cols: expected 3 values, one for each of rows, got 2
    """
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name}: expected integers, got dtype {array.dtype}")
    if len(array.shape) != 1:
        raise ValueError(f"{name}: expected one dimension, got shape {array.shape}")
    if n_rows is not None and array.shape[0] != n_rows:
        raise ValueError(f"{name}: expected {n_rows} values, one for each of rows, got {array.shape[0]}")


def integers(values: npt.ArrayLike, name: str, n_rows: int | None = None) -> IntegerArray:
    """One dimension of integers of any type, contiguous and of this machine's byte order.

    Examples
    --------
    >>> integers([2, 0], "rows")
    array([2, 0])
    """
    array = array_of(name, values)
    if array.size == 0 and array.dtype == np.float64 and isinstance(values, (list, tuple)):
        array = array.astype(np.int64)  # an empty list has no type of its own
    check_entries(array, name, n_rows)
    return native(name, array)


def another_way(given: object) -> str:
    """The way in for what was given to the wrong one, as the end of a message.

    Examples
    --------
    >>> another_way("photons.npy")
    '; motes.read_patterns reads files'
    """
    if isinstance(given, (str, os.PathLike)):
        return "; motes.read_patterns reads files"
    if hasattr(given, "tocsr"):
        return "; Patterns.from_csr takes it"
    return "; Patterns.from_dense takes arrays" if isinstance(given, np.ndarray) else ""


def hint_of_range(fault: str, n_patterns: int, shape: tuple[int, int]) -> str:
    """What an index out of range may mean, as the end of a message.

    Examples
    --------
    >>> hint_of_range("cols: 4 at index 0 is outside 0..3", 1, (2, 2))
    '; pixel indices of a 2x2 image count from 0, row by row'
    """
    if "is outside" not in fault:
        return ""
    if fault.startswith("rows:"):
        return f"; patterns count from 0: is n_patterns={n_patterns} right?"
    if fault.startswith("cols:"):
        return f"; pixel indices of a {shape[0]}x{shape[1]} image count from 0, row by row"
    return ""


@contextlib.contextmanager
def hinting(n_patterns: int, shape: Shape) -> Iterator[None]:
    """What a kernel says of an index out of range, with what that may mean."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{error}{hint_of_range(str(error), n_patterns, shape)}") from None


def _memory() -> float:
    """Bytes that this machine has; where it does not say, no limit."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def number_of_patterns(n_patterns: int | None, n_entries: int, largest_row: Callable[[], int]) -> int:
    """As given, or one more than the largest row.

    Examples
    --------
    >>> number_of_patterns(None, 5, lambda: 3), number_of_patterns(7, 5, lambda: 3)
    (4, 7)
    """
    if n_patterns is None:
        if n_entries == 0:
            raise ValueError("n_patterns: no photons, so the number of patterns must be given")
        n_patterns = largest_row() + 1
        if n_patterns > MOST_IMPLIED:
            raise ValueError(
                f"rows: the largest is {n_patterns - 1}, which means more than 10^10 patterns; "
                "give n_patterns if that is right"
            )
        if n_patterns > 10**6 + MOST_EMPTY * n_entries:
            raise ValueError(
                f"rows: the largest is {n_patterns - 1}, which means {n_patterns} patterns for {n_entries} entries; "
                "give n_patterns if that is right"
            )
        if 8 * n_patterns > _memory():
            raise ValueError(
                f"rows: the largest is {n_patterns - 1}, which means {8 * n_patterns / 2**30:.0f} GiB before the first "
                "photon, more than this machine has; give n_patterns if that is right"
            )
        return n_patterns
    try:
        n_patterns = operator.index(n_patterns)
    except TypeError:
        raise TypeError(f"n_patterns: expected a whole number, got {n_patterns!r}") from None
    if n_patterns < 0:
        raise ValueError(f"n_patterns: expected 0 or more, got {n_patterns}")
    return n_patterns


def coo_arrays(
    rows: npt.ArrayLike,
    cols: npt.ArrayLike,
    counts: npt.ArrayLike | None,
    n_patterns: int | None,
    shape: Shape,
    threads: int | None,
) -> Arrays:
    """Sorted arrays of one entry a photon, or with counts; see `Patterns.from_coo`.

    Examples
    --------
    >>> coo_arrays([1, 0, 1], [3, 0, 3], None, None, (2, 2), None).indptr
    array([0, 1, 2])
    """
    threads = available_threads(threads)
    rows = integers(rows, "rows")
    cols = integers(cols, "cols", rows.size)
    photons = None if counts is None else integers(counts, "counts", rows.size)
    n_patterns = number_of_patterns(n_patterns, rows.size, lambda: _core.largest(rows, "rows", threads=threads))
    with hinting(n_patterns, shape):
        arrays = _core.ingest(rows, cols, photons, n_patterns=n_patterns, n_pixels=shape[0] * shape[1], threads=threads)
    return Arrays(*arrays)


def csr_entries(matrix: Any) -> Entries:
    """Entries of a SciPy CSR matrix."""
    n_patterns = int(matrix.shape[0])
    counts = None if (matrix.data == 1).all() else whole_counts(np.asarray(matrix.data), "matrix")
    lengths = np.diff(matrix.indptr)
    rows = np.repeat(np.arange(n_patterns, dtype=np.int64 if n_patterns >= 2**32 else np.uint32), lengths)
    return rows, matrix.indices, counts, n_patterns


def dense_entries(array: npt.NDArray[Any], shape: Shape) -> Iterator[Entries]:
    """Entries of an array of counts, piece by piece."""
    n_pixels = shape[0] * shape[1]
    step = max(1, DENSE_CHUNK // max(1, n_pixels))
    for first in range(0, len(array), step):
        part = array[first : first + step]
        chunk = whole_counts(part.reshape(len(part), n_pixels), "array", first_pattern=first)
        lit = np.flatnonzero(chunk)  # nonzero's rows and columns lie between each other
        rows, cols = np.divmod(lit, max(1, n_pixels))
        counts = chunk.ravel()[lit]
        yield rows, cols, None if np.all(counts == 1) else counts, len(chunk)


def row_indices(which: npt.NDArray[Any], n: int) -> npt.NDArray[np.int64]:
    """A mask or indices, negative ones from the end, as indices of n rows.

    Examples
    --------
    >>> row_indices(np.array([-1, 0]), 3)
    array([2, 0])
    """
    if which.ndim != 1:
        raise IndexError(f"expected a mask or indices of one dimension, got {which.ndim}")
    if which.dtype == np.bool_:
        if which.size != n:
            raise IndexError(f"mask: expected {n} values, got {which.size}")
        return np.flatnonzero(which).astype(np.int64, copy=False)
    if which.size == 0:
        return np.zeros(0, np.int64)
    if not np.issubdtype(which.dtype, np.integer):
        raise IndexError(f"expected a mask or integer indices, got {which.dtype}")
    low, high = int(which.min()), int(which.max())
    if low < -n or high >= n:
        raise IndexError(f"pattern {low if low < -n else high} is outside 0..{n - 1}")
    indices = np.ascontiguousarray(which, np.int64)
    return np.where(indices < 0, indices + n, indices)
