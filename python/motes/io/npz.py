"""NumPy's .npz archives, read without trust: sizes are compared with the file before anything is inflated."""

from __future__ import annotations

import errno
import os
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BufferedIOBase
from typing import cast

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.npy import NpyHeader, Table, dense_patterns, read_header, read_values, write_table
from motes.io.raw import Array, PatternBlocks
from motes.io.source import open_file, refuse_bomb

MAGIC = b"PK"
DEFLATE_LEVEL = 4  # photons: four times as fast as the usual 6 for a twentieth more bytes


class Archive:
    """The arrays of an open .npz file; see `open_archive`."""

    def __init__(self, path: str, archive: zipfile.ZipFile) -> None:
        self.path = path
        self._archive = archive
        self._members = {
            info.filename.removesuffix(".npy"): info for info in archive.infolist() if info.filename.endswith(".npy")
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the arrays, in the order of the archive."""
        return tuple(self._members)

    def place(self, name: str) -> str:
        """File and array, for messages."""
        return f"{self.path}: {name}"

    def header(self, name: str) -> NpyHeader:
        """Type and shape of one array."""
        with self.member(name) as (_, header):
            return header

    def array(self, name: str) -> Array:
        """One array, whole."""
        with self.member(name) as (stream, header):
            return read_values(stream, header, self.place(name))

    def patterns(self, name: str) -> PatternBlocks:
        """Patterns of one dense array, inflated as they are asked for while the archive is open."""
        return dense_patterns(self.header(name), self.place(name), partial(self._values, name))

    @contextmanager
    def _values(self, name: str) -> Iterator[BufferedIOBase]:
        with self.member(name) as (stream, _):
            yield stream

    @contextmanager
    def member(self, name: str) -> Iterator[tuple[BufferedIOBase, NpyHeader]]:
        """One array to be read piece by piece: a stream that stands at its first value, and its header."""
        info, place = self._members[name], self.place(name)
        if info.flag_bits & 1:
            raise FormatError(f"{place}: is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FormatError(f"{place}: compressed by method {info.compress_type}, expected stored or deflated")
        with _told(place), self._archive.open(info) as stream:
            member = cast(BufferedIOBase, stream)  # what `ZipFile.open` is said to give lacks `readinto`
            yield member, read_header(member, info.file_size, place)


@contextmanager
def open_archive(path: str | os.PathLike[str]) -> Iterator[Archive]:
    """Open an .npz file.

    Raises
    ------
    FormatError
        If it is no zip archive, or one whose members repeat or overlap or would fill the memory.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.savez(f"{folder}/counts.npz", task1=np.zeros((2, 3, 3), np.uint8))
    ...     with open_archive(f"{folder}/counts.npz") as archive:
    ...         print(archive.names, archive.header("task1"))
    ('task1',) uint8 array (2, 3, 3)
    """
    place = os.fspath(path)
    with open_file(path) as (file, size):
        with _told(place):
            archive = zipfile.ZipFile(file)
        with archive:
            members = archive.infolist()
            if len({info.filename for info in members}) < len(members):
                raise FormatError(f"{place}: two members of one name")
            if sum(info.compress_size for info in members) > size:
                raise FormatError(f"{place}: members that overlap")
            refuse_bomb(sum(info.file_size for info in members), size, place, "zip")
            yield Archive(place, archive)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """Turn what zipfile raises on damaged archives into a FormatError that names the place."""
    try:
        yield
    except FormatError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        if isinstance(error, OSError) and error.errno != errno.EINVAL:  # EINVAL: a seek to before the file
            raise
        raise FormatError(f"{place}: truncated or damaged, or no zip archive ({error})") from error


def write_npz(path: str | os.PathLike[str], tables: Mapping[str, Table], *, compress: bool = True) -> None:
    """Write arrays as an archive, part by part; the same arrays give the same bytes at any time."""
    method = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    with (
        atomic_path(path) as temporary,
        zipfile.ZipFile(temporary, "w", method, compresslevel=DEFLATE_LEVEL) as archive,
    ):
        for name, table in tables.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                write_table(member, table)
