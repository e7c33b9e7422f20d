"""Maps and images from files, for their resolution."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.micrograph import MRC_SUFFIXES
from motes.resolution.correlation import isotropic

OTHER = {2: "for images: motes frc", 3: "for volumes: motes fsc"}  # the program, by axes of what is compared
VOLUMES = (".mrc", ".map", ".rec", ".ccp4")


def read_map(path: str | os.PathLike[str], *, size_known: bool = False) -> tuple[NDArray[Any], float | None]:
    """Read a volume and the size of its voxels: MRC, or a .npy of three axes.

    Parameters
    ----------
    path : path
    size_known : bool
        Do not look at the size of the voxels that the file tells; anisotropic ones are refused otherwise.

    Returns
    -------
    data : (D, H, W) array
    voxel_size : float or None
        Angstrom; None where the file does not tell.

    Raises
    ------
    FormatError
        If it holds no volume, or voxels that are no cubes.
    """
    place, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix == ".npy":
        return _array(path, 3), None
    if suffix not in VOLUMES:
        known = ", ".join((*VOLUMES, ".npy"))
        raise ValueError(f"{place}: suffix {suffix!r} tells no volume, expected one of {known}; {OTHER[2]}")
    from motes.io.mrc import read_mrc

    mrc = read_mrc(path)
    if min(mrc.data.shape) < 2:
        raise FormatError(f"{place}: {' x '.join(map(str, mrc.data.shape))} voxels, expected a volume; {OTHER[2]}")
    return mrc.data, None if size_known else _size("voxels", told_sizes(path, 3), place)


def read_flat(path: str | os.PathLike[str], *, size_known: bool = False) -> tuple[NDArray[Any], float | None]:
    """Read an image and the size of its pixels: a .npy of two axes, or what `motes.read_micrograph` reads.

    Parameters
    ----------
    path : path
    size_known : bool
        Do not look at the size of the pixels that the file tells; anisotropic ones are refused otherwise.

    Returns
    -------
    data : (H, W) array
    pixel_size : float or None
        Angstrom; None where the file does not tell.

    Raises
    ------
    FormatError
        If it holds no image, or pixels that are no squares.
    """
    if Path(path).suffix.lower() == ".npy":
        return _array(path, 2), None
    from motes.io.mrc import read_mrc
    from motes.micrograph import read_micrograph

    is_mrc = Path(path).suffix.lower() in MRC_SUFFIXES
    if is_mrc and (n := len(read_mrc(path).data)) > 1:
        raise FormatError(f"{os.fspath(path)}: holds {n} sections, expected one image; {OTHER[3]}")
    micrograph = read_micrograph(path)
    if size_known:
        return micrograph.data, None
    if micrograph.pixel_size is None and is_mrc:
        return micrograph.data, _size("pixels", told_sizes(path, 2), os.fspath(path))  # none, or two that differ
    return micrograph.data, micrograph.pixel_size


def told_sizes(path: str | os.PathLike[str], n_axes: int) -> tuple[float, ...]:
    """Sizes of a voxel along the axes of an MRC file that it tells them of, angstrom; other files tell none."""
    if Path(path).suffix.lower() not in VOLUMES + MRC_SUFFIXES:
        return ()
    from motes.io.mrc import read_mrc

    return tuple(size for size in (read_mrc(path).voxel_size or ())[:n_axes] if size)


def _size(what: str, sizes: tuple[float, ...], place: str) -> float | None:
    """The one size that a file tells of all axes, or of those that it tells it of."""
    try:
        return isotropic(what, sizes, len(sizes)) if sizes else None
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from None


def _array(path: str | os.PathLike[str], n_axes: int) -> NDArray[Any]:
    from motes.io.npy import read_header, read_values
    from motes.io.source import open_file

    place = os.fspath(path)
    with open_file(path) as (file, size):
        values = read_values(file, read_header(file, size, place), place)
    if values.ndim != n_axes or values.dtype.kind not in "biuf":
        hint = f"; {OTHER[values.ndim]}" if values.ndim != n_axes and values.ndim in OTHER else ""
        told = f"{values.dtype} of shape {values.shape}"
        raise FormatError(f"{place}: {told}, expected real numbers of {n_axes} axes{hint}")
    return np.asarray(values)
