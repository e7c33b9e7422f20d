"""Expectation maximisation: plain, and accelerated by SQUAREM with a safeguard."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from motes.reconstruction.problem import Point
from motes.reconstruction.state import Hill, State

# A float32 likelihood of many patterns is known to a few 1e-9 nats each (of few, to 1e-5): less says nothing.
NOISE = 1e-8


def higher(start: Point, *others: Point) -> Point:
    """The point of the highest likelihood, the first of equals: no step, for whatever rounding, goes down."""
    return max((start, *others), key=lambda point: point.log_likelihood)


class Gains:
    """What the last four steps won, and whether what is still to come, at the rate seen, is worth going on.

    Steps are taken in pairs, since extrapolations win by turns. Where a pair wins more than the one before, as on the
    way out of a saddle, as much as nothing is known of what is to come, and the climb goes on.
    """

    NONE = (np.inf, np.inf, np.inf, np.inf)

    def __init__(self, last: Iterable[float], gain: float) -> None:
        self.last = (*map(float, tuple(last)[1:]), max(float(gain), 0.0))

    @property
    def rate(self) -> float:
        """What a pair of steps won, of what the pair before did; 1 where it did not fall, or is not known yet."""
        before, now = sum(self.last[:2]), sum(self.last[2:])
        return min(now / before, 1.0) if 0 < before < np.inf else float(now > 0)

    def settled(self, tolerance: float) -> bool:
        """Whether less than the tolerance was won, and is to come."""
        before, now = sum(self.last[:2]), sum(self.last[2:])
        if now < NOISE / 10 and before < tolerance:
            return True
        return now < tolerance and now * self.rate < tolerance * (1 - self.rate)


@dataclass(frozen=True)
class PlainEM:
    """One E and one M step an iteration.

    `safeguarded`, a step down (rounding) is not taken. Where no one likelihood climbs it is, and the steps end where it
    has come to rest.
    """

    tolerance: float
    safeguarded: bool = True
    name: str = "em"
    start_with: str = "spectral"

    def begin(self, problem: Hill, point: Point) -> State:
        """Remember what was won."""
        return State(point, memory={"gains": np.array(Gains.NONE)})

    def step(self, problem: Hill, state: State) -> State:
        """Move to the M step's master."""
        point = problem.advance(state.point)
        if self.safeguarded:
            point = higher(state.point, point)
        gain = point.log_likelihood - state.point.log_likelihood
        gains = Gains(state.memory["gains"], gain if self.safeguarded else abs(gain))
        memory = {"gains": np.array(gains.last)}
        return State(point, state.iteration + 1, state.sweeps + 1, gain, "em", gains.settled(self.tolerance), memory)


@dataclass(frozen=True)
class Squarem:
    """Two EM steps, then an extrapolation along their differences, kept only if the likelihood does not fall.

    Varadhan and Roland, Scand. J. Stat. 35 (2008) 335, scheme S3, with lengths in the metric of the complete-data
    information.
    """

    tolerance: float
    name: str = "em"
    start_with: str = "spectral"

    def begin(self, problem: Hill, point: Point) -> State:
        """Remember how far an extrapolation may go, and what was won."""
        return State(point, memory={"longest": np.array(4.0), "gains": np.array(Gains.NONE)})

    def step(self, problem: Hill, state: State) -> State:
        """EM, EM, extrapolate; or fall back to the second EM step."""
        start = state.point
        first = problem.advance(start)
        longest = float(state.memory["longest"])
        length, point = problem.extrapolate(start, first, longest)
        sweeps, step = 2, f"squarem {length:.3g}"
        if not point.log_likelihood >= first.log_likelihood - NOISE:
            point = higher(first, problem.advance(first))
            sweeps, step, longest = 3, "em (extrapolation refused)", max(1.0, longest / 4)
        elif length >= longest:
            longest *= 4
        point = higher(start, point)
        gain = point.log_likelihood - start.log_likelihood
        gains = Gains(state.memory["gains"], gain)
        memory = state.memory | {"longest": np.array(longest), "gains": np.array(gains.last)}
        settled = gains.settled(self.tolerance)
        return State(point, state.iteration + 1, state.sweeps + sweeps, gain, step, settled, memory)
