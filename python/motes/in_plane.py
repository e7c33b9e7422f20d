"""Turns by any angle: bilinear interpolation about the centre of a square image, within its inscribed disc."""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.foreign import array_of
from motes.kernels.interpolation import interpolate, interpolate_home
from motes.shapes import check_shape

FloatArray: TypeAlias = npt.NDArray[np.float64]
MOST_ANGLES = 100_000  # more is a slip: a pixel at the edge of 16,000 moves by less than one


@dataclass(frozen=True)
class InPlane:
    """Rotations by `n_angles` equal steps: template r is the master, turned clockwise by 360 r / n_angles degrees.

    Made by `motes.Rotations.in_plane`. A template's pixel is interpolated between the four pixels of the master around
    the place that it shows. What is farther than (L - 1) / 2 from the centre of L x L pixels turns out of them: beyond
    this disc templates are 0, and nothing of a master or of a plane is read. Next to its edge, the weights of those
    neighbours that are within it sum to 1 again. Quarter turns are exact.

    Examples
    --------
    >>> turns = InPlane(8)
    >>> turns.angles
    array([  0.,  45.,  90., 135., 180., 225., 270., 315.])
    >>> master = np.arange(25.0).reshape(5, 5)
    >>> turns.expand(master)[2, 2].tolist()  # a quarter turn: the middle column, from below
    [22.0, 17.0, 12.0, 7.0, 2.0]
    """

    n_angles: int
    """Steps of a whole turn."""
    mirrored: bool = False
    """Whether as many templates of the mirrored master follow, in the order of `D4`."""

    def __post_init__(self) -> None:
        n = checks.whole("n", self.n_angles, 1)
        if n > MOST_ANGLES:
            raise ValueError(f"n: expected 1 to {MOST_ANGLES}, got {n}")
        object.__setattr__(self, "n_angles", n)
        object.__setattr__(self, "mirrored", checks.truth("mirrored", self.mirrored))

    @property
    def name(self) -> str:
        """As options and reports have it.

        Examples
        --------
        >>> InPlane(36).name, InPlane(36, mirrored=True).name
        ('in-plane:36', 'in-plane:36m')
        """
        return f"in-plane:{self.n_angles}{'m' if self.mirrored else ''}"

    @property
    def n(self) -> int:
        """R, how many templates there are."""
        return self.n_angles * (1 + self.mirrored)

    @property
    def angles(self) -> FloatArray:
        """(R,) degrees clockwise; those of the mirrored master's templates likewise.

        Examples
        --------
        >>> InPlane(2, mirrored=True).angles
        array([  0., 180.,   0., 180.])
        """
        return np.tile(360.0 * np.arange(self.n_angles) / self.n_angles, 1 + self.mirrored)

    def matrices(self) -> FloatArray:
        """Where each template finds its pixels: (R, 2, 2).

        Returns
        -------
        (R, 2, 2) float64 array, read-only
            Template r shows at (x, y), columns and rows from the centre, the master's place `matrices[r] @ (x, y)`.
            Quarter and eighth turns have exact zeros, ones and equal entries.

        Examples
        --------
        >>> InPlane(4).matrices()[1].tolist()  # its right side was the master's top
        [[0.0, 1.0], [-1.0, 0.0]]
        """
        return _matrices(self)

    def support(self, shape: Sequence[int]) -> npt.NDArray[np.bool_]:
        """The disc that turns into itself: (H, W).

        Raises
        ------
        ValueError
            If the shape is no square.

        Examples
        --------
        >>> InPlane(36).support((3, 3)).astype(int)
        array([[0, 1, 0],
               [1, 1, 1],
               [0, 1, 0]])
        """
        side = self._side(shape)
        twice = 2 * np.arange(side) - (side - 1)  # whole numbers: which pixels belong does not hang on a rounding
        inside: npt.NDArray[np.bool_] = twice[:, None] ** 2 + twice**2 <= (side - 1) ** 2
        return inside

    def expand(self, master: npt.NDArray[np.floating], *, threads: int | None = None) -> FloatArray:
        """Templates of a master: (R, L, L) float64 from (L, L).

        `threads` by default are all that this process may use; no bit depends on them.

        Raises
        ------
        ValueError
            If the master is no square.

        Examples
        --------
        >>> InPlane(5).expand(np.ones((3, 3)))[1].round(15).tolist()
        [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.0]]
        """
        values: FloatArray = np.asarray(array_of("master", master), np.float64)
        if values.ndim != 2:
            raise ValueError(f"master: expected shape (L, L), got {values.shape}")
        self._side(values.shape)
        return interpolate(values, _matrices(self), threads=threads)

    def back_rotate(self, planes: npt.NDArray[np.floating], *, threads: int | None = None) -> FloatArray:
        """The transpose of `expand`: each plane turned home, and all added; (L, L) from (R, L, L).

        Raises
        ------
        ValueError
            If there are not R planes, or they are no squares.

        Examples
        --------
        >>> home = InPlane(5).back_rotate(np.ones((5, 3, 3)))  # 5 pixels of 5 planes, none is lost
        >>> float(home.sum().round(12))
        25.0
        """
        values: FloatArray = np.asarray(array_of("planes", planes), np.float64)
        if values.ndim != 3 or len(values) != self.n:
            raise ValueError(f"planes: expected shape ({self.n}, L, L), got {values.shape}")
        self._side(values.shape[1:])
        return interpolate_home(values, _matrices(self), threads=threads)

    def _side(self, shape: Sequence[int]) -> int:
        height, width = check_shape(shape)
        if height != width:
            raise ValueError(
                f"shape: turns ({self.name}) need a square image, got {height}x{width}; crop or pad it to a square"
            )
        return height

    def __repr__(self) -> str:
        return self.name


def _cosines_and_sines(n: int) -> tuple[FloatArray, FloatArray]:
    """Of r / n of a whole turn, symmetric to the last bit: from the first eighth, which whole numbers find."""
    r = np.arange(n, dtype=np.int64)
    eighth, rest = 8 * r // n, 8 * r % n  # the angle is (eighth + rest / n) * 45 degrees
    backwards = eighth % 2 == 1
    angle = np.where(backwards, n - rest, rest) / n * (np.pi / 4)
    # Of the C library, one by one: NumPy's own differ in the last bit from one processor to the next.
    short, long = (np.array([function(value) for value in angle]) for function in (math.sin, math.cos))
    short, long = np.where(angle == np.pi / 4, np.sqrt(0.5), [short, long])
    swapped = (eighth + 1) // 2 % 2 == 1  # the sine is the longer leg
    cosine, sine = np.where(swapped, short, long), np.where(swapped, long, short)
    cosine = np.where((eighth >= 2) & (eighth < 6), 0.0 - cosine, cosine)
    return cosine, np.where(eighth >= 4, 0.0 - sine, sine)


@functools.lru_cache(maxsize=32)
def _matrices(turns: InPlane) -> FloatArray:
    cosine, sine = _cosines_and_sines(turns.n_angles)
    matrices = np.stack([cosine, sine, 0.0 - sine, cosine], axis=1).reshape(-1, 2, 2)
    if turns.mirrored:
        matrices = np.concatenate([matrices, matrices * np.array([[-1.0], [1.0]])])
    matrices.flags.writeable = False
    return matrices
