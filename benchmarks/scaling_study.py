"""How time, memory and network grow with patterns, pixels, rotations and workers: `python -m benchmarks.scaling_study`.

Measures part by part, each point in a process of its own, and adds what it finds to `results/scaling.json`: a point
that has as many runs as were asked for is not measured again. `--tables` makes the tables and pictures of
docs/scaling.md from what is there. On a quiet machine, a part at a time:

    python -m benchmarks.scaling_study --data FOLDER --part data
    python -m benchmarks.scaling_study --data FOLDER --part sizes --fresh

The patterns need 3 GB in FOLDER, and are drawn once.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from benchmarks.results import load, save
from benchmarks.scaling.point import ALL, Point
from benchmarks.scaling.stores import store_of

SIZES = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000, 30_000_000)
SIDES, GROUPS, WORKERS = (25, 64), ("C4", "D4", "in-plane:36"), (1, 2, 4)
LARGE, SOME, FEW = 10_000_000, 1_000_000, 100_000
LITTLE = "300MB"
ANSWERS = (1_000, 30_000, 1_000_000, 10_000_000)  # bytes
LIMIT = 600  # seconds for a point


def sizes() -> Iterator[Point]:
    """Sweeps, in memory and through little of it."""
    for n in SIZES:
        for memory in (ALL, LITTLE):
            yield Point("sweep", store(25, n), memory)


def fits() -> Iterator[Point]:
    """Whole reconstructions."""
    for n in SIZES:
        for memory in (ALL, LITTLE):
            yield Point("fit", store(25, n), memory)


def workers() -> Iterator[Point]:
    """Threads here, and processes of a cluster."""
    for n in (LARGE, SOME, FEW):
        for threads in (2, 1):
            yield Point("sweep", store(25, n), threads=threads)
        for n_workers in WORKERS:
            yield Point("sweep", store(25, n), workers=n_workers)
    yield Point("fit", store(25, LARGE), workers=2)


def shapes() -> Iterator[Point]:
    """Detectors and rotations."""
    for side in SIDES:
        for group in GROUPS:
            for threads in (1, 2):
                for n in (SOME, FEW):
                    yield Point("sweep", store(side, n), ALL, threads, group)
            yield Point("sweep", store(side, SOME), None, 2, group, workers=2)


def cold() -> Iterator[Point]:
    """From the disk."""
    yield Point("cold", store(25, LARGE), LITTLE)


def messages() -> Iterator[Point]:
    """What a message costs, and a byte of it."""
    for n_bytes in ANSWERS:
        for n_workers in WORKERS:
            yield Point("echo", workers=n_workers, n_bytes=n_bytes)
        yield Point("merge", workers=2, n_bytes=n_bytes)


PARTS = {"sizes": sizes, "fits": fits, "workers": workers, "shapes": shapes, "cold": cold, "messages": messages}


def store(side: int, n: int) -> str:
    """Name of the store with so many patterns."""
    return f"{side}x{side}-{n}.zarr"


def place_of(point: Point, folder: Path) -> Point:
    """The same point, with data that are there."""
    if not point.store:
        return point
    shape, n = point.store.removesuffix(".zarr").split("-")
    return replace(point, store=str(store_of(folder, int(shape.split("x")[0]), int(n))))


def measured(point: Point) -> dict[str, Any]:
    """One run of a point in a process of its own, and how busy the machine was meanwhile."""
    load_before, began, before = os.getloadavg()[0], time.perf_counter(), _processor_seconds()
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.scaling.point", json.dumps(asdict(point))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    if done.returncode:
        raise SystemExit(f"{point.name}\n{done.stderr}")
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    wall, after = time.perf_counter() - began, _processor_seconds()
    all_took, own_took = (end - begin for begin, end in zip(before, after, strict=True))
    seconds = told.pop("seconds")
    cold_seconds = {f"cold {name}": statistics.median(taken) for name, taken in told.pop("cold", {}).items()}
    return {
        "seconds": statistics.median(seconds),
        "least": min(seconds),
        "repeats": len(seconds),
        **cold_seconds,
        **told,
        "load": load_before,
        "others": max(0.0, (all_took - own_took) / wall),
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M"),
    }


def _processor_seconds() -> tuple[float, float]:
    """What all processors have spent on work so far, and what of it on the processes that this one has started."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    own = children.ru_utime + children.ru_stime
    try:
        numbers = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    except (OSError, ValueError):
        return own, own
    user, nice, system, _, _, irq, soft, steal = numbers
    return (user + nice + system + irq + soft + steal) / os.sysconf("SC_CLK_TCK"), own


def measured_before() -> dict[str, Any]:
    """Rows of `results/scaling.json`."""
    stored = load("scaling")
    return {} if stored is None else stored["figures"]["rows"]


def measure(part: str, folder: Path, rounds: int) -> None:
    """Measure the points of a part, each as often as asked for, in turns: what drifts, drifts for all."""
    rows = measured_before()
    points = list(PARTS[part]())
    for turn in range(rounds):
        for point in points:
            name = f"{part}: {point.name}"
            row = rows.setdefault(name, {"part": part, "point": asdict(point), "runs": []})
            if len(row["runs"]) > turn:
                continue
            row["runs"].append(measured(place_of(point, folder)))
            run = row["runs"][-1]
            print(f"{name}: {run['seconds']:.4g} s, others {run['others']:.2f}", flush=True)
            save("scaling", {"rows": rows})


def main() -> None:
    """One part, or the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", nargs="+", default=[], choices=["data", *PARTS], help="what to measure")
    parser.add_argument("--data", type=Path, help="where the patterns are kept; by default nowhere, drawn each time")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each point")
    parser.add_argument("--fresh", action="store_true", help="forget what was measured of these parts before")
    parser.add_argument("--tables", action="store_true", help="make the tables and pictures of docs/scaling.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if asked.data is None else asked.data
        folder.mkdir(parents=True, exist_ok=True)
        for part in asked.part:
            if part == "data":
                for point in (point for points in PARTS.values() for point in points()):
                    place_of(point, folder)
                continue
            if asked.fresh:
                kept = {name: row for name, row in measured_before().items() if row["part"] != part}
                save("scaling", {"rows": kept})
            measure(part, folder, asked.rounds)
    if asked.tables:
        from benchmarks.scaling.page import write

        write()


if __name__ == "__main__":
    main()
