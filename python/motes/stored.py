"""Patterns on disk, more than memory holds: what is asked for is read, section by section."""

from __future__ import annotations

import hashlib
import operator
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.cached import cached_property
from motes.entries import row_indices
from motes.errors import DamagedSection
from motes.io.store.ahead import read_ahead
from motes.io.store.reading import read_total, room_of
from motes.patterns import Patterns
from motes.sections import Reader, Sections, open_sections, reopened
from motes.shapes import Shape
from motes.threads import available_threads


def open_patterns(path: str | os.PathLike[str]) -> StoredPatterns:
    """Open a store of patterns; no photon is read.

    Parameters
    ----------
    path : path
        A folder that `motes.PatternWriter` or ``motes convert`` wrote, or is writing: what is committed is there.

    Raises
    ------
    FormatError
        If it is no store; the message names the file and what was expected.
    FileNotFoundError
        If there is nothing.

    Examples
    --------
    >>> import tempfile
    >>> from motes import PatternWriter
    >>> folder = tempfile.TemporaryDirectory()
    >>> with PatternWriter(Path(folder.name, "run.zarr"), (2, 2)) as writer:
    ...     writer.append([[1, 0, 0, 1], [0, 2, 0, 0]])
    >>> open_patterns(Path(folder.name, "run.zarr"))
    StoredPatterns(2 patterns of 2x2 pixels, 4 photons, 2 a pattern; 1 section in run.zarr)
    >>> folder.cleanup()
    """
    store = Path(path)
    store.stat()  # nothing there is another error than no store
    return StoredPatterns(open_sections(store))


