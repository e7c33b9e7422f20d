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

    def __init__(self, broken: int = -1) -> None:
        self.broken = broken
        self.seen: list[tuple[int, int, str]] = []
        self.parts: list[weakref.ref[Patterns]] = []

    def __call__(self, patterns: Patterns, threads: int) -> int:
        self.seen.append((len(patterns), threads, threading.current_thread().name))
        self.parts.append(weakref.ref(patterns))
        if len(patterns) == self.broken:
            raise FloatingPointError("this one")
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


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
@pytest.mark.parametrize("n_parts", [0, 1, passes.FEW - 1, passes.FEW, passes.FEW + 5])
def test_each_part_once(n_parts, threads):
    task = Photons()
    found = dict(passes.worked(parts_of(n_parts), task, threads, n_parts))
    assert found == {k: k + 1 for k in range(n_parts)}
    together = threads > 1 and n_parts >= passes.FEW
    shares = {threads // 2, threads - threads // 2} if together else {threads}
    assert {used for _, used, _ in task.seen} <= shares
    assert all(name.startswith("motes-sections") == together for _, _, name in task.seen)


def test_what_does_not_add_up_is_done_in_order():
    task = Counted()
    assert list(passes.worked(parts_of(20), task, 2, 20)) == [(k, k + 1) for k in range(20)]
    assert set(task.threads) == {2}


@pytest.mark.parametrize("threads", [1, 2])
def test_nothing_is_held_of_a_part_whose_result_is_told(threads):
    task = Photons()
    for told, _ in enumerate(passes.worked(parts_of(20), task, threads, 20), start=1):
        gc.collect()
        alive = sum(part() is not None for part in list(task.parts))
        assert alive <= min(len(task.parts) - told, 1 if threads == 1 else 2)


def test_the_fault_of_a_part_is_raised_and_no_thread_stays():
    with pytest.raises(FloatingPointError, match="this one"):
        list(passes.worked(parts_of(20), Photons(broken=10), 2, 20))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("motes-sections")]


def test_who_leaves_early_leaves_no_thread():
    task = Photons()
    found = passes.worked(parts_of(20), task, 2, 20)
    next(found)
    found.close()
    assert len(task.seen) < 20
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("motes-sections")]
