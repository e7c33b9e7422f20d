"""Interpolation: a square image turned by any angles within its inscribed disc, and the transpose."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.threads import available_threads

FloatArray: TypeAlias = npt.NDArray[np.float64]


def interpolate(master: FloatArray, turns: FloatArray, *, threads: int | None = None) -> FloatArray:
    """Templates of a master, each turned in its own way.

    Parameters
    ----------
    master : (L, L) float64 array
        Read within the disc of radius (L - 1) / 2 about the centre.
    turns : (R, 2, 2) float64 array
        Orthogonal: where each template finds (x, y), columns and rows from the centre. See `InPlane.matrices`.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    (R, L, L) float64 array
        0 beyond the disc. In memory the numbers of a pixel lie side by side, as `motes.sweep` takes and gives them.

    Raises
    ------
    ValueError, TypeError
        If a shape or dtype does not fit, or `turns` are no rotations.

    Examples
    --------
    >>> about = np.array([[[0.0, 1.0], [-1.0, 0.0]]])  # a quarter turn clockwise
    >>> interpolate(np.arange(9.0).reshape(3, 3), about, threads=1)
    array([[[0., 3., 0.],
            [7., 4., 1.],
            [0., 5., 0.]]])
    """
    numbers = _core.interpolate(np.ascontiguousarray(master), turns, threads=available_threads(threads))
    return numbers.T.reshape(len(turns), *master.shape)


def interpolate_home(planes: FloatArray, turns: FloatArray, *, threads: int | None = None) -> FloatArray:
    """Planes turned home and added: the exact transpose of `interpolate`.

    Parameters
    ----------
    planes : (R, L, L) float64 array
        Read within the disc; without a copy where the numbers of a pixel lie side by side.
    turns : (R, 2, 2) float64 array
        As for `interpolate`.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    (L, L) float64 array
        0 beyond the disc.

    Raises
    ------
    ValueError, TypeError
        If a shape or dtype does not fit, or `turns` are no rotations.

    Notes
    -----
    Sums of float64 products in an order that only L and R decide; see `csrc/include/motes/interpolation.hpp`.

    Examples
    --------
    >>> about = np.array([[[0.0, 1.0], [-1.0, 0.0]]])
    >>> interpolate_home(np.arange(9.0).reshape(1, 3, 3), about, threads=1)
    array([[0., 5., 0.],
           [1., 4., 7.],
           [0., 3., 0.]])
    """
    side = planes.shape[1]
    numbers = np.ascontiguousarray(planes.reshape(len(planes), side * side).T)
    return _core.interpolate_home(numbers, turns, side=side, threads=available_threads(threads))
