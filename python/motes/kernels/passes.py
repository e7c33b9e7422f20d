"""Passes over patterns that are not in memory: the same work on every part, wherever it is done.

A task is what one part comes to: sums, or labels. Sums are whole numbers (`motes.kernels.sweep.ExactSums`), so they add
up to the same bits whatever the parts are, whoever works on them and in whatever order they end.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from motes.patterns import Patterns

if TYPE_CHECKING:
    from motes.stored import StoredPatterns

Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Task(Protocol[Result_co]):
    """What a part of the patterns comes to. Small: it travels to those who do the work, as does its result."""

    def __call__(self, patterns: Patterns, threads: int) -> Result_co:
        """Of patterns in memory."""


@runtime_checkable
class SumTask(Protocol[Result]):
    """A task whose results add up, in any order, to that of all patterns."""

    def __call__(self, patterns: Patterns, threads: int) -> Result:
        """Of patterns in memory."""

    def combine(self, one: Result, other: Result) -> Result:
        """Of two parts together."""


class Engine(Protocol):
    """Who does the work."""

    def run(self, store: StoredPatterns, task: Task[Any], threads: int) -> Generator[tuple[int, Any]]:
        """Section and result, as they come; of a `SumTask`, results may be of several sections, under any of them."""


class LocalEngine:
    """The process itself: section after section, the next one read while one is worked on."""

    def run(self, store: StoredPatterns, task: Task[Any], threads: int) -> Generator[tuple[int, Any]]:
        """In the order of the file."""
        with closing(store.parts()) as parts:
            for section, patterns in parts:
                yield section, task(patterns, threads)


def results(store: StoredPatterns, task: Task[Result], threads: int) -> Iterator[tuple[int, Result]]:
    """What a task makes of each section: its number and the result, in any order."""
    engine: Engine = store.engine or LocalEngine()
    with closing(engine.run(store, task, threads)) as found:
        yield from found


def summed(store: StoredPatterns, task: SumTask[Result], threads: int) -> Result:
    """What a task comes to over all patterns of a store."""
    total: Result | None = None
    for _, result in results(store, task, threads):
        total = result if total is None else task.combine(total, result)
    if total is None:  # a store without sections
        return task(Patterns.empty(store.shape), threads)
    return total
