"""Away from the edges: particles that a micrograph cuts off are of no use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.circles import Circles


def away_from_edges(circles: Circles, shape: tuple[float, float], distance: float) -> npt.NDArray[np.bool_]:
    """Which circles have their centre at least so far from every edge of the micrograph.

    Whole numbers are middles of pixels, so the edges are at -1/2 and at W - 1/2, H - 1/2. With half the width of a box
    as the distance, all of the box is on the micrograph.

    Parameters
    ----------
    circles : Circles
        Of micrographs of one size.
    shape : (number, number), pixels
        Rows H and columns W.
    distance : float, pixels
        0 or more; 0 keeps what is on the micrograph.

    Returns
    -------
    (N,) bool array

    Raises
    ------
    ValueError
        If the shape or the distance is out of range.

    Examples
    --------
    >>> picks = Circles(np.array([[9.0, 50.0], [10.0, 50.0], [89.5, 50.0]]), 10.0)
    >>> away_from_edges(picks, (100, 100), 10)
    array([False,  True,  True])
    """
    if len(shape) != 2 or not all(np.isfinite(side) and side > 0 for side in shape):
        raise ValueError(f"shape: expected rows and columns above 0, got {shape}")
    if not (np.isfinite(distance) and distance >= 0):
        raise ValueError(f"distance: expected 0 or more, got {distance}")
    height, width = shape
    inside: npt.NDArray[np.bool_] = np.ones(len(circles), bool)
    for values, side in ((circles.centres[:, 0], width), (circles.centres[:, 1], height)):
        inside &= (values + 0.5 >= distance) & (side - 0.5 - values >= distance)
    return inside
