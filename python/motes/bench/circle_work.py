"""Circles to be raced on: scattered, three layers deep, as picks come from a network before suppression."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes import Circles

RADIUS, IOU, DEPTH = 54.0, 0.5, 3.0
MAP_SIDE, MAP_RADIUS = 1024, 8
N_MATCHED, N_POLYGONS = 5000, 200


@functools.cache
def scattered(n: int, *, equal: bool = True, seed: int = 0, depth: float = DEPTH) -> Circles:
    """Circles with random scores on a square that they cover `depth` times."""
    rng = np.random.default_rng(seed)
    side = np.sqrt(n * np.pi * RADIUS**2 / depth)
    radii = np.full(n, RADIUS) if equal else RADIUS * rng.uniform(0.7, 1.4, n)
    return Circles(rng.uniform(0, side, (n, 2)), radii, rng.random(n))


def laid_out(layout: str, n: int, *, equal: bool = True, seed: int = 0) -> Circles:
    """Circles with random scores: sparse, dense, all on top of each other, or none near another."""
    rng = np.random.default_rng(seed)
    if layout in ("sparse", "dense"):
        return scattered(n, equal=equal, seed=seed, depth={"sparse": 0.1, "dense": 10.0}[layout])
    radii = np.full(n, RADIUS) if equal else RADIUS * rng.uniform(0.9, 1.1, n)
    if layout == "all overlap":
        return Circles(rng.uniform(0, RADIUS / 10, (n, 2)), radii, rng.random(n))
    side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.divmod(rng.permutation(side * side)[:n], side), axis=1)
    return Circles(2.3 * RADIUS * grid, radii, rng.random(n))


LAYOUTS = ("sparse", "dense", "all overlap", "none overlap")


@functools.cache
def batch(n_micrographs: int, n: int) -> Circles:
    """Micrographs of n circles each."""
    every = [scattered(n, seed=seed) for seed in range(n_micrographs)]
    return Circles.concatenate(every)


@dataclass(frozen=True, eq=False)
class Matched:
    """Picks beside the particles that they mean.

    Attributes
    ----------
    picks, truth : Circles
        Nine in ten particles were picked, a tenth of the picks are inventions.
    radius : float
        Distance below which a pick counts.
    """

    picks: Circles
    truth: Circles
    radius: float


@functools.cache
def matched(n: int) -> Matched:
    """Picks within a third of a radius of particles that keep a distance."""
    rng = np.random.default_rng(5)
    per_side = int(np.ceil(np.sqrt(n)))
    grid = np.stack(np.meshgrid(np.arange(per_side), np.arange(per_side)), axis=-1).reshape(-1, 2)[:n]
    truth = grid * 1.6 * RADIUS + rng.normal(0, RADIUS / 5, (n, 2))
    picks = truth[rng.permutation(n)] + rng.normal(0, RADIUS / 6, (n, 2))
    strays = rng.random(n) < 0.1
    picks[strays] = rng.uniform(0, per_side * 1.6 * RADIUS, (int(strays.sum()), 2))
    return Matched(Circles(picks, RADIUS, rng.random(n)), Circles(truth, RADIUS), 0.53 * RADIUS)


@functools.cache
def score_map(side: int) -> npt.NDArray[np.float32]:
    """A smooth map without equal pixels; its right columns are low, so that nothing there wraps in anybody's hands."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(np.random.default_rng(6).normal(size=(side, side)), 4).astype(np.float32)
    smooth[:, -MAP_RADIUS - 1 :] = -np.inf
    return smooth
