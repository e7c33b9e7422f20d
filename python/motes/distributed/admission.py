"""Whether workers fit: asked of all of them at once, those that do not are named."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from motes.distributed.build import Build
from motes.errors import ClusterError

if TYPE_CHECKING:
    from distributed import Client

SECONDS = 8.0  # for all workers to answer
SILENT = 0.5  # for one that did not answer with the others
TOLD = 5  # workers in a message


def admit(client: Client, unfit: Callable[[], str | None] | None = None, workers: Sequence[str] | None = None) -> None:
    """Ask every worker what it is, and whether it can do the work.

    Parameters
    ----------
    client : distributed.Client
        Of the cluster.
    unfit : callable, optional
        Called on each worker: what keeps it from the work, in words, or None.
    workers : sequence of str, optional
        Addresses; by default of all that there are.

    Raises
    ------
    ClusterError
        If a worker has other kernels, says that it is unfit, or does not answer; it names them.
    """
    here = Build.here()
    refused: dict[str, list[str]] = {}
    for address, told in ask(client, _Question(unfit), workers).items():
        if isinstance(told, ModuleNotFoundError):
            name, why = address, f"no motes that knows workers is installed ({told}); install motes {here.version}"
        elif isinstance(told, BaseException):
            name, why = address, str(told) if isinstance(told, TimeoutError) else f"{type(told).__name__}: {told}"
        else:
            name, build, reason = told
            name, why = called(name, address), build.unlike(here) or reason or ""
        if why:
            refused.setdefault(why, []).append(name)
    if refused:
        raise ClusterError(
            f"{address_of(client)}: " + "; ".join(f"{names(who)}: {why}" for why, who in refused.items())
        )


class _Question:
    """Answered by a worker: its name, its build, and what keeps it from the work."""

    def __init__(self, unfit: Callable[[], str | None] | None) -> None:
        self.unfit = unfit

    def __call__(self, dask_worker: Any) -> tuple[Any, Build, str | None]:
        """On a worker, which Dask gives by this argument's name."""
        return dask_worker.name, Build.here(), None if self.unfit is None else self.unfit()


def ask(client: Client, question: Callable[..., Any], workers: Sequence[str] | None = None) -> dict[str, Any]:
    """What workers answer, or the exception that it raised, by its address; none of them can delay it for long.

    A worker runs it beside its tasks, so that one that is at work answers too.
    """
    from distributed import TimeoutError as SlowError

    with told_when_lost(client):
        began = time.monotonic()
        try:
            answers: dict[str, Any] = client.run(question, workers=workers, on_error="return", callback_timeout=SECONDS)
            return answers
        except SlowError:
            every = list(client.nthreads(callback_timeout=SECONDS)) if workers is None else workers
            return {
                address: _alone(client, question, address, max(SILENT, began + SECONDS - time.monotonic()))
                for address in every
            }


def _alone(client: Client, question: Callable[..., Any], worker: str, seconds: float) -> Any:
    """One worker's answer, or why there is none."""
    from distributed import TimeoutError as SlowError

    try:
        return client.run(question, workers=[worker], on_error="return", callback_timeout=seconds)[worker]
    except SlowError:
        return TimeoutError(f"does not answer within {SECONDS:g} s; end it, or let it go on")


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
