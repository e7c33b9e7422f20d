"""Seeded crops of prepared micrographs: where, turned how, and with what change of brightness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

Scalar = TypeVar("Scalar", bound=np.generic)
Floats = npt.NDArray[np.float64]
TURNS = 8


def turned(image: npt.NDArray[Scalar], turn: int) -> npt.NDArray[Scalar]:
    """The last two axes turned by `turn` % 4 quarters counterclockwise, then, from 4 on, mirrored left to right."""
    result = np.rot90(image, turn % 4, (-2, -1))
    return result[..., ::-1] if turn >= TURNS // 2 else result


def turned_back(image: npt.NDArray[Scalar], turn: int) -> npt.NDArray[Scalar]:
    """What `turned` made of it, undone."""
    return np.rot90(image[..., ::-1] if turn >= TURNS // 2 else image, -(turn % 4), (-2, -1))


@dataclass(frozen=True)
class Crop:
    """A square of a micrograph, turned.

    Attributes
    ----------
    micrograph, top, left, side : int
        Which square; it may reach beyond the edges.
    turn : int
        0 to 7.
    """

    micrograph: int
    top: int
    left: int
    side: int
    turn: int

    def cut(self, image: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
        """Its part of (..., h, w), turned; 0 beyond the edges."""
        rows, columns = (slice(max(start, 0), start + self.side) for start in (self.top, self.left))
        part = image[..., rows, columns]
        ahead, left = max(-self.top, 0), max(-self.left, 0)
        lost = (self.side - ahead - part.shape[-2], self.side - left - part.shape[-1])
        around = [(0, 0)] * (image.ndim - 2) + [(ahead, lost[0]), (left, lost[1])]
        return turned(np.pad(part, around), self.turn)

    def place(self, xy: Floats) -> Floats:
        """Where places (N, 2) of the micrograph are on the crop."""
        x, y = (xy - (self.left, self.top)).T
        for _ in range(self.turn % 4):
            x, y = y, self.side - 1 - x
        return np.stack([self.side - 1 - x if self.turn >= TURNS // 2 else x, y], axis=1)


def choose_crops(
    rng: np.random.Generator, n: int, side: int, insides: Sequence[tuple[slice, slice]], places: Sequence[Floats]
) -> list[Crop]:
    """Half of the crops about a random place of those given, wherever in the crop; half anywhere.

    Parameters
    ----------
    rng : Generator
    n, side : int
        Crops, and pixels along each side.
    insides : sequence of (slice, slice)
        Rows and columns of each micrograph that are no padding.
    places : sequence of (N, 2) float64 arrays
        x and y on each micrograph; at least one on all.
    """
    micrograph = np.repeat(np.arange(len(places)), [len(some) for some in places])
    every = np.concatenate(list(places))
    areas = np.array([_extent(rows) * _extent(columns) for rows, columns in insides], float)
    margin = side // 8
    crops = []
    for k in range(n):
        if k % 2 == 0:
            which = int(rng.integers(len(every)))
            m = int(micrograph[which])
            left, top = np.rint(every[which]).astype(int) - rng.integers(margin, side - margin, 2)
        else:
            m = int(rng.choice(len(areas), p=areas / areas.sum()))
            left, top = (int(rng.integers(s.start, max(s.stop - side, s.start) + 1)) for s in insides[m][::-1])
        rows, columns = insides[m]
        crops.append(Crop(m, _within(top, rows, side), _within(left, columns, side), side, int(rng.integers(TURNS))))
    return crops


def _extent(part: slice) -> int:
    extent: int = part.stop - part.start
    return extent


def _within(start: Any, part: slice, side: int) -> int:
    """The start of a crop moved so that the crop does not reach into the padding, where that can be had."""
    return int(max(part.start, min(int(start), part.stop - side)))


@dataclass(frozen=True)
class Jitter:
    """What a micrograph's own brightness and noise might have been.

    Attributes
    ----------
    gain, offset : float
        Standard deviations of the logarithm of the factor, and of the shift, one each for a crop.
    noise : float
        The most white noise that is added; how much, is drawn for each crop.
    """

    gain: float = 0.1
    offset: float = 0.1
    noise: float = 0.05

    def __call__(self, images: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """(B, C, H, W) with the first channel changed."""
        first, column = images[:, :1], (len(images), 1, 1, 1)
        gain = np.exp(self.gain * rng.standard_normal(column, np.float32))
        offset = self.offset * rng.standard_normal(column, np.float32)
        amount = self.noise * rng.random(column, np.float32)
        first = first * gain + offset + amount * rng.standard_normal(first.shape, np.float32)
        return np.concatenate([first, images[:, 1:]], axis=1)
