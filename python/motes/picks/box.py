"""EMAN's .box: rows of x, y, width, height and perhaps a score; no header, one micrograph a file."""

from __future__ import annotations

import os

import numpy as np

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.text import TextTable, as_text, join_rows, read_lines, shortest
from motes.picks.boxes import corners, oblong, read_circles, sizes
from motes.picks.container import Picks
from motes.picks.yaxis import YAxis

COLUMNS = ("x", "y", "width", "height", "score")
NO_SCORE = -3  # EMAN's own mark in the fifth column


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read a .box file; a fifth column that is -3 throughout is no score."""
    table = _table(path)
    x, y, width, height = read_circles(table, ("x", "y", "width", "height"), axis)
    score = table.numbers("score") if "score" in table.columns else None
    if score is not None and score.size and np.all(score == NO_SCORE):
        score = None
    return Picks(
        x,
        y,
        radius=np.minimum(width, height) / 2,
        score=score,
        micrographs=(name,),
        box_size=oblong(width, height),
        format="box",
    )


def _table(path: str | os.PathLike[str]) -> TextTable:
    place = os.fspath(path)
    rows: list[list[str]] = []
    lines: list[int] = []
    for number, line in enumerate(read_lines(path), 1):
        fields = line.split()
        if not fields:
            continue
        expected = len(rows[0]) if rows else (4, 5)
        if len(fields) not in (4, 5) or (rows and len(fields) != expected):
            raise FormatError(
                f"{place}: line {number}: {len(fields)} values ({line.strip()!r:.60}), "
                f"expected {'4 or 5' if not rows else expected}: x y width height [score]"
            )
        rows.append(fields)
        lines.append(number)
    names = COLUMNS[: len(rows[0])] if rows else COLUMNS[:4]
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in names]
    return TextTable(place, dict(zip(names, columns, strict=True)), lines)


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None) -> list[str]:
    """Write a .box file; EMAN wants integer corners and even sizes, so centres may move by up to half a pixel."""
    box_width, box_height = sizes(picks)
    even = [np.maximum(2, 2 * np.rint(box / 2)) for box in (box_width, box_height)]
    exact = corners(picks, even[0], even[1], axis)
    whole = [np.floor(values + 0.5) for values in exact]  # halves go one way, not to even numbers
    columns = dict(zip(COLUMNS, (shortest(values, whole=True) for values in (*whole, *even)), strict=False))
    if picks.score is not None:
        columns["score"] = shortest(picks.score)
    rows = join_rows(columns, "\t")
    with atomic_path(path) as temporary:
        # An empty file can not be told from a damaged one: no picks are one blank line.
        temporary.write_text(as_text(rows or [""]), encoding="utf-8", newline="\n")
    told = []
    if any((a != b).any() for a, b in zip(whole, exact, strict=True)):
        told.append("fractions of a pixel (corners are integers: moved by up to half a pixel)")
    if any((a != b).any() for a, b in zip(even, (box_width, box_height), strict=True)):
        told.append("odd or fractional sizes (sizes are even integers: changed by up to a pixel)")
    return told
