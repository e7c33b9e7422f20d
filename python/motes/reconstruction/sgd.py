"""Stochastic gradients with back-rotation: the seed's Algorithm 2, completed.

The gradient of a batch is turned home by the responsibilities of its patterns (soft, or the best orientation alone).
Plain steps crawl along the directions that unknown orientations nearly hide, so they are preconditioned: by the
complete-data information during the first epoch, which is mini-batch EM, then by the inverse information of the
mixture, estimated from a subsample. The answer is the mean of the iterates of the later epochs. An epoch that loses
likelihood is taken back, and steps are halved from there.

Erratum of the seed: its Algorithm 2 adds the gradient of an error that it means to minimise; the sign here climbs.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.batches import batches
from motes.reconstruction.fisher import bounded_step, inverse_information
from motes.reconstruction.information import PATTERNS_USED, matrix_fits
from motes.reconstruction.problem import FloatArray, Point, Problem
from motes.reconstruction.state import State
from motes.threads import one_blas_thread

_FIRST = 10
_LOSS = 1e-3  # nats a pattern: more than the iterates' own scatter costs
_SETTLED = 0.1  # of the M / 2N nats by which a maximum exceeds the truth: the last epoch of a converged run wins less


@dataclass(frozen=True)
class SGD:
    """Mini-batch steps in shuffled order, one iteration an epoch."""

    epochs: int
    batch: int
    rate: float  # batch t (from 0, over all epochs) moves rate * (t + 10)^-decay of the way
    decay: float
    hard: bool
    seed: int
    name: str = "sgd"
    start_with: str = "spectral"

    def begin(self, problem: Problem, point: Point) -> State:
        """Remember the running iterate and the mean of the iterates."""
        memory = {"iterate": point.master, "mean": np.zeros(point.master.size)}
        memory.update(averaged=np.array(0.0), scale=np.array(1.0))
        return State(point, memory=memory)

    def step(self, problem: Problem, state: State) -> State:
        """One epoch over a fresh order of the patterns, then one sweep to see where it led."""
        epoch = state.iteration
        memory = dict(state.memory)
        if epoch in (1, 2) and matrix_fits(problem.patterns, problem.rotations.n):
            memory["inverse"] = inverse_information(
                problem, state.point.master, state.point.weights, n_used=PATTERNS_USED, seed=[self.seed, epoch]
            )
        with one_blas_thread():
            self._run_epoch(problem, state.point.weights, epoch, memory)
        averaged = float(memory["averaged"])
        master = memory["mean"] / averaged if averaged else memory["iterate"]
        point = problem.evaluate(problem.inside(master), state.point.em_weights)
        gain = point.log_likelihood - state.point.log_likelihood
        sweeps, step = state.sweeps + 2, "epoch"
        least = _SETTLED * master.size / (2 * max(len(problem.patterns), 1))
        settled = epoch + 1 >= self.epochs and abs(gain) <= least
        if not gain > -_LOSS:
            memory.update(iterate=state.point.master, mean=np.zeros(master.size), averaged=np.array(0.0))
            memory["scale"] = memory["scale"] / 2
            point, gain, settled, step = state.point, 0.0, False, "epoch taken back, steps halved"
        return State(point, epoch + 1, sweeps, gain, step, settled, memory)

    def _run_epoch(self, problem: Problem, weights: FloatArray, epoch: int, memory: dict[str, np.ndarray]) -> None:
        order = np.random.default_rng([self.seed, epoch]).permutation(len(problem.patterns))
        batch = min(self.batch, max(1, len(order)))
        n_batches = max(1, len(order) // batch)
        edges = np.linspace(0, len(order), n_batches + 1).astype(int)
        iterate, total, averaged = memory["iterate"], memory["mean"].copy(), float(memory["averaged"])
        inverse, scale = memory.get("inverse"), self.rate * float(memory["scale"])
        for b, part in enumerate(batches(problem.in_memory, order, edges)):
            home, looks = problem.sums_of_part(iterate, weights, part, hard=self.hard)
            residual = (home - looks * iterate) / max(len(part), 1)
            if inverse is None:
                direction = residual / np.maximum(weights @ problem.looks, 1e-12)
            else:
                direction = inverse @ (problem.noise.precision(iterate) * residual)
            length = scale * (epoch * n_batches + b + _FIRST) ** -self.decay
            iterate = bounded_step(problem, iterate, length * direction)
            if epoch >= self.epochs // 3:
                total += iterate
                averaged += 1
        memory.update(iterate=iterate, mean=total, averaged=np.array(averaged))
