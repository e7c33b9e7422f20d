"""What lies where in a store, what its headers say, and reading them without trusting them.

========================================  ===============================================================
``run.zarr/zarr.json``                    group; attributes: format, shape, closed, version, n_sections of a closed one
``run.zarr/sections/zarr.json``           group
``run.zarr/sections/00000000/zarr.json``  group; attributes: the section's statistics and checksums
``run.zarr/sections/00000000/pixels/``    `pixels`, as each array one of Zarr with one chunk: zarr.json, c/0
========================================  ===============================================================
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motes.errors import DamagedSection, FormatError
from motes.io.raw import MAX_PIXELS
from motes.shapes import Shape

FORMAT = 1
HEADER = "zarr.json"
SECTIONS = "sections"
KEY = "motes"  # of our attributes
MAX_HEADER = 2**16  # bytes of a zarr.json; ours have fewer than 2000
MAX_SECTION = 2**24  # patterns
MAX_TOTAL = 2**62  # of any sum over sections: int64 holds it
NAME = re.compile(r"[0-9]{8,12}")
MOST_SECTIONS = 10**12 - 1
CODECS = [{"name": "bytes", "configuration": {"endian": "little"}}, {"name": "crc32c"}]
CRC_BYTES = 4  # behind the numbers of a chunk


@dataclass(frozen=True)
class Section:
    """What the header of a section says.

    Attributes
    ----------
    folder : pathlib.Path
        Where its arrays are.
    n_patterns, n_lit, n_photons, n_multi, max_count, sum_of_squares, n_empty : int
        Patterns; lit pixels; photons; lit pixels that caught several; the most photons in one; sum over patterns of the
        squared counts; patterns without photons.
    crc32c : mapping of str to int
        Checksum of each array that is there.
    """

    folder: Path
    n_patterns: int
    n_lit: int
    n_photons: int
    n_multi: int
    max_count: int
    sum_of_squares: int
    n_empty: int
    crc32c: Mapping[str, int]

    @property
    def number(self) -> int:
        """Its place in the order of sections."""
        return int(self.folder.name)

    @property
    def counts(self) -> dict[str, int]:
        """The whole numbers of the header, by name."""
        return {name: getattr(self, name) for name in COUNTS}


COUNTS = tuple(field.name for field in fields(Section))[1:-1]


def section_folder(store: Path, number: int) -> Path:
    """Where section `number` is."""
    return store / SECTIONS / f"{number:08d}"


def chunk(folder: Path, name: str) -> Path:
    """The one file of numbers of an array."""
    return folder / name / "c" / "0"


def pixel_dtype(n_pixels: int) -> np.dtype[Any]:
    """Of a pixel's index, as `motes.Patterns` has it."""
    return np.dtype("<u2" if n_pixels <= 2**16 else "<u4")


def array_layout(n_pixels: int, counts: Mapping[str, int], names: Mapping[str, int]) -> dict[str, tuple[Any, int]]:
    """Type and extent of each array of a section.

    Parameters
    ----------
    n_pixels : int
        Pixels of the detector.
    counts : mapping
        `Section.counts`.
    names : mapping
        The arrays that are there, as `Section.crc32c`.

    Examples
    --------
    >>> counts = {"n_patterns": 2, "n_lit": 5, "n_multi": 0}
    >>> array_layout(9, counts, {"lengths": 0, "pixels": 0})["lengths"]
    (dtype('uint16'), 2)
    """
    several = counts["n_multi"]
    known = {
        "lengths": (np.dtype("<u2" if n_pixels < 2**16 else "<u4"), counts["n_patterns"]),
        "pixels": (pixel_dtype(n_pixels), counts["n_lit"]),
        "multi_position": (np.dtype("<i8"), several),
        "multi_extra": (np.dtype("<i4"), several),
        "total": (np.dtype("<i8"), n_pixels),
    }
    return {name: known[name] for name in names}


