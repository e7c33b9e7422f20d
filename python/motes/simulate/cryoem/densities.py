"""Particles in three dimensions: built-in ones made of Gaussian blobs, or a user's volume."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
FINEST = 60  # blobs' standard deviations in a diameter
VOXELS_PER_SIGMA = 1.25  # a blob so wide has lost 99.98% of its spectrum at the volume's highest frequency
PADDING = 1.12  # side of the volume in diameters
MOST_VOXELS = 256  # of a side; the padded transform of this many is 1 GB
POWER = 0.99  # of a user's volume that its diameter holds


@dataclass(frozen=True, eq=False)
class Density:
    """A particle's density.

    Attributes
    ----------
    data : (L, L, L) float32 array
        Index [z, y, x]; the origin, about which it is turned, is voxel L // 2.
    voxel_size : float, angstrom
    diameter : float, angstrom
        Of the sphere about the origin that holds it.
    """

    data: NDArray[np.float32]
    voxel_size: float
    diameter: float


@dataclass(frozen=True, eq=False)
class Blobs:
    """A sum of Gaussian blobs in a sphere of diameter 1 about the origin.

    Attributes
    ----------
    centres : (J, 3) float64 array
        x, y, z, in diameters.
    sigma, weight : (J,) float64 arrays
        Standard deviation in diameters, and mass.
    """

    centres: Points
    sigma: NDArray[np.float64]
    weight: NDArray[np.float64]


def built_in(name: str, diameter: float, voxel_size: float | None = None) -> Density:
    """One of the densities of `BUILT_IN`, of mass 1, scaled to a diameter in angstrom.

    The voxels are as fine as its finest blobs need, unless their size is given.

    Examples
    --------
    >>> built_in("rod", 200.0).data.shape
    (84, 84, 84)
    """
    blobs = blobs_of(name)
    voxel = voxel_size or diameter / (FINEST * VOXELS_PER_SIGMA)
    # Rounded: that a quotient of these ends in the last digit above a whole number is no reason for another voxel.
    side = 2 * int(np.ceil(round(PADDING * diameter / voxel / 2, 6)))
    axis = (np.arange(side) - side // 2) * voxel / diameter
    data = np.zeros((side, side, side))
    for (x, y, z), sigma, weight in zip(blobs.centres, blobs.sigma, blobs.weight, strict=True):
        near = [np.flatnonzero(np.abs(axis - centre) < 5 * sigma) for centre in (z, y, x)]
        along = [
            np.exp(-0.5 * ((axis[rows] - centre) / sigma) ** 2) for rows, centre in zip(near, (z, y, x), strict=True)
        ]
        bump = along[0][:, None, None] * along[1][:, None] * along[2]
        corner = tuple(slice(rows[0], rows[-1] + 1) for rows in near)
        data[corner] += weight / (np.sqrt(2 * np.pi) * sigma) ** 3 * bump
    return Density((data / diameter**3).astype(np.float32), voxel, diameter)


def read_density(path: str | os.PathLike[str], pixel_size: float) -> Density:
    """A user's volume: a cube in an MRC file, its voxel size from the header, or else `pixel_size`.

    Raises
    ------
    FormatError
        If the file is no MRC file.
    ValueError
        If it holds no cube, values that are not finite, or nothing but zeros.
    """
    from motes.io.mrc import read_mrc

    mrc, place = read_mrc(path), os.fspath(path)
    shape = mrc.data.shape
    if len(set(shape)) > 1 or not 4 <= shape[0] <= MOST_VOXELS:
        raise ValueError(
            f"{place}: expected a cube of 4 to {MOST_VOXELS} voxels a side, got {shape[2]} x {shape[1]} x {shape[0]}"
        )
    data = np.array(mrc.data, np.float32)
    if not np.isfinite(data).all():
        raise ValueError(f"{place}: expected finite densities, got some that are not")
    power = data.astype(np.float64) ** 2
    if not power.any():
        raise ValueError(f"{place}: expected a density, got zeros alone")
    side = shape[0]
    squares = (np.arange(side) - side // 2) ** 2
    distance = np.sqrt(squares[:, None, None] + squares[:, None] + squares)
    order = np.argsort(distance, axis=None, kind="stable")
    held = np.cumsum(power.ravel()[order])
    radius = distance.ravel()[order][np.searchsorted(held, POWER * held[-1])]
    voxel = mrc.pixel_size or pixel_size
    return Density(data, voxel, float(2 * max(radius, 1.0) * voxel))


def _scattered(
    rng: np.random.Generator, n: int, centre: tuple[float, float, float], axes: tuple[float, float, float]
) -> Points:
    """`n` points that fill an ellipsoid evenly."""
    directions = rng.standard_normal((n, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    return np.asarray(centre + directions * rng.random((n, 1)) ** (1 / 3) * axes)


def _arm(rng: np.random.Generator, n: int, start: Points, end: Points, width: float) -> Points:
    """`n` points along a line."""
    along = np.linspace(0, 1, n)[:, None]
    return np.asarray(start + along * (end - start) + width * rng.standard_normal((n, 3)))


def _ribosome(rng: np.random.Generator) -> Points:
    """A large and a small lobe, two stalks: no symmetry."""
    return np.concatenate([
        _scattered(rng, 520, (0.0, -0.10, 0.0), (0.33, 0.25, 0.27)),
        _scattered(rng, 190, (0.05, 0.25, 0.06), (0.30, 0.11, 0.17)),
        _scattered(rng, 60, (-0.27, 0.28, 0.02), (0.10, 0.10, 0.10)),
        _arm(rng, 30, np.array([-0.30, -0.10, 0.05]), np.array([-0.48, 0.02, 0.14]), 0.02),
        _arm(rng, 26, np.array([0.28, -0.20, 0.0]), np.array([0.47, -0.28, -0.10]), 0.018),
    ])  # fmt: skip


def _tetramer(rng: np.random.Generator) -> Points:
    """Four subunits about three axes (D2)."""
    unit = np.concatenate([
        _scattered(rng, 120, (0.22, 0.13, 0.05), (0.18, 0.13, 0.10)),
        _scattered(rng, 36, (0.06, 0.10, 0.09), (0.09, 0.08, 0.07)),
        _arm(rng, 14, np.array([0.30, 0.22, 0.05]), np.array([0.42, 0.20, -0.02]), 0.015),
    ])  # fmt: skip
    turns = np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    return np.concatenate([unit * turn for turn in turns])


def _ring(rng: np.random.Generator) -> Points:
    """Two rings of seven subunits, back to back (D7): a cylinder with a hole."""
    unit = np.concatenate([
        _scattered(rng, 38, (0.31, 0.0, 0.20), (0.10, 0.13, 0.12)),
        _scattered(rng, 18, (0.27, 0.05, 0.06), (0.08, 0.07, 0.06)),
    ])  # fmt: skip
    copies = []
    for turn in 2 * np.pi * np.arange(7) / 7:
        c, s = np.cos(turn), np.sin(turn)
        upper = unit @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]])
        copies += [upper, upper * (1, -1, -1)]
    return np.concatenate(copies)


def _rod(rng: np.random.Generator) -> Points:
    """A stiff rod with a knob at one end."""
    turns = np.linspace(0, 10 * np.pi, 420)
    helix = np.stack([0.075 * np.cos(turns), 0.075 * np.sin(turns), np.linspace(-0.46, 0.40, 420)], axis=1)
    return np.concatenate([
        helix + 0.02 * rng.standard_normal(helix.shape),
        _scattered(rng, 70, (0.05, 0.02, 0.42), (0.11, 0.09, 0.08)),
    ])  # fmt: skip


BUILT_IN: dict[str, Callable[[np.random.Generator], Points]] = {
    "ribosome": _ribosome,
    "tetramer": _tetramer,
    "ring": _ring,
    "rod": _rod,
}


@lru_cache
def blobs_of(name: str) -> Blobs:
    """The blobs of a built-in density, centred on their mass and scaled to a diameter of 1."""
    rng = np.random.default_rng([ord(letter) for letter in name])
    centres = BUILT_IN[name](rng)
    centres = centres - centres.mean(axis=0)
    sigma = np.resize([1.0, 1.4, 1.0, 2.0], len(centres)) / FINEST
    if name in ("tetramer", "ring"):
        copies = {"tetramer": 4, "ring": 14}[name]
        sigma = np.tile(sigma[: len(centres) // copies], copies)  # symmetry holds for widths, too
    # Two standard deviations beyond its centre a blob has ended.
    extent = (np.linalg.norm(centres, axis=1) + 2 / FINEST).max()
    centres *= (0.5 - 2 / FINEST) / (extent - 2 / FINEST)
    weight = np.ones(len(centres))
    return Blobs(centres, sigma, weight / weight.sum())
