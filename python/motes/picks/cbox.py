"""crYOLO's .cbox: a STAR file of boxes with a confidence; one micrograph a file."""

from __future__ import annotations

import os
import warnings

import numpy as np

from motes.errors import FormatError
from motes.io.star import MISSING, StarBlock, read_star, write_star
from motes.io.text import TextTable, shortest
from motes.picks.boxes import corners, oblong, read_circles, sizes
from motes.picks.container import FloatArray, Picks
from motes.picks.yaxis import YAxis

VERSION = "1.0"
BOX = ("CoordinateX", "CoordinateY", "Width", "Height")
# In crYOLO's order; what motes does not know of a pick is <NA>.
COLUMNS = (
    *("CoordinateX", "CoordinateY", "CoordinateZ", "Width", "Height", "Depth"),
    *("EstWidth", "EstHeight", "Confidence", "NumBoxes", "Angle"),
)


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read a .cbox file of two dimensions."""
    place = os.fspath(path)
    blocks = {block.name: block for block in read_star(path)}
    if "cryolo" not in blocks or not blocks["cryolo"].loop:
        there = ", ".join(f"data_{block}" for block in blocks)
        raise FormatError(f"{place}: holds {there:.100}, expected the table data_cryolo of a CBOX file")
    version = blocks["global"].columns.get("cbox_format_version", [""])[0] if "global" in blocks else VERSION
    if version != VERSION:
        raise FormatError(f"{place}: cbox_format_version {version!r:.20}, expected {VERSION}")
    slices = blocks.get("cryolo_include")
    if slices is not None and slices.lines:
        raise FormatError(f"{place}: line {slices.lines[0]}: slices of a tomogram, expected picks of one micrograph")
    table = blocks["cryolo"]
    table.require(*BOX)
    x, y, width, height = read_circles(table, BOX, axis)
    score = _confidence(table)
    if slices is None:  # crYOLO ends every file with it
        cut = f"{place}: no block data_cryolo_include at the end; the file may have been cut short"
        warnings.warn(cut, UserWarning, stacklevel=2)
    return Picks(
        x,
        y,
        radius=np.minimum(width, height) / 2,
        score=score,
        micrographs=(name,),
        box_size=oblong(width, height),
        extra=table.extra([*BOX, "Confidence"]),
        blocks=tuple(block for block in blocks.values() if block.name not in ("global", "cryolo", "cryolo_include")),
        format="cbox",
    )


def _confidence(table: TextTable) -> FloatArray | None:
    values = table.columns.get("Confidence", [])
    known = [value != MISSING for value in values]
    return table.numbers("Confidence") if any(known) or (not values and "Confidence" in table.columns) else None


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None) -> list[str]:
    """Write a .cbox file; it holds all that a circle and its score are."""
    own = picks.format == "cbox"
    box_width, box_height = sizes(picks)
    x, y = corners(picks, box_width, box_height, axis)
    known = {"CoordinateX": x, "CoordinateY": y, "Width": box_width, "Height": box_height}
    if picks.score is not None:
        known["Confidence"] = picks.score
    extra = picks.extra if own else {}
    columns: dict[str, list[str]] = {}
    for name in (*COLUMNS, *(name for name in extra if name not in COLUMNS)):
        if name in known:
            columns[name] = shortest(known[name])
        else:
            columns[name] = extra[name].tolist() if name in extra else [MISSING] * len(picks)
    place = os.fspath(path)
    blocks = [
        StarBlock(place, {"cbox_format_version": [VERSION]}, [0], "global", loop=False),
        StarBlock(place, columns, range(len(picks)), "cryolo"),
        StarBlock(place, {"slice_index": []}, [], "cryolo_include"),
        *(picks.blocks if own else ()),
    ]
    write_star(path, blocks)
    return []
