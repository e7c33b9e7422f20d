"""Patterns in an order of one's own, in small batches, without a copy of all of them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from motes.patterns import Patterns

_COPIED = 1 << 15  # patterns copied together for small batches: one by one these take longer than the arithmetic


def batches(patterns: Patterns, order: npt.NDArray[np.int64], edges: npt.NDArray[np.int64]) -> Iterator[Patterns]:
    """Patterns ``order[edges[b] : edges[b + 1]]`` for each b, some ten thousand copied at a time, never all.

    Examples
    --------
    >>> patterns = Patterns.from_dense(np.eye(4, dtype=int))
    >>> parts = batches(patterns, np.array([3, 1, 0, 2]), np.array([0, 3, 4]))
    >>> [part.total_image().ravel().tolist() for part in parts]
    [[1, 1, 0, 1], [0, 0, 1, 0]]
    """
    b = 0
    while b < len(edges) - 1:
        last = max(int(np.searchsorted(edges, edges[b] + _COPIED, side="right")) - 1, b + 1)
        copied = patterns[order[edges[b] : edges[last]]]
        for start, stop in itertools.pairwise(edges[b : last + 1] - edges[b]):
            yield copied[start:stop]
        b = last