class StoredPatterns:
    """N patterns in a store on disk: sums come from its headers, photons are read when they are asked for.

    Made by `motes.open_patterns`. It never changes; `refresh` opens what was appended since.

    Attributes
    ----------
    path : pathlib.Path
        The store.
    shape : (int, int)
        Rows and columns of the detector, in pixels.
    closed : bool
        Whether its writer was done.
    bounds : (n_sections + 1,) int64 array
        First pattern of each section, and N.
    """

    def __init__(
        self,
        sections: Sections,
        kept: npt.NDArray[np.bool_] | None = None,
        memory: int | str | None = None,
        engine: Any = None,
    ) -> None:
        self._sections = sections
        self._kept = kept
        self._memory = memory
        self._engine = engine
        stored = np.cumsum([0, *(section.n_patterns for section in sections.headers)], dtype=np.int64)
        self._stored_bounds = stored
        if kept is None:
            self.bounds = stored
        else:
            before = np.concatenate([[0], np.cumsum(kept, dtype=np.int64)])
            self.bounds = before[stored]
        self.bounds.flags.writeable = False

    # What the headers say -----------------------------------------------------------

    @property
    def path(self) -> Path:
        """The store."""
        return self._sections.path

    @property
    def shape(self) -> Shape:
        """Rows and columns of the detector, in pixels."""
        return self._sections.shape

    @property
    def closed(self) -> bool:
        """Whether its writer was done."""
        return self._sections.closed

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self.shape[0] * self.shape[1]

    @property
    def n_sections(self) -> int:
        """Sections, also those of which no pattern was selected."""
        return len(self._sections.headers)

    def __len__(self) -> int:
        return int(self.bounds[-1])

    @property
    def nbytes(self) -> int:
        """Bytes on the disk of the sections that have patterns here."""
        return sum(room_of(self._sections.headers[k], self.n_pixels) for k in self._wanted())

    @cached_property
    def _sums(self) -> dict[str, int]:
        """Sums of the headers; of sections that are here in part, of their patterns."""
        parts = [k for k in self._wanted() if not self._is_whole(k)]
        whole = [self._sections.headers[k] for k in self._wanted() if self._is_whole(k)]
        told = [section.counts for section in whole]
        for _, part in self.parts(parts):
            told.append(
                {
                    "n_lit": part.n_lit,
                    "n_photons": part.n_photons,
                    "max_count": part.max_count,
                    "sum_of_squares": part.sum_of_squares(),
                    "n_empty": int(np.count_nonzero(np.diff(part.indptr) == 0)),
                }
            )
        names = ("n_lit", "n_photons", "sum_of_squares", "n_empty")
        sums = {name: sum(one[name] for one in told) for name in names}
        return sums | {"max_count": max((one["max_count"] for one in told), default=0)}

    @property
    def n_lit(self) -> int:
        """Pixels lit, over all patterns."""
        return self._sums["n_lit"]

    @property
    def n_photons(self) -> int:
        """Photons, over all patterns."""
        return self._sums["n_photons"]

    @property
    def max_count(self) -> int:
        """The most photons in one pixel of one pattern; 0 without photons."""
        return self._sums["max_count"]

    @property
    def n_empty(self) -> int:
        """Patterns without photons."""
        return self._sums["n_empty"]

    def sum_of_squares(self) -> int:
        """Sum over patterns of the squared counts, in whole numbers."""
        return self._sums["sum_of_squares"]

    @cached_property
    def _total(self) -> npt.NDArray[np.int64]:
        total = np.zeros(self.n_pixels, np.int64)
        to_read = []
        for k in self._wanted():
            section = self._sections.headers[k]
            if self._is_whole(k) and "total" in section.crc32c:
                total += read_total(section, self.n_pixels)
            else:
                to_read.append(k)
        for _, part in self.parts(to_read):
            total += _core.total_image(part._core, threads=available_threads())
        total.flags.writeable = False
        return total

    def total_image(self) -> npt.NDArray[np.int64]:
        """Photons of each pixel, over all patterns: (H, W), computed once."""
        return self._total.reshape(self.shape)

    def mean_image(self) -> npt.NDArray[np.float64]:
        """Mean photons of each pixel: (H, W); zeros where there are no patterns."""
        mean: npt.NDArray[np.float64] = self.total_image() / max(1, len(self))
        return mean

    @cached_property
    def fingerprint(self) -> str:
        """Of the patterns, told by the headers: another where a pattern differs or the selection does."""
        mark = hashlib.sha256(repr(self.shape).encode())
        for section in self._sections.headers:
            mark.update(repr((sorted(section.counts.items()), sorted(section.crc32c.items()))).encode())
        if self._kept is not None:
            mark.update(np.packbits(self._kept).tobytes())
        return mark.hexdigest()

    # Reading -----------------------------------------------------------

    def section(self, k: int) -> Patterns:
        """The patterns of section `k`, of which those that were selected.

        Raises
        ------
        DamagedSection
            If the section is not whole; the message names the file.
        """
        k = operator.index(k)
        if not 0 <= k < self.n_sections:
            raise IndexError(f"section {k} is outside 0..{self.n_sections - 1}")
        reader = self._sections.reader([k], self._memory)
        part = reader.at_hand(k)
        return self._selected(k, reader.fetch(k, _for_ever) if part is None else part)

    def parts(self, sections: Iterable[int] | None = None) -> Generator[tuple[int, Patterns]]:
        """Number and patterns of each section in order, the next ones read meanwhile, as far as the memory allows.

        Sections without a selected pattern are left out. Nothing is held here of what was handed out.

        Parameters
        ----------
        sections : iterable of int, optional
            Those that are wanted; by default all.

        Raises
        ------
        DamagedSection
            If a section is not whole.
        ValueError
            If the memory does not hold what is needed at least.
        """
        wanted = self._wanted() if sections is None else [operator.index(k) for k in sections]
        if any(not 0 <= k < self.n_sections for k in wanted):
            raise IndexError(f"sections: expected numbers of 0..{self.n_sections - 1}")
        wanted = [k for k in wanted if self.bounds[k] < self.bounds[k + 1]]
        reader = self._sections.reader(wanted, self._memory)
        return self._parts(wanted, reader)

    def _parts(self, wanted: list[int], reader: Reader) -> Iterator[tuple[int, Patterns]]:
        for k, part in read_ahead(reader, wanted, reader.ahead):
            yield k, self._selected(k, part)

    def take(self, indices: npt.ArrayLike) -> Patterns:
        """The patterns of these numbers, in this order; only the sections that they are in are read.

        Parameters
        ----------
        indices : (K,) integers, or (N,) bool
            Negative ones count from the end.
        """
        which = row_indices(np.asarray(indices), len(self))
        order = np.argsort(which, kind="stable")
        ordered = which[order]
        sections = np.searchsorted(self.bounds, ordered, side="right") - 1
        found = [Patterns.empty(self.shape)]
        for k, part in self.parts(np.unique(sections)):
            found.append(part[ordered[sections == k] - self.bounds[k]])
        taken = Patterns.concatenate(found)
        if np.array_equal(order, np.arange(order.size)):
            return taken
        back = np.empty_like(order)
        back[order] = np.arange(order.size)
        return taken[back]

    @overload
    def __getitem__(self, which: int | np.integer[Any]) -> npt.NDArray[np.int64]: ...
    @overload
    def __getitem__(self, which: slice | npt.NDArray[Any] | list[int]) -> Patterns: ...

    def __getitem__(self, which: Any) -> npt.NDArray[np.int64] | Patterns:
        """One pattern as an (H, W) image, or the patterns of a slice, mask or array of indices, in memory."""
        if isinstance(which, slice):
            return self.take(np.arange(*which.indices(len(self)), dtype=np.int64))
        try:
            index = operator.index(which)
        except TypeError:
            return self.take(which)
        if not -len(self) <= index < len(self):
            raise IndexError(f"pattern {index} is outside 0..{len(self) - 1}")
        index %= len(self)
        k = int(np.searchsorted(self.bounds, index, side="right")) - 1
        return self.section(k)[index - int(self.bounds[k])]

    def to_memory(self) -> Patterns:
        """All patterns in memory."""
        return Patterns.concatenate([Patterns.empty(self.shape), *(part for _, part in self.parts())])

    # Other views -----------------------------------------------------------

    def select(self, kept: npt.ArrayLike) -> StoredPatterns:
        """The patterns that are marked; sections without any are never read.

        Parameters
        ----------
        kept : (N,) bool
            True for each pattern that stays.
        """
        mask = np.asarray(kept)
        if mask.dtype != np.bool_ or mask.shape != (len(self),):
            raise ValueError(f"kept: expected {len(self)} truth values, got {mask.dtype} of shape {mask.shape}")
        if self._kept is None:
            mask = mask.copy()
        else:
            whole = self._kept.copy()
            whole[whole] = mask
            mask = whole
        return self._with(kept=mask)

    def refresh(self) -> StoredPatterns:
        """The same store, with the sections that were appended since; patterns of these are all selected."""
        sections = reopened(self._sections)
        kept = self._kept
        if kept is not None:
            new = sum(section.n_patterns for section in sections.headers[self.n_sections :])
            kept = np.concatenate([kept, np.ones(new, np.bool_)])
        return self._with(sections=sections, kept=kept)

    def verify(self, skip_damaged: bool = False) -> npt.NDArray[np.bool_]:
        """Read all of it and check it against its checksums: (N,), False for patterns of damaged sections.

        Parameters
        ----------
        skip_damaged : bool
            Without it the first damaged section is raised.
        """
        sound = np.ones(len(self), np.bool_)
        for k in self._wanted():
            if not self._is_sound(k, skip_damaged):
                sound[self.bounds[k] : self.bounds[k + 1]] = False
        return sound

    def _is_sound(self, k: int, skip_damaged: bool) -> bool:
        try:
            self._sections.read(k, _for_ever)
        except DamagedSection:
            if not skip_damaged:
                raise
            return False
        return True

    def using(self, memory: int | str | None = None, engine: Any = None) -> StoredPatterns:
        """The same patterns, read within so much memory, or by an engine.

        Parameters
        ----------
        memory : str or int, optional
            What the whole process may take, ``"300MB"`` or bytes; by default a quarter of what is available.
        engine : optional
            What runs passes over the sections; by default this process.

        Raises
        ------
        ValueError
            If that is less than the process has and a section needs; the message says how much is.
        """
        other = self._with(memory=memory, engine=engine)
        self._sections.reader(self._wanted(), memory)
        return other

    @property
    def memory(self) -> int | str | None:
        """What was asked for, of the whole process; None: a quarter of what is available."""
        return self._memory

    @property
    def engine(self) -> Any:
        """What runs passes over the sections; None: this process."""
        return self._engine

    def _with(self, **changed: Any) -> StoredPatterns:
        own = {"sections": self._sections, "kept": self._kept, "memory": self._memory, "engine": self._engine}
        return StoredPatterns(**(own | changed))

    def __reduce__(self) -> tuple[Any, ...]:
        return StoredPatterns, (self._sections, self._kept, self._memory, None)

    def __repr__(self) -> str:
        height, width = self.shape
        plural, sections = ("" if n == 1 else "s" for n in (len(self), self.n_sections))
        told = f"{len(self):,} pattern{plural} of {height}x{width} pixels"
        if self._kept is None:
            mean = f", {self.n_photons / len(self):.4g} a pattern" if len(self) else ""
            told += f", {self.n_photons:,} photons{mean}"
        else:
            told += f", selected of {self._kept.size:,}"
        return f"StoredPatterns({told}; {self.n_sections} section{sections} in {self.path.name})"

    # Inside -----------------------------------------------------------

    def _wanted(self) -> list[int]:
        """Sections with a pattern here."""
        return [int(k) for k in np.flatnonzero(np.diff(self.bounds))]

    def _is_whole(self, k: int) -> bool:
        return int(self.bounds[k + 1] - self.bounds[k]) == self._sections.headers[k].n_patterns

    def _selected(self, k: int, part: Patterns) -> Patterns:
        if self._is_whole(k):
            return part
        assert self._kept is not None
        return part[self._kept[self._stored_bounds[k] : self._stored_bounds[k + 1]]]


def _for_ever() -> bool:
    """Somebody waits for what is read."""
    return False
