"""Rows, columns and counts as a user gives them, checked on their way into `Patterns`."""

from __future__ import annotations

import operator
import os
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import _core

IntegerArray: TypeAlias = npt.NDArray[np.integer[Any]]

MOST_IMPLIED = 10**10  # a row index that asks for more is taken for a mistake unless `n_patterns` says so


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


def integers(values: npt.ArrayLike, name: str) -> IntegerArray:
    """One dimension of integers of any type, contiguous and of this machine's byte order.

    Examples
    --------
    >>> integers([2, 0], "rows")
    array([2, 0])
    """
    array = np.asarray(values)
    if array.size == 0 and array.dtype == np.float64 and not isinstance(values, np.ndarray):
        array = array.astype(np.int64)  # an empty list has no type of its own
    if not np.issubdtype(array.dtype, np.integer):
        raise TypeError(f"{name}: expected integers, got dtype {array.dtype}")
    if array.ndim != 1:
        raise ValueError(f"{name}: expected one dimension, got shape {array.shape}")
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def _memory() -> float:
    """Bytes that this machine has; where it does not say, no limit."""
    try:
        return float(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return float("inf")


def number_of_patterns(rows: IntegerArray, n_patterns: int | None, threads: int) -> int:
    """As given, or one more than the largest row."""
    if n_patterns is None:
        if rows.size == 0:
            raise ValueError("n_patterns: no photons, so the number of patterns must be given")
        n_patterns = _core.largest(rows, "rows", threads=threads) + 1
        if n_patterns > MOST_IMPLIED:
            raise ValueError(
                f"rows: the largest is {n_patterns - 1}, which means more than 10^10 patterns; "
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
