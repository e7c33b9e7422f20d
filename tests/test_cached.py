"""A property that is computed once, by threads that do not wait for each other."""

from __future__ import annotations

import threading

from motes.cached import cached_property


class Slow:
    """Its value is not there before somebody lets it."""

    computed = 0

    def __init__(self) -> None:
        self.begun, self.go_on = threading.Event(), threading.Event()

    @cached_property
    def value(self) -> int:
        """Five."""
        type(self).computed += 1
        self.begun.set()
        assert self.go_on.wait(60)
        return 5


def test_it_is_computed_once_and_can_be_forgotten():
    one = Slow()
    one.go_on.set()
    before = Slow.computed
    assert one.value == one.value == 5
    assert Slow.computed == before + 1
    assert vars(one)["value"] == 5
    del one.value
    assert one.value == 5
    assert Slow.computed == before + 2


def test_no_object_waits_for_another():
    """Nor does a forked child, whose parent's threads are not there to go on."""
    slow, other = Slow(), Slow()
    other.go_on.set()
    thread = threading.Thread(target=lambda: slow.value)
    thread.start()
    assert slow.begun.wait(60)
    found: list[int] = []
    second = threading.Thread(target=lambda: found.append(other.value))
    second.start()
    second.join(30)
    slow.go_on.set()
    thread.join()
    assert found == [5]
