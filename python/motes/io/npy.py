"""NumPy's .npy layout, in a file or in an archive: header and dense tables."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from io import BufferedIOBase
from math import prod
from typing import IO, Any, Literal

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.raw import Array, Block, PatternBlocks, dense_blocks
from motes.io.source import open_file, read_array
from motes.scratch import blocks_of

MAGIC = b"\x93NUMPY"
MAX_HEADER = 10_000  # NumPy's own limit: a longer one can stall Python's parser
MAX_RECORD = 2**24
SIMPLE_DTYPE = re.compile(r"[<>|](b1|[iu][1248]|f[248]|c8|c16|[SUV][1-9][0-9]{0,5})")


@dataclass(frozen=True)
class NpyHeader:
    """What a .npy header promises, checked against the bytes that follow it."""

    dtype: np.dtype[Any]
    fortran_order: bool
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """Number of values."""
        return prod(self.shape)

    def __str__(self) -> str:
        return f"{self.dtype} array ({', '.join(map(str, self.shape))})"


def read_header(stream: BufferedIOBase, size: int, place: str) -> NpyHeader:
    """Read a .npy header off a stream, up to the first value.

    Parameters
    ----------
    stream : binary stream at its start
    size : int
        Bytes of the whole stream, header included.
    place : str
        File and member, for messages.

    Raises
    ------
    FormatError
        If it is no header, if it is one of pickled objects, which are never unpickled, or if it promises more or
        fewer values than there are bytes.

    Examples
    --------
    >>> import io
    >>> stream = io.BytesIO()
    >>> np.save(stream, np.zeros((3, 4), np.uint16))
    >>> size = stream.tell()
    >>> _ = stream.seek(0)
    >>> print(read_header(stream, size, "patterns.npy"))
    uint16 array (3, 4)
    """
    start = stream.read(8)
    if start[:6] != MAGIC or start[6:] not in (b"\x01\x00", b"\x02\x00"):
        raise FormatError(f"{place}: begins with {start!r}, expected {MAGIC!r} and version 1.0 or 2.0")
    length_bytes = 2 if start[6] == 1 else 4
    length = int.from_bytes(_read(stream, length_bytes, place), "little")
    if length > MAX_HEADER:
        raise FormatError(f"{place}: a header of {length} bytes, expected at most {MAX_HEADER}")
    header = _parse(_read(stream, length, place), place)
    there = size - 8 - length_bytes - length
    if header.size * header.dtype.itemsize != there:
        raise FormatError(
            f"{place}: {header} needs {header.size * header.dtype.itemsize} bytes, but {there} follow the header"
        )
    return header


def _read(stream: BufferedIOBase, size: int, place: str) -> bytes:
    data = stream.read(size)
    if len(data) != size:
        raise FormatError(f"{place}: ends inside the header")
    return data


def _parse(text: bytes, place: str) -> NpyHeader:
    try:
        fields = ast.literal_eval(text.decode("latin-1").strip())
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError) as error:  # all that it may raise
        raise FormatError(f"{place}: the header is not a Python literal") from error
    if not isinstance(fields, dict) or fields.keys() != {"descr", "fortran_order", "shape"}:
        raise FormatError(f"{place}: the header is {fields!r:.80}, expected descr, fortran_order and shape")
    descr, fortran_order, shape = fields["descr"], fields["fortran_order"], fields["shape"]
    dtype = _record(descr, place) if isinstance(descr, list) else _simple(descr, place)
    if not isinstance(fortran_order, bool):
        raise FormatError(f"{place}: fortran_order is {fortran_order!r:.80}, expected True or False")
    if not isinstance(shape, tuple) or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
        raise FormatError(f"{place}: shape {shape!r:.80}, expected a tuple of sizes")
    return NpyHeader(dtype, fortran_order, shape)


def _simple(descr: object, place: str) -> np.dtype[Any]:
    if descr == "|O":
        raise FormatError(f"{place}: pickled objects, which are never unpickled; expected an array of numbers")
    if not isinstance(descr, str) or not SIMPLE_DTYPE.fullmatch(descr):
        raise FormatError(f"{place}: dtype {descr!r:.80}, expected an array of numbers")
    return np.dtype(descr)


def _record(descr: list[object], place: str) -> np.dtype[Any]:
    """Rows of named fields, each a value or a small array of values; `size` is then the number of rows."""
    fields = []
    for field in descr:
        if not isinstance(field, tuple) or len(field) not in (2, 3) or not isinstance(field[0], str) or not field[0]:
            raise FormatError(f"{place}: field {field!r:.80}, expected a name, a dtype and perhaps a shape")
        name, (kind, *shape) = field[0], field[1:]
        inner = shape[0] if shape else ()
        if not isinstance(inner, tuple) or not all(type(n) is int and 0 < n < 2**20 for n in inner) or len(inner) > 4:
            raise FormatError(f"{place}: field {name!r:.80} of shape {inner!r:.80}, expected a tuple of sizes")
        fields.append((name, _simple(kind, f"{place}: field {name!r:.80}"), inner))
    if not fields or len({name for name, *_ in fields}) < len(fields):
        raise FormatError(f"{place}: no fields, or two of one name; expected named fields")
    if sum(kind.itemsize * prod(inner) for _, kind, inner in fields) > MAX_RECORD:
        raise FormatError(f"{place}: rows of more than {MAX_RECORD} bytes")
    return np.dtype(fields)


def read_values(stream: BufferedIOBase, header: NpyHeader, place: str) -> Array:
    """All values that follow a header, in its shape."""
    values = read_array(stream, header.dtype, header.size, place)
    return values.reshape(header.shape, order="F" if header.fortran_order else "C")


def dense_patterns(
    header: NpyHeader, place: str, opened: Callable[[], AbstractContextManager[BufferedIOBase]]
) -> PatternBlocks:
    """Patterns of a dense table, (N, M) or (N, H, W).

    Parameters
    ----------
    header : NpyHeader
    place : str
        File and member, for messages.
    opened : callable
        Gives a stream that stands at the first value.
    """
    if len(header.shape) not in (2, 3):
        raise FormatError(f"{place}: {header}, expected (patterns, pixels) or (patterns, rows, columns)")
    if header.dtype.kind not in "biuf":
        raise FormatError(f"{place}: {header}, expected whole numbers of photons")
    n_patterns, image = header.shape[0], header.shape[1:]
    n_pixels = prod(image)

    def blocks() -> Iterator[Block]:
        with opened() as stream:
            if header.fortran_order:  # pattern after pattern only once it is all here
                table = read_values(stream, header, place).reshape(n_patterns, n_pixels)
                yield from dense_blocks(lambda first, n: table[first : first + n].ravel(), n_patterns, n_pixels, place)
            else:
                dtype = header.dtype
                yield from dense_blocks(
                    lambda _, n: read_array(stream, dtype, n * n_pixels, place), n_patterns, n_pixels, place
                )

    shape = (image[0], image[1]) if len(image) == 2 else None
    return PatternBlocks(place, f"dense {header.dtype}", n_patterns, n_pixels, shape, blocks)


def npy_header(path: str | os.PathLike[str]) -> NpyHeader:
    """Header of a .npy file."""
    with open_file(path) as (file, size):
        return read_header(file, size, os.fspath(path))


def map_values(path: str | os.PathLike[str]) -> tuple[NpyHeader, Array]:
    """Header of a .npy file, and its values mapped into memory, read-only; they are read when they are looked at."""
    with open_file(path) as (file, size):
        header = read_header(file, size, os.fspath(path))
    if not header.size:  # an empty map can not be made
        return header, np.zeros(header.shape, header.dtype)
    start = size - header.size * header.dtype.itemsize
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    return header, np.memmap(path, header.dtype, "r", start, header.shape, order)


def read_npy(path: str | os.PathLike[str]) -> PatternBlocks:
    """Patterns of a .npy file of counts, (N, M) or (N, H, W)."""
    place = os.fspath(path)

    @contextmanager
    def opened() -> Iterator[BufferedIOBase]:
        with open_file(path) as (file, size):
            read_header(file, size, place)
            yield file

    return dense_patterns(npy_header(path), place, opened)


@dataclass(frozen=True)
class Table:
    """An array to be written part by part.

    Attributes
    ----------
    dtype : dtype
    shape : tuple of int
    parts : iterable of arrays
        The values in C order, in pieces of any size, cast to `dtype`.
    """

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    parts: Iterable[Array]


def array_table(values: npt.ArrayLike) -> Table:
    """An array to be written in one part; one that is mapped from a disk, in many."""
    if isinstance(values, np.memmap):
        return Table(values.dtype, values.shape, blocks_of(values))
    array = np.asarray(values)
    return Table(array.dtype, array.shape, [array])


def dense_table(patterns: PatternBlocks, image: tuple[int, ...]) -> Table:
    """Counts of patterns, (N, *image), in the smallest unsigned type that holds them."""
    largest = max(int(block.photons().max(initial=0)) for block in patterns.blocks())
    dtype = np.min_scalar_type(largest)
    parts = (block.dense(patterns.n_pixels, dtype) for block in patterns.blocks())
    return Table(dtype, (patterns.n_patterns, *image), parts)


def write_table(stream: IO[bytes], table: Table) -> None:
    """Write one array, header and values."""
    header = {"descr": np.lib.format.dtype_to_descr(table.dtype), "fortran_order": False, "shape": table.shape}
    np.lib.format.write_array_header_1_0(stream, header)
    for part in table.parts:
        stream.write(np.ascontiguousarray(part, table.dtype).data)


def write_npy(path: str | os.PathLike[str], patterns: PatternBlocks) -> None:
    """Write patterns as a dense table of counts, (N, H, W), or (N, M) where their image shape is not known."""
    table = dense_table(patterns, patterns.shape or (patterns.n_pixels,))
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write_table(file, table)
