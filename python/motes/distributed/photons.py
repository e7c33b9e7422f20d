"""`reconstruct` over workers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from motes.distributed.dispatch import PATIENCE
from motes.distributed.engine import DaskEngine
from motes.errors import ClusterError, kind_of
from motes.reconstruction import reconstruct as reconstruct_here
from motes.stored import StoredPatterns, open_patterns

if TYPE_CHECKING:
    from distributed import Client


def reconstruct(
    source: StoredPatterns | str | os.PathLike[str],
    *,
    client: Client,
    patience: float = PATIENCE,
    **options: Any,
) -> Any:
    """What `motes.reconstruct` gives, with sweeps that workers make.

    Parameters
    ----------
    source : StoredPatterns or path
        A store (`motes.PatternWriter`, ``motes convert``) that workers see under the same path.
    client : distributed.Client
        Of the workers: `motes.distributed.connect`, or one's own.
    patience : float, seconds
        How long to wait for a worker where all were lost.
    **options
        As of `motes.reconstruct`. With `checkpoint` and `resume` a run outlives its cluster.

    Returns
    -------
    Reconstruction or MixtureReconstruction
        With the bits of one machine, for any number of workers.

    Raises
    ------
    ClusterError
        If a worker does not fit or does not see the store, or the cluster is lost; the message says what was kept.
    TypeError, ValueError
        As `motes.reconstruct` does.

    Examples
    --------
    >>> import motes, tempfile
    >>> from motes.distributed import connect
    >>> folder = tempfile.TemporaryDirectory()
    >>> photons = motes.simulate.patterns(motes.simulate.scaled(motes.simulate.portrait(9), 20.0), 4000, seed=1)
    >>> with motes.PatternWriter(f"{folder.name}/run.zarr", (9, 9)) as writer:
    ...     writer.append(motes.Patterns.from_coo(photons.rows, photons.cols, shape=(9, 9), n_patterns=4000))
    >>> with connect("local:1") as client:
    ...     result = reconstruct(f"{folder.name}/run.zarr", client=client)
    >>> result.converged
    True
    >>> folder.cleanup()
    """
    if isinstance(source, StoredPatterns):
        store = source
    elif isinstance(source, (str, os.PathLike)):
        store = open_patterns(source)
    else:
        raise TypeError(
            f"source: expected a store or its path, got {kind_of(source)}; workers read patterns from a disk, where "
            "motes.PatternWriter puts them"
        )
    own = with_workers(store, client, patience=patience)
    with kept_in(options.get("checkpoint")):
        return reconstruct_here(own, **options)


def with_workers(store: StoredPatterns, client: Client, *, patience: float = PATIENCE) -> StoredPatterns:
    """The same patterns, passes over which are the workers'; they are asked whether they see them."""
    engine = DaskEngine(client, patience=patience)
    own = store.using(memory=store.memory, engine=engine)
    engine.check(own)
    return own


@contextmanager
def kept_in(checkpoint: str | os.PathLike[str] | None) -> Iterator[None]:
    """A cluster that is lost within it is told of with what is left of the work, and how to go on."""
    try:
        yield
    except ClusterError as error:
        if checkpoint is None:
            raise ClusterError(f"{error}; nothing was kept: give checkpoint to be able to go on") from error
        if not os.path.exists(checkpoint):  # noqa: PTH110  a path as it was given
            raise
        told = f"the run so far is kept in {os.fspath(checkpoint)}: go on with resume (--resume)"
        raise ClusterError(f"{error}; {told}") from error
