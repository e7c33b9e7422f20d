"""Containers for patterns beyond memory, beside each other: HDF5, Dragonfly's .emc, and a store of Zarr sections.

Each is written block by block, opened, read cold and from the page cache, with checksums and without, and swept over;
and a process that writes it is killed. ``python -m benchmarks.container_study [PATTERNS] [FOLDER]``.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.containers import KINDS, Container, Store
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes.kernels.sweep import sweep_model
from motes.noise import linear_model
from motes.threads import available_threads

BLOCK = 100_000  # patterns that are appended together
ROUNDS = 7
TURNS = 7  # of processes within so much memory, one after the other: so that all have of what the machine does
KILLS = 20
MEMORY = "300MB"
PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
SIDE, PHOTONS = 25, 27


def patterns_of_a_block() -> motes.Patterns:
    """One block; the containers hold it again and again, which none of them notices."""
    master = motes.simulate.scaled(motes.simulate.portrait(SIDE), PHOTONS)
    photons = motes.simulate.patterns(master, BLOCK, seed=1)
    return motes.Patterns.from_coo(photons.rows, photons.cols, shape=(SIDE, SIDE), n_patterns=BLOCK)


def model() -> Any:
    """Weights of four templates, as the loops of a reconstruction have them at hand."""
    noise, master = motes.Bernoulli(), motes.simulate.scaled(motes.simulate.portrait(SIDE), PHOTONS)
    means = motes.C4.expand(master).reshape(4, -1).clip(*noise.limits(10**7))
    return linear_model(noise, means, log_prior=np.full(4, np.log(1 / 4)), dtype=np.float32)


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def forget(path: Path) -> None:
    """Have nothing of a file, or of the files of a folder, in the page cache."""
    for file in [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]:
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def forget_all(container: Container) -> None:
    """Likewise, of all files of a container."""
    for path in container.path.parent.iterdir():
        if path.is_dir() or path.is_file():
            forget(path)


def n_bytes(path: Path) -> int:
    """On the disk."""
    return path.stat().st_size if path.is_file() else sum(f.stat().st_size for f in path.rglob("*") if f.is_file())


def disk_rate(path: Path, rounds: int) -> dict[str, float]:
    """Bytes a second of a file that is read from one end to the other, cold: by the page cache, and past it."""
    import mmap

    room = memoryview(mmap.mmap(-1, 2**24))

    def read(flags: int) -> None:
        file = os.open(path, os.O_RDONLY | flags)
        while os.readv(file, [room]) > 0:
            pass
        os.close(file)

    found: dict[str, list[float]] = {"cached": [], "direct": []}
    for _ in range(rounds):
        for name, flags in (("cached", 0), ("direct", getattr(os, "O_DIRECT", 0))):
            forget(path)
            found[name].append(n_bytes(path) / seconds(lambda flags=flags: read(flags)))
    return {name: max(rates) for name, rates in found.items()}


def read_all(parts: Iterator[motes.Patterns]) -> int:
    """How many patterns there are, each photon read into memory."""
    return sum(len(part) for part in parts)


def sweep_all(parts: Iterator[motes.Patterns], weights: Any) -> Any:
    """The sums of one sweep over parts."""
    total, threads = 0, available_threads()
    for part in parts:
        total = total + sweep_model(part, weights, hard=False, threads=threads).planes
    return total


def measured(container: Container, block: motes.Patterns, n_blocks: int) -> dict[str, Any]:
    """All about one container."""
    weights = model()
    shutil.rmtree(container.path, ignore_errors=True)
    written = seconds(lambda: container.write(block for _ in range(n_blocks)))
    size, n = n_bytes(container.path), n_blocks * len(block)
    row: dict[str, Any] = {"name": container.name, "bytes": size, "write_s": written, "appends": container.appends}
    print(container.name, f"written in {written:.2f} s, {size / 1e6:.0f} MB", flush=True)
    photons = sum(part.total_image() for part in container.parts(container.has_checksum))
    np.testing.assert_array_equal(photons, block.total_image() * n_blocks)  # the same, before any time counts
    times: dict[str, list[float]] = {}

    def take(name: str, call: Callable[[], object]) -> None:
        worked = time.process_time()
        times.setdefault(name, []).append(seconds(call))
        times.setdefault(f"{name}_cpu", []).append(time.process_time() - worked)

    for _ in range(ROUNDS):
        take("open", container.open)
        for checked in (True, False)[not container.has_checksum :]:
            how = "checked" if checked else "unchecked"
            forget_all(container)
            take(f"cold_{how}", lambda checked=checked: read_all(container.parts(checked)))
            take(f"cached_{how}", lambda checked=checked: read_all(container.parts(checked)))
        take("sweep", lambda: sweep_all(container.parts(False), weights))
        forget_all(container)
        take("cold_sweep", lambda: sweep_all(container.parts(False), weights))
    for name, each in times.items():
        row[f"{name}_s"], row[f"{name}_best_s"] = statistics.median(each), min(each)
        print(f"  {name}: {min(each):.4g} s, {n / min(each) / 1e6:.3g} million patterns a second", flush=True)
    return row


# A process of its own: its peak, and its memory, are those of nothing else.
SWEEPS = """
import json, statistics, sys, time
from pathlib import Path
import motes
from benchmarks.container_study import ROUNDS, model, seconds
from motes.kernels.sweep import sweep_model
from motes.threads import available_threads

