"""Labels on PhosaurusNet's grid of cells: what each cell is taught."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.pickers.networks.phosaurus_table import STRIDE
from motes.pickers.networks.targets import EMPTY, PARTICLE, REJECTED, RING, UNLABELLED

X, Y, SIZE, PARTICLE_WEIGHT, BACKGROUND_WEIGHT, NEAREST_X, NEAREST_Y, NEAREST_SIZE = range(8)
"""Channels of a target. In cells, from the cell's own corner: where its particle is. Sizes are of the anchor box."""


def cells(
    side: int,
    particles: npt.NDArray[np.float64],
    sizes: npt.NDArray[np.float64],
    rejected: npt.NDArray[np.float64],
    *,
    anchor: float,
    complete: bool,
    mask: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Targets (8, h, w) of a crop, without weights, and the classes (4, h, w) of its cells.

    The cell that holds a particle's centre is responsible for it, as in YOLO. Cells beside it are background for sure:
    no second particle has its centre so near. Farther cells are background as far as one knows.

    Parameters
    ----------
    side : int
        Input pixels along each side of the crop.
    particles, rejected : (N, 2) float64 arrays, input pixels
        x and y, also outside of the crop; pixel 0 reaches from -1/2 to 1/2.
    sizes : (N,) float64 array, input pixels
        Sides of the particles' boxes.
    anchor : float, input pixels
        Side of the anchor box.
    complete : bool
        Every particle has a label.
    mask : (side, side) bool array
        False: padding.
    """
    n = side // STRIDE
    target = np.zeros((8, n, n), np.float32)
    classes = np.zeros((4, n, n), np.bool_)
    places, refused = ((some + 0.5) / STRIDE for some in (particles, rejected))
    row, column = np.mgrid[:n, :n] + 0.5
    distance = np.full((n, n), np.inf)
    for (x, y), size in zip(places, sizes / anchor, strict=True):
        away = np.hypot(column - x, row - y)
        nearer = away < distance
        distance[nearer] = away[nearer]
        target[NEAREST_X][nearer] = (x - column + 0.5)[nearer]
        target[NEAREST_Y][nearer] = (y - row + 0.5)[nearer]
        target[NEAREST_SIZE][nearer] = size
    for (x, y), size in zip(places, sizes / anchor, strict=True):
        if 0 <= x < n and 0 <= y < n:
            at = int(y), int(x)
            classes[PARTICLE][at] = True
            for first in (X, NEAREST_X):
                target[first][at], target[first + 1][at] = x - at[1], y - at[0]
            target[SIZE][at] = np.log(size)
            target[NEAREST_SIZE][at] = size
    for x, y in refused:
        if 0 <= x < n and 0 <= y < n:
            classes[REJECTED, int(y), int(x)] = True
    classes[REJECTED] &= ~classes[PARTICLE]
    background = ~classes[PARTICLE] & ~classes[REJECTED]
    beside = distance <= RING * 2 * anchor / STRIDE
    classes[EMPTY] = background & (beside | complete)
    classes[UNLABELLED] = background & ~(beside | complete)
    classes &= mask.reshape(n, STRIDE, n, STRIDE).all(axis=(1, 3))
    return target, classes


def with_weights(targets: npt.NDArray[np.float32], weights: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Targets (B, 8, h, w) with the weights (B, 2, h, w) of `targets.weights`."""
    targets[:, [PARTICLE_WEIGHT, BACKGROUND_WEIGHT]] = weights
    return targets
