"""Kernels written by hand in numba, on motes' own compact layout."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work, log_odds

NAME = "numba, hand-written"


def _layout(work: Work) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint16]]:
    return work.patterns.indptr.astype(np.uint64), np.array(work.patterns.pixels)


def _planes(work: Work) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float32]]:
    from motes.bench.peers.numba_kernels import BLOCK

    shape = (work.n_pixels, 4)
    return np.zeros(shape), np.zeros((-(-work.n_patterns // BLOCK), *shape), np.float32)


@contender("likelihood", NAME, needs="numba")
def likelihood(work: Work, _: int) -> Prepared:
    from motes.bench.peers import numba_kernels

    layout, weights, base = _layout(work), work.weights, work.base
    out = np.empty((work.n_patterns, 4), np.float32)

    def call() -> npt.NDArray[np.float32]:
        numba_kernels.likelihood(*layout, weights, base, out)
        return out

    return Prepared(call)


@contender("back-rotation", NAME, needs="numba")
def back_rotation(work: Work, _: int) -> Prepared:
    from motes.bench.peers import numba_kernels

    layout, gamma = _layout(work), work.responsibilities
    planes, block_planes = _planes(work)

    def call() -> npt.NDArray[np.float64]:
        numba_kernels.back_rotation(*layout, gamma, planes, block_planes)
        return planes

    return Prepared(call)


@contender("sweep", "numba, fused by hand", needs="numba")
def sweep(work: Work, _: int) -> Prepared:
    from motes.bench.peers import numba_kernels

    layout, master = _layout(work), work.master
    planes, block_planes = _planes(work)
    values = np.zeros(len(block_planes))

    def call() -> npt.NDArray[np.float64]:
        weights, base = log_odds(master[work.index])
        numba_kernels.sweep(*layout, weights, base, planes, block_planes, values)
        return work.home(planes)

    return Prepared(call)
