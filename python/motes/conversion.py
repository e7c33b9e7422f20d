"""Files of photon patterns into another format, part by part: none is ever in memory whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from motes.blocks import blocks_of, parts_of_raw
from motes.files import WRITERS, open_raw
from motes.io.raw import MAX_COUNT, Block, PatternBlocks
from motes.patterns import Patterns
from motes.shapes import Shape
from motes.stored import SUFFIX as STORE_SUFFIX
from motes.stored import StoredPatterns, is_store, open_patterns
from motes.storing import asked_of, parts_of, sound_part, write_store
from motes.writing import SECTION_BYTES

SUFFIXES = (STORE_SUFFIX, *WRITERS)  # that patterns are written to
Opened: TypeAlias = tuple[Shape, int, Callable[[], Iterator[Patterns]]]


@dataclass
class Converted:
    """What went into a file.

    Attributes
    ----------
    shape : (int, int)
        Of the images.
    n_patterns, n_photons : int
        How many.
    notes : list of str
        The sections of stores that were left out, and why.
    """

    shape: Shape
    n_patterns: int
    n_photons: int
    notes: list[str] = field(default_factory=list, repr=False)


def convert_patterns(
    sources: Sequence[str | os.PathLike[str]],
    target: str | os.PathLike[str],
    *,
    task: int | None = None,
    shape: Shape | None = None,
    n_patterns: int | None = None,
    section_bytes: int = SECTION_BYTES,
    skip_damaged: bool = False,
    callback: Callable[[int, int], object] | None = None,
) -> Converted:
    """Write the patterns of files, one after the other, as one file in the format that its suffix names.

    Parameters
    ----------
    sources : sequence of path
        Files or stores that `motes.read_patterns` reads, of one shape. Photon pairs of the challenge are read whole.
    target : path
        ``.zarr``, ``.emc``, ``.h5``, ``.npz`` or ``.npy``. What is there is replaced once the new one is complete.
    task, shape, n_patterns : optional
        As of `motes.read_patterns`.
    section_bytes : int
        Of a store: what a section takes in memory, about.
    skip_damaged : bool
        Leave out what can not be read of stores, which are read once more for that: patterns behind have other numbers
        then. Without it damage is an error.
    callback : callable, optional
        Called as ``callback(done, n_patterns)`` now and then; formats that are written column by column take several
        passes.

    Returns
    -------
    Converted

    Raises
    ------
    FormatError, ValueError, OSError
        As `motes.read_patterns` and `motes.write_patterns`.

    Examples
    --------
    >>> import tempfile
    >>> import motes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     motes.write_patterns(f"{folder}/a.emc", Patterns.from_dense([[0, 1, 2, 0], [1, 0, 0, 0]]))
    ...     convert_patterns([f"{folder}/a.emc"] * 2, f"{folder}/a.zarr")
    ...     motes.open_patterns(f"{folder}/a.zarr")
    Converted(shape=(2, 2), n_patterns=4, n_photons=8)
    StoredPatterns(4 patterns of 2x2 pixels, 8 photons, 2 a pattern; 1 section in a.zarr)
    """
    suffix = Path(target).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{os.fspath(target)}: suffix {suffix!r}, expected one of {', '.join(SUFFIXES)}")
    with ExitStack() as opened:
        notes: list[str] = []
        found = []
        for source in sources:
            if skip_damaged and is_store(source):
                store, left_out = sound_part(source, callback)
                notes += [f"{os.fspath(source)}: {note}" for note in left_out]
                found.append(_of_store(asked_of(store, shape, n_patterns)))
            else:
                found.append(opened.enter_context(_opened(source, task, shape, n_patterns)))
        image = found[0][0]
        for source, (other, _, _) in zip(sources, found, strict=True):
            if other != image:
                first = f"{os.fspath(sources[0])} of {image}"
                raise ValueError(f"{os.fspath(source)}: images of {other} pixels, in {first}; expected one shape")
        done = Converted(image, sum(n for _, n, _ in found), 0, notes)

        def parts() -> Iterator[Patterns]:
            """One pass over all of them."""
            done.n_photons = n_done = 0
            for _, _, each in found:
                for part in each():
                    if part.max_count > MAX_COUNT:
                        raise ValueError(f"{os.fspath(target)}: {part.max_count} photons in a pixel, of {MAX_COUNT}")
                    yield part
                    n_done, done.n_photons = n_done + len(part), done.n_photons + part.n_photons
                    if callback is not None:
                        callback(n_done, done.n_patterns)

        if suffix == STORE_SUFFIX:
            write_store(target, image, parts(), section_bytes=section_bytes)
        else:
            n_pixels = image[0] * image[1]
            blocks = PatternBlocks(
                os.fspath(target), "patterns", done.n_patterns, n_pixels, image, lambda: _blocks(parts)
            )
            WRITERS[suffix](target, blocks)
    return done


def _blocks(parts: Callable[[], Iterator[Patterns]]) -> Iterator[Block]:
    for part in parts():
        yield from blocks_of(part)


def _of_store(store: StoredPatterns) -> Opened:
    return store.shape, len(store), lambda: parts_of(store)


@contextmanager
def _opened(
    path: str | os.PathLike[str], task: int | None, shape: Shape | None, n_patterns: int | None
) -> Iterator[Opened]:
    """Shape and number of the patterns of a file, and passes over them while it is open."""
    if is_store(path):
        yield _of_store(asked_of(open_patterns(path), shape, n_patterns))
        return
    with open_raw(path, task, shape) as raw:
        yield parts_of_raw(raw, shape, n_patterns)
