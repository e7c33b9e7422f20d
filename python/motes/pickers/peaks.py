"""Candidates of a score map: its local maxima, refined."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.devices import CPU, Device
from motes.kernels.suppression import suppress_map

FloatArray = npt.NDArray[np.float64]


def peaks(
    scores: npt.NDArray[np.float32], distance: float, *, device: Device = CPU
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Local maxima, the best first, none closer than a distance to a better one.

    Parameters
    ----------
    scores : (h, w) float32 array
        Finite; its outermost pixels are no maxima.
    distance : float, pixels
        Between two maxima.
    device : Device
        Where they are looked for; the same are found.

    Returns
    -------
    places : (K, 2) float64 array
        x and y of the top of the parabola through each maximum and its neighbours.
    heights : (K,) float64 array
        Of those tops.
    pixels : (K, 2) int64 array
        x and y of the maxima.

    Examples
    --------
    >>> x, y = np.meshgrid(np.arange(9), np.arange(7))
    >>> places, heights, pixels = peaks(-((x - 4.25) ** 2 + (y - 3.0) ** 2).astype(np.float32), 3)
    >>> places, heights, pixels
    (array([[4.25, 3.  ]]), array([0.]), array([[4, 3]]))
    """
    [(pixels, heights)] = suppress_map(np.ascontiguousarray(scores), distance, threads=1, device=device)
    height, width = scores.shape
    within = ((pixels > 0) & (pixels < np.array([width - 1, height - 1]))).all(axis=1)
    pixels, heights = pixels[within], heights[within]
    x, y = pixels.T
    around = np.stack([scores[y + dy, x + dx] for dy in (-1, 0, 1) for dx in (-1, 0, 1)]).astype(np.float64)
    top = around.max(axis=0, initial=-np.inf) <= heights  # a slope below a taken maximum is none
    pixels, heights, around = pixels[top], heights[top].astype(np.float64), around[:, top]
    (dx, gained_x), (dy, gained_y) = (_vertex(around[4 - step], around[4], around[4 + step]) for step in (1, 3))
    return pixels + np.stack([dx, dy], axis=1), heights + gained_x + gained_y, pixels


def _vertex(before: FloatArray, at: FloatArray, after: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Where a parabola through three values, the middle one none lower, is highest; and by how much above that one."""
    bend = np.maximum(2 * at - before - after, np.finfo(np.float64).tiny)
    shift = (after - before) / 2 / bend
    return shift, shift * (after - before) / 4
