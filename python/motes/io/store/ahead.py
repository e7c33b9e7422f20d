"""Reading ahead: the next items are fetched by threads while the last is worked on.

A thread lives for one item, and nobody waits in it: an iterator that is dropped, or left by Ctrl-C or an exception,
leaves nothing behind but a read that ends by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Generic, Protocol, TypeVar

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


class _Fetch(Generic[Item]):
    """One item on its way."""

    def __init__(self, fetch: Callable[[], Item]) -> None:
        self._fetch = fetch
        self._item: Item | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="motes-read-ahead", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._item = self._fetch()
        except BaseException as error:
            self._error = error

    def wait(self) -> None:
        self._thread.join()

    def item(self) -> Item:
        self.wait()
        if self._error is not None:
            raise self._error
        item, self._item = self._item, None
        return item  # type: ignore[return-value]  # it is there


def read_ahead(source: Source[Key, Item], keys: Iterable[Key], depth: int) -> Generator[tuple[Key, Item]]:
    """Each key with its item, in order; up to `depth` of the next are being fetched meanwhile.

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
    left = threading.Event()
    remaining = iter(keys)
    under_way: deque[tuple[Key, _Fetch[Item] | None]] = deque()

    def start() -> None:
        for key in remaining:
            at_once = depth == 0 or source.at_hand(key) is not None
            under_way.append((key, None if at_once else _Fetch(partial(source.fetch, key, left.is_set))))
            return

    def item_of(key: Key, fetched: _Fetch[Item] | None) -> Item:
        if fetched is not None:
            return fetched.item()
        item = source.at_hand(key)
        return source.fetch(key, left.is_set) if item is None else item

    try:
        for _ in range(max(1, depth)):
            start()
        while under_way:
            key, fetched = under_way.popleft()
            item = item_of(key, fetched)
            start()
            yield key, item
            del item  # else it would be held here while the next is waited for
    finally:
        left.set()
        for _, fetched in under_way:
            if fetched is not None:
                fetched.wait()
