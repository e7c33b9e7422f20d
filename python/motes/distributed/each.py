"""The built-in `map`, over workers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar

from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.files import Files
from motes.distributed.libraries import COUNTING, Libraries

if TYPE_CHECKING:
    from distributed import Client

Item = TypeVar("Item")
Result = TypeVar("Result")
PER_WORKER = 8  # pieces, so that all end at about the same time


class Each:
    """A function of many items, as `map` calls it: results come in the items' order.

    Parameters
    ----------
    client : distributed.Client
        Of the workers.
    files : Files, optional
        That the function reads.
    libraries : tuple of str
        That decide its results: workers have the same versions.

    Raises
    ------
    ClusterError
        If a worker does not fit, has another version of a library, or does not see a file.
    """

    def __init__(self, client: Client, files: Files | None = None, *, libraries: tuple[str, ...] = COUNTING) -> None:
        self.needs = _Needs(Libraries.here(libraries), files or Files(()))
        self.dispatcher = Dispatcher(client)
        self.dispatcher.admit(self.needs.unmet)

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item]) -> Iterator[Result]:
        """Results, each as soon as it and all before it are there."""
        every = list(items)
        most = PER_WORKER * max(1, len(self.dispatcher.workers()))
        pieces = [Piece(every[rows]) for rows in split(len(every), most)]
        kept: dict[int, Sequence[Result]] = {}
        following = 0
        for number, results in self.dispatcher.run(_Mapped(function, self.needs), pieces):
            kept[number] = results
            while following in kept:
                yield from kept.pop(following)
                following += 1


@dataclass(frozen=True)
class _Needs:
    """What a worker must have."""

    libraries: Libraries
    files: Files

    def unmet(self) -> str | None:
        return self.libraries.unlike_here() or self.files.unseen()


@dataclass(frozen=True)
class _Mapped:
    function: Callable[[Any], Any]
    needs: _Needs

    def unfit(self) -> str | None:
        return self.needs.unmet()

    def __call__(self, items: Sequence[Any], turn: AbstractContextManager[Any], threads: int) -> list[Any]:
        with turn:
            return [self.function(item) for item in items]


def split(n: int, most: int) -> list[slice]:
    """So many items in at most so many runs, which differ by one in length at most.

    Examples
    --------
    >>> split(5, 2), split(1, 8)
    ([slice(0, 2, None), slice(2, 5, None)], [slice(0, 1, None)])
    """
    parts = min(n, most)
    bounds = [n * k // parts for k in range(parts + 1)] if parts else [0]
    return [slice(first, last) for first, last in pairwise(bounds)]
