"""Reading ahead: in order, never further than asked, and nothing left behind, however it ends."""

from __future__ import annotations

import gc
import os
import signal
import threading
import time

import numpy as np
import pytest

import motes
from motes.io.store.ahead import Unwanted, read_ahead
from motes.io.store.buffers import KEPT, STEP, Rooms


class Squares:
    """Says what was asked of it, and in which order."""

    def __init__(self, at_hand=()) -> None:
        self.kept, self.fetched, self.lock = set(at_hand), [], threading.Lock()

    def at_hand(self, key):
        return key**2 if key in self.kept else None

    def fetch(self, key, stopped):
        with self.lock:
            self.fetched.append(key)
        if key == 5:
            raise ValueError("five")
        return key**2


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "motes-read-ahead"]


@pytest.mark.parametrize("depth", [0, 1, 2, 9])
def test_in_order(depth):
    source = Squares(at_hand=[2])
    keys = [4, 2, 0, 3]
    assert list(read_ahead(source, keys, depth)) == [(key, key**2) for key in keys]
    assert sorted(source.fetched) == [0, 3, 4]
    assert list(read_ahead(source, [], depth)) == []


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_no_further_than_asked(depth):
    source = Squares()
    parts = read_ahead(source, range(100, 120), depth)
    for n_taken in range(1, 10):
        next(parts)
        until = time.monotonic() + 20
        while len(source.fetched) < n_taken + depth and time.monotonic() < until:
            time.sleep(0.001)
        time.sleep(0.002)  # whoever goes too far has the time to
        assert len(source.fetched) == n_taken + depth
    parts.close()
    assert len(source.fetched) <= 9 + depth


@pytest.mark.parametrize("depth", [0, 2])
def test_an_error_comes_in_its_place(depth):
    parts = read_ahead(Squares(), [3, 4, 5, 6], depth)
    assert [next(parts), next(parts)] == [(3, 9), (4, 16)]
    with pytest.raises(ValueError, match="five"):
        next(parts)
    assert readers() == []


def test_who_is_left_stops(monkeypatch):
    """A reader of a slow disk learns that nobody waits any more."""
    learned = threading.Event()

    class Slow(Squares):
        def fetch(self, key, stopped):
            while key and not stopped():
                time.sleep(0.001)
            if key:
                learned.set()
                raise Unwanted
            return key

    parts = read_ahead(Slow(), [0, 1, 2], 2)
    assert next(parts) == (0, 0)
    assert len(readers()) == 2
    del parts
    gc.collect()
    assert learned.is_set()
    assert readers() == []


def test_a_forked_child_reads_for_itself():
    """It has none of its parent's threads to wait for."""
    parts = read_ahead(Squares(), range(10, 30), 2)
    next(parts)
    child = os.fork()
    if not child:
        rest = [item for _, item in parts]
        os._exit(0 if rest == [key**2 for key in range(11, 30)] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(list(parts)) == 19


def test_nothing_is_left_after_an_exception(store):
    def look(store) -> None:
        for k, _ in store.parts():
            if k == 1:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        look(store)
    assert readers() == []


def test_nothing_is_left_after_ctrl_c(store):
    def look(store) -> None:
        for k, _ in store.parts():
            if k == 1:
                signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        look(store)
    assert readers() == []


def test_a_dropped_iterator_leaves_nothing(store):
    parts = store.parts()
    next(parts)
    del parts
    gc.collect()
    assert readers() == []


def test_what_was_handed_out_stays_as_it_is(store, patterns):
    """Room is used again only when nobody looks into it any more: not while a slice, a pixel or a view is held."""
    sections = store._sections
    reader = sections.reader(range(store.n_sections), None)
    reader.to_keep = 0
    held = [part[2:5] for _, part in store._parts(list(range(store.n_sections)), reader)]
    for k, part in enumerate(held):
        first = int(store.bounds[k])
        assert part == patterns[first + 2 : first + 5]
    pixels = [store.section(k).pixels[:7] for k in range(store.n_sections)]
    for k, own in enumerate(pixels):
        np.testing.assert_array_equal(own, store.section(k).pixels[:7])


def test_rooms_are_used_again():
    rooms = Rooms()
    held = [rooms.take(100) for _ in range(KEPT + 3)]
    assert rooms.nbytes == KEPT * STEP
    for i, room in enumerate(held):
        room[:] = i
    assert [int(room[50]) for room in held] == list(range(KEPT + 3))
    del room, held
    again = [rooms.take(STEP) for _ in range(KEPT)]
    assert rooms.nbytes == KEPT * STEP
    del again
    rooms.take(STEP + 1)
    assert rooms.nbytes == 2 * STEP  # those that are too small now would be again


def test_threads_read_one_store_together(store, patterns):
    found: list[motes.Patterns] = []
    threads = [threading.Thread(target=lambda: found.append(store.to_memory())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert all(whole == patterns for whole in found)
