"""Patterns in parts that fit the memory beside them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np

from motes.dense import DensePatterns
from motes.patterns import Patterns
from motes.stored import StoredPatterns

MOST = 1 << 22  # lit pixels, values of dense patterns, or patterns, looked at together


def blocks(patterns: Patterns | StoredPatterns | DensePatterns, most: int = MOST) -> Iterator[slice]:
    """Slices of about as many lit pixels each, of dense patterns values, and of at most `most` patterns.

    Those of a store lie in one section each.

    Examples
    --------
    >>> list(blocks(Patterns.empty((3, 3), 5)))
    [slice(0, 5, None)]
    """
    if isinstance(patterns, DensePatterns):
        yield from patterns.blocks(min(MOST, most * patterns.n_pixels))
        return
    if isinstance(patterns, StoredPatterns):
        for start, stop in itertools.pairwise(patterns.bounds.tolist()):
            edges = [*range(start, stop, most), stop]
            yield from (slice(*pair) for pair in itertools.pairwise(edges))
        return
    first = 0
    while first < len(patterns):
        last = int(np.searchsorted(patterns.indptr, patterns.indptr[first] + MOST, side="right")) - 1
        last = min(max(last, first + 1), first + most, len(patterns))
        yield slice(first, last)
        first = last
