"""Which way y runs in a file, and how a flip moves centres, corners and fractions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from motes.picks.container import FloatArray

Origin = Literal["top", "bottom"]
"""Which stored row y counts from: the first, or the last."""
Number = TypeVar("Number", float, NDArray[np.float64])


@dataclass(frozen=True)
class YAxis:
    """The y axis of a coordinate file against the stored rows of its micrographs.

    A flip is its own inverse, so readers and writers share these.

    Attributes
    ----------
    origin : "top" or "bottom"
        Whether y counts from the first stored row (top) or from the last (bottom).
    height : float or None
        Rows of the micrograph; needed for a flip of what is in pixels.
    """

    origin: Origin
    height: float | None = None

    def centres(self, y: FloatArray) -> FloatArray:
        """Centres, in pixels: row 0 becomes row ``height - 1``."""
        return self._height() - 1 - y if self.origin == "bottom" else y

    def corners(self, y: FloatArray, box: FloatArray) -> FloatArray:
        """Corners of boxes nearest the origin, in pixels: a flipped box covers the same pixels."""
        return self._height() - (y + box) if self.origin == "bottom" else y

    def fractions(self, y: FloatArray) -> FloatArray:
        """Fractions of the height."""
        return 1 - y if self.origin == "bottom" else y

    def _height(self) -> float:
        if self.height is None:
            raise ValueError("height: needed to count y from the bottom")
        return self.height

    def __str__(self) -> str:
        rows = "first" if self.origin == "top" else "last"
        known = "" if self.origin == "top" or self.height is None else f" of {self.height:g}"
        return f"y from the {rows} stored row{known}"
