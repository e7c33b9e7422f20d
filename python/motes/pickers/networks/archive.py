"""Trained pickers as .npz files: arrays only, no code."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers.picker import Picker

Held = TypeVar("Held", bound=Picker)
Tables = dict[str, npt.NDArray[Any]]


def write_tables(path: str | os.PathLike[str], kind: str, version: int, tables: Mapping[str, npt.ArrayLike]) -> None:
    """Write a picker's arrays, whole or not at all."""
    every = {kind: np.array([version]), **tables}
    write_npz(path, {name: array_table(table) for name, table in every.items()}, compress=False)


def read_tables(path: str | os.PathLike[str], kind: str, version: int, needed: set[str]) -> Tables:
    """Read what `write_tables` wrote.

    Raises
    ------
    FormatError
        If it is another file, of another version, lacks an array, holds one that is not finite, or is damaged.
    """
    place = os.fspath(path)
    with open_archive(path) as archive:
        tables = {name: archive.array(name) for name in archive.names}
    if kind not in tables:
        raise FormatError(f"{place}: holds no {kind} picker")
    found = tables.pop(kind).tolist()
    if found != [version]:
        raise FormatError(f"{place}: {kind} picker of version {found}, expected [{version}]")
    if lacking := needed - tables.keys():
        raise FormatError(f"{place}: lacks {', '.join(sorted(lacking))}")
    for name, table in tables.items():
        if table.dtype.kind not in "iuf" or not np.isfinite(table).all():
            raise FormatError(f"{place}: {name}: expected finite numbers")
    return tables


def weights_of(network: Any, prefix: str) -> Tables:
    """Parameters and statistics of a network as arrays."""
    state = network.state_dict().items()
    return {f"{prefix}{name}": np.ascontiguousarray(values.detach().cpu().numpy()) for name, values in state}


def put_weights(network: Any, prefix: str, tables: Mapping[str, npt.NDArray[Any]], place: str) -> None:
    """Give a network the arrays that `weights_of` made of one of its kind.

    Raises
    ------
    FormatError
        If one is missing or has another shape.
    """
    import torch

    state = {}
    for name, values in network.state_dict().items():
        table = tables.get(f"{prefix}{name}")
        if table is None or table.shape != tuple(values.shape):
            got = "is missing" if table is None else f"has shape {table.shape}"
            raise FormatError(f"{place}: {prefix}{name} {got}, expected shape {tuple(values.shape)}")
        state[name] = torch.from_numpy(np.array(table, np.float32))
    network.load_state_dict(state, assign=True)
    network.to(memory_format=torch.channels_last).eval()  # as after training: the order of sums, and so the bits


def pack(picker: Picker, prefix: str) -> Tables:
    """All arrays that a picker saves, for the file of a picker that holds it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picker.npz")
        picker.save(path)
        with open_archive(path) as archive:
            return {f"{prefix}{name}": archive.array(name) for name in archive.names}


def unpack(load: Callable[[Path], Held], tables: Tables, prefix: str, place: str) -> Held:
    """The picker that `pack` took the arrays of.

    Raises
    ------
    FormatError
        If it can not be loaded; the message names the file that holds it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picker.npz")
        own = {name.removeprefix(prefix): table for name, table in tables.items() if name.startswith(prefix)}
        write_npz(path, {name: array_table(table) for name, table in own.items()}, compress=False)
        try:
            return load(path)
        except FormatError as error:
            raise FormatError(str(error).replace(os.fspath(path), place)) from error
