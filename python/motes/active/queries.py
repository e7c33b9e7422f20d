"""What a strategy answers, and how a ranking becomes a query: the n first, ties by lot."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.active.pool import Pool
from motes.checks import whole
from motes.circles import Indices

FloatArray: TypeAlias = npt.NDArray[np.float64]
Seed: TypeAlias = int | np.random.Generator


@dataclass(frozen=True, eq=False, repr=False)
class Query:
    """Candidates to ask about next.

    Attributes
    ----------
    chosen : (n,) int64 array
        Rows of the pool, in the order to be asked.
    uncertainty : (N,) float64 array
        Of every candidate of the pool; the higher, the sooner it is asked.
    strategy : str
        Name of the strategy.
    t : float or None
        The threshold that it used: candidates near it are the uncertain ones. None: it used none.
    details : dict
        What else there is to know, by strategy; inclusion probabilities of an importance-sampled query.
    """

    chosen: Indices
    uncertainty: FloatArray
    strategy: str
    t: float | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.chosen)

    def __repr__(self) -> str:
        n, of = len(self.chosen), len(self.uncertainty)
        used = "" if self.t is None else f", t = {self.t:.4g}"
        return f"<Query: {n:,} of {of:,} candidates by {self.strategy}{used}>"


def size(pool: Pool, n: int, *, allow_fewer: bool = False) -> int:
    """How many questions are asked: n, or with `allow_fewer` as many as there are candidates."""
    n = whole("n", n, 0)
    if n > len(pool) and not allow_fewer:
        raise ValueError(f"n: {n} questions, but the pool holds {len(pool)} candidates; allow_fewer=True asks them all")
    return min(n, len(pool))


def lots(pool: Pool, seed: Seed) -> FloatArray:
    """(N,): a random number for each candidate, the same for the same place however the pool is ordered."""
    drawn = np.empty(len(pool))
    drawn[pool.by_place] = np.random.default_rng(seed).random(len(pool))
    return drawn


def most_uncertain(pool: Pool, uncertainty: FloatArray, n: int, seed: Seed, *, allow_fewer: bool = False) -> Indices:
    """The n candidates of the highest uncertainty, highest first; equals in an order drawn by lot.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> most_uncertain(Pool(Detections(found, ("grid1",))), np.array([1.0, 3.0, 2.0]), 2, seed=0)
    array([1, 2])
    """
    n = size(pool, n, allow_fewer=allow_fewer)
    return np.lexsort((lots(pool, seed), -uncertainty))[:n].astype(np.int64)
