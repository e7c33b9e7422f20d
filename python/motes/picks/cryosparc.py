"""cryoSPARC's .cs: one NumPy array of records, centres as fractions of the image, y against that of RELION."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.npy import MAGIC, Table, read_header, read_values, write_table
from motes.io.source import open_file
from motes.picks.container import FloatArray, Picks
from motes.picks.relion import untold_micrographs
from motes.picks.yaxis import YAxis

UID, NAME, SHAPE = "uid", "location/micrograph_path", "location/micrograph_shape"
X, Y, SCORE = "location/center_x_frac", "location/center_y_frac", "pick_stats/ncc_score"
# Kinds of number, and shape, of what is read.
FIELDS: dict[str, tuple[str, tuple[int, ...]]] = {
    NAME: ("S", ()),
    SHAPE: ("iu", (2,)),
    X: ("f", ()),
    Y: ("f", ()),
    SCORE: ("f", ()),
}


def read(path: str | os.PathLike[str], name: str, axis: YAxis) -> Picks:
    """Read a .cs file; it tells the size of each micrograph itself."""
    place = os.fspath(path)
    records = _records(path, place)
    shape = records[SHAPE].astype(np.float64)
    _check(place, SHAPE, shape, np.all((shape >= 1) & (shape < 2**31), axis=1), "rows and columns of an image")
    fractions = [records[column].astype(np.float64) for column in (X, Y)]
    for column, values in zip((X, Y), fractions, strict=True):
        _check(place, column, values, (values >= 0) & (values <= 1), "a fraction from 0 to 1")
    score = records[SCORE].astype(np.float64) if SCORE in (records.dtype.names or ()) else None
    if score is not None:
        _check(place, SCORE, score, np.isfinite(score), "a finite number")
    names, index = _micrographs(place, records[NAME])
    known = (NAME, SHAPE, X, Y, SCORE)
    return Picks(
        fractions[0] * shape[:, 1],
        axis.fractions(fractions[1]) * shape[:, 0],
        score=score,
        micrographs=names or (name,),
        index=index,
        image_shape=shape,
        extra={column: records[column] for column in records.dtype.names or () if column not in known},
        format="cryosparc",
    )


def _records(path: str | os.PathLike[str], place: str) -> NDArray[np.void]:
    with open_file(path) as (file, size):
        start = file.read(len(MAGIC))
        if start != MAGIC:
            raise FormatError(f"{place}: begins with {start!r}, expected a .cs file that NumPy wrote")
        file.seek(0)
        header = read_header(file, size, place)
        fields: Mapping[str, Any] = header.dtype.fields or {}
        for column, (kinds, inner) in FIELDS.items():
            if column == SCORE and SCORE not in fields:
                continue
            found = fields[column][0] if column in fields else None
            if found is None or found.base.kind not in kinds or found.shape != inner:
                what = "none" if found is None else str(found)
                raise FormatError(f"{place}: field {column}: {what}, expected kind {kinds} of shape {inner}")
        if len(header.shape) != 1:
            raise FormatError(f"{place}: records of shape {header.shape}, expected one row of them")
        return read_values(file, header, place)


def _check(place: str, column: str, values: NDArray[Any], good: NDArray[np.bool_], expected: str) -> None:
    if not good.all():
        row = int(np.argmin(good))
        raise FormatError(f"{place}: row {row}: {column} is {values[row]}, expected {expected}")


def _micrographs(place: str, paths: NDArray[np.bytes_]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    number: dict[bytes, int] = {}
    index = np.array([number.setdefault(path, len(number)) for path in paths.tolist()], np.int64)
    names = []
    for path, i in number.items():
        try:
            name = path.decode("utf-8")
        except UnicodeDecodeError:
            name = ""
        if not name or "\0" in name:
            row = int(np.argmax(index == i))
            raise FormatError(f"{place}: row {row}: {NAME} is {path!r:.60}, expected a path")
        names.append(name)
    return tuple(names), index


def write(path: str | os.PathLike[str], picks: Picks, axis: YAxis, width: float | None) -> list[str]:
    """Write a .cs file; the size of the micrographs is what is given, or that of the file the picks came from."""
    own = dict(picks.extra) if picks.format == "cryosparc" else {}
    shape = _shape(picks, axis.height, width)
    fractions: list[FloatArray] = [picks.x / shape[:, 1], axis.fractions(picks.y / shape[:, 0])]
    for values, letter in zip(fractions, "xy", strict=True):
        bad = (values < 0) | (values > 1)
        if bad.any():
            row = int(np.argmax(bad))
            raise ValueError(f"{letter}: the pick of row {row} is outside its micrograph, where .cs can not put it")
    names = np.array([name.encode() for name in picks.micrographs] or [b""], np.bytes_)
    columns: dict[str, NDArray[Any]] = {
        UID: own.pop(UID, np.arange(1, len(picks) + 1, dtype="<u8")),
        NAME: names[picks.index],
        SHAPE: shape.astype("<u4"),
        X: fractions[0].astype("<f4"),
        Y: fractions[1].astype("<f4"),
    }
    if picks.score is not None:
        columns[SCORE] = picks.score.astype("<f4")
    columns |= own
    records = np.empty(len(picks), [(column, values.dtype, values.shape[1:]) for column, values in columns.items()])
    for column, values in columns.items():
        records[column] = values
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write_table(file, Table(records.dtype, records.shape, [records]))
    return (["the radius"] if picks.radius is not None else []) + untold_micrographs(picks)


def _shape(picks: Picks, height: float | None, width: float | None) -> FloatArray:
    """Rows and columns of each pick's micrograph, (N, 2), whole numbers."""
    own = (None, None) if picks.image_shape is None else picks.image_shape.T
    sides = [known if given is None else given for given, known in zip((height, width), own, strict=True)]
    if any(side is None for side in sides):
        raise ValueError("height, width: needed for .cs, which holds fractions of the image")
    shape = np.empty((len(picks), 2))
    shape[:, 0], shape[:, 1] = sides
    return np.maximum(1, np.rint(shape))
