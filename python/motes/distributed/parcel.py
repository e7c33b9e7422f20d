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


class Parcel:
    """A thing, pickled, and its place in the cluster's memory.

    Workers give it to each other. It comes to the first of them by way of one that is there when it is sent: who was
    overtaken and rests would keep it to itself.

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
        self._place: Future[bytes] | None = None
        self._among: frozenset[str] = frozenset()

    def is_lost(self, present: Collection[str]) -> bool:
        """Whether nobody is there any more who could make it again: Dask would wait for them for ever."""
        return self._place is not None and self._among.isdisjoint(present)

    def to(self, workers: Collection[str]) -> bytes | Future[bytes]:
        """What a task of one of these workers takes for it."""
        if len(self.pickled) <= EMBEDDED:
            return self.pickled
        if self._place is None or self.is_lost(workers):
            self._among = frozenset(workers)
            with told_when_lost(self.client):
                self._place = self.client.submit(
                    bytes, self.pickled, key=f"motes-parcel-{uuid.uuid4().hex}", workers=list(workers)
                )
        return self._place
