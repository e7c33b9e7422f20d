"""The challenge's archive, `endeavor.npz`: task k as a dense table `taskk`, or as photons `taska`, `taskb`.

Tables are (N, H, W), as in task 1, or flattened to (N, H * W), as in tasks 2 to 4. Photons, as in tasks 6 and 7, are
two columns: pattern and pixel of each. They come in any order, and a pair that repeats is a count above one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import numpy as np

from motes.errors import FormatError
from motes.io.npy import Table, dense_table
from motes.io.npz import Archive, write_npz
from motes.io.raw import IntArray, PatternBlocks, PhotonPairs, RawPatterns, require_integers
from motes.shapes import Shape

PAIRS_SHAPE = (25, 25)  # of tasks 6 and 7; two columns of photons do not tell it
IMAGE_TASKS = (1,)
FLAT_TASKS = (2, 3, 4)
PAIRS_TASKS = (6, 7)
NAME = re.compile("task([1-9])([ab]?)")


def tasks(archive: Archive) -> dict[int, list[str]]:
    """Tasks of an archive and the arrays of each."""
    found: dict[int, list[str]] = {}
    for name in sorted(archive.names):
        if match := NAME.fullmatch(name):
            found.setdefault(int(match[1]), []).append(name)
    return found


def read_challenge(archive: Archive, task: int, shape: Shape | None = None) -> RawPatterns:
    """Patterns of one task.

    Parameters
    ----------
    archive : Archive
    task : int
        One of `tasks(archive)`.
    shape : (int, int), optional
        Rows and columns of the image; 25 x 25 by default where the task is pairs of photons.

    Raises
    ------
    FormatError
        If half of the pairs is missing, if a task is there twice, if the columns differ in length, or if they hold
        anything but integers.
    """
    names = tasks(archive)[task]
    dense, rows_name, cols_name = f"task{task}", f"task{task}a", f"task{task}b"
    if names == [dense]:
        return archive.patterns(dense)
    if names != [rows_name, cols_name]:
        raise FormatError(
            f"{archive.path}: found {' and '.join(names)}, expected {dense}, or {rows_name} and {cols_name}"
        )
    rows, cols = archive.array(rows_name), archive.array(cols_name)
    require_integers(rows.dtype, archive.place(rows_name))
    require_integers(cols.dtype, archive.place(cols_name))
    if rows.ndim != 1 or rows.shape != cols.shape:
        raise FormatError(
            f"{archive.path}: {rows_name} is {rows.shape}, {cols_name} is {cols.shape}, expected columns of one length"
        )
    height, width = shape or PAIRS_SHAPE
    source = f"{archive.place(dense)} as images of {height}x{width}"
    return PhotonPairs(source, "photon pairs", (height, width), rows, cols)


def write_challenge(path: str | os.PathLike[str], patterns: PatternBlocks, task: int) -> None:
    """Write an archive of one task, in the layout that the challenge gives it."""
    if task in PAIRS_TASKS:
        rows, cols = _pairs_tables(patterns)
        write_npz(path, {f"task{task}a": rows, f"task{task}b": cols})
    elif task in FLAT_TASKS:
        write_npz(path, {f"task{task}": dense_table(patterns, (patterns.n_pixels,))})
    elif task in IMAGE_TASKS:
        write_npz(path, {f"task{task}": dense_table(patterns, patterns.shape or (patterns.n_pixels,))})
    else:
        raise ValueError(f"task {task}: expected one of {(*IMAGE_TASKS, *FLAT_TASKS, *PAIRS_TASKS)}")


def _pairs_tables(patterns: PatternBlocks) -> tuple[Table, Table]:
    n_photons = sum(int(block.photons().sum(dtype=np.int64)) for block in patterns.blocks())
    rows_type = np.min_scalar_type(max(patterns.n_patterns - 1, 2**8))  # uint16 at least, as in the challenge
    cols_type = np.min_scalar_type(max(patterns.n_pixels - 1, 2**8))
    return (
        Table(rows_type, (n_photons,), _photon_rows(patterns)),
        Table(cols_type, (n_photons,), (np.repeat(block.cols, block.photons()) for block in patterns.blocks())),
    )


def _photon_rows(patterns: PatternBlocks) -> Iterator[IntArray]:
    first = 0
    for block in patterns.blocks():
        yield first + np.repeat(block.rows, block.photons())
        first += block.n_patterns
