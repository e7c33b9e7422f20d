"""Dragonfly's HDF5: `num_pix`, and the variable-length int32 rows `place_ones`, `place_multi`, `count_multi`.

One row of each a pattern (see `motes.io.dragonfly`). The attribute `image_shape` of the file is ours: the rows and
columns of the image, which Dragonfly keeps elsewhere and does not look for here.

The HDF5 library reads the file. It trusts what a damaged one says, so rows are checked before it follows them
(`motes.io.heaps`); compressed rows and its own directory of the file are not within reach of that check.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from io import BufferedIOBase, FileIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.dragonfly import Split, join, split
from motes.io.heaps import require_room, require_rows
from motes.io.raw import IMAGE_SHAPE, MAX_COUNT, Block, IntArray, PatternBlocks, require_range
from motes.io.source import open_file
from motes.shapes import Shape

if TYPE_CHECKING:
    import h5py
    from _typeshed import ReadableBuffer, WriteableBuffer

MAGIC = b"\x89HDF\r\n\x1a\n"
ROWS = ("place_ones", "place_multi", "count_multi")
ROWS_PER_BLOCK = 2**11
ROW_BYTES = 16  # of the reference that a variable-length row leaves in its dataset
DEFLATE_RATIO = 1032  # no filter of HDF5's own shrinks references more


def read_h5(path: str | os.PathLike[str]) -> PatternBlocks:
    """Patterns of a Dragonfly HDF5 file.

    Raises
    ------
    FormatError
        If a dataset is missing, of another kind or of another length than its fellows, or for a pixel or a count out
        of range.
    ImportError
        If h5py is not installed.
    """
    place = os.fspath(path)
    require_h5py(place)
    import h5py

    with open_file(path) as (plain, size), told(place), h5py.File(path, "r") as file:
        rows = [_rows(file, name, place) for name in ROWS]
        n_patterns = rows[0].shape[0]
        if any(column.shape != (n_patterns,) for column in rows):
            raise FormatError(f"{place}: {[column.shape for column in rows]} rows, expected columns of one length")
        if n_patterns * ROW_BYTES > size * DEFLATE_RATIO:
            raise FormatError(f"{place}: {n_patterns} rows, more than {size} bytes can hold")
        for column in rows:
            _require_rows(file, column, plain, size, place)
        n_pixels = _num_pix(file, place)
        shape = _image_shape(file, place)
    return PatternBlocks(place, "Dragonfly HDF5", n_patterns, n_pixels, shape, partial(_blocks, path, n_pixels))


def _rows(file: h5py.File, name: str, place: str) -> h5py.Dataset:
    import h5py

    rows = file.get(name)
    if not isinstance(rows, h5py.Dataset) or rows.ndim != 1:
        raise FormatError(f"{place}: {name} missing or not a column, expected one row a pattern")
    kind = h5py.check_vlen_dtype(rows.dtype)
    sequence = kind is not None and rows.id.get_type().encode()[3] & 15 == 0  # what is none ends the process when read
    if not sequence or np.dtype(kind).kind not in "iu":
        raise FormatError(f"{place}: {name}: {rows.dtype}, expected variable-length integers")
    return rows


def _require_rows(file: h5py.File, rows: h5py.Dataset, plain: BufferedIOBase, size: int, place: str) -> None:
    """Check rows before the library follows them, unless they are compressed or addresses are not of the usual size."""
    import h5py

    if (
        file.id.get_create_plist().get_sizes() != (8, 8)
        or file.userblock_size
        or rows.id.get_create_plist().get_nfilters()
    ):
        return
    pieces: list[tuple[int, int]] = []
    if rows.chunks is not None:
        rows.id.chunk_iter(lambda chunk: pieces.append((chunk.byte_offset, rows.chunks[0])))
    elif (start := rows.id.get_offset()) is not None:  # None where nothing was ever written
        pieces.append((start, rows.shape[0]))
    kind = np.dtype(h5py.check_vlen_dtype(rows.dtype))
    require_rows(plain, size, pieces, kind.itemsize, f"{place}: {rows.name[1:]}")


def _num_pix(file: h5py.File, place: str) -> int:
    import h5py

    dataset = file.get("num_pix")
    if not isinstance(dataset, h5py.Dataset) or dataset.size != 1 or dataset.dtype.kind not in "iu":
        raise FormatError(f"{place}: num_pix missing or not one integer")
    return int(np.asarray(dataset[()]).item())


def _image_shape(file: h5py.File, place: str) -> Shape | None:
    if IMAGE_SHAPE not in file.attrs:
        return None
    attribute = file.attrs.get_id(IMAGE_SHAPE)
    if attribute.shape != (2,) or attribute.dtype.kind not in "iu":
        raise FormatError(f"{place}: attribute {IMAGE_SHAPE}: expected two integers")
    height, width = file.attrs[IMAGE_SHAPE]
    return int(height), int(width)


def _blocks(path: str | os.PathLike[str], n_pixels: int) -> Iterator[Block]:
    place = os.fspath(path)
    limits = {"place_ones": (0, n_pixels - 1), "place_multi": (0, n_pixels - 1), "count_multi": (2, MAX_COUNT)}
    done = dict.fromkeys(limits, 0)
    size = Path(path).stat().st_size
    import h5py

    with told(place), h5py.File(path, "r") as file:
        for first in range(0, file[ROWS[0]].shape[0], ROWS_PER_BLOCK) or (0,):
            flat, lengths = {}, {}
            for name, (lowest, highest) in limits.items():
                rows = file[name][first : first + ROWS_PER_BLOCK]
                lengths[name] = np.fromiter(map(len, rows), np.int64, len(rows))
                flat[name] = np.concatenate([np.empty(0, np.int32), *rows])
                require_range(flat[name], lowest, highest, f"{place}: {name}", done[name])
                done[name] += flat[name].size
                # Numbers of rows are never compressed, only references to them, which are not checked where they are.
                require_room(done[name] * h5py.check_vlen_dtype(file[name].dtype).itemsize, size, f"{place}: {name}")
            differ = lengths["place_multi"] != lengths["count_multi"]
            if differ.any():
                raise FormatError(
                    f"{place}: pattern {first + int(np.argmax(differ))}: place_multi and count_multi differ in length"
                )
            yield join(Split(lengths["place_ones"], lengths["place_multi"], **flat))


def write_h5(path: str | os.PathLike[str], patterns: PatternBlocks) -> None:
    """Write patterns as Dragonfly HDF5.

    Raises
    ------
    ValueError
        If the format can not hold 2^31 or more pixels.
    ImportError
        If h5py is not installed.
    """
    place = os.fspath(path)
    require_h5py(place)
    import h5py

    if patterns.n_pixels > MAX_COUNT:
        raise ValueError(f"{place}: Dragonfly HDF5 holds at most {MAX_COUNT} pixels a pattern")
    with atomic_path(path) as temporary, HeldErrors(temporary, "w+") as held, h5py.File(held, "w") as file:
        file["num_pix"] = np.array([patterns.n_pixels], np.int32)
        if patterns.shape is not None:
            file.attrs[IMAGE_SHAPE] = patterns.shape
        for name in ROWS:
            file.create_dataset(name, (patterns.n_patterns,), h5py.vlen_dtype(np.int32))
        first = 0
        for block in patterns.blocks():
            parts = split(block)
            last = first + block.n_patterns
            for name, lengths in zip(ROWS, (parts.ones, parts.multi, parts.multi), strict=True):
                rows = _ragged(getattr(parts, name), lengths, file[name].dtype)
                file[name].write_direct(rows, dest_sel=slice(first, last))  # `[...] =` stumbles over rows of one length
            if held.error is not None:
                raise held.error
            first = last


class HeldErrors(FileIO):
    """A file for the HDF5 library, which ends the process if a write fails or if what it wrote can not be read back.

    The first error is kept, and raised on closing; what is written from then on is kept in memory, for reading back.
    """

    error: OSError | None = None

    def __init__(self, path: Path, mode: str) -> None:
        super().__init__(path, mode)
        self._unwritten: list[tuple[int, bytes]] = []

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of the data, to memory if need be."""
        place, left = self.tell(), memoryview(data).cast("B")
        size = left.nbytes
        try:
            while left and self.error is None:
                left = left[super().write(left) :]
        except OSError as error:
            self.error = error
        if self.error is not None:
            self._unwritten.append((place, bytes(memoryview(data).cast("B"))))
            self.seek(place + size)
        return size

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read what was written, wherever it is."""
        place, view = self.tell(), memoryview(buffer).cast("B")
        n_read = super().readinto(view) or 0
        if self.error is None:
            return n_read
        view[n_read:] = bytes(view.nbytes - n_read)
        for begin, data in self._unwritten:
            first, last = max(begin, place), min(begin + len(data), place + view.nbytes)
            if first < last:
                view[first - place : last - place] = data[first - begin : last - begin]
        self.seek(place + view.nbytes)
        return view.nbytes

    def truncate(self, size: int | None = None, /) -> int:
        """Set the size of the file; after an error, leave it."""
        try:
            return super().truncate(size) if self.error is None else self.tell()
        except OSError as error:
            self.error = error
            return self.tell()

    def close(self) -> None:
        """Close the file and raise what was kept."""
        super().close()
        error, self.error = self.error, None
        if error is not None:
            raise error


def _ragged(flat: IntArray, lengths: IntArray, dtype: np.dtype[np.object_]) -> npt.NDArray[np.object_]:
    """Rows of the given lengths, (n,) objects."""
    rows = np.empty(lengths.size, dtype)
    ends = np.cumsum(lengths)
    for i, row in enumerate(np.split(flat.astype(np.int32), ends)[:-1]):
        rows[i] = row
    return rows


def require_h5py(place: str) -> None:
    """Raise an ImportError that says how to get h5py, where there is none."""
    if find_spec("h5py") is None:
        raise ImportError(f'{place}: HDF5 needs h5py: pip install "motes[io]" (from a clone: pip install ".[io]")')


@contextmanager
def told(place: str) -> Iterator[None]:
    """Turn what h5py raises on damaged files into a FormatError that names the file."""
    try:
        yield
    except FormatError:
        raise
    except (OSError, RuntimeError, KeyError, ValueError, TypeError) as error:
        raise FormatError(f"{place}: truncated or damaged, or no HDF5 file ({error})") from error
