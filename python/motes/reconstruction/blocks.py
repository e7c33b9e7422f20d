"""Patterns in parts that fit the memory beside them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from motes.dense import DensePatterns
from motes.patterns import Patterns

MOST = 1 << 22  # lit pixels, values of dense patterns, or patterns, looked at together


def blocks(patterns: Patterns | DensePatterns, most: int = MOST) -> Iterator[slice]:
    """Slices of about as many lit pixels each, of dense patterns values, and of at most `most` patterns.

    Examples
    --------
    >>> list(blocks(Patterns.empty((3, 3), 5)))
    [slice(0, 5, None)]
    """
    if isinstance(patterns, DensePatterns):
        yield from patterns.blocks(min(MOST, most * patterns.n_pixels))
        return
    first = 0
    while first < len(patterns):
        last = int(np.searchsorted(patterns.indptr, patterns.indptr[first] + MOST, side="right")) - 1
        last = min(max(last, first + 1), first + most, len(patterns))
        yield slice(first, last)
        first = last
