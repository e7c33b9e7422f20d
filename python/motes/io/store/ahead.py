"""Reading ahead: the next items are fetched by threads while the last is worked on.

Who works asks for nothing but what is there already: to start a thread for each item would cost more than to read it
from the page cache. The threads end with the iterator, whether it is exhausted, dropped, or left by an exception or
Ctrl-C; a read that is under way then is broken off.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from typing import Any, Generic, Protocol, TypeVar

Key = TypeVar("Key")
KeyIn = TypeVar("KeyIn", contravariant=True)
Item = TypeVar("Item")
ItemOut = TypeVar("ItemOut", covariant=True)


class Unwanted(Exception):  # noqa: N818  # no error: nobody hears of it
    """Nobody waits for this item any more."""


class Source(Protocol[KeyIn, ItemOut]):
    """Where items come from."""

    def at_hand(self, key: KeyIn, /) -> ItemOut | None:
        """The item, where it need not be fetched."""

    def fetch(self, key: KeyIn, stopped: Callable[[], bool], /) -> ItemOut:
        """The item; once `stopped()` is true nobody wants it any more. Called from a thread."""


def read_ahead(source: Source[Key, Item], keys: Sequence[Key], depth: int) -> Generator[tuple[Key, Item]]:
    """Each key with its item, in order; up to `depth` of the next are fetched meanwhile, or have been.

    Nothing of what was handed out is held here. 0 fetches each item when it is asked for, without a thread.

    Examples
    --------
    >>> class Squares:
    ...     def at_hand(self, key):
    ...         return None
    ...
    ...     def fetch(self, key, stopped):
    ...         return key**2
    >>> list(read_ahead(Squares(), [1, 2, 3], depth=2))
    [(1, 1), (2, 4), (3, 9)]
    """
    if depth == 0 or all(source.at_hand(key) is not None for key in keys):
        for key in keys:
            yield key, _now(source, key)
        return
    ahead = _Ahead(source, keys, depth)
    try:
        for i, key in enumerate(keys):
            yield key, ahead.item(i)  # no variable of this frame holds it while the next is waited for
    finally:
        ahead.leave()


def _now(source: Source[Key, Item], key: Key) -> Item:
    item = source.at_hand(key)
    return source.fetch(key, lambda: False) if item is None else item


class _Ahead(Generic[Key, Item]):
    """The threads, and what they have fetched: under one condition, which who takes and who fetches wait for."""

    def __init__(self, source: Source[Key, Item], keys: Sequence[Key], depth: int) -> None:
        self._source, self._keys, self._depth = source, keys, depth
        self._changed = threading.Condition()
        self._next = 0  # key that nobody has looked at
        self._in_flight = 0  # being fetched, or fetched and not taken
        self._found: dict[int, _Outcome | None] = {}  # of each key; None: it need not be fetched
        self._left = False
        self._process = os.getpid()
        self._threads = [
            threading.Thread(target=self._run, name="motes-read-ahead", daemon=True)
            for _ in range(min(depth, len(keys)))
        ]
        for thread in self._threads:
            thread.start()

    def item(self, i: int) -> Item:
        """The item of key `i`, once it is there."""
        if os.getpid() != self._process:  # a forked child has no threads
            return _now(self._source, self._keys[i])
        with self._changed:
            while i not in self._found:
                self._changed.wait()
            found = self._found.pop(i)
            if found is not None:
                self._in_flight -= 1
                self._changed.notify_all()
        item: Item = _now(self._source, self._keys[i]) if found is None else found()
        return item

    def leave(self) -> None:
        """End the threads."""
        self._left = True
        if os.getpid() == self._process:
            with self._changed:
                self._changed.notify_all()
            for thread in self._threads:
                thread.join()

    def _stopped(self) -> bool:
        return self._left

    def _run(self) -> None:
        while (i := self._claimed()) is not None:
            self._keep(i, _Outcome.of(self._source, self._keys[i], self._stopped))

    def _keep(self, i: int, found: _Outcome | None) -> None:
        with self._changed:
            self._found[i] = found
            self._changed.notify_all()

    def _claimed(self) -> int | None:
        """The next key to fetch, once there is room for its item; None where there are no more."""
        with self._changed:
            while not self._left and self._next < len(self._keys):
                i = self._next
                if self._source.at_hand(self._keys[i]) is not None:
                    self._next += 1
                    self._keep(i, None)
                elif self._in_flight < self._depth:
                    self._next += 1
                    self._in_flight += 1
                    return i
                else:
                    self._changed.wait()
            return None


class _Outcome:
    """An item, or the error that came instead."""

    def __init__(self, item: Any, error: BaseException | None) -> None:
        self._item, self._error = item, error

    @classmethod
    def of(cls, source: Source[Key, Item], key: Key, stopped: Callable[[], bool]) -> _Outcome:
        try:
            return cls(source.fetch(key, stopped), None)
        except BaseException as error:
            return cls(None, error)

    def __call__(self) -> Any:
        if self._error is not None:
            raise self._error
        return self._item
