"""The spectral start of a mixture: what the leading directions of the patterns' covariance tell of masters and turns.

Templates differ from their common mean along few directions that photons can tell, and the covariance of the patterns,
pixels scaled to unit variance, stands out along them. In these q dimensions patterns are points with nearly unit noise
about one centre for each template, and the templates of one class are its centre moved by q x q matrices, the map seen
in the leading directions. That mixture is small: expectation maximisation solves it from many seeded starts, its noise
lowered slowly to what it is (annealing), in the time of a few sweeps. The patterns are then turned home by its
responsibilities, and averaged: a blurred master in the right orientation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.reconstruction.mixture.problem import FloatArray, MixtureProblem
from motes.reconstruction.mixture.projections import AnyPatterns, gathered, parts_of, projected, sample_of
from motes.threads import one_blas_thread

SingleArray: TypeAlias = npt.NDArray[np.float32]

PATTERNS_USED = 50_000
_POWERS = 12
_MOST_DIRECTIONS = 24
_SMALL = 4_000  # patterns that decide between starts
_STARTS = 8
_POWERS_OF_NOISE = (0.05, 0.1, 0.2, 0.35, 0.6, 1.0)
_ROUNDS = 12  # at each
_AT_ONCE = 1 << 22  # responsibilities held together


@dataclass(frozen=True, eq=False)
class Leading:
    """The leading directions of the scaled patterns.

    Attributes
    ----------
    problem : MixtureProblem
        Whose patterns they are.
    sample : Patterns or DensePatterns
        Those that they were found in.
    mean, scale : (M,) float64 arrays
        Of the patterns; 1 / deviation of a pixel, 0 where it is not good or dark.
    directions : (M, q) float64 array
        Orthonormal.
    excess : (q,) float64 array
        Variance along them beyond that of the noise, whose own is 1: largest first.
    """

    problem: MixtureProblem
    sample: AnyPatterns
    mean: FloatArray
    scale: FloatArray
    directions: FloatArray
    excess: FloatArray

    def project(self, patterns: AnyPatterns) -> SingleArray:
        """Patterns as points: (q, n)."""
        weights = self.scale[:, None] * self.directions
        base = -(self.mean @ weights)
        scores = projected(patterns, weights.astype(np.float32), base.astype(np.float32), threads=self.problem.threads)
        return np.ascontiguousarray(scores.T, np.float32)

    @cached_property
    def movements(self) -> list[FloatArray]:
        """For each class, how its templates move a centre: (R_k, q, q)."""
        problem = self.problem
        shape = problem.patterns.shape
        unscaled = np.divide(1.0, self.scale, out=np.zeros_like(self.scale), where=self.scale > 0)
        pictures = (unscaled[:, None] * self.directions).T.reshape(-1, *shape)
        found: dict[int, FloatArray] = {}
        for turns in problem.maps:
            if id(turns) not in found:
                seen = np.stack([turns.expand(picture).reshape(turns.n, -1) for picture in pictures])  # (q, R, M)
                found[id(turns)] = np.einsum("jrm,mi->rij", seen * self.scale, self.directions, optimize=True)
        return [found[id(turns)] for turns in problem.maps]


def leading(problem: MixtureProblem, rng: np.random.Generator, n: int = _MOST_DIRECTIONS) -> Leading:
    """The n leading directions, by subspace iteration on a sample of the patterns."""
    sample = sample_of(problem.patterns, PATTERNS_USED, int(rng.integers(2**31)))
    mean = sample.total_image().ravel() / max(len(sample), 1)
    # The noise of a pixel is that of its mean over all turns: the patterns' own mean is noisier, and as right.
    typical = np.clip(problem.means(problem.mean_masters), *problem.limits).mean(axis=0)
    noise = problem.emission.noise_at(problem.emission.start())
    lit = problem.good & (typical > 2 * problem.limits[0])
    scale = np.where(lit, np.sqrt(noise.precision(typical)), 0.0)
    n_pixels = problem.patterns.n_pixels
    n = min(n, n_pixels, max(len(sample) - 1, 1))
    vectors = np.linalg.qr(rng.standard_normal((n_pixels, min(n + 8, n_pixels))))[0]
    values = np.ones(vectors.shape[1])
    found = Leading(problem, sample, mean, scale, vectors, values)
    for _ in range(_POWERS):
        found = Leading(problem, sample, mean, scale, vectors, values)
        vectors, values = _power(found)
    return Leading(problem, sample, mean, scale, vectors[:, :n], values[:n])


def _power(found: Leading) -> tuple[FloatArray, FloatArray]:
    """One application of the covariance: orthonormal vectors, best first, and their excess variance beyond noise."""
    problem, sample = found.problem, found.sample
    n_patterns = max(len(sample), 1)
    image = np.zeros_like(found.directions)
    for block in parts_of(sample, max(_AT_ONCE // image.shape[1], 1)):
        some = sample[block]
        points = np.ascontiguousarray(found.project(some).T)
        planes = gathered(some, points, threads=problem.threads)
        planes -= np.outer(found.mean, points.sum(axis=0, dtype=np.float64))
        image += found.scale[:, None] * planes / n_patterns
    values, rotation = np.linalg.eigh(found.directions.T @ image)
    order = np.argsort(values)[::-1]
    vectors = np.linalg.qr(image @ rotation[:, order])[0]
    # Noise alone has eigenvalues up to this (Marchenko and Pastur).
    noise = (1 + np.sqrt((found.scale > 0).sum() / n_patterns)) ** 2
    return vectors, np.maximum(values[order] - noise, 0.0)


def spectral_masters(problem: MixtureProblem, rng: np.random.Generator) -> FloatArray:
    """Masters whose templates explain the leading directions: (n_pixels,) float64."""
    with one_blas_thread():
        found = leading(problem, rng)
        keep = max(int((found.excess > 0).sum()), 1)
        found = Leading(problem, found.sample, found.mean, found.scale, found.directions[:, :keep], found.excess[:keep])
        points = found.project(found.sample)
        small = np.ascontiguousarray(points[:, :_SMALL])
        best, best_value = np.zeros((0, keep)), -np.inf
        for _ in range(_STARTS):
            start = np.sqrt(found.excess) * rng.standard_normal((len(problem.maps), keep))
            centres, value = _climb(found, small, start, _POWERS_OF_NOISE)
            if value > best_value:
                best, best_value = centres, value
        centres, _ = _climb(found, points, best, (1.0,))
        return _home(found, points, centres)


def _climb(
    found: Leading, points: SingleArray, centres: FloatArray, betas: tuple[float, ...]
) -> tuple[FloatArray, float]:
    """EM for the centres of all classes, (K, q), with unit noise; and the mean log-likelihood, up to a constant."""
    value = -np.inf
    share = np.full(len(centres), 1 / len(centres))
    for beta in betas:
        for _ in range(_ROUNDS):
            weights, sums, value = _sums(found, points, centres, share, beta)
            moved = []
            for k, movement in enumerate(found.movements):
                part = found.problem.layout.parts[k]
                # Least squares: sum_r W_r T_r^T T_r z = sum_r T_r^T (sum of the points of template r).
                normal = np.einsum("r,rij,rik->jk", weights[part], movement, movement, optimize=True)
                right = np.einsum("rij,ri->j", movement, sums[part], optimize=True)
                moved.append(np.linalg.lstsq(normal + 1e-6 * len(points) * np.eye(len(normal)), right, rcond=None)[0])
            centres = np.stack(moved)
            share = np.maximum(found.problem.layout.per_class(weights), 1e-3)
            share /= share.sum()
    return centres, value


def _scores(found: Leading, points: SingleArray, centres: FloatArray, share: FloatArray, beta: float) -> SingleArray:
    """Beta ln of each template's density at each point, with its prior: (T, n)."""
    layout = found.problem.layout
    at = np.concatenate([movement @ centre for movement, centre in zip(found.movements, centres, strict=True)])
    sizes = np.array([turns.n for turns in layout.maps])
    prior = np.log((share / sizes)[layout.class_of])
    scores = (beta * at).astype(np.float32) @ points
    scores += (prior - 0.5 * beta * (at**2).sum(axis=1)).astype(np.float32)[:, None]
    return scores


