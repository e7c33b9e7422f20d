"""Patterns beyond the memory: the options that say how a store is read and who reads it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.patterns import Patterns
    from motes.stored import StoredPatterns

PANEL = "Large data"

Memory = Annotated[
    str | None,
    typer.Option(
        "--memory",
        metavar="BYTES",
        rich_help_panel=PANEL,
        help="What this process may take, such as 300MB or 2GB; a quarter of what is available by default. Of a store "
        "(.zarr) no more is read at a time than that allows. The result does not depend on it.",
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS|local[:N]",
        rich_help_panel=PANEL,
        help="Work on a store with the workers of a Dask scheduler (tcp://host:8786), or with N processes here. The "
        "result does not depend on it.",
    ),
]
SkipDamaged = Annotated[
    bool,
    typer.Option(
        "--skip-damaged",
        rich_help_panel=PANEL,
        help="Leave out the patterns of sections of a store whose checksum is wrong, and name them; by default they "
        "are an error. Reads the whole store once more.",
    ),
]


@contextmanager
def patterns_of(
    files: Sequence[Path],
    task: int | None,
    shape: tuple[int, int] | None,
    n_patterns: int | None,
    *,
    memory: str | None,
    scheduler: str | None,
    skip_damaged: bool,
    whole: Sequence[str] = (),
) -> Iterator[tuple[Patterns | StoredPatterns, NDArray[np.bool_] | None]]:
    """Patterns of files, or of a store with those who work on it; and which are not damaged, if that was asked.

    `whole` are the options that were given and need all patterns in memory.
    """
    from motes.cli.source import read_files
    from motes.errors import DamagedSection, FormatError
    from motes.memory import memory_bytes
    from motes.stored import is_store, open_patterns

    if len(files) == 1 and is_store(files[0]):
        for name, given in (("--task", task), ("--shape", shape), ("--patterns", n_patterns)):
            if given is not None:
                raise ValueError(f"{name}: {files[0]} is a store, which says this itself")
        if whole:
            raise ValueError(f"{whole[0]}: needs all patterns in memory, but {files[0]} is a store")
        with ExitStack() as closing:
            engine = None
            if scheduler is not None:
                from motes.distributed import DaskEngine, connect

                engine = DaskEngine(closing.enter_context(connect(scheduler)))
            store = open_patterns(files[0]).using(memory=memory, engine=engine)
            try:
                yield store, store.verify(skip_damaged=True) if skip_damaged else None
            except DamagedSection as error:
                store_of = f"{files[0]}: section {error.section}"
                raise FormatError(f"{error} ({store_of}); --skip-damaged leaves its patterns out") from error
        return
    for name, asked in (("--scheduler", scheduler is not None), ("--skip-damaged", skip_damaged)):
        if asked:
            raise ValueError(f"{name}: is for a store of patterns; motes convert FILE -o NAME.zarr makes one")
    allowed = None if memory is None else memory_bytes(memory, "--memory")
    size = sum(file.stat().st_size for file in files if file.is_file())
    if allowed is not None and size > allowed:
        raise ValueError(
            f"--memory: {memory}, but {', '.join(map(str, files))} holds {size:,} bytes, which are read at once; "
            "motes convert FILE -o NAME.zarr makes a store, which is not"
        )
    yield read_files(files, task, shape, n_patterns), None


def notes_of_damage(store: StoredPatterns, whole: NDArray[np.bool_]) -> list[str]:
    """The sections whose patterns are left out."""
    from motes.reconstruction.result import many

    edges = list(itertools.pairwise(store.bounds.tolist()))
    lost = [(k, last - first) for k, (first, last) in enumerate(edges) if last > first and not whole[first:last].any()]
    return [f"{store.path.name}: section {k} is damaged, its {many(n, 'pattern')} left out (label -1)" for k, n in lost]
