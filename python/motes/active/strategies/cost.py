"""What a person pays for: a question, and more for a micrograph that has to be opened first.

A batch S of n questions opens k micrographs and costs n + opening * k. Of all batches the one with the most uncertainty
per cost is sought,

    sum of the weights of S / (n + opening * k)

weights being uncertainties by another measure, scaled over the pool to 0 ... 1. Given the micrographs, the best n
candidates on them are the batch. Their sum is a submodular function of the micrographs, so that opening one after the
other, each time the one that adds most, comes within 1 - 1/e of the best of each k (Nemhauser, Wolsey and Fisher,
1978). Its gains fall with k, so the ratio rises and then falls: the search ends at its peak.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query, Seed, lots, size
from motes.active.strategies.bases import weighed
from motes.checks import whole
from motes.circles import Indices


def cost_aware(
    pool: Pool,
    n: int,
    *,
    opening: float = 10.0,
    max_opened: int | None = None,
    base: str = "entropy_score",
    seed: Seed = 0,
    allow_fewer: bool = False,
    **options: Any,
) -> Query:
    """The n questions of the most uncertainty per cost.

    Parameters
    ----------
    pool : Pool
        N candidates, and which micrographs are opened.
    n : int
        Budget of questions.
    opening : float
        What opening a micrograph costs, in questions.
    max_opened : int, optional
        Budget of micrographs: how many may be opened by this query. By default any number.
    base : str
        Measure of uncertainty: a strategy that ranks single candidates.
    seed : int or numpy.random.Generator
        Of the order of equals.
    allow_fewer : bool
        Ask fewer where the pool, or the micrographs that may be opened, hold fewer.
    **options
        Of the base.

    Returns
    -------
    Query
        `chosen` by weight; `uncertainty` is the weight; t is the base's; `details["opens"]`: the micrographs that it
        opens, in that order; `details["cost"]`: in questions.

    Raises
    ------
    ValueError
        If there are fewer candidates than questions, or an option is out of range.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [10, 20]]), 8.0, np.array([0.5, 0.4, 0.45]), indptr=[0, 2, 3])
    >>> query = cost_aware(Pool(Detections(found, ("grid1", "grid2"))), 2)
    >>> query.chosen, query.details["opens"], query.details["cost"]
    (array([0, 1]), array([0]), 12.0)
    """
    if not (np.isfinite(opening) and opening >= 0):
        raise ValueError(f"opening: expected a finite number of 0 or more, got {opening}")
    most = len(pool.opened) if max_opened is None else whole("max_opened", max_opened, 0)
    n = size(pool, n, allow_fewer=allow_fewer)
    weights, t = weighed(pool, base, options)
    order = np.lexsort((lots(pool, seed), -weights))
    rank = np.empty(len(pool), np.int64)
    rank[order] = np.arange(len(pool))
    ranks = [np.sort(part) for part in np.split(rank, pool.circles.indptr[1:-1])]
    ordered = weights[order]

    batch = np.sort(rank[pool.opened[pool.circles.micrograph]])[:n]
    closed = [int(m) for m in np.flatnonzero(~pool.opened) if len(ranks[m])]
    opens: list[int] = []
    while closed and len(opens) < most and n > 0:
        enough = _leaving_enough({m: len(ranks[m]) for m in closed}, n - len(batch), most - len(opens))
        larger = {m: np.sort(np.concatenate([batch, ranks[m]]))[:n] for m in enough}
        # Of equal gains that of the better candidate, so that the order of micrographs does not matter.
        best = max(enough, key=lambda m: (_gain(ordered, larger[m]), len(larger[m]), -int(ranks[m][0])))
        richer = _gain(ordered, larger[best]) / (n + opening * (len(opens) + 1))
        if len(batch) == n and richer <= _gain(ordered, batch) / (n + opening * len(opens)):
            break
        batch = larger[best]
        opens.append(best)
        closed.remove(best)
    if len(batch) < n and not allow_fewer:
        raise ValueError(f"n: {n} questions, but with {most} more micrographs opened there are {len(batch)} candidates")
    details = {"opens": np.array(opens, np.int64), "cost": len(batch) + opening * len(opens), "base": base}
    return Query(order[batch].astype(np.int64), weights, "cost_aware", t, details)


def _gain(ordered: FloatArray, batch: Indices) -> float:
    return float(ordered[batch].sum())


def _leaving_enough(candidates: dict[int, int], wanted: int, may_open: int) -> list[int]:
    """Micrographs after which the batch can still be filled; all, where it can not."""
    largest = sorted(candidates.values(), reverse=True)
    first, rest = largest[: may_open - 1], largest[may_open - 1 : may_open]

    def reached(m: int) -> int:
        # With m itself among the largest, the next one takes its turn.
        taken = candidates[m] in first
        return sum(first) + (sum(rest) if taken else candidates[m])

    return [m for m in candidates if reached(m) >= wanted] or list(candidates)
