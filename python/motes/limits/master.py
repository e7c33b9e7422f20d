"""A master from a picture: what the planner is asked about."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.io.npy import read_header, read_values
from motes.io.source import open_file

SIDE = 25


def master_from(
    image: npt.ArrayLike | str | os.PathLike[str],
    photons: float,
    *,
    contrast: float = 1.0,
    side: int | None = None,
) -> npt.NDArray[np.float64]:
    """Blend a picture with its own mean and scale it to photons.

    Parameters
    ----------
    image : (L, L) array or path
        Brightness from 0: an array, a .npy of one, or any picture that Pillow reads.
    photons : float
        Mean photons a pattern.
    contrast : float
        1 shows the picture as it is, 0 makes it flat.
    side : int, optional
        Pixels along an edge. A picture is scaled to it, 25 by default; an array must have it.

    Returns
    -------
    (L, L) float64 array, photons a pixel

    Raises
    ------
    ValueError
        If the array is not square, not finite or of another size, or a mean becomes negative.
    OSError
        If there is no such file, or it is no picture.

    Examples
    --------
    >>> master_from([[0.0, 1.0], [1.0, 0.0]], 2.0, contrast=0.5)
    array([[0.25, 0.75],
           [0.75, 0.25]])
    """
    if not 0 < photons < np.inf:
        raise ValueError(f"photons: expected a positive number, got {photons:g}")
    if not np.isfinite(contrast):
        raise ValueError(f"contrast: expected a finite number, got {contrast:g}")
    shown = _shown(image, side)
    if not shown.any():
        raise ValueError("image: is black all over")
    master = simulate.scaled(simulate.with_contrast(shown, contrast), photons)
    if master.min() < 0:
        raise ValueError(f"contrast: {contrast:g} makes a mean negative, {master.min():.3g} photons")
    return master


def _shown(image: npt.ArrayLike | str | os.PathLike[str], side: int | None) -> npt.NDArray[np.float64]:
    if isinstance(image, (str, os.PathLike)):
        if not os.fspath(image).endswith(".npy"):
            return simulate.picture(image, SIDE if side is None else side)
        with open_file(image) as (file, size):
            where = os.fspath(image)
            array = read_values(file, read_header(file, size, where), where)
    else:
        where, array = "image", np.asarray(image)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"{where}: expected a square image, got shape {array.shape}")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all() or array.min() < 0:
        raise ValueError(f"{where}: expected finite numbers, 0 or more")
    if side is not None and array.shape[0] != side:
        raise ValueError(f"{where}: expected {side}x{side} pixels, got {array.shape[0]}x{array.shape[1]}")
    return array.astype(np.float64)
