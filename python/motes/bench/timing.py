"""Two sides, timed in turns: on a machine that others use too, only figures of the same moment can be compared."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

SECONDS = 2.0  # for a race
ROUNDS = (5, 60)
MOST_REPEATS = 200
WARM = 0.2  # seconds; a call that takes longer brings its own data to the caches


@dataclass
class Side:
    """One of the two.

    Attributes
    ----------
    call : callable
        What is timed.
    seconds : list of float
        Every timed call.
    """

    call: Callable[[], Any]
    seconds: list[float] = field(default_factory=list)

    def warm(self) -> None:
        """Bring the data back into the caches that the other side has filled."""
        if not self.seconds or self.seconds[-1] < WARM:
            self.call()

    def time(self) -> None:
        """Time one call."""
        began = time.perf_counter()
        self.call()
        self.seconds.append(time.perf_counter() - began)

    def summary(self) -> dict[str, float]:
        """Median and least time, milliseconds."""
        return {"median_ms": 1e3 * statistics.median(self.seconds), "min_ms": 1e3 * min(self.seconds)}


def rounds_for(seconds_a_round: float, seconds: float = SECONDS) -> int:
    """How many rounds fit into the time for a race."""
    return int(np.clip(seconds / max(seconds_a_round, 1e-9), *ROUNDS))


def in_turns(theirs: Side, ours: Side, seconds: float) -> None:
    """Time both, warm, in turns."""
    for side in (theirs, ours):
        side.time()
    rounds = rounds_for(2 * (theirs.seconds[0] + ours.seconds[0]), seconds)  # each is called twice: to warm, to time
    for side in (theirs, ours):
        side.seconds.clear()
    for _ in range(rounds):
        for side in (ours, theirs):
            side.warm()
            side.time()


def assert_same(result: Any, expected: Any, rtol: float, atol: float) -> None:
    """Refuse to time what computes something else."""
    if isinstance(expected, tuple):
        for one, other in zip(result, expected, strict=True):
            assert_same(one, other, rtol, atol)
    else:
        np.testing.assert_allclose(np.asarray(result), np.asarray(expected), rtol=rtol, atol=atol)


def repeated(call: Callable[[], Any], seconds: float) -> tuple[Any, list[float]]:
    """What a call gives, and its times once it is warm: as many as fit into the time, but one at least."""
    result = call()
    side = Side(call)
    side.time()
    while sum(side.seconds) < seconds and len(side.seconds) < MOST_REPEATS:
        side.time()
    return result, side.seconds
