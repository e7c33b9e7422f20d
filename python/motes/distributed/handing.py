"""One work's pieces, handed to workers: each once, again where a worker is lost, and twice where one is slow.

Dask carries them, and tells who is there. Results depend neither on who computes them nor on how often: so the first
answer is taken, a worker that was overtaken rests until it answers, and what a lost worker had is handed out anew.
(Dask would do that too, but leaves a task that prefers a worker undone where all workers were lost for a while.)

A worker that is stopped is there as far as Dask can tell. So where nothing comes for a while all are asked for a sign
of life: what the silent ones have is handed out anew, and where all of them stay silent the work is given up. One that
gives a sign may take as long as it likes: a piece may be a study's run of hours.
"""

from __future__ import annotations

import math
import time
import uuid
import warnings
from collections import deque
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

from motes.distributed.admission import address_of, called, lost, names, silent, told_when_lost
from motes.distributed.parcel import Parcel
from motes.distributed.scheduler import import_distributed
from motes.distributed.worker import Answer, answer
from motes.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Future

    from motes.distributed.dispatch import Dispatcher

LOOK = 0.5  # seconds between two looks at who is there
FETCH = 2.0  # seconds for answers to come, twice as many at each try, before it is looked whether their workers live
DEATHS = 3  # of workers that had the same piece
QUIET = 10.0  # seconds without an answer, after which it is asked who lives
SIGN = 4.0  # seconds for a sign of life
SLOW = 3.0  # times the usual time
LEAST = 0.5  # seconds, below which nobody is slow
HELD = 64  # answers that workers hold on to: to let go of each at once would delay what is sent next


@dataclass(frozen=True)
class Piece:
    """An argument, how much work it is beside the others, and the worker that knows its data, by its address."""

    argument: Any
    weight: float = 1.0
    home: str | None = None


@dataclass
class _Given:
    """A piece on its way: which, to whom, and since when."""

    piece: int
    address: str
    since: float


@dataclass
class _Waiting:
    """Pieces that nobody has yet: first those of the worker's own home, then from the end of the longest row."""

    rows: dict[str | None, deque[int]] = field(default_factory=dict)

    def put(self, home: str | None, piece: int, *, first: bool = False) -> None:
        row = self.rows.setdefault(home, deque())
        row.appendleft(piece) if first else row.append(piece)

    def take(self, address: str) -> int | None:
        own = self.rows.get(address)
        if own:
            return own.popleft()
        row = max(self.rows.values(), key=len, default=None)
        return row.pop() if row else None


