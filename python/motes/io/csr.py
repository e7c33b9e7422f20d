"""SciPy's sparse matrices on disk, `scipy.sparse.save_npz`: a CSR matrix of patterns by pixels.

SciPy itself is not needed. One array more than SciPy writes, `image_shape`, keeps the rows and columns of the image;
SciPy ignores it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.npy import Table, array_table
from motes.io.npz import Archive, write_npz
from motes.io.raw import (
    IMAGE_SHAPE,
    Array,
    Block,
    IntArray,
    PatternBlocks,
    block_bounds,
    require_counts,
    require_integers,
    require_range,
)
from motes.io.source import read_array
from motes.shapes import Shape

NAMES = {"indptr", "indices", "data", "format", "shape"}


def is_csr(archive: Archive) -> bool:
    """Whether an archive is a sparse matrix as SciPy writes it, of whatever kind."""
    return {"data", "format", "shape"} <= set(archive.names)


def read_csr(archive: Archive) -> PatternBlocks:
    """Patterns of a CSR matrix, one row each.

    Raises
    ------
    FormatError
        If the matrix is of another kind, if its arrays do not belong together, or if it holds anything but counts.
    """
    kind = archive.array("format")
    if kind.size != 1 or kind.item() not in (b"csr", "csr"):
        found = kind.item().decode("ascii", "replace") if kind.size == 1 and kind.dtype.kind == "S" else kind.tolist()
        raise FormatError(f"{archive.place('format')}: {found!r:.20}, expected 'csr': save matrix.tocsr() instead")
    if missing := NAMES - set(archive.names):
        raise FormatError(f"{archive.path}: {', '.join(sorted(missing))} missing, expected a CSR matrix")
    n_patterns, n_pixels = _two_sizes(archive, "shape")
    shape = _two_sizes(archive, IMAGE_SHAPE) if IMAGE_SHAPE in archive.names else None
    indptr = archive.array("indptr")
    indices, data = archive.header("indices"), archive.header("data")
    if len(indices.shape) != 1 or indices.shape != data.shape:
        raise FormatError(f"{archive.path}: indices {indices.shape}, data {data.shape}, expected columns of one length")
    for name, dtype in (("indptr", indptr.dtype), ("indices", indices.dtype), ("data", data.dtype)):
        if name != "data" or dtype.kind not in "bf":  # whole floats are counts, which is seen as they are read
            require_integers(dtype, archive.place(name))
    _require_ends(indptr, n_patterns, indices.size, archive.place("indptr"))
    ends = indptr.astype(np.int64, copy=False)
    blocks = partial(_blocks, archive, ends, n_pixels)
    return PatternBlocks(archive.path, "CSR matrix", n_patterns, n_pixels, shape, blocks)


def _blocks(archive: Archive, ends: npt.NDArray[np.int64], n_pixels: int) -> Iterator[Block]:
    of_indices, of_data = archive.place("indices"), archive.place("data")

    def where(i: int) -> str:
        return f"{of_data}[{begin + i}]"

    with archive.member("indices") as (indices, index), archive.member("data") as (data, number):
        for first, last in block_bounds(ends):
            begin, size = int(ends[first]), int(ends[last] - ends[first])
            rows = np.repeat(np.arange(last - first), np.diff(ends[first : last + 1]))
            cols = read_array(indices, index.dtype, size, of_indices)
            require_range(cols, 0, n_pixels - 1, of_indices, begin)
            values = read_array(data, number.dtype, size, of_data)
            yield Block(last - first, rows, cols, require_counts(values, where))


def _two_sizes(archive: Archive, name: str) -> Shape:
    sizes = archive.array(name)
    require_integers(sizes.dtype, archive.place(name))
    if sizes.shape != (2,) or sizes.min() < 0:
        raise FormatError(f"{archive.place(name)} is {sizes!s:.80}, expected two sizes")
    return int(sizes[0]), int(sizes[1])


def _require_ends(indptr: IntArray, n_patterns: int, n_entries: int, place: str) -> None:
    """Refuse ends of patterns that do not rise from 0 to the number of entries."""
    if indptr.shape != (n_patterns + 1,):
        raise FormatError(f"{place}: {indptr.shape}, expected ({n_patterns + 1},) for {n_patterns} patterns")
    if indptr[0] != 0 or indptr[-1] != n_entries:
        raise FormatError(f"{place}: from {indptr[0]} to {indptr[-1]}, expected 0 to {n_entries}")
    falls = indptr[1:] < indptr[:-1]
    if falls.any():
        bad = int(np.argmax(falls))
        raise FormatError(f"{place}[{bad + 1}] is {indptr[bad + 1]}, expected at least {indptr[bad]}")


def write_csr(path: str | os.PathLike[str], patterns: PatternBlocks) -> None:
    """Write patterns as a compressed CSR matrix of int32 counts, which `scipy.sparse.load_npz` reads."""
    n_entries = sum(block.cols.size for block in patterns.blocks())
    index = np.dtype(np.int32 if max(n_entries, patterns.n_pixels) < 2**31 else np.int64)
    tables = {
        "indptr": Table(index, (patterns.n_patterns + 1,), _ends(patterns)),
        "indices": Table(index, (n_entries,), (block.cols for block in patterns.blocks())),
        "data": Table(np.dtype(np.int32), (n_entries,), (block.photons() for block in patterns.blocks())),
        "format": array_table(b"csr"),
        "shape": array_table((patterns.n_patterns, patterns.n_pixels)),
        "_is_array": array_table(True),  # `load_npz` gives a csr_array, not a csr_matrix
    }
    if patterns.shape is not None:
        tables[IMAGE_SHAPE] = array_table(patterns.shape)
    write_npz(path, tables)


def _ends(patterns: PatternBlocks) -> Iterator[Array]:
    yield np.zeros(1, np.int64)
    n_entries = 0
    for block in patterns.blocks():
        ends = n_entries + np.cumsum(block.lengths())
        yield ends
        n_entries += block.cols.size
