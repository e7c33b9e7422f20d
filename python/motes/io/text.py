"""Lines of a text file, and the numbers in them: refused with the line's number where they are none."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.source import open_file

BOM = b"\xef\xbb\xbf"
LIMIT = 1e15  # beyond any image, and far from where sums and products of coordinates overflow
DECIMAL = re.compile(r"[0-9.eE+\n-]*")
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class TextTable:
    """Columns of text as they stand in a file.

    Attributes
    ----------
    place : str
        File, for messages.
    columns : mapping of str to list of str
        The values of each column, all of one length.
    lines : list of int
        Line of the file on which each row stands, counted from 1.
    """

    place: str
    columns: Mapping[str, list[str]]
    lines: Sequence[int]

    def numbers(self, name: str, *, positive: bool = False) -> NDArray[np.float64]:
        """A column as finite numbers, (N,), above zero where `positive`; FormatError names the line of any other."""
        values = _numbers(self.columns[name])
        good = np.abs(values) < LIMIT
        if positive:
            good &= values > 0
        if not good.all():
            i = int(np.argmin(good))
            expected = f"a {'positive' if positive else 'finite'} number below {LIMIT:g}"
            raise FormatError(
                f"{self.place}: line {self.lines[i]}: {name} is {self.columns[name][i]!r:.40}, expected {expected}"
            )
        return values

    def extra(self, known: Sequence[str]) -> dict[str, NDArray[Any]]:
        """Columns other than those that are known, as arrays of text, (N,)."""
        # StringDType: one long value does not widen all others.
        return {
            name: np.array(values, np.dtypes.StringDType())
            for name, values in self.columns.items()
            if name not in known
        }

    def require(self, *names: str) -> None:
        """Check that the columns are there; FormatError names those that are."""
        if missing := [name for name in names if name not in self.columns]:
            there = ", ".join(self.columns)
            raise FormatError(f"{self.place}: has no column {', '.join(missing)}, only {there:.200}")


def _numbers(tokens: list[str]) -> NDArray[np.float64]:
    """What the tokens say, NaN where one is no number in decimal ASCII."""
    if DECIMAL.fullmatch("\n".join(tokens)):  # then `float` takes numbers alone: no nan, no 1_0, no other digits
        try:
            return np.array(list(map(float, tokens)), np.float64)
        except ValueError:
            pass
    return np.array([float(token) if NUMBER.fullmatch(token) else np.nan for token in tokens], np.float64)


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Lines of a UTF-8 text without their ends.

    Raises
    ------
    FormatError
        If the file is empty, binary, not UTF-8, begins with a byte-order mark or mixes line ends.

    Warns
    -----
    UserWarning
        If the last line has no end: the file may have been cut there.
    """
    place = os.fspath(path)
    with open_file(path) as (file, _):
        data = file.read()
    if data.startswith(BOM):
        raise FormatError(f"{place}: begins with a UTF-8 byte-order mark, expected UTF-8 without one")
    if b"\0" in data:
        raise FormatError(f"{place}: holds a zero byte at {data.index(0)}, expected text")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FormatError(f"{place}: byte {error.start} is not UTF-8, expected text") from error
    end = _line_end(text, place)
    lines = text.split(end)
    if lines[-1] == "":
        lines.pop()
    else:
        warnings.warn(f"{place}: the last line has no end; the file may have been cut short", UserWarning, stacklevel=2)
    return lines


def _line_end(text: str, place: str) -> str:
    """The one kind of line end that a text uses."""
    pairs = text.count("\r\n")
    kinds = {"\r\n": pairs, "\n": text.count("\n") - pairs, "\r": text.count("\r") - pairs}
    used = [end for end, count in kinds.items() if count]
    if len(used) > 1:
        counts = ", ".join(f"{kinds[end]} of {end!r}" for end in used)
        raise FormatError(f"{place}: mixes line ends ({counts}), expected one kind")
    return used[0] if used else "\n"


def join_rows(columns: Mapping[str, Sequence[str]], delimiter: str) -> list[str]:
    """Rows of columns of text, as lines without their ends."""
    return [delimiter.join(row) for row in zip(*columns.values(), strict=True)]


def as_text(lines: Sequence[str]) -> str:
    """Lines with their ends."""
    return "".join(chain.from_iterable((line, "\n") for line in lines))


def shortest(values: NDArray[np.float64], *, whole: bool = False) -> list[str]:
    """Numbers in the fewest digits that read back as the same; as integers where all of them are, if `whole`."""
    if whole and np.all(values == np.rint(values)):
        return [str(int(value)) for value in values.tolist()]
    return [repr(value) for value in values.tolist()]
