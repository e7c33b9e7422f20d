"""The arithmetic of an iteration on a GPU: the master stays there, and what comes back is a number.

The kernels, their launches and how their results agree with NumPy's: `csrc/cuda/em.hpp`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from motes.cached import cached_property
from motes.devices import cuda_extension
from motes.patterns import Patterns
from motes.reconstruction.problem import FloatArray, Point, Problem, Rule


class PointOnDevice(Point):
    """A point in device memory, brought home by whoever reads its arrays; its likelihood, when first read.

    Parameters
    ----------
    problem : ProblemOnDevice
        Whose point it is.
    values : device array of float64
        As `Point` of `csrc/cuda/em.hpp` lays it out.
    """

    _problem: ProblemOnDevice
    values: Any

    def __init__(self, problem: ProblemOnDevice, values: Any) -> None:
        vars(self).update(_problem=problem, values=values)

    @cached_property
    def _parts(self) -> list[FloatArray]:
        return self._problem.parts(self.values.to_numpy())

    @property
    def master(self) -> FloatArray:
        """Mean photons a pixel."""
        return self._parts[0]

    @property
    def weights(self) -> FloatArray:
        """Probability of each rotation."""
        return self._parts[1]

    @property
    def em_master(self) -> FloatArray:
        """The M step from here."""
        return self._parts[2]

    @property
    def em_weights(self) -> FloatArray:
        """Probabilities likewise."""
        return self._parts[3]

    @cached_property
    def log_likelihood(self) -> float:
        """Nats per pattern."""
        return float(self._problem.told(self.values)[0])


class ProblemOnDevice(Problem):
    """A problem whose patterns are on a GPU, where the arithmetic of its iterations is done as well."""

    @cached_property
    def _climb(self) -> Any:
        return cuda_extension().Climb(
            self.in_memory.uploaded(),
            index=self.index,
            inverse=self.inverse,
            good=self.good,
            photons=self.photons,
            noise=self.noise.name,
            limits=self.limits,
            least_weight=self.least_weight,
            estimate_weights=self.estimate_weights,
            in_double=self.dtype is np.float64,
        )

    def evaluate(self, master: FloatArray, weights: FloatArray, *, rule: Rule = "soft") -> Point:
        """One sweep at a master that is uploaded: its likelihood, and the M step from there."""
        values = self._uploaded(master, weights)
        self.account.patterns += len(self.patterns)
        self._climb.evaluate(values, rule=rule)
        return PointOnDevice(self, values)

    def advance(self, point: Point, *, rule: Rule = "soft") -> Point:
        """The point at the M step from another."""
        self.account.patterns += len(self.patterns)
        return PointOnDevice(self, self._climb.advance(self._values(point), rule=rule))

    def extrapolate(self, start: Point, first: Point, longest: float) -> tuple[float, Point]:
        """The point beyond two EM steps: its likelihood, how far, and that of `first` come back."""
        self.account.patterns += len(self.patterns)
        values = self._climb.extrapolate(self._values(start), self._values(first), longest)
        reached = PointOnDevice(self, values)
        value, length, of_first = self.told(values)
        vars(reached)["log_likelihood"] = value
        if isinstance(first, PointOnDevice):
            vars(first)["log_likelihood"] = of_first
        return length, reached

    def sums_of_part(
        self, master: FloatArray, weights: FloatArray, patterns: Patterns, *, hard: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Photons turned home, and looks, of patterns on the same GPU."""
        values = self._uploaded(master, weights)
        self.account.patterns += len(patterns)
        self._climb.evaluate(values, rule="hard" if hard else "soft", patterns=patterns.uploaded())
        *_, home, looks = self.parts(values.to_numpy())
        return home, looks

    def told(self, values: Any) -> tuple[float, float, float]:
        """The numbers of a point: nats per pattern; of an extrapolation its length, and the nats of its first step."""
        told: tuple[float, float, float] = self._climb.told(values)
        return told

    def parts(self, values: FloatArray) -> list[FloatArray]:
        """Master, weights, M step of both, numbers, photons turned home, looks: as the kernels lay out a point."""
        n_pixels, n = self.patterns.n_pixels, self.rotations.n
        return np.split(values, np.cumsum([n_pixels, n, n_pixels, n, 3, n_pixels]))

    def _values(self, point: Point) -> Any:
        """A point in device memory: where it is, or uploaded with its M step and likelihood, as after a resumption."""
        if isinstance(point, PointOnDevice):
            return point.values
        return self._uploaded(point.master, point.weights, point.em_master, point.em_weights, [point.log_likelihood])

    def _uploaded(self, *parts: Any) -> Any:
        values = np.zeros(self._climb.point_size)
        given = np.concatenate(parts)
        values[: given.size] = given
        return cuda_extension().from_numpy(values, device=self.in_memory.device.index)
