"""Programs that go on until they are stopped, or that look at their own memory: run as a child by test_stress.py.

``python stress.py soak N``, ``forks N``, ``interrupts WAY FOLDER``, ``kills FOLDER N``; each prints JSON.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from motes import Circles, Patterns, picking, reconstruct

THREADS = 8
PATIENCE = 60.0  # seconds after which a forked child is said to hang
LONGEST = 0.05  # seconds that a writing child lives


def data(n: int = 5000) -> Patterns:
    """Of 7 x 7 pixels, from no image at all."""
    return Patterns.from_dense(np.random.default_rng(0).random((n, 7, 7)) < 0.1)


def climb(patterns: Patterns, threads: int = 2) -> bytes:
    """A short reconstruction, as bytes."""
    found = reconstruct(patterns, seed=1, max_iterations=4, threads=threads)
    return found.master.tobytes() + found.labels.tobytes()


# Soak ----------------------------------------------------------------------


class _Mallinfo2(ctypes.Structure):
    _names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = tuple((name, ctypes.c_size_t) for name in _names.split())


def memory() -> dict[str, int]:
    """Bytes that malloc has given out and not got back, blocks that Python has, and bytes of the process in memory."""
    gc.collect()
    libc = ctypes.CDLL(None)
    libc.malloc_trim(0)
    libc.mallinfo2.restype = _Mallinfo2
    info = libc.mallinfo2()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return {"malloc": info.uordblks + info.hblkhd, "blocks": sys.getallocatedblocks(), "resident": resident}


def soak(n: int) -> dict[str, Any]:
    """Reconstructions from 8 Python threads at once, a tenth of them as the warm-up; by how much memory grew then."""
    patterns = data()
    expected = climb(patterns)
    wrong = 0
    with ThreadPoolExecutor(THREADS) as pool:
        wrong += sum(found != expected for found in pool.map(climb, [patterns] * max(2 * THREADS, n // 10)))
        before = memory()
        wrong += sum(found != expected for found in pool.map(climb, [patterns] * n))
        after = memory()
    return {"runs": n, "wrong": wrong, "before": before, "grown": {name: after[name] - before[name] for name in after}}


# Fork ----------------------------------------------------------------------


def forks(n: int) -> dict[str, Any]:
    """Forked while other threads reconstruct: each child makes a reconstruction of its own."""
    patterns = data()
    expected = climb(patterns)
    ended = threading.Event()

    def work() -> None:
        while not ended.is_set():
            climb(patterns)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    told: dict[str, Any] = {"forks": n, "wrong": 0, "hung": 0, "longest": 0.0}
    for _ in range(n):
        time.sleep(random.uniform(0, 0.02))
        child = os.fork()
        if not child:
            os._exit(climb(patterns) != expected)
        began = time.perf_counter()
        while not (ending := os.waitpid(child, os.WNOHANG))[0] and time.perf_counter() - began < PATIENCE:
            time.sleep(0.002)
        told["longest"] = max(told["longest"], time.perf_counter() - began)
        if not ending[0]:
            told["hung"] += 1
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        told["wrong"] += ending[1] != 0
    ended.set()
    for worker in workers:
        worker.join()
    return told


# Ctrl-C ----------------------------------------------------------------------


def _sweeping() -> Callable[[], object]:
    from motes import sweep

    patterns, templates = data(60000), np.random.default_rng(1).uniform(0.05, 0.2, (4, 7, 7))
    return lambda: sweep(patterns, templates, threads=2)


def _suppressing() -> Callable[[], object]:
    rng = np.random.default_rng(0)
    circles = Circles(rng.uniform(0, 3000, (60000, 2)), 12.0, rng.random(60000), indptr=np.arange(13) * 5000)
    return lambda: picking.suppress(circles, iou=0.3)


def _picking() -> Callable[[], object]:
    from motes.pickers import BlobPicker
    from toy_picker import RADIUS, problem

    micrographs, _ = problem(n=2, size=256)
    picker = BlobPicker(2 * RADIUS)
    return lambda: picker.predict(micrographs)


def _writing(folder: Path) -> Callable[[], object]:
    import motes

    patterns = data(2000)
    return lambda: motes.write_patterns(folder / "a.npz", patterns)


def interrupts(way: str, folder: Path) -> None:
    """Works for ever; tells when it begins, and each KeyboardInterrupt that it got."""
    patterns = data(20000)
    work = {
        "reconstruct": lambda: lambda: reconstruct(patterns, seed=1, max_iterations=30),
        "sweep": _sweeping,
        "suppress": _suppressing,
        "pick": _picking,
        "write": lambda: _writing(folder),
    }[way]()
    work()
    while True:
        try:
            print("at work", flush=True)
            while True:
                if getattr(work(), "interrupted", False):  # a reconstruction says so in its result
                    break
        except KeyboardInterrupt:
            pass
        print("interrupted", flush=True)


# Kill ----------------------------------------------------------------------

OURS = ("patterns", "int32", "reconstruction", "checkpoint", "picks", "picker", "features", "cell")


def kills(folder: Path, n: int) -> dict[str, Any]:
    """A child writes one file after another over those that are there, and is killed; every file must be whole."""
    from every_reader import READERS

    names = [name for name in READERS if name.startswith(OURS)]
    places = {name: folder / str(k) for k, name in enumerate(names)}
    paths = {}
    for name, place in places.items():
        place.mkdir()
        paths[name] = READERS[name].make(place)
    told: dict[str, Any] = {"kills": n, "writers": len(names), "cut": 0, "broken": []}
    for _ in range(n):
        chosen = random.choice(names)
        child = os.fork()
        if not child:
            while True:
                READERS[chosen].make(places[chosen])
        time.sleep(random.uniform(0, LONGEST))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        left = list(places[chosen].glob(".motes-*"))
        told["cut"] += bool(left)  # it was in the middle of writing
        for path in left:
            path.unlink()
        try:
            READERS[chosen].read(paths[chosen])
        except Exception as error:
            told["broken"].append(f"{chosen}: {error}")
    return told


def main() -> None:
    random.seed(0)
    way, *rest = sys.argv[1:]
    if way == "interrupts":
        interrupts(rest[0], Path(rest[1]))
    elif way == "kills":
        told = kills(Path(rest[0]), int(rest[1]))
    else:
        told = {"soak": soak, "forks": forks}[way](int(rest[0]))
    print(json.dumps(told))


if __name__ == "__main__":
    main()
