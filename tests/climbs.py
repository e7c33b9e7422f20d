"""`motes._cuda.Climb` on the host: the launches of `csrc/cuda/em.hpp` one by one, in an order of choice."""

from __future__ import annotations

import ctypes
from dataclasses import fields
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import phases
from motes import Patterns, Reconstruction, reconstruct
from motes.reconstruction import ondevice, run
from motes.reconstruction.ondevice import ProblemOnDevice
from motes.reconstruction.problem import Problem

JOBS = ("evaluate", "advance", "extrapolate")
PLENTY = 2**62


class Climbed(ctypes.Structure):
    """`Climbed` of `tests/cuda/em.cpp`."""

    _fields_ = [
        *((name, ctypes.c_int64) for name in ("job", "in_double", "hard", "nearest", "poisson", "estimate_weights",
                                              "n_rotations", "n_all")),
        *((name, ctypes.c_void_p) for name in ("index", "inverse", "good", "photons")),
        *((name, ctypes.c_double) for name in ("low", "high", "least_weight", "longest")),
        *((name, ctypes.c_void_p) for name in ("start", "first", "point")),
        ("room", ctypes.c_int64),
        ("n_launches", ctypes.c_void_p),
    ]  # fmt: skip


class Values:
    """An array in what stands for device memory."""

    def __init__(self, array: np.ndarray, extension: Any) -> None:
        self.array, self.extension = array, extension

    def to_numpy(self) -> np.ndarray:
        self.extension.brought_home += self.array.nbytes
        return self.array.copy()


class Climb:
    """As the extension's; `order` is that of threads and blocks."""

    def __init__(self, patterns: Patterns, *, index, inverse, good, photons, noise, limits, least_weight,
                 estimate_weights, in_double, extension: Extension) -> None:  # fmt: skip
        self.patterns, self.extension = patterns, extension
        n, n_pixels = index.shape
        self.point_size = 4 * n_pixels + 2 * n + 3
        self._held = tuple(map(np.ascontiguousarray, (index, inverse, good, photons)))
        self._same = {
            "in_double": in_double, "poisson": noise == "poisson", "estimate_weights": estimate_weights,
            "n_rotations": n, "n_all": len(patterns), "low": limits[0], "high": limits[1],
            "least_weight": least_weight, "room": extension.room,
            **dict(zip(("index", "inverse", "good", "photons"), (a.ctypes.data for a in self._held), strict=True)),
        }  # fmt: skip

    def _run(
        self, job: str, patterns: Patterns, rule: str = "soft", longest: float = 1.0, **arrays: np.ndarray
    ) -> None:
        n_launches = np.zeros(1, np.int64)
        places = {name: array.ctypes.data for name, array in arrays.items()}
        asked = Climbed(
            job=JOBS.index(job), hard=rule != "soft", nearest=rule == "nearest", longest=longest,
            n_launches=n_launches.ctypes.data, **self._same, **places,
        )  # fmt: skip
        phases.run("em", "climb", phases.given(patterns), asked, order=self.extension.order)
        self.extension.launches.append((job, int(n_launches[0])))

    def _values(self) -> Values:
        return Values(np.full(self.point_size, np.nan), self.extension)

    def evaluate(self, point: Values, *, rule: str, patterns: Patterns | None = None) -> None:
        self._run("evaluate", self.patterns if patterns is None else patterns, rule, point=point.array)

    def advance(self, point: Values, *, rule: str) -> Values:
        values = self._values()
        self._run("advance", self.patterns, rule, start=point.array, point=values.array)
        return values

    def extrapolate(self, start: Values, first: Values, longest: float) -> Values:
        values = self._values()
        self._run("extrapolate", self.patterns, longest=longest, start=start.array, first=first.array,
                  point=values.array)  # fmt: skip
        return values

    def told(self, point: Values) -> tuple[float, float, float]:
        self.extension.told += 1
        n_pixels, n = self._held[0].shape[1], self._held[0].shape[0]
        value, length, before = point.array[2 * n_pixels + 2 * n :][:3]
        return float(value), float(length), float(before)


class Extension(SimpleNamespace):
    """What of `motes._cuda` an iteration needs, and an account of what was asked of it."""

    def __init__(self, order: int, room: int = PLENTY) -> None:
        super().__init__(order=order, room=room, launches=[], told=0, brought_home=0)

    def Climb(self, patterns: Patterns, **options: Any) -> Climb:
        return Climb(patterns, extension=self, **options)

    def from_numpy(self, array: np.ndarray, *, device: int) -> Values:
        assert device == 0
        return Values(array.copy(), self)


def put_on(extension: Extension, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets iterations run on this stand-in."""
    monkeypatch.setattr(ondevice, "cuda_extension", lambda: extension)
    monkeypatch.setattr(Patterns, "uploaded", lambda patterns: patterns)


def problem_there(problem: Problem) -> ProblemOnDevice:
    """The same problem, its iterations on a device."""
    return ProblemOnDevice(*(getattr(problem, field.name) for field in fields(problem)))


def reconstruct_there(extension: Extension, patterns: Patterns, **options: Any) -> Reconstruction:
    """`reconstruct` with iterations on the stand-in, and the rest on the processor."""
    with pytest.MonkeyPatch.context() as patch:
        put_on(extension, patch)
        patch.setattr(run, "Problem", ProblemOnDevice)
        return reconstruct(patterns, **options)
