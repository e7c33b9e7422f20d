"""The spectral start: what the second moments of the patterns tell of the master.

The rotated masters differ from their mean along at most R - 1 directions, and the covariance of the patterns, pixels
scaled to unit variance, stands out along them. Averaged over the group, it is as good as that of R times the patterns.
In those few dimensions patterns are points with nearly unit noise about R centres, which are one centre turned
by the group: a small mixture, solved from several seeded starts, tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.kernels.backrotation import back_rotated_planes
from motes.kernels.likelihood import scores_of
from motes.kernels.outer import second_moments
from motes.patterns import Patterns
from motes.reconstruction.information import LARGEST_MATRIX, drawn_from, sample_of
from motes.reconstruction.problem import FloatArray, Problem
from motes.threads import one_blas_thread

SingleArray: TypeAlias = npt.NDArray[np.float32]

_PATTERNS_USED = 100_000
_MIXTURE_PATTERNS = 20_000
_MOST_DIRECTIONS = 7
_STARTS = 8
_ROUNDS = 25
_POWERS_OF_MATRIX, _BETWEEN = 60, 4  # powers: columns are made orthogonal again before they grow alike
_POWERS_OF_PATTERNS = 20
_MOST_IN_SINGLE = 1e3  # times the noise; beside a larger eigenvalue, single precision loses those little above it
_DENSE_PHOTONS = 200  # a pattern: beyond, the sums of outer products cost more than applying them


@dataclass(frozen=True)
class _Scaled:
    """Patterns as points: less their mean over patterns and orientations, divided by its deviation."""

    problem: Problem
    mean: FloatArray  # (M,), the same for every orientation
    scale: FloatArray  # (M,), 1 / deviation; 0 for bad and silent pixels

    def project(self, patterns: Patterns, directions: FloatArray) -> SingleArray:
        """(n, q) coordinates of patterns along (M, q) directions."""
        weights = self.scale[:, None] * directions
        base = -(self.mean @ weights)
        return scores_of(patterns, weights.astype(np.float32), base.astype(np.float32), threads=self.problem.threads)


def spectral_start(problem: Problem, rng: np.random.Generator) -> FloatArray:
    """A master whose turns explain the second moments: (M,) float64."""
    with one_blas_thread():
        return _spectral_start(problem, rng)


def _spectral_start(problem: Problem, rng: np.random.Generator) -> FloatArray:
    mean = problem.mean_master[problem.index].mean(axis=0)
    deviation = 1 / np.sqrt(problem.noise.precision(mean))
    lit = problem.good & (mean > 2 * problem.limits[0])
    scaled = _Scaled(problem, mean, np.where(lit, 1 / deviation, 0.0))
    patterns = drawn_from(problem, _PATTERNS_USED, int(rng.integers(2**31)))
    apply, powers, between = _covariance(problem, patterns, scaled, rng)
    n_directions = min(problem.rotations.n - 1, _MOST_DIRECTIONS, problem.patterns.n_pixels)
    directions, values = _leading_directions(apply, problem.patterns.n_pixels, n_directions, powers, between, rng)
    turns = np.stack([directions.T @ directions[problem.inverse[k]] for k in range(problem.rotations.n)])
    few = sample_of(patterns, _MIXTURE_PATTERNS, int(rng.integers(2**31)))
    points = np.ascontiguousarray(scaled.project(few, directions).T)
    centre = _one_centre(points, turns, np.maximum(values - 1, 1e-3), rng)
    points = np.ascontiguousarray(scaled.project(patterns, directions).T)
    responsibilities = np.ascontiguousarray(_responsibilities(points, turns @ centre)[0].T)
    planes = back_rotated_planes(patterns, responsibilities, threads=problem.threads)
    planes = planes.T * problem.good
    home = np.take_along_axis(planes, problem.inverse, axis=1).sum(axis=0)
    looks = responsibilities.sum(axis=0, dtype=np.float64) @ problem.looks
    return np.where(looks > 0, home / np.maximum(looks, 1e-300), problem.mean_master)


def _covariance(
    problem: Problem, patterns: Patterns, scaled: _Scaled, rng: np.random.Generator
) -> tuple[Callable[[FloatArray], FloatArray], int, int]:
    """The scaled covariance, averaged over the group, as an operator; how many powers of it are cheap, and how many may
    follow on each other.
    """
    n_pixels, n = patterns.n_pixels, problem.rotations.n
    if n_pixels <= LARGEST_MATRIX and patterns.n_lit <= _DENSE_PHOTONS * len(patterns):
        moments = second_moments(patterns, threads=problem.threads) / len(patterns)
        centred = moments - np.outer(scaled.mean, scaled.mean)
        unrotated = scaled.scale[:, None] * centred * scaled.scale
        total = np.zeros((n_pixels, n_pixels))
        for k in range(n):
            total += unrotated.take(problem.inverse[k], axis=0).take(problem.inverse[k], axis=1)
        matrix: npt.NDArray[np.floating] = total / np.maximum(problem.looks.T @ problem.looks, 1)
        # Half the bytes of float64: the products are as fast as memory is, and their rounding is far below the noise.
        if np.linalg.norm(matrix) < _MOST_IN_SINGLE:  # no less than the largest eigenvalue
            matrix = matrix.astype(np.float32)
        return lambda vectors: matrix @ vectors.astype(matrix.dtype), _POWERS_OF_MATRIX, _BETWEEN
    few = sample_of(patterns, _MIXTURE_PATTERNS, int(rng.integers(2**31)))

    def apply(vectors: FloatArray) -> FloatArray:
        image = np.zeros_like(vectors)
        for k in range(n):
            points = scaled.project(few, vectors[problem.index[k]])
            planes = back_rotated_planes(few, points, threads=problem.threads)
            planes -= np.outer(scaled.mean, points.sum(axis=0, dtype=np.float64))
            image += (scaled.scale[:, None] * planes)[problem.inverse[k]] / len(few)
        return image / n

    return apply, _POWERS_OF_PATTERNS, 1


def _leading_directions(
    apply: Callable[[FloatArray], FloatArray],
    n_pixels: int,
    n: int,
    powers: int,
    between: int,
    rng: np.random.Generator,
) -> tuple[FloatArray, FloatArray]:
    """The n leading eigenvectors and eigenvalues, by subspace iteration."""
    vectors = np.linalg.qr(rng.standard_normal((n_pixels, min(2 * n + 4, n_pixels))))[0]
    for _ in range(powers // between):
        for _ in range(between):
            vectors = apply(vectors)
        vectors = np.linalg.qr(vectors.astype(np.float64))[0]
    values, rotation = np.linalg.eigh(vectors.T @ apply(vectors))
    leading = np.argsort(values)[::-1][:n]
    return vectors @ rotation[:, leading], values[leading]


def _one_centre(points: SingleArray, turns: FloatArray, strength: FloatArray, rng: np.random.Generator) -> FloatArray:
    """The centre whose turns by the group explain the points best: EM with unit noise, from several starts."""
    few = np.ascontiguousarray(points[:, : -(-points.shape[1] // 4)])
    best, best_value = np.zeros(len(points)), -np.inf
    for _ in range(_STARTS):
        centre = _climb(few, turns, np.sqrt(strength) * rng.standard_normal(len(points)), _ROUNDS)
        value = _responsibilities(few, turns @ centre)[1]
        if value > best_value:
            best, best_value = centre, value
    return _climb(points, turns, best, _ROUNDS)


def _climb(points: SingleArray, turns: FloatArray, centre: FloatArray, rounds: int) -> FloatArray:
    for _ in range(rounds):
        gamma, _ = _responsibilities(points, turns @ centre)
        sums = (points @ gamma.T).astype(np.float64)  # (q, R)
        centre = np.einsum("kij,ik->j", turns, sums) / points.shape[1]
    return centre


def _responsibilities(points: SingleArray, centres: FloatArray) -> tuple[SingleArray, float]:
    """Posterior of each centre for each point, (R, n), and the mean log-likelihood up to a constant."""
    scores = centres.astype(np.float32) @ points
    scores -= (0.5 * (centres**2).sum(axis=1, keepdims=True)).astype(np.float32)
    largest = scores.max(axis=0)
    gamma = np.exp(scores - largest)
    total = gamma.sum(axis=0)
    return gamma / total, float((largest + np.log(total)).mean(dtype=np.float64))
