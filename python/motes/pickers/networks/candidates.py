"""Candidates of a score map on the micrograph that it was made from."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes.pickers.networks.targets import on_mask
from motes.pickers.peaks import peaks
from motes.pickers.preparation import Prepared

SMOOTHING = 0.074  # diameters: of the score map
DISTANCE = 0.46  # diameters: between two candidates


def candidates(
    scores: npt.NDArray[Any], prepared: Prepared, shape: tuple[int, int], diameter: float, edge: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Local maxima of a smoothed map.

    Parameters
    ----------
    scores : (h, w) float32 or float64 array
        Of binned pixels.
    prepared : Prepared
        The same pixels.
    shape : (int, int)
        Rows and columns of the micrograph.
    diameter, edge : float, pixels of the micrograph
        Of a particle, and how far from the edges centres are.

    Returns
    -------
    centres : (K, 2) float64 array, pixels of the micrograph
    heights : (K,) float64 array
    pixels : (K, 2) int64 array
        x and y on the map.
    """
    from scipy import ndimage

    width = diameter / prepared.binning
    places, heights, pixels = peaks(ndimage.gaussian_filter(scores, SMOOTHING * width), DISTANCE * width)
    centres = prepared.to_micrograph(places)
    kept = inside(centres, places, prepared, shape, edge)
    return centres[kept], heights[kept], pixels[kept]


def inside(
    centres: npt.NDArray[np.float64],
    places: npt.NDArray[np.float64],
    prepared: Prepared,
    shape: tuple[int, int],
    edge: float,
) -> npt.NDArray[np.bool_]:
    """Which centres, given also in binned pixels, are on no padding and at least so far from the edges."""
    margin = edge - 0.5  # edges of the micrograph are half a pixel beyond its outermost centres
    far = np.array(shape[::-1]) - 1 - margin
    return ((centres >= margin) & (centres <= far)).all(axis=1) & on_mask(prepared, places)
