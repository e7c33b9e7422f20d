"""Topaz's table of centres: image_name, x_coord, y_coord and perhaps score; tabs between, many micrographs a file."""

from __future__ import annotations

import os

from motes.io.delimited import read_delimited, write_delimited
from motes.io.text import shortest
from motes.picks.container import Picks, stem
from motes.picks.relion import micrographs_of, untold_micrographs
from motes.picks.yaxis import YAxis

NAME, X, Y, SCORE = "image_name", "x_coord", "y_coord", "score"


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read a table of Topaz; coordinates are those of the image that was picked, which may be down-sampled."""
    table = read_delimited(path, "\t")
    table.require(NAME, X, Y)
    names, index = micrographs_of(table, name, NAME)
    return Picks(
        table.numbers(X),
        axis.centres(table.numbers(Y)),
        score=table.numbers(SCORE) if SCORE in table.columns else None,
        micrographs=names,
        index=index,
        extra=table.extra([NAME, X, Y, SCORE]),
        format="topaz",
    )


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None) -> list[str]:
    """Write a table of Topaz, which names micrographs by their stems; a radius has no place in it."""
    names = [stem(name) for name in picks.micrographs]
    if len(set(names)) < len(names):
        raise ValueError("micrographs: two have one name but for folder and suffix, which Topaz leaves out")
    columns = {
        NAME: [names[i] for i in picks.index.tolist()],
        X: shortest(picks.x, whole=True),
        Y: shortest(axis.centres(picks.y), whole=True),
    }
    if picks.score is not None:
        columns[SCORE] = shortest(picks.score)
    if picks.format == "topaz":
        columns |= {name: values.tolist() for name, values in picks.extra.items()}
    write_delimited(path, columns, "\t")
    return (["the radius"] if picks.radius is not None else []) + untold_micrographs(picks)
