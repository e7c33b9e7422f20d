"""An image as it is, one square a pixel, without axes."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.plotting.style import PICTURE, UNSEEN

LEAST_EDGE = 250  # pixels of the file: smaller images are enlarged, for readers that would blur them


def pixels_png(image: npt.NDArray[Any], low: float, high: float, colours: str = PICTURE) -> bytes:
    r"""Draw an image as a PNG file.

    Parameters
    ----------
    image : (H, W) array
        Values; those that are not finite are drawn in light blue.
    low, high : float
        The values of the first and of the last colour.
    colours : str
        Name of a colour map of Matplotlib.

    Returns
    -------
    bytes
        The file.

    Examples
    --------
    >>> pixels_png(np.eye(3), 0, 1)[:4]
    b'\x89PNG'
    """
    import matplotlib
    import matplotlib.image

    scaled = (np.asarray(image, np.float64) - low) / (high - low if high > low else 1.0)
    colormap = matplotlib.colormaps[colours].with_extremes(bad=UNSEEN)
    times = max(1, -(-LEAST_EDGE // max(scaled.shape)))
    enlarged = np.ma.masked_invalid(np.repeat(np.repeat(scaled, times, axis=0), times, axis=1))
    buffer = BytesIO()
    matplotlib.image.imsave(buffer, colormap(enlarged, bytes=True), format="png")
    return buffer.getvalue()
