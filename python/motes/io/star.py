"""STAR files: named blocks of single values or of tables (`loop_`), in text.

Values are kept as they are written, quotes included, so that what motes does not know survives a round trip; and each
row keeps its line, so that a message can name it. (The package `starfile` reads numbers where it can, which turns
``007`` into 7, and does not tell lines; the tests hold the two against each other.)
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.text import TextTable, as_text, join_rows, read_lines

TOKEN = re.compile(r""""[^"]*"(?!\S)|'[^']*'(?!\S)|\S+""")
MISSING = "<NA>"


@dataclass(frozen=True)
class StarBlock(TextTable):
    """One block of a STAR file.

    Attributes
    ----------
    name : str
        What follows ``data_``; may be empty.
    loop : bool
        Whether it is a table; else each of its columns has one value.
    """

    name: str = ""
    loop: bool = True


@dataclass
class _Open:
    """A block that is being read."""

    name: str
    line: int
    loop: bool = False
    columns: dict[str, list[str]] = field(default_factory=dict)
    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def add_label(self, tokens: list[str], where: str) -> None:
        label = tokens[0][1:]
        values = tokens[1:] if self.loop else tokens[2:]
        if self.lines and self.loop:
            raise FormatError(f"{where}: label {tokens[0]!r:.40} among the rows")
        if not label or label in self.columns:
            raise FormatError(f"{where}: label {tokens[0]!r:.40} is {'named twice' if label else 'empty'}")
        if (not self.loop and len(tokens) < 2) or (values and not values[0].startswith("#")):
            expected = "a label alone" if self.loop else "a label and its value"
            raise FormatError(f"{where}: expected {expected}, got {' '.join(tokens)!r:.60}")
        self.columns[label] = [] if self.loop else [tokens[1]]
        if not self.loop:
            self.lines[:] = [self.line]

    def add_row(self, tokens: list[str], number: int, where: str) -> None:
        if not self.loop or len(tokens) != len(self.columns):
            expected = f"{len(self.columns)} values" if self.loop else "data_, loop_ or a label"
            raise FormatError(f"{where}: {len(tokens)} values ({' '.join(tokens)!r:.60}), expected {expected}")
        self.lines.append(number)
        self.rows.append(tokens)

    def close(self, place: str) -> StarBlock:
        if not self.columns:
            raise FormatError(f"{place}: line {self.line}: block data_{self.name} ends before its first label")
        for column, tokens in zip(self.columns.values(), zip(*self.rows, strict=True), strict=False):
            column.extend(tokens)  # without rows there are no columns to take them from
        return StarBlock(place, self.columns, self.lines, self.name, self.loop)


def read_star(path: str | os.PathLike[str]) -> list[StarBlock]:
    r"""Read all blocks of a STAR file, in order.

    Raises
    ------
    FormatError
        If it is none: text before the first block, a row of too few or too many values, a name that comes twice, a
        block without labels.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "a.star")
    ...     _ = path.write_text("data_particles\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n10.5 20\n")
    ...     block, = read_star(path)
    >>> block.name, block.columns["rlnCoordinateX"]
    ('particles', ['10.5'])
    """
    place = os.fspath(path)
    blocks: list[StarBlock] = []
    block: _Open | None = None
    for number, line in enumerate(read_lines(path), 1):
        tokens = TOKEN.findall(line) if "'" in line or '"' in line else line.split()
        if not tokens or tokens[0].startswith("#"):
            continue
        where, first = f"{place}: line {number}", tokens[0]
        if first.startswith("data_") and len(tokens) == 1:
            if block is not None:
                blocks.append(block.close(place))
            block = _Open(first.removeprefix("data_"), number)
        elif block is None:
            raise FormatError(f"{where}: {line!r:.60}, expected a STAR file, which begins with data_")
        elif first == "loop_" and len(tokens) == 1:
            if block.columns or block.loop:
                raise FormatError(f"{where}: a second loop_ or labels before it, expected one loop_ a block")
            block.loop = True
        elif first.startswith("_"):
            block.add_label(tokens, where)
        else:
            block.add_row(tokens, number, where)
    if block is None:
        raise FormatError(f"{place}: holds no block, expected a STAR file, which begins with data_")
    blocks.append(block.close(place))
    name, count = Counter(each.name for each in blocks).most_common(1)[0]
    if count > 1:
        raise FormatError(f"{place}: {count} blocks data_{name:.60}")
    return blocks


def write_star(path: str | os.PathLike[str], blocks: Sequence[StarBlock], *, version: str = "") -> None:
    """Write blocks as a STAR file, whole or not at all; `version` becomes a comment above each, as in RELION."""
    lines: list[str] = []
    for block in blocks:
        lines += ["", f"# version {version}", ""] if version else [""]
        lines += [f"data_{block.name}", ""]
        if block.loop:
            lines += ["loop_", *(f"_{label} #{i}" for i, label in enumerate(block.columns, 1))]
            lines += join_rows(block.columns, " ")
        else:
            lines += [f"_{label} {values[0]}" for label, values in block.columns.items()]
        lines.append("")
    with atomic_path(path) as temporary:
        temporary.write_text(as_text(lines), encoding="utf-8", newline="\n")


def quoted(value: str) -> str:
    """A value as one token of a STAR file.

    Examples
    --------
    >>> quoted("a.mrc"), quoted("my grid/a.mrc")
    ('a.mrc', '"my grid/a.mrc"')
    """
    special = value.startswith(("_", "#", "'", '"', "data_", "loop_"))
    if value and not special and not re.search(r"\s", value):
        return value
    quote = "'" if '"' in value else '"'
    if quote in value or "\n" in value or "\r" in value:
        raise ValueError(f"{value!r:.60}: no STAR file holds both kinds of quotes, or a line end, in one value")
    return f"{quote}{value}{quote}"


def unquoted(token: str) -> str:
    """The value of a token.

    Examples
    --------
    >>> unquoted("'my grid/a.mrc'")
    'my grid/a.mrc'
    """
    return token[1:-1] if len(token) > 1 and token[0] in "'\"" and token[-1] == token[0] else token
