"""Micrographs of noisy discs: particles that a tiny network can learn in a second."""

from __future__ import annotations

import numpy as np

from motes import Circles
from motes.micrograph import Micrograph

DIAMETER = 13.0


def discs(
    seed: int, n: int = 30, shape: tuple[int, int] = (200, 180), contrast: float = 1.2, diameter: float = DIAMETER
) -> tuple:
    """A micrograph named after its seed, and its particles (N, 2)."""
    rng = np.random.default_rng(seed)
    places: list = []
    while len(places) < n:
        place = rng.uniform(0.86 * diameter, np.array(shape[::-1]) - 0.86 * diameter)
        if all(np.hypot(*(place - other)) > 1.1 * diameter for other in places):
            places.append(place)
    yy, xx = np.mgrid[: shape[0], : shape[1]]
    image = rng.normal(size=shape)
    for x, y in places:
        image[np.hypot(xx - x, yy - y) < diameter / 2] -= contrast
    return Micrograph(image.astype(np.float32), f"discs{seed}", "MRC"), np.array(places)


def circles(*places: np.ndarray, diameter: float = DIAMETER) -> Circles:
    """Of one micrograph after the other."""
    parts = [np.asarray(some, np.float64).reshape(-1, 2) for some in places]
    return Circles(
        np.concatenate(parts), diameter / 2, indptr=np.concatenate([[0], np.cumsum([len(part) for part in parts])])
    )
