"""One family: the uncertainty of a probability c is -|c - t|. Which measure is the question which t.

Every score of one probability that falls on both sides of its peak t by the same law ranks as -|c - t| does:

| strategy | as it is printed | t |
|---|---|---|
| `low_confidence` | 1 - c | 0 |
| `entropy_score` | entropy of sigma(logit c), in nats | 1/2 |
| `least_confident` | 1 - max(c, 1 - c) | 1/2 |
| `margin` | -|c - (1 - c)| | 1/2 |
| `entropy_score_normalised` | the entropy of c scaled to [0.01, 0.99] | (min c + max c) / 2 |
| `boundary_distance` | -|c - T_opt| | T_opt |

With two labels, particle or not, three of them are one ranking. Sources: seed 001; Settles, Active Learning (2012);
Kiewisz and Bepler (NeurIPS workshop 2023) for the entropy score.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query, Seed, most_uncertain
from motes.picking import BestThreshold, Estimate

Threshold: TypeAlias = float | Estimate | BestThreshold


def near(pool: Pool, n: int, t: float | None, *, strategy: str, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """The n candidates whose probability is nearest to t.

    Parameters
    ----------
    pool : Pool
        N candidates.
    n : int
        Questions.
    t : float or None
        None: all are equal.
    strategy : str
        The name that the query bears.
    seed : int or numpy.random.Generator
        Of the order of equals.
    allow_fewer : bool
        Ask all where the pool holds fewer than n.

    Returns
    -------
    Query
        `uncertainty` is -|c - t|.

    Raises
    ------
    ValueError
        If n is more than the pool holds.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> near(Pool(Detections(found, ("grid1",))), 2, 0.5, strategy="entropy_score").chosen
    array([1, 2])
    """
    uncertainty = np.zeros(len(pool)) if t is None else -np.abs(pool.probability - t)
    chosen = most_uncertain(pool, uncertainty, n, seed, allow_fewer=allow_fewer)
    return Query(chosen, uncertainty, strategy, t)


def random(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """All candidates are equal: the order is by lot.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> random(Pool(Detections(found, ("grid1",))), 2)
    <Query: 2 of 3 candidates by random>
    """
    return near(pool, n, None, strategy="random", seed=seed, allow_fewer=allow_fewer)


def low_confidence(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """Lowest probabilities first: t = 0, or anything below the smallest.

    What that asks about depends on how far down the pool goes: `min_probability` of `Pool.from_detections`.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> low_confidence(Pool(Detections(found, ("grid1",))), 2).chosen
    array([2, 1])
    """
    return near(pool, n, 0.0, strategy="low_confidence", seed=seed, allow_fewer=allow_fewer)


def entropy_score(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """Highest entropy of the probability first: t = 1/2.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> entropy_score(Pool(Detections(found, ("grid1",))), 2).chosen
    array([1, 2])
    """
    return near(pool, n, 0.5, strategy="entropy_score", seed=seed, allow_fewer=allow_fewer)


def least_confident(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """Lowest probability of the likelier label first; of two labels, the ranking of the entropy score: t = 1/2.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> least_confident(Pool(Detections(found, ("grid1",))), 2).chosen
    array([1, 2])
    """
    return near(pool, n, 0.5, strategy="least_confident", seed=seed, allow_fewer=allow_fewer)


def margin(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """Smallest difference of the labels' probabilities first; of two labels, the entropy score's ranking: t = 1/2.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> margin(Pool(Detections(found, ("grid1",))), 2).chosen
    array([1, 2])
    """
    return near(pool, n, 0.5, strategy="margin", seed=seed, allow_fewer=allow_fewer)


def entropy_score_normalised(pool: Pool, n: int, *, seed: Seed = 0, allow_fewer: bool = False) -> Query:
    """Highest entropy after min-max scaling of the pool's probabilities to [0.01, 0.99]: t = (min + max) / 2.

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.

    Returns
    -------
    Query
        t is None where the pool is empty.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.6, 0.3]))
    >>> entropy_score_normalised(Pool(Detections(found, ("grid1",))), 2)
    <Query: 2 of 3 candidates by entropy_score_normalised, t = 0.6>
    """
    c = pool.probability
    t = float(c.min() + c.max()) / 2 if len(c) else None
    return near(pool, n, t, strategy="entropy_score_normalised", seed=seed, allow_fewer=allow_fewer)


def boundary_distance(
    pool: Pool,
    n: int,
    *,
    threshold: Threshold,
    bootstrap: bool = False,
    seed: Seed = 0,
    allow_fewer: bool = False,
) -> Query:
    """Nearest to the decision boundary first: t = T_opt, the seed's equation (5).

    Parameters
    ----------
    pool, n, seed, allow_fewer
        As in `near`.
    threshold : float, Estimate or BestThreshold
        T_opt: of `active.optimal_threshold`, whose labels are charged to this strategy, or `Estimates.threshold` of an
        importance-sampled query, which needs none.
    bootstrap : bool
        Rank by -E|c - T| over the bootstrap samples of `threshold`, a `BestThreshold` that has them: where T_opt is
        poorly known, candidates over its whole range count as uncertain. Flat between the samples, it leaves the
        family; t is the samples' median, its peak.

    Returns
    -------
    Query

    Raises
    ------
    ValueError
        If the threshold is not finite, or `bootstrap` meets one without samples.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> boundary_distance(Pool(Detections(found, ("grid1",))), 1, threshold=0.8)
    <Query: 1 of 3 candidates by boundary_distance, t = 0.8>
    """
    if not bootstrap:
        t = value_of(threshold)
        return near(pool, n, t, strategy="boundary_distance", seed=seed, allow_fewer=allow_fewer)
    samples = threshold.samples if isinstance(threshold, BestThreshold) else np.zeros(0)
    if len(samples) == 0:
        raise ValueError("threshold: bootstrap needs a BestThreshold with samples, of two micrographs or more")
    uncertainty = -mean_distance(pool.probability, samples)
    chosen = most_uncertain(pool, uncertainty, n, seed, allow_fewer=allow_fewer)
    return Query(chosen, uncertainty, "boundary_distance", float(np.median(samples)), {"bootstrap": len(samples)})


def value_of(threshold: Threshold) -> float:
    """The number that a threshold is."""
    inner = threshold.threshold if isinstance(threshold, BestThreshold) else threshold
    value = float(inner)
    if not np.isfinite(value):
        raise ValueError(f"threshold: expected a finite number, got {value}")
    return value


def mean_distance(c: FloatArray, samples: npt.NDArray[np.float64]) -> FloatArray:
    """(N,): mean over the samples T of |c - T|, without an N x B table.

    Examples
    --------
    >>> mean_distance(np.array([0.0, 0.5]), np.array([0.0, 1.0, 0.5]))
    array([0.5       , 0.33333333])
    """
    ordered = np.sort(samples)
    below = np.searchsorted(ordered, c)
    summed = np.concatenate([[0.0], np.cumsum(ordered)])
    total: FloatArray = c * (2 * below - len(ordered)) + summed[-1] - 2 * summed[below]
    return total / len(ordered)
