"""Maps and images from files, for their resolution."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.resolution.correlation import isotropic

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
        raise ValueError(f"{place}: suffix {suffix!r} tells no volume, expected one of {', '.join((*VOLUMES, '.npy'))}")
    from motes.io.mrc import read_mrc

    mrc = read_mrc(path)
    if min(mrc.data.shape) < 2:
        raise FormatError(f"{place}: {' x '.join(map(str, mrc.data.shape))} voxels, expected a volume")
    return mrc.data, None if size_known else _size("voxels", mrc.voxel_size, place)


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
    from motes.micrograph import MRC_SUFFIXES, read_micrograph

    micrograph = read_micrograph(path)
    if size_known:
        return micrograph.data, None
    if micrograph.pixel_size is None and Path(path).suffix.lower() in MRC_SUFFIXES:
        from motes.io.mrc import read_mrc

        told = read_mrc(path).voxel_size  # which says whether there is none, or two that differ
        return micrograph.data, _size("pixels", told and told[:2], os.fspath(path))
    return micrograph.data, micrograph.pixel_size


def _size(what: str, told: tuple[float, ...] | None, place: str) -> float | None:
    """The one size that a file tells of all axes, or of those that it tells it of."""
    sizes = [size for size in told or () if size]
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
        raise FormatError(f"{place}: {values.dtype} of shape {values.shape}, expected real numbers of {n_axes} axes")
    return np.asarray(values)
