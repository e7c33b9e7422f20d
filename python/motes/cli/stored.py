"""Patterns beyond the memory: the options that say how a store is read and who reads it."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.patterns import Patterns
    from motes.stored import StoredPatterns

PANEL = "Large data"
WORKING = 56 << 20  # bytes: what a fit of small pictures takes beside its patterns, measured
TURNED = 100 << 20  # more of a mixture, of in-plane rotations say: blocks of responsibilities, and sums of their bars

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
SkipDamaged = Annotated[
    bool,
    typer.Option(
        "--skip-damaged",
        rich_help_panel=PANEL,
        help="Leave out the patterns of sections of a store whose checksum is wrong, and name them; by default they "
        "are an error. Reads the whole store once more.",
    ),
]


@dataclass(frozen=True)
class Reading:
    """How a store is read, and by whom; options of these names.

    Attributes
    ----------
    checkpoint : pathlib.Path
        What a run that loses its cluster goes on from.
    whole : sequence of str
        The options that were given and need all patterns in memory.
    selecting : bool
        Whether some patterns of sections are left out, so that what is worked on are copies.
    mixed : int
        Masters of a mixture; 0 where rotations are exact and there is one.
    """

    memory: str | None
    skip_damaged: bool
    scheduler: str | None
    threads: int | None
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None
    checkpoint: Path
    whole: Sequence[str]
    selecting: bool
    mixed: int


def masters_of(rotations: str, classes: int, still_classes: int) -> int:
    """Of a mixture; 0 of one master and exact rotations.

    Examples
    --------
    >>> masters_of("C4", 1, 0), masters_of("in-plane:36", 1, 0), masters_of("C4", 2, 1)
    (0, 1, 3)
    """
    from motes.rotations import Rotations, rotations_of

    exact = isinstance(rotations_of(rotations), Rotations)
    return 0 if exact and (classes, still_classes) == (1, 0) else classes + still_classes


@contextmanager
def patterns_of(
    files: Sequence[Path],
    task: int | None,
    shape: tuple[int, int] | None,
    n_patterns: int | None,
    how: Reading,
) -> Iterator[tuple[Patterns | StoredPatterns, NDArray[np.bool_] | None]]:
    """Patterns of files, or of a store with those who work on it; and which are not damaged, if that was asked."""
    from motes.cli.source import read_files
    from motes.stored import is_store

    if any(map(is_store, files)):
        if len(files) > 1:
            names = " ".join(map(str, files))
            raise ValueError(f"FILE: expected one store by itself; motes convert {names} -o NAME.zarr makes one of all")
        for name, given in (("--task", task), ("--shape", shape), ("--patterns", n_patterns)):
            if given is not None:
                raise ValueError(f"{name}: {files[0]} is a store, which says this itself: leave {name} out")
        if how.whole:
            raise ValueError(f"{how.whole[0]}: needs all patterns in memory, but {files[0]} is a store")
        with _store_of(files[0], how) as found:
            yield found
        return
    asked: dict[str, object] = {
        "--memory": how.memory,
        "--scheduler": how.scheduler,
        "--skip-damaged": how.skip_damaged or None,
    }
    asked |= {"--tls-ca": how.tls_ca, "--tls-cert": how.tls_cert, "--tls-key": how.tls_key}
    for option, value in asked.items():
        if value is not None:
            raise ValueError(
                f"{option}: is for a store, which is read in parts; motes convert {' '.join(map(str, files))} "
                "-o NAME.zarr makes one"
            )
    yield read_files(files, task, shape, n_patterns), None


@contextmanager
def _store_of(file: Path, how: Reading) -> Iterator[tuple[StoredPatterns, NDArray[np.bool_] | None]]:
    from motes.cli.cluster import cluster
    from motes.errors import DamagedSection, FormatError
    from motes.stored import open_patterns

    with ExitStack() as closing:
        tls = {"tls_ca": how.tls_ca, "tls_cert": how.tls_cert, "tls_key": how.tls_key}
        client = closing.enter_context(cluster(how.scheduler, how.threads, **tls))
        store = open_patterns(file)
        if how.memory is not None:
            _require(how.memory, store, how.selecting, how.mixed)
        store = store.using(memory=how.memory)
        if client is not None:
            from motes.distributed.photons import kept_in, with_workers

            store = with_workers(store, client)
            closing.enter_context(kept_in(how.checkpoint))
        try:
            yield store, store.verify(skip_damaged=True) if how.skip_damaged else None
        except DamagedSection as error:
            told = f"{file}: section {error.section} is damaged: {error}"
            raise FormatError(f"{told}; --skip-damaged leaves its patterns out") from error


def _require(memory: str, store: StoredPatterns, selecting: bool, mixed: int) -> None:
    """Refuse a memory that the run would come to exceed.

    Libraries that it will load are loaded now: what they take is known before any is given to sections.
    """
    import scipy.special
    import scipy.stats  # noqa: F401

    import motes.plotting  # noqa: F401
    from motes.memory import in_words, memory_bytes, resident_bytes, without_unit
    from motes.reconstruction.information import LARGEST_MATRIX
    from motes.reconstruction.mixture.bars import LARGEST_MATRIX as LARGEST_OF_MIXTURES
    from motes.reconstruction.sampled import sample_size

    limit = memory_bytes(memory, "--memory")
    sample = sample_size(store) * (2 * store.n_lit / max(len(store), 1) + 8)
    if mixed:  # masters in their discs, one by one where they are too many together
        disc = int(math.pi / 4 * store.n_pixels)
        unknown = mixed * disc if mixed * disc <= LARGEST_OF_MIXTURES else disc
    else:
        unknown = store.n_pixels if store.n_pixels <= LARGEST_MATRIX else 0
    working = int(WORKING + (TURNED if mixed else 0) + 3 * sample + 6 * 8 * unknown**2)
    largest = store.nbytes / max(store.n_sections, 1)
    least = resident_bytes() + working + int((3.5 if selecting else 2.5) * largest)
    least += -least % 10**7  # what is asked for is said in round numbers
    if limit < least:
        raise ValueError(
            f"--memory: {in_words(limit)} is too little for {store.path.name}: the program takes "
            f"{in_words(resident_bytes())}, a fit {in_words(working)}, and sections of {in_words(int(largest))} are "
            f"read beside it; give at least {in_words(least)}{without_unit(memory)}"
        )


def notes_of_damage(store: StoredPatterns, whole: NDArray[np.bool_]) -> list[str]:
    """The sections whose patterns are left out."""
    from motes.reconstruction.result import many

    edges = list(itertools.pairwise(store.bounds.tolist()))
    lost = [(k, last - first) for k, (first, last) in enumerate(edges) if last > first and not whole[first:last].any()]
    return [f"{store.path.name}: section {k} is damaged, its {many(n, 'pattern')} left out (label -1)" for k, n in lost]


def notes_of_writer(store: StoredPatterns) -> list[str]:
    """What a user should know of a store that is not complete."""
    if store.closed:
        return []
    return [
        f"{store.path.name}: its writer is still at work, or was killed: these are the patterns that it had committed; "
        "motes watch follows a writer"
    ]
