"""From every start to its end; with a pool in two legs: on the pool alone, then the best of them on all patterns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motes.cached import cached_property
from motes.reconstruction.account import Account
from motes.reconstruction.climb import Climbed, Keeper, climb_all
from motes.reconstruction.em import Squarem
from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.sampled import Sampled
from motes.reconstruction.start import start_master
from motes.reconstruction.state import Method, State

_CLOSE = 3e-3  # of what lies between the pool's maximum and that of all: what a climb on it may leave
_UNSEEN = 0.1  # photons: what a pixel that the pool never saw lit may still hold there


def climb_from_starts(
    problem: Problem, climb: Method, start: str | FloatArray, seed: int, *, n_starts: int, keeper: Keeper, **how: Any
) -> Climbed:
    """Climb every start by a method, and keep an account of passes; `how` is that of `climb_all`."""
    keeper.account(problem.account)
    if isinstance(climb, Sampled):
        legs = Legs(problem, climb, start, seed, n_starts)
        climbed = climb_all(
            lambda leg: legs.begin(leg, keeper.progress.finished),
            legs.step,
            n_starts=n_starts + 1,
            keeper=keeper,
            **how,
        )
        return legs.closed(climbed)

    def begin(restart: int) -> State:
        master = start_master(problem, start, seed=seed, restart=restart)
        return climb.begin(problem, problem.evaluate(master, problem.uniform))

    return climb_all(begin, lambda state: climb.step(problem, state), n_starts=n_starts, keeper=keeper, **how)


@dataclass(frozen=True)
class Legs:
    """Starts that climb on the pool, one after the other, and then the best of them, on all patterns.

    A state that has climbed on the pool alone has swept all patterns 0 times; its likelihood is that of the pool.
    """

    problem: Problem
    method: Sampled
    start: str | FloatArray
    seed: int
    n_starts: int

    def begin(self, leg: int, finished: tuple[State, ...]) -> State:
        """Where a leg begins: the last one from the best of those that are finished."""
        if leg < self.n_starts:
            few = self.few
            master = start_master(few, self.start, seed=self.seed, restart=leg)
            return replace(self._squarem().begin(few, few.evaluate(master, few.uniform)), sweeps=0)
        best = max(finished, key=lambda state: state.point.log_likelihood)
        point = self.problem.evaluate(self._seen(best.point.master), best.point.weights)
        return replace(self.method.begin(self.problem, point), iteration=best.iteration, gain=best.gain)

    def step(self, state: State) -> State:
        """The next state of whichever leg."""
        if state.sweeps:
            return self.method.step(self.problem, state)
        state = self._squarem().step(self.few, state)
        return replace(state, sweeps=0, step=f"sample: {state.step}")

    def closed(self, climbed: Climbed) -> Climbed:
        """What climbed, sorted: starts on the pool, and the best of them on all patterns, if only evaluated there."""
        starts = tuple(state for state in climbed.states if not state.sweeps)
        last = [state for state in climbed.states if state.sweeps] or [self.begin(self.n_starts, starts)]
        notes = climbed.notes
        if last[0].sweeps == 1 and not last[0].converged and self._beyond() > 0:
            more = np.sqrt(self._beyond() * len(self.problem.patterns) + 1)
            notes = (
                *notes,
                f"the master is still that of a sample of {len(self.few.patterns):,} patterns: its errors are at least "
                f"{more:.1f} times the error bars, which are those that all patterns come to",
            )
        return replace(climbed, states=starts, n_starts=self.n_starts, reached=last[0], notes=notes)

    def _squarem(self) -> Squarem:
        return Squarem(max(self.method.tolerance, _CLOSE * int(self.problem.seen.sum()) / 2 * self._beyond()))

    @cached_property
    def few(self) -> Problem:
        """The problem of the pool alone."""
        assert self.problem.pool is not None
        return replace(self.problem, patterns=self.problem.pool, pool=None, account=Account())

    def _beyond(self) -> float:
        """1 / n - 1 / N: what a mean over the sample scatters about that of all, in units of one pattern's variance."""
        assert self.problem.pool is not None
        return 1 / max(len(self.problem.pool), 1) - 1 / max(len(self.problem.patterns), 1)

    def _seen(self, master: FloatArray) -> FloatArray:
        """A master of the sample, for all patterns: no mean so close to an end that some of them could not be.

        Of a pixel that the sample never saw lit its maximum says 0, which EM and Newton leave by multiples alone.
        """
        mean, least = self.problem.mean_master, _UNSEEN * self._beyond()
        master = np.maximum(master, np.minimum(mean, least))
        if np.isfinite(self.problem.limits[1]):
            master = np.minimum(master, 1 - np.minimum(1 - mean, least))
        return self.problem.inside(master)
