"""Where a method stands: everything it needs to go on, so that a resumed run has the bits of an uninterrupted one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from motes.reconstruction.problem import Point, Problem


@dataclass(frozen=True)
class State:
    """A point, how it was reached, and what the method remembers.

    Attributes
    ----------
    point : Point
        The current master, evaluated.
    iteration, sweeps : int
        Steps done, and passes over all patterns that they and the start took.
    gain : float
        Nats per pattern that the last step won; infinity before the first.
    step : str
        What the last step was, for the log.
    converged : bool
        The stopping rule was met.
    memory : dict of arrays
        The method's own.
    """

    point: Point
    iteration: int = 0
    sweeps: int = 1
    gain: float = np.inf
    step: str = "start"
    converged: bool = False
    memory: dict[str, npt.NDArray[np.float64]] = field(default_factory=dict)

    def remembering(self, **more: npt.NDArray[np.float64]) -> State:
        """The same state, with more in its memory."""
        return replace(self, memory=self.memory | more)


class Hill(Protocol):
    """What EM asks of a problem, whatever its master is: its steps."""

    def advance(self, point: Point) -> Point:
        """The point at the M step from another."""

    def extrapolate(self, start: Point, first: Point, longest: float) -> tuple[float, Point]:
        """The point beyond two EM steps from `start`, of which `first` is the first; and how many times as far."""


class Method(Protocol):
    """A way to climb: pure functions of problem and state."""

    @property
    def name(self) -> str:
        """As the user calls it."""

    @property
    def start_with(self) -> str:
        """The `init` that it takes by default."""

    def begin(self, problem: Problem, point: Point) -> State:
        """The state before the first step."""

    def step(self, problem: Problem, state: State) -> State:
        """The next state."""
