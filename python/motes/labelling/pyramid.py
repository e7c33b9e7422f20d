"""Micrographs as a browser draws them: levels, each half as large as the one before, cut into tiles of grey bytes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.micrograph import Micrograph

TILE = 512  # pixels of a tile's side
APRON = 16  # pixels around a tile, so that the page can low-pass it without a seam
GREY, SPREAD = 128, 28  # a level's median, and half the range of its middle 68%: the ends lie 4.5 deviations away
ROWS = 512  # of a micrograph that are converted at a time
SAMPLE = 1_000_000  # pixels that tell the grey scale of a level
MOST_BYTES = 512 << 20  # of all pyramids that are kept


@dataclass(frozen=True, eq=False)
class Pyramid:
    """Levels of one micrograph.

    Attributes
    ----------
    levels : tuple of (H, W) uint8 arrays
        Level k has ceil(side / 2^k) pixels a side, each the mean of those below it; the last fits into one tile.
    """

    levels: tuple[npt.NDArray[np.uint8], ...]

    def tile(self, level: int, row: int, column: int) -> bytes:
        """One tile with its apron, row after row; beyond the edges the outermost pixels are repeated.

        Raises
        ------
        LookupError
            If there is no such tile.
        """
        if not 0 <= level < len(self.levels):
            raise LookupError(f"level {level} of {len(self.levels)}")
        image = self.levels[level]
        parts = []
        for at, side in ((row, image.shape[0]), (column, image.shape[1])):
            if not 0 <= at * TILE < side:
                raise LookupError(f"tile ({row}, {column}) of level {level}")
            parts.append(np.clip(np.arange(at * TILE - APRON, (at + 1) * TILE + APRON), 0, side - 1))
        return image[np.ix_(*parts)].tobytes()

    @property
    def n_bytes(self) -> int:
        """Memory that it takes."""
        return sum(level.nbytes for level in self.levels)


def pyramid(micrograph: Micrograph) -> Pyramid:
    """Make the levels of a micrograph.

    Every level has a grey scale of its own, since binning makes noise fainter: by its median and the range of its
    middle 68%, of which outliers know nothing. Pixels that are not finite are grey.

    Examples
    --------
    >>> noise = np.random.default_rng(0).normal(size=(600, 1100)).astype(np.float32)
    >>> [level.shape for level in pyramid(Micrograph(noise, "grid1", "MRC")).levels]
    [(600, 1100), (300, 550), (150, 275)]
    """
    image: npt.NDArray[Any] = micrograph.data
    levels = [_grey(image)]
    while max(image.shape) > TILE:
        image = _halved(image)
        levels.append(_grey(image))
    return Pyramid(tuple(levels))


def _halved(image: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    """Means of 2 x 2 pixels, of what there is of them at the edges."""
    height, width = image.shape
    half = np.empty(((height + 1) // 2, (width + 1) // 2), np.float32)
    for begin in range(0, height, ROWS):
        rows = image[begin : begin + ROWS].astype(np.float32)
        rows = np.pad(rows, [(0, len(rows) % 2), (0, width % 2)], "edge")
        rows = rows[0::2] + rows[1::2]
        half[begin // 2 : (begin + ROWS) // 2] = (rows[:, 0::2] + rows[:, 1::2]) / 4
    return half


def _grey(image: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    step = max(1, int((image.size / SAMPLE) ** 0.5))
    sample = image[::step, ::step].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    low, middle, high = np.percentile(sample, [16, 50, 84]) if sample.size else (0.0, 0.0, 0.0)
    scale = SPREAD / ((high - low) / 2) if high > low else 0.0
    grey = np.empty(image.shape, np.uint8)
    for begin in range(0, len(image), ROWS):
        rows = (image[begin : begin + ROWS].astype(np.float32) - np.float32(middle)) * np.float32(scale)
        rows = np.nan_to_num(rows, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        grey[begin : begin + ROWS] = np.clip(np.rint(rows + GREY), 0, 255)
    return grey


class Pyramids:
    """Pyramids made on first demand; the last used are kept, as many as fit into the memory granted.

    Parameters
    ----------
    read : callable
        Gives a micrograph by its number.
    most_bytes : int
        Memory granted; the last one used is kept, whatever its size.
    """

    def __init__(self, read: Callable[[int], Micrograph], most_bytes: int = MOST_BYTES) -> None:
        self._read, self._most_bytes = read, most_bytes
        self._kept: OrderedDict[int, Pyramid] = OrderedDict()
        self._making: dict[int, threading.Lock] = {}
        self._lock = threading.Lock()

    def __getitem__(self, number: int) -> Pyramid:
        """The pyramid of a micrograph; two who ask at once wait for one that is made once."""
        with self._lock:
            making = self._making.setdefault(number, threading.Lock())
        with making:
            with self._lock:
                if number in self._kept:
                    self._kept.move_to_end(number)
                    return self._kept[number]
            made = pyramid(self._read(number))
            with self._lock:
                self._kept[number] = made
                while len(self._kept) > 1 and sum(one.n_bytes for one in self._kept.values()) > self._most_bytes:
                    self._kept.popitem(last=False)
            return made
