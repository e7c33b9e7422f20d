"""torch's sparse CSR tensors, on the processor."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.bench.peers import Prepared, contender
from motes.bench.workloads import Work, log_odds

NAME = "torch sparse CSR"


def _sparse(matrix: Any) -> Any:
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Sparse CSR tensor support is in beta state"
        parts = (torch.from_numpy(part.copy()) for part in (matrix.indptr, matrix.indices, matrix.data))
        return torch.sparse_csr_tensor(*parts, size=matrix.shape)


def _array(result: Any) -> npt.NDArray[Any]:
    return np.asarray(result)


@contender("likelihood", NAME, needs="torch")
def likelihood(work: Work, _: int) -> Prepared:
    import torch

    x, weights, base = _sparse(work.csr()), torch.from_numpy(work.weights), torch.from_numpy(work.base)
    return Prepared(lambda: (x @ weights).add_(base), _array)


@contender("likelihood, R = 1024", NAME, needs="torch")
def likelihood_many(work: Work, _: int) -> Prepared:
    import torch

    x, weights = _sparse(work.csr()), torch.from_numpy(work.many_weights)
    return Prepared(lambda: x @ weights, _array)


@contender("back-rotation", NAME, needs="torch")
def back_rotation(work: Work, _: int) -> Prepared:
    import torch

    x, gamma = _sparse(work.csr(transposed=True)), torch.from_numpy(work.responsibilities)
    return Prepared(lambda: x @ gamma, _array)


@contender("sweep", "torch sparse", needs="torch")
def sweep(work: Work, _: int) -> Prepared:
    import torch

    x, transposed, master = _sparse(work.csr()), _sparse(work.csr(transposed=True)), work.master

    def call() -> npt.NDArray[np.float64]:
        weights, base = (torch.from_numpy(part) for part in log_odds(master[work.index]))
        scores = (x @ weights).add_(base)
        torch.logsumexp(scores, dim=1).sum()
        return work.home((transposed @ torch.softmax(scores, dim=1)).numpy())

    return Prepared(call)
