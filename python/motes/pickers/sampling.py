"""Which pixels a picker learns from, where labels are partial."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
    label: npt.NDArray[np.int64]  # which label each row of `particle` is of, counted from 0 over those with rows
    background: npt.NDArray[np.float32]
    flank: npt.NDArray[np.float32]
    rejected: npt.NDArray[np.float32]


def draw(
    images: Iterable[Features],
    particles: Sequence[npt.NDArray[np.float64]],
    rejected: Sequence[npt.NDArray[np.float64]],
    complete: npt.NDArray[np.bool_],
    diameter: float,
    rng: np.random.Generator,
) -> Sample:
    """Every pixel on a label or a rejected place, and random ones of the background and of the flanks.

    Parameters
    ----------
    images : iterable of Features
        M micrographs, one of which is looked at at a time.
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
    labels: list[npt.NDArray[np.int64]] = []
    n_before = 0
    clean = complete if complete.any() else np.ones(len(complete), bool)
    for image, own, others, is_clean in zip(images, particles, rejected, clean, strict=True):
        _, height, width = image.planes.shape
        reach = FAR * diameter / image.frame.binning
        (near, which), (wrong, _) = (
            _nearest(image.frame.to_image(centres), (height, width), reach) for centres in (own, others)
        )
        near, wrong = (distances * (image.frame.binning / diameter) for distances in (near, wrong))
        on = near <= ON
        beside = (near > NEAR) & (near <= FAR)
        chosen = (
            np.flatnonzero(on),
            _some(np.flatnonzero(near > FAR), BACKGROUND // clean.sum() if is_clean else 0, rng),
            _some(np.flatnonzero(beside), FLANKS // len(complete), rng),
            np.flatnonzero((wrong <= ON) & ~on),
        )
        flat = image.planes.reshape(len(image.planes), -1)
        for part, pixels in zip(parts, chosen, strict=True):
            part.append(flat[:, pixels].T)
        labels.append(which[on] + n_before)
        n_before += len(own)
    particle, background, flank, refused = (np.concatenate(part) for part in parts)
    label = np.unique(np.concatenate(labels), return_inverse=True)[1]
    return Sample(particle, label, background, flank, refused)


def _some(pixels: npt.NDArray[np.int64], n: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    chosen: npt.NDArray[np.int64] = np.sort(rng.choice(pixels, min(int(n), len(pixels)), replace=False))
    return chosen


def _nearest(
    centres: npt.NDArray[np.float64], shape: tuple[int, int], reach: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Of each pixel of an image, flat: distance to the nearest centre, infinite beyond the reach, and which it is."""
    found, which = np.full(shape, np.inf), np.full(shape, -1)
    size = int(np.ceil(reach)) + 1
    for k, (x, y) in enumerate(centres):
        row, column = int(y), int(x)
        part = tuple(slice(max(at - size, 0), max(at + size + 2, 0)) for at in (row, column))
        window = found[part]
        rows, columns = (np.arange(side) + one.start for side, one in zip(window.shape, part, strict=True))
        distance = np.hypot(rows[:, None] - y, columns[None] - x)
        nearer = distance < window
        window[nearer] = distance[nearer]
        which[part][nearer] = k
    return found.ravel(), which.ravel()
