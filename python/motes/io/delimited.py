"""Tables of text with a header, values apart by a comma or a tab."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from io import StringIO

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.text import TextTable, read_lines


def read_delimited(path: str | os.PathLike[str], delimiter: str) -> TextTable:
    r"""Read a table whose first line names its columns.

    Raises
    ------
    FormatError
        If it is no such table: no header, a column named twice, a row of too few or too many values.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.csv")
    ...     _ = path.write_text("x,y\n1,2\n")
    ...     read_delimited(path, ",").columns
    {'x': ['1'], 'y': ['2']}
    """
    place = os.fspath(path)
    rows = csv.reader((line + "\n" for line in read_lines(path)), delimiter=delimiter, strict=True)
    names: list[str] = []
    found: list[list[str]] = []
    lines: list[int] = []
    try:
        for row in rows:
            values = [value.strip() for value in row]
            if not any(values):
                continue
            if not names:
                names = values
            elif len(values) != len(names):
                raise FormatError(f"{place}: line {rows.line_num}: {len(values)} values, expected {len(names)}")
            else:
                lines.append(rows.line_num)
                found.append(values)
    except csv.Error as error:
        raise FormatError(f"{place}: line {rows.line_num}: {error}") from error
    if not names:
        raise FormatError(f"{place}: holds nothing but blanks, expected a header")
    if len(set(names)) < len(names):
        raise FormatError(f"{place}: line 1: a column is named twice ({', '.join(names):.200}), expected a header")
    columns = [list(column) for column in zip(*found, strict=True)] or [[] for _ in names]
    return TextTable(place, dict(zip(names, columns, strict=True)), lines)


def write_delimited(path: str | os.PathLike[str], columns: Mapping[str, Sequence[str]], delimiter: str) -> None:
    """Write a table with a header, whole or not at all; values that hold a delimiter are quoted."""
    buffer = StringIO()
    rows = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    rows.writerow(columns)
    rows.writerows(zip(*columns.values(), strict=True))
    with atomic_path(path) as temporary:
        temporary.write_text(buffer.getvalue(), encoding="utf-8", newline="\n")