path, memory = sys.argv[1], sys.argv[2]
weights, threads = model(), available_threads()
store = motes.open_patterns(path)
patterns = store.to_memory() if memory == "all" else store.using(memory=None if memory == "default" else memory)
sweep = lambda: sweep_model(patterns, weights, hard=False, threads=threads)
sweep()
taken, worked = [], []
for _ in range(ROUNDS):
    before = time.process_time()
    taken.append(seconds(sweep))
    worked.append(time.process_time() - before)
peak = 1024 * int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])
print(json.dumps({"sweep_s": statistics.median(taken), "cpu_s": statistics.median(worked), "peak_bytes": peak}))
"""


def within(path: Path, memories: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    """Sweeps over a store within so much memory each, in turns, once it is in the page cache."""
    found: dict[str, list[dict[str, Any]]] = {memory: [] for memory in memories}
    for _ in range(TURNS):
        for memory in memories:
            asked = [sys.executable, "-c", SWEEPS, path, memory]
            done = subprocess.run(asked, check=True, capture_output=True, text=True)
            found[memory].append(json.loads(done.stdout))
            print(f"sweep within {memory}: {found[memory][-1]}", flush=True)
    return found


KILLED = """
import sys
from benchmarks.container_study import patterns_of_a_block
from benchmarks.containers import KINDS
from pathlib import Path

container = KINDS[sys.argv[1]](Path(sys.argv[2]))
block = patterns_of_a_block()

def blocks():
    number = 0
    print("begun", flush=True)
    while True:
        yield block[:20_000]
        number += 1
        print(number, flush=True)

