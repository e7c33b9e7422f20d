"""cuSPARSE through torch and CuPy, torch's index_add, and sorting: what users write without us."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import Patterns

Triple = tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], npt.NDArray[np.float32]]


def csr_arrays(patterns: Patterns) -> Triple:
    """indptr, columns and photons, of 4 bytes each as cuSPARSE likes them."""
    values = np.ones(patterns.n_lit, np.float32)
    values[patterns.multi_position] += patterns.multi_extra
    return patterns.indptr.astype(np.int32), patterns.pixels.astype(np.int32), values


class TorchSparse:
    """Patterns as torch's CSR tensor, and its transpose."""

    def __init__(self, torch: ModuleType, place: str, patterns: Patterns) -> None:
        import warnings

        self._torch, self._place = torch, place
        indptr, cols, values = (torch.from_numpy(part).to(place) for part in csr_arrays(patterns))
        self._shape = (len(patterns), patterns.n_pixels)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # "Sparse CSR tensor support is in beta state"
            self.matrix = torch.sparse_csr_tensor(indptr, cols, values, size=self._shape)

    def on_device(self, array: npt.NDArray[Any]) -> Any:
        """A tensor beside the patterns."""
        return self._torch.from_numpy(np.ascontiguousarray(array)).to(self._place)

    def rows(self) -> Any:
        """(K,): pattern of each photon."""
        torch = self._torch
        counts = self.matrix.crow_indices().diff()
        return torch.repeat_interleave(torch.arange(self._shape[0], dtype=torch.int32, device=self._place), counts)

    def transposed(self) -> Any:
        """(M, N) CSR."""
        torch, cols = self._torch, self.matrix.col_indices()
        order = torch.argsort(cols, stable=True)
        indptr = torch.zeros(self._shape[1] + 1, dtype=torch.int32, device=self._place)
        indptr[1:] = torch.cumsum(torch.bincount(cols, minlength=self._shape[1]), 0)
        parts = indptr, self.rows()[order], self.matrix.values()[order]
        return torch.sparse_csr_tensor(*parts, size=self._shape[::-1])

    def scores(self, weights: Any, base: Any) -> Any:
        """(N, R)."""
        return (self.matrix @ weights).add_(base)

    def em_step(self, scores: Any) -> tuple[Any, Any]:
        """Responsibilities and the log-likelihood."""
        torch = self._torch
        return torch.softmax(scores, dim=1), torch.logsumexp(scores, dim=1).sum(dtype=torch.float64)


def torch_coo_to_csr(torch: ModuleType, rows: Any, cols: Any, n_patterns: int, n_pixels: int) -> tuple[Any, Any, Any]:
    """Patterns from shuffled photons by one sort: indptr, pixels, photons."""
    keys = torch.sort(rows.long() * n_pixels + cols).values
    keys, counts = torch.unique_consecutive(keys, return_counts=True)
    starts = torch.arange(n_patterns + 1, device=keys.device) * n_pixels
    return torch.searchsorted(keys, starts), (keys % n_pixels).int(), counts


class CupySparse:
    """Patterns as CuPy's CSR matrix."""

    def __init__(self, cupy: ModuleType, patterns: Patterns) -> None:
        import cupyx.scipy.sparse

        self._cupy = cupy
        indptr, cols, values = (cupy.asarray(part) for part in csr_arrays(patterns))
        shape = (len(patterns), patterns.n_pixels)
        self.matrix = cupyx.scipy.sparse.csr_matrix((values, cols, indptr), shape=shape)

    def em_step(self, scores: Any) -> tuple[Any, Any]:
        """Responsibilities and the log-likelihood."""
        best = scores.max(axis=1, keepdims=True)
        likely = self._cupy.exp(scores - best)
        total = likely.sum(axis=1, keepdims=True)
        return likely / total, (best + self._cupy.log(total)).sum(dtype=self._cupy.float64)
