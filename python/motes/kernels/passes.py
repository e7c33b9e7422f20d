"""Passes over patterns that are not in memory: the same work on every part, wherever it is done.

A task is what one part comes to: sums, or labels. Sums are whole numbers (`motes.kernels.sweep.ExactSums`), so they add
up to the same bits whatever the parts are, whoever works on them and in whatever order they end.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, runtime_checkable

from motes.patterns import Patterns

if TYPE_CHECKING:
    from motes.stored import StoredPatterns

FEW = 8  # parts, of which the last may keep half of the threads waiting for longer than the others saved

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

    def run(
        self, store: StoredPatterns, task: Task[Any], threads: int, sections: Sequence[int] | None = None
    ) -> Generator[tuple[int, Any]]:
        """Section and result, as they come; of a `SumTask`, results may be of several sections, under any of them.

        Of all sections that have patterns, or of some.
        """


class LocalEngine:
    """The process itself, which reads the next sections while it works."""

    def run(
        self, store: StoredPatterns, task: Task[Any], threads: int, sections: Sequence[int] | None = None
    ) -> Generator[tuple[int, Any]]:
        """Section by section."""
        n_parts = int((store.bounds[1:] > store.bounds[:-1]).sum()) if sections is None else len(sections)
        with closing(store.parts(sections)) as parts:
            yield from worked(parts, task, threads, n_parts)


def worked(
    parts: Iterable[tuple[int, Patterns]], task: Task[Result], threads: int, n_parts: int
) -> Generator[tuple[int, Result]]:
    """What a task makes of each part: its number and the result.

    Sums of many parts are made two at a time, with half of the threads each: at the end of a part some threads wait for
    the one that the system has taken for reading, and meanwhile the other part is in its midst.

    Parameters
    ----------
    parts : iterable of (int, Patterns)
        Read meanwhile (`StoredPatterns.parts`).
    task : Task
        What is to be done.
    threads : int
        For all of it.
    n_parts : int
        How many there are.
    """
    if threads < 2 or n_parts < FEW or not isinstance(task, SumTask):
        for number, patterns in parts:
            result = task(patterns, threads)
            del patterns  # the next is read into its room
            yield number, result
        return
    with closing(_SideBySide(parts, task, (threads // 2, threads - threads // 2))) as work:
        yield from work


class _SideBySide(Iterator[tuple[int, Any]]):
    """Threads that take one part after the other themselves: to be handed each would let them wait a millisecond.

    Parameters
    ----------
    parts : iterable of (int, Patterns)
        One of them is asked for at a time.
    task : Task
        What is to be done.
    shares : tuple of int
        Threads of each that work side by side.
    """

    def __init__(self, parts: Iterable[tuple[int, Patterns]], task: Task[Any], shares: tuple[int, ...]) -> None:
        self._parts, self._task = iter(parts), task
        self._one_asks = threading.Lock()
        self._told: queue.Queue[tuple[int, Any] | BaseException | None] = queue.Queue(len(shares))
        self._left = False
        self._at_work = [
            threading.Thread(target=self._work, args=(n,), name="motes-sections", daemon=True) for n in shares
        ]
        for thread in self._at_work:
            thread.start()
        self._running = len(shares)

    def __next__(self) -> tuple[int, Any]:
        while self._running:
            told = self._told.get()
            if isinstance(told, BaseException):
                raise told
            if told is not None:
                return told
            self._running -= 1
        raise StopIteration

    def close(self) -> None:
        """End the threads, once they are through with what they have in hand."""
        self._left = True
        for thread in self._at_work:
            while thread.is_alive():
                with suppress(queue.Empty):  # it may wait for room for what it has to tell
                    self._told.get_nowait()
                thread.join(0.001)

    def _work(self, threads: int) -> None:
        try:
            while not self._left:
                with self._one_asks:
                    part = next(self._parts, None)
                if part is None:
                    break
                in_hand = [part[1]]
                number, part = part[0], None
                # The frame of the task alone has it: once the result is told its room is free.
                self._told.put((number, self._task(in_hand.pop(), threads)))
            self._told.put(None)
        except BaseException as error:
            self._told.put(error)


def results(
    store: StoredPatterns, task: Task[Result], threads: int, sections: Sequence[int] | None = None
) -> Iterator[tuple[int, Result]]:
    """What a task makes of each section, or of some: its number and the result, in any order."""
    engine: Engine = store.engine or LocalEngine()
    with closing(engine.run(store, task, threads, sections)) as found:
        yield from found


def summed(store: StoredPatterns, task: SumTask[Result], threads: int, sections: Sequence[int] | None = None) -> Result:
    """What a task comes to over all patterns of a store, or over those of some sections."""
    total: Result | None = None
    for _, result in results(store, task, threads, sections):
        total = result if total is None else task.combine(total, result)
    if total is None:  # no section has a pattern
        return task(Patterns.empty(store.shape), threads)
    return total
