"""Hard assignment: each pattern to its best orientation alone. Baselines, biased where orientations overlap."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.noise import LinearModel
from motes.reconstruction.problem import FloatArray, Point, Problem
from motes.reconstruction.state import State


@dataclass(frozen=True)
class HardEM:
    """Each pattern to the orientation of the largest likelihood, then the mean of the patterns turned home."""

    tolerance: float
    name: str = "hard-em"
    start_with: str = "spectral"

    def begin(self, problem: Problem, point: Point) -> State:
        """Evaluate the start by the rule of this method."""
        return State(problem.evaluate(point.master, point.weights, hard=True), sweeps=2)

    def step(self, problem: Problem, state: State) -> State:
        """Reassign and average, until the likelihood of the best labels stands still."""
        point = problem.evaluate(state.point.em_master, state.point.em_weights, hard=True)
        gain = point.log_likelihood - state.point.log_likelihood
        return State(point, state.iteration + 1, state.sweeps + 1, gain, "hard em", gain < self.tolerance)


@dataclass(frozen=True)
class SeedL2:
    """The seed's Algorithm 1, exactly: nearest template by Euclidean distance, from the mean, a fixed number of rounds.

    Kept as the baseline that it is (docs/theory.md, errata): the mean is nearly symmetric, a saddle, and five rounds
    from there seldom reach the picture.
    """

    rounds: int
    name: str = "l2-em"
    start_with: str = "mean"

    def begin(self, problem: Problem, point: Point) -> State:
        """Begin at the given master; nothing of the likelihood's M step is used."""
        return State(self._evaluate(problem, point.master), sweeps=1)

    def step(self, problem: Problem, state: State) -> State:
        """argmin_k ||p - M_k|| for every pattern, then the mean of the patterns turned home."""
        point = self._evaluate(problem, state.point.em_master)
        iteration = state.iteration + 1
        gain = point.log_likelihood - state.point.log_likelihood
        return State(point, iteration, state.sweeps + 1, gain, "l2", iteration >= self.rounds)

    @staticmethod
    def _evaluate(problem: Problem, master: FloatArray) -> Point:
        """The likelihood is not what this method climbs: minus half the mean squared distance stands in its place."""
        templates = master[problem.index] * problem.good
        base = -0.5 * (templates**2).sum(axis=1)
        nothing = np.zeros(templates.shape[1])
        model = LinearModel(np.ascontiguousarray(templates.T, problem.dtype), base.astype(problem.dtype), nothing, 0.0)
        value, home, looks, _ = problem.sums(model, hard=True)
        em_master = problem.inside(np.where(looks > 0, home / np.maximum(looks, 1e-300), master))
        return Point(master, problem.uniform, value, em_master, problem.uniform)
