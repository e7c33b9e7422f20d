"""Newton's step for all patterns, with the information of a sample of them.

The gradient is that of all patterns, and comes from one sweep; the information is that of the sample, and is never
built as a matrix: conjugate gradients take it as an operator. Its error is that of a mean of n outer products of m
numbers, a factor within (1 +- sqrt(m / n))^2 in every direction, so a step leaves about m / n of what there was to win.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.patterns import Patterns
from motes.reconstruction.fisher import LARGEST, SMALLEST, mean_score
from motes.reconstruction.information import free_pixels, tangent_of
from motes.reconstruction.matrixfree import InformationOperator, conjugate_gradients, operator_of
from motes.reconstruction.problem import FloatArray, Point, Problem
from motes.threads import one_blas_thread

_ENOUGH = 10  # patterns of the sample a parameter: with fewer, a mean of outer products can not be inverted


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
    """

    master: FloatArray
    weights: FloatArray
    left: float
    solved: bool


def sampled_newton_step(problem: Problem, point: Point, sample: Patterns) -> NewtonStep:
    """The step from a point to the maximum, as far as a sample can tell.

    Pixels with too few photons in the sample, which orientations hide next to nothing of, make EM's step.

    Parameters
    ----------
    problem : Problem
        All patterns, and the model.
    point : Point
        Where they were swept.
    sample : Patterns
        What the information is estimated from.
    """
    n = problem.rotations.n
    score = mean_score(problem, point)
    master, weights = point.em_master - point.master, np.zeros(n)
    free = free_pixels(problem, point.master, point.weights, len(sample))
    solved, won = True, 0.0
    if n > 1 and free.any():
        with one_blas_thread():
            master[free], weights, won, solved = _joint(problem, point, sample, free, score)
    left = (float(score @ master) + won) / 2
    return NewtonStep(master, weights, left, solved and bool(np.isfinite(left)) and left >= 0)


def _joint(
    problem: Problem, point: Point, sample: Patterns, free: np.ndarray, score: FloatArray
) -> tuple[FloatArray, FloatArray, float, bool]:
    """Steps of the free pixels and of the weights, what the latter's score wins by them, and whether it was solved."""
    size = int(free.sum()) + (problem.rotations.n - 1 if problem.estimate_weights else 0)
    louis = len(sample) < _ENOUGH * size
    shrink = 1.0 if louis else 1 - (size + 1) / len(sample)  # the mean of an inverse Wishart matrix
    operator = operator_of(problem, point.master, point.weights, sample, free, louis)
    whiten = 1 / np.sqrt(operator.complete[free])
    right = (whiten * score[free])[:, None]
    if not problem.estimate_weights:
        solution, solved = conjugate_gradients(operator, right)
        return shrink * whiten * solution[:, 0], np.zeros(problem.rotations.n), 0.0, solved
    cross, own = _of_weights(operator, point.weights)
    solution, solved = conjugate_gradients(operator, np.hstack([right, cross]))
    alone, mixed = solution[:, 0], solution[:, 1:]
    tangent = tangent_of(problem.rotations.n)
    of_weights = tangent @ (point.em_weights / point.weights)
    complement = own - cross.T @ mixed
    try:
        step = np.linalg.solve(complement, of_weights - cross.T @ alone)
    except np.linalg.LinAlgError:
        return whiten * alone, np.zeros(problem.rotations.n), 0.0, False
    step *= shrink
    return whiten * (shrink * alone - mixed @ step), step @ tangent, float(of_weights @ step), solved


def _of_weights(operator: InformationOperator, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The information's other blocks: master (whitened) and weights, (n_free, R - 1); weights alone, (R - 1, R - 1).

    Along the directions that keep the weights' sum.
    """
    tangent = tangent_of(weights.size)
    slopes = tangent / weights  # score of the weights if the rotation were known: a column for each rotation
    gamma, n_sample = operator.responsibilities.astype(np.float64), len(operator.sample)
    means = gamma @ slopes.T
    squared = means.T @ means / n_sample
    if not operator.louis:
        return operator.scores(means.astype(np.float32)) / n_sample, squared
    within = (gamma.mean(axis=0) * slopes) @ slopes.T - squared
    deviations = operator.responsibilities[:, :, None] * (slopes.T - means[:, None, :]).astype(np.float32)
    return -operator.home(deviations) / n_sample, slopes @ tangent.T - within


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
