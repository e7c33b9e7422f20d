"""Dragonfly's `output_NNN.h5`: one iteration's models, and what each pattern was found to be.

Datasets, N patterns and K models: `intens` (K, H, W) float64, `orientations` (N,) int32, `likelihood` (N,) and
`mutual_info` (N,) float64, `occupancies` (N, K) float64 where there are several models, `scale` (N,) float64 where
fluences are estimated. The orientation of a pattern counts models first: with K models that rotate and R rotations,
orientation r of model k is r K + k; model K + j, which does not rotate, is R K + j; -1 is a pattern left out.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.io.h5 import MAGIC, HeldErrors, require_h5py, told
from motes.io.source import open_file, read_array, refuse_bomb

if TYPE_CHECKING:
    import h5py

FloatArray = npt.NDArray[np.float64]

LEFT_OUT = -1  # the orientation of a pattern that was left out
ROUNDING = 1e-6  # by which sums of probabilities may differ from 1
_AXES = {"intens": 3, "orientations": 1, "likelihood": 1, "mutual_info": 1, "occupancies": 2, "scale": 1}
_PERHAPS = ("occupancies", "scale")


@dataclass(frozen=True, eq=False, repr=False)
class Output:
    """One iteration of a reconstruction, as Dragonfly keeps it.

    Attributes
    ----------
    intens : (K, H, W) float64 array
        Models, mean photons (or values) a pixel; 0 where nothing is known.
    orientations : (N,) int32 array
        The likeliest model and orientation of each pattern, as one number: see the module's first lines. -1 where it
        was left out; the numbers below are NaN there.
    likelihood : (N,) float64 array
        Log-likelihood of each pattern over all models and orientations, nats.
    mutual_info : (N,) float64 array
        What the pattern tells of its model and orientation, nats.
    occupancies : (N, K) float64 array or None
        Probability of each model.
    scale : (N,) float64 array or None
        Fluence of each pattern.
    """

    intens: FloatArray
    orientations: npt.NDArray[np.int32]
    likelihood: FloatArray
    mutual_info: FloatArray
    occupancies: FloatArray | None = None
    scale: FloatArray | None = None

    def __post_init__(self) -> None:
        for name, n_axes in _AXES.items():
            array = getattr(self, name)
            if array is None and name in _PERHAPS:
                continue
            kind = np.int32 if name == "orientations" else np.float64
            if not isinstance(array, np.ndarray) or array.dtype != kind:
                got = array.dtype if isinstance(array, np.ndarray) else type(array).__name__
                raise TypeError(f"{name}: expected an array of {np.dtype(kind)}, got {got}")
            if array.ndim != n_axes:
                raise ValueError(f"{name}: expected {n_axes} axes, got shape {array.shape}")
        self._check()

    def __repr__(self) -> str:
        n_models, height, width = self.intens.shape
        left_out = int((self.orientations == LEFT_OUT).sum())
        told = f"{n_models} models of {height}x{width} pixels, {len(self.orientations):,} patterns"
        return f"Output({told}{f', {left_out:,} left out' if left_out else ''})"

    def _check(self) -> None:
        n_patterns, n_models = len(self.orientations), len(self.intens)
        if not self.intens.size:
            raise ValueError(f"intens: expected models, got shape {self.intens.shape}")
        if not np.isfinite(self.intens).all():
            raise ValueError("intens: expected finite numbers")
        if n_patterns and self.orientations.min() < LEFT_OUT:
            raise ValueError(f"orientations: expected {LEFT_OUT} or more, got {self.orientations.min()}")
        for name in ("likelihood", "mutual_info", *_PERHAPS):
            array = getattr(self, name)
            if array is None:
                continue
            if len(array) != n_patterns:
                raise ValueError(f"{name}: {len(array)} rows, but there are {n_patterns} orientations")
            if np.isinf(array).any():
                raise ValueError(f"{name}: expected finite numbers")
        if self.occupancies is not None:
            if not 1 <= self.occupancies.shape[1] <= n_models:
                raise ValueError(f"occupancies: of {self.occupancies.shape[1]} models, but intens holds {n_models}")
            if not _within(self.occupancies, 0.0, 1.0 + ROUNDING):
                raise ValueError("occupancies: expected probabilities, 0 to 1")
        if self.scale is not None and not _within(self.scale, 0.0, np.inf):
            raise ValueError("scale: expected numbers of 0 or more")


def _within(values: FloatArray, low: float, high: float) -> bool:
    """Whether all that are numbers are between two others."""
    return bool((np.isnan(values) | ((values >= low) & (values <= high))).all())


def write_output(path: str | os.PathLike[str], output: Output) -> None:
    """Write one iteration as Dragonfly does, whole or not at all.

    Parameters
    ----------
    path : path
        Dragonfly calls it ``output_NNN.h5``, after the iteration; an existing file is replaced.
    output : Output

    Raises
    ------
    OSError
        If the file can not be written.
    ImportError
        If h5py is not installed.
    """
    require_h5py(os.fspath(path))
    import h5py

    arrays = {name: getattr(output, name) for name in _AXES if getattr(output, name) is not None}
    with atomic_path(path) as temporary, HeldErrors(temporary, "w+") as held, h5py.File(held, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, array.shape, array.dtype.newbyteorder("<"))
        for name, array in arrays.items():  # all that says what they are goes before them
            if array.size:
                file[name].write_direct(np.ascontiguousarray(array))
            if held.error is not None:
                raise held.error


def read_output(path: str | os.PathLike[str]) -> Output:
    """Read one iteration: what `write_output` or Dragonfly wrote.

    Parameters
    ----------
    path : path

    Returns
    -------
    Output

    Raises
    ------
    FormatError
        If a dataset is missing, of another kind or length than the others, or holds what it can not.
    ImportError
        If h5py is not installed.
    """
    place = os.fspath(path)
    require_h5py(place)
    import h5py

    with open_file(path) as (_, size), told(place), h5py.File(path, "r") as file:
        names = [name for name in _AXES if name not in _PERHAPS or name in file]
        arrays = {name: _dataset(file, name, size, place) for name in names}
    try:
        return Output(**arrays)
    except (TypeError, ValueError) as error:
        raise FormatError(f"{place}: {error}") from error


def read_model(path: str | os.PathLike[str], shape: tuple[int, int]) -> FloatArray:
    """Read the models that a reconstruction may start from: `intens` of an output, or Dragonfly's raw float64 numbers.

    Parameters
    ----------
    path : path
    shape : (int, int)
        Of a pattern. Raw numbers must fill models of this shape; larger models of an output, whose sides differ from it
        by an even number, are cut to it about their centre.

    Returns
    -------
    (K, H, W) float64 array

    Raises
    ------
    FormatError
        If it holds no models of finite numbers, or models of another shape.
    """
    place = os.fspath(path)
    with open_file(path) as (file, size):
        is_h5 = file.read(len(MAGIC)) == MAGIC
        if not is_h5:
            number, pixels = np.dtype("<f8"), shape[0] * shape[1]
            if size % (number.itemsize * pixels):
                told_shape = f"models of {shape[0]}x{shape[1]} float64 numbers"
                raise FormatError(f"{place}: {size} bytes, expected HDF5 with intens, or {told_shape}")
            file.seek(0)
            models = read_array(file, number, size // number.itemsize, place).reshape(-1, *shape)
    if is_h5:
        require_h5py(place)
        import h5py

        with told(place), h5py.File(path, "r") as h5:
            models = _dataset(h5, "intens", size, place)
    if models.ndim != 3 or not models.size or not np.isfinite(models).all():
        raise FormatError(f"{place}: expected models of finite numbers, got shape {models.shape}")
    return _cut(models, shape, place)


def _cut(models: FloatArray, shape: tuple[int, int], place: str) -> FloatArray:
    """Models cut about their centre to a shape."""
    height, width = models.shape[1:]
    above, left = height - shape[0], width - shape[1]
    if above < 0 or left < 0 or above % 2 or left % 2:
        told_shape = f"{shape[0]}x{shape[1]}, or larger by an even number"
        raise FormatError(f"{place}: models of {height}x{width} pixels, expected {told_shape}")
    return np.ascontiguousarray(models[:, above // 2 : above // 2 + shape[0], left // 2 : left // 2 + shape[1]])


def _dataset(file: h5py.File, name: str, size: int, place: str) -> npt.NDArray[Any]:
    """One dataset, no larger than the file can hold."""
    import h5py

    dataset = file.get(name)
    kinds = "iu" if name == "orientations" else "iuf"
    if not isinstance(dataset, h5py.Dataset) or dataset.ndim != _AXES[name] or dataset.dtype.kind not in kinds:
        raise FormatError(f"{place}: {name} missing, or no numbers of {_AXES[name]} axes")
    wide = np.dtype(np.int32 if name == "orientations" else np.float64)
    inflated = int(dataset.size) * max(wide.itemsize, dataset.dtype.itemsize)
    refuse_bomb(inflated, size, f"{place}: {name}", "HDF5")
    if not dataset.id.get_create_plist().get_nfilters() and dataset.size * dataset.dtype.itemsize > size:
        raise FormatError(f"{place}: {name}: {dataset.size} numbers, more than {size} bytes can hold")
    values = np.asarray(dataset[()])
    if name == "orientations" and values.size and not (abs(values.astype(np.int64)) <= np.iinfo(np.int32).max).all():
        raise FormatError(f"{place}: {name}: numbers of more than 31 bits")
    return values.astype(wide)


def output_path(folder: Path, iteration: int) -> Path:
    """Where Dragonfly would keep an iteration.

    Examples
    --------
    >>> output_path(Path("data"), 7).name
    'output_007.h5'
    """
    return folder / f"output_{iteration:03d}.h5"
