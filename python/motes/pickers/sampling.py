"""Which pixels a picker learns from, where labels are partial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.pickers.features import Features

# Distances from a label, in diameters.
ON = 0.148  # closer: particle
NEAR, FAR = 0.26, 0.426  # between: its flank; beyond the farther: background, or a particle that nobody labelled
BACKGROUND, FLANKS = 20_000, 6_000  # pixels of all micrographs


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of features by what they are thought to be."""

    particle: npt.NDArray[np.float32]
    background: npt.NDArray[np.float32]
    flank: npt.NDArray[np.float32]
    rejected: npt.NDArray[np.float32]


def draw(
    images: Sequence[Features],
    particles: Sequence[npt.NDArray[np.float64]],
    rejected: Sequence[npt.NDArray[np.float64]],
    complete: npt.NDArray[np.bool_],
    diameter: float,
    rng: np.random.Generator,
) -> Sample:
    """Every pixel on a label or a rejected place, and random ones of the background and of the flanks.

    Parameters
    ----------
    images : sequence of Features
        M micrographs.
    particles, rejected : sequence of (N, 2) arrays, stored pixels
        Labels of each.
    complete : (M,) bool array
        Where all particles are labelled; background is drawn there alone, if there is such a micrograph.
    diameter : float, stored pixels
        Of the particles.
    rng : numpy.random.Generator
        Draws the random pixels.

    Returns
    -------
    Sample
    """
    parts: list[list[npt.NDArray[np.float32]]] = [[], [], [], []]
    clean = complete if complete.any() else np.ones(len(images), bool)
    for image, own, others, is_clean in zip(images, particles, rejected, clean, strict=True):
        _, height, width = image.planes.shape
        reach = FAR * diameter / image.binning
        near = _distances(image.to_planes(own), (height, width), reach) * (image.binning / diameter)
        wrong = _distances(image.to_planes(others), (height, width), reach) * (image.binning / diameter)
        on = near <= ON
        flank = (near > NEAR) & (near <= FAR)
        chosen = (
            np.flatnonzero(on),
            _some(np.flatnonzero(near > FAR), BACKGROUND // clean.sum() if is_clean else 0, rng),
            _some(np.flatnonzero(flank), FLANKS // len(images), rng),
            np.flatnonzero((wrong <= ON) & ~on),
        )
        flat = image.planes.reshape(len(image.planes), -1)
        for part, pixels in zip(parts, chosen, strict=True):
            part.append(flat[:, pixels].T)
    return Sample(*(np.concatenate(part) for part in parts))


def _some(pixels: npt.NDArray[np.int64], n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    chosen: npt.NDArray[np.int64] = np.sort(rng.choice(pixels, min(int(n), len(pixels)), replace=False))
    return chosen


def _distances(centres: npt.NDArray[np.float64], shape: tuple[int, int], reach: float) -> npt.NDArray[np.float64]:
    """(h * w,): of each pixel to the nearest centre, infinite beyond the reach."""
    found = np.full(shape, np.inf)
    size = int(np.ceil(reach)) + 1
    for x, y in centres:
        row, column = int(y), int(x)
        top, left = max(row - size, 0), max(column - size, 0)
        window = found[top : max(row + size + 2, 0), left : max(column + size + 2, 0)]
        rows, columns = (np.arange(side) + first for side, first in zip(window.shape, (top, left), strict=True))
        np.minimum(window, np.hypot(rows[:, None] - y, columns[None] - x), out=window)
    return found.ravel()
