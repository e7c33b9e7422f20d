"""Passes over patterns that are not in memory: the same work on every part, wherever it is done.

A task is what one part comes to: sums, or labels. Sums are whole numbers (`motes.kernels.sweep.ExactSums`), so they add
up to the same bits whatever the parts are, whoever works on them and in whatever order they end.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
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
    """What a task makes of each part: its number and the result; or of many parts together, where it sums.

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
    yield from _side_by_side(parts, task, (threads // 2, threads - threads // 2))


def _side_by_side(
    parts: Iterable[tuple[int, Patterns]], task: SumTask[Result], shares: tuple[int, ...]
) -> Generator[tuple[int, Result]]:
    """What each of some threads adds up of the parts that it takes, under the number of its last.

    They take one part after the other themselves: to be handed each would let them wait a millisecond. And each adds up
    its own: nobody waits for who collects them, and there are no more sums at a time than threads.
    """
    left, one_asks, all_parts, process = threading.Event(), threading.Lock(), iter(parts), os.getpid()
    told: queue.SimpleQueue[tuple[int, Result] | BaseException | None] = queue.SimpleQueue()

    def work(threads: int) -> None:
        try:
            total: tuple[int, Result] | None = None
            while not left.is_set():
                with one_asks:
                    part = next(all_parts, None)
                if part is None:
                    break
                in_hand = [part[1]]
                number, part = part[0], None
                # The frame of the task alone has it: the next is read into its room.
                result = task(in_hand.pop(), threads)
                total = number, result if total is None else task.combine(total[1], result)
                del result
            told.put(total)
        except BaseException as error:
            told.put(error)

    at_work = [threading.Thread(target=work, args=(n,), name="motes-sections", daemon=True) for n in shares]
    started = 0
    try:
        for thread in at_work:
            thread.start()
            started += 1
        for _ in at_work:
            if os.getpid() != process:
                raise RuntimeError("a pass over patterns can not go on in another process than it began in")
            one = told.get()
            if isinstance(one, BaseException):
                raise one
            if one is not None:
                yield one
    finally:
        left.set()
        for thread in at_work[:started]:
            thread.join()


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
