"""Calls timed in turns by the device's own clock; ours beside one peer at a time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

ROUNDS = (5, 30)

Call = Callable[[], Any]


class Clock:
    """Milliseconds between two events of the default stream, on which everybody works."""

    def __init__(self, cuda: ModuleType, device: int) -> None:
        self._before, self._after = cuda.Event(device=device), cuda.Event(device=device)

    def time(self, call: Call) -> float:
        """Of one call, to the end of what it has launched."""
        self._before.record()
        call()
        self._after.record()
        return float(self._after.milliseconds_since(self._before))


def host_time(call: Call) -> float:
    """Milliseconds of a call that works on the processor."""
    began = time.perf_counter()
    call()
    return 1e3 * (time.perf_counter() - began)


@dataclass(frozen=True)
class Side:
    """One way to do the work.

    Attributes
    ----------
    call : callable
        All of the work, and nothing but the work.
    read : callable
        Makes NumPy arrays of its result; not timed.
    time : callable
        Milliseconds of a call.
    """

    call: Call
    read: Callable[[Any], Any]
    time: Callable[[Call], float]


def in_turns(sides: list[Side], seconds: float) -> list[list[float]]:
    """Every side as often as fits into the time, but 5 times at least; all are warm."""
    first = [side.time(side.call) for side in sides]
    fits = int(1e3 * seconds / max(sum(first), 1e-6))
    rounds = min(max(fits, ROUNDS[0]), ROUNDS[1]) if seconds else 1
    times: list[list[float]] = [[] for _ in sides]
    for _ in range(rounds):
        for side, found in zip(sides, times, strict=True):
            found.append(side.time(side.call))
    return times


def summary(times: list[float]) -> dict[str, float]:
    """Median and spread, milliseconds."""
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive") if len(times) > 1 else 3 * times
    return {"median_ms": middle, "quartiles_ms": [low, high], "min_ms": min(times), "n": len(times)}
