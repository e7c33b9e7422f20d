"""Dense NumPy, and NumPy without BLAS."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work


@contender("likelihood", "dense BLAS, float32", needs="numpy")
def likelihood(work: Work, _: int) -> Prepared:
    dense, weights, base = work.dense(), work.weights, work.base
    return Prepared(lambda: dense @ weights + base)


@contender("back-rotation", "np.add.at", needs="numpy")
def back_rotation(work: Work, _: int) -> Prepared:
    rows, cols, gamma = work.rows, work.cols, work.responsibilities

    def call() -> npt.NDArray[np.float64]:
        planes = np.zeros((work.n_pixels, gamma.shape[1]))
        np.add.at(planes, cols, gamma[rows])
        return planes

    return Prepared(call)


@contender("sweep", "plain NumPy over dense int64 patterns, hard labels", needs="numpy")
def sweep(work: Work, threads: int) -> Prepared:
    """Hard assignment by distance (Algorithm 1 of seed 000), all patterns at once."""
    dense = work.dense(np.int64)
    templates = work.centroids.reshape(-1, work.n_pixels)
    base = -0.5 * (templates**2).sum(axis=1)

    def call() -> npt.NDArray[np.float64]:
        labels = (dense @ templates.T + base).argmax(axis=1)
        return work.home(np.stack([dense[labels == r].sum(axis=0) for r in range(len(templates))], axis=1))

    def expected() -> npt.NDArray[np.float64]:
        weights = np.ascontiguousarray(templates.T)
        planes, *_, quantum = _core.sweep(work.patterns._core, weights, base, hard=True, threads=threads)
        return work.home(planes * quantum)

    return Prepared(call, expected=expected)


@contender("outer", "dense BLAS, float32", needs="numpy")
def outer(work: Work, _: int) -> Prepared:
    dense = work.dense()
    return Prepared(lambda: dense.T @ dense)
