"""One point of the scaling study, in a process of its own: `python -m benchmarks.scaling.point JSON`.

The process's peak is that of nothing else. What it measured goes to the standard output, as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.scaling import wire
from benchmarks.scaling.stores import forget, master_of, read_plainly
from motes import C4, D4, Patterns, Rotations
from motes.kernels.sweep import sweep_model
from motes.noise import LinearModel, linear_model, noise_of
from motes.stored import StoredPatterns

GROUPS = {"C4": C4, "D4": D4, "in-plane:36": Rotations.in_plane(36)}
ALL = "all"  # patterns in memory, as `motes.Patterns`
LEAST, MOST, SECONDS = 3, 15, 4.0  # repeats
LOOK = 0.01  # seconds
OWN = ("RssAnon:", "RssShmem:")  # memory without a file behind it


@dataclass(frozen=True)
class Point:
    """What is measured, and on what."""

    kind: str
    """sweep, fit, cold or echo."""
    store: str = ""
    memory: str | None = None
    """`ALL`, or what `--memory` is told; None: its default."""
    threads: int = 2
    rotations: str = "C4"
    workers: int = 0
    """Processes of a Dask cluster here, with all threads between them; 0: this process."""
    n_bytes: int = 0
    """Of an echo's answer."""

    @property
    def name(self) -> str:
        """What tells it from other points: the same wherever the data lie."""
        told = asdict(self) | {"store": Path(self.store).name}
        return " ".join(f"{key}={value}" for key, value in told.items() if value not in ("", 0, None))


def repeated(call: Callable[[], object]) -> list[float]:
    """Seconds of each of several calls."""
    taken: list[float] = []
    while len(taken) < LEAST or (sum(taken) < SECONDS and len(taken) < MOST):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    return taken


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def peak() -> int:
    """Most bytes that this process ever had: ru_maxrss would count what its parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(status.read_text().split("VmHWM:")[1].split()[0])
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


@contextmanager
def own_peak() -> Iterator[list[int]]:
    """Most bytes of this process's own while the block lasts, without files that it has mapped: looked at now and then.

    Pages of mapped files, labels of a store among them, are the system's to take; its count of the peak holds them.
    """
    status, most, ended = Path("/proc/self/status"), [0], threading.Event()

    def look() -> None:
        while True:
            lines = (line.split() for line in status.read_text().splitlines() if line.startswith(OWN))
            most[0] = max(most[0], 1024 * sum(int(line[1]) for line in lines))
            if ended.wait(LOOK):
                return

    thread = threading.Thread(target=look, daemon=True)
    if status.exists():
        thread.start()
    try:
        yield most
    finally:
        ended.set()
        if status.exists():
            thread.join()


def read_here() -> int:
    """Bytes that this process ever asked its files for, wherever the system had them."""
    told = Path("/proc/self/io")
    return int(told.read_text().split("rchar:")[1].split()[0]) if told.exists() else 0


def bytes_read(client: Any) -> int:
    """By this process, or by the workers; messages, which they read too, are small beside patterns."""
    return sum(client.run(read_here).values()) if client else read_here()


@contextmanager
def source_of(point: Point) -> Iterator[tuple[Patterns | StoredPatterns, Any]]:
    """The patterns as the point wants them, and the client of those who work on them."""
    store = motes.open_patterns(point.store)
    if point.memory == ALL:
        yield store.to_memory(), None
    elif not point.workers:
        yield store.using(memory=point.memory), None
    else:
        with cluster_of(point) as client:
            from motes.distributed import DaskEngine

            engine = DaskEngine(client)
            client.handed_out = _counted(engine)
            yield store.using(memory=point.memory, engine=engine), client


def _counted(engine: Any) -> list[int]:
    """How many pieces an engine hands out in each pass, from now on."""
    counts: list[int] = []
    run = engine._dispatcher.run

    def counted(work: Any, pieces: Any, **how: Any) -> Any:
        counts.append(len(pieces))
        return run(work, pieces, **how)

    engine._dispatcher.run = counted
    return counts


@contextmanager
def cluster_of(point: Point) -> Iterator[Any]:
    """Workers whose bytes are counted."""
    from motes.distributed import connect

    with ExitStack() as closing_all:
        client = closing_all.enter_context(connect(f"local:{point.workers}", threads=point.threads))
        wire.start_counting()
        client.run(wire.start_counting)
        yield client


def model_of(point: Point, shape: tuple[int, int]) -> LinearModel:
    """Templates at the truth, as a reconstruction hands them to the kernels."""
    group = GROUPS[point.rotations]
    means = np.asarray(group.expand(master_of(shape[0]))).clip(1e-6, 0.999).reshape(group.n, -1)
    log_prior = np.log(np.full(group.n, 1 / group.n))
    return linear_model(noise_of(None), means, log_prior=log_prior, dtype=np.float32)


def sweep(point: Point) -> dict[str, Any]:
    """Sweeps over all patterns; the first, which verifies what it reads, for itself."""
    with source_of(point) as (patterns, client):
        model = model_of(point, patterns.shape)

        def call() -> None:
            sweep_model(patterns, model, hard=False, threads=point.threads)

        first = timed(call)
        sent, read = wire.sent(client) if client else {}, bytes_read(client)
        seconds = repeated(call)
        told = _size_of(patterns) | {"first": first, "seconds": seconds}
        told["read"] = (bytes_read(client) - read) / len(seconds)
        if client:
            told["sent"] = {who: (now - sent[who]) / len(seconds) for who, now in wire.sent(client).items()}
            told |= {"worker_peak": max(client.run(peak).values()), "pieces": client.handed_out[-1]}
        return told


def fit(point: Point) -> dict[str, Any]:
    """A whole reconstruction: the sample's maximum, passes over all patterns, error bars and labels."""
    with source_of(point) as (patterns, client):
        group = GROUPS[point.rotations]
        with own_peak() as own:
            found = motes.reconstruct(patterns, group, acceleration="sampled", threads=point.threads)
        of_sample = [one["seconds"] for one in found.history if one["step"].startswith("sample")]
        start, climbed = (of_sample or [0.0])[-1], found.history[-1]["seconds"]
        told = {
            "seconds": [found.seconds],
            "phases": {"start": start, "passes": climbed - start, "bars and labels": found.seconds - climbed},
            "passes": found.passes,
            "sweeps": found.sweeps,
            "converged": found.converged,
            "own_peak": own[0],
        }
        if client:
            told["worker_peak"] = max(client.run(peak).values())
        return told | _size_of(patterns)


