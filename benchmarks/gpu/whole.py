"""Rows of whole calls: a reconstruction, and patterns from shuffled photons."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.gpu.peers import Peers
from benchmarks.gpu.rows import CPU, Entry, Row, Target, beside_best
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.sparse import torch_coo_to_csr
from benchmarks.gpu.yardsticks import Bound
from motes import Patterns
from motes.bench.workloads import CONTRAST, PHOTONS, SIDE, Work, portrait

TORCH_SORT, CUPY_SORT = "torch, sort", "CuPy, coo_matrix(...).tocsr()"


def reconstruction(_: ModuleType, device: int, sizes: Sizes, __: Peers) -> Iterator[Row]:
    """W7, from patterns on the device to a picture with error bars."""
    patterns = Work(sizes.w7).patterns
    there = patterns.to(f"cuda:{device}")
    there.uploaded()
    n_sweeps = len(motes.reconstruct(patterns, threads=2).history)
    n, lit = len(patterns), patterns.n_lit

    def call_on(where: Patterns) -> Any:
        return functools.partial(motes.reconstruct, where, threads=2), lambda result: result.master

    yield Row(
        "reconstruct",
        {"patterns": n, "photons": patterns.n_photons, "iterations": n_sweeps},
        Entry("motes", lambda: call_on(there)),
        [Entry(CPU, lambda: call_on(patterns), on_host=True)],
        lambda theirs, ours, _: np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-3 * theirs.max()),
        Bound(n_sweeps * (2 * lit + 8 * (n + 1)), n_sweeps * lit, n_sweeps * lit, patterns.n_pixels,
              "as sweep, for each iteration; what is far above it is latency: launches, waits, and the host's share"),
        [Target("under 50 ms", lambda ms: ms["motes"], at_most=50)],
    )  # fmt: skip


def shuffled_photons(n_photons: int) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32], int]:
    """Pattern and pixel of photons in random order, as many a pattern and spread as in W7; how many patterns."""
    rng = np.random.default_rng(4)
    n_patterns = round(n_photons / PHOTONS)
    share = portrait(CONTRAST).ravel() / PHOTONS
    by_lot = np.repeat(
        np.arange(SIDE * SIDE, dtype=np.int32), np.diff(np.rint(2**16 * share.cumsum()), prepend=0).astype(int)
    )
    rows = rng.integers(0, n_patterns, n_photons, np.int32)
    return rows, by_lot[rng.integers(0, len(by_lot), n_photons, np.uint16, endpoint=False)], n_patterns


def ingest(cuda: ModuleType, device: int, sizes: Sizes, peers: Peers) -> Iterator[Row]:
    """Patterns from photons whose arrays are on the device."""
    rows, cols, n_patterns = shuffled_photons(sizes.photons)
    n_pixels, k = SIDE * SIDE, len(rows)
    options = {"shape": (SIDE, SIDE), "n_patterns": n_patterns}

    def photons_of(patterns: Patterns) -> tuple[Any, Any, Any]:
        counts = np.ones(patterns.n_lit, np.int64)
        counts[patterns.multi_position] += patterns.multi_extra
        return patterns.indptr, patterns.pixels, counts

    def ours() -> Any:
        there = (cuda.from_numpy(rows, device=device), cuda.from_numpy(cols, device=device))
        return functools.partial(Patterns.from_coo, *there, **options), photons_of

    def on_the_processor() -> Any:
        return functools.partial(Patterns.from_coo, rows, cols, threads=2, **options), photons_of

    def with_torch() -> Any:
        torch: Any = peers.torch
        there = (torch.from_numpy(rows).to(peers.place), torch.from_numpy(cols).to(peers.place))
        call = functools.partial(torch_coo_to_csr, torch, *there, n_patterns, n_pixels)
        return call, lambda found: tuple(part.cpu().numpy() for part in found)

    def with_cupy() -> Any:
        import cupyx.scipy.sparse

        cupy: Any = peers.cupy
        there = (cupy.asarray(rows), cupy.asarray(cols))
        ones = cupy.ones(k, cupy.float32)

        def call() -> Any:
            return cupyx.scipy.sparse.coo_matrix((ones, there), shape=(n_patterns, n_pixels)).tocsr()

        return call, lambda csr: tuple(cupy.asnumpy(part) for part in (csr.indptr, csr.indices, csr.data))

    def agree(theirs: Any, mine: Any, _: str) -> None:
        for one, other in zip(theirs, mine, strict=True):
            np.testing.assert_array_equal(one, other)

    yield Row(
        "ingest",
        {"photons": k, "patterns": n_patterns, "pixels": n_pixels},
        Entry("motes", ours),
        [
            Entry(CPU, on_the_processor, on_host=True),
            Entry(TORCH_SORT, with_torch, "torch", memory=50 * k),
            Entry(CUPY_SORT, with_cupy, "cupy", memory=60 * k),
        ],
        agree,
        Bound(10 * k + 8 * (n_patterns + 1), 0, 0, n_pixels,
              "8 B read and 2 B written a photon, 8 B a pattern; every pass of a sort adds what it reads and writes"),
        [Target("5 times a sort in torch or CuPy", beside_best(TORCH_SORT, CUPY_SORT), at_least=5)],
    )  # fmt: skip
