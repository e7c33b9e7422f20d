"""Error bars without an M x M matrix: the information as an operator, its inverse by conjugate gradients.

One application costs one likelihood and one back-rotation over the sample. The diagonal of the inverse is estimated
from random signs z, as the mean of z * (I^-1 z): its error falls with the number of signs, and only what lies off the
diagonal, once whitened, contributes to it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.kernels.backrotation import back_rotated_planes
from motes.kernels.likelihood import scores_of
from motes.patterns import Patterns
from motes.reconstruction.problem import FloatArray, Problem

WEIGHTS_KNOWN = "error bars take the orientation weights as known"
PROBES = 64
DRAWS = 128
_HARDLY_TOLD = "some directions of the master are hardly told by these patterns: error bars are lower bounds"
_TOGETHER = 16
_TABLE = 1 << 20  # values of a table of all columns: larger pictures take fewer columns at a time
_SLOPES = 1 << 23  # values of (n, R, columns) arrays, of which there are a few: many patterns, fewer columns
_STEPS = 200
_TOLERANCE = 1e-3


@dataclass(frozen=True)
class InformationOperator:
    """D^-1/2 I D^-1/2 over the free pixels, D the complete-data information.

    With `louis`, I is D less the information that unknown orientations hide, else the mean of s s^T.
    """

    problem: Problem
    master: FloatArray
    sample: Patterns
    responsibilities: npt.NDArray[np.float32]
    complete: FloatArray  # (M,)
    free: npt.NDArray[np.bool_]
    louis: bool

    def __call__(self, vectors: FloatArray) -> FloatArray:
        """Apply to the columns of (n_free, q)."""
        image = self.averaged(vectors)
        return vectors - image if self.louis else image

    def averaged(self, vectors: FloatArray) -> FloatArray:
        """The mean over patterns, applied: with `louis` of what orientations hide, else of s s^T."""
        slopes, mean_slope = self.slopes(vectors)
        gamma = self.responsibilities[:, :, None]
        coefficients = gamma * (slopes - mean_slope if self.louis else mean_slope)
        return self.home(coefficients) / len(self.sample)

    def slopes(self, vectors: FloatArray) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Scores along columns, (n, R, q), of each pattern were its rotation known; the mean over those, (n, 1, q)."""
        problem, n = self.problem, self.problem.rotations.n
        whiten = 1 / np.sqrt(self.complete[self.free])
        scaled = np.zeros((self.master.size, vectors.shape[1]))
        scaled[self.free] = whiten[:, None] * vectors
        precision = problem.noise.precision(self.master)[:, None]
        weighted = precision * scaled
        base = -np.einsum("kj,jq->kq", problem.looks, self.master[:, None] * weighted)
        table = weighted[problem.index] * problem.good[:, None]  # (R, M, q)
        table = np.ascontiguousarray(table.transpose(1, 0, 2).reshape(self.master.size, -1), np.float32)
        slopes = scores_of(self.sample, table, base.ravel().astype(np.float32), threads=problem.threads).reshape(
            len(self.sample), n, -1
        )
        gamma = self.responsibilities[:, :, None]
        mean_slope = np.zeros_like(slopes[:, :1])
        for k in range(n):  # NumPy's own sum along a short axis is slower by far
            mean_slope[:, 0] += gamma[:, k] * slopes[:, k]
        return slopes, mean_slope

    def scores(self, factors: npt.NDArray[np.float32]) -> FloatArray:
        """D^-1/2 sum_p factors[p] s_p: (n_free, q) from (n, q)."""
        return self.home(self.responsibilities[:, :, None] * factors[:, None, :])

    def home(self, coefficients: npt.NDArray[np.float32]) -> FloatArray:
        """D^-1/2 sum_p sum_r coefficients[p, r] times the score of pattern p were its rotation r: from (n, R, q)."""
        problem = self.problem
        home = self.photons_home(coefficients)
        totals = coefficients.sum(axis=0, dtype=np.float64)  # (R, q)
        scores = (home - self.master[:, None] * (problem.looks.T @ totals))[self.free]
        whiten = problem.noise.precision(self.master[self.free]) / np.sqrt(self.complete[self.free])
        image: FloatArray = whiten[:, None] * scores
        return image

    def photons_home(self, coefficients: npt.NDArray[np.float32]) -> FloatArray:
        """sum_p sum_r coefficients[p, r] times the photons of pattern p turned home: (M, q) from (n, R, q)."""
        n = self.problem.rotations.n
        if (
            np.abs(coefficients).max(initial=0.0) < np.finfo(np.float32).tiny
        ):  # orientations so sure that none is hidden
            return np.zeros((self.master.size, coefficients.shape[2]))
        planes = back_rotated_planes(
            self.sample, np.ascontiguousarray(coefficients.reshape(len(self.sample), -1)), threads=self.problem.threads
        )
        planes = planes.reshape(self.master.size, n, -1) * self.problem.good[:, None, None]
        home: FloatArray = sum(planes[self.problem.inverse[k], k] for k in range(n))
        return home


