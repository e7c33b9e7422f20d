"""Patterns on disk, more than memory holds: what is asked for is read, section by section."""

from __future__ import annotations

import itertools
import operator
import os
import stat
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from itertools import starmap
from pathlib import Path
from typing import Any, overload

import numpy as np
import numpy.typing as npt

from motes.entries import row_indices
from motes.errors import DamagedSection, FormatError
from motes.io.store.ahead import read_ahead
from motes.io.store.layout import HEADER
from motes.kernels.passes import summed
from motes.patterns import Patterns
from motes.sections import Reader, Sections, gathered, open_sections, reopened
from motes.stored_totals import StoredTotals, Summing, Sums
from motes.threads import available_threads

SUFFIX = ".zarr"

_AS_BEFORE: Any = object()


def open_patterns(path: str | os.PathLike[str]) -> StoredPatterns:
    """Open a store of patterns; no photon is read.

    Parameters
    ----------
    path : path
        A folder that `motes.PatternWriter` or ``motes convert`` wrote, or is writing: what is committed is there.

    Raises
    ------
    DamagedSection
        If a section is missing, or its header can not be read: nobody knows how many patterns it held.
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
    store = Path(os.path.abspath(path))  # noqa: PTH100  # links stay links; a change of folder does not matter
    if not stat.S_ISDIR(store.stat().st_mode):
        raise FormatError(f"{store}: is no folder, expected a store of patterns; motes.read_patterns reads files")
    if not any(store.iterdir()):
        told = f"is an empty folder, expected a store of patterns; motes convert FILE... -o {store.name} writes one"
        raise FormatError(f"{store}: {told}")
    return StoredPatterns(open_sections(store))


def is_store(path: str | os.PathLike[str]) -> bool:
    """Whether a path is a folder with the header of a Zarr group, or is called as one."""
    return os.path.isdir(path) and (Path(path).suffix.lower() == SUFFIX or Path(path, HEADER).exists())  # noqa: PTH112


def opened_again(path: str | os.PathLike[str], n_sections: int, before: StoredPatterns | None = None) -> StoredPatterns:
    """What another process has opened: so many sections of a store that may have grown.

    What is kept in memory of the same store that was opened before, with other patterns selected, say, is shared, and
    headers that were known then are not read again.

    Raises
    ------
    FormatError
        If there are fewer.
    """
    known = None if before is None else before._sections
    sections = _grown(known) or open_patterns(path)._sections
    if len(sections.headers) < n_sections:
        raise FormatError(f"{path}: expected {n_sections} sections, got {len(sections.headers)}")
    headers = sections.headers[:n_sections]
    return StoredPatterns(gathered(sections.path, sections.shape, sections.closed, headers, known))


def _grown(known: Sections | None) -> Sections | None:
    """What is known of a store and what was appended since; None where it is another by now."""
    try:
        return None if known is None else reopened(known)
    except FormatError:
        return None


class StoredPatterns(StoredTotals):
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
            each = [int(kept[first:last].sum()) for first, last in itertools.pairwise(stored)]
            self.bounds = np.cumsum([0, *each], dtype=np.int64)
        self.bounds.flags.writeable = False

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
        reader = self._reader([k])
        part = reader.at_hand(k)
        return self._selected(k, reader.fetch(k, _for_ever) if part is None else part)[1]

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
        return self._parts(wanted, self._reader(wanted))

    def _parts(self, wanted: list[int], reader: Reader) -> Generator[tuple[int, Patterns]]:
        with closing(read_ahead(reader, wanted, reader.ahead)) as read:
            yield from starmap(self._selected, read)  # without a variable that holds one while the next is asked for

    def _reader(self, wanted: Sequence[int], *, keep: bool = True) -> Reader:
        """Who reads sections within the memory."""
        selecting = not all(map(self._is_whole, wanted))
        return self._sections.reader(wanted, self._memory, keep=keep, selecting=selecting)

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
        edges = np.searchsorted(ordered, self.bounds)  # of each section, among those in order
        found = [Patterns.empty(self.shape)]
        for k, part in self.parts(np.flatnonzero(np.diff(edges))):
            found.append(part[ordered[edges[k] : edges[k + 1]] - self.bounds[k]])
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
        """All patterns in memory.

        Raises
        ------
        DamagedSection
            If a section is not whole.
        MemoryError
            If they do not fit.
        """
        if self._kept is None:
            wanted = self._wanted()
            return self._sections.joined(self._parts(wanted, self._reader(wanted, keep=False)))
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

    def verify(
        self, skip_damaged: bool = False, *, callback: Callable[[int, DamagedSection | None], object] | None = None
    ) -> npt.NDArray[np.bool_]:
        """Read all of it, and hold it against its checksums.

        Parameters
        ----------
        skip_damaged : bool
            Without it the first damaged section is raised.
        callback : callable, optional
            Called with the number of each section once it was read, and what is wrong with it, if anything is.

        Returns
        -------
        (N,) bool array
            False for the patterns of damaged sections: `select` takes it.

        Raises
        ------
        DamagedSection
            If a section is not whole, and these are not to be skipped.
        """
        sound = np.ones(len(self), np.bool_)
        for k in self._wanted():
            fault = self._fault(k)
            if callback is not None:
                callback(k, fault)
            if fault is not None and not skip_damaged:
                raise fault
            sound[self.bounds[k] : self.bounds[k + 1]] = fault is None
        return sound

    def _fault(self, k: int) -> DamagedSection | None:
        """What is wrong with a section."""
        try:
            self._sections.check(k)
        except DamagedSection as error:
            return error
        return None

    def using(self, *, memory: int | str | None = _AS_BEFORE, engine: Any = _AS_BEFORE) -> StoredPatterns:
        """The same patterns, read within so much memory, or by an engine; what is not named stays as it is.

        Parameters
        ----------
        memory : str or int, optional
            What the whole process may take, ``"300MB"`` or bytes; None: a quarter of what is available beside what it
            has. Sections stay in memory as far as that goes. No result depends on it.
        engine : optional
            What runs passes over the sections; None: this process.

        Raises
        ------
        ValueError
            If that is less than the process has and a section needs; the message says how much is.
        """
        asked = {"memory": memory, "engine": engine}
        other = self._with(**{name: value for name, value in asked.items() if value is not _AS_BEFORE})
        other._reader(other._wanted())
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
        if changed.keys() <= {"memory", "engine"}:  # the same patterns: what they come to is found once
            other = object.__new__(StoredPatterns)
            vars(other).update(vars(self), **{f"_{name}": value for name, value in changed.items()})
            return other
        own = {"sections": self._sections, "kept": self._kept, "memory": self._memory, "engine": self._engine}
        return StoredPatterns(**(own | changed))

    def __reduce__(self) -> tuple[Any, ...]:
        marks = None if self._kept is None else (np.packbits(self._kept), self._kept.size)  # an eighth of their bytes
        return _again, (self._sections, marks, self._memory)

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

    def _summed(self, sections: Sequence[int]) -> Sums:
        if not sections:
            return Summing()(Patterns.empty(self.shape), 1)
        return summed(self, Summing(), available_threads(), sections)

    def _selected(self, k: int, part: Patterns) -> tuple[int, Patterns]:
        if self._is_whole(k):
            return k, part
        assert self._kept is not None
        return k, part[self._kept[self._stored_bounds[k] : self._stored_bounds[k + 1]]]


def _again(sections: Sections, marks: tuple[Any, int] | None, memory: int | str | None) -> StoredPatterns:
    """A store in another process, which has an engine of its own or none."""
    kept = None if marks is None else np.unpackbits(marks[0], count=marks[1]).astype(np.bool_)
    return StoredPatterns(sections, kept, memory)


def _for_ever() -> bool:
    """Somebody waits for what is read."""
    return False
