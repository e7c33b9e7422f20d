"""A finely sampled picture seen from many angles, as a detector with larger pixels sees it: no estimator's turns."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.float64]


def turned(picture: ArrayLike, angles: ArrayLike, side: int) -> Image:
    """Turn a fine picture clockwise about its centre, then average it over the detector's pixels.

    Values between the picture's samples are bilinear; the finer it is, the less its interpolation matters beside the
    averaging. Beyond the inscribed disc, (side - 1) / 2 from the centre, there is nothing: what is there turns out of
    the image at some angles.

    Parameters
    ----------
    picture : (F, F) array
        Mean photons a detector pixel, F a multiple of `side`; 3 or 4 times as fine is enough for a smooth picture.
    angles : (A,) array, degrees
        Clockwise.
    side : int
        Pixels along one edge of the detector.

    Returns
    -------
    (A, side, side) float64 array
        One template an angle.

    Raises
    ------
    ValueError
        If the picture is no square of whole detector pixels, or an angle is not finite.

    Examples
    --------
    >>> turned(np.eye(6)[:, ::-1], [90.0], 2).round(2)
    array([[[0., 0.],
            [0., 0.]]])
    >>> bar = np.zeros((9, 9))
    >>> bar[:3, 3:6] = 1  # the pixel above the centre
    >>> turned(bar, [0, 90], 3).round(2)[1]
    array([[0., 0., 0.],
           [0., 0., 1.],
           [0., 0., 0.]])
    """
    fine = np.asarray(picture, np.float64)
    if fine.ndim != 2 or fine.shape[0] != fine.shape[1] or side < 1 or fine.shape[0] % side or not fine.size:
        raise ValueError(f"picture: expected a square of whole {side}x{side} pixels, got shape {fine.shape}")
    radians = np.radians(np.atleast_1d(np.asarray(angles, np.float64)))
    if radians.ndim != 1 or not np.isfinite(radians).all():
        raise ValueError("angles: expected a list of finite numbers of degrees")
    length, times = fine.shape[0], fine.shape[0] // side
    x = np.arange(length) - (length - 1) / 2
    inside = disc(side)
    seen = np.empty((radians.size, side, side))
    for image, angle in zip(seen, radians, strict=True):
        cosine, sine = np.cos(angle), np.sin(angle)
        column = x * cosine + x[:, None] * sine + (length - 1) / 2
        row = x[:, None] * cosine - x * sine + (length - 1) / 2
        image[:] = _bilinear(fine, row, column).reshape(side, times, side, times).mean(axis=(1, 3)) * inside
    return seen


def disc(side: int) -> NDArray[np.bool_]:
    """Pixels within (side - 1) / 2 of the centre, (side, side): those that stay in the image at every angle."""
    twice = 2 * np.arange(side) - (side - 1)
    inside: NDArray[np.bool_] = twice[:, None] ** 2 + twice**2 <= (side - 1) ** 2
    return inside


def _bilinear(image: Image, row: Image, column: Image) -> Image:
    """Values between the pixels of a square image, which goes on as at its edge."""
    last = image.shape[0] - 1
    row, column = np.clip(row, 0, last), np.clip(column, 0, last)
    top, left = (
        np.minimum(row.astype(np.int64), max(last - 1, 0)),
        np.minimum(column.astype(np.int64), max(last - 1, 0)),
    )
    down, right = row - top, column - left
    below, beside = np.minimum(top + 1, last), np.minimum(left + 1, last)
    upper = image[top, left] * (1 - right) + image[top, beside] * right
    lower = image[below, left] * (1 - right) + image[below, beside] * right
    return np.asarray(upper * (1 - down) + lower * down)
