"""Every kernel once, on data enough for several lanes: what invariances are checked on.

As a program, `python fingerprint.py OUT.npz` writes all results: another instruction set is another process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache

import numpy as np
from motes import C4, Patterns, _core
from motes.kernels.outer import outer_home, second_moments
from strategies import random_case, random_table

SHAPE = (12, 12)
N_PATTERNS = 12_500  # a lane is 4096 patterns; of `outer`, 256

Results = dict[str, np.ndarray]


@cache
def data() -> Patterns:
    case = random_case(np.random.default_rng(7), N_PATTERNS, SHAPE, density=0.07, max_count=2)
    return case.patterns


def coefficients(n: int, dtype) -> np.ndarray:
    return np.random.default_rng(8).dirichlet(np.ones(n), N_PATTERNS).astype(dtype)


def table(n: int, dtype):
    return random_table(np.random.default_rng(n), SHAPE[0] * SHAPE[1], n, dtype, impossible=0.003, spread=0.7)


def ingest(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    """The entries of the first order, every third one twice: they have to be sorted, merged and counted."""
    rows = np.repeat(order, np.diff(patterns.indptr))
    cols = patterns.pixels[patterns.indptr[0] : patterns.indptr[-1]]
    twice = (rows + cols) % 3 == 0
    entries = [np.concatenate([values, values[twice]]) for values in (rows, cols)]
    arrays = _core.ingest(*entries, None, n_patterns=len(patterns), n_pixels=patterns.n_pixels, threads=threads)
    return dict(zip(("indptr", "pixels", "position", "extra"), arrays, strict=True))


def likelihood(dtype, n: int) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        t = table(n, dtype)
        scores = _core.likelihood(patterns._core, t.weights, t.base, threads=threads)
        label, gamma, evidence = _core.posterior(
            patterns._core, t.weights, t.base, label=True, responsibility=True, evidence=True, threads=threads
        )
        return {"scores": scores, "label": label, "gamma": gamma, "evidence": evidence}

    return run


def backrotation(dtype, n: int) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        return {"sums": _core.backrotation(patterns._core, coefficients(n, dtype)[order], threads=threads)}

    return run


def sweep(dtype, n: int, *, hard: bool = False) -> Callable[..., Results]:
    def run(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
        t = table(n, dtype)
        planes, weights, whole, fraction, impossible, _ = _core.sweep(
            patterns._core, t.weights, t.base, hard=hard, threads=threads
        )
        return {"sums": planes, "members": weights, "total": np.array([whole, fraction, impossible])}

    return run


def assignment(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    photons, members = np.zeros((patterns.n_pixels, 9), np.int64), np.zeros(9, np.int64)
    labels = np.full(len(patterns), -1, np.int32)
    totals = []
    for seed in (1, 2):
        t = random_table(np.random.default_rng(seed), patterns.n_pixels, 9, np.float64)
        totals += _core.assignment(
            patterns._core, t.weights, t.base, photons=photons, members=members, labels=labels, threads=threads
        )
    return {"sums": photons, "members": members, "label": labels, "total": np.array(totals)}


def outer(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    sums = outer_home(patterns, coefficients(4, np.float32)[order], C4.orbits(SHAPE), threads=threads)
    return {"sums": sums, "second": second_moments(patterns, threads=threads)}


def container(patterns: Patterns, order: np.ndarray, threads: int) -> Results:
    taken = _core.take(patterns._core, np.argsort(order), threads=threads)  # back in the first order
    arrays = dict(zip(("indptr", "pixels", "position", "extra"), taken, strict=True))
    return {"sums": _core.total_image(patterns._core, threads=threads)} | arrays


KERNELS: dict[str, Callable[..., Results]] = {
    "ingest": ingest,
    "container": container,
    "likelihood f32 4": likelihood(np.float32, 4),
    "likelihood f32 33": likelihood(np.float32, 33),
    "likelihood f64 5": likelihood(np.float64, 5),
    "backrotation f32 4": backrotation(np.float32, 4),
    "backrotation f32 33": backrotation(np.float32, 33),
    "backrotation f64 5": backrotation(np.float64, 5),
    "sweep f32 4": sweep(np.float32, 4),
    "sweep f32 8": sweep(np.float32, 8),
    "sweep f32 33": sweep(np.float32, 33),
    "sweep f64 5": sweep(np.float64, 5),
    "sweep f32 4 hard": sweep(np.float32, 4, hard=True),
    "assignment": assignment,
    "outer": outer,
}
PER_PATTERN = ("scores", "label", "gamma", "evidence")  # results with a row for each pattern; the others are sums


def main(path: str) -> None:
    order = np.arange(N_PATTERNS)
    found = {
        f"{kernel}: {name}": value for kernel, run in KERNELS.items() for name, value in run(data(), order, 2).items()
    }
    np.savez(path, isa=np.array(_core.isa()), **found)


if __name__ == "__main__":
    main(sys.argv[1])
