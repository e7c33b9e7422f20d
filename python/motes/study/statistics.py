"""Paired differences with intervals from seeds and micrographs at once, for all strategies together.

What one seed and one test micrograph contribute to the difference of strategy s to the baseline is x_s[i, m]; the
estimate D_s is its mean over all pairs (i, m) that were run, be the table complete or not. Seeds (initial labels, parts
of the data, ties) and micrographs are both samples, and crossed. So the variance of D_s has a part of each, counted by
clusters of either, less what both count (Cameron, Gelbach and Miller 2011):

    V = max(V_seeds, V_micrographs, V_seeds + V_micrographs - V_pairs)

The strategies share the baseline, the seeds and the micrographs, so their errors are correlated. A crossed bootstrap,
which draws seeds and micrographs independently with replacement (Owen 2007), keeps that correlation: the 95% quantile q
of max_s |D*_s - D_s| / sd(D*_s) is what the largest of all errors stays below. The bootstrap of ten seeds knows nothing
of the error of V itself, so q, a normal deviate, is replaced by the deviate of Student's t of the same tail with
min(seeds, micrographs) - 1 degrees of freedom. How often a study without any effect then calls some strategy different,
and how often by plain percentiles of the same bootstrap: docs/study.md, measured by benchmarks/null_studies.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]
Verdict: TypeAlias = Literal["better", "worse", "not distinguishable"]
CHECKED_SEEDS = 10  # with which benchmarks/null_studies.py counted how often intervals hold
CHUNK = 1 << 22  # numbers in any one array while resampling


@dataclass(frozen=True)
class Comparison:
    """A strategy beside the baseline.

    Attributes
    ----------
    difference : float
        Mean over seeds and test micrographs, strategy less baseline; NaN where nothing can be compared.
    low, high : float
        Simultaneous interval: all strategies' together hold with the confidence asked for. NaN with one seed or one
        micrograph.
    std_error : float
        Of the difference.
    """

    difference: float
    low: float
    high: float
    std_error: float

    @property
    def verdict(self) -> Verdict:
        """Better or worse if the interval is on one side of 0."""
        if self.low > 0:
            return "better"
        return "worse" if self.high < 0 else "not distinguishable"


def caution(n_seeds: int) -> str:
    """What to keep in mind where seeds are fewer than intervals were checked with; empty where they are enough.

    Examples
    --------
    >>> caution(2)
    'few seeds (2): intervals were checked with 10 and more, so take better and worse for hints, not for verdicts'
    >>> caution(10)
    ''
    """
    if n_seeds >= CHECKED_SEEDS:
        return ""
    return (
        f"few seeds ({n_seeds}): intervals were checked with {CHECKED_SEEDS} and more, so take better and worse for "
        "hints, not for verdicts"
    )


def compare(
    contributions: npt.ArrayLike,
    *,
    confidence: float = 0.95,
    n_bootstrap: int = 2000,
    seed: int = 0,
    given_micrographs: bool = False,
) -> list[Comparison]:
    """Differences of several strategies to the baseline, with simultaneous intervals.

    Parameters
    ----------
    contributions : (K, S, M) array
        What each of S seeds and M micrographs contributes to the difference of each of K strategies; NaN, in all of
        them, where a seed did not test a micrograph.
    confidence : float
        That all K intervals hold.
    n_bootstrap : int
        Samples of the crossed bootstrap, 2 or more.
    seed : int
        Of the bootstrap.
    given_micrographs : bool
        Seeds alone are a sample, and what is said is said of these micrographs: for figures of all micrographs of a
        seed together, (K, S, 1), that are no mean over them.

    Returns
    -------
    list of Comparison
        K of them.

    Raises
    ------
    ValueError
        If the shape does not fit, a number is out of range, or strategies lack different pairs.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> x = rng.normal([[[0.0]], [[2.0]]], 0.5, (2, 10, 8))
    >>> [comparison.verdict for comparison in compare(x)]
    ['not distinguishable', 'better']
    """
    x = np.asarray(contributions, np.float64)
    if x.ndim != 3:
        raise ValueError(f"contributions: expected shape (strategies, seeds, micrographs), got {x.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected above 0 and below 1, got {confidence}")
    if n_bootstrap < 2:
        raise ValueError(f"n_bootstrap: expected 2 or more, got {n_bootstrap}")
    present = np.isfinite(x[0]) if len(x) else np.zeros(x.shape[1:], bool)
    if (np.isfinite(x) != present).any():
        raise ValueError("contributions: strategies lack different pairs of seed and micrograph")
    rows, columns = present.any(axis=1), present.any(axis=0)  # a seed without any pair is no sample
    x, present = x[:, rows][:, :, columns], present[rows][:, columns]
    x = np.where(present, x, 0.0)
    times = present.astype(np.float64)
    n_seeds, n_micrographs = present.shape
    if not present.any():
        return [Comparison(np.nan, np.nan, np.nan, np.nan)] * len(x)
    difference = x.sum(axis=(1, 2)) / times.sum()
    samples = n_seeds if given_micrographs else min(n_seeds, n_micrographs)
    if samples < 2:
        return [Comparison(float(d), np.nan, np.nan, np.nan) for d in difference]
    residual = x - difference[:, None, None] * times
    std_error = np.sqrt(_by_cluster(residual, times, 2) if given_micrographs else _variance(residual, times))
    factor = _factor(x, times, difference, confidence, n_bootstrap, seed, given_micrographs=given_micrographs)
    half = np.where(std_error > 0, factor * std_error, 0.0)  # a strategy that never differs has no error
    return [
        Comparison(float(d), float(d - h), float(d + h), float(e))
        for d, h, e in zip(difference, half, std_error, strict=True)
    ]


def compare_seeds(differences: npt.ArrayLike, *, confidence: float = 0.95) -> list[Comparison]:
    """Differences of several strategies to the baseline where a seed has one figure, which is no mean over micrographs.

    Seeds alone are the sample, so what is said is said of the micrographs that all of them share. Student's t for each
    strategy, at a level that makes all intervals hold together however the strategies are correlated (Sidak 1967).
    benchmarks/null_studies.py compares it with the bootstrap of `compare` over seeds alone.

    Parameters
    ----------
    differences : (K, S) array
        Strategy less baseline, of each of S seeds.
    confidence : float
        That all K intervals hold.

    Returns
    -------
    list of Comparison
        K of them.

    Raises
    ------
    ValueError
        If the shape does not fit, the confidence is out of range, or a difference is not finite.

    Examples
    --------
    >>> x = np.random.default_rng(1).normal([[0.0], [2.0]], 0.5, (2, 10))
    >>> [comparison.verdict for comparison in compare_seeds(x)]
    ['not distinguishable', 'better']
    """
    from scipy import stats

    x = np.asarray(differences, np.float64)
    if x.ndim != 2 or not x.shape[1]:
        raise ValueError(f"differences: expected shape (strategies, seeds), got {x.shape}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected above 0 and below 1, got {confidence}")
    if not np.isfinite(x).all():
        raise ValueError("differences: expected finite numbers")
    n_strategies, n_seeds = x.shape
    mean = x.mean(axis=1)
    if n_seeds < 2:
        return [Comparison(float(d), np.nan, np.nan, np.nan) for d in mean]
    std_error = x.std(axis=1, ddof=1) / np.sqrt(n_seeds)
    tail = -np.expm1(np.log(confidence) / max(1, n_strategies)) / 2
    half = float(stats.t.isf(tail, n_seeds - 1)) * std_error
    return [
        Comparison(float(d), float(d - h), float(d + h), float(e))
        for d, h, e in zip(mean, half, std_error, strict=True)
    ]


def _variance(residual: FloatArray, times: FloatArray) -> FloatArray:
    """Of each strategy's mean, by clusters of seeds and of micrographs."""
    by_seed, by_micrograph = _by_cluster(residual, times, 2), _by_cluster(residual, times, 1)
    by_pair = (residual**2).sum(axis=(1, 2)) / times.sum() ** 2
    both: FloatArray = np.maximum.reduce([by_seed, by_micrograph, by_seed + by_micrograph - by_pair])
    return both