class Handing:
    """Pieces until all of them are done."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        work: Any,
        subject: Parcel | None,
        pieces: Sequence[Piece],
        ahead: int,
    ) -> None:
        pickle = import_distributed("motes.distributed").protocol.pickle
        self.dispatcher, self.client, self.pieces, self.ahead = dispatcher, dispatcher.client, pieces, ahead
        self.token = uuid.uuid4().hex
        self.work, self.subject = dispatcher.parcel(work), subject
        self.arguments = [pickle.dumps(piece.argument) for piece in pieces]
        self.waiting = _Waiting()
        for number, piece in enumerate(pieces):
            self.waiting.put(piece.home, number)
        self.given: dict[Future[Answer], _Given] = {}
        self.finished: SimpleQueue[Future[Answer]] = SimpleQueue()
        self.done: set[int] = set()
        self.slowest = 0.0  # seconds per weight
        self.held: deque[Future[Answer]] = deque(maxlen=HELD)
        self.alone_since: float | None = None
        self.silent: set[str] = set()  # workers that gave no sign of life when they were last asked
        self.asked = self.alive = time.monotonic()  # when that was, and when somebody last gave one
        self.unfit: dict[str, str] = {}  # workers that can not do this work, and why: they may do the next
        self.losses = [0] * len(pieces)
        self.count = 0

    def answers(self) -> Generator[tuple[int, Any]]:
        """Until every piece is done."""
        while len(self.done) < len(self.pieces):
            if self.client.status != "running":
                raise lost(self.client)
            workers = {at: threads for at, threads in self.dispatcher.workers().items() if at not in self.unfit}
            self._look_after()
            self._hand_out(workers)
            arrived = self._arrived()
            self._listen(arrived)
            for future, told in self._told(arrived):
                given = arrived[future]
                if told is None:
                    self._lose(given)
                elif told.refusal is not None:
                    self._refuse(told, given)
                elif given.piece not in self.done:
                    self.held.append(future)
                    self._take_note(given, told)
                    yield given.piece, told.result

    def end(self) -> None:
        """Nothing that is still on its way is wanted any more."""
        from distributed import CancelledError

        wanted = set(self.dispatcher.resting.values())
        left = [future for future in self.given if future not in wanted]
        if left and self.client.status == "running":
            with suppress(OSError, CancelledError):  # its scheduler is gone, and they with it
                self.client.cancel(left)

    def _hand_out(self, workers: dict[str, int]) -> None:
        load = dict.fromkeys(workers, 0)
        for given in self.given.values():
            if given.address in load:
                load[given.address] += 1
        for depth in range(self.ahead):  # everybody gets a first before anybody gets a second
            for address in workers:
                if load[address] == depth and (piece := self.waiting.take(address)) is not None:
                    self._give(piece, address, workers)
                    load[address] += 1
        for address in workers:
            if not load[address] and (late := self._late()) is not None:
                self._give(late, address, workers)

    def _late(self) -> int | None:
        """A piece that takes all who have it much longer than such a piece took others, or that silent ones have."""
        last: dict[int, float] = {}
        for given in self.given.values():
            since = -math.inf if given.address in self.silent else given.since
            last[given.piece] = max(last.get(given.piece, -math.inf), since)
        for piece, since in last.items():
            usual = self.slowest * self.pieces[piece].weight if self.slowest else math.inf
            if since == -math.inf or time.monotonic() - since > max(LEAST, SLOW * usual):
                return piece
        return None

    def _give(self, piece: int, address: str, workers: Collection[str]) -> None:
        self.count += 1
        with told_when_lost(self.client):
            future = self.client.submit(
                answer,
                self.dispatcher.build,
                self.token,
                self.work.to(address, workers),
                None if self.subject is None else self.subject.to(address, workers),
                self.arguments[piece],
                key=f"motes-{self.token}-{self.count}",
                workers=[address],
                pure=False,
            )
        self.given[future] = _Given(piece, address, time.monotonic())
        future.add_done_callback(self.finished.put)

    def _arrived(self) -> dict[Future[Answer], _Given]:
        """What was finished, or has failed, since it was last asked; waits for the first."""
        arrived: dict[Future[Answer], _Given] = {}
        timeout = LOOK
        with suppress(Empty):
            while True:
                future = self.finished.get(timeout=timeout)
                timeout = 0.0
                given = self.given.pop(future, None)
                if given is not None and given.piece not in self.done:
                    arrived[future] = given
        return arrived

    def _told(self, arrived: Mapping[Future[Answer], _Given]) -> Iterator[tuple[Future[Answer], Answer | None]]:
        """The answers, fetched together; None where the worker is gone and took its answer along.

        One that is stopped with its answer in hand rests, and the piece is handed out anew.
        """
        from distributed import CancelledError
        from distributed import TimeoutError as SlowError

        for future in arrived:
            if future.status == "error":
                future.result()  # raises what the work raised, with its place
        left, wait = list(arrived), FETCH
        while left:
            try:
                with told_when_lost(self.client):
                    try:
                        answers = self.client.sync(self._fetch, left, callback_timeout=wait)
                    except SlowError:
                        answers = None
            except CancelledError as error:
                raise lost(self.client) from error
            if answers is not None:
                yield from zip(left, answers, strict=True)
                return
            wait *= 2
            self.dispatcher.look()
            gone = [future for future in left if arrived[future].address not in self.dispatcher.present]
            yield from ((future, None) for future in gone)
            left = [future for future in left if future not in gone]
            mute = silent(self.client, {arrived[future].address for future in left}, SIGN)
            for future in [future for future in left if arrived[future].address in mute]:
                left.remove(future)
                self.dispatcher.rest(arrived[future].address)
                self._put_back(arrived[future])

    async def _fetch(self, futures: list[Future[Answer]]) -> list[Answer]:
        answers: list[Answer] = await self.client.gather(futures, asynchronous=True)
        return answers

    def _listen(self, arrived: Collection[Future[Answer]]) -> None:
        """Where nothing has come for a while, ask who lives; give up where nobody does."""
        now = time.monotonic()
        if arrived:
            self.asked = self.alive = now
            self.silent.clear()
        if now - self.asked < min(QUIET, self.dispatcher.patience):
            return
        there = self.dispatcher.present.keys() - self._refused().keys()
        self.silent = silent(self.client, there, SIGN)
        self.asked = time.monotonic()
        if there - self.silent or not there:  # where nobody is there, somebody is waited for
            self.alive = self.asked
        elif self.asked - self.alive > self.dispatcher.patience:
            raise ClusterError(
                f"{address_of(self.client)}: no sign of life for {self.dispatcher.patience:g} s from "
                f"{names(sorted(there))}; end them, or let them go on"
            )

    def _take_note(self, given: _Given, told: Answer) -> None:
        """A piece is done: how long it took, and who else has it."""
        self.done.add(given.piece)
        seconds = time.monotonic() - given.since
        self.slowest = max(self.slowest, seconds / self.pieces[given.piece].weight)
        for future, other in list(self.given.items()):
            if other.piece == given.piece:
                if other.address != told.worker:
                    self.dispatcher.resting[other.address] = future
                del self.given[future]

    def _lose(self, given: _Given) -> None:
        self.losses[given.piece] += 1
        if self.losses[given.piece] > DEATHS:
            raise ClusterError(
                f"{address_of(self.client)}: {DEATHS + 1} workers were lost with the same piece of work, the last of "
                f"them {given.address}: killed for want of memory, perhaps"
            )
        self._put_back(given)

    def _put_back(self, given: _Given) -> None:
        if given.piece not in self.done and all(other.piece != given.piece for other in self.given.values()):
            self.waiting.put(self.pieces[given.piece].home, given.piece, first=True)

    def _refuse(self, told: Answer, given: _Given) -> None:
        """A worker that does not fit gets nothing more of this work, and of no other where its kernels differ."""
        assert told.refusal is not None
        self._put_back(given)
        if told.worker in self._refused():
            return
        (self.dispatcher.refused if told.lasting else self.unfit)[told.worker] = told.refusal
        about = self.subject or told.refusal  # the passes of one picture are many, and one word is enough
        if self.dispatcher.told.get(told.worker) != about:
            self.dispatcher.told[told.worker] = about
            warnings.warn(f"{called(told.name, told.worker)} takes no part: {told.refusal}", UserWarning, stacklevel=2)

    def _refused(self) -> dict[str, str]:
        """Workers that do not fit, and why."""
        return self.dispatcher.refused | self.unfit

    def _look_after(self) -> None:
        """What a worker had that is gone is handed out anew; where nobody at all is left, somebody is waited for."""
        present = self.dispatcher.present
        for parcel in (self.work, self.subject):
            if parcel is not None:
                parcel.keep(present)
        for future, given in list(self.given.items()):
            if given.address not in present:
                del self.given[future]
                self._lose(given)
        refused = self._refused()
        if present.keys() - refused.keys():
            self.alone_since = None
            return
        where = address_of(self.client)
        if present:
            told = "; ".join(f"{address}: {why}" for address, why in refused.items() if address in present)
            raise ClusterError(f"{where}: no worker fits: {told}")
        now = time.monotonic()
        if self.alone_since is None:
            self.alone_since = now
            warnings.warn(
                f"{where}: all workers are gone; waiting {self.dispatcher.patience:g} s for one: dask worker {where}",
                UserWarning,
                stacklevel=2,
            )
        elif now - self.alone_since > self.dispatcher.patience:
            raise ClusterError(f"{where}: no worker for {self.dispatcher.patience:g} s; start one: dask worker {where}")
