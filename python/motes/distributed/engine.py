"""Passes over stored patterns on the workers of a cluster: sums that have the same bits in any order."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from functools import reduce
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motes.distributed.dispatch import PATIENCE, Dispatcher, Piece
from motes.distributed.few import Few
from motes.distributed.parcel import Parcel
from motes.kernels.passes import worked
from motes.memory import memory_bytes
from motes.sections import glimpse
from motes.stored import StoredPatterns, opened_again

if TYPE_CHECKING:
    from distributed import Client

PIECES = 4  # of a worker in a pass at most; the last are small, so that all end at about the same time
LEAST = 1 << 25  # bytes, below which a piece is not worth its message
MEANWHILE = 10 << 20  # bytes that a worker does while the scheduler and the client hand out and take back one piece
KEPT = 2  # stores that a worker's process has open, and selections of their patterns


class DaskEngine:
    """Has the workers of a cluster do what `motes.open_patterns(...).using(engine=...)` is asked for.

    Each worker does the same sections in each pass, which the system then has in memory; what it does not finish in
    time, others do. Only sums and labels travel.

    Parameters
    ----------
    client : distributed.Client
        Of the workers: `motes.distributed.connect`, or one's own. Workers read the store by the path that it has here,
        and each does a section at a time with all of its threads. Without a store's `memory`
        it takes at most half of what Dask lets it have.
    patience : float, seconds
        How long to wait for a worker where all were lost, for a sign of life where all are silent, and for one that
        reads the headers of a store.

    Raises
    ------
    ClusterError
        If a worker does not fit.
    """

    def __init__(self, client: Client, *, patience: float = PATIENCE) -> None:
        self._dispatcher = Dispatcher(client, patience=patience)
        self._store: StoredPatterns | None = None
        self._place: _Place | None = None
        self._parcel: Parcel | None = None

    def check(self, store: StoredPatterns) -> None:
        """Ask workers whether they see a store; who does is not asked again, whatever is selected of it.

        Where a `memory` is given they are asked about each selection: it takes more memory than the whole.

        Raises
        ------
        ClusterError
            If one of them does not; it is named.
        """
        if store is self._store:
            return
        place = _Place.of(store)
        about = replace(place, selected=None) if place.memory is None else place
        self._dispatcher.admit(about.unfit, about=about)
        if place != self._place:
            self._place, self._parcel = place, self._dispatcher.parcel(place)
        self._store = store

    def run(
        self, store: StoredPatterns, task: Any, threads: int, sections: Sequence[int] | None = None
    ) -> Generator[tuple[int, Any]]:
        """Section and result, in any order; of a task that can `combine`, of several sections at once.

        Parameters
        ----------
        store : StoredPatterns
            Of patterns that workers see too.
        task : callable
            Of patterns and a number of threads; small, as its results are.
        threads : int
            Of this process, which has nothing to do: workers use their own.
        sections : sequence of int, optional
            Those that are wanted; by default all.

        Raises
        ------
        ClusterError
            If a worker does not see the store, the scheduler is gone, or no worker has come for as long as was to be
            waited.
        DamagedSection
            If a section is not whole.
        """
        self.check(store)
        workers = self._dispatcher.workers()
        wanted = np.diff(store.bounds)
        if sections is not None:
            wanted[np.isin(np.arange(wanted.size), sections, invert=True)] = 0
        n_bytes = store.nbytes * int(wanted.sum()) // max(1, len(store))
        pieces = list(pieces_of(wanted, workers, pieces_each(n_bytes, len(workers))))
        with closing(self._dispatcher.run(_Pass(task), pieces, subject=self._parcel)) as answers:
            for _, results in answers:
                yield from results


def pieces_each(n_bytes: float, n_workers: int) -> int:
    """Into how many pieces a worker's share of so many bytes goes.

    One, where one worker does it all: there is nobody to share with, and each piece costs it a start. Many workers get
    few, lest they wait for the scheduler, which hands out one after the other.

    Examples
    --------
    >>> [pieces_each(5.7e8, 1), pieces_each(5.7e8, 2), pieces_each(5.7e9, 64), pieces_each(5.7e11, 64)]
    [1, 4, 1, 4]
    """
    if n_workers <= 1:
        return 1
    return min(PIECES, 1 + int(n_bytes / (max(LEAST, MEANWHILE * n_workers) * n_workers)))


def pieces_of(n_patterns: Any, workers: dict[str, int], most: int = PIECES) -> Iterator[Piece]:
    """Sections that have patterns, in runs: for each worker as many patterns as it has threads, each run half the last.

    Examples
    --------
    >>> [(piece.argument, piece.home) for piece in pieces_of([5, 5, 0, 5, 5], {"a": 1, "b": 1})]
    [((0,), 'a'), ((1,), 'a'), ((3,), 'b'), ((4,), 'b')]
    """
    numbers = np.asarray(n_patterns)
    before = np.cumsum(numbers) - numbers / 2  # the middle of each section, in patterns
    runs = [2.0**-k for k in range(1, most)] + [2.0 ** (1 - most)]
    shares = [(home, threads * run) for home, threads in (workers or {"": 1}).items() for run in runs]
    ends = np.cumsum([share for _, share in shares])
    filled = np.flatnonzero(numbers > 0)
    at = np.searchsorted(ends, before[filled] * (ends[-1] / max(1, numbers.sum())), side="right")
    bounds = np.searchsorted(at, np.arange(len(shares)))  # `at` rises: each share is a run of sections
    for (home, _), sections in zip(shares, np.split(filled, bounds[1:]), strict=True):
        if len(sections):
            yield Piece(tuple(sections.tolist()), float(numbers[sections].sum()), home or None)


@dataclass(frozen=True)
class _Origin:
    """A store: where it is, and which, as the process says that has opened it."""

    path: str
    n_sections: int
    glimpse: str
    fingerprint: str

    @classmethod
    def of(cls, store: StoredPatterns) -> _Origin:
        path = str(Path(store.path).resolve())
        return cls(path, store.n_sections, store._sections.glimpse, store._sections.fingerprint)

    def open(self) -> StoredPatterns:
        """Read those of its headers that are not known, unless a few of them tell already that it is another."""
        if glimpse(self.path, self.n_sections) == self.glimpse:
            before = [store for origin, store in _stores.every() if origin.path == self.path]
            for known in (*before[-1:], None):  # what was known may be of one that was there before
                store = opened_again(self.path, self.n_sections, known)
                if store.fingerprint == self.fingerprint:
                    return store
        raise _OtherPatternsError(f"sees other patterns in {self.path}")


class _OtherPatternsError(ValueError):
    """Where patterns were looked for there are others."""


@dataclass(frozen=True)
class _Place:
    """Where patterns are, and which."""

    origin: _Origin
    selected: bytes | None
    memory: int | str | None

    @classmethod
    def of(cls, store: StoredPatterns) -> _Place:
        kept = store._kept
        selected = None if kept is None else np.packbits(kept).tobytes()
        return cls(_Origin.of(store), selected, store.memory)

    def unfit(self) -> str | None:
        """What keeps this process from reading them."""
        try:
            _opened(self)
        except ValueError as error:  # another store, one that is damaged, or too little memory
            return str(error)
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            path = self.origin.path
            where = "" if path in why else f"{path}: "
            return f"can not open {where}{why}; put it where every worker finds it by this path"
        return None

    def open(self) -> StoredPatterns:
        store = _opened(self.origin)
        if self.selected is not None:
            n = len(store)
            store = store.select(np.unpackbits(np.frombuffer(self.selected, np.uint8), count=n).astype(np.bool_))
        return store.using(memory=self.memory)


_stores: Few[_Origin, StoredPatterns] = Few(KEPT)
_views: Few[_Place, StoredPatterns] = Few(KEPT)


def _opened(which: _Origin | _Place) -> StoredPatterns:
    """A store, whose headers are read once a process, or what was selected of it."""
    if isinstance(which, _Origin):
        return _stores.get(which, which.open)
    _opened(which.origin)  # first: who waits for a view that is quickly made should not wait for headers
    return _views.get(which, which.open)


def memory_here(asked: int | str | None) -> int | str | None:
    """What this worker may take: what was asked for, else half of what Dask lets it have, or less where less is free.

    Beyond four fifths of that Dask stops it, beyond 95% kills it; a quarter of what is free on its machine is more than
    that where there are five workers.
    """
    if asked is not None:
        return asked
    from distributed import get_worker

    most = get_worker().memory_manager.memory_limit
    return min(memory_bytes(), most // 2) if most else None


@dataclass(frozen=True)
class _Pass:
    """A task of some sections at a time: their results, or what they come to together."""

    task: Any
    place: _Place | None = None

    def about(self, place: _Place) -> _Pass:
        return _Pass(self.task, place)

    def unfit(self) -> str | None:
        assert self.place is not None
        return self.place.unfit()

    def __call__(
        self, sections: tuple[int, ...], turn: AbstractContextManager[Any], threads: int
    ) -> list[tuple[int, Any]]:
        assert self.place is not None
        store = _opened(self.place)._with(memory=memory_here(self.place.memory))
        with closing(store.parts(sections)) as parts:
            read: Iterable[tuple[int, Any]] = parts
            if self.place.memory is None:  # the first is read while another piece has its turn
                first = next(parts, None)
                read = chain([] if first is None else [first], parts)
                del first
            with turn, closing(worked(read, self.task, threads, len(sections))) as results:
                if not hasattr(self.task, "combine"):
                    return list(results)
                return [reduce(lambda a, b: (a[0], self.task.combine(a[1], b[1])), results)]
