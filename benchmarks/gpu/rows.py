"""One row of the table: ours and each peer in turns, results compared first, then held against bound and targets."""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from benchmarks.gpu.peers import Peers
from benchmarks.gpu.timing import Call, Clock, Side, host_time, in_turns, summary
from benchmarks.gpu.yardsticks import Bound, Yardsticks

MOST_OF_MEMORY = 0.9


@dataclass(frozen=True)
class Entry:
    """Somebody who does the work.

    Attributes
    ----------
    name : str
    prepare : callable
        Returns the call, and what makes NumPy arrays of its result.
    needs : str
        A library; empty for our own.
    on_host : bool
        Timed by the host's clock.
    memory : int
        Bytes of the device that it takes, as far as is known.
    """

    name: str
    prepare: Callable[[], tuple[Call, Callable[[Any], Any]]]
    needs: str = ""
    on_host: bool = False
    memory: int = 0


@dataclass(frozen=True)
class Target:
    """What is to be reached.

    Attributes
    ----------
    text : str
        As in the table of targets.
    value : callable
        Of the median milliseconds {name: ms} of this row, with "bound" and, as "row/name", of those before it; KeyError
        where a peer is absent.
    at_most, at_least : float
        One of them.
    """

    text: str
    value: Callable[[dict[str, float]], float]
    at_most: float | None = None
    at_least: float | None = None

    def judged(self, medians: dict[str, float]) -> dict[str, Any]:
        """Value, limit, and whether it is reached; None where a peer is absent."""
        limit = {"at_most": self.at_most} if self.at_most is not None else {"at_least": self.at_least}
        try:
            value = self.value(medians)
        except KeyError as missing:
            return {"target": self.text, **limit, "value": None, "reached": None, "absent": missing.args[0]}
        reached = value <= self.at_most if self.at_most is not None else value >= (self.at_least or 0)
        return {"target": self.text, **limit, "value": value, "reached": bool(reached)}


@dataclass(frozen=True)
class Row:
    """Work, those who do it, and what is to be reached.

    Attributes
    ----------
    name : str
    work : dict
        Its size.
    ours : Entry
    peers : list of Entry
    agree : callable
        Raises AssertionError unless (a peer's result, ours, the peer's name) agree.
    bound : Bound
    targets : list of Target
    """

    name: str
    work: dict[str, Any]
    ours: Entry
    peers: list[Entry]
    agree: Callable[[Any, Any, str], None]
    bound: Bound
    targets: list[Target] = field(default_factory=list)


OURS, CPU = "motes", "motes, 2 threads of the processor"


def beside(peer: str) -> Callable[[dict[str, float]], float]:
    """How many times as fast as a peer."""
    return lambda medians: medians[peer] / medians[OURS]


def beside_best(*peers: str) -> Callable[[dict[str, float]], float]:
    """How many times as fast as the fastest peer that is there."""

    def ratio(medians: dict[str, float]) -> float:
        there = [medians[peer] for peer in peers if peer in medians]
        if not there:
            raise KeyError(" or ".join(peers))
        return min(there) / medians[OURS]

    return ratio


def measure(
    row: Row, peers: Peers, clock: Clock, yardsticks: Yardsticks, *, memory: int, seconds: float,
    before: dict[str, float],
) -> dict[str, Any]:  # fmt: skip
    """Everything about a row that goes into the JSON; `before` takes its medians."""
    call, read = row.ours.prepare()
    ours, ours_times = Side(call, read, clock.time), []
    result = read(call())
    medians: dict[str, float] = {}
    found: dict[str, Any] = {}
    absent: dict[str, str] = {}
    failed: dict[str, str] = {}
    for peer in row.peers:
        if peer.needs and getattr(peers, peer.needs) is None:
            absent[peer.name] = peers.absent.get(peer.needs, "not there")
        elif peer.memory > MOST_OF_MEMORY * memory:
            absent[peer.name] = f"needs {peer.memory / 1e9:.0f} GB of the device's {memory / 1e9:.0f} GB"
        else:
            try:
                side = _side(peer, clock)
                row.agree(side.read(side.call()), result, peer.name)
                ours_turn, theirs = in_turns([ours, side], seconds)
            except Exception as error:  # one that breaks costs its own figures only
                failed[peer.name] = f"{type(error).__name__}: {error}"[:400]
            else:
                ours_times += ours_turn
                found[peer.name] = summary(theirs)
                medians[peer.name] = found[peer.name]["median_ms"]
            side = None
            gc.collect()
            peers.tidy()
    ours_times = ours_times or in_turns([ours], seconds)[0]
    medians[OURS] = summary(ours_times)["median_ms"]
    limits = yardsticks.milliseconds(row.bound)
    holds = max(limits, key=lambda name: limits[name])
    medians["bound"] = limits[holds]
    before |= {f"{row.name}/{name}": ms for name, ms in medians.items()}
    for name, figures in found.items():
        figures["times_as_fast_as_it"] = medians[name] / medians[OURS]
    return {
        "row": row.name,
        "work": row.work,
        "ours": summary(ours_times),
        "peers": found,
        "absent": absent,
        "failed": failed,
        "bound": vars(row.bound) | {"ms": limits, "holds": holds, "ours_over_bound": medians[OURS] / limits[holds]},
        "targets": [target.judged(before | medians) for target in row.targets]
        if seconds
        else [],  # none of a smoke run
    }


def _side(peer: Entry, clock: Clock) -> Side:
    call, read = peer.prepare()
    return Side(call, read, host_time if peer.on_host else clock.time)
