"""Masks: what of a map counts, and how many numbers of its transform are then independent."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.resolution.shells import Shells

FloatMap = NDArray[np.float32]


def soft_sphere(shape: Sequence[int], radius: float, edge: float = 5.0) -> FloatMap:
    """Make a round mask: 1 inside, 0 outside, half a cosine between.

    Parameters
    ----------
    shape : sequence of int
        Two sides (a disk) or three, in voxels.
    radius : float, voxels
        Up to where it is 1, from the voxel side // 2 of each axis.
    edge : float, voxels
        Over how many voxels it falls to 0; 0 for a hard edge.

    Returns
    -------
    float32 array of that shape

    Raises
    ------
    ValueError
        If the radius is not above 0 or the edge is negative.

    Examples
    --------
    >>> soft_sphere((1, 9), 1, 2)[0].round(3)
    array([0. , 0. , 0.5, 1. , 1. , 1. , 0.5, 0. , 0. ], dtype=float32)
    """
    if not (np.isfinite(radius) and radius > 0):
        raise ValueError(f"radius: expected a number of voxels above 0, got {radius}")
    if not (np.isfinite(edge) and edge >= 0):
        raise ValueError(f"edge: expected 0 voxels or more, got {edge}")
    axes = [np.arange(side, dtype=np.float32) - side // 2 for side in shape]
    distance = np.sqrt(functools.reduce(np.add, (axis**2 for axis in np.ix_(*axes))))
    if edge == 0:
        return (distance <= radius).astype(np.float32)
    fall = np.clip((distance - radius) / edge, 0, 1)
    mask: FloatMap = (0.5 + 0.5 * np.cos(np.pi * fall)).astype(np.float32)
    return mask


def check_mask(mask: Any, shape: tuple[int, ...]) -> FloatMap:
    """A mask as float32, or an error that names it."""
    if not isinstance(mask, np.ndarray) or mask.dtype.kind not in "biuf":
        got = mask.dtype if isinstance(mask, np.ndarray) else type(mask).__name__
        raise TypeError(f"mask: expected an array of real numbers, got {got}")
    if mask.shape != shape:
        raise ValueError(f"mask: expected shape {shape}, as the maps', got {mask.shape}")
    low, high = float(mask.min()), float(mask.max())
    if not (low >= 0 and high <= 1):  # also NaN
        raise ValueError(f"mask: expected values from 0 to 1, got {low:g} to {high:g}")
    if high == 0:
        raise ValueError("mask: hides everything, all its values are 0")
    return mask.astype(np.float32)


def alike(mask: FloatMap, shells: Shells, *, workers: int) -> float:
    """How many voxels of a shell hold what one would hold alone, because the maps were multiplied by this mask.

    White noise times a mask w has, at two frequencies q apart, a covariance proportional to C(q), the transform of w^2.
    Of n voxels in a shell, n / sum_q P(q) |C(q) / C(0)|^2 are then as good as independent, with P(q) the probability
    that a step of length q, in whatever direction, from somewhere in a shell leads to the same shell. It is the mean
    over directions of max(0, 1 - q |cos|); for volumes 1 - q/2 and, from q = 1 on, 1 / (2q).

    Returns
    -------
    float
        1 without a mask; for a ball of diameter d in a box of side L about (1.5 d / L)^-2: the thickness of a shell
        does not shrink with the mask, only its surface does.
    """
    from scipy.fft import rfftn

    squared = np.square(mask)
    squared /= squared.sum(dtype=np.float64)
    spectrum = rfftn(squared, workers=workers, overwrite_x=True)
    power = np.square(spectrum.real)
    power += np.square(spectrum.imag)
    axes = [np.fft.fftfreq(side) for side in mask.shape[:-1]] + [np.fft.rfftfreq(mask.shape[-1])]
    squares = functools.reduce(np.add, ((axis * shells.longest).astype(np.float32) ** 2 for axis in np.ix_(*axes)))
    power *= _stays(np.sqrt(squares), mask.ndim)
    return float(np.sum(power * shells.weight, dtype=np.float64))


def _stays(step: FloatMap, n_axes: int) -> FloatMap:
    """Probability that a step of this length, in widths of a shell, leads from a shell to the same one."""
    part = 1 / np.maximum(step, 1)
    if n_axes == 3:
        return np.where(step < 1, 1 - step / 2, part / 2)
    far = np.arcsin(part) - part / (1 + np.sqrt(1 - part**2))
    return np.where(step < 1, 1 - 2 / np.pi * step, 2 / np.pi * far)