container.write(blocks(), flush=sys.argv[3] == "flushed")
"""


def after_kills(kind: str, how: str, folder: Path) -> dict[str, Any]:
    """What is left of a container whose writer was killed at a random moment, and of what it had taken."""
    draw, told = np.random.default_rng(0), {"kills": KILLS, "opened": 0, "taken": 0, "readable": 0, "faults": []}
    for kill in range(KILLS):
        path = folder / f"killed{kill}{KINDS[kind].suffix}"
        writer = subprocess.Popen(
            [sys.executable, "-c", KILLED, kind, str(path), how],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(draw.uniform(0.1, 1.0))
        writer.kill()
        taken = [int(line) for line in writer.communicate()[0].split() if line.isdecimal()]
        told["taken"] += 20_000 * max(taken, default=0)
        try:
            n = sum(len(part) for part in KINDS[kind](path).parts(KINDS[kind].has_checksum))
        except Exception as error:
            told["faults"].append(f"{type(error).__name__}: {str(error).replace(str(folder), '')[:100]}")
        else:
            told["opened"] += 1
            told["readable"] += n
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    told["faults"] = sorted(set(told["faults"]))
    print(kind, how, told, flush=True)
    return told


def container_table(figures: dict[str, Any]) -> str:
    """Rates in GB of photons a second, and what a killed writer leaves."""
    gigabytes = figures["n_patterns"] * PHOTONS * 2 / 1e9
    told: list[list[str]] = []
    for row in figures["rows"]:
        rates = [
            f"{gigabytes / row[name]:.2f}" if name in row else "-"
            for name in (
                "write_s",
                "cold_checked_s",
                "cold_unchecked_s",
                "cached_unchecked_s",
                "sweep_s",
                "cold_sweep_s",
            )
        ]
        kills = [figures["kills"].get(f"{row['kind']}, {how}") for how in ("flushed", "plain")]
        left = ["written in one go" if one is None else f"{one['opened']} of {one['kills']}" for one in kills]
        told.append([row["name"], f"{row['bytes'] / 1e6:.0f}", f"{1e3 * row['open_s']:.1f}", *rates, *left])
    names = (
        "container", "MB", "open, ms", "write", "cold, checked", "cold", "cached", "sweep, cached", "sweep, cold",
        "opens after a kill, flushed each time", "and not",
    )  # fmt: skip
    return table(names, told)


def sweep_table(figures: dict[str, Any]) -> str:
    """A sweep from the store beside one in memory."""
    names = {"all": "patterns in memory", "default": "store, default memory", MEMORY: f"store, {MEMORY}"}
    inside, rows = figures["sweeps"]["all"], []
    for memory, runs in figures["sweeps"].items():
        taken, worked = (statistics.median(one[key] for one in runs) for key in ("sweep_s", "cpu_s"))
        ratios = sorted(one["sweep_s"] / beside["sweep_s"] for one, beside in zip(runs, inside, strict=True))
        times = f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})" if memory != "all" else "1"
        peak = max(one["peak_bytes"] for one in runs) / 1e6
        rows.append([names[memory], f"{taken:.3f}", f"{worked:.3f}", times, f"{peak:.0f}"])
    header = ("", "a sweep, s", "processors' seconds", "times memory, in turns", "peak of the process, MB")
    return table(header, rows)


def write_tables() -> None:
    """Put the tables between the marks of the page."""
    figures = figures_of("containers", "run without --tables")
    fill(PAGE, {"containers": container_table(figures), "containers sweeps": sweep_table(figures)})


def main() -> None:
    """All containers; with --tables, only the tables again."""
    if sys.argv[1:] == ["--tables"]:
        write_tables()
        return
    n_patterns = int(float(sys.argv[1])) if len(sys.argv) > 1 else 10**7
    where = sys.argv[2] if len(sys.argv) > 2 else None
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder, block = Path(name), patterns_of_a_block()
        n_blocks = max(1, n_patterns // BLOCK)
        rows = []
        for kind, container in KINDS.items():
            path = folder / f"run{container.suffix}"
            rows.append({"kind": kind, **measured(container(path), block, n_blocks)})
            if container is not Store:
                disk = disk_rate(path, ROUNDS) if kind == "hdf5" else None
                rows[-1]["disk"] = disk
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        store = folder / f"run{Store.suffix}"
        sweeps = within(store, ("all", "default", MEMORY))
        ways = [(kind, how) for kind, container in KINDS.items() if container.appends for how in ("flushed", "plain")]
        kills = {f"{kind}, {how}": after_kills(kind, how, folder) for kind, how in ways}
        save("containers", {"n_patterns": n_blocks * BLOCK, "rows": rows, "sweeps": sweeps, "kills": kills})
    write_tables()


if __name__ == "__main__":
    main()
