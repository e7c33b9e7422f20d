"""Climbs in stages: from a small power on the likelihood to 1, and from few angles to many."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from motes.reconstruction.em import PlainEM, Squarem, higher
from motes.reconstruction.mixture.frames import best_frames
from motes.reconstruction.mixture.layout import FloatArray, Layout
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.start import shaken
from motes.reconstruction.state import State


@dataclass(frozen=True)
class Stage:
    """One problem of a climb, and how long to stay with it."""

    problem: MixtureProblem
    method: PlainEM | Squarem
    most: int
    """Steps, at most: where the tolerance ends a stage earlier, that counts."""
    told: str
    """What its steps are called by; empty for the last stage."""
    reframe: bool = False
    """Whether the next stage begins in the best frame of pixels."""
    shake: float = 0.0
    """By how much of its value each pixel of the masters is scattered before the first step."""


@dataclass(frozen=True)
class Staged:
    """EM through stages whose masters have the same pixels: each begins where the one before ended.

    Only the last one can converge.
    """

    stages: tuple[Stage, ...]
    seed: int = 0
    """Of what is scattered."""

    def begin(self, vector: FloatArray, restart: int = 0) -> State:
        """The state of a start, by its number, before the first step."""
        return self._enter(0, vector, self.stages[0].problem.uniform, restart)

    def step(self, state: State) -> State:
        """The next state; of the next stage, where this one is done."""
        stage = self.stage_of(state)
        if state.memory["done"]:
            ended = state
            weights = carried(self.stages[stage].problem.layout, self.stages[stage + 1].problem, ended.point.em_weights)
            vector, framing = ended.point.em_master, self.stages[stage].reframe
            if framing:
                vector, weights = best_frames(self.stages[stage + 1].problem, vector, weights)
            state = self._enter(stage + 1, vector, weights, int(state.memory["restart"]))
            if framing:  # the same likelihood still, and not to fall by what the sums are rounded to
                state = replace(state, point=higher(ended.point, state.point))
            state = replace(state, iteration=ended.iteration, sweeps=ended.sweeps + 1 + framing)
            stage += 1
        here, steps = self.stages[stage], int(state.memory["steps"]) + 1
        after = here.method.step(here.problem, state)
        done = stage + 1 < len(self.stages) and (after.converged or steps >= here.most)
        return replace(
            after,
            step=f"{here.told}: {after.step}" if here.told else after.step,
            converged=after.converged and stage + 1 == len(self.stages),
        ).remembering(
            stage=np.array(float(stage)), restart=state.memory["restart"],
            steps=np.array(float(steps)), done=np.array(float(done)),
        )  # fmt: skip

    def stage_of(self, state: State) -> int:
        """Which stage a state is of."""
        return int(state.memory["stage"])

    def _enter(self, stage: int, vector: FloatArray, weights: FloatArray, restart: int) -> State:
        here = self.stages[stage]
        if here.shake:
            n, rng = here.problem.layout.n_pixels, np.random.default_rng([self.seed, restart, stage])
            scattered = shaken(here.problem, vector[:n], here.shake, rng)
            vector = here.problem.inside(np.concatenate([scattered, vector[n:]]))
        state = here.method.begin(here.problem, here.problem.evaluate(vector, weights))
        numbers = {"stage": float(stage), "restart": float(restart), "steps": 0.0, "done": 0.0}
        return state.remembering(**{name: np.array(number) for name, number in numbers.items()})


def carried(before: Layout, problem: MixtureProblem, weights: FloatArray) -> FloatArray:
    """Weights of templates (T,) for another problem: of classes, and where the templates are others, equal within."""
    after = problem.layout
    if after.maps == before.maps:
        return weights
    of_class = before.per_class(weights)
    return problem.weights_inside(
        np.concatenate([np.full(turns.n, share / turns.n) for turns, share in zip(after.maps, of_class, strict=True)])
    )
