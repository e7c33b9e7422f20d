"""A store that somebody writes to: what can be read of it now, and why not the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.errors import DamagedSection, FormatError
from motes.io.store.layout import (
    HEADER,
    Section,
    known_by,
    missing_of,
    numbers_of,
    read_root,
    read_section_header,
    section_folder,
)
from motes.sections import Sections, gathered
from motes.shapes import Shape
from motes.stored import StoredPatterns

MOST_IN_A_ROW = 100  # missing sections that are told one by one: behind a stray folder 999999999999 all are missing


@dataclass(frozen=True, eq=False)
class Look:
    """What was there at one moment.

    Attributes
    ----------
    store : StoredPatterns or None
        All sections whose headers could be read; None while there is no store.
    damaged : tuple of int
        Those of `store`, by their place in it, that are not whole.
    faults : mapping of int to str
        Why a section can not be read, by its number. Of many missing in a row the 101st speaks for those behind it.
    closed : bool
        Whether the writer was done.
    replaced : bool
        Whether it is another store than the one before.
    """

    store: StoredPatterns | None
    damaged: tuple[int, ...]
    faults: Mapping[int, str]
    closed: bool
    replaced: bool

    @property
    def n_patterns(self) -> int:
        """Patterns that can be read."""
        if self.store is None:
            return 0
        bounds = self.store.bounds
        return len(self.store) - sum(int(bounds[k + 1] - bounds[k]) for k in self.damaged)

    @property
    def kept(self) -> npt.NDArray[np.bool_] | None:
        """Of the patterns of `store` those that can be read, (N,); None: all."""
        if self.store is None or not self.damaged:
            return None
        kept, bounds = np.ones(len(self.store), np.bool_), self.store.bounds
        for k in self.damaged:
            kept[bounds[k] : bounds[k + 1]] = False
        return kept

    @property
    def patterns(self) -> StoredPatterns:
        """Those that can be read."""
        assert self.store is not None
        kept = self.kept
        return self.store if kept is None else self.store.select(kept)


class Growing:
    """A store that is looked at again and again; each section is read once to see whether it is whole.

    Parameters
    ----------
    path : path
        The store, which need not be there yet.
    memory, engine : optional
        As of `motes.StoredPatterns.using`.
    """

    def __init__(self, path: str | os.PathLike[str], memory: int | str | None = None, engine: Any = None) -> None:
        self.path = Path(path)
        self._memory, self._engine = memory, engine
        self._shape: Shape | None = None
        self._sections: dict[int, Section] = {}  # by number, those whose header could be read
        self._whole: set[int] = set()  # of these, which were read
        self._opened_last: Sections | None = None

    def look(self) -> Look:
        """What is there now.

        Raises
        ------
        FormatError
            If there is something that is no store.
        """
        if not self.path.exists():
            return self._nothing()
        if not self.path.is_dir():
            raise FormatError(f"{self.path}: expected a store of patterns (.zarr), got a file; motes convert makes one")
        if not (self.path / HEADER).exists():  # a writer begins with the rest
            return self._nothing()
        shape, closed, stated = read_root(self.path)  # first: a store that is closed has all its sections
        there = self._numbers()
        replaced = self._is_another(shape, there)
        if replaced:
            self._forget()
        self._shape = shape
        faults = _missing(self.path, there, stated)
        for number in there:
            if number not in self._sections:
                try:
                    folder = section_folder(self.path, number)
                    self._sections[number] = read_section_header(folder, shape[0] * shape[1])
                except FormatError as error:  # of a copy that is under way, say
                    faults[number] = str(error)
        store = self._opened(shape, closed)
        damaged = []
        for k, number in enumerate(sorted(self._sections)):
            if number not in self._whole:
                try:
                    store.section(k)
                    self._whole.add(number)
                except DamagedSection as error:
                    faults[number] = str(error)
                    damaged.append(k)
        return Look(store, tuple(damaged), dict(sorted(faults.items())), closed, replaced)

    def doubt(self, number: int) -> None:
        """Read a section again at the next look: it was found damaged since."""
        self._whole.discard(number)
        self._sections.pop(number, None)

    def _forget(self) -> None:
        self._shape = None
        self._sections, self._whole = {}, set()
        self._opened_last = None

    def _nothing(self) -> Look:
        gone = self._shape is not None
        self._forget()
        return Look(None, (), {}, False, gone)

    def _numbers(self) -> list[int]:
        """Sections that are there, or begun."""
        try:
            return numbers_of(self.path)
        except FormatError as error:
            if isinstance(error.__cause__, FileNotFoundError):  # the store is being removed, say
                return []
            raise

    def _is_another(self, shape: Shape, there: Sequence[int]) -> bool:
        """Whether what was seen before is not there any more; the last section speaks for the others."""
        if self._shape is None:
            return False
        if shape != self._shape or not self._sections.keys() <= set(there):
            return True
        if not self._sections:
            return False
        last = max(self._sections)
        try:
            found = read_section_header(section_folder(self.path, last), shape[0] * shape[1])
        except FormatError:  # damaged since, which is found when it is read
            self.doubt(last)
            return False
        return found != self._sections[last]

    def _opened(self, shape: Shape, closed: bool) -> StoredPatterns:
        """The store of the known sections, in the memory of the one before."""
        sections = tuple(self._sections[number] for number in sorted(self._sections))
        self._opened_last = gathered(self.path, shape, closed, sections, self._opened_last)
        return StoredPatterns(self._opened_last).using(memory=self._memory, engine=self._engine)


def _missing(path: Path, there: Sequence[int], stated: int) -> dict[int, str]:
    """Which sections are left out of those that there were, and why."""
    faults: dict[int, str] = {}
    for gap in missing_of(there, stated):
        one_by_one, others = gap[:MOST_IN_A_ROW], gap[MOST_IN_A_ROW:]
        known = known_by(there, gap)
        faults |= {number: f"{section_folder(path, number)}: is missing, {known}" for number in one_by_one}
        if others:
            faults[others[0]] = f"{section_folder(path, others[0])} to {others[-1]:08d}: are missing, {known}"
    return faults
