"""Where the pixels of a binned image without padding lie on the stored micrograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Frame:
    """Part of a micrograph, binned.

    Binned pixel k of the whole micrograph covers the stored pixels kb to kb + b - 1; whole numbers are middles of
    pixels.

    Attributes
    ----------
    corner : (int, int)
        Column and row of its first pixel, binned pixels of the whole micrograph.
    binning : int
        Stored pixels a binned pixel, along each side.
    shape : (int, int)
        Rows and columns of the stored micrograph.

    Examples
    --------
    >>> frame = Frame((2, 0), 8, (4096, 4096))
    >>> frame.to_micrograph(np.array([[0.0, 0.0]]))
    array([[19.5,  3.5]])
    >>> frame.to_image(np.array([[19.5, 3.5]]))
    array([[0., 0.]])
    """

    corner: tuple[int, int]
    binning: int
    shape: tuple[int, int]

    def to_micrograph(self, xy: npt.ArrayLike) -> FloatArray:
        """Places on the part, (N, 2), as places in stored pixels."""
        places: FloatArray = (np.asarray(xy, np.float64) + self.corner) * self.binning + (self.binning - 1) / 2
        return places

    def to_image(self, xy: npt.ArrayLike) -> FloatArray:
        """Places in stored pixels, (N, 2), as places on the part."""
        places: FloatArray = (np.asarray(xy, np.float64) - (self.binning - 1) / 2) / self.binning - self.corner
        return places
