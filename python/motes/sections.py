"""Sections of a store as patterns: read within the memory that there is, and kept as far as it goes."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from motes.arrays import Arrays
from motes.cached import cached_property
from motes.errors import DamagedSection, FormatError
from motes.io.store.buffers import Rooms, lasting, whole_steps
from motes.io.store.layout import (
    MAX_TOTAL,
    Root,
    Section,
    missing_of,
    numbers_of,
    pixel_dtype,
    read_root,
    read_section_header,
    section_folder,
    section_numbers,
)
from motes.io.store.reading import read_section, read_total, require_files, room_of
from motes.memory import SHARE, available_bytes, in_words, memory_bytes, resident_bytes, without_unit
from motes.patterns import Patterns
from motes.shapes import Shape

AHEAD = 2  # sections that are read while one is worked on: two at a time ask more of a disk than one
GLIMPSE = 5  # headers that tell most other stores from one
HELD = 2  # by who works on them: one, and the one before until its variable gets the next
SELECTED = 1  # beside these where patterns of sections are chosen: they are copies, and the section is there meanwhile
FOR_SECTIONS = 0.85  # of the memory: sections are kept up to there, and the rest is left to who works on them


@dataclass
class Kept:
    """Room in memory for a section that stays: taken before it is read, so that two threads do not see the same room.

    Attributes
    ----------
    n_bytes : int
        Of the room.
    part : Patterns or None
        The section, once it is read.
    """

    n_bytes: int
    part: Patterns | None = None


@dataclass(frozen=True)
class Sections:
    """The sections of a store that were there when it was opened; what all views of it share.

    Attributes
    ----------
    path : pathlib.Path
        The store.
    shape : (int, int)
        Rows and columns of the detector, in pixels.
    closed : bool
        Whether its writer was done.
    headers : tuple of Section
        What is said of each.
    """

    path: Path
    shape: Shape
    closed: bool
    headers: tuple[Section, ...]
    _rooms: Rooms = field(default_factory=Rooms, repr=False, compare=False)
    _kept: dict[int, Kept] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self.shape[0] * self.shape[1]

    @cached_property
    def sizes(self) -> npt.NDArray[np.int64]:
        """Bytes of memory that each section takes while it is read: (n_sections,)."""
        return np.array([room_of(header, self.n_pixels) for header in self.headers], np.int64)

    @cached_property
    def mark(self) -> hashlib._Hash:
        """Of the patterns, told by the headers: to be copied and carried on."""
        return mark_of(self.shape, self.headers)

    @property
    def fingerprint(self) -> str:
        """Another where a pattern differs."""
        return self.mark.hexdigest()

    @property
    def glimpse(self) -> str:
        """What `glimpse` finds on the disk, of these sections."""
        return mark_of(self.shape, (self.headers[k] for k in _of_each_part(len(self.headers)))).hexdigest()

    def __reduce__(self) -> tuple[object, ...]:
        return Sections, (self.path, self.shape, self.closed, self.headers)

    def read(self, k: int, stopped: Callable[[], bool], *, keep: bool = False) -> Patterns:
        """The patterns of a section, from the disk."""
        columns = read_section(self.headers[k], self.n_pixels, lasting if keep else self._rooms.take, stopped)
        return Patterns._trusted(Arrays(*columns), self.shape)

    def check(self, k: int) -> None:
        """Read a section and hold all of it against its checksums.

        Raises
        ------
        DamagedSection
            If it is not whole.
        """
        header = self.headers[k]
        columns = read_section(header, self.n_pixels, self._rooms.take, anew=True)
        if "total" in header.crc32c:
            found = Patterns._trusted(Arrays(*columns), self.shape).total_image().ravel()
            if not np.array_equal(read_total(header, self.n_pixels), found):
                raise DamagedSection(f"{header.folder}: total does not hold the photons of pixels", header.number)

    def joined(self, parts: Iterator[tuple[int, Patterns]]) -> Patterns:
        """The patterns of all sections, one after the other in memory of their own; nothing of it is there twice."""
        for header in self.headers:
            require_files(header, self.n_pixels)  # before so much is asked for as they state
        n_patterns, n_lit, n_multi = (
            sum(header.counts[name] for header in self.headers) for name in ("n_patterns", "n_lit", "n_multi")
        )
        whole = Arrays(
            np.zeros(n_patterns + 1, np.int64),
            np.empty(n_lit, pixel_dtype(self.n_pixels)),
            np.empty(n_multi, np.int64),
            np.empty(n_multi, np.int32),
        )
        first = lit = several = 0
        for _, part in parts:
            own = part._arrays.own()
            size, n = own.pixels.size, own.multi_extra.size
            whole.indptr[first + 1 : first + 1 + len(part)] = own.indptr[1:] + lit
            whole.pixels[lit : lit + size] = own.pixels
            whole.multi_position[several : several + n] = own.multi_position + lit
            whole.multi_extra[several : several + n] = own.multi_extra
            first, lit, several = first + len(part), lit + size, several + n
        return Patterns._trusted(whole, self.shape)

    def reader(
        self, wanted: Sequence[int], memory: int | str | None, *, keep: bool = True, selecting: bool = False
    ) -> Reader:
        """Who reads sections within so much memory.

        Parameters
        ----------
        wanted : sequence of int
            Those that are going to be read.
        memory : int or str, optional
            Of the whole process.
        keep : bool
            Whether sections may stay in memory, for who reads them again.
        selecting : bool
            Whether some of their patterns are copied, and what is held is the copies.

        Raises
        ------
        ValueError
            If the memory does not hold what is needed at least; the message says how much that is.
        """
        need = whole_steps(int(self.sizes[np.asarray(wanted, np.intp)].max(initial=1)))
        own = self._rooms.nbytes + sum(kept.n_bytes for kept in list(self._kept.values()) if kept.part is not None)
        others = max(0, resident_bytes() - own)
        limit = others + (available_bytes() + own) // SHARE if memory is None else memory_bytes(memory)
        held = HELD + SELECTED * selecting
        at_least = min(HELD, len(wanted)) + SELECTED * selecting
        if memory is not None and limit - others < at_least * need:
            raise ValueError(
                f"memory: {in_words(limit)} is too little: the process has {in_words(others)}, and {in_words(need)} "
                f"for each of {at_least} sections of {self.path.name} are needed beside it; give at least "
                f"{in_words(others + at_least * need)}{without_unit(memory)}"
            )
        ahead = max(0, min(AHEAD, (limit - others) // need - held))
        to_keep = max(0, int(limit * FOR_SECTIONS) - others - (held + ahead) * need)
        self._let_go(to_keep)
        return Reader(self, ahead, to_keep if keep else 0)

    def _kept_bytes(self) -> int:
        return sum(kept.n_bytes for kept in list(self._kept.values()))

    def _let_go(self, most: int) -> None:
        """Keep no more than so many bytes; others may do the same meanwhile."""
        while self._kept_bytes() > most:
            self._kept.pop(max(list(self._kept), default=0), None)

    def _room_to_keep(self, k: int, n_bytes: int, most: int) -> Kept | None:
        """Room for a section beside what is kept, if that then is no more than so many bytes.

        There is no lock, which a fork could leave taken. Two threads that take the last room both give it back.
        """
        own = Kept(n_bytes)
        if self._kept.setdefault(k, own) is not own:  # somebody reads it too
            return None
        if self._kept_bytes() <= most:
            return own
        self._give_back(k, own)
        return None

    def _give_back(self, k: int, own: Kept) -> None:
        if self._kept.get(k) is own:
            self._kept.pop(k, None)


class Reader:
    """Reads sections, and keeps what it may of them for the next pass.

    Parameters
    ----------
    sections : Sections
        What there is.
    ahead : int
        How many may be read ahead of the one that is worked on.
    to_keep : int
        Bytes of sections that may stay in memory.
    """

    def __init__(self, sections: Sections, ahead: int, to_keep: int) -> None:
        self.sections, self.ahead, self.to_keep = sections, ahead, to_keep

    def at_hand(self, k: int) -> Patterns | None:
        """A section that was kept."""
        kept = self.sections._kept.get(k)
        return None if kept is None else kept.part

    def fetch(self, k: int, stopped: Callable[[], bool]) -> Patterns:
        """A section from the disk."""
        n_bytes = whole_steps(int(self.sections.sizes[k]))
        kept = self.sections._room_to_keep(k, n_bytes, self.to_keep)
        try:
            part = self.sections.read(k, stopped, keep=kept is not None)
        except BaseException:
            if kept is not None:
                self.sections._give_back(k, kept)
            raise
        if kept is not None:
            kept.part = part
        return part


def open_sections(path: Path) -> Sections:
    """The sections of a store, from its headers.

    Raises
    ------
    DamagedSection
        If a section is missing, or its header can not be read.
    FormatError
        If it is no store.
    """
    root = read_root(path)
    return Sections(path, root.shape, root.closed, _headers(path, root, ()))


def open_some_sections(path: Path) -> tuple[Sections, list[DamagedSection]]:
    """The sections of a store whose headers can be read, and what is wrong with the others.

    Raises
    ------
    FormatError
        If it is no store.
    """
    shape, closed, stated = read_root(path)
    there = numbers_of(path)
    looked_at = [_header_or_fault(path, number, shape[0] * shape[1]) for number in there]
    faults = [found for found in looked_at if isinstance(found, DamagedSection)]
    for lost in missing_of(there, stated):
        last = f" to {lost[-1]:08d}" if len(lost) > 1 else ""
        faults.append(DamagedSection(f"{section_folder(path, lost.start)}{last}: missing", lost.start))
    headers = tuple(found for found in looked_at if isinstance(found, Section))
    sections = Sections(path, shape, closed, _countable(path, headers))
    return sections, sorted(faults, key=lambda fault: fault.section)


def reopened(sections: Sections) -> Sections:
    """The same store, with what was appended since; what was kept stays.

    Raises
    ------
    FormatError
        If it is another store by now.
    """
    root = read_root(sections.path)
    if root.shape != sections.shape:
        raise FormatError(f"{sections.path}: is another store than the one that was opened")
    headers = _headers(sections.path, root, sections.headers)
    return Sections(sections.path, root.shape, root.closed, headers, sections._rooms, sections._kept)


def _headers(path: Path, root: Root, known: tuple[Section, ...]) -> tuple[Section, ...]:
    """Headers of all sections; those that are known are not read again, the last but to see whether it is the same."""
    n_pixels = root.shape[0] * root.shape[1]
    try:
        n_sections = section_numbers(path, root.n_sections)
        if n_sections < len(known) or (known and _header(path, len(known) - 1, n_pixels) != known[-1]):
            raise FormatError(f"{path}: is another store than the one that was opened")
        new = [_header(path, k, n_pixels) for k in range(len(known), n_sections)]
    except DamagedSection as error:
        told = f"{error}; nobody knows how many patterns it held, nor the numbers of those behind it; {others(path)}"
        raise DamagedSection(told, error.section) from error
    return _countable(path, (*known, *new))


def others(path: Path) -> str:
    """How to come to the sections beside damaged ones."""
    return f"motes convert {path.name} -o whole.zarr --skip-damaged makes a store of the other sections"


def _header(path: Path, number: int, n_pixels: int) -> Section:
    """What the header of a section says.

    Raises
    ------
    DamagedSection
        If it can not be read.
    """
    try:
        return read_section_header(section_folder(path, number), n_pixels)
    except FormatError as error:
        raise DamagedSection(str(error), number) from error


def _header_or_fault(path: Path, number: int, n_pixels: int) -> Section | DamagedSection:
    try:
        return _header(path, number, n_pixels)
    except DamagedSection as error:
        return error


def gathered(
    path: Path, shape: Shape, closed: bool, headers: tuple[Section, ...], before: Sections | None = None
) -> Sections:
    """Some sections of a store, whose headers were read; in the memory of those that were there before.

    Raises
    ------
    FormatError
        If their sums can not be held.
    """
    headers = _countable(path, headers)
    if before is None:
        return Sections(path, shape, closed, headers)
    same = headers[: len(before.headers)] == before.headers  # what is kept goes by their places
    return Sections(path, shape, closed, headers, before._rooms, before._kept if same else {})


def _countable(path: Path, headers: tuple[Section, ...]) -> tuple[Section, ...]:
    """The same sections, if their sums can be held."""
    if sum(section.sum_of_squares for section in headers) >= MAX_TOTAL:
        raise FormatError(f"{path}: more photons than can be counted")
    return headers


def mark_of(shape: Shape, headers: Iterable[Section]) -> hashlib._Hash:
    """Digest of what some headers say of their patterns."""
    mark = hashlib.sha256(repr(shape).encode())
    for section in headers:
        mark.update(repr((sorted(section.counts.items()), sorted(section.crc32c.items()))).encode())
    return mark


def glimpse(path: str | os.PathLike[str], n_sections: int) -> str:
    """Digest of a few headers of a store, the first and the last of so many among them; the others are not read.

    Raises
    ------
    FormatError
        If it is no store, or has fewer sections.
    FileNotFoundError
        If there is nothing.
    """
    store = Path(path)
    store.stat()
    shape = read_root(store).shape
    n_pixels = shape[0] * shape[1]
    headers = (read_section_header(section_folder(store, k), n_pixels) for k in _of_each_part(n_sections))
    return mark_of(shape, headers).hexdigest()


def _of_each_part(n: int) -> list[int]:
    """A few of 0 to n - 1, the first and the last among them.

    Examples
    --------
    >>> _of_each_part(9), _of_each_part(2), _of_each_part(0)
    ([0, 2, 4, 6, 8], [0, 1], [])
    """
    return sorted({k * (n - 1) // (GLIMPSE - 1) for k in range(GLIMPSE)}) if n else []
