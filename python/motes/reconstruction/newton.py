"""Newton's step for all patterns, with the information of a sample of them.

The gradient is that of all patterns, and comes from one sweep. Of the information the sample has two estimates, the
mean of s s^T and Louis' form: they differ by how far C, the mean second moment of the complete-data score, is from its
known expectation, the complete-data information D. So I = mean(s s^T) + b (D - C) is right in the mean for any b, and
with the b of a control variate it scatters least: 1 where orientations are told, which is Louis' form, and near 0 where
they are not. It is never built as a matrix: conjugate gradients take it as an operator.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.patterns import Patterns
from motes.reconstruction.fisher import LARGEST, SMALLEST, mean_score
from motes.reconstruction.information import free_pixels, tangent_of
from motes.reconstruction.matrixfree import InformationOperator, conjugate_gradients, operator_of
from motes.reconstruction.problem import FloatArray, Point, Problem
from motes.threads import one_blas_thread

_FIRST_SHARE = 0.5  # for the step along which a better one is found
_NOTHING = 1e-100
_LEAST_OWN = 0.1  # of the complete-data information


@dataclass(frozen=True)
class NewtonStep:
    """Where to go, and what is to be won there.

    Attributes
    ----------
    master : (M,) float64 array
        What to add to the master.
    weights : (R,) float64 array
        What to add to the weights; zeros where they are given.
    left : float
        Nats per pattern that are still to be won, were the surface a paraboloid: half of score times step.
    solved : bool
        False where the information of the sample was not positive along the way, or could not be solved.
    share : float
        b: from 0 (the mean of s s^T) to 1 (Louis' form).
    score : (M,) float64 array
        Where the step begins.
    """

    master: FloatArray
    weights: FloatArray
    left: float
    solved: bool
    share: float
    score: FloatArray


def sampled_newton_step(
    problem: Problem, point: Point, sample: Patterns, *, share: float | None = None, before: FloatArray | None = None
) -> NewtonStep:
    """The step from a point to the maximum, as far as a sample can tell.

    Pixels of which the sample has too few photons go their own ways.

    Parameters
    ----------
    problem : Problem
        All patterns, and the model.
    point : Point
        Where they were swept.
    sample : Patterns
        What the information is estimated from.
    share : float, optional
        b; by default that with which the information of this sample scatters least along the step.
    before : (2, M) array, optional
        Master and score where the step before began.
    """
    score = mean_score(problem, point)
    complete = problem.noise.precision(point.master) * (point.weights @ problem.looks)
    master, won = _one_by_one(point, score, np.where(problem.seen, complete, 0.0), before)
    weights = point.em_weights - point.weights
    free = free_pixels(problem, point.master, point.weights, len(sample))
    if problem.rotations.n == 1 or not free.any():
        left = float(won.sum() + (weights**2 / point.weights).sum() / 2)
        return NewtonStep(master, weights, left, True, 1.0, score)
    with one_blas_thread():
        operator = operator_of(problem, point.master, point.weights, sample, free, louis=False)
        if share is None and len(sample) == len(problem.patterns):
            share = 1.0  # Louis' form of all patterns is minus the curvature itself
        if share is None:
            direction, *_ = _solved(Mixed(operator, _FIRST_SHARE), point, score)
            share = best_share(operator, np.sqrt(operator.complete[free]) * direction)
        master[free], weights, of_weights, solved = _solved(Mixed(operator, share), point, score)
        if not solved and share:
            master[free], weights, of_weights, solved = _solved(Mixed(operator, share := 0.0), point, score)
    left = float(won[~free].sum() + (score[free] @ master[free] + of_weights) / 2)
    return NewtonStep(master, weights, left, solved and bool(np.isfinite(left)) and left >= 0, share, score)


def _one_by_one(
    point: Point, score: FloatArray, complete: FloatArray, before: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """A step of each pixel by itself, and what it wins: EM's at first.

    Of a dark pixel in a bright orbit any photon may be its own, none is surely, and EM puts it out slowly. How its
    score has changed since the step before says what is known.
    """
    information = complete.copy()
    if before is not None:
        way, change = point.master - before[0], before[1] - score
        told = way != 0
        information[told] = np.clip(change[told] / way[told], _LEAST_OWN * complete[told], complete[told])
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.where(complete > 0, np.maximum(score / information, -point.master), 0.0)
    return step, score * step - information * step**2 / 2


@dataclass(frozen=True)
class Mixed:
    """D^-1/2 I D^-1/2 over the free pixels, I = mean(s s^T) + share (D - C)."""

    operator: InformationOperator
    share: float

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Apply to the columns of (n_free, q)."""
        return self.share * vectors + self._home(*self.operator.slopes(vectors))

    def of_weights(self, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The other blocks: master (whitened) and weights, (n_free, R - 1); weights alone, (R - 1, R - 1).

        Along the directions that keep the weights' sum.
        """
        gamma, n_sample = self.operator.responsibilities.astype(np.float64), len(self.operator.sample)
        tangent = tangent_of(weights.size)
        slopes = tangent / weights  # of each rotation: the score of the weights if it were known
        means = gamma @ slopes.T
        squared = means.T @ means / n_sample
        complete = slopes @ tangent.T - (gamma.mean(axis=0) * slopes) @ slopes.T
        cross = self._home(slopes.T.astype(np.float32)[None], means.astype(np.float32)[:, None])
        return cross, squared + self.share * complete

    def _home(self, slopes: npt.NDArray[np.float32], mean_slope: npt.NDArray[np.float32]) -> FloatArray:
        coefficients = self.operator.responsibilities[:, :, None] * (mean_slope - np.float32(self.share) * slopes)
        return self.operator.home(coefficients) / len(self.operator.sample)


def best_share(operator: InformationOperator, direction: FloatArray) -> float:
    """The share with which the information of a sample scatters least along a whitened direction, (n_free,).

    Between the halves of the sample, mean(s s^T) differs as C does, times the regression coefficient.
    """
    halves = []
    for part in (slice(0, None, 2), slice(1, None, 2)):
        half = InformationOperator(
            operator.problem, operator.master, operator.sample[part],
            np.ascontiguousarray(operator.responsibilities[part]), operator.complete, operator.free, operator.louis,
        )  # fmt: skip
        slopes, mean_slope = half.slopes(direction[:, None])
        both = np.concatenate([np.broadcast_to(mean_slope, slopes.shape), slopes], axis=2)
        halves.append(half.home(half.responsibilities[:, :, None] * both) / max(len(half.sample), 1))
    squared, complete = (halves[0] - halves[1]).T
    scatter = float(complete @ complete)
    return float(np.clip(squared @ complete / scatter, 0.0, 1.0)) if scatter > 0 else 1.0


def _solved(information: Mixed, point: Point, score: FloatArray) -> tuple[FloatArray, FloatArray, float, bool]:
    """Steps of the free pixels and of the weights, what the latter's score wins by them, and whether it was solved."""
    operator = information.operator
    problem, free = operator.problem, operator.free
    n = problem.rotations.n
    size = int(free.sum()) + (n - 1 if problem.estimate_weights else 0)
    # What scatters has too large an inverse: of a mean of outer products, inverse Wishart, by 1 / (1 - size / n).
    shrink = max(1 - (1 - information.share) ** 2 * (size + 1) / len(operator.sample), 0.0)
    whiten = 1 / np.sqrt(operator.complete[free])
    right = (whiten * score[free])[:, None]
    if not problem.estimate_weights:
        solution, solved = _columns(information, right)
        return shrink * whiten * solution[:, 0], np.zeros(n), 0.0, solved
    cross, own = information.of_weights(point.weights)
    solution, solved = _columns(information, np.hstack([right, cross]))
    alone, mixed = solution[:, 0], solution[:, 1:]
    tangent = tangent_of(n)
    of_weights = tangent @ (point.em_weights / point.weights)
    try:
        step = shrink * np.linalg.solve(own - cross.T @ mixed, of_weights - cross.T @ alone)
    except np.linalg.LinAlgError:
        return shrink * whiten * alone, np.zeros(n), 0.0, False
    return whiten * (shrink * alone - mixed @ step), step @ tangent, float(of_weights @ step), solved


def _columns(information: Mixed, right: FloatArray) -> tuple[FloatArray, bool]:
    """Solve for each column, of whatever length: none where it is 0."""
    lengths = np.linalg.norm(right, axis=0)
    some = lengths > _NOTHING
    solution, solved = np.zeros_like(right), True
    if some.any():
        unit, solved = conjugate_gradients(information, right[:, some] / lengths[some])
        solution[:, some] = lengths[some] * unit
    return solution, solved


def moved(
    problem: Problem, point: Point, master_step: FloatArray, weights_step: FloatArray, length: float
) -> tuple[FloatArray, FloatArray]:
    """Master and weights a part of the step further, each within multiples of its value, or where EM would put it."""
    master = _within(point.master + length * master_step, point.master, point.em_master)
    if np.isfinite(problem.limits[1]):
        master = 1 - _within(1 - master, 1 - point.master, 1 - point.em_master)
    weights = point.weights
    if problem.estimate_weights:
        weights = problem.weights_inside(_within(weights + length * weights_step, weights, point.em_weights))
    return problem.inside(master), weights


def _within(values: FloatArray, before: FloatArray, by_em: FloatArray) -> FloatArray:
    return np.clip(values, np.minimum(SMALLEST * before, by_em), np.maximum(LARGEST * before, by_em))
