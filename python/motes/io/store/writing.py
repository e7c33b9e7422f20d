"""Committing a section: written beside, on the disk, then renamed into place; it is there whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motes.exact import squares_of
from motes.io.store.checksum import crc32c, require_crc32c
from motes.io.store.layout import (
    FORMAT,
    HEADER,
    SECTIONS,
    Section,
    array_json,
    array_layout,
    array_names,
    chunk,
    group_json,
    section_folder,
)
from motes.shapes import Shape

SYNCED_AT_ONCE = 8
SHARE_OF_TOTAL = 8  # `total` is left out where it would take more than that part of the pixels' bytes


class Content(NamedTuple):
    """What goes into a section: the arrays of its patterns, counted from 0, and its photons by pixel."""

    lengths: npt.NDArray[Any]
    pixels: npt.NDArray[Any]
    multi_position: npt.NDArray[np.int64]
    multi_extra: npt.NDArray[np.int32]
    total: npt.NDArray[np.int64]


def write_root(store: Path, shape: Shape, n_sections: int | None = None) -> None:
    """Write the header of a store, whole or not at all; with the number of its sections it is closed."""
    from motes import _core

    own: dict[str, Any] = {"format": FORMAT, "shape": list(shape), "closed": n_sections is not None}
    own |= {"version": _core.version} | ({} if n_sections is None else {"n_sections": n_sections})
    _replace(store / HEADER, group_json(own))


def write_sections_group(store: Path) -> None:
    """Make the group that holds the sections."""
    (store / SECTIONS).mkdir(exist_ok=True)
    _replace(store / SECTIONS / HEADER, group_json())
    sync_folder(store)


def write_section(store: Path, number: int, staging: Path, content: Content) -> Section:
    """Commit a section.

    Parameters
    ----------
    store : pathlib.Path
        The store.
    number : int
        Of the section: the next.
    staging : pathlib.Path
        A folder on the same file system that is not there yet.
    content : Content
        What it holds, one pattern or more.

    Raises
    ------
    OSError
        If the disk is full, say. Nothing of the section is there then.
    """
    require_crc32c(str(store))
    extra = content.multi_extra
    n_lit = content.pixels.size
    counts = {
        "n_patterns": content.lengths.size,
        "n_lit": n_lit,
        "n_photons": n_lit + int(extra.sum(dtype=np.int64)),
        "n_multi": extra.size,
        "max_count": 1 + int(extra.max()) if extra.size else int(n_lit > 0),
        "sum_of_squares": n_lit + squares_of(extra),
        "n_empty": int(np.count_nonzero(content.lengths == 0)),
    }
    with_total = SHARE_OF_TOTAL * content.total.nbytes <= content.pixels.nbytes
    names = dict.fromkeys(array_names(extra.size, with_total), 0)
    layout = array_layout(content.total.size, counts, names)
    target = section_folder(store, number)
    try:
        staging.mkdir()
        sums = {name: _write_array(staging, name, *layout[name], getattr(content, name)) for name in names}
        _write_json(staging / HEADER, group_json({**counts, "crc32c": sums}))
        _sync_all(staging)
        staging.rename(target)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    sync_folder(target.parent)
    return Section(target, **counts, crc32c=sums)


def _write_array(folder: Path, name: str, dtype: np.dtype[Any], size: int, values: npt.NDArray[Any]) -> int:
    """Write a Zarr array of one chunk; its checksum."""
    path = chunk(folder, name)
    path.parent.mkdir(parents=True)
    _write_json(folder / name / HEADER, array_json(dtype, size))
    data = np.ascontiguousarray(values, dtype).view(np.uint8)
    found = crc32c(data)
    if size:
        _write(path, data, np.array([found], "<u4").view(np.uint8))
    return found


def _write(path: Path, *pieces: Any) -> None:
    """Write a file; it is not on the disk yet."""
    with _naming(path), path.open("wb", buffering=0) as file:
        for piece in pieces:
            left = memoryview(piece).cast("B")
            while left:
                left = left[file.write(left) :]


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """What goes wrong with a file names it."""
    try:
        yield
    except OSError as error:
        if error.errno is None or error.filename is not None:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _sync_all(folder: Path) -> None:
    """Have everything in a folder on the disk; asked for all at once, which file systems do in one step."""
    with ThreadPoolExecutor(SYNCED_AT_ONCE) as threads:
        for _ in threads.map(_sync, [folder, *folder.rglob("*")]):
            pass


def _sync(path: Path) -> None:
    if path.is_dir():
        sync_folder(path)
        return
    with _naming(path), path.open("rb+") as file:
        os.fsync(file.fileno())


def _write_json(path: Path, content: Mapping[str, Any]) -> None:
    _write(path, (json.dumps(content, indent=1) + "\n").encode())


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    from motes.io.atomic import atomic_path

    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk; where folders can not be synced, that is left to the system."""
    try:
        file = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows
        return
    try:
        os.fsync(file)
    except OSError:
        pass
    finally:
        os.close(file)
