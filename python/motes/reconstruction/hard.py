"""Hard assignment: each pattern to its best orientation alone. Baselines, biased where orientations overlap."""

from __future__ import annotations

from dataclasses import dataclass

from motes.reconstruction.problem import Point, Problem
from motes.reconstruction.state import State


@dataclass(frozen=True)
class HardEM:
    """Each pattern to the orientation of the largest likelihood, then the mean of the patterns turned home."""

    tolerance: float
    name: str = "hard-em"
    start_with: str = "spectral"

    def begin(self, problem: Problem, point: Point) -> State:
        """Evaluate the start by the rule of this method."""
        return State(problem.evaluate(point.master, point.weights, rule="hard"), sweeps=2)

    def step(self, problem: Problem, state: State) -> State:
        """Reassign and average, until the likelihood of the best labels stands still."""
        point = problem.advance(state.point, rule="hard")
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
        return State(problem.evaluate(point.master, problem.uniform, rule="nearest"), sweeps=1)

    def step(self, problem: Problem, state: State) -> State:
        """argmin_k ||p - M_k|| for every pattern, then the mean of the patterns turned home."""
        point = problem.advance(state.point, rule="nearest")
        iteration = state.iteration + 1
        gain = point.log_likelihood - state.point.log_likelihood
        return State(point, iteration, state.sweeps + 1, gain, "l2", iteration >= self.rounds)
