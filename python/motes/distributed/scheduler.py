"""A client of a Dask cluster: one that runs already, or worker processes of this machine."""

from __future__ import annotations

import asyncio
import logging
import os
import re
import ssl
import tempfile
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from motes.distributed.admission import admit
from motes.errors import ClusterError
from motes.threads import available_threads

if TYPE_CHECKING:
    from distributed import Client

LOCAL = re.compile(r"local(?::([0-9]{1,4}))?")
REMOTE = re.compile(r"(tcp|tls)://.+:[0-9]{1,5}")
EXPECTED = "expected tcp://HOST:PORT, tls://HOST:PORT, local or local:N"
SECONDS = 5.0  # for a scheduler to answer, and once more for its first worker
LOGGERS = ("distributed", "distributed.client", "tornado.application")
PRELOAD = "motes.distributed.undisturbed"
CONFIGURATION = {
    # What nobody looks at takes 4% of a processor in each process, and more in those that work.
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.admin.tick.interval": "1s",
    "distributed.scheduler.http.routes": [],  # pages that anybody on this machine could read
    "distributed.worker.http.routes": [],
    # Dask has free memory given back at once: every large array is fresh memory then, and NumPy takes up to three times
    # as long.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 1 << 27,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 1 << 25,
}


@contextmanager
def connect(
    address: str,
    *,
    threads: int | None = None,
    tls_ca: str | os.PathLike[str] | None = None,
    tls_cert: str | os.PathLike[str] | None = None,
    tls_key: str | os.PathLike[str] | None = None,
) -> Iterator[Client]:
    """A client whose workers all have this version and its bits, for as long as the block lasts.

    Parameters
    ----------
    address : str
        `tcp://HOST:PORT` or `tls://HOST:PORT` of a Dask scheduler; `local:N`, N worker processes on this machine, which
        end with the block and talk to nobody else; `local`, as many as this process may use threads.
    threads : int, optional
        Of all local workers together; by default all that this process may use.
    tls_ca, tls_cert, tls_key : path, optional
        Of `tls://`: the authority's certificate, this client's certificate, and its key. By default those of Dask's
        own configuration (`distributed.comm.tls`).

    Yields
    ------
    distributed.Client
        Not the default of this process. Dask's own log messages are not shown within the block: what matters is raised.

    Raises
    ------
    ImportError
        If Dask is not installed.
    ValueError
        If it is no address, or certificates are missing or do not fit.
    ClusterError
        If nothing answers at the address, nobody works there, or a worker has another version of motes, other kernels
        or another instruction set. It takes less than ten seconds.

    Warns
    -----
    UserWarning
        If the package cryptography is not installed, so that other users of this machine can reach local workers.

    Examples
    --------
    >>> with connect("local:2") as client:
    ...     len(client.nthreads())
    2
    """
    if not isinstance(address, str) or not (LOCAL.fullmatch(address) or REMOTE.fullmatch(address)):
        raise ValueError(f"scheduler: {EXPECTED}, got {address!r}")
    distributed = import_distributed("scheduler")
    files = {"tls_ca": tls_ca, "tls_cert": tls_cert, "tls_key": tls_key}
    security = _security(distributed, address, {name: os.fspath(path) for name, path in files.items() if path})
    with quiet():
        where = _local if LOCAL.fullmatch(address) else _remote
        with where(distributed, address, available_threads(threads), security) as client:
            admit(client)
            yield client


