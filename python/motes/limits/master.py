"""A master from a picture: what the planner is asked about."""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.io.npy import read_header, read_values
from motes.io.source import open_file
from motes.simulate.masters import read_picture

SIDE = 25


@dataclass(frozen=True)
class Taken:
    """What was taken of a picture: a square of it, scaled.

    Attributes
    ----------
    size : (int, int)
        Rows and columns of the whole.
    start : (int, int)
        Row and column where the square begins; it is as large as the whole allows.
    side : int
        Pixels along an edge, after scaling.
    """

    size: tuple[int, int]
    start: tuple[int, int]
    side: int

    def __str__(self) -> str:
        (rows, columns), edge = self.size, min(self.size)
        words = [f"{rows}x{columns} pixels"]
        if rows != columns:
            words.append(f"cropped to {edge}x{edge} from row {self.start[0]} and column {self.start[1]} on")
        return ", ".join([*words, f"scaled to {self.side}x{self.side}" if self.side != edge else "not scaled"])


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
        Brightness from 0: an array, a .npy of one, or any picture that Pillow reads, of which `simulate.picture` takes
        the largest centred square.
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
    return master_and_taken(image, photons, contrast, side)[0]


def master_and_taken(
    image: npt.ArrayLike | str | os.PathLike[str], photons: float, contrast: float, side: int | None
) -> tuple[npt.NDArray[np.float64], Taken]:
    """As `master_from`, with what was taken of the picture.

    Examples
    --------
    >>> print(master_and_taken([[0.0, 1.0], [1.0, 0.0]], 2.0, 0.5, None)[1])
    2x2 pixels, not scaled
    """
    if not 0 < photons < np.inf:
        raise ValueError(f"photons: expected a positive number, got {photons:g}")
    if not np.isfinite(contrast):
        raise ValueError(f"contrast: expected a finite number, got {contrast:g}")
    shown, taken = _shown(image, side)
    if not shown.any():
        raise ValueError("image: is black all over")
    master = simulate.scaled(simulate.with_contrast(shown, contrast), photons)
    if master.min() < 0:
        raise ValueError(f"contrast: {contrast:g} makes a mean negative, {master.min():.3g} photons")
    return master, taken


def _shown(image: npt.ArrayLike | str | os.PathLike[str], side: int | None) -> tuple[npt.NDArray[np.float64], Taken]:
    if isinstance(image, (str, os.PathLike)):
        if not os.fspath(image).endswith(".npy"):
            shown, size, start = read_picture(image, SIDE if side is None else side)
            return shown, Taken(size, start, len(shown))
        with open_file(image) as (file, n_bytes):
            where = os.fspath(image)
            array = read_values(file, read_header(file, n_bytes, where), where)
    else:
        where, array = "image", np.asarray(image)
    if array.ndim != 2 or array.shape[0] != array.shape[1] or not array.size:
        raise ValueError(f"{where}: expected a square image, got shape {array.shape}")
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all() or array.min() < 0:
        raise ValueError(f"{where}: expected finite numbers, 0 or more")
    if side is not None and array.shape[0] != side:
        raise ValueError(f"{where}: expected {side}x{side} pixels, got {array.shape[0]}x{array.shape[1]}")
    return array.astype(np.float64), Taken((len(array), len(array)), (0, 0), len(array))
