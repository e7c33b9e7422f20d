"""Masters that are known up to a turn by any angle: the nearest turn, and errors after it.

Where angles are free, turning a master and all angles together changes nothing that can be measured. So two masters are
compared after the turn, and where mirror images belong to the model after the mirror, that brings them nearest; several
after the best assignment of classes to classes besides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.in_plane import InPlane
from motes.kernels.interpolation import interpolate
from motes.maps import TemplateMap
from motes.rotations import Rotations

FloatArray: TypeAlias = npt.NDArray[np.float64]

_STEP = 1e-3  # radians, of a tangent
_FINEST = 1e-3  # degrees
_GOLDEN = (np.sqrt(5) - 1) / 2


def turns_freely(rotations: TemplateMap) -> bool:
    """Whether templates are turns by interpolated angles, so that masters are known up to any turn.

    Examples
    --------
    >>> from motes import C4
    >>> turns_freely(InPlane(36)), turns_freely(C4)
    (True, False)
    """
    return isinstance(rotations, InPlane) and rotations.n_angles > 1


def turned(image: npt.NDArray[np.floating], degrees: float, *, mirrored: bool = False) -> FloatArray:
    """An image turned clockwise by any angle, by the interpolation of `Rotations.in_plane`.

    Parameters
    ----------
    image : (L, L) array
        NaN counts as 0.
    degrees : float
        Clockwise.
    mirrored : bool
        Turn `image[:, ::-1]` instead.

    Returns
    -------
    (L, L) float64 array
        0 beyond the inscribed disc.

    Examples
    --------
    >>> turned(np.arange(9.0).reshape(3, 3), 90.0).round(9)
    array([[0., 3., 0.],
           [7., 4., 1.],
           [0., 5., 0.]])
    """
    only: FloatArray = _turned(np.nan_to_num(np.asarray(image, np.float64)), (float(degrees),), mirrored)[0]
    return only


def _turned(image: FloatArray, degrees: Sequence[float], mirrored: bool) -> FloatArray:
    """(n, L, L): by several angles."""
    angle = np.deg2rad(np.asarray(degrees, np.float64))
    cosine, sine = np.cos(angle), np.sin(angle)
    matrices = np.stack([cosine, sine, -sine, cosine], axis=1).reshape(-1, 2, 2)
    return interpolate(image, matrices * np.array([[-1.0], [1.0]]) if mirrored else matrices)


def tangent(image: npt.NDArray[np.floating]) -> FloatArray:
    """How an image changes as it is turned clockwise: its derivative, per radian; (L, L), 0 beyond the disc.

    Examples
    --------
    >>> row = np.tile(np.arange(5.0), (5, 1))  # brighter to the right; a turn brings that down
    >>> (tangent(row)[:, 2].round(3) + 0.0).tolist()
    [0.0, -1.0, 0.0, 1.0, 0.0]
    """
    step = float(np.rad2deg(_STEP))
    forward, backward = _turned(np.nan_to_num(np.asarray(image, np.float64)), (step, -step), False)
    slope: FloatArray = (forward - backward) / (2 * _STEP)
    return slope


@dataclass(frozen=True, eq=False)
class Nearest:
    """The turn of one master that is nearest to another.

    Attributes
    ----------
    degrees : float
        By which it is turned clockwise, from 0 to 360.
    mirrored : bool
        Whether it is mirrored before.
    master : (L, L) float64 array
        It, turned so.
    distance : float
        To the other, over the pixels that both have.
    """

    degrees: float
    mirrored: bool
    master: FloatArray
    distance: float


def nearest_turn(master: npt.NDArray[np.floating], other: npt.NDArray[np.floating], rotations: TemplateMap) -> Nearest:
    """Turn a master to be as near to another as it comes.

    Parameters
    ----------
    master, other : (L, L) arrays
        Photons a pixel; pixels where `other` is NaN do not count.
    rotations : TemplateMap
        How masters turn: `Rotations.in_plane` by any angle (every pixel of its rim passed by a first search, then
        refined to 0.001 degrees), exact groups by their own elements, other maps not at all.

    Returns
    -------
    Nearest

    Raises
    ------
    ValueError
        If the shapes differ.

    Examples
    --------
    >>> from motes import Rotations, simulate
    >>> portrait = simulate.portrait(25)
    >>> found = nearest_turn(portrait, turned(portrait, 33.0), Rotations.in_plane(36))
    >>> round(found.degrees, 2), found.distance < 1e-3
    (33.0, True)
    """
    image, target = np.asarray(master, np.float64), np.asarray(other, np.float64)
    if image.shape != target.shape:
        raise ValueError(f"master: expected shape {target.shape} as the other has, got {image.shape}")
    counts = np.isfinite(target)
    if isinstance(rotations, InPlane):
        counts &= rotations.support(target.shape)
    image, target = np.nan_to_num(image), np.where(counts, target, 0.0)

    def distances(turns: FloatArray) -> FloatArray:
        return np.asarray(np.linalg.norm(np.where(counts, turns - target, 0.0), axis=(1, 2)))

    if not isinstance(rotations, InPlane) or not turns_freely(rotations):
        return _among(image, rotations, distances)
    found = [_by_any_angle(image, mirrored, distances) for mirrored in (False, True)[: 1 + rotations.mirrored]]
    return min(found, key=lambda one: one.distance)


def _among(image: FloatArray, rotations: TemplateMap, distances: Callable[[FloatArray], FloatArray]) -> Nearest:
    """The nearest template of a group; of a map that is none, the first one."""
    templates = rotations.expand(image) if isinstance(rotations, Rotations | InPlane) else image[None]
    away = distances(templates)
    best = int(np.argmin(away))
    angles, half = rotations.angles, rotations.n // 2
    mirrored = (rotations.name == "D4" and best >= half) or (rotations.name.endswith("m") and best >= half)
    degrees = 0.0 if angles is None else float(angles[best])
    return Nearest(degrees, mirrored, templates[best], float(away[best]))


def _by_any_angle(image: FloatArray, mirrored: bool, distances: Callable[[FloatArray], FloatArray]) -> Nearest:
    """First all angles that move the rim by a pixel, then a golden section between the neighbours of the best."""
    n = max(int(np.ceil(np.pi * len(image))), 8)
    first = InPlane(n).angles
    away = np.concatenate(
        [distances(_turned(image, tuple(some), mirrored)) for some in np.array_split(first, n // 16 + 1)]
    )
    best = float(first[int(np.argmin(away))])
    low, high = best - 360 / n, best + 360 / n

    def at(degrees: float) -> float:
        return float(distances(_turned(image, (degrees,), mirrored))[0])

    inner = [high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)]
    values = [at(angle) for angle in inner]
    while high - low > _FINEST:
        if values[0] < values[1]:
            high, inner = inner[1], [inner[1] - _GOLDEN * (inner[1] - low), inner[0]]
            values = [at(inner[0]), values[0]]
        else:
            low, inner = inner[0], [inner[1], inner[0] + _GOLDEN * (high - inner[0])]
            values = [values[1], at(inner[1])]
    angles = [*inner, best]
    values.append(at(best))
    degrees = float(angles[int(np.argmin(values))])
    return Nearest(degrees % 360, mirrored, _turned(image, (degrees,), mirrored)[0], min(values))
