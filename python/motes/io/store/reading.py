"""One section off the disk: into room of its own, checked the first time that this process reads it."""

from __future__ import annotations

import os
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from io import FileIO
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.errors import DamagedSection, FormatError
from motes.exact import squares_of, whole_sum
from motes.io.store.ahead import Unwanted
from motes.io.store.checksum import crc32c, require_crc32c
from motes.io.store.layout import CRC_BYTES, HEADER, Section, array_json, array_layout, chunk, read_header

TAKEN = ("lengths", "pixels", "multi_position", "multi_extra")
ALIGNED = 64  # bytes
PIECE = 2**18  # bytes of one read: from a cold disk larger ones come at half the rate, as the system reads ahead less

SETTLED = 2 * 10**9  # nanoseconds after which a change shows in a file's times, on whatever file system

_sound: set[tuple[Any, ...]] = set()  # sections that this process has found whole, by what their files are


class Columns(NamedTuple):
    """The arrays of `motes.Patterns`, read-only."""

    indptr: npt.NDArray[np.int64]
    pixels: npt.NDArray[np.uint16] | npt.NDArray[np.uint32]
    multi_position: npt.NDArray[np.int64]
    multi_extra: npt.NDArray[np.int32]


class Place(NamedTuple):
    """Where an array lies in its room."""

    begin: int
    dtype: np.dtype[Any]
    size: int

    @property
    def nbytes(self) -> int:
        """Of its numbers."""
        return self.dtype.itemsize * self.size

    def of(self, room: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """The array, a view."""
        array: npt.NDArray[Any] = room[self.begin : self.begin + self.nbytes].view(self.dtype)
        return array


class Identity(NamedTuple):
    """What changes when a file does."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


def room_of(section: Section, n_pixels: int) -> int:
    """Bytes of memory that a section takes while it is read."""
    return _places(section, n_pixels)[1]


def _places(section: Section, n_pixels: int) -> tuple[dict[str, Place], int]:
    """Where each array of a section lies in its room, and how large that is.

    Lengths are read to where the pixels belong, and are gone once `indptr` is made of them.
    """
    names = [name for name in TAKEN if name in section.crc32c]
    layout = array_layout(n_pixels, section.counts, dict.fromkeys(names, 0))
    places = {"indptr": Place(0, np.dtype(np.int64), section.n_patterns + 1)}
    end = _aligned(places["indptr"].nbytes)
    places |= {name: Place(end, *layout.pop(name)) for name in ("lengths", "pixels")}
    end = _aligned(end + max(places["lengths"].nbytes, places["pixels"].nbytes) + CRC_BYTES)
    for name, (dtype, size) in layout.items():
        places[name] = Place(end, dtype, size)
        end = _aligned(end + places[name].nbytes + CRC_BYTES)
    return places, end


def _aligned(n_bytes: int) -> int:
    return -(-n_bytes // ALIGNED) * ALIGNED


def require_files(section: Section, n_pixels: int) -> None:
    """Refuse a section whose files are not of the size that its header asks for.

    Raises
    ------
    DamagedSection
        The message names the file.
    """
    for name, (dtype, size) in array_layout(n_pixels, section.counts, section.crc32c).items():
        if size:
            _opened(section, name, dtype.itemsize * size + CRC_BYTES).close()


def read_section(
    section: Section,
    n_pixels: int,
    take: Callable[[int], npt.NDArray[np.uint8]],
    stopped: Callable[[], bool] = lambda: False,
    *,
    anew: bool = False,
) -> Columns:
    """The patterns of a section; nothing is asked for that its files do not hold.

    Parameters
    ----------
    section : Section
        What its header says.
    n_pixels : int
        Pixels of the detector.
    take : callable
        Gives room for so many bytes.
    stopped : callable
        Whether nobody wants it any more.
    anew : bool
        Check it also where this process has found it whole before.

    Raises
    ------
    DamagedSection
        If a file is missing, of another size, changes meanwhile, or, in what this process has not read before, holds
        other numbers than its checksum says or none of patterns.
    Unwanted
        If nobody wants it any more.
    """
    require_crc32c(str(section.folder))
    places, n_bytes = _places(section, n_pixels)
    with ExitStack() as closing:
        files = {
            name: closing.enter_context(_opened(section, name, place.nbytes + CRC_BYTES))
            for name, place in places.items()
            if name != "indptr" and place.size
        }
        before = {name: _identity(file) for name, file in files.items()}
        mark = (section.folder, n_pixels, *section.counts.values(), *section.crc32c.values(), *before.values())
        check = anew or mark not in _sound
        if check:
            _check_headers(section, n_pixels)
        room = take(n_bytes)
        columns, n_empty = _columns(room, places), 0
        for name, file in files.items():  # lengths are the first
            begin, end = places[name].begin, places[name].begin + places[name].nbytes
            _fill(file, room[begin : end + CRC_BYTES], section, name, stopped)
            if stopped():
                raise Unwanted(str(section.folder))
            if check:
                _check_sum(section, name, room[begin:end], room[end : end + CRC_BYTES])
            if name == "lengths":
                lengths, indptr = places[name].of(room), places["indptr"].of(room)
                indptr[0] = 0
                np.cumsum(lengths, dtype=np.int64, out=indptr[1:])
                n_empty = int(np.count_nonzero(lengths == 0)) if check else 0
        changed = [name for name, file in files.items() if _identity(file) != before[name]]
    if changed:
        raise DamagedSection(f"{chunk(section.folder, changed[0])}: changed while it was read", section.number)
    if check:
        _check_numbers(section, columns, n_empty, n_pixels)
        if all(_has_settled(file) for file in before.values()):
            _sound.add(mark)
    return columns


def read_total(section: Section, n_pixels: int) -> npt.NDArray[np.int64]:
    """Photons of each pixel over a section that holds them, (M,).

    Raises
    ------
    DamagedSection
        If they are not as the header says.
    """
    require_crc32c(str(section.folder))
    n_bytes = 8 * n_pixels
    with _opened(section, "total", n_bytes + CRC_BYTES) as file:
        room = np.empty(n_bytes + CRC_BYTES, np.uint8)
        _fill(file, room, section, "total", lambda: False)
    _check_sum(section, "total", room[:n_bytes], room[n_bytes:])
    total: npt.NDArray[np.int64] = room[:n_bytes].view("<i8")
    if total.min() < 0:
        raise _damaged(section, "total", f"numbers of 0 or more, got {total.min()}")
    if (found := whole_sum(total)) != section.n_photons:
        raise _damaged(section, "total", f"{section.n_photons} photons in all, got {found}")
    return total


def _damaged(section: Section, name: str, expected: str) -> DamagedSection:
    return DamagedSection(f"{chunk(section.folder, name)}: expected {expected}", section.number)


def _opened(section: Section, name: str, size: int) -> FileIO:
    """The file of an array, which must have that many bytes."""
    path = chunk(section.folder, name)
    try:
        file = FileIO(os.fspath(path), opener=_open_at_once)
    except OSError as error:
        raise DamagedSection(f"{path}: can not be opened ({error.strerror})", section.number) from error
    found = os.fstat(file.fileno())
    if stat.S_ISREG(found.st_mode) and found.st_size == size:
        return file
    file.close()
    what = f"{found.st_size}" if stat.S_ISREG(found.st_mode) else "no regular file"
    raise _damaged(section, name, f"{size} bytes, got {what}")


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting: a pipe would wait for its writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _identity(file: FileIO) -> Identity:
    found = os.fstat(file.fileno())
    return Identity(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _has_settled(file: Identity) -> bool:
    """Whether another change would show: a file system may give two changes within one tick the same time."""
    return time.time_ns() - max(file.mtime_ns, file.ctime_ns) > SETTLED


def _fill(file: FileIO, room: npt.NDArray[np.uint8], section: Section, name: str, stopped: Callable[[], bool]) -> None:
    """Read a whole file, piece by piece."""
    done = 0
    while done < room.size and not stopped():
        try:
            n = file.readinto(room[done : done + PIECE].data)
        except OSError as error:
            path = chunk(section.folder, name)
            raise DamagedSection(f"{path}: can not be read ({error.strerror})", section.number) from error
        if not n:
            raise _damaged(section, name, f"{room.size} bytes, it ends after {done}")
        done += n


def _columns(room: npt.NDArray[np.uint8], places: Mapping[str, Place]) -> Columns:
    """Read-only views of the arrays in their room."""
    nothing = {"multi_position": Place(0, np.dtype(np.int64), 0), "multi_extra": Place(0, np.dtype(np.int32), 0)}
    found = {name: place.of(room) for name, place in (nothing | dict(places)).items()}
    for array in found.values():
        array.flags.writeable = False
    return Columns(*(found[name] for name in Columns._fields))


def _check_headers(section: Section, n_pixels: int) -> None:
    """The arrays' own headers say what we write: nothing else would be read right."""
    for name, (dtype, size) in array_layout(n_pixels, section.counts, section.crc32c).items():
        path = section.folder / name / HEADER
        try:
            told = read_header(path)
        except FormatError as error:
            raise DamagedSection(str(error), section.number) from error
        for key, value in array_json(dtype, size).items():
            if key != "attributes" and told.get(key) != value:
                found = f"{told.get(key)!r:.200}"
                raise DamagedSection(f"{path}: {key} is {found}, expected {value!r}", section.number)


def _check_sum(section: Section, name: str, data: npt.NDArray[np.uint8], behind: npt.NDArray[np.uint8]) -> None:
    found, behind_it, told = crc32c(data), int(behind.view("<u4")[0]), section.crc32c[name]
    if not found == behind_it == told:
        sums = f"their checksum is {found:#010x}, written were {told:#010x} in the header and {behind_it:#010x} behind"
        place = chunk(section.folder, name)
        raise DamagedSection(f"{place}: its numbers are not those that were written ({sums} them)", section.number)


def _check_numbers(section: Section, columns: Columns, n_empty: int, n_pixels: int) -> None:
    """The patterns are patterns, and those that the header speaks of."""
    if columns.indptr[-1] != section.n_lit:
        raise _damaged(section, "lengths", f"{section.n_lit} lit pixels in all, got {columns.indptr[-1]}")
    try:
        _core.PatternsView(*columns, n_pixels=n_pixels, check_photons=True)
    except ValueError as error:
        raise DamagedSection(f"{section.folder}: {error}", section.number) from error
    extra = columns.multi_extra
    found = {
        "n_photons": section.n_lit + int(extra.sum(dtype=np.int64)),
        "sum_of_squares": section.n_lit + squares_of(extra),
        "max_count": 1 + int(extra.max()) if extra.size else int(section.n_lit > 0),
        "n_empty": n_empty,
    }
    for name, value in found.items():
        if section.counts[name] != value:
            told = f"{section.folder / HEADER}: {name} is {section.counts[name]}, expected {value}"
            raise DamagedSection(told, section.number)
