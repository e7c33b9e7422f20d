"""Fisher information of the mixture, and the error bars that follow from it.

The score of one pattern, its orientation unknown, is linear in v = (the pattern turned home, its responsibilities g):

    s[j] = d[j] (home[j] - mu[j] sum_k g[k] look[k, j]),      d = 1 / variance of a pixel,

so the mean of s s^T over patterns follows from the sums of v v^T that the `outer` kernel makes. It estimates the
information when the model is right (docs/theory.md). With fewer patterns than it takes to invert such a mean, Louis'
form is used: the complete-data information, which is diagonal, less what the unknown orientations hide.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.kernels.outer import outer_home
from motes.patterns import Patterns
from motes.reconstruction.inverse import inverse_of
from motes.reconstruction.matrixfree import diagonal_of_inverse
from motes.reconstruction.missing import missing_information
from motes.reconstruction.problem import FloatArray, Problem
from motes.stored import StoredPatterns
from motes.threads import one_blas_thread

LARGEST_MATRIX = 1500  # pixels: beyond, no M x M matrix is built
PATTERNS_USED = 20_000
FLOOR = 0.01  # of the complete-data information: a smaller eigenvalue is not to be told from 0 by a sample
_LEAST_PHOTONS = 25.0
_WORK = 4e9  # products of two photons that a matrix may cost; denser patterns go without one
_EXACT = 2.0**37  # squares of counts times R^2: up to there `outer` keeps 8 bits of a responsibility


@dataclass(frozen=True)
class ErrorBars:
    """What the data tell of the master, and what they can not.

    Attributes
    ----------
    std_error : (M,) float64 array
        Standard error of each pixel, photons.
    weights_std_error : (R,) float64 array
        Of the orientation weights; zeros where they are given.
    missing_information : float
        The largest fraction of information, over all directions, that the unknown orientations hide: EM's rate.
    total_variance : float
        Sum of the squared standard errors over the seen pixels.
    notes : tuple of str
        What a user should know about them.
    """

    std_error: FloatArray
    weights_std_error: FloatArray
    missing_information: float
    total_variance: float
    notes: tuple[str, ...]


@dataclass(frozen=True)
class PerPattern:
    """What one pattern tells of the master, on average; n patterns tell n times as much.

    Attributes
    ----------
    variance : (M,) float64 array
        Of each pixel: the diagonal of the inverse information.
    weights_variance : (R,) float64 array
        Of the orientation weights; zeros where they are given.
    free : (M,) bool array
        Pixels that they hide anything of worth mentioning.
    covariance : (n_free, n_free) float64 array or None
        The inverse information of the free pixels; None where no matrix was built.
    untold : bool
        Some directions of the master are hardly told at all: variances are lower bounds.
    notes : tuple of str
        What a user should know about them.
    """

    variance: FloatArray
    weights_variance: FloatArray
    free: npt.NDArray[np.bool_]
    covariance: FloatArray | None = None
    untold: bool = False
    notes: tuple[str, ...] = ()


def error_bars(
    problem: Problem, master: FloatArray, weights: FloatArray, *, seed: int, n_used: int = PATTERNS_USED
) -> ErrorBars:
    """Standard errors of a maximum-likelihood master.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    master, weights : arrays
        The estimate.
    seed : int
        Chooses which patterns the information is estimated from, where there are more than `n_used`.
    n_used : int
        At most so many.
    """
    sample = drawn_from(problem, n_used, seed)
    told = per_pattern(problem, master, weights, sample, seed=seed)
    return bars_from(problem, master, weights, sample, told)


def bars_from(
    problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns, told: PerPattern
) -> ErrorBars:
    """What all patterns tell, from what one of them does on average."""
    n_patterns = len(problem.patterns)
    missing = missing_information(problem, master, weights, sample, told.free, fitted=len(sample) == n_patterns)
    std_error = std_error_of(told, problem, master, weights, n_patterns)
    weights_std_error = np.sqrt(told.weights_variance / max(n_patterns, 1))
    total = float(np.nansum(std_error**2))
    return ErrorBars(std_error, weights_std_error, missing, total, told.notes)


def std_error_of(
    told: PerPattern, problem: Problem, master: FloatArray, weights: FloatArray, n_patterns: int
) -> FloatArray:
    """Standard error of each pixel, (M,), after any number of patterns; NaN where it is never seen.

    Of a pixel so close to an end of its range that they can not tell it from that end, it is the scale of one photon,
    and falls as 1 / n; of all others as 1 / sqrt(n).
    """
    inside = _inside(problem, master, n_patterns)
    with np.errstate(divide="ignore", invalid="ignore"):
        one_photon = 1 / (n_patterns * (weights @ problem.looks))
        std_error = np.where(inside, np.sqrt(told.variance / n_patterns), one_photon)
    return np.where(problem.seen, std_error, np.nan)


def _inside(problem: Problem, master: FloatArray, n_patterns: int) -> npt.NDArray[np.bool_]:
    """Pixels not so close to an end of their range that so many patterns can not tell them from it."""
    low, high = problem.noise.limits(n_patterns)
    return (master > 2 * low) & (master < (1 - 2 * (1 - high) if np.isfinite(high) else np.inf))


def free_pixels(problem: Problem, master: FloatArray, weights: FloatArray, n_sample: int) -> npt.NDArray[np.bool_]:
    """Pixels with enough photons, and enough patterns without, for a sample to say what is hidden of them: (M,).

    Of one that hardly fires (or hardly ever fails to) orientations hide nothing.
    """
    expected = _rarer_outcome(master, problem.limits[1]) * (weights @ problem.looks) * n_sample
    return np.asarray(problem.seen & (expected >= _LEAST_PHOTONS))


def per_pattern(
    problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns, *, seed: int, floor: float = FLOOR
) -> PerPattern:
    """The information of one pattern, estimated from some of the patterns, or all, and its inverse.

    Parameters
    ----------
    problem, master, weights
        As of `error_bars`.
    sample : Patterns
        What it is estimated from.
    seed : int
        Of the random signs, where no matrix is built.
    floor : float
        Of the complete-data information: smaller eigenvalues are raised to it.
    """
    variance = variance_if_known(problem, master, weights)
    weights_variance = np.zeros(problem.rotations.n)
    free = free_pixels(problem, master, weights, len(sample))
    if not free.any():
        # Pixels at an end of their range are told by single photons; of others nothing is known of what is hidden.
        untold = problem.rotations.n > 1 and bool((problem.seen & _inside(problem, master, len(sample))).any())
        return PerPattern(variance, weights_variance, free, untold=untold)
    n = problem.rotations.n
    if not matrix_is_cheap(sample, n):
        variance[free], untold, notes = diagonal_of_inverse(problem, master, weights, sample, free, seed=seed)
        return PerPattern(variance, weights_variance, free, None, untold, notes)
    with one_blas_thread():
        covariance, weights_variance, untold, notes = _from_matrix(problem, master, weights, sample, free, floor)
    variance[free] = np.diag(covariance)
    return PerPattern(variance, weights_variance, free, covariance, untold, notes)


def variance_if_known(problem: Problem, master: FloatArray, weights: FloatArray) -> FloatArray:
    """Of each pixel, from one pattern, if its orientation were known: (M,), infinite where none sees it."""
    with np.errstate(divide="ignore", invalid="ignore"):
        variance: FloatArray = 1 / (problem.noise.precision(master) * (weights @ problem.looks))
    return variance


def matrix_fits(patterns: Patterns | StoredPatterns, n: int, n_used: int = PATTERNS_USED) -> bool:
    """Whether an M x M information from `n_used` patterns can be held, and its sums of products be exact.

    Examples
    --------
    >>> matrix_fits(Patterns.empty((25, 25), 10), 4), matrix_fits(Patterns.empty((50, 50), 10), 4)
    (True, False)
    """
    part = min(1.0, n_used / max(len(patterns), 1))
    excess = patterns.sum_of_squares() - patterns.n_lit  # may all be in the patterns that are drawn
    return patterns.n_pixels <= LARGEST_MATRIX and (part * patterns.n_lit + excess) * n * n <= _EXACT


def matrix_is_cheap(sample: Patterns, n: int) -> bool:
    """Whether the information of this sample, n rotations, is built as a matrix."""
    return matrix_fits(sample, n, len(sample)) and _pairs(sample, n) <= _WORK


def _rarer_outcome(master: FloatArray, high: float) -> FloatArray:
    return np.minimum(master, 1 - master) if np.isfinite(high) else master


def sample_of(patterns: Patterns | StoredPatterns, n: int, seed: int | list[int]) -> Patterns:
    """At most n patterns, chosen at random, in the order of the file and in memory."""
    if len(patterns) <= n:
        return patterns if isinstance(patterns, Patterns) else patterns.to_memory()
    # NumPy draws by Floyd's algorithm where n is below a fiftieth of all: it never holds more than 50 n numbers.
    chosen = np.random.default_rng(seed).choice(len(patterns), n, replace=False)
    return patterns[np.sort(chosen)]


def drawn_from(problem: Problem, n: int, seed: int | list[int]) -> Patterns:
    """At most n patterns of a problem: from its pool, where it has one, else from all, which takes a pass."""
    if problem.pool is not None:
        return sample_of(problem.pool, n, seed)
    problem.account.patterns += len(problem.patterns)
    return sample_of(problem.patterns, n, seed)


def information_matrix(problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns) -> FloatArray:
    """Mean of s s^T over a sample, s the score of (master, and the weights' R - 1 directions where they are estimated).

    Returns
    -------
    (M, M) or (M + R - 1, M + R - 1) float64 array, per pattern
    """
    moments = _moments(problem, master, weights, sample)
    return _through_score(problem, master, weights, moments) / max(len(sample), 1)


def _moments(problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns) -> FloatArray:
    responsibilities = problem.posterior(master, weights, sample)
    orbits = problem.rotations.orbits(problem.patterns.shape)
    return outer_home(_masked(problem, sample), responsibilities, orbits, threads=problem.threads)


def _masked(problem: Problem, patterns: Patterns) -> Patterns:
    """Patterns without the photons of bad pixels."""
    if problem.good.all():
        return patterns
    matrix = patterns.to_scipy().tocoo()
    keep = problem.good[matrix.col]
    good = Patterns.from_coo(
        matrix.row[keep], matrix.col[keep], counts=matrix.data[keep], shape=patterns.shape, n_patterns=len(patterns)
    )
    return good.to(patterns.device)


def _through_score(problem: Problem, master: FloatArray, weights: FloatArray, moments: FloatArray) -> FloatArray:
    """T moments T^T, where s = T v: a diagonal and R columns, applied without building T."""
    n_pixels, n = master.size, problem.rotations.n
    precision = problem.noise.precision(master)
    columns = -(precision * master)[:, None] * problem.looks.T  # (M, R)
    homes, cross, mixed = moments[:n_pixels, :n_pixels], moments[:n_pixels, n_pixels:], moments[n_pixels:, n_pixels:]
    scaled_cross = precision[:, None] * cross  # (M, R)
    result = precision[:, None] * homes * precision + scaled_cross @ columns.T
    result += columns @ scaled_cross.T + columns @ mixed @ columns.T
    if not problem.estimate_weights or n == 1:
        return result
    directions = tangent_of(n) / weights  # score of the weights: g[k] / weights[k] along directions that keep their sum
    side = (scaled_cross + columns @ mixed) @ directions.T
    return np.block([[result, side], [side.T, directions @ mixed @ directions.T]])


def tangent_of(n: int) -> FloatArray:
    """(n - 1, n): an orthonormal basis of the directions whose components add up to 0."""
    basis = np.linalg.qr(np.column_stack([np.ones(n), np.eye(n)[:, : n - 1]]))[0]
    return np.ascontiguousarray(basis[:, 1:].T)


def _from_matrix(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    sample: Patterns,
    free: npt.NDArray[np.bool_],
    floor: float = FLOOR,
) -> tuple[FloatArray, FloatArray, bool, tuple[str, ...]]:
    """Inverse information, per pattern: of the free pixels, of the weights; untold; notes."""
    n_free, n_sample = int(free.sum()), len(sample)
    n_extra = problem.rotations.n - 1 if problem.estimate_weights else 0
    whole = n_sample == len(problem.patterns)
    notes: tuple[str, ...] = ()
    moments = _moments(problem, master, weights, sample)
    information = _through_score(problem, master, weights, moments) / n_sample
    size = n_free + n_extra
    if n_sample < 10 * size and whole:
        information = observed_information(problem, master, weights, sample, information)
        shrink = 1.0
        notes = ("error bars from Louis' form: few patterns for each pixel",)
    else:
        shrink = max(1 - (size + 1) / n_sample, 0.01)  # the mean of an inverse Wishart matrix
    covariance, weights_variance, floored = inverted(problem, master, weights, free, information, floor=floor)
    if floored:
        notes = (*notes, hardly_told(floored))
    return shrink * covariance, shrink * weights_variance, floored > 0, notes


def inverted(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    free: npt.NDArray[np.bool_],
    information: FloatArray,
    *,
    squared: FloatArray | None = None,
    floor: float = FLOOR,
) -> tuple[FloatArray, FloatArray, int]:
    """Covariance of the free pixels and variance of the weights, per pattern; how many directions were floored.

    With `squared`, the mean of s s^T, it is the sandwich information^-1 squared information^-1.
    """
    n, n_free = problem.rotations.n, int(free.sum())
    keep = np.concatenate([np.flatnonzero(free), np.arange(master.size, len(information))])
    information = information[np.ix_(keep, keep)]
    complete = (problem.noise.precision(master) * (weights @ problem.looks))[free]
    whiten = 1 / np.sqrt(np.concatenate([complete, np.maximum(np.diag(information)[n_free:], 1e-300)]))
    inverse, floored = inverse_of(whiten[:, None] * information * whiten, floor)
    if squared is not None:
        inverse = inverse @ (whiten[:, None] * squared[np.ix_(keep, keep)] * whiten) @ inverse
    covariance = whiten[:, None] * inverse * whiten
    weights_variance = np.zeros(n)
    if len(keep) > n_free:
        tangent = tangent_of(n)
        weights_variance = np.einsum("ak,ab,bk->k", tangent, covariance[n_free:, n_free:], tangent)
    return covariance[:n_free, :n_free], weights_variance, floored


def hardly_told(n: int) -> str:
    """A note on so many directions."""
    directions = "1 direction of the master is" if n == 1 else f"{n} directions of the master are"
    return f"{directions} hardly told by these patterns: error bars are lower bounds"


def observed_information(
    problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns, squared: FloatArray
) -> FloatArray:
    """Louis' form: the complete-data information less the variance of its score over the unknown rotation.

    It is minus the mean curvature of the log-likelihood at a maximum, whatever the patterns are.

    Parameters
    ----------
    problem, master, weights, sample
        As of `information_matrix`.
    squared : array
        What that gives: the mean of s s^T.
    """
    moments = _moments_within(problem, master, weights, sample)
    within = _through_score(problem, master, weights, moments) / max(len(sample), 1)
    information = squared - within
    n_pixels = master.size
    pixels = np.arange(n_pixels)
    information[pixels, pixels] += problem.noise.precision(master) * (weights @ problem.looks)
    if problem.estimate_weights and problem.rotations.n > 1:
        tangent = tangent_of(problem.rotations.n)
        information[n_pixels:, n_pixels:] += (tangent / weights) @ tangent.T
    return information


def _moments_within(problem: Problem, master: FloatArray, weights: FloatArray, sample: Patterns) -> FloatArray:
    """sum_p sum_k g[p, k] v_k v_k^T, v_k = (pattern turned home by k alone, the k-th unit vector)."""
    n_pixels, n = master.size, problem.rotations.n
    responsibilities = problem.posterior(master, weights, sample).astype(np.float64)
    moments = np.zeros((n_pixels + n, n_pixels + n))
    counts = _masked(problem, sample).to_scipy().astype(np.float64)
    for k in range(n):
        inverse = problem.inverse[k]
        weighted = (counts.multiply(responsibilities[:, k : k + 1]).T @ counts).toarray()
        moments[:n_pixels, :n_pixels] += weighted[np.ix_(inverse, inverse)]
        plane = np.asarray(counts.T @ responsibilities[:, k])
        moments[:n_pixels, n_pixels + k] = moments[n_pixels + k, :n_pixels] = plane[inverse]
        moments[n_pixels + k, n_pixels + k] = responsibilities[:, k].sum()
    return moments


def _pairs(sample: Patterns, n: int) -> float:
    """Products that the sums of outer products take."""
    lit = np.diff(sample.indptr).astype(np.float64)
    return float((lit**2).sum()) / 2 * n * n
