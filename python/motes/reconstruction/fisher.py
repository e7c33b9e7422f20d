"""Fisher scoring: Newton steps with the information estimated from a subsample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.reconstruction.em import Gains, Squarem, higher
from motes.reconstruction.information import (
    FLOOR,
    LARGEST_MATRIX,
    PATTERNS_USED,
    drawn_from,
    information_matrix,
    matrix_fits,
)
from motes.reconstruction.problem import FloatArray, Point, Problem
from motes.reconstruction.state import State
from motes.threads import one_blas_thread

_HALVINGS = 3
SMALLEST, LARGEST = 0.2, 3.0  # a step keeps each mean, and its distance from 1, within these multiples


def inverse_information(
    problem: Problem, master: FloatArray, weights: FloatArray, *, n_used: int, seed: int | list[int]
) -> FloatArray:
    """The inverse information per pattern, whitened, floored and coloured again: (M, M).

    Sampled eigenvalues below 0.01 of the complete-data information are raised to it: a step along such a direction
    would be mostly noise.
    """
    sample = drawn_from(problem, n_used, seed)
    n_pixels = master.size
    with one_blas_thread():
        information = information_matrix(problem, master, weights, sample)[:n_pixels, :n_pixels]
        complete = problem.noise.precision(master) * np.maximum(weights @ problem.looks, 1e-12)
        whiten = 1 / np.sqrt(complete)
        values, vectors = np.linalg.eigh(whiten[:, None] * information * whiten)
        coloured = whiten[:, None] * vectors
        inverse: FloatArray = (coloured / np.maximum(values, FLOOR)) @ coloured.T
    return inverse


def mean_score(problem: Problem, point: Point) -> FloatArray:
    """Gradient of the mean log-likelihood, from the M step: d * looks * (em - master)."""
    looks = point.em_weights @ problem.looks
    return problem.noise.precision(point.master) * looks * (point.em_master - point.master)


def bounded_step(problem: Problem, master: FloatArray, step: FloatArray) -> FloatArray:
    """`master + step`, each mean kept within multiples of its value and of its distance from 1."""
    moved = np.clip(master + step, SMALLEST * master, LARGEST * master)
    if np.isfinite(problem.limits[1]):
        moved = 1 - np.clip(1 - moved, SMALLEST * (1 - master), LARGEST * (1 - master))
    return problem.inside(moved)


@dataclass(frozen=True)
class FisherScoring:
    """EM at first, to reach the basin; then Newton steps, halved or replaced by EM's if the likelihood would fall."""

    tolerance: float
    seed: int
    warm_up: int = 2
    refresh: int = 3  # steps that estimate the information anew; later ones keep the last
    slow: float = 0.6  # of what the pair of steps before won: from there on SQUAREM goes faster
    name: str = "em"
    start_with: str = "spectral"

    def begin(self, problem: Problem, point: Point) -> State:
        """Refuse what needs a matrix beyond memory; remember no information yet."""
        if not matrix_fits(problem.patterns, problem.rotations.n):
            n_pixels, most = problem.patterns.n_pixels, problem.patterns.max_count
            raise ValueError(
                f"acceleration: fisher needs a matrix of {n_pixels} pixels squared (at most {LARGEST_MATRIX}) with "
                f"exact sums (counts here are up to {most}); use squarem"
            )
        return Squarem(self.tolerance).begin(problem, point).remembering(steps=np.array(0.0), crawls=np.array(0.0))

    def step(self, problem: Problem, state: State) -> State:
        """One safeguarded Newton step; where the surface is no paraboloid they crawl, and SQUAREM takes over."""
        if state.iteration < self.warm_up or state.memory["crawls"]:
            return Squarem(self.tolerance).step(problem, state)
        memory = dict(state.memory)
        steps = int(memory["steps"])
        if steps < self.refresh:
            memory["inverse"] = inverse_information(
                problem, state.point.master, state.point.weights, n_used=PATTERNS_USED, seed=[self.seed, steps]
            )
        memory["steps"] = np.array(steps + 1.0)
        with one_blas_thread():
            direction = memory["inverse"] @ mean_score(problem, state.point)
        weights = state.point.em_weights
        sweeps, length = 0, 1.0
        for _ in range(_HALVINGS):
            master = bounded_step(problem, state.point.master, length * direction)
            point = problem.evaluate(master, weights)
            sweeps += 1
            if point.log_likelihood >= state.point.log_likelihood:
                return self._moved(state, point, sweeps, f"fisher {length:g}", memory)
            length /= 2
        point = higher(state.point, problem.evaluate(state.point.em_master, weights))
        return self._moved(state, point, sweeps + 1, "em (newton refused)", memory)

    def _moved(self, state: State, point: Point, sweeps: int, step: str, memory: dict[str, np.ndarray]) -> State:
        gain = point.log_likelihood - state.point.log_likelihood
        gains = Gains(state.memory["gains"], gain)
        crawls = int(memory["steps"]) > self.refresh and gains.rate > self.slow
        memory |= {"gains": np.array(gains.last), "crawls": np.array(float(crawls))}
        settled = gains.settled(self.tolerance)
        return State(point, state.iteration + 1, state.sweeps + sweeps, gain, step, settled, memory)
