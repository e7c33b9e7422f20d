"""Bytes that Dask really sends: counted where its messages are written to a socket, in every process."""

from __future__ import annotations

from collections import Counter
from typing import Any

_sent: Counter[tuple[str, str]] = Counter()  # bytes from one end of a connection to the other
_counting = False


def start_counting() -> None:
    """From now on, in this process. Connections that are there already are counted too."""
    global _counting
    if _counting:
        return
    from distributed.comm.tcp import TCP

    write = TCP.write

    async def counted(self: Any, *arguments: Any, **options: Any) -> Any:
        size = await write(self, *arguments, **options)
        _sent[self.local_address, self.peer_address] += size
        return size

    TCP.write = counted  # type: ignore[method-assign]
    _counting = True


def sent_here() -> Counter[tuple[str, str]]:
    """What this process has sent since."""
    return Counter(_sent)


def sent(client: Any) -> dict[str, int]:
    """Bytes so far of a local cluster, whose scheduler is in this process: who sent them.

    The client and the scheduler talk over a socket of their own; what else this process sends goes to workers.
    """
    told = {"from_workers": 0, "to_workers": 0, "to_client": 0, "from_client": 0}
    for counts in client.run(sent_here).values():
        told["from_workers"] += sum(counts.values())
    here, scheduler = sent_here(), client.scheduler.address
    of_client = {local for local, peer in here if peer == scheduler}
    for (local, peer), size in here.items():
        if peer == scheduler:
            told["from_client"] += size
        elif local == scheduler and peer in of_client:
            told["to_client"] += size
        else:
            told["to_workers"] += size
    return told
