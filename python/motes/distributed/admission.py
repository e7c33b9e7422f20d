"""Whether workers fit: asked of all of them at once, those that do not are named."""

from __future__ import annotations

import asyncio
import os
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from motes.distributed.build import Build
from motes.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

SECONDS = 7.0  # for a worker to answer
AT_WORK = 1.0  # seconds after which one that still looks says so
PATIENCE = 300.0  # seconds for one that still looks, and for workers that are lost or stopped
ALIVE = 2.0  # seconds for a scheduler to say who is there, where a worker does not answer
TOLD = 5  # workers in a message
KEPT = 64  # questions that a worker's process remembers, where nobody has come back for the answer


def admit(
    client: Client,
    unfit: Callable[[], str | None] | None = None,
    workers: Collection[str] | None = None,
    *,
    patience: float = PATIENCE,
) -> None:
    """Ask every worker what it is, and whether it can do the work.

    Who has much to look at, as the headers of a large store, does so beside all else that it does, and is asked again
    until it is done: only who says nothing at all is taken for lost.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    unfit : callable, optional
        Called on each worker, in a thread: what keeps it from the work, in words, or None.
    workers : collection of str, optional
        Addresses; by default of all that there are.
    patience : float, seconds
        How long one may look.

    Raises
    ------
    ClusterError
        If a worker has other kernels, says that it is unfit, or does not answer; it names them.
    """
    pickled = None
    if unfit is not None:
        from distributed.protocol.pickle import dumps

        pickled = dumps(unfit)
    here, token, began = Build.here(), uuid.uuid4().hex, time.monotonic()
    refused: dict[str, list[str]] = {}
    waiting: Collection[str] | None = workers
    while waiting is None or waiting:
        answers = ask(client, answered, token, here, pickled, AT_WORK, workers=waiting)
        if any(isinstance(told, OSError) for told in answers.values()):  # as a time-out is
            with told_when_lost(client):
                present = client.nthreads(callback_timeout=ALIVE)
            answers = {address: told for address, told in answers.items() if address in present}
        at_work = {}
        for address, told in answers.items():
            if isinstance(told, _Told) and told.looks:
                at_work[address] = called(told.name, address)
            elif why := _why_not(told, here):
                name = called(told.name, address) if isinstance(told, _Told) else address
                refused.setdefault(why, []).append(name)
        if at_work and time.monotonic() - began > patience:
            refused[f"had not seen within {patience:g} s whether it can do the work"] = list(at_work.values())
        if refused:
            raise ClusterError(
                f"{address_of(client)}: " + "; ".join(f"{names(who)}: {why}" for why, who in refused.items())
            )
        waiting = at_work


def _why_not(told: Any, here: Build) -> str:
    """What keeps a worker that has answered so from the work, in words; nothing where nothing does."""
    if isinstance(told, ModuleNotFoundError):
        return f"no motes that knows workers is installed ({told}); install motes {here.version}"
    if isinstance(told, BaseException):
        return str(told) if isinstance(told, TimeoutError) else f"{type(told).__name__}: {told}"
    return told.reason or ""


@dataclass(frozen=True)
class _Told:
    """What a worker says: its name, and what keeps it from the work or that it still looks."""

    name: Any
    reason: str | None = None
    looks: bool = False


_looking: OrderedDict[str, asyncio.Future[str | None]] = OrderedDict()


async def answered(token: str, asker: Build, unfit: bytes | None, seconds: float, dask_worker: Any) -> _Told:
    """On a worker, which Dask gives by this argument's name; it answers others meanwhile.

    Parameters
    ----------
    token : str
        Of the question: who asks again gets the answer to what it asked first.
    asker : Build
        Of the process that asks.
    unfit : bytes, optional
        Pickled: a callable that looks.
    seconds : float
        After which it says that it still looks.
    """
    name = dask_worker.name
    if unlike := Build.here().unlike(asker):
        return _Told(name, unlike)
    if unfit is None:
        return _Told(name)
    look = _looking.get(token)
    if look is None:
        look = _looking[token] = asyncio.ensure_future(asyncio.to_thread(_look, unfit))
        while len(_looking) > KEPT:
            _looking.popitem(last=False)
    done, _ = await asyncio.wait({look}, timeout=seconds)
    if not done:
        return _Told(name, looks=True)
    _looking.pop(token, None)
    return _Told(name, look.result())


def _look(unfit: bytes) -> str | None:
    from distributed.protocol.pickle import loads

    found: str | None = loads(unfit)()
    return found


def ask(
    client: Client,
    question: Callable[..., Any],
    *arguments: Any,
    workers: Iterable[str] | None = None,
    seconds: float | None = None,
) -> dict[str, Any]:
    """What workers answer, or the exception that it raised, by its address; none of them delays another's.

    A worker runs it beside its tasks, so that one that is at work answers too.
    """
    limit = SECONDS if seconds is None else seconds
    with told_when_lost(client):
        every = list(client.nthreads(callback_timeout=limit) if workers is None else workers)
        answers: dict[str, Any] = client.sync(_of_each, client, question, arguments, every, limit)
        return answers


async def _of_each(
    client: Client, question: Callable[..., Any], arguments: tuple[Any, ...], workers: list[str], limit: float
) -> dict[str, Any]:
    async def alone(worker: str) -> Any:
        asked = client.run(question, *arguments, workers=[worker], on_error="return", asynchronous=True)
        try:
            return (await asyncio.wait_for(asked, limit))[worker]
        except asyncio.TimeoutError:
            return TimeoutError(f"does not answer within {limit:g} s; end it, or let it go on")

    return dict(zip(workers, await asyncio.gather(*map(alone, workers)), strict=True))


def silent(client: Client, workers: Iterable[str], seconds: float) -> set[str]:
    """Those of some workers that do not answer; that they work does not keep them from it."""
    told = ask(client, os.getpid, workers=workers, seconds=seconds)
    return {address for address, answer in told.items() if isinstance(answer, BaseException)}


class told_when_lost:  # noqa: N801  reads as a statement
    """Within it what a client raises when its scheduler is gone is told in words."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ClusterError) or not isinstance(error, Exception):
            return
        from distributed import TimeoutError as SlowError

        if isinstance(error, (OSError, SlowError)) or self.client.status != "running":
            raise lost(self.client) from error


def lost(client: Client) -> ClusterError:
    """Of a scheduler that is gone."""
    return ClusterError(f"{address_of(client)}: the scheduler is gone, and what its workers were doing with it")


def address_of(client: Client) -> str:
    """The address of a client's scheduler, also when it is closed."""
    scheduler = client.scheduler
    found = None if scheduler is None else getattr(scheduler, "address", None)
    return str(found or getattr(client, "_start_arg", None) or "the scheduler")


def called(name: Any, address: str) -> str:
    """A worker by its name, where somebody gave it one, and its address.

    Examples
    --------
    >>> called("node7", "tcp://10.0.0.7:40123"), called("tcp://10.0.0.7:40123", "tcp://10.0.0.7:40123")
    ('node7 (tcp://10.0.0.7:40123)', 'tcp://10.0.0.7:40123')
    """
    return address if str(name) == address else f"{name} ({address})"


def names(workers: list[str]) -> str:
    """Workers in a message.

    Examples
    --------
    >>> names(["a", "b"]), names(["a"])
    ('workers a, b', 'worker a')
    """
    told = ", ".join(workers[:TOLD]) + (f" and {len(workers) - TOLD} more" if len(workers) > TOLD else "")
    return f"worker{'s' * (len(workers) > 1)} {told}"
