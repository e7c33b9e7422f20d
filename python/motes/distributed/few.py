"""The last few things that were made: each once, also where several threads ask for it at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Few(Generic[Key, Value]):
    """Things by their keys. Who asks for one that is there does not wait while another is made.

    Parameters
    ----------
    most : int
        Things; beyond that the one goes that was asked for longest ago.

    Examples
    --------
    >>> squares = Few(2)
    >>> [squares.get(n, lambda n=n: print(f"{n} squared") or n**2) for n in (2, 2, 3)]
    2 squared
    3 squared
    [4, 4, 9]
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._made: OrderedDict[Key, Value] = OrderedDict()
        self._looking, self._making = threading.Lock(), threading.Lock()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The thing of this key, made if it is not there."""
        if (found := self._found(key)) is not None:
            return found
        with self._making:
            if (found := self._found(key)) is not None:
                return found
            made = make()
            with self._looking:
                self._made[key] = made
                while len(self._made) > self._most:
                    self._made.popitem(last=False)
            return made

    def every(self) -> list[tuple[Key, Value]]:
        """All that are there, the one that was asked for last at the end."""
        with self._looking:
            return list(self._made.items())

    def _found(self, key: Key) -> Value | None:
        with self._looking:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)
