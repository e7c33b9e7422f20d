"""Work over blocks of patterns by several threads, its results taken in the blocks' own order: always the same bits."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
Result = TypeVar("Result")

MOST_AT_ONCE = 16  # blocks in memory together, however many threads there are


def in_order(work: Callable[[slice], Result], parts: Sequence[slice], *, threads: int) -> Iterator[Result]:
    """What `work` makes of each part, in the order of the parts.

    Which part a thread takes has no influence on the result, as long as `work` depends on the part alone.

    Examples
    --------
    >>> list(in_order(lambda part: part.stop, [slice(0, 2), slice(2, 5)], threads=2))
    [2, 5]
    """
    at_once = min(threads, MOST_AT_ONCE, len(parts))
    if at_once < 2:
        yield from map(work, parts)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(at_once) as lanes:
        try:
            for part in parts:
                if len(waiting) == at_once:
                    yield waiting.popleft().result()
                waiting.append(lanes.submit(work, part))
            while waiting:
                yield waiting.popleft().result()
        finally:  # interrupted: nothing further is begun
            for future in waiting:
                future.cancel()


class Posteriors(NamedTuple):
    """Of each pattern of a block.

    Attributes
    ----------
    gamma : (n, T) float64 array
        Responsibilities: probability of each template.
    value : (n,) float64 array
        ln[sum_t p_t L_pt^beta] / beta, nats.
    expected : float
        sum_pt gamma_pt ln L_pt, nats.
    """

    gamma: FloatArray
    value: FloatArray
    expected: float


def posteriors(scores: FloatArray, log_prior: FloatArray, beta: float) -> Posteriors:
    """Responsibilities of templates whose log-likelihoods are known: `scores` (n, T), nats.

    Examples
    --------
    >>> posteriors(np.log([[1.0, 3.0]]), np.log([0.5, 0.5]), 1.0).gamma.round(3)
    array([[0.25, 0.75]])
    """
    powered = beta * scores + log_prior
    most = powered.max(axis=1, keepdims=True)
    gamma = np.exp(powered - most)
    total = gamma.sum(axis=1, keepdims=True)
    gamma /= total
    value = (most + np.log(total))[:, 0] / beta
    return Posteriors(gamma, value, float((gamma * scores).sum()))
