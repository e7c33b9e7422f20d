"""CryoPPP's .csv: X-Coordinate, Y-Coordinate, Diameter and what follows; one micrograph a file."""

from __future__ import annotations

import os

from motes.io.delimited import read_delimited, write_delimited
from motes.io.text import shortest
from motes.picks.container import Picks
from motes.picks.yaxis import YAxis

X, Y, DIAMETER = "X-Coordinate", "Y-Coordinate", "Diameter"


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read a table of CryoPPP; one without diameters is a list of centres."""
    table = read_delimited(path, ",")
    table.require(X, Y)
    return Picks(
        table.numbers(X),
        axis.centres(table.numbers(Y)),
        radius=table.numbers(DIAMETER, positive=True) / 2 if DIAMETER in table.columns else None,
        micrographs=(name,),
        extra=table.extra([X, Y, DIAMETER]),
        format="cryoppp",
    )


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None) -> list[str]:
    """Write a table of CryoPPP; a score has no place in it."""
    if picks.radius is None:
        raise ValueError("radius: needed for the column Diameter; the picks have none")
    columns = {
        X: shortest(picks.x, whole=True),
        Y: shortest(axis.centres(picks.y), whole=True),
        DIAMETER: shortest(2 * picks.radius, whole=True),
    }
    if picks.format == "cryoppp":
        columns |= {name: values.tolist() for name, values in picks.extra.items()}
    write_delimited(path, columns, ",")
    return ["the score"] if picks.score is not None else []
