"""How the kernels' time grows with the number of patterns: the exponent of a fitted power law."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.results import save
from motes import _core
from motes.bench.peers import OURS, contenders
from motes.bench.workloads import N_PATTERNS, SIDE, Work

COPY = "a copy of the photons' indices"  # what memory itself takes, in the cache and out of it
KERNELS = ("ingest", "likelihood", "back-rotation", "sweep", "assignment", "outer")
SIZES = ((10_000, 1), (N_PATTERNS, 1), (N_PATTERNS, 10), (N_PATTERNS, 100))
THREADS = (1, 2)
SECONDS, ROUNDS = 1.0, (5, 200)


def _as_raced(name: str, work: Work, threads: int) -> Callable[[], object]:
    return next(entry for entry in contenders(name) if entry.name == OURS).prepare(work, threads).call


def _ingest(work: Work, threads: int) -> Callable[[], object]:
    """Into arrays that are there: what the machine takes to make memory grows in its own way."""
    size = {"n_patterns": work.n_patterns, "n_pixels": SIDE * SIDE, "threads": threads}
    indptr, pixels, *_ = _core.ingest(work.rows, work.cols, None, **size)
    return lambda: _core.ingest(work.rows, work.cols, None, **size, out_indptr=indptr, out_pixels=pixels)


def _copy(work: Work) -> Callable[[], object]:
    pairs = (work.rows, np.empty_like(work.rows)), (work.cols, np.empty_like(work.cols))
    for source, target in pairs:
        np.copyto(target, source)  # so that the pages are there

    def call() -> None:
        for source, target in pairs:
            np.copyto(target, source)

    return call


def _prepared(name: str, work: Work, threads: int) -> Callable[[], object]:
    if name == COPY:
        return _copy(work)
    return _ingest(work, threads) if name == "ingest" else _as_raced(name, work, threads)


def median_ms(call: Callable[[], object]) -> float:
    """Median time of a call."""
    taken: list[float] = []
    call()
    while len(taken) < ROUNDS[0] or (sum(taken) < SECONDS and len(taken) < ROUNDS[1]):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return 1e3 * float(np.median(taken))


def exponent(sizes: list[int], times: list[float]) -> float:
    """Slope of log time over log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def main() -> None:
    """All kernels, all sizes."""
    times: dict[tuple[str, int], list[float]] = {(name, threads): [] for name in KERNELS for threads in THREADS}
    times[COPY, 1] = []
    sizes = [n_patterns * repeats for n_patterns, repeats in SIZES]
    for size in SIZES:
        work = Work(*size)
        for name, threads in times:
            times[name, threads].append(median_ms(_prepared(name, work, threads)))
            print(work.n_patterns, name, threads, f"{times[name, threads][-1]:.4g} ms", flush=True)
    rows = [
        {"kernel": name, "threads": threads, "ms": taken, "exponent": exponent(sizes, taken)}
        for (name, threads), taken in times.items()
    ]
    save("growth", {"sizes": sizes, "rows": rows})


if __name__ == "__main__":
    main()
