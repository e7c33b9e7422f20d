"""MKL's sparse products, through sparse_dot_mkl."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.bench.peers import Prepared, contender
from motes.bench.peers.with_scipy import softmax_in_place
from motes.bench.workloads import Work, log_odds

NAME = "MKL sparse CSR"


@contender("likelihood", NAME, needs="sparse_dot_mkl")
def likelihood(work: Work, _: int) -> Prepared:
    from sparse_dot_mkl import dot_product_mkl

    x, weights, base = work.csr(), work.weights, work.base
    out = np.zeros((work.n_patterns, len(base)), np.float32)

    def call() -> npt.NDArray[np.float32]:
        dot_product_mkl(x, weights, out=out)
        np.add(out, base, out=out)
        return out

    return Prepared(call)


@contender("likelihood, R = 1024", NAME, needs="sparse_dot_mkl")
def likelihood_many(work: Work, _: int) -> Prepared:
    from sparse_dot_mkl import dot_product_mkl

    x, weights = work.csr(), work.many_weights
    out = np.zeros((work.n_patterns, weights.shape[1]), np.float32)
    return Prepared(lambda: dot_product_mkl(x, weights, out=out))


@contender("back-rotation", NAME, needs="sparse_dot_mkl")
def back_rotation(work: Work, _: int) -> Prepared:
    from sparse_dot_mkl import dot_product_mkl

    x, gamma = work.csr(transposed=True), work.responsibilities
    out = np.zeros((work.n_pixels, gamma.shape[1]), np.float32)
    return Prepared(lambda: dot_product_mkl(x, gamma, out=out))


@contender("sweep", "MKL, two passes", needs="sparse_dot_mkl")
def sweep(work: Work, _: int) -> Prepared:
    from sparse_dot_mkl import dot_product_mkl

    x, transposed, master = work.csr(), work.csr(transposed=True), work.master
    scores = np.zeros((work.n_patterns, len(work.index)), np.float32)
    planes = np.zeros((work.n_pixels, len(work.index)), np.float32)

    def call() -> npt.NDArray[np.float64]:
        weights, base = log_odds(master[work.index])
        dot_product_mkl(x, weights, out=scores)
        np.add(scores, base, out=scores)
        softmax_in_place(scores)
        dot_product_mkl(transposed, scores, out=planes)
        return work.home(planes)

    return Prepared(call)