def import_distributed(who: str) -> Any:
    """Dask, or how to get it.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        import distributed
    except ImportError as error:
        raise ImportError(f'{who}: needs Dask (pip install "motes[dask]")') from error
    return distributed


@contextmanager
def _local(distributed: Any, address: str, threads: int, security: Any) -> Iterator[Client]:
    """Processes on the loopback, whose files and whose end are this block's, and who talk to nobody else."""
    told = LOCAL.fullmatch(address)
    n = int(told[1]) if told is not None and told[1] else threads
    if n < 1:
        raise ValueError("scheduler: expected local:1 or more, got local:0")
    import dask

    own = _own_certificates(distributed)
    with (
        tempfile.TemporaryDirectory(prefix="motes-workers-", ignore_cleanup_errors=True) as folder,
        dask.config.set({"temporary-directory": folder} | CONFIGURATION),
    ):
        cluster = distributed.LocalCluster(
            n_workers=n,
            threads_per_worker=max(1, threads // n),
            processes=True,
            host="127.0.0.1",
            protocol="tcp" if own is None else "tls",
            security=own,
            dashboard_address=None,
            scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # None is port 8787, and one cluster too many there
            silence_logs=logging.CRITICAL,
            preload=[PRELOAD],
        )
        with cluster, distributed.Client(cluster, set_as_default=False) as client:
            yield client


def _own_certificates(distributed: Any) -> Any:
    """Certificates that nobody has but the processes of this block; None where they can not be made.

    Every user of this machine reaches its loopback, and who reaches a scheduler can run programs on its workers. Python
    loads keys from files alone: each time Dask writes one to a folder of this user's, and removes it at once.
    """
    try:
        return distributed.Security.temporary()
    except ImportError:
        warnings.warn(
            "local workers: other users of this machine can reach them, and run programs as you; "
            "pip install cryptography, and they talk by TLS to nobody else",
            UserWarning,
            stacklevel=2,
        )
        return None


@contextmanager
def _remote(distributed: Any, address: str, threads: int, security: Any) -> Iterator[Client]:
    try:
        with ThreadPoolExecutor(1) as apart:  # this thread may have an event loop of its own, as a notebook's has
            apart.submit(asyncio.run, _asked(address, security)).result()
        client = distributed.Client(address, security=security, timeout=SECONDS, set_as_default=False)
    except (OSError, distributed.TimeoutError, asyncio.TimeoutError) as error:
        raise ClusterError(f"{address}: {_why_not(error)}") from error
    except (ValueError, TypeError, EOFError, MemoryError) as error:  # of bytes that are no message
        raise ClusterError(f"{address}: what answers there is no Dask scheduler") from error
    with client:
        try:
            client.wait_for_workers(1, timeout=SECONDS)
        except distributed.TimeoutError as error:
            raise ClusterError(f"{address}: no workers there; start one: dask worker {address}") from error
        yield client


async def _asked(address: str, security: Any) -> None:
    """Have who is at an address say who it is: a client would wait without end for one that never says anything."""
    from distributed.core import connect as connected

    arguments = {} if security is None else security.get_connection_args("client")

    async def answer() -> None:
        comm = await connected(address, timeout=SECONDS, **arguments)
        try:
            await comm.write({"op": "identity", "reply": True})
            await comm.read()
        finally:
            comm.abort()

    await asyncio.wait_for(answer(), SECONDS)


def _why_not(error: BaseException | None) -> str:
    """Why nobody could be reached: the certificates, or nobody is there."""
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return f"certificates were not accepted ({error.reason or error}): all must be of one authority (tls_ca)"
        error = error.__cause__ or error.__context__
    return (
        f"no scheduler answers within {SECONDS:g} s; check the address (tls:// of one that has certificates), or start "
        "one: dask scheduler"
    )


def _security(distributed: Any, address: str, files: dict[str, str]) -> Any:
    """Certificates for `tls://`; those that Dask was told of unless some are given."""
    if not address.startswith("tls://"):
        if files:
            raise ValueError(f"{', '.join(files)}: for an address that begins with tls://, got {address}")
        return None
    for name, path in files.items():
        if not os.path.isfile(path):  # noqa: PTH113  a path as it was given
            raise ValueError(f"{name}: no such file: {path}")
    if files and len(files) < 3:
        lacking = {"tls_ca", "tls_cert", "tls_key"} - files.keys()
        raise ValueError(f"{', '.join(sorted(lacking))}: needed beside {', '.join(files)}")
    security = distributed.Security(
        require_encryption=True,
        **(
            {"tls_ca_file": files["tls_ca"], "tls_client_cert": files["tls_cert"], "tls_client_key": files["tls_key"]}
            if files
            else {}
        ),
    )
    try:
        found = security.get_connection_args("client").get("ssl_context")
    except (OSError, ValueError) as error:  # of the certificates' files
        raise ValueError(
            f"{', '.join(files) or 'distributed.comm.tls'}: no certificate and key that fit: {error}"
        ) from error
    if found is None:
        raise ValueError(
            f"{address}: needs certificates: give tls_ca, tls_cert and tls_key, or Dask's configuration "
            "(distributed.comm.tls)"
        )
    return security


@contextmanager
def quiet() -> Iterator[None]:
    """Within it Dask logs nothing: what matters to a user is raised, or warned of."""
    loggers = [logging.getLogger(name) for name in LOGGERS]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
