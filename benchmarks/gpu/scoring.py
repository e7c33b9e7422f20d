"""Rows of likelihood and sweep: every pattern under every template."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import numpy as np

from benchmarks.gpu.peers import Peers
from benchmarks.gpu.rows import CPU, Entry, Row, Target, beside, beside_best
from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.sparse import CupySparse, TorchSparse
from benchmarks.gpu.yardsticks import Bound
from motes import Patterns, _core, simulate
from motes.bench.workloads import CONTRAST, Work, as_patterns, log_odds

TORCH, CUPY, INDEX_ADD = "cuSPARSE, torch sparse CSR", "cuSPARSE, CuPy", "torch index_add"
LIKELIHOOD, SWEEP, WIDE = "likelihood, R = 4", "sweep", "likelihood, many templates"
WIDE_SIDE, WIDE_PHOTONS = 64, 100.0


class Scored:
    """Patterns and templates, in the host's memory and on the device."""

    def __init__(self, patterns: Patterns, weights: Any, base: Any, peers: Peers) -> None:
        self.patterns, self.weights, self.base, self.peers = patterns, weights, base, peers
        self.n_templates = len(base)
        self.work = {
            "patterns": len(patterns), "pixels": patterns.n_pixels, "photons": patterns.n_photons,
            "templates": self.n_templates,
        }  # fmt: skip

    def sparse_bytes(self) -> int:
        """CSR of the patterns, and one float32 for each score."""
        return 8 * self.patterns.n_lit + 4 * len(self.patterns) * (1 + self.n_templates)

    # -- likelihood ---------------------------------------------------------------------------------------------------

    def ours(self, cuda: ModuleType, there: Any) -> Any:
        """Into one array, as a loop would; templates are there already, as they are for the others."""
        weights, base = (cuda.from_numpy(part, device=there.device) for part in (self.weights, self.base))
        out = cuda.likelihood(there, weights, base)
        call = functools.partial(cuda.likelihood, there, weights, base, out=out)
        return call, lambda result: result.to_numpy()

    def on_the_processor(self) -> Any:
        """Two threads."""
        out = np.empty((len(self.patterns), self.n_templates), np.float32)
        call = functools.partial(_core.likelihood, self.patterns._core, self.weights, self.base, threads=2, out=out)
        return call, lambda result: result

    def with_torch(self) -> Any:
        """Torch sparse CSR @ dense."""
        sparse = TorchSparse(self.peers.torch, self.peers.place, self.patterns)
        weights, base = sparse.on_device(self.weights), sparse.on_device(self.base)
        return functools.partial(sparse.scores, weights, base), lambda scores: scores.cpu().numpy()

    def with_cupy(self) -> Any:
        """CuPy csr_matrix @ dense."""
        cupy: Any = self.peers.cupy
        sparse, weights, base = CupySparse(cupy, self.patterns), cupy.asarray(self.weights), cupy.asarray(self.base)
        return lambda: sparse.matrix @ weights + base, cupy.asnumpy

    # -- sweep --------------------------------------------------------------------------------------------------------

    def our_sweep(self, cuda: ModuleType, there: Any) -> Any:
        """E and M step at once."""
        return functools.partial(cuda.sweep, there, self.weights, self.base, hard=False), sums_of

    def sweep_on_the_processor(self) -> Any:
        """Two threads."""
        patterns = self.patterns._core
        return functools.partial(_core.sweep, patterns, self.weights, self.base, hard=False, threads=2), sums_of

    def sweep_with_torch(self) -> Any:
        """Two products with cuSPARSE, softmax and logsumexp between them."""
        sparse = TorchSparse(self.peers.torch, self.peers.place, self.patterns)
        weights, base, transposed = sparse.on_device(self.weights), sparse.on_device(self.base), sparse.transposed()

        def call() -> Any:
            gamma, total = sparse.em_step(sparse.scores(weights, base))
            return transposed @ gamma, total

        return call, torch_sums

    def sweep_with_index_add(self) -> Any:
        """Gather and index_add, both ways."""
        torch: Any = self.peers.torch
        sparse = TorchSparse(torch, self.peers.place, self.patterns)
        weights, base = sparse.on_device(self.weights), sparse.on_device(self.base)
        rows, cols = sparse.rows(), sparse.matrix.col_indices()
        photons = sparse.matrix.values()[:, None] if len(self.patterns.multi_extra) else None

        def call() -> Any:
            added = weights.index_select(0, cols)
            scores = base.expand(len(self.patterns), -1).clone()
            scores.index_add_(0, rows, added if photons is None else added * photons)
            gamma, total = sparse.em_step(scores)
            del scores, added
            back = gamma.index_select(0, rows)
            return torch.zeros_like(weights).index_add_(0, cols, back if photons is None else back * photons), total

        return call, torch_sums

    def sweep_with_cupy(self) -> Any:
        """Two products with cuSPARSE."""
        cupy: Any = self.peers.cupy
        sparse, weights, base = CupySparse(cupy, self.patterns), cupy.asarray(self.weights), cupy.asarray(self.base)
        transposed = sparse.matrix.T.tocsr()

        def call() -> Any:
            gamma, total = sparse.em_step(sparse.matrix @ weights + base)
            return transposed @ gamma, total

        return call, lambda found: (cupy.asnumpy(found[0]), float(found[1]))


