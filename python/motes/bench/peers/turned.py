"""Turns by many angles: motes, SciPy's sparse products and its interpolation of images; and a whole step with them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes.bench.peers import OURS, Prepared, contender
from motes.bench.turned_work import Turned, turned
from motes.bench.workloads import Work
from motes.kernels.sweep import sweep_model
from motes.noise import Poisson, linear_model

FloatArray = npt.NDArray[np.float64]


@contender("interpolation", OURS, needs="motes")
def expand(work: Work, threads: int) -> Prepared:
    given = turned(work)
    return Prepared(lambda: given.turns.expand(given.master, threads=threads))


@contender("interpolation, home", OURS, needs="motes")
def home(work: Work, threads: int) -> Prepared:
    given = turned(work)
    return Prepared(lambda: given.turns.back_rotate(given.planes, threads=threads))


@contender("interpolation", "SciPy CSR @ master, its 450,000 weights at hand", needs="scipy")
def expand_sparse(work: Work, _: int) -> Prepared:
    given = turned(work)
    matrix, master = given.matrix, given.master.ravel()
    return Prepared(lambda: matrix @ master, lambda numbers: _planes(given, numbers))


@contender("interpolation", "scipy.ndimage.map_coordinates, places at hand", needs="scipy")
def expand_at_places(work: Work, _: int) -> Prepared:
    """Beyond the disc it reads zeros, which its edge is corrected for."""
    from scipy.ndimage import map_coordinates

    given = turned(work)
    masked = np.where(given.inside, given.master.ravel(), 0.0).reshape(given.master.shape)
    ones = given.inside.reshape(masked.shape).astype(np.float64)
    share = map_coordinates(ones, given.places, order=1, mode="grid-constant")

    def call() -> FloatArray:
        found: FloatArray = map_coordinates(masked, given.places, order=1, mode="grid-constant")
        found /= share
        return found

    def read(found: FloatArray) -> FloatArray:
        numbers = np.zeros((given.master.size, given.turns.n))
        numbers[given.inside] = found
        return _planes(given, numbers)

    return Prepared(call, read)


@contender("interpolation", "scipy.ndimage.rotate, angle by angle", needs="scipy")
def expand_by_rotate(work: Work, _: int) -> Prepared:
    """As one writes it first; the edge is corrected when it is compared."""
    from scipy.ndimage import rotate

    given = turned(work)
    masked = np.where(given.inside, given.master.ravel(), 0.0).reshape(given.master.shape)

    def turns_of(image: FloatArray) -> FloatArray:
        return np.stack([rotate(image, -a, reshape=False, order=1, mode="grid-constant") for a in given.turns.angles])

    def read(found: FloatArray) -> FloatArray:
        share = turns_of(given.inside.reshape(masked.shape).astype(np.float64))
        inside = given.inside.reshape(masked.shape)
        return np.where(inside, found / np.where(inside, share, 1.0), 0.0)

    return Prepared(lambda: turns_of(masked), read)


@contender("interpolation, home", "SciPy A.T @ planes, its 450,000 weights at hand", needs="scipy")
def home_sparse(work: Work, _: int) -> Prepared:
    given = turned(work)
    back, planes = given.matrix.T, _numbers(given.planes)
    return Prepared(lambda: back @ planes, lambda found: found.reshape(given.master.shape))


def _planes(given: Turned, numbers: FloatArray) -> FloatArray:
    """(R, L, L) of numbers that are pixel-major."""
    return numbers.reshape(-1, given.turns.n).T.reshape(given.turns.n, *given.master.shape)


def _numbers(planes: FloatArray) -> FloatArray:
    """Pixel-major numbers of planes."""
    return planes.reshape(len(planes), -1).T.ravel()


# -- a whole iteration: E step, sums, and the ratio update of the M step for Poisson noise ----------------------------


@contender("sweep, R = 36", OURS, needs="motes")
def step(work: Work, threads: int) -> Prepared:
    given = turned(work)
    turns, patterns, noise = given.turns, given.patterns, Poisson()
    low, high = noise.limits(len(patterns))
    prior = np.full(turns.n, -np.log(turns.n))
    covered = np.ones(given.planes.shape)

    def call() -> FloatArray:
        means = turns.expand(given.master, threads=threads).clip(low, high)
        model = linear_model(noise, means.reshape(turns.n, -1), log_prior=prior, good=given.inside)
        sums = sweep_model(patterns, model, hard=False, threads=threads)
        photons = turns.back_rotate(sums.planes / means, threads=threads)
        looks = turns.back_rotate(covered * sums.weights[:, None, None], threads=threads)
        return _ratio(given, photons, looks)

    return Prepared(call)


@contender("sweep, R = 36", "SciPy sparse products, as one writes it first (float64)", needs="scipy")
def step_first(work: Work, _: int) -> Prepared:
    given = turned(work)
    x, matrix, inside = given.csr(np.float64), given.matrix, given.inside

    def call() -> FloatArray:
        means = (matrix @ given.master.ravel()).reshape(-1, given.turns.n)
        weights = np.log(means, out=np.zeros_like(means), where=inside[:, None])
        scores = x @ weights - means.sum(axis=0)
        top = scores.max(axis=1, keepdims=True)
        gamma = np.exp(scores - top)
        gamma = gamma / gamma.sum(axis=1, keepdims=True)
        ratio = np.divide(x.T @ gamma, means, out=np.zeros_like(means), where=inside[:, None])
        photons = matrix.T @ ratio.ravel()
        looks = matrix.T @ np.tile(gamma.sum(axis=0), len(means))
        return _ratio(given, photons, looks)

    return Prepared(call)


@contender("sweep, R = 36", "SciPy sparse products, in place, tuned (float32)", needs="scipy")
def step_tuned(work: Work, _: int) -> Prepared:
    given = turned(work)
    x, matrix, inside = given.csr(np.float32), given.matrix, given.inside[:, None]

    def call() -> FloatArray:
        means = (matrix @ given.master.ravel()).reshape(-1, given.turns.n)
        weights = np.log(means, out=np.zeros_like(means), where=inside)
        weights -= weights.mean(axis=1, keepdims=True)
        base = means.sum(axis=0)
        scores: npt.NDArray[Any] = x @ weights.astype(np.float32)
        scores -= (base - base.mean()).astype(np.float32)
        scores -= scores.max(axis=1, keepdims=True)
        np.exp(scores, out=scores)
        scores /= scores.sum(axis=1, keepdims=True)
        ratio = np.divide(x.T @ scores, means, out=np.zeros_like(means), where=inside)
        photons = matrix.T @ ratio.ravel()
        looks = matrix.T @ np.tile(scores.sum(axis=0, dtype=np.float64), len(means))
        return _ratio(given, photons, looks)

    return Prepared(call)


def _ratio(given: Turned, photons: FloatArray, looks: FloatArray) -> FloatArray:
    """The next master: (M,)."""
    master, inside = given.master.ravel(), given.inside
    return np.divide(master * photons.ravel(), looks.ravel(), out=np.zeros_like(master), where=inside)
