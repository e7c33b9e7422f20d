"""Everybody who can do a kernel's work, motes included, under one interface.

A contender's function takes the work and a number of threads, makes its own best layout, and returns what is timed. It
imports its library itself, so that one that is not installed costs its own rows only.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from motes.bench.workloads import Work

CIRCLES = ("circles_with_motes", "circles_with_peers")
IMAGES = ("maps", "turned")
LIBRARIES = ("motes", "scipy", "numpy", "numba", "mkl", "torch", "sklearn", "pomegranate")
OURS = "motes"


def _itself(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Prepared:
    """A call to be timed, and how to read what it returns.

    Attributes
    ----------
    call : callable
        All of the work, and nothing but the work.
    read : callable
        Makes of its result what the kernel's other contenders return; not timed.
    expected : callable or None
        What `read` must give where the contender's model is not the kernel's own; None: what motes gives.
    """

    call: Callable[[], Any]
    read: Callable[[Any], Any] = _itself
    expected: Callable[[], Any] | None = None


@dataclass(frozen=True)
class Contender:
    """One way to do a kernel's work.

    Attributes
    ----------
    kernel, name : str
        As in the tables.
    needs : str
        The module that must be there.
    prepare : callable
        (work, threads) -> Prepared.
    """

    kernel: str
    name: str
    needs: str
    prepare: Callable[[Work, int], Prepared]

    @property
    def missing(self) -> bool:
        """Its library is not installed."""
        return importlib.util.find_spec(self.needs) is None

    def __str__(self) -> str:
        return self.name


_ALL: list[Contender] = []


def contender(kernel: str, name: str, *, needs: str) -> Callable[[Callable[[Work, int], Prepared]], Any]:
    """Enter a function for a kernel."""

    def enter(prepare: Callable[[Work, int], Prepared]) -> Callable[[Work, int], Prepared]:
        _ALL.append(Contender(kernel, name, needs, prepare))
        return prepare

    return enter


@functools.cache
def _load() -> None:
    for library in LIBRARIES:
        importlib.import_module(f"{__name__}.with_{library}")
    for module in CIRCLES + IMAGES:
        importlib.import_module(f"{__name__}.{module}")


def contenders(kernel: str) -> list[Contender]:
    """Everybody who does this kernel's work: motes first."""
    _load()
    return [entry for entry in _ALL if entry.kernel == kernel]