def _by_cluster(residual: FloatArray, times: FloatArray, within: int) -> FloatArray:
    """Of each strategy's mean, by clusters whose members lie along the axis `within`: 2 for those of seeds."""
    sums = residual.sum(axis=within)
    groups = sums.shape[-1]
    part: FloatArray = (sums**2).sum(axis=-1) / times.sum() ** 2 * groups / (groups - 1)
    return part


def _factor(
    x: FloatArray,
    times: FloatArray,
    difference: FloatArray,
    confidence: float,
    n_bootstrap: int,
    seed: int,
    *,
    given_micrographs: bool,
) -> float:
    """How many standard errors wide the intervals have to be for all of them to hold together."""
    from scipy import stats

    n_seeds, n_micrographs = times.shape
    rng = np.random.default_rng(seed)
    step = max(1, CHUNK // max(1, x.shape[0] * n_micrographs + n_seeds))
    parts = []
    for begin in range(0, n_bootstrap, step):
        many = min(step, n_bootstrap - begin)
        seeds = rng.multinomial(n_seeds, np.full(n_seeds, 1 / n_seeds), many).astype(np.float64)
        micrographs = np.ones((many, n_micrographs))
        if not given_micrographs:
            micrographs[:] = rng.multinomial(n_micrographs, np.full(n_micrographs, 1 / n_micrographs), many)
        counted = ((seeds @ times) * micrographs).sum(axis=1)
        sums = (np.einsum("bi,kim->bkm", seeds, x) * micrographs[:, None]).sum(axis=2)
        some = counted > 0  # an incomplete table may leave a sample without any pair
        parts.append(sums[some] / counted[some, None] - difference)
    away = np.concatenate(parts)
    spread = away.std(axis=0) if len(away) else np.zeros(len(x))
    moving = spread > 0
    if not moving.any():  # samples that do not differ tell no width
        return np.nan
    quantile = float(np.quantile(np.abs(away[:, moving] / spread[moving]).max(axis=1), confidence))
    tail = float(stats.norm.sf(quantile))
    samples = n_seeds if given_micrographs else min(n_seeds, n_micrographs)
    return float(stats.t.isf(tail, samples - 1))
