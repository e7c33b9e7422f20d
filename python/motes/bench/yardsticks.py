"""What this machine can do at most, by so many threads: copies, reads, additions and arithmetic with nothing beside."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core

FAR = 2**27  # bytes read and written by a copy that no cache holds
NEAR = 2**23  # by one that caches hold: what most of the reference work is
CACHED = 2**24  # bytes; work on more goes by the copy that no cache holds

_N_INDEX, _N_ROWS, _PASSES = 2**16, 625, 64  # the rows are the pixels of the reference work
_ARITHMETIC_PASSES = 64
_LONG_PASSES = 1024  # some 10 ms: longer than others wait for a processor
_SHORT_COPIES = 8


@dataclass(frozen=True)
class Yardstick:
    """A rate that is measured.

    Attributes
    ----------
    name, unit : str
        As in the tables.
    amount : float
        Of the unit, in one call.
    call : callable
        What is timed.
    """

    name: str
    unit: str
    amount: float
    call: Callable[[], Any]

    def time(self) -> float:
        """Seconds of one call, in caches that one before has filled."""
        self.call()
        began = time.perf_counter()
        self.call()
        return time.perf_counter() - began


UNITS = {
    "memory": "B copied in memory",
    "cache": "B copied in caches",
    "reads": "random reads of 16 B",
    "wide reads": "random reads of 64 B",
    "additions": "random additions to 16 B",
    "arithmetic": "float64 operations",
}


@functools.cache
def yardsticks(threads: int) -> tuple[Yardstick, ...]:
    """All of them, at a number of threads; the arrays are made once a process.

    Examples
    --------
    >>> [yardstick.name for yardstick in yardsticks(1)] == list(UNITS)
    True
    """
    rng = np.random.default_rng(0)
    index = rng.integers(0, _N_ROWS, _N_INDEX, dtype=np.uint16)
    narrow, wide = (rng.integers(0, 2, (_N_ROWS, width)).astype(np.float32) for width in (4, 16))
    arithmetic = functools.partial(_core.probe_arithmetic, n_passes=_ARITHMETIC_PASSES, threads=threads)
    probed = {"n_passes": _PASSES, "threads": threads}
    n = float(_PASSES * index.size)
    calls: dict[str, tuple[float, Callable[[], Any]]] = {
        "memory": (float(FAR), _copy(FAR // 2, threads)),
        "cache": (float(NEAR * _SHORT_COPIES), _copy(NEAR // 2, threads, _SHORT_COPIES)),
        "reads": (n, functools.partial(_core.probe_reads, index, narrow, **probed)),
        "wide reads": (n, functools.partial(_core.probe_reads, index, wide, **probed)),
        "additions": (n, functools.partial(_core.probe_additions, index, n_rows=_N_ROWS, **probed)),
        "arithmetic": (float(arithmetic()[0]), arithmetic),
    }
    return tuple(Yardstick(name, UNITS[name], *calls[name]) for name in UNITS)


def own_share(threads: int) -> float:
    """Share of so many processors' time that this process is given when it wants all of it; others have the rest.

    Examples
    --------
    >>> 0 < own_share(1) <= 1
    True
    """
    wall, own = time.perf_counter(), time.process_time()
    _core.probe_arithmetic(n_passes=_LONG_PASSES * threads, threads=threads)
    wall, own = time.perf_counter() - wall, time.process_time() - own
    return min(1.0, own / (threads * wall))


def _copy(n: int, threads: int, times: int = 1) -> Callable[[], None]:
    """Copy `n` bytes, each thread its part, so many times."""
    source, target = (np.zeros(n, np.uint8) for _ in range(2))
    source += 1  # pages that were never written all lie in one
    target += 1
    parts = list(zip(np.array_split(source, threads), np.array_split(target, threads), strict=True))
    if threads == 1:
        return functools.partial(_again, *parts[0], times)
    pool = ThreadPoolExecutor(threads)

    def call() -> None:
        wait([pool.submit(_again, *part, times) for part in parts])

    return call


def _again(source: npt.NDArray[np.uint8], target: npt.NDArray[np.uint8], times: int) -> None:
    for _ in range(times):
        np.copyto(target, source)