def sums_of(found: Any) -> tuple[Any, float]:
    """Planes (M, R) and log-likelihood of a sweep of ours."""
    planes, _, whole, fraction, _, quantum = found
    return planes * quantum, whole + fraction / 2**30


def torch_sums(found: Any) -> tuple[Any, float]:
    """The same of torch's."""
    return found[0].cpu().numpy(), float(found[1])


def same_scores(theirs: Any, ours: Any, name: str) -> None:
    """Bits of the processor, rounding of the others."""
    if name == CPU:
        np.testing.assert_array_equal(theirs, ours)
    else:
        np.testing.assert_allclose(theirs, ours, rtol=1e-4, atol=2e-3)


def same_sums(theirs: Any, ours: Any, name: str) -> None:
    """Likewise, of a sweep."""
    exactly = name == CPU
    np.testing.assert_allclose(theirs[0], ours[0], rtol=0 if exactly else 1e-3, atol=0 if exactly else 0.05)
    np.testing.assert_allclose(theirs[1], ours[1], rtol=0 if exactly else 1e-6)


def w7(n_patterns: int) -> tuple[Patterns, Any, Any]:
    """Patterns of W7 and its four templates."""
    work = Work(n_patterns)
    return work.patterns, work.weights, work.base


def few_templates(cuda: ModuleType, device: int, sizes: Sizes, peers: Peers) -> Iterator[Row]:
    """`likelihood` and `sweep` of W7, many times."""
    one, weights, base = w7(sizes.drawn)
    of = Scored(Patterns.concatenate([one] * sizes.repeats), weights, base, peers)
    n, lit = len(of.patterns), of.patterns.n_lit
    there = of.patterns.to(f"cuda:{device}").uploaded()
    yield Row(
        LIKELIHOOD, of.work, Entry("motes", lambda: of.ours(cuda, there)),
        [
            Entry(CPU, of.on_the_processor, on_host=True),
            Entry(TORCH, of.with_torch, "torch", memory=2 * of.sparse_bytes()),
            Entry(CUPY, of.with_cupy, "cupy", memory=2 * of.sparse_bytes()),
        ],
        same_scores,
        Bound(2 * lit + 8 * (n + 1) + 16 * n, lit, 0, of.patterns.n_pixels,
              "2 B a photon, 8 B and 16 B a pattern; one 16-byte read of shared memory a photon"),
        [
            Target("at most 1.5 times its bound", lambda ms: ms["motes"] / ms["bound"], at_most=1.5),
            Target("4 times cuSPARSE", beside_best(TORCH, CUPY), at_least=4),
        ],
    )  # fmt: skip
    yield Row(
        SWEEP, of.work, Entry("motes", lambda: of.our_sweep(cuda, there)),
        [
            Entry(CPU, of.sweep_on_the_processor, on_host=True),
            Entry(TORCH, of.sweep_with_torch, "torch", memory=6 * of.sparse_bytes()),
            Entry(CUPY, of.sweep_with_cupy, "cupy", memory=6 * of.sparse_bytes()),
            Entry(INDEX_ADD, of.sweep_with_index_add, "torch", memory=2 * of.sparse_bytes() + 40 * lit),
        ],
        same_sums,
        Bound(2 * lit + 8 * (n + 1), lit, lit, of.patterns.n_pixels,
              "2 B a photon (the second time from a cache), 8 B a pattern; one 16-byte read of shared memory and "
              "additions to four integers there a photon"),
        [
            Target("at most 4 times the likelihood", lambda ms: ms["motes"] / ms[f"{LIKELIHOOD}/motes"], at_most=4),
            Target("6 times cuSPARSE in two passes", beside_best(TORCH, CUPY), at_least=6),
            Target("60 times the processor's two threads", beside(CPU), at_least=60),
        ],
    )  # fmt: skip


def many_templates(cuda: ModuleType, device: int, sizes: Sizes, peers: Peers) -> Iterator[Row]:
    """`likelihood` of large patterns under many templates."""
    master = simulate.scaled(simulate.with_contrast(simulate.portrait(WIDE_SIDE), CONTRAST), WIDE_PHOTONS)
    patterns = as_patterns(simulate.patterns(master, sizes.wide, seed=7))
    rng = np.random.default_rng(2)
    means = master.ravel() * rng.uniform(0.5, 2.0, (sizes.orientations, patterns.n_pixels))
    weights, base = log_odds(means)
    of = Scored(patterns, weights, base, peers)
    n, lit, panels = len(patterns), patterns.n_lit, -(-of.n_templates // 4)
    there = patterns.to(f"cuda:{device}").uploaded()
    yield Row(
        WIDE, of.work, Entry("motes", lambda: of.ours(cuda, there)),
        [
            Entry(CPU, of.on_the_processor, on_host=True),
            Entry(TORCH, of.with_torch, "torch", memory=3 * of.sparse_bytes()),
            Entry(CUPY, of.with_cupy, "cupy", memory=3 * of.sparse_bytes()),
        ],
        same_scores,
        Bound(2 * lit + 8 * (n + 1) + 4 * n * of.n_templates, lit * panels, 0, patterns.n_pixels,
              "2 B a photon, 8 B a pattern, 4 B a score; a 16-byte read of shared memory a photon and four templates"),
        [
            Target("2 times cuSPARSE", beside_best(TORCH, CUPY), at_least=2),
            Target("25 times the processor's two threads", beside(CPU), at_least=25),
        ],
    )  # fmt: skip
