"""Reading ahead: the next items are fetched by threads while the last is worked on.

A thread lives for one item, and nobody waits in it: an iterator that is dropped, or left by Ctrl-C or an exception,
leaves nothing behind but a read that ends by itself.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable
from functools import partial
from typing import Generic, TypeVar

Key = TypeVar("Key")
Item = TypeVar("Item")


class Unwanted(Exception):  # noqa: N818  # no error: nobody hears of it
    """Nobody waits for this item any more."""


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


def read_ahead(
    fetch: Callable[[Key, Callable[[], bool]], Item], keys: Iterable[Key], depth: int
) -> Generator[tuple[Key, Item]]:
    """Each key with what is fetched for it, in order; `depth` of the next are being fetched meanwhile.

    Parameters
    ----------
    fetch : callable
        Called as ``fetch(key, stopped)``, from a thread where `depth` is not 0. Once ``stopped()`` is true nobody wants
        the item any more.
    keys : iterable
        What to fetch.
    depth : int
        0 fetches each item when it is asked for, without a thread.

    Examples
    --------
    >>> list(read_ahead(lambda key, stopped: key**2, [1, 2, 3], depth=2))
    [(1, 1), (2, 4), (3, 9)]
    """
    if depth == 0:
        for key in keys:
            yield key, fetch(key, lambda: False)
        return
    left = threading.Event()
    remaining = iter(keys)
    under_way: deque[tuple[Key, _Fetch[Item]]] = deque()

    def start() -> None:
        for key in remaining:
            under_way.append((key, _Fetch(partial(fetch, key, left.is_set))))
            return

    try:
        for _ in range(depth):
            start()
        while under_way:
            key, fetched = under_way.popleft()
            item = fetched.item()
            start()
            yield key, item
            del item  # not held here while the next is waited for
    finally:
        left.set()
        for _, fetched in under_way:
            fetched.wait()
