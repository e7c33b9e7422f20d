"""The fewest passes: a sample in memory is climbed to its own maximum, and a few Newton steps lead on to that of all.

The maximum of n patterns is about M / 2n nats a pattern below that of all of them, 0.003 for 100,000 patterns of 25x25
pixels. Newton's step with their information (`newton.py`) leaves at most M / n of that or so, the next as much of what
was left: three or four sweeps of all patterns. Start and error bars come from the sample as well, drawn in one pass.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motes.patterns import Patterns
from motes.reconstruction.em import NOISE, Gains, Squarem, higher
from motes.reconstruction.information import PATTERNS_USED, drawn_from
from motes.reconstruction.newton import moved, sampled_newton_step
from motes.reconstruction.problem import Point, Problem
from motes.reconstruction.state import State
from motes.stored import StoredPatterns

SAMPLE = 100_000
CLOSE = 0.01  # of what a fit wins by following the noise, M / 2N nats a pattern
_MOST_LIT = 1e7  # pixels: of more than 100 lit a pattern, a sample is of fewer patterns
_RESOLUTION = 2.0**-23  # of a likelihood in single precision, the weights of which are rounded
_TRIES = 2  # lengths of a Newton step, each half of the one before
_SLOW, _PATIENCE = 0.8, 3  # steps that leave more than this of what was left, after so many: SQUAREM goes faster


def sample_size(patterns: Patterns | StoredPatterns) -> int:
    """How many patterns a sample takes: `SAMPLE`, fewer where they are so dense that the work would tell.

    Examples
    --------
    >>> sample_size(Patterns.empty((25, 25), 10))
    100000
    """
    return max(min(SAMPLE, int(_MOST_LIT * len(patterns) / max(patterns.n_lit, 1))), min(SAMPLE, PATTERNS_USED))


def with_pool(problem: Problem, seed: int) -> Problem:
    """The same problem with a sample of its patterns in memory, chosen by the seed and their number alone."""
    return replace(problem, pool=drawn_from(problem, sample_size(problem.patterns), [seed, SAMPLE]))


@dataclass(frozen=True)
class Sampled:
    """Newton steps with the information of the pool, halved or replaced by EM's if the likelihood would fall."""

    tolerance: float
    name: str = "em"
    start_with: str = "spectral"

    def begin(self, problem: Problem, point: Point) -> State:
        """Find the first step."""
        state = Squarem(self.tolerance).begin(problem, point)
        return self._aimed(problem, state.remembering(steps=np.array(0.0), crawls=np.array(0.0), left=np.array(np.inf)))

    def step(self, problem: Problem, state: State) -> State:
        """One safeguarded Newton step; where the surface is no paraboloid they crawl, and SQUAREM takes over."""
        if state.memory["crawls"]:
            return Squarem(self.tolerance).step(problem, state)
        if self._arrived(problem, state):
            return replace(state, iteration=state.iteration + 1, gain=0.0, step="nothing left", converged=True)
        start, sweeps, length = state.point, state.sweeps, 1.0
        unsure = abs(start.log_likelihood) * _RESOLUTION if problem.dtype is np.float32 else 0.0
        for _ in range(_TRIES):
            master, weights = moved(problem, start, state.memory["master"], state.memory["weights"], length)
            point, sweeps = problem.evaluate(master, weights), sweeps + 1
            fallen = start.log_likelihood - point.log_likelihood
            if fallen <= max(NOISE, unsure):
                further = self._aimed(problem, self._moved(state, point, sweeps, f"newton {length:g}"))
                # Single precision may not tell the likelihoods of points near the maximum, but it tells their scores.
                if fallen <= NOISE or further.memory["left"] < state.memory["left"]:
                    return further
            length /= 2
        point = higher(start, problem.advance(start))
        return self._aimed(problem, self._moved(state, point, sweeps + 1, "em (newton refused)"))

    def _moved(self, state: State, point: Point, sweeps: int, step: str) -> State:
        gain = point.log_likelihood - state.point.log_likelihood
        memory = state.memory | {
            "gains": np.array(Gains(state.memory["gains"], gain).last),
            "steps": state.memory["steps"] + 1,
        }
        return State(point, state.iteration + 1, sweeps, gain, step, False, memory)

    def _aimed(self, problem: Problem, state: State) -> State:
        """The state with its next step, and whether there is anything left to be won by it."""
        assert problem.pool is not None
        share = float(state.memory["share"]) if "share" in state.memory else None
        before = state.memory.get("before")
        step = sampled_newton_step(problem, state.point, problem.pool, share=share, before=before)
        slow = state.memory["steps"] >= _PATIENCE and step.left > _SLOW * float(state.memory["left"])
        state = state.remembering(
            master=step.master, weights=step.weights, left=np.array(step.left), share=np.array(step.share),
            before=np.stack([state.point.master, step.score]), crawls=np.array(float(slow or not step.solved)),
        )  # fmt: skip
        return replace(state, converged=state.iteration > 0 and self._arrived(problem, state))

    def _arrived(self, problem: Problem, state: State) -> bool:
        """Whether less is left than the tolerance, and than a hundredth of what noise wins: so error bars hold."""
        noise_wins = int(problem.seen.sum()) / (2 * max(len(problem.patterns), 1))
        enough = max(min(self.tolerance, CLOSE * noise_wins), NOISE / 10)
        return not state.memory["crawls"] and float(state.memory["left"]) < enough
