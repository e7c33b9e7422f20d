"""Dragonfly's detector files, HDF5 and its older text: where each pixel looks, its correction and its level.

HDF5: datasets `qx`, `qy`, `qz`, `corr` and `mask`, one number a pixel, and `detd` and `ewald_rad`, one number each.
Text: a line with the number of pixels (in newer files also `detd` and `ewald_rad`), then a line for each pixel with
qx, qy, qz, the correction and the level. `qz`, `detd` and `ewald_rad` may be missing.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.h5 import MAGIC, require_h5py, told
from motes.io.source import open_file, refuse_bomb
from motes.io.text import TextTable, read_lines

if TYPE_CHECKING:
    import h5py

FloatArray: TypeAlias = npt.NDArray[np.float64]
COLUMNS = ("qx", "qy", "qz", "corr", "mask")
LEVELS = 3  # 0 good, 1 for merging only, 2 bad
LIMIT = 1e15


@dataclass(frozen=True)
class DetectorTable:
    """One row a pixel, in the order of the patterns' pixels.

    Attributes
    ----------
    place : str
        File, for messages.
    qx, qy, qz : (M,) float64 arrays
        Where a pixel looks in reciprocal space, in voxels; finite.
    correction : (M,) float64 array
        Solid angle times polarisation, in any unit; finite, 0 or more.
    levels : (M,) uint8 array
        0 good, 1 used for merging only, 2 bad.
    ewald_rad : float or None
        Radius of the Ewald sphere in voxels, where the file tells.
    """

    place: str
    qx: FloatArray
    qy: FloatArray
    qz: FloatArray
    correction: FloatArray
    levels: npt.NDArray[np.uint8]
    ewald_rad: float | None


def read_detector_table(path: str | os.PathLike[str]) -> DetectorTable:
    """Read a detector file; its first bytes tell which of the two it is.

    Raises
    ------
    FormatError
        If it is neither, or a column is missing, of another length or holds what it can not.
    ImportError
        If it is HDF5 and h5py is not installed.
    """
    with open_file(path) as (file, _):
        is_h5 = file.read(len(MAGIC)) == MAGIC
    return _read_h5(path) if is_h5 else _read_text(path)


def _read_h5(path: str | os.PathLike[str]) -> DetectorTable:
    place = os.fspath(path)
    require_h5py(place)
    import h5py

    with open_file(path) as (_, size), told(place), h5py.File(path, "r") as file:
        columns = {name: _column(file, name, size, place) for name in COLUMNS if name != "qz" or name in file}
        numbers = [_number(file, name, place) for name in ("detd", "ewald_rad")]
    return _checked(place, columns, numbers)


def _column(file: h5py.File, name: str, size: int, place: str) -> FloatArray:
    import h5py

    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset) or dataset.dtype.kind not in "fiu" or not dataset.ndim:
        raise FormatError(f"{place}: {name} missing or no numbers, expected one a pixel")
    refuse_bomb(8 * int(dataset.size), size, f"{place}: {name}", "HDF5")
    if not dataset.id.get_create_plist().get_nfilters() and dataset.size * dataset.dtype.itemsize > size:
        raise FormatError(f"{place}: {name}: {dataset.size} numbers, more than {size} bytes can hold")
    return np.asarray(dataset[()], np.float64).ravel()


def _number(file: h5py.File, name: str, place: str) -> float | None:
    import h5py

    if name not in file:
        return None
    dataset = file.get(name)
    if not isinstance(dataset, h5py.Dataset) or dataset.size != 1 or dataset.dtype.kind not in "fiu":
        raise FormatError(f"{place}: {name} is not one number")
    return float(np.asarray(dataset[()]).item())


def _read_text(path: str | os.PathLike[str]) -> DetectorTable:
    place = os.fspath(path)
    lines = [line.split() for line in read_lines(path)]
    rows = [(i, row) for i, row in enumerate(lines, start=1) if row]
    if not rows or len(rows[0][1]) not in (1, 3):
        raise FormatError(
            f"{place}: no detector of Dragonfly: expected HDF5, or text whose first line is the number of pixels, "
            "or that with detd and ewald_rad"
        )
    (line, first), *pixels = rows
    header = TextTable(place, {name: [value] for name, value in zip(_HEADER, first, strict=False)}, [line])
    n_pixels = float(header.numbers("number of pixels")[0])
    if n_pixels != len(pixels):
        raise FormatError(f"{place}: line {line}: {first[0]:.40} pixels, but {len(pixels)} lines follow")
    for at, row in pixels:
        if len(row) != len(COLUMNS):
            raise FormatError(f"{place}: line {at}: {len(row)} values, expected {', '.join(COLUMNS)}")
    values = zip(*(row for _, row in pixels), strict=True)
    table = TextTable(
        place, {name: list(column) for name, column in zip(COLUMNS, values, strict=True)}, [at for at, _ in pixels]
    )
    columns = {name: table.numbers(name) for name in table.columns}
    return _checked(place, columns, [float(header.numbers(name)[0]) for name in _HEADER[1 : len(first)]])


_HEADER = ("number of pixels", "detd", "ewald_rad")


def _checked(place: str, columns: dict[str, FloatArray], numbers: list[float | None]) -> DetectorTable:
    """The table, once every column is as long as qx and holds what it can."""
    n_pixels = columns["qx"].size
    if not n_pixels:
        raise FormatError(f"{place}: no pixels")
    for name, column in columns.items():
        if column.size != n_pixels:
            raise FormatError(f"{place}: {name}: {column.size} numbers, but qx has {n_pixels}")
        good = np.abs(column) < LIMIT
        expected = f"a finite number below {LIMIT:g}"
        if name == "corr":
            good, expected = good & (column >= 0), f"{expected}, 0 or more"
        if name == "mask":
            good, expected = np.isin(column, range(LEVELS)), "0 (good), 1 (for merging only) or 2 (bad)"
        if not good.all():
            i = int(np.argmin(good))
            raise FormatError(f"{place}: {name} of pixel {i} is {column[i]:g}, expected {expected}")
    for name, number in zip(_HEADER[1:], numbers, strict=False):
        if number is not None and not 0 < number < LIMIT:
            raise FormatError(f"{place}: {name} is {number:g}, expected a positive number below {LIMIT:g}")
    qz = columns.get("qz", np.zeros(n_pixels))
    radius = numbers[1] if len(numbers) > 1 else None
    levels = columns["mask"].astype(np.uint8)
    return DetectorTable(place, columns["qx"], columns["qy"], qz, columns["corr"], levels, radius)
