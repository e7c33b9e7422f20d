"""``--scheduler``: work on the workers of a Dask cluster, or on worker processes of this machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from distributed import Client

PANEL = "Large data"

Scheduler: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS|local[:N]",
        rich_help_panel=PANEL,
        help="Work on the workers of a Dask cluster, tcp://HOST:PORT or tls://HOST:PORT, or on N worker processes of "
        "this machine. The result does not depend on it.",
    ),
]
TlsCa: TypeAlias = Annotated[
    Path | None,
    typer.Option("--tls-ca", metavar="FILE", rich_help_panel=PANEL, help="Of tls://: the authority's certificate."),
]
TlsCert: TypeAlias = Annotated[
    Path | None,
    typer.Option("--tls-cert", metavar="FILE", rich_help_panel=PANEL, help="Of tls://: the certificate to show."),
]
TlsKey: TypeAlias = Annotated[
    Path | None, typer.Option("--tls-key", metavar="FILE", rich_help_panel=PANEL, help="Of tls://: its key.")
]


@contextmanager
def cluster(
    scheduler: str | None,
    threads: int | None = None,
    *,
    tls_ca: Path | None = None,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> Iterator[Client | None]:
    """A client of the cluster that was asked for; None: this process does the work."""
    if scheduler is None:
        if given := [name for name, file in (("ca", tls_ca), ("cert", tls_cert), ("key", tls_key)) if file]:
            raise ValueError(f"--tls-{given[0]}: is of --scheduler tls://HOST:PORT, which was not given")
        yield None
        return
    from motes.distributed import connect

    with connect(scheduler, threads=threads, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key) as client:
        yield client