def array_names(n_multi: int, with_total: bool) -> tuple[str, ...]:
    """The arrays of a section."""
    several = ("multi_position", "multi_extra") if n_multi else ()
    return ("lengths", "pixels", *several, *(("total",) if with_total else ()))


def group_json(attributes: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Header of a Zarr group."""
    own = {} if attributes is None else {KEY: attributes}
    return {"zarr_format": 3, "node_type": "group", "attributes": own}


def array_json(dtype: np.dtype[Any], size: int) -> dict[str, Any]:
    """Header of a Zarr array of one dimension and one chunk."""
    return {
        "zarr_format": 3,
        "node_type": "array",
        "shape": [size],
        "data_type": dtype.name,
        "chunk_grid": {"name": "regular", "configuration": {"chunk_shape": [max(1, size)]}},
        "chunk_key_encoding": {"name": "default", "configuration": {"separator": "/"}},
        "fill_value": 0,
        "codecs": CODECS,
        "attributes": {},
    }


def read_header(path: Path) -> dict[str, Any]:
    """A zarr.json as a dictionary.

    Raises
    ------
    FormatError
        If it is not there, is no regular file, is too long or no JSON object of Zarr's third format.
    """
    try:
        file = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe would wait for its writer
    except (FileNotFoundError, NotADirectoryError):
        raise FormatError(f"{path}: is not there, expected the header of a Zarr group or array") from None
    except OSError as error:  # a loop of links, say
        raise FormatError(f"{path}: can not be opened ({error.strerror})") from error
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise FormatError(f"{path}: is no regular file")
        text = os.read(file, MAX_HEADER + 1)
    except OSError as error:
        raise FormatError(f"{path}: can not be read ({error.strerror})") from error
    finally:
        os.close(file)
    if len(text) > MAX_HEADER:
        raise FormatError(f"{path}: more than {MAX_HEADER} bytes, expected a Zarr header")
    try:
        told = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON ({error})") from error
    if not isinstance(told, dict) or told.get("zarr_format") != 3:
        raise FormatError(f"{path}: no header of Zarr format 3")
    return told


def read_group(path: Path) -> dict[str, Any]:
    """Our attributes of a group.

    Raises
    ------
    FormatError
        If it has none.
    """
    told = read_header(path)
    attributes = told.get("attributes")
    own = attributes.get(KEY) if isinstance(attributes, dict) else None
    if told.get("node_type") != "group" or not isinstance(own, dict):
        raise FormatError(f"{path}: no attributes {KEY!r} of a group, expected a store of patterns")
    return own


class Root(NamedTuple):
    """What the header of a store says: the shape of its images, whether its writer was done, and its sections then.

    Of one that is not closed, or does not say how many, `n_sections` is 0.
    """

    shape: Shape
    closed: bool
    n_sections: int


def read_root(store: Path) -> Root:
    """The header of a store.

    Raises
    ------
    FormatError
        If its header is not as `FORMAT` says.
    """
    path = store / HEADER
    if not path.exists() and not path.is_symlink():
        raise FormatError(f"{path}: is not there; expected a store of patterns, whose writer has begun")
    own = read_group(path)
    if own.get("format") != FORMAT:
        raise FormatError(f"{path}: format {own.get('format')!r:.40}, expected {FORMAT}; a newer motes may read it")
    shape, closed = own.get("shape"), own.get("closed")
    if not (isinstance(shape, list) and len(shape) == 2 and all(type(n) is int and n >= 1 for n in shape)):
        raise FormatError(f"{path}: shape {shape!r:.40}, expected rows and columns")
    if shape[0] * shape[1] > MAX_PIXELS:
        raise FormatError(f"{path}: {shape[0]} x {shape[1]} pixels, expected at most {MAX_PIXELS}")
    if not isinstance(closed, bool):
        raise FormatError(f"{path}: closed is {closed!r:.40}, expected true or false")
    n_sections = own.get("n_sections", 0) if closed else 0
    if type(n_sections) is not int or not 0 <= n_sections <= MOST_SECTIONS:
        raise FormatError(f"{path}: n_sections {n_sections!r:.40}, expected a number of sections")
    return Root((shape[0], shape[1]), closed, n_sections)


def read_section_header(folder: Path, n_pixels: int) -> Section:
    """What the header of a section says, where that can be.

    Raises
    ------
    FormatError
        If it says what can not be.
    """
    path = folder / HEADER
    own = read_group(path)
    counts = {name: own.get(name) for name in COUNTS}
    for name, value in counts.items():
        if type(value) is not int or not 0 <= value < MAX_TOTAL:
            raise FormatError(f"{path}: {name} is {value!r:.40}, expected a whole number of 0 or more")
    sums = own.get("crc32c")
    if not isinstance(sums, dict) or not all(type(value) is int and 0 <= value < 2**32 for value in sums.values()):
        raise FormatError(f"{path}: crc32c: expected the checksum of each array")
    section = Section(folder, **counts, crc32c=sums)  # type: ignore[arg-type]  # checked to be ints
    if fault := _fault(section, n_pixels):
        raise FormatError(f"{path}: {fault}")
    return section


def _fault(said: Section, n_pixels: int) -> str:
    """What can not be in the header of a section, in words."""
    if not 1 <= said.n_patterns <= MAX_SECTION:
        return f"{said.n_patterns} patterns, expected 1 to {MAX_SECTION}"
    if said.n_lit > said.n_patterns * n_pixels:
        return f"{said.n_lit} lit pixels in {said.n_patterns} patterns of {n_pixels} pixels"
    if not (said.n_multi <= said.n_lit <= said.n_photons <= said.sum_of_squares and said.n_empty <= said.n_patterns):
        return "n_multi, n_lit, n_photons, sum_of_squares and n_empty are not of the same patterns"
    if set(said.crc32c) - {"total"} != set(array_names(said.n_multi, False)):
        return f"crc32c of {', '.join(sorted(said.crc32c))[:80]}, expected one of each array"
    return ""


def numbers_of(store: Path) -> list[int]:
    """Of the sections that are there, ascending.

    Raises
    ------
    FormatError
        If there is no folder of them.
    """
    folder = store / SECTIONS
    try:
        found = {int(path.name) for path in folder.iterdir() if NAME.fullmatch(path.name)}
    except OSError as error:
        raise FormatError(f"{folder}: can not be listed ({error.strerror}), expected the sections") from error
    return sorted(found)


def section_numbers(store: Path, stated: int) -> int:
    """How many sections there are: 0 to n - 1, none left out.

    Parameters
    ----------
    store : pathlib.Path
        Whose root was read before: a store that is closed by then has all its sections.
    stated : int
        What its root says (`Root.n_sections`).

    Raises
    ------
    DamagedSection
        If one is missing.
    FormatError
        If there is no folder of them.
    """
    found = numbers_of(store)
    for missing in missing_of(found, stated):
        told = f"{section_folder(store, missing.start)}: is missing, {known_by(found, missing)}"
        raise DamagedSection(told, missing.start)
    return len(found)


def missing_of(numbers: Sequence[int], stated: int) -> list[range]:
    """What is left out of ascending numbers of sections from 0 on, of which there were so many at least.

    Examples
    --------
    >>> missing_of([0, 1, 4, 6], 0), missing_of([0, 1], 4), missing_of([], 2)
    ([range(2, 4), range(5, 6)], [range(2, 4)], [range(0, 2)])
    """
    ends = [-1, *numbers, max([stated, *(number + 1 for number in numbers[-1:])])]
    return [range(one + 1, other) for one, other in itertools.pairwise(ends) if other > one + 1]


def known_by(numbers: Sequence[int], missing: range) -> str:
    """What says that there were sections which are missing.

    Examples
    --------
    >>> known_by([0, 3], range(1, 3)), known_by([0, 3], range(4, 5))
    ('though section 3 is there', 'of a closed store')
    """
    return f"though section {numbers[-1]} is there" if numbers and numbers[-1] > missing.start else "of a closed store"
