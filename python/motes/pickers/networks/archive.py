"""Networks among the arrays of a saved picker, and pickers within pickers."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers.padding import Border
from motes.pickers.picker import Picker
from motes.pickers.saved import read_picker

Held = TypeVar("Held", bound=Picker)
Loaded = TypeVar("Loaded")
Tables = dict[str, npt.NDArray[Any]]
LOOKED_FOR = (-1, -1, -1, -1)  # a border that is looked for


def weights_of(network: Any, prefix: str) -> Tables:
    """Parameters and statistics of a network as arrays."""
    state = network.state_dict().items()
    return {f"{prefix}{name}": np.ascontiguousarray(values.detach().cpu().numpy()) for name, values in state}


def load_weights(network: Any, prefix: str, path: str | os.PathLike[str], kind: str, version: int) -> None:
    """Give a network, made without memory of its own, the arrays that `weights_of` made of one of its kind.

    Raises
    ------
    FormatError
        If one is missing, has another shape or holds what is not finite.
    """
    import torch

    names = {name: f"{prefix}{name}" for name in network.state_dict()}
    shapes = {names[name]: tuple(values.shape) for name, values in network.state_dict().items()}
    arrays = read_picker(path, kind, version, shapes)
    state = {name: torch.from_numpy(np.array(arrays[stored], np.float32)) for name, stored in names.items()}
    network.load_state_dict(state, assign=True)
    network.to(memory_format=torch.channels_last).eval()  # as after training: the order of sums, and so the bits


def numbers_of(border: Border | None) -> Border:
    """A border as four numbers."""
    return LOOKED_FOR if border is None else border


def border_of(numbers: list[float]) -> Border | None:
    """The border of `numbers_of`."""
    top, bottom, left, right = map(int, numbers)
    return None if top < 0 else (top, bottom, left, right)


def pack(picker: Picker, prefix: str) -> Tables:
    """All arrays that a picker saves, for the file of a picker that holds it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "picker.npz")
        picker.save(path)
        with open_archive(path) as archive:
            return {f"{prefix}{name}": archive.array(name) for name in archive.names}


def unpack(load: Callable[[Path], Held], prefix: str, path: str | os.PathLike[str]) -> Held:
    """The picker that `pack` took the arrays of, from the file of the one that holds it.

    Raises
    ------
    FormatError
        If it can not be loaded; the message names that file.
    """
    with tempfile.TemporaryDirectory() as folder:
        own = Path(folder, "picker.npz")
        with open_archive(path) as archive:
            names = [name for name in archive.names if name.startswith(prefix)]
            tables = {name.removeprefix(prefix): array_table(archive.array(name)) for name in names}
        write_npz(own, tables, compress=False)
        try:
            return load(own)
        except FormatError as error:
            raise FormatError(str(error).replace(os.fspath(own), os.fspath(path))) from error


def read_or_tell(read: Callable[[str | os.PathLike[str]], Loaded], path: str | os.PathLike[str]) -> Loaded:
    """What `read` makes of a file; numbers in it that a picker or a network refuses are the file's fault."""
    try:
        return read(path)
    except FormatError:
        raise
    except (TypeError, ValueError, OverflowError, RuntimeError) as error:
        raise FormatError(f"{os.fspath(path)}: {error}") from error
