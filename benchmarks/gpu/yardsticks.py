"""What the device can do at most, measured in the same run: a copy, and shared memory at random places."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from benchmarks.gpu.sizes import Sizes
from benchmarks.gpu.timing import Clock, Side, in_turns, summary

LIMITS = ("bandwidth", "shared reads", "shared additions")


@dataclass(frozen=True)
class Bound:
    """What no implementation can do without.

    Attributes
    ----------
    bytes : int
        Read from and written to the device's memory.
    reads : int
        Of 16 bytes of shared memory, at random rows.
    additions : int
        Rows to whose four integers in shared memory something is added, at random.
    n_rows : int
        Of the table in shared memory.
    arithmetic : str
        How the three come about.
    """

    bytes: int
    reads: int
    additions: int
    n_rows: int
    arithmetic: str


class Yardsticks:
    """Rates of one device, each measured once."""

    def __init__(self, cuda: ModuleType, device: int, clock: Clock, sizes: Sizes) -> None:
        self._cuda, self._device, self._clock, self._sizes = cuda, device, clock, sizes
        self.measured: dict[str, dict[str, Any]] = {}

    @functools.cache  # noqa: B019 - lives as long as the process
    def bandwidth(self) -> float:
        """Bytes a second of a copy on the device, read and written ones."""
        n, device = self._sizes.copied, self._device
        source, out = (self._cuda.empty_bytes(n, device=device) for _ in range(2))
        copy = functools.partial(self._cuda.probe_copy, source, out, n, device=device)
        return self._rate("copy, bytes read and written", 2 * n, copy)

    @functools.cache  # noqa: B019
    def reads(self, n_rows: int) -> float:
        """16-byte reads a second of shared memory, at random rows of a table."""
        probe = functools.partial(self._cuda.probe_reads, n_rows, self._sizes.probes, device=self._device)
        return self._rate(f"random 16-byte reads of {n_rows} rows in shared memory", probe()[0], probe)

    @functools.cache  # noqa: B019
    def additions(self, n_rows: int, *, planar: bool = True) -> float:
        """Rows a second to whose four integers in shared memory something is added."""
        cuda, n_each = self._cuda, self._sizes.probes
        probe = functools.partial(cuda.probe_additions, n_rows, n_each, planar=planar, device=self._device)
        layout = "in four planes" if planar else "side by side"
        return self._rate(f"additions to four integers {layout}, {n_rows} rows in shared memory", probe()[0], probe)

    def milliseconds(self, bound: Bound) -> dict[str, float]:
        """How long each of a bound's parts takes at the device's rate."""
        found = {"bandwidth": bound.bytes / self.bandwidth()}
        if bound.reads:
            found["shared reads"] = bound.reads / self.reads(bound.n_rows)
        if bound.additions:
            found["shared additions"] = bound.additions / self.additions(bound.n_rows)
        return {name: 1e3 * seconds for name, seconds in found.items()}

    def _rate(self, name: str, amount: int, call: Callable[[], Any]) -> float:
        call()
        (times,) = in_turns([Side(call, lambda result: result, self._clock.time)], self._sizes.seconds / 3)
        took = summary(times)
        rate = amount / (1e-3 * max(took["median_ms"], 1e-6))
        self.measured[name] = took | {"amount": amount, "per_second": rate}
        return rate
