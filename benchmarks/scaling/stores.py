"""Stores that the scaling study reads: drawn once, piece by piece, and kept; what a kill left is gone on with."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import numpy.typing as npt

import motes
from motes import simulate
from motes.stored import is_store

PHOTONS, CONTRAST = 27.4, 0.5
AT_ONCE = 250_000


def master_of(side: int) -> npt.NDArray[np.float64]:
    """What the patterns show: (side, side) mean photons."""
    return simulate.scaled(simulate.with_contrast(simulate.portrait(side), CONTRAST), PHOTONS)


def store_of(folder: Path, side: int, n_patterns: int) -> Path:
    """A closed store of so many patterns; what is missing of it is drawn."""
    path = folder / f"{side}x{side}-{n_patterns}.zarr"
    there = is_store(path)
    done = len(motes.open_patterns(path)) if there else 0
    if there and done == n_patterns:
        return path
    master = master_of(side)
    with motes.PatternWriter(path, (side, side), append=there) as writer:
        for first in range(done // AT_ONCE * AT_ONCE, n_patterns, AT_ONCE):
            n = min(AT_ONCE, n_patterns - first)
            drawn = simulate.patterns(master, n, seed=first)
            part = motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=(side, side), n_patterns=n)
            writer.append(part[max(0, done - first) :])
            print(f"{path.name}: {first + n:,} patterns", flush=True)
    return path


def files_of(store: Path) -> list[Path]:
    """The files that hold its arrays, in the order of its sections."""
    return sorted(path for path in store.glob("sections/*/*/c/*") if path.is_file())


def forget(store: Path) -> None:
    """Have the system drop what it keeps of the files in memory: the next reader has them from the disk."""
    for path in files_of(store):
        file = os.open(path, os.O_RDONLY)
        try:
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)


def read_plainly(store: Path) -> int:
    """Read the same files one after the other, and nothing else: how many bytes there were."""
    room, total = bytearray(2**22), 0
    for path in files_of(store):
        with path.open("rb", buffering=0) as file:
            while size := file.readinto(room):
                total += size
    return total
