"""How the kernels' time grows with the number of patterns: the exponent of a fitted power law."""

from __future__ import annotations

import time

import numpy as np

from benchmarks.peers import OURS, contenders
from benchmarks.results import save
from benchmarks.workloads import N_PATTERNS, Work

KERNELS = ("ingest", "likelihood", "back-rotation", "sweep", "assignment", "outer")
SIZES = ((10_000, 1), (N_PATTERNS, 1), (N_PATTERNS, 10), (N_PATTERNS, 100))
THREADS = (1, 2)
SECONDS, ROUNDS = 1.0, (5, 200)


def median_ms(name: str, work: Work, threads: int) -> float:
    """Median time of our kernel; output arrays are given."""
    prepared = next(entry for entry in contenders(name) if entry.name == OURS).prepare(work, threads)
    taken = []
    prepared.call()
    while len(taken) < ROUNDS[0] or (sum(taken) < SECONDS and len(taken) < ROUNDS[1]):
        began = time.perf_counter()
        prepared.call()
        taken.append(time.perf_counter() - began)
    return 1e3 * float(np.median(taken))


def exponent(sizes: list[int], times: list[float]) -> float:
    """Slope of log time over log size, by least squares."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def main() -> None:
    """All kernels, all sizes."""
    times: dict[tuple[str, int], list[float]] = {(name, threads): [] for name in KERNELS for threads in THREADS}
    sizes = [n_patterns * repeats for n_patterns, repeats in SIZES]
    for size in SIZES:
        work = Work(*size)
        for name, threads in times:
            times[name, threads].append(median_ms(name, work, threads))
            print(work.n_patterns, name, threads, f"{times[name, threads][-1]:.4g} ms", flush=True)
    rows = [
        {"kernel": name, "threads": threads, "ms": taken, "exponent": exponent(sizes, taken)}
        for (name, threads), taken in times.items()
    ]
    save("growth", {"sizes": sizes, "rows": rows})


if __name__ == "__main__":
    main()
