"""A whole store at once: written whole or not at all, and what may be asked of one that is read as a file."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from motes.errors import DamagedSection, FormatError
from motes.io.atomic import atomic_folder
from motes.patterns import Patterns
from motes.sections import open_some_sections
from motes.shapes import Shape
from motes.stored import StoredPatterns
from motes.writing import SECTION_BYTES, PatternWriter, alone


def asked_of(store: StoredPatterns, shape: Shape | None = None, n_patterns: int | None = None) -> StoredPatterns:
    """The store, if it is of the shape and number of patterns that were asked for.

    Raises
    ------
    FormatError
        If it is not.
    """
    if n_patterns not in (None, len(store)):
        raise FormatError(f"{store.path}: holds {len(store)} patterns, expected {n_patterns}")
    if shape not in (None, store.shape):
        raise FormatError(f"{store.path}: images of {store.shape} pixels, expected {shape}")
    return store


def sound_part(
    path: str | os.PathLike[str], callback: Callable[[int, int], object] | None = None
) -> tuple[StoredPatterns, list[str]]:
    """The patterns of a store that can be read, all of which is read once, and what is left out of it, in words.

    Parameters
    ----------
    path : path
        The store.
    callback : callable, optional
        Called as ``callback(done, n_patterns)``.

    Raises
    ------
    FormatError
        If it is no store, or nothing of it is whole.
    """
    sections, lost = open_some_sections(Path(os.path.abspath(path)))  # noqa: PTH100  # as open_patterns has it
    store, damaged = StoredPatterns(sections), list[tuple[DamagedSection, int]]()

    def told(k: int, fault: DamagedSection | None) -> None:
        if fault is not None:
            damaged.append((fault, sections.headers[k].n_patterns))
        if callback is not None:
            callback(int(store.bounds[k + 1]), len(store))

    sound = store.verify(skip_damaged=True, callback=told)
    notes = {fault.section: f"left out, nobody knows how many patterns: {fault}" for fault in lost}
    notes |= {fault.section: f"left out, {n:,} pattern{'s' * (n != 1)}: {fault}" for fault, n in damaged}
    if notes and not sound.any():
        raise FormatError(f"{store.path}: no section is whole: {lost[0] if lost else damaged[0][0]}")
    return store if sound.all() else store.select(sound), [notes[section] for section in sorted(notes)]


def parts_of(patterns: Patterns | StoredPatterns) -> Iterator[Patterns]:
    """Patterns in memory as one part, patterns on disk section by section: one part or more."""
    if isinstance(patterns, Patterns):
        yield patterns
    elif len(patterns) == 0:
        yield Patterns.empty(patterns.shape)
    else:
        for _, part in patterns.parts():
            yield part


def write_store(
    path: str | os.PathLike[str], shape: Shape, parts: Iterable[Patterns], *, section_bytes: int = SECTION_BYTES
) -> None:
    """Write a store, whole or not at all; one that is there is replaced then.

    Raises
    ------
    FileExistsError
        If something else than a store is there.
    ValueError
        If somebody writes to the store that is there.
    OSError
        If the disk is full, say.
    """
    target = Path(path)
    if target.exists() or target.is_symlink():
        _require_ours(target)
    with (
        atomic_folder(target, lambda: _unused(target)) as temporary,
        PatternWriter(temporary, shape, section_bytes=section_bytes) as writer,
    ):
        for part in parts:
            writer._take(part)  # and not append: where that fails, nothing is left that could be tried again
            writer._commit_full()


@contextmanager
def _unused(target: Path) -> Iterator[None]:
    """Nobody appends to the store that is there until it has given way, or what they append is lost."""
    with ExitStack() as closing:
        if target.exists():
            closing.enter_context(alone(target))
            if sys.platform == "win32":  # a folder in which a file is open keeps its name there
                closing.close()
        yield


def _require_ours(target: Path) -> None:
    """Refuse to replace what motes has not written."""
    try:
        open_some_sections(Path(os.path.abspath(target)))  # noqa: PTH100  # damaged it may be
    except FormatError as error:
        told = f"is there already, and is no store that could be replaced ({error})"
        raise FileExistsError(errno.EEXIST, told, os.fspath(target)) from error
