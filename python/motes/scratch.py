"""Arrays of one number a pattern, of patterns beyond memory: in a file without a name, gone when nobody reads it."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

BLOCK = 1 << 20  # numbers looked at together: some megabytes, which count as memory of the process meanwhile
ON_DISK = "/var/tmp"  # temporary files that outlive a restart, by the standard of file systems


def gathered(parts: Iterable[tuple[int, npt.NDArray[Any]]], n: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """An array of n numbers on disk, from parts and where each begins, which come in any order.

    Parameters
    ----------
    parts : iterable of (int, array)
        All of it: numbers that no part holds are 0.
    n : int
        Numbers in all.
    dtype : dtype
        Of the array.

    Returns
    -------
    (n,) array
        Read-only. Its pages are the system's, which takes them back where memory is short.

    Raises
    ------
    OSError
        If the folder of temporary files (see `folder`) has no room.

    Examples
    --------
    >>> gathered([(2, np.array([7, 8])), (0, np.array([5, 6]))], 4, np.int32).tolist()
    [5, 6, 7, 8]
    """
    dtype = np.dtype(dtype)
    if not n:
        return np.zeros(0, dtype)
    with tempfile.TemporaryFile(prefix="motes-", dir=folder()) as file:
        file.truncate(n * dtype.itemsize)
        for first, part in parts:
            file.seek(first * dtype.itemsize)
            file.write(np.ascontiguousarray(part, dtype).data)
        file.flush()
        return np.memmap(file, dtype, "r", shape=(n,))


def folder() -> str:
    """Where such files lie: in TMPDIR, if it is set; else in the system's folder for them, unless that is in memory.

    On many a Linux ``/tmp`` is (tmpfs): what lies there is memory that nothing counts. ``/var/tmp`` is on a disk.
    """
    usual = tempfile.gettempdir()
    if any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")) or not is_in_memory(usual):
        return usual
    return ON_DISK if os.access(ON_DISK, os.W_OK | os.X_OK) and not is_in_memory(ON_DISK) else usual


def is_in_memory(path: str | os.PathLike[str], mounts: str | os.PathLike[str] = "/proc/self/mounts") -> bool:
    """Whether a folder is of a file system that keeps files in memory, where the system tells."""
    try:
        lines = [line.split() for line in Path(mounts).read_text(encoding="utf-8", errors="replace").splitlines()]
    except OSError:
        return False
    asked = Path(os.path.realpath(path))
    held = {Path(line[1]): line[2] for line in lines if len(line) > 2}  # of what is mounted twice, the last
    return next((held[place] in ("tmpfs", "ramfs") for place in (asked, *asked.parents) if place in held), False)


def counts_of(labels: npt.NDArray[np.integer], n: int) -> npt.NDArray[np.int64]:
    """How many there are of each label, 0 to n - 1: `bincount` without another array of their size.

    Examples
    --------
    >>> counts_of(np.array([0, 2, 2]), 4)
    array([1, 0, 2, 0])
    """
    counts = np.zeros(n, np.int64)
    for part in blocks_of(labels):
        counts += np.bincount(part, minlength=n)
    return counts


def blocks_of(array: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    """The array in parts; of one on disk, what was read of it is given back to the system after each.

    Examples
    --------
    >>> [part.size for part in blocks_of(np.zeros(BLOCK + 2))]
    [1048576, 2]
    """
    mapped = array._mmap if isinstance(array, np.memmap) else None  # type: ignore[attr-defined]
    for first in range(0, array.shape[0], BLOCK):
        yield array[first : first + BLOCK]
        if mapped is not None and hasattr(mmap, "MADV_DONTNEED"):
            mapped.madvise(mmap.MADV_DONTNEED)
