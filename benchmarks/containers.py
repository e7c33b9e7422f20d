"""Containers for patterns as a program would use them: written block by block, read part by part."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

import motes
from motes.io.store import reading

PART = 300_000  # patterns that are read together: about what a section of a store holds
CHUNK = 2**19  # pixels of an HDF5 chunk: 1 MiB, what h5py's documentation advises at most
EMC_HEADER = 1024


class Container(ABC):
    """One kind.

    Attributes
    ----------
    name, suffix : str
        For the table, and of its files.
    appends : bool
        Whether what was written can be read before all is.
    has_checksum : bool
        Whether it can tell a flipped bit.
    """

    name: ClassVar[str]
    suffix: ClassVar[str]
    appends: ClassVar[bool] = True
    has_checksum: ClassVar[bool] = True

    def __init__(self, path: Path) -> None:
        self.path = path

    @abstractmethod
    def write(self, blocks: Iterable[motes.Patterns], *, flush: bool = False) -> None:
        """All blocks, down to the disk after each where that is asked."""

    @abstractmethod
    def open(self) -> Any:
        """As far as is needed to know how many patterns there are."""

    @abstractmethod
    def parts(self, checked: bool) -> Iterator[motes.Patterns]:
        """The patterns, with checksums or without."""


def patterns_of(lengths: Any, pixels: Any) -> motes.Patterns:
    """Without reading the photons again, in all containers alike."""
    from motes.arrays import Arrays

    indptr = np.zeros(lengths.size + 1, np.int64)
    np.cumsum(lengths, out=indptr[1:])
    arrays = Arrays(indptr, pixels, np.zeros(0, np.int64), np.zeros(0, np.int32))
    return motes.Patterns._trusted(arrays, (25, 25))


class HDF5(Container):
    """Two columns, lengths and pixels, in chunks of 1 MiB with Fletcher's checksum, grown as patterns come.

    HDF5 checks whenever it reads, or never: `unchecked` is a second file, written without.
    """

    name = "HDF5, chunked, fletcher32"
    suffix = ".h5"

    def write(self, blocks: Iterable[motes.Patterns], *, flush: bool = False) -> None:
        import os

        import h5py

        with h5py.File(self.path, "w") as file:
            columns = self._columns(file, fletcher32=True)
            for block in blocks:
                self._append(columns, block)
                if flush:
                    file.flush()
                    os.fsync(file.id.get_vfd_handle())
        if not flush:
            with h5py.File(self._bare, "w") as bare, h5py.File(self.path) as file:
                for name, column in self._columns(bare, fletcher32=False).items():
                    column.resize(file[name].shape)
                    for first in range(0, column.size, 2**24):
                        column[first : first + 2**24] = file[name][first : first + 2**24]

    @property
    def _bare(self) -> Path:
        return self.path.with_name("bare.h5")

    @staticmethod
    def _columns(file: Any, *, fletcher32: bool) -> dict[str, Any]:
        options = {"maxshape": (None,), "chunks": (CHUNK,), "fletcher32": fletcher32}
        return {name: file.create_dataset(name, (0,), "<u2", **options) for name in ("lengths", "pixels")}

    @staticmethod
    def _append(columns: dict[str, Any], block: motes.Patterns) -> None:
        own = block._arrays.own()
        for name, values in (("lengths", np.diff(own.indptr)), ("pixels", own.pixels)):
            before = columns[name].size
            columns[name].resize((before + values.size,))
            columns[name][before:] = values

    def open(self) -> int:
        import h5py

        with h5py.File(self.path) as file:
            return int(file["lengths"].size)

    def parts(self, checked: bool) -> Iterator[motes.Patterns]:
        import h5py

        with h5py.File(self.path if checked or not self._bare.exists() else self._bare) as file:
            first_pixel = 0
            for first in range(0, file["lengths"].size, PART):
                lengths = file["lengths"][first : first + PART]
                n_lit = int(lengths.sum(dtype=np.int64))
                yield patterns_of(lengths, file["pixels"][first_pixel : first_pixel + n_lit])
                first_pixel += n_lit


class EMC(Container):
    """Dragonfly's sparse .emc, mapped: int32 columns one behind the other; its writer must know all patterns first."""

    name = "Dragonfly .emc, mapped"
    suffix = ".emc"
    appends = False
    has_checksum = False

    def write(self, blocks: Iterable[motes.Patterns], *, flush: bool = False) -> None:
        import os

        lengths, after = [], self.path.with_name("pixels.raw")
        with after.open("wb") as pixels:
            for block in blocks:
                own = block._arrays.own()
                lengths.append(np.diff(own.indptr).astype("<i4"))
                pixels.write(own.pixels.astype("<i4").data)
        n = sum(map(len, lengths))
        header = np.zeros(EMC_HEADER // 4, "<i4")
        header[:3] = n, 625, 0
        with self.path.open("wb") as file:
            for part in (header, *lengths, np.zeros(n, "<i4")):
                file.write(part.data)
            with after.open("rb") as pixels:
                while piece := pixels.read(2**24):
                    file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        after.unlink()

    def open(self) -> Any:
        n = int(np.fromfile(self.path, "<i4", 1)[0])
        return np.fromfile(self.path, "<i4", n, offset=EMC_HEADER)

    def parts(self, checked: bool) -> Iterator[motes.Patterns]:
        lengths = self.open()
        pixels = np.memmap(self.path, "<i4", mode="r", offset=EMC_HEADER + 8 * lengths.size)
        first_pixel = 0
        for first in range(0, lengths.size, PART):
            part = lengths[first : first + PART]
            n_lit = int(part.sum(dtype=np.int64))
            yield patterns_of(part, pixels[first_pixel : first_pixel + n_lit].astype(np.uint16))
            first_pixel += n_lit


class Store(Container):
    """Ours: a Zarr group of sections, each checked when it is first read."""

    name = "store of Zarr sections"
    suffix = ".zarr"
    _opened: motes.StoredPatterns | None = None

    def write(self, blocks: Iterable[motes.Patterns], *, flush: bool = False) -> None:
        with motes.PatternWriter(self.path, (25, 25)) as writer:
            for block in blocks:
                writer.append(block)
                if flush:
                    writer.flush()

    def open(self) -> motes.StoredPatterns:
        return motes.open_patterns(self.path)

    def parts(self, checked: bool) -> Iterator[motes.Patterns]:
        """Nothing is kept in memory from one pass to the next: what is measured is reading."""
        if checked:
            reading._sound.clear()
        store = self._opened = self._opened or self.open()
        wanted = list(range(store.n_sections))
        reader = store._sections.reader(wanted, None, keep=False)
        for _, part in store._parts(wanted, reader):
            yield part


KINDS: dict[str, type[Container]] = {"hdf5": HDF5, "emc": EMC, "store": Store}
