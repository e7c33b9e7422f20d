"""Work on parts of patterns: two at a time, each once, and nothing of them is held."""

import gc
import threading
import weakref

import numpy as np
import pytest

from motes import Patterns
from motes.kernels import passes

SHAPE = (3, 4)


class Photons:
    """Photons of all patterns, in a test's own way."""

    def __init__(self, broken: int = -1, fault: type[BaseException] = FloatingPointError) -> None:
        self.broken, self.fault = broken, fault
        self.seen: list[tuple[int, int, str]] = []
        self.parts: list[weakref.ref[Patterns]] = []

    def __call__(self, patterns: Patterns, threads: int) -> int:
        self.seen.append((len(patterns), threads, threading.current_thread().name))
        self.parts.append(weakref.ref(patterns))
        if len(patterns) == self.broken:
            raise self.fault("this one")
        return patterns.n_photons

    def combine(self, one: int, other: int) -> int:
        return one + other


class Counted:
    """A result of each part, that does not add up."""

    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self, patterns: Patterns, threads: int) -> int:
        self.threads.append(threads)
        return len(patterns)


def parts_of(n_parts):
    """Part k has k + 1 patterns of k + 1 photons in all."""
    for k in range(n_parts):
        yield k, Patterns.from_coo(np.arange(k + 1), np.arange(k + 1) % 12, shape=SHAPE, n_patterns=k + 1)


def threads_of_passes():
    return [thread for thread in threading.enumerate() if thread.name.startswith("motes-sections")]


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("n_parts", [0, 1, passes.FEW - 1, passes.FEW, passes.FEW + 5])
def test_each_part_once(n_parts, threads):
    task = Photons()
    found = list(passes.worked(parts_of(n_parts), task, threads, n_parts))
    together = threads > 1 and n_parts >= passes.FEW
    assert sum(photons for _, photons in found) == n_parts * (n_parts + 1) // 2
    assert sorted(n for n, _, _ in task.seen) == list(range(1, n_parts + 1))
    assert {number for number, _ in found} <= set(range(n_parts))
    assert len(found) <= 2 if together else found == [(k, k + 1) for k in range(n_parts)]
    shares = {threads // 2, threads - threads // 2} if together else {threads}
    assert {used for _, used, _ in task.seen} <= shares
    assert all(name.startswith("motes-sections") == together for _, _, name in task.seen)


def test_what_does_not_add_up_is_done_in_order():
    task = Counted()
    assert list(passes.worked(parts_of(20), task, 2, 20)) == [(k, k + 1) for k in range(20)]
    assert set(task.threads) == {2}


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_is_held_of_a_part_that_is_done(threads):
    task, most = Photons(), 0

    def watched():
        nonlocal most
        for number, patterns in parts_of(20):
            gc.collect()
            most = max(most, sum(part() is not None for part in list(task.parts)))
            yield number, patterns
            del patterns

    list(passes.worked(watched(), task, threads, 20))
    assert len(task.parts) == 20
    assert most <= threads - 1  # while one is asked for the other thread works on one
    assert not any(part() is not None for part in task.parts)


@pytest.mark.parametrize("fault", [FloatingPointError, StopIteration, MemoryError])
def test_the_fault_of_a_part_is_raised_and_no_thread_stays(fault):
    raised = RuntimeError if fault is StopIteration else fault  # it would pass for the end
    with pytest.raises(raised):
        list(passes.worked(parts_of(20), Photons(broken=10, fault=fault), 2, 20))
    assert not threads_of_passes()


def test_what_does_not_add_up_ends_all_threads(monkeypatch):
    task = Photons()
    monkeypatch.setattr(task, "combine", lambda one, other: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        list(passes.worked(parts_of(20), task, 2, 20))
    assert not threads_of_passes()


def test_a_fault_while_a_part_is_read_is_raised():
    def broken():
        yield from parts_of(5)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        list(passes.worked(broken(), Photons(), 2, 20))
    assert not threads_of_passes()


def test_a_thread_that_can_not_be_had_leaves_no_other(monkeypatch):
    start, started = threading.Thread.start, []

    def once(thread):
        if started:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", once)
    with pytest.raises(RuntimeError, match="can't start"):
        list(passes.worked(parts_of(20), Photons(), 2, 20))
    assert not threads_of_passes()


def test_who_leaves_early_leaves_no_thread():
    task = Photons()
    found = passes.worked(parts_of(20), task, 2, 20)
    next(found)
    found.close()
    assert not threads_of_passes()
