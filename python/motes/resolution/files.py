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
    if size_known or mrc.voxel_size is None:
        return mrc.data, None
    sizes = [size for size in mrc.voxel_size if size]
    try:
        return mrc.data, isotropic("voxels", sizes if len(sizes) == 3 else sizes[0], 3)
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from None


def read_flat(path: str | os.PathLike[str]) -> tuple[NDArray[Any], float | None]:
    """Read an image and the size of its pixels: a .npy of two axes, or what `motes.read_micrograph` reads.

    Returns
    -------
    data : (H, W) array
    pixel_size : float or None
        Angstrom; None where the file does not tell.
    """
    if Path(path).suffix.lower() == ".npy":
        return _array(path, 2), None
    from motes.micrograph import read_micrograph

    micrograph = read_micrograph(path)
    return micrograph.data, micrograph.pixel_size


def _array(path: str | os.PathLike[str], n_axes: int) -> NDArray[Any]:
    from motes.io.npy import read_header, read_values
    from motes.io.source import open_file

    place = os.fspath(path)
    with open_file(path) as (file, size):
        values = read_values(file, read_header(file, size, place), place)
    if values.ndim != n_axes or values.dtype.kind not in "biuf":
        raise FormatError(f"{place}: {values.dtype} of shape {values.shape}, expected real numbers of {n_axes} axes")
    return np.asarray(values)
