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
_TELLS = 0.125  # of that: smaller differences of points nearby are rounding
_TRIES = 2  # lengths of a Newton step, each half of the one before
_LENGTHS = (0.5, 1.5)  # of a step, from what the one before won
_SLOWEST = 0.9  # of what was left, that a step leaves
_REFUSED, _MOST_STEPS = 2, 50  # Newton steps refused on end, or made in all: SQUAREM goes on


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
        numbers = {"steps": 0.0, "crawls": 0.0, "refused": 0.0, "left": np.inf, "length": 1.0, "doubt": 1.0}
        return self._aimed(problem, state.remembering(**{name: np.array(one) for name, one in numbers.items()}))

    def step(self, problem: Problem, state: State) -> State:
        """One safeguarded Newton step; where none can be made any more, SQUAREM takes over."""
        if state.memory["crawls"]:
            return Squarem(self.tolerance).step(problem, state)
        if self._arrived(problem, state):
            return replace(state, iteration=state.iteration + 1, gain=0.0, step="nothing left", converged=True)
        start, sweeps, length = state.point, state.sweeps, float(state.memory["length"])
        unsure = _unsure(problem, start)
        for _ in range(_TRIES):
            master, weights = moved(problem, start, state.memory["master"], state.memory["weights"], length)
            point, sweeps = problem.evaluate(master, weights), sweeps + 1
            fallen = start.log_likelihood - point.log_likelihood
            if fallen <= max(NOISE, unsure):
                further = self._moved(problem, state, point, sweeps, length)
                # Single precision may not tell the likelihoods of points near the maximum, but it tells their scores.
                if fallen <= NOISE or further.memory["left"] < state.memory["left"]:
                    return further
            length /= 2
        return self._moved(problem, state, higher(start, problem.advance(start)), sweeps + 1, None)

    def _moved(self, problem: Problem, state: State, point: Point, sweeps: int, length: float | None) -> State:
        """After a Newton step so long, or after EM's in its place."""
        gain, left = point.log_likelihood - state.point.log_likelihood, float(state.memory["left"])
        longest = _LENGTHS[1]
        memory = {"gains": np.array(Gains(state.memory["gains"], gain).last), "steps": state.memory["steps"] + 1}
        if length is None:
            step, best, doubt = "em (newton refused)", _LENGTHS[0], 1.0
        else:  # along the step the likelihood is a parabola, 2 left at first, of which one more point is known now
            told = left > _TELLS * _unsure(problem, point)
            won = gain / left if told else length * (2 - length)
            step, curve = f"newton {length:.3g}", (2 * length - won) / length**2
            best = 1 / curve if curve * longest > 1 else longest
            doubt = won / (length * (2 - length))
        memory |= {
            "refused": np.array(0.0 if length else state.memory["refused"] + 1),
            "length": np.array(max(best, _LENGTHS[0])),
        }
        further = State(point, state.iteration + 1, sweeps, gain, step, False, state.memory | memory)
        return self._aimed(problem, further, doubt)

    def _aimed(self, problem: Problem, state: State, doubt: float = 1.0) -> State:
        """The state with its next step, and whether there is anything left to be won by it."""
        assert problem.pool is not None
        share = float(state.memory["share"]) if "share" in state.memory else None
        before, left = state.memory.get("before"), float(state.memory["left"])
        step = sampled_newton_step(problem, state.point, problem.pool, share=share, before=before)
        slow = state.memory["refused"] >= _REFUSED or state.memory["steps"] >= _MOST_STEPS
        rate = min(step.left / left, _SLOWEST) if left > 0 else 0.0
        state = state.remembering(
            master=step.master, weights=step.weights, left=np.array(step.left), share=np.array(step.share),
            before=np.stack([state.point.master, step.score]), crawls=np.array(float(slow or not step.solved)),
            doubt=np.array(max(doubt, 1.0) / (1 - max(rate, 0.0))),
        )  # fmt: skip
        return replace(state, converged=state.iteration > 0 and self._arrived(problem, state))

    def _arrived(self, problem: Problem, state: State) -> bool:
        """Whether less is left than the tolerance, and than a hundredth of what noise wins: so error bars hold.

        What is left on a paraboloid, times what the last step won more than that; and, if steps go on as the last two,
        what all that follow win.
        """
        noise_wins = int(problem.seen.sum()) / (2 * max(len(problem.patterns), 1))
        enough = max(min(self.tolerance, CLOSE * noise_wins), NOISE / 10)
        return not state.memory["crawls"] and float(state.memory["left"] * state.memory["doubt"]) < enough


def _unsure(problem: Problem, point: Point) -> float:
    """Nats that rounding may move a likelihood by."""
    return abs(point.log_likelihood) * _RESOLUTION if problem.dtype is np.float32 else 0.0
