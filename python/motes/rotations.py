"""Groups of exact rotations, index permutations, clockwise as in the challenge; and the names of all rotations."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.errors import kind_of
from motes.foreign import array_of
from motes.in_plane import InPlane
from motes.maps import TemplateMap
from motes.shapes import Shape, check_shape

FloatArray: TypeAlias = npt.NDArray[np.float64]
Turn: TypeAlias = Callable[[npt.NDArray[np.int32], int], npt.NDArray[np.int32]]


@dataclass(frozen=True)
class Orbits:
    """How a group moves the pixels of one detector: see `csrc/include/motes/outer.hpp`.

    Attributes
    ----------
    orbit : (M,) int32 array
        The orbit of each pixel: the set of pixels that the group exchanges with it.
    phase : (M,) uint8 array
        The rotation that brings the orbit's first pixel there.
    turn : (R, R) uint8 array
        `turn[phase, slot]`: the rotation whose template sees a pixel of this phase in the master's pixel `slot`.
    pixel_of_slot : (n_orbits * R,) int32 array
        The master's pixel of each slot; orbits shorter than R name a pixel several times.
    """

    orbit: npt.NDArray[np.int32]
    phase: npt.NDArray[np.uint8]
    turn: npt.NDArray[np.uint8]
    pixel_of_slot: npt.NDArray[np.int32]

    @property
    def n_orbits(self) -> int:
        """Number of orbits."""
        return len(self.pixel_of_slot) // len(self.turn)


@dataclass(frozen=True)
class Rotations:
    """R exact rotations of a square image: template r is the master, turned.

    Use `motes.C4` (quarter turns clockwise) or `motes.D4` (these, then those of the mirrored master).

    Examples
    --------
    >>> master = np.array([[1.0, 2.0], [3.0, 4.0]])
    >>> C4.expand(master)[1]
    array([[3., 1.],
           [4., 2.]])
    >>> bool(np.all(C4.back_rotate(C4.expand(master)) == 4 * master))
    True
    """

    name: str
    """`C1`, `C4` or `D4`."""
    n: int
    """R, how many there are."""
    turn: Turn = field(repr=False, compare=False)
    """`turn(image, r)` is the image turned by rotation r."""

    @staticmethod
    def in_plane(n: int, *, mirrored: bool = False) -> InPlane:
        """Rotations by any number of angles, interpolated: template r is the master turned clockwise by 360 r / n.

        Parameters
        ----------
        n : int
            Angles, 1 or more. 4 are the quarter turns of `C4`, within the disc that turns into itself.
        mirrored : bool
            As many templates of the mirrored master more, in the order of `D4`.

        Returns
        -------
        InPlane
            A `motes.TemplateMap` of n (or 2 n) templates; by name, `"in-plane:36"` or `"in-plane:36m"`.

        Raises
        ------
        TypeError, ValueError
            If `n` is no whole number of 1 or more.

        Examples
        --------
        >>> Rotations.in_plane(36).angles[:3]
        array([ 0., 10., 20.])
        """
        return InPlane(n, mirrored)

    @property
    def angles(self) -> FloatArray:
        """(R,) degrees clockwise; of mirror images, those by which the mirrored master is turned.

        Examples
        --------
        >>> C4.angles
        array([  0.,  90., 180., 270.])
        """
        top = 2  # of five columns and rows, the pixel above the centre; a mirror image has it there too
        lands = np.argmax(self.index((5, 5)) == top, axis=1)
        degrees: FloatArray = np.rint(np.degrees(np.arctan2(lands % 5 - 2, 2 - lands // 5))) % 360.0
        return degrees

    def support(self, shape: Sequence[int]) -> npt.NDArray[np.bool_]:
        """The pixels that templates cover: all of them, (H, W).

        Examples
        --------
        >>> bool(C4.support((3, 3)).all())
        True
        """
        return np.ones(self.index(shape).shape[1], np.bool_).reshape(check_shape(shape))

    def index(self, shape: Sequence[int]) -> npt.NDArray[np.int32]:
        """Pixels of the master that the templates show.

        Parameters
        ----------
        shape : (int, int)
            A square, in pixels.

        Returns
        -------
        (R, M) int32 array, read-only
            `template_r.ravel()[i] = master.ravel()[index[r, i]]`.

        Raises
        ------
        ValueError
            If the shape is no square.

        Examples
        --------
        >>> C4.index((2, 2))[1]
        array([2, 0, 3, 1], dtype=int32)
        """
        return _index(self, check_shape(shape))

    def orbits(self, shape: Sequence[int]) -> Orbits:
        """How the group exchanges the pixels of a detector of this shape.

        Examples
        --------
        >>> C4.orbits((3, 3)).n_orbits
        3
        """
        return _orbits(self, check_shape(shape))

    def expand(self, master: npt.NDArray[np.floating]) -> FloatArray:
        """Templates of a master: (R, H, W) float64 from (H, W).

        Examples
        --------
        >>> C4.expand(np.eye(3)).shape
        (4, 3, 3)
        """
        values: FloatArray = np.asarray(array_of("master", master), np.float64)
        return values.ravel()[self.index(values.shape)].reshape(self.n, *values.shape)

    def back_rotate(self, planes: npt.NDArray[np.floating]) -> FloatArray:
        """Turn each template plane home and add them: (H, W) from (R, H, W); the transpose of `expand`.

        Examples
        --------
        >>> C4.back_rotate(np.ones((4, 2, 2)))
        array([[4., 4.],
               [4., 4.]])
        """
        planes = np.asarray(array_of("planes", planes), np.float64)
        if planes.ndim != 3 or len(planes) != self.n:
            raise ValueError(f"planes: expected shape ({self.n}, H, W), got {planes.shape}")
        shape = planes.shape[1:]
        flat = planes.reshape(self.n, -1)
        home = np.zeros(flat.shape[1])
        for plane, inverse in zip(flat, _inverse(self, check_shape(shape)), strict=True):
            home += plane[inverse]
        return home.reshape(shape)

    def compose(self, first: int, then: int) -> int:
        """The rotation that template `then` of a master turned by `first` shows.

        Examples
        --------
        >>> C4.compose(3, 2)
        1
        """
        return int(_table(self)[first, then])

    def inverse(self, rotation: int) -> int:
        """The rotation that undoes `rotation`.

        Examples
        --------
        >>> C4.inverse(1)
        3
        """
        return int(np.flatnonzero(_table(self)[rotation] == 0)[0])

    def turn_master(self, master: FloatArray, rotation: int) -> FloatArray:
        """The master turned by one rotation: (H, W).

        Examples
        --------
        >>> C4.turn_master(np.array([[1.0, 2.0], [3.0, 4.0]]), 2)
        array([[4., 3.],
               [2., 1.]])
        """
        return np.ascontiguousarray(master.ravel()[self.index(master.shape)[rotation]].reshape(master.shape))

    def relabel(self, labels: npt.NDArray[np.integer], rotation: int) -> npt.NDArray[np.int32]:
        """Labels of the patterns once the master is turned by `rotation`.

        A pattern that showed template l of the old master shows template l' of `turn_master(master, rotation)`.

        Examples
        --------
        >>> C4.relabel(np.array([0, 1, 2, 3]), 1)
        array([3, 0, 1, 2], dtype=int32)
        """
        table = _table(self)
        after = np.empty(self.n, np.int32)
        after[table[rotation]] = np.arange(self.n, dtype=np.int32)
        turned: npt.NDArray[np.int32] = after[labels]
        return turned

    def __repr__(self) -> str:
        return self.name


@functools.lru_cache(maxsize=32)
def _index(rotations: Rotations, shape: Shape) -> npt.NDArray[np.int32]:
    if rotations.n > 1 and shape[0] != shape[1]:
        raise ValueError(
            f"shape: exact rotations ({rotations.name}) need a square image, got {shape[0]}x{shape[1]}; crop or pad it "
            "to a square, or take rotations=C1 for patterns that are not turned"
        )
    if shape[0] * shape[1] > np.iinfo(np.int32).max:
        raise ValueError(f"shape: {shape[0]}x{shape[1]} is too large to rotate")
    pixels = np.arange(shape[0] * shape[1], dtype=np.int32).reshape(shape)
    index = np.stack([np.ascontiguousarray(rotations.turn(pixels, r)).ravel() for r in range(rotations.n)])
    index.flags.writeable = False
    return index


@functools.lru_cache(maxsize=32)
def _inverse(rotations: Rotations, shape: Shape) -> npt.NDArray[np.int32]:
    index = _index(rotations, shape)
    inverse = np.empty_like(index)
    for r in range(rotations.n):
        inverse[r, index[r]] = np.arange(index.shape[1], dtype=np.int32)
    inverse.flags.writeable = False
    return inverse


@functools.lru_cache(maxsize=8)
def _table(rotations: Rotations) -> npt.NDArray[np.int32]:
    """`table[a, b] = c`: template b of (the master turned by a) is template c of the master."""
    index = _index(rotations, (5, 5))  # large enough to tell all elements of D4 apart
    rows = {row.tobytes(): r for r, row in enumerate(index)}
    return np.array([[rows[a[b].tobytes()] for b in index] for a in index], np.int32)


@functools.lru_cache(maxsize=32)
def _orbits(rotations: Rotations, shape: Shape) -> Orbits:
    index = _index(rotations, shape)
    n, n_pixels = index.shape
    first = np.unique(index.min(axis=0))  # an orbit is named by its smallest pixel
    orbit = np.searchsorted(first, index.min(axis=0)).astype(np.int32)
    pixel_of_slot = np.ascontiguousarray(index[:, first].T)  # slot s: where template s finds the orbit's first pixel
    phase = np.zeros(n_pixels, np.uint8)
    for a in reversed(range(n)):
        phase[pixel_of_slot[:, a]] = a
    # At a pixel of phase a, template k shows the master's pixel index[k, index[a, first]]: that of slot table[k, a].
    table = _table(rotations)
    turn = np.empty((n, n), np.uint8)
    for a in range(n):
        for k in range(n):
            turn[a, table[k, a]] = k
    return Orbits(orbit, phase, turn, pixel_of_slot.ravel())


def _quarter(image: npt.NDArray[np.int32], r: int) -> npt.NDArray[np.int32]:
    return np.rot90(image, -r)


def _quarter_or_mirrored(image: npt.NDArray[np.int32], r: int) -> npt.NDArray[np.int32]:
    return np.rot90(image if r < 4 else image[:, ::-1], -(r % 4))


def _same(image: npt.NDArray[np.int32], _: int) -> npt.NDArray[np.int32]:
    return image


C1 = Rotations("C1", 1, _same)
"""No rotation: every pattern shows the master itself."""

C4 = Rotations("C4", 4, _quarter)
"""Quarter turns, clockwise: template r is `numpy.rot90(master, -r)`."""

D4 = Rotations("D4", 8, _quarter_or_mirrored)
"""`C4`, then quarter turns of the mirrored master: template 4 + r is `numpy.rot90(master[:, ::-1], -r)`."""


_GROUPS = {group.name: group for group in (C1, C4, D4)}
_IN_PLANE = re.compile(r"in-plane:(\d+)(m?)", re.IGNORECASE)


def rotations_of(rotations: object) -> TemplateMap:
    """A map as a user may give it: itself, or the name of a group or of in-plane rotations.

    Raises
    ------
    TypeError, ValueError
        If it is none; the message names the argument `rotations`.

    Examples
    --------
    >>> rotations_of("d4"), rotations_of("in-plane:36m")
    (D4, in-plane:36m)
    """
    if isinstance(rotations, str):
        if rotations.upper() in _GROUPS:
            return _GROUPS[rotations.upper()]
        if (named := _IN_PLANE.fullmatch(rotations)) and int(named[1]):
            return Rotations.in_plane(int(named[1]), mirrored=bool(named[2]))
        raise ValueError(f"rotations: expected C4, D4, C1, in-plane:K or in-plane:Km (K angles), got {rotations!r}")
    if isinstance(rotations, type) or not isinstance(rotations, TemplateMap):
        raise TypeError(f"rotations: expected motes.C4, another motes.TemplateMap or a name, got {kind_of(rotations)}")
    return rotations


def exact_rotations_of(rotations: object) -> Rotations:
    """A group of exact rotations or its name, where pixels must move as wholes.

    Raises
    ------
    TypeError, ValueError
        If it is none; the message names the argument `rotations`.

    Examples
    --------
    >>> exact_rotations_of("in-plane:36")
    Traceback (most recent call last):
    ...
    ValueError: rotations: expected C4, D4 or C1, got 'in-plane:36'
    """
    if isinstance(rotations, Rotations):
        return rotations
    if not isinstance(rotations, str):
        raise TypeError(f"rotations: expected motes.C4, motes.D4 or motes.C1, got {kind_of(rotations)}")
    if rotations.upper() not in _GROUPS:
        raise ValueError(f"rotations: expected C4, D4 or C1, got {rotations!r}")
    return _GROUPS[rotations.upper()]
