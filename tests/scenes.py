"""Small micrographs with discs in noise, made in the test."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from motes import Circles
from motes.micrograph import Micrograph

DIAMETER = 20.0


def scene(seed=0, shape=(400, 440), n=30, contrast=-1.2, diameter=DIAMETER):
    """A micrograph and the centres of its discs, far enough apart not to touch."""
    rng = np.random.default_rng(seed)
    centres: list[np.ndarray] = []
    while len(centres) < n:
        place = rng.uniform(diameter, np.array(shape[::-1]) - 1 - diameter)
        if all(np.hypot(*(place - other)) > 1.3 * diameter for other in centres):
            centres.append(place)
    y, x = np.mgrid[: shape[0], : shape[1]]
    image = 3 * ndimage.gaussian_filter(rng.standard_normal(shape), 1.0) + 0.002 * x
    for cx, cy in centres:
        image += contrast / (1 + np.exp(np.hypot(x - cx, y - cy) - diameter / 2))
    return Micrograph((100 + 20 * image).astype(np.float32), f"scene{seed}", "MRC"), np.array(centres)


def circles(*centres, radius=DIAMETER / 2):
    """Of one micrograph each."""
    indptr = np.cumsum([0, *(len(own) for own in centres)])
    return Circles(
        np.concatenate([np.reshape(own, (-1, 2)) for own in centres]).astype(np.float64), radius, indptr=indptr
    )


def turned(micrograph, k):
    """Turned counter-clockwise, as np.rot90 does."""
    return Micrograph(np.ascontiguousarray(np.rot90(micrograph.data, k)), micrograph.name, micrograph.kind)


def turned_places(xy, shape, k):
    """Where places of a micrograph of this shape are after it was turned."""
    height, width = shape
    for _ in range(k % 4):
        xy = np.stack([xy[:, 1], width - 1 - xy[:, 0]], axis=1)
        height, width = width, height
    return xy
