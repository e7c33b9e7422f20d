"""What a reconstruction asks of a map from a master to the templates that patterns may show."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float64]


@runtime_checkable
class TemplateMap(Protocol):
    """A linear map from a master to R templates, with its transpose: rotations, slices of a volume, anything else.

    Where a template's pixel is covered, it is a mean of the master's: weights of 0 or more that sum to 1. A constant
    master then has constant templates, and means stay probabilities.

    Examples
    --------
    The three slices of a small volume, as a map of one's own:

    >>> class Slices:
    ...     name, n, angles = "slices", 3, None
    ...     def expand(self, master):
    ...         return np.array(master, np.float64)
    ...     def back_rotate(self, planes):
    ...         return np.array(planes, np.float64)
    ...     def support(self, shape):
    ...         return np.ones(shape, bool)
    >>> isinstance(Slices(), TemplateMap)
    True
    """

    @property
    def name(self) -> str:
        """As options and reports have it: `C4`, `in-plane:36`."""

    @property
    def n(self) -> int:
        """R, how many templates there are."""

    @property
    def angles(self) -> FloatArray | None:
        """(R,) degrees clockwise by which each template turns the master; None where it is no such angle."""

    def expand(self, master: npt.NDArray[np.floating]) -> FloatArray:
        """Templates of a master: (R, H, W) float64."""

    def back_rotate(self, planes: npt.NDArray[np.floating]) -> FloatArray:
        """The exact transpose of `expand`: from (R, H, W) a sum of the master's shape."""

    def support(self, shape: Sequence[int]) -> npt.NDArray[np.bool_]:
        """(H, W): the pixels of a detector of this shape that the templates cover."""


def mark_of(turns: TemplateMap, shape: Sequence[int]) -> str:
    """What tells a map from others: its name, how many templates there are, and what it makes of one master of noise.

    Maps of one's own may share a name, and differ.

    Parameters
    ----------
    turns : TemplateMap
        The map.
    shape : (int, int)
        Of the detector.

    Examples
    --------
    >>> from motes import C4, Rotations
    >>> mark_of(C4, (5, 5)).split(" ")[:2]
    ['C4', '4']
    >>> mark_of(C4, (5, 5)).split(" ")[2] == mark_of(Rotations.in_plane(4), (5, 5)).split(" ")[2]
    False
    """
    height, width = shape
    master = turns.back_rotate(np.zeros((turns.n, height, width)))
    probe = turns.expand(np.random.default_rng(0).random(master.shape))
    rounded = np.round(probe, 6) + 0.0  # the last digits are those of a processor
    return (
        f"{turns.name} {turns.n} {hashlib.blake2b(np.ascontiguousarray(rounded).tobytes(), digest_size=8).hexdigest()}"
    )
