"""Something that every worker needs: small things go along with each piece of work, large ones to each worker once."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from motes.distributed.admission import told_when_lost
from motes.distributed.scheduler import import_distributed

if TYPE_CHECKING:
    from distributed import Client, Future

EMBEDDED = 1 << 16  # bytes, above which it goes to each worker once
COPIES = 8  # that are sent from here; more workers than that share them


class Parcel:
    """A thing, pickled, and its places in the cluster's memory.

    Up to `COPIES` workers get it from here, each its own: one that is stopped then keeps nobody else waiting. More of
    them are as many groups, and give it to each other within theirs; what a stopped one keeps from its group, other
    groups do meanwhile.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    thing : object
        What is to be sent.
    """

    def __init__(self, client: Client, thing: Any) -> None:
        self.client = client
        self.pickled: bytes = import_distributed("motes.distributed").protocol.pickle.dumps(thing)
        self._groups: dict[str, tuple[str, ...]] = {}
        self._places: dict[str, Future[bytes]] = {}

    def keep(self, present: Collection[str]) -> None:
        """Forget what was sent to workers that are gone: who comes back at the same address has nothing of it."""
        self._groups = {address: group for address, group in self._groups.items() if address in present}
        self._places = {address: place for address, place in self._places.items() if address in present}

    def to(self, worker: str, workers: Collection[str]) -> bytes | Future[bytes]:
        """What a task of a worker takes for it; `workers` are all that there are to share it with."""
        if len(self.pickled) <= EMBEDDED:
            return self.pickled
        if worker not in self._places:
            self._groups = self._groups or groups_of(workers, COPIES)
            group = self._groups.get(worker, (worker,))
            with told_when_lost(self.client):
                place = self.client.submit(
                    bytes, self.pickled, key=f"motes-parcel-{uuid.uuid4().hex}", workers=list(group), pure=False
                )
            self._places |= dict.fromkeys(group, place)
        return self._places[worker]


def groups_of(workers: Collection[str], most: int) -> dict[str, tuple[str, ...]]:
    """Of each worker those that share with it, itself among them: at most so many groups, about equal.

    Examples
    --------
    >>> groups_of(["a", "b", "c"], 2)
    {'a': ('a', 'c'), 'b': ('b',), 'c': ('a', 'c')}
    """
    every = sorted(workers)
    return {worker: tuple(every[k % most :: most]) for k, worker in enumerate(every)}