def cold(point: Point) -> dict[str, Any]:
    """Passes over files that the system had to forget before, and plain reads of them, in turns."""
    store, path = motes.open_patterns(point.store).using(memory=point.memory), Path(point.store)
    model = model_of(point, store.shape)

    def read() -> None:
        with closing(store.parts()) as parts:
            for _ in parts:
                pass

    calls: dict[str, Callable[[], object]] = {
        "plain": lambda: read_plainly(path),
        "read": read,
        "sweep": lambda: sweep_model(store, model, hard=False, threads=point.threads),
    }
    forget(path)
    first = timed(calls["sweep"])
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(LEAST + 2):
        for name in list(calls)[turn % 3 :] + list(calls)[: turn % 3]:
            forget(path)
            taken[name].append(timed(calls[name]))
    return _size_of(store) | {
        "first": first,
        "cold": taken,
        "seconds": taken["sweep"],
        "file_bytes": read_plainly(path),
    }


class Echo:
    """Answers of so many bytes, and no other work."""

    def __init__(self, n_bytes: int) -> None:
        self.n_bytes = n_bytes

    def unfit(self) -> None:
        """Every process can do it."""

    def __call__(self, argument: int, turn: Any, threads: int) -> Any:
        """Whole numbers, as sums are."""
        return np.full(max(1, self.n_bytes // 8), argument)


def echo(point: Point) -> dict[str, Any]:
    """What a piece of work and a byte of its answer cost: pieces that are nothing but their answers, summed here."""
    from motes.distributed.dispatch import Dispatcher, Piece

    with cluster_of(point) as client:
        dispatcher, n = Dispatcher(client), 4 * point.workers
        homes = sorted(client.nthreads())
        pieces = [Piece(k, 1.0, homes[k // 4]) for k in range(n)]

        def call() -> None:
            total: Any = 0
            with closing(dispatcher.run(Echo(point.n_bytes), pieces)) as answers:
                for _, result in answers:
                    total = total + result

        call()
        before = wire.sent(client)
        seconds = repeated(call)
        after = wire.sent(client)
        sent = {who: (after[who] - before[who]) / len(seconds) for who in after}
        return {"seconds": seconds, "pieces": n, "sent": sent}


def merge(point: Point) -> dict[str, Any]:
    """What it costs workers to add up sums by themselves: a chain, each link at the worker that has not the last."""
    with cluster_of(point) as client:
        homes, links = sorted(client.nthreads()), 16
        own = [
            client.submit(np.full, max(1, point.n_bytes // 8), 1, workers=[homes[k % len(homes)]], pure=False)
            for k in range(links)
        ]

        def call() -> None:
            total = own[0]
            for k in range(1, links):
                total = client.submit(np.add, total, own[k], workers=[homes[k % len(homes)]], pure=False)
            client.submit(len, total, pure=False).result()

        call()
        return {"seconds": repeated(call), "links": links}


def _size_of(patterns: Patterns | StoredPatterns) -> dict[str, int]:
    stored = isinstance(patterns, StoredPatterns)
    return {
        "n_patterns": len(patterns),
        "n_photons": patterns.n_photons,
        "n_pixels": patterns.n_pixels,
        "n_bytes": patterns.nbytes,
        "sections": patterns.n_sections if stored else 0,
    }


KINDS = {"sweep": sweep, "fit": fit, "cold": cold, "echo": echo, "merge": merge}


def main() -> None:
    """Measure the point that is given."""
    point = Point(**json.loads(sys.argv[1]))
    imported = peak()
    told = KINDS[point.kind](point)
    print(json.dumps(told | {"imported": imported, "peak": peak()}))


if __name__ == "__main__":
    main()