def _sums(
    found: Leading, points: SingleArray, centres: FloatArray, share: FloatArray, beta: float
) -> tuple[FloatArray, FloatArray, float]:
    """Responsibilities summed over the points, (T,); the points so weighted, (T, q); mean log-likelihood."""
    n_templates, n = found.problem.layout.n_templates, points.shape[1]
    weights, sums, value = np.zeros(n_templates), np.zeros((n_templates, len(points))), 0.0
    step = max(_AT_ONCE // n_templates, 1)
    for first in range(0, n, step):
        some = points[:, first : first + step]
        gamma = _scores(found, some, centres, share, beta)
        value += _normalise(gamma)
        weights += gamma.sum(axis=1, dtype=np.float64)
        sums += gamma @ some.T
    return weights, sums, value / n


def _normalise(scores: SingleArray) -> float:
    """Scores to responsibilities, in place; the sum of ln(sum of exponentials)."""
    largest = scores.max(axis=0)
    scores -= largest
    np.exp(scores, out=scores)
    total = scores.sum(axis=0)
    scores /= total
    return float((largest + np.log(total)).sum(dtype=np.float64))


def _home(found: Leading, points: SingleArray, centres: FloatArray) -> FloatArray:
    """The sample turned home by the responsibilities of the centres, and averaged: (n_pixels,)."""
    problem, layout = found.problem, found.problem.layout
    shape = problem.patterns.shape
    share = np.full(len(centres), 1 / len(centres))
    planes = np.zeros((layout.n_templates, *shape))
    weights = np.zeros(layout.n_templates)
    for block in parts_of(found.sample, max(_AT_ONCE // layout.n_templates, 1)):
        gamma = _scores(found, np.ascontiguousarray(points[:, block]), centres, share, 1.0)
        _normalise(gamma)
        some = gathered(found.sample[block], np.ascontiguousarray(gamma.T), threads=problem.threads)
        planes += some.T.reshape(planes.shape)
        weights += gamma.sum(axis=1, dtype=np.float64)
    detector = problem.merging
    merged = np.where(detector.merged, detector.correction, 0.0)
    if detector.background is not None:
        planes = planes - weights[:, None, None] * detector.background
        planes = np.maximum(planes, 0.0) if problem.limits[0] > 0 else planes
    home = layout.back_rotate(planes * detector.merged)
    looks = layout.back_rotate(weights[:, None, None] * merged)
    return np.where(looks > 0, home / np.maximum(looks, 1e-300), problem.mean_masters)
