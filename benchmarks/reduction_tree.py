"""How the sums of many workers come together: a simulation, event by event.

Workers finish their pieces at random times. Their sums go to the client, one message a piece or one a worker, or are
first added up by workers in a tree of some fan-in. Whatever ends is told to the hub, the scheduler with the client in
one process, which deals with one message at a time. What messages and bytes cost is measured (`benchmarks.scaling_study
--part messages`); what comes out is held against measured passes there, and asked for more workers than there are here.
"""

from __future__ import annotations

import heapq
import itertools
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class Costs:
    """Seconds.

    Attributes
    ----------
    message, byte : float
        Of the hub, for whatever ends, and for a byte that the client gets.
    merge, merge_byte : float
        Of a worker that adds up sums of others, for each of these, and for a byte of them.
    latency : float
        Of a message under way.
    begin : float
        Before the first piece begins.
    """

    message: float
    byte: float
    merge: float = 0.0
    merge_byte: float = 0.0
    latency: float = 0.0
    begin: float = 0.0


class Hub:
    """Deals with one thing after the other, in the order in which they come."""

    def __init__(self) -> None:
        self.free = 0.0
        self.busy = 0.0

    def serve(self, now: float, seconds: float) -> float:
        """When something that comes now, and takes so long, is done."""
        self.free = max(self.free, now) + seconds
        self.busy += seconds
        return self.free


def halves(n: int) -> tuple[float, ...]:
    """Shares of n pieces of a worker, each half the last, as `motes.distributed` has them: the last end together.

    Examples
    --------
    >>> halves(4), halves(1)
    ((0.5, 0.25, 0.125, 0.125), (1.0,))
    """
    return (*(2.0**-k for k in range(1, n)), 2.0 ** (1 - n))


def finished(
    seconds: float, n_workers: int, shares: tuple[float, ...], scatter: float, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """When each worker ends each of its pieces, which take `seconds` together, give or take: (W, P)."""
    factors = np.exp(scatter * rng.standard_normal((n_workers, len(shares))) - scatter**2 / 2)
    return np.cumsum(seconds * np.asarray(shares) * factors, axis=1)


def direct(ended: npt.NDArray[np.float64], n_bytes: int, costs: Costs) -> float:
    """Seconds until the client has all, of pieces that end at these times, each a message of so many bytes.

    Examples
    --------
    >>> direct(np.array([[1.0], [1.0]]), 100, Costs(message=0.25, byte=0.01))
    3.5
    """
    hub = Hub()
    for arrival in np.sort(ended, axis=None):
        hub.serve(costs.begin + float(arrival) + costs.latency, costs.message + costs.byte * n_bytes)
    return hub.free


def tree(ended: npt.NDArray[np.float64], n_bytes: int, costs: Costs, fan_in: int) -> float:
    """Seconds until the client has all, of workers that end at these times, (W,): a tree adds them up before.

    Of every `fan_in` neighbours, as soon as all have ended, the first gets the sums of the others and adds them to its
    own, and so on, until one is left, whose sums go to the client.

    Examples
    --------
    >>> tree(np.array([1.0, 1.0, 1.0, 2.0]), 100, Costs(message=0, byte=0.01, merge=0.5), fan_in=2)
    4.0
    """
    if fan_in < 2:
        raise ValueError(f"fan_in: expected 2 or more, got {fan_in}")
    hub, counts = Hub(), [len(ended)]
    while counts[-1] > 1:
        counts.append(math.ceil(counts[-1] / fan_in))
    missing = [[min(fan_in, below - fan_in * k) for k in range(count)] for below, count in itertools.pairwise(counts)]
    events = [(costs.begin + float(at), 0, k) for k, at in enumerate(ended)]
    heapq.heapify(events)
    while events:
        now, level, k = heapq.heappop(events)
        told = hub.serve(now + costs.latency, costs.message)
        if level == len(counts) - 1:
            return hub.serve(told, costs.byte * n_bytes)
        group = k // fan_in
        missing[level][group] -= 1
        if not missing[level][group]:
            others = min(fan_in, counts[level] - fan_in * group) - 1
            seconds = others * (costs.merge + costs.merge_byte * n_bytes)
            heapq.heappush(events, (told + costs.latency + seconds, level + 1, group))
    raise ValueError("ended: expected the times of one worker or more")


def crossing(
    n_bytes: int,
    costs: Costs,
    *,
    fans: tuple[int, ...] = (2, 4, 8, 16),
    most: int = 4096,
    work: float = 0.0,
    scatter: float = 0.05,
    draws: int = 5,
) -> tuple[int, int] | None:
    """The fewest workers, a power of two, for which a tree is ahead of one message a worker; and its fan-in."""
    for n_workers in (2**k for k in range(1, int(math.log2(most)) + 1)):
        times: dict[int, list[float]] = {fan: [] for fan in (1, *fans)}
        for seed in range(draws):
            ended = finished(work, n_workers, (1.0,), scatter, np.random.default_rng(seed))[:, -1]
            times[1].append(direct(ended, n_bytes, costs))
            for fan in fans:
                times[fan].append(tree(ended, n_bytes, costs, fan))
        means = {fan: float(np.mean(taken)) for fan, taken in times.items()}
        best = min(means, key=lambda fan: means[fan])
        if best > 1:
            return n_workers, best
    return None
