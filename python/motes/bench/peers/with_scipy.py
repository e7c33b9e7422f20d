"""SciPy's sparse matrices: what a Python user writes first, and with care. They run on one thread."""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work, log_odds


def _tocsr(work: Work, rows: npt.NDArray[np.int32], cols: npt.NDArray[np.int32]) -> Prepared:
    from scipy.sparse import coo_matrix

    ones, shape = work.ones, (work.n_patterns, work.n_pixels)
    return Prepared(lambda: coo_matrix((ones, (rows, cols)), shape=shape).tocsr(), lambda x: (x.indptr, x.indices))


@contender("ingest", "SciPy coo_matrix(...).tocsr()", needs="scipy")
@contender("ingest, 100M photons", "SciPy coo_matrix(...).tocsr()", needs="scipy")
def ingest(work: Work, _: int) -> Prepared:
    return _tocsr(work, work.rows, work.cols)


@contender("ingest, shuffled", "SciPy coo_matrix(...).tocsr()", needs="scipy")
def ingest_shuffled(work: Work, _: int) -> Prepared:
    return _tocsr(work, *work.shuffled)


def _likelihood(work: Work, dtype: Any) -> Prepared:
    x, weights, base = work.csr(dtype), work.weights.astype(dtype), work.base.astype(dtype)

    def call() -> npt.NDArray[Any]:
        scores = x @ weights
        scores += base
        return scores

    return Prepared(call)


@contender("likelihood", "SciPy CSR @ dense, float32", needs="scipy")
def likelihood_f32(work: Work, _: int) -> Prepared:
    return _likelihood(work, np.float32)


@contender("likelihood", "SciPy CSR @ dense, float64", needs="scipy")
def likelihood_f64(work: Work, _: int) -> Prepared:
    return _likelihood(work, np.float64)


@contender("likelihood, R = 1024", "SciPy CSR @ dense, float32", needs="scipy")
def likelihood_many(work: Work, _: int) -> Prepared:
    x, weights = work.csr(), work.many_weights
    return Prepared(lambda: x @ weights)


@contender("posterior", "SciPy, in place, tuned", needs="scipy")
def posterior(work: Work, _: int) -> Prepared:
    x, weights, base = work.csr(), work.weights, work.base

    def call() -> npt.NDArray[np.float32]:
        scores: npt.NDArray[np.float32] = x @ weights
        scores += base
        softmax_in_place(scores)
        return scores

    return Prepared(call)


@contender("back-rotation", "SciPy X.T @ gamma", needs="scipy")
def back_rotation(work: Work, _: int) -> Prepared:
    x, gamma = work.csr(), work.responsibilities
    return Prepared(lambda: x.T @ gamma)  # a view: with these few columns several times faster than a transposed copy


@contender("sweep", "SciPy, as one writes it first (float64)", needs="scipy")
def sweep_first(work: Work, _: int) -> Prepared:
    x, master = work.csr(np.float64), work.master

    def call() -> npt.NDArray[np.float64]:
        weights, base = log_odds(master[work.index], np.float64)
        scores = x @ weights + base
        top = scores.max(axis=1, keepdims=True)
        gamma = np.exp(scores - top)
        total = gamma.sum(axis=1, keepdims=True)
        gamma = gamma / total
        (np.log(total) + top).sum()
        return work.home(x.T @ gamma)

    return Prepared(call)


@contender("sweep", "SciPy, in place, tuned", needs="scipy")
def sweep_tuned(work: Work, _: int) -> Prepared:
    x, master = work.csr(), work.master

    def call() -> npt.NDArray[np.float64]:
        weights, base = log_odds(master[work.index])
        scores = x @ weights
        scores += base
        softmax_in_place(scores)
        return work.home(x.T @ scores)

    return Prepared(call)


def softmax_in_place(scores: npt.NDArray[np.float32]) -> float:
    """Scores (N, R) become responsibilities; the log-likelihood is returned.

    Column by column: NumPy's reductions along rows of four are many times slower.
    """
    columns = list(scores.T)
    top = reduce(np.maximum, columns[1:], columns[0].copy())
    scores -= top[:, None]
    np.exp(scores, out=scores)
    total = reduce(np.add, columns[1:], columns[0].copy())
    scores /= total[:, None]
    return float(np.log(total).sum(dtype=np.float64) + top.sum(dtype=np.float64))


@contender("outer", "SciPy (X.T @ X).toarray()", needs="scipy")
def outer(work: Work, _: int) -> Prepared:
    x = work.csr()
    return Prepared(lambda: (x.T @ x).toarray())
