"""RELION's .star of particle coordinates, of version 3.0 (one table) and 3.1 (particles beside optics groups)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.star import StarBlock, quoted, read_star, unquoted, write_star
from motes.io.text import TextTable, shortest
from motes.picks.container import Picks
from motes.picks.yaxis import YAxis

NAME, X, Y, SCORE = "rlnMicrographName", "rlnCoordinateX", "rlnCoordinateY", "rlnAutopickFigureOfMerit"
GROUP = "rlnOpticsGroup"
RADIUS = "motesRadius"  # pixels; RELION has no column for it, and keeps those that it does not know
LABELLED = "motesLabelled"  # what a person has said of the pick, one of these:
UNLABELLED, SEEN, UNSEEN = "012"  # nothing; a particle, where the picker sees one, too; a particle that it does not see
UNSET = -999  # RELION's mark for a figure of merit that was never computed


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read either version; a file without micrograph names is of the micrograph that its own name tells."""
    place = os.fspath(path)
    blocks = read_star(path)
    tables = [block for block in blocks if block.loop and {X, Y} <= block.columns.keys()]
    if len(tables) != 1:
        there = ", ".join(f"data_{block.name}" for block in blocks)
        raise FormatError(
            f"{place}: {len(tables)} tables with {X} and {Y} among {there:.100}, expected one (a RELION STAR file)"
        )
    table = tables[0]
    names, index = micrographs_of(table, name, NAME)
    score = table.numbers(SCORE) if SCORE in table.columns else None
    if score is not None and score.size and np.all(score == UNSET):
        score = None
    return Picks(
        table.numbers(X),
        axis.centres(table.numbers(Y)),
        radius=table.numbers(RADIUS, positive=True) if RADIUS in table.columns else None,
        score=score,
        micrographs=names,
        index=index,
        extra=table.extra([NAME, X, Y, SCORE, RADIUS]),
        blocks=tuple(block for block in blocks if block is not table),
        format="star" if any(block.name == "optics" for block in blocks) else "star30",
    )


def micrographs_of(table: TextTable, name: str, column: str) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """The micrographs that a column names, and which of them each row is on; `name` where there is no such column."""
    if column not in table.columns:
        return (name,), np.zeros(len(table.lines), np.int64)
    number: dict[str, int] = {}
    index = np.empty(len(table.lines), np.int64)
    for i, token in enumerate(table.columns[column]):
        value = unquoted(token)
        if not value:
            raise FormatError(f"{table.place}: line {table.lines[i]}: {column} is empty, expected a micrograph's name")
        index[i] = number.setdefault(value, len(number))
    return tuple(number), index


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None, *, version: str) -> list[str]:
    """Write version "3.0" or "3.1"; no micrograph without picks has a place in it, a radius in files of ours alone."""
    own = picks.format.startswith("star")
    columns = {
        NAME: [quoted(picks.micrographs[i]) for i in picks.index.tolist()],
        X: shortest(picks.x),
        Y: shortest(axis.centres(picks.y)),
    }
    if picks.score is not None:
        columns[SCORE] = shortest(picks.score)
    if own and picks.radius is not None:
        columns[RADIUS] = shortest(picks.radius)
    if own:
        columns |= {name: values.tolist() for name, values in picks.extra.items()}
    place = os.fspath(path)
    others: Sequence[StarBlock] = picks.blocks if own else ()
    told = []
    if version == "3.1":
        if not any(block.name == "optics" for block in others):
            columns.setdefault(GROUP, ["1"] * len(picks))
            groups = sorted(set(columns[GROUP]) | {"1"})
            optics = {f"{GROUP}Name": [f"opticsGroup{group}" for group in groups], GROUP: groups}
            others = [StarBlock(place, optics, range(len(groups)), "optics"), *others]
        table = StarBlock(place, columns, range(len(picks)), "particles")
        first = [block for block in others if block.name == "optics"]
        write_star(path, [*first, table, *(block for block in others if block not in first)], version="30001")
    else:
        if any(block.name == "optics" for block in others):
            told.append("optics groups")
            others = [block for block in others if block.name != "optics"]
        write_star(path, [StarBlock(place, columns, range(len(picks)), ""), *others])
    if picks.radius is not None and not own:
        told.append("the radius")
    return told + untold_micrographs(picks)


def untold_micrographs(picks: Picks) -> list[str]:
    """Micrographs without picks, which a list of picks can not name."""
    n = len(picks.micrographs) - np.unique(picks.index).size
    return [f"{n} micrograph{'' if n == 1 else 's'} without picks"] if n else []


write_30, write_31 = partial(write, version="3.0"), partial(write, version="3.1")
