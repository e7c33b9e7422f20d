"""The spectral start of a mixture: what the leading directions of the patterns' covariance tell of masters and turns.

Templates differ from their common mean along few directions that photons can tell, and the covariance of the patterns,
pixels scaled to unit variance, stands out along them. In these q dimensions patterns are points with nearly unit noise
about one centre for each template, and the templates of one class are its centre moved by q x q matrices, the map seen
in the leading directions. That mixture is small: expectation maximisation solves it from many seeded starts, its noise
lowered slowly to what it is (annealing), in the time of a few sweeps. The patterns are then turned home by its
responsibilities, and averaged: a blurred master in the right orientation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.dense import DensePatterns
from motes.kernels.backrotation import back_rotated_planes
from motes.kernels.likelihood import scores_of
from motes.noise import Gaussian
from motes.reconstruction.blocks import blocks
from motes.reconstruction.mixture.problem import FloatArray, MixtureProblem
from motes.reconstruction.mixture.templates import AnyPatterns
from motes.threads import one_blas_thread

SingleArray: TypeAlias = npt.NDArray[np.float32]

PATTERNS_USED = 50_000
_DENSE_VALUES = 1 << 25  # of dense patterns: 256 MB in double precision
_POWERS = 12
_LEAST_DIRECTIONS, _MOST_DIRECTIONS = 3, 24
_SMALL = 4_000  # patterns that decide between starts
_STARTS = 8
ABOVE_CRITICAL = 1.3  # times the power at which the first direction appears
_STEPS = 6  # powers
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
    light : (n,) float64 array
        Fluences of the sample, as its photons tell them; 1 where all are equal.
    mean, scale : (M,) float64 arrays
        Of the patterns; 1 / deviation of a pixel, 0 where it is not good or dark.
    directions : (M, q) float64 array
        Orthonormal.
    excess : (q,) float64 array
        Variance along them beyond that of the noise, whose own is 1: largest first.
    """

    problem: MixtureProblem
    sample: AnyPatterns
    light: FloatArray
    mean: FloatArray
    scale: FloatArray
    directions: FloatArray
    excess: FloatArray

    def parts(self, wide: int) -> list[slice]:
        """Blocks of the sample, of which `wide` numbers a pattern fit the memory."""
        return list(blocks(self.sample, most=max(_AT_ONCE // wide, 1)))

    def project(self, part: slice) -> SingleArray:
        """Patterns of the sample as points: (q, n)."""
        weights = self.scale[:, None] * self.directions
        if isinstance(self.sample, DensePatterns):
            points = weights.T @ self.sample.rows(part).T
        else:
            nothing = np.zeros(weights.shape[1], np.float32)
            points = scores_of(self.sample[part], weights.astype(np.float32), nothing, threads=self.problem.threads).T
        return np.asarray(points / self.light[part] - (self.mean @ weights)[:, None], np.float32)

    def gathered(self, part: slice, coefficients: SingleArray) -> FloatArray:
        """Sum of patterns of the sample, (k, M), each with its coefficient, (k, n)."""
        if isinstance(self.sample, DensePatterns):
            return coefficients.astype(np.float64) @ self.sample.rows(part)
        by_pattern = np.ascontiguousarray(coefficients.T)
        return back_rotated_planes(self.sample[part], by_pattern, threads=self.problem.threads).T

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
    patterns, n_pixels = problem.patterns, problem.patterns.n_pixels
    used = PATTERNS_USED if not isinstance(patterns, DensePatterns) else max(_DENSE_VALUES // n_pixels, 100)
    chosen: slice | npt.NDArray[np.int64] = slice(0, len(patterns))
    if used < len(patterns):
        chosen = np.sort(rng.choice(len(patterns), used, replace=False))
    sample: AnyPatterns = patterns[chosen]
    light = problem.first_rest if problem.estimate_fluence else problem.fluence
    light = np.ones(len(sample)) if light is None else np.maximum(light[chosen], 1e-3)
    mean = sample.total_image().ravel() / max(len(sample), 1)
    # The noise of a pixel is that of its mean over all turns: the patterns' own mean is noisier, and as right.
    typical = problem.templates(problem.mean_masters, problem.uniform).means.mean(axis=0)
    lit = problem.good & ((typical > 2 * problem.limits[0]) if problem.limits[0] > 0 else True)
    scale = np.where(lit, np.sqrt(problem.precision(typical)), 0.0)
    n = min(n, n_pixels, max(len(sample) - 1, 1))
    vectors = np.linalg.qr(rng.standard_normal((n_pixels, min(n + 8, n_pixels))))[0]
    found = Leading(problem, sample, light, mean, scale, vectors, np.ones(vectors.shape[1]))
    for _ in range(_POWERS):
        vectors, values = _power(found)
        found = replace(found, directions=vectors, excess=values)
    noise = 1.0
    if isinstance(problem.noise, Gaussian) and problem.noise.sigma is None:  # then pixels were scaled by all they do
        of_pixels, told = int((scale > 0).sum()), min(len(values), int((scale > 0).sum()))
        noise = max(of_pixels - values[:told].sum(), 1e-3) / max(of_pixels - told, 1)
    # Noise alone has eigenvalues up to this (Marchenko and Pastur).
    edge = (1 + np.sqrt((scale > 0).sum() / max(len(sample), 1))) ** 2
    kept = max(int((values[:n] / noise > edge).sum()), min(n, _LEAST_DIRECTIONS))
    excess = np.maximum(values[:kept] / noise - 1, 1e-3)
    return replace(found, scale=scale / np.sqrt(noise), directions=vectors[:, :kept], excess=excess)


def _power(found: Leading) -> tuple[FloatArray, FloatArray]:
    """One application of the covariance: orthonormal vectors, best first, and the variance along those before."""
    n_patterns = max(len(found.sample), 1)
    image = np.zeros_like(found.directions)
    for part in found.parts(image.shape[1]):
        points = found.project(part)
        planes = found.gathered(part, (points / found.light[part]).astype(np.float32))
        planes -= np.outer(points.sum(axis=1, dtype=np.float64), found.mean)
        image += found.scale[:, None] * planes.T / n_patterns
    values, rotation = np.linalg.eigh(found.directions.T @ image)
    order = np.argsort(values)[::-1]
    vectors = np.linalg.qr(image @ rotation[:, order])[0]
    return vectors, values[order]


def spectral_masters(problem: MixtureProblem, rng: np.random.Generator) -> FloatArray:
    """Masters whose templates explain the leading directions: (n_pixels,) float64."""
    with one_blas_thread():
        found = leading(problem, rng)
        points = np.concatenate([found.project(part) for part in found.parts(len(found.excess))], axis=1)
        # Below 1 / (1 + excess) every start shrinks to no picture at all; just above, the first direction decides.
        powers = tuple(np.geomspace(min(ABOVE_CRITICAL / (1 + found.excess[0]), 1.0), 1.0, _STEPS))
        small = np.ascontiguousarray(points[:, :_SMALL])
        best, best_value = np.zeros(0), -np.inf
        for _ in range(_STARTS):
            start = np.sqrt(found.excess) * rng.standard_normal((len(problem.maps), len(found.excess)))
            centres, value = _climb(found, small, start, powers)
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
    weights, exposure = np.zeros(layout.n_templates), np.zeros(layout.n_templates)
    for part in found.parts(layout.n_templates):
        gamma = _scores(found, np.ascontiguousarray(points[:, part]), centres, share, 1.0)
        _normalise(gamma)
        planes += found.gathered(part, gamma).reshape(planes.shape)
        weights += gamma.sum(axis=1, dtype=np.float64)
        exposure += gamma @ found.light[part]
    detector = problem.merging
    merged = np.where(detector.merged, detector.correction, 0.0)
    if detector.background is not None:
        planes = np.maximum(planes - weights[:, None, None] * detector.background, problem.limits[0])
    home = layout.back_rotate(planes * detector.merged)
    looks = layout.back_rotate(exposure[:, None, None] * merged)
    return np.where(looks > 0, home / np.maximum(looks, 1e-300), problem.mean_masters)
