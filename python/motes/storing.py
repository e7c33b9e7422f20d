"""A whole store at once: written whole or not at all, and what may be asked of one that is read as a file."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from motes.errors import FormatError
from motes.io.atomic import atomic_folder
from motes.patterns import Patterns
from motes.shapes import Shape
from motes.stored import StoredPatterns, open_patterns
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
    with atomic_folder(target) as temporary:
        with PatternWriter(temporary, shape, section_bytes=section_bytes) as writer:
            for part in parts:
                writer.append(part)
        if target.exists():
            with alone(target):
                pass  # nobody appends to it


def _require_ours(target: Path) -> None:
    """Refuse to replace what motes has not written."""
    try:
        open_patterns(target)
    except FormatError as error:
        told = f"is there already, and is no store that could be replaced ({error})"
        raise FileExistsError(errno.EEXIST, told, os.fspath(target)) from error
