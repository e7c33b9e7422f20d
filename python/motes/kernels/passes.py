"""Passes over patterns that are not in memory: the same work on every part, wherever it is done.

A task is what one part comes to: sums, or labels. Sums are whole numbers (`motes.kernels.sweep.ExactSums`), so they add
up to the same bits whatever the parts are, whoever works on them and in whatever order they end.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
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

    def run(self, store: StoredPatterns, task: Task[Any], threads: int) -> Generator[tuple[int, Any]]:
        """Section and result, as they come; of a `SumTask`, results may be of several sections, under any of them."""


class LocalEngine:
    """The process itself, which reads the next sections while it works."""

    def run(self, store: StoredPatterns, task: Task[Any], threads: int) -> Generator[tuple[int, Any]]:
        """Section by section."""
        with closing(store.parts()) as parts:
            yield from worked(parts, task, threads, int((store.bounds[1:] > store.bounds[:-1]).sum()))


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
    halves = [threads // 2, threads - threads // 2]
    with ThreadPoolExecutor(len(halves), "motes-sections") as pool:
        under_way: dict[Future[Result], tuple[int, int]] = {}
        for number, patterns in parts:
            in_hand = [patterns]
            del patterns
            share = halves.pop()
            under_way[pool.submit(_work, task, in_hand, share)] = number, share
            del in_hand
            if not halves:
                yield from _ended(under_way, halves)
        while under_way:
            yield from _ended(under_way, halves)


def _work(task: Task[Result], in_hand: list[Patterns], threads: int) -> Result:
    """Of the one in hand, which is nowhere else: its room is free once the result is told."""
    return task(in_hand.pop(), threads)


def _ended(under_way: dict[Future[Result], tuple[int, int]], halves: list[int]) -> Iterator[tuple[int, Result]]:
    """Those that have ended, of which one is waited for; their threads are free again."""
    for future in wait(under_way, return_when=FIRST_COMPLETED).done:
        number, share = under_way.pop(future)
        halves.append(share)
        yield number, future.result()


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