def diagonal_of_inverse(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    sample: Patterns,
    free: npt.NDArray[np.bool_],
    *,
    seed: int,
) -> tuple[FloatArray, bool, tuple[str, ...]]:
    """Diagonal of the inverse information per pattern, whether it failed, and notes."""
    n_free = int(free.sum())
    louis = len(sample) < 10 * n_free
    operator = operator_of(problem, master, weights, sample, free, louis)
    rng = np.random.default_rng(seed)
    estimate = np.zeros(n_free)
    solved = True
    for q in _at_a_time(operator, PROBES):
        signs = rng.choice((-1.0, 1.0), (n_free, q))
        solution, ok = conjugate_gradients(operator, signs)
        solved &= ok
        estimate += (signs * solution).sum(axis=1)
    shrink = 1.0 if louis else max(1 - (n_free + 1) / len(sample), 0.01)
    # Unknown orientations only hide: no error is below that of known ones, whatever the random signs say.
    variance = np.maximum(shrink * estimate / PROBES, 1.0) / operator.complete[free]
    form = "Louis' form" if louis else "the mean of squared scores"
    notes: tuple[str, ...] = (f"error bars from {form} without a matrix: {PROBES} random signs",)
    if problem.estimate_weights:
        notes = (*notes, WEIGHTS_KNOWN)
    if not solved:
        notes = (*notes, _HARDLY_TOLD)
    return variance, not solved, notes


def sandwich_without_a_matrix(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    sample: Patterns,
    free: npt.NDArray[np.bool_],
    *,
    seed: int,
) -> tuple[FloatArray, tuple[str, ...]]:
    """Diagonal of H^-1 J H^-1 per pattern, and notes; H by Louis' form, J the mean of s s^T.

    It is the variance of H^-1 (sum of the scores, each with a random sign) / sqrt(n), of which `DRAWS` are drawn: what
    lies off the diagonal, such as a brightness that all pixels share, makes it no less sure.
    """
    operator = operator_of(problem, master, weights, sample, free, louis=True)
    rng = np.random.default_rng(seed)
    variance = np.zeros(int(free.sum()))
    solved = True
    for q in _at_a_time(operator, DRAWS):
        signs = rng.choice(np.array((-1, 1), np.float32), (len(sample), q))
        solution, ok = conjugate_gradients(operator, operator.scores(signs))
        solved &= ok
        variance += (solution**2).sum(axis=1)
    variance /= DRAWS * len(sample) * operator.complete[free]
    notes: tuple[str, ...] = (f"error bars without a matrix: each known to {1 / np.sqrt(2 * DRAWS):.0%}",)
    if problem.estimate_weights:
        notes = (*notes, WEIGHTS_KNOWN)
    if not solved:
        notes = (*notes, _HARDLY_TOLD)
    return variance, notes


def operator_of(
    problem: Problem,
    master: FloatArray,
    weights: FloatArray,
    sample: Patterns,
    free: npt.NDArray[np.bool_],
    louis: bool,
) -> InformationOperator:
    """The information of a sample at a master, as an operator."""
    complete = problem.noise.precision(master) * (weights @ problem.looks)
    responsibilities = problem.posterior(master, weights, sample)
    return InformationOperator(problem, master, sample, responsibilities, complete, free, louis)


def _at_a_time(operator: InformationOperator, columns: int) -> Iterator[int]:
    """How many columns to take at once, until all are."""
    n, n_pixels = operator.problem.rotations.n, operator.master.size
    together = min(_TOGETHER, max(1, min(_TABLE // (n_pixels * n), _SLOPES // (len(operator.sample) * n))))
    for begin in range(0, columns, together):
        yield min(together, columns - begin)


def newton_step(
    problem: Problem, master: FloatArray, weights: FloatArray, free: npt.NDArray[np.bool_], score: FloatArray
) -> FloatArray:
    """The inverse information per pattern, estimated from all patterns, times a score: (n_free,)."""
    louis = len(problem.patterns) < 10 * int(free.sum())
    operator = operator_of(problem, master, weights, problem.in_memory, free, louis)
    whiten = 1 / np.sqrt(operator.complete[free])
    solution, _ = conjugate_gradients(operator, (whiten * score[free])[:, None])
    return np.asarray(whiten * solution[:, 0])


def conjugate_gradients(operator: Callable[[FloatArray], FloatArray], right: FloatArray) -> tuple[FloatArray, bool]:
    """Solve for each column; False where the operator is not positive along the way, or the steps do not suffice."""
    solution, active = np.zeros_like(right), np.arange(right.shape[1])
    residual, direction = right.copy(), right.copy()
    size = (residual**2).sum(axis=0)
    target = _TOLERANCE**2 * size
    for _ in range(_STEPS):
        image = operator(direction)
        curvature = (direction * image).sum(axis=0)
        if (curvature <= 0).any():
            return solution, False
        step = size / curvature
        solution[:, active] += step * direction
        residual -= step * image
        before, size = size, (residual**2).sum(axis=0)
        going = size > target[active]
        if not going.any():
            return solution, True
        # A column that is solved is left alone: its direction would be rounding noise.
        active, residual = active[going], residual[:, going]
        direction = residual + size[going] / before[going] * direction[:, going]
        size = size[going]
    return solution, False
