"""Who hands work to workers: knows who is there, who fits, and who rests."""

from __future__ import annotations

import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Generator, Hashable, Sequence
from typing import TYPE_CHECKING, Any

from motes.distributed.admission import PATIENCE as PATIENCE
from motes.distributed.admission import admit, told_when_lost
from motes.distributed.build import Build
from motes.distributed.handing import LOOK, Handing
from motes.distributed.handing import Piece as Piece
from motes.distributed.parcel import Parcel
from motes.distributed.scheduler import import_distributed
from motes.distributed.worker import Work

if TYPE_CHECKING:
    from distributed import Client, Future

AHEAD = 2  # pieces that a worker has: one that it does, and the next
KEPT = 8  # things that workers were asked about: pictures of a store that grows are as many as one likes
LONGEST = 60.0  # seconds that a scheduler may take to say who is there


class Dispatcher:
    """Hands pieces to the workers of a client, and takes their answers.

    Parameters
    ----------
    client : distributed.Client
        All of its workers must fit: see `motes.distributed.admission`.
    patience : float, seconds
        How long to wait for a worker where none is left, for a sign of life where all are silent, and for one that
        looks whether it can do the work.

    Raises
    ------
    ClusterError
        If a worker does not fit.
    """

    def __init__(self, client: Client, *, patience: float = PATIENCE) -> None:
        import_distributed("motes.distributed")
        self.client, self.patience, self.build = client, patience, Build.here()
        admit(client)
        self.refused: dict[str, str] = {}
        """Workers that came later and have other kernels, by their addresses, and why; they get nothing any more."""
        self.told: dict[str, Any] = {}
        """Workers that were said to take no part, and what in, or why."""
        self.resting: dict[str, Future[Any]] = {}
        """Workers that others were faster than, and what they have still to answer before they get more."""
        self.present: dict[str, int] = {}
        """All workers, and the threads of each."""
        self._admitted: OrderedDict[Hashable, set[str]] = OrderedDict()
        self._looked = 0.0

    def workers(self) -> dict[str, int]:
        """Those that take part, in the order of their addresses, and the threads of each."""
        if time.monotonic() - self._looked > LOOK:
            self.look()
        out = self.refused.keys() | self.resting.keys()
        return {address: threads for address, threads in self.present.items() if address not in out}

    def look(self) -> None:
        """Ask the scheduler who is there."""
        with told_when_lost(self.client):
            self.present = dict(sorted(self.client.nthreads(callback_timeout=LONGEST).items()))
        self._looked = time.monotonic()
        self.resting = {
            address: future for address, future in self.resting.items() if address in self.present and not future.done()
        }

    def rest(self, worker: str) -> None:
        """Give a worker nothing until it answers."""
        if worker not in self.resting:
            with told_when_lost(self.client):
                key = f"motes-rest-{uuid.uuid4().hex}"
                self.resting[worker] = self.client.submit(os.getpid, key=key, workers=[worker], pure=False)

    def admit(self, unfit: Callable[[], str | None], about: Hashable | None = None) -> None:
        """Ask those that take part whether they can do some work.

        Parameters
        ----------
        unfit : callable
            Called on each: what keeps it from the work, in words, or None.
        about : hashable, optional
            What the question is about: who could do it is not asked about the same again, as long as it is one of the
            last few.

        Raises
        ------
        ClusterError
            If one of them can not; it is named.
        """
        admitted = set() if about is None else self._admitted.get(about, set())
        new = [address for address in self.workers() if address not in admitted]
        admit(self.client, unfit, new, patience=self.patience)
        if about is not None:
            self._admitted[about] = admitted.union(new)
            self._admitted.move_to_end(about)
            while len(self._admitted) > KEPT:
                self._admitted.popitem(last=False)

    def parcel(self, thing: Any) -> Parcel:
        """What is sent to each worker once, as long as it is held on to here."""
        return Parcel(self.client, thing)

    def run(
        self,
        work: Work[Any, Any],
        pieces: Sequence[Piece],
        *,
        subject: Parcel | None = None,
        ahead: int = AHEAD,
    ) -> Generator[tuple[int, Any]]:
        """Number and result of each piece, as they come.

        Parameters
        ----------
        work : Work
            What is done with each argument.
        pieces : sequence of Piece
            Those of one home are begun in their order.
        subject : Parcel, optional
            What the work is about: workers do `work.about(subject)`.
        ahead : int
            Pieces that a worker has at a time.

        Raises
        ------
        ClusterError
            If the scheduler is gone, no worker fits, or none has come for as long as was to be waited.
        """
        run = Handing(self, work, subject, pieces, ahead)
        try:
            yield from run.answers()
        finally:
            run.end()
