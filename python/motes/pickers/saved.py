"""Pickers on disk: named arrays of numbers, checked when they are read."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz

Array = npt.NDArray[Any]


def write_picker(path: str | os.PathLike[str], kind: str, version: int, arrays: Mapping[str, npt.ArrayLike]) -> None:
    """Write arrays as .npz, whole or not at all, and which kind of picker they are of."""
    tables = {"picker": np.array(kind), "version": np.array([version]), **arrays}
    write_npz(path, {name: array_table(table) for name, table in tables.items()})


def read_picker(
    path: str | os.PathLike[str], kind: str, version: int, shapes: Mapping[str, tuple[int, ...]]
) -> dict[str, Array]:
    """Read what `write_picker` wrote.

    Parameters
    ----------
    path : path
    kind, version : str, int
        As they were written.
    shapes : mapping of str to tuple
        Of each array; all of them are finite floats.

    Returns
    -------
    dict of str to array

    Raises
    ------
    FormatError
        If the file is damaged, of another kind or version, or an array is not there or not as expected.
    OSError
        If it can not be opened.
    """
    place = os.fspath(path)
    with open_archive(path) as archive:
        if not {"picker", "version"} <= set(archive.names):
            raise FormatError(f"{place}: holds no picker")
        told = str(archive.array("picker").reshape(-1)[0])
        if told != kind:
            raise FormatError(f"{place}: holds a picker of kind {told!r:.40}, expected {kind!r}")
        found_version = archive.array("version").reshape(-1)[0]
        if found_version != version:
            raise FormatError(f"{place}: version {found_version} of {kind}, expected {version}; fit it again")
        lacking = shapes.keys() - set(archive.names)
        if lacking:
            raise FormatError(f"{place}: lacks {', '.join(sorted(lacking))}")
        arrays = {name: archive.array(name) for name in shapes}
    for name, array in arrays.items():
        if array.shape != shapes[name] or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise FormatError(f"{place}: {name}: expected finite floats of shape {shapes[name]}, got {array.dtype}, "
                              f"{array.shape}")  # fmt: skip
    return arrays
