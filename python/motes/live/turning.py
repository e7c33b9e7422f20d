"""The same reconstruction seen from another side: the group's free turn, which pictures in a row should share."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias, overload

import numpy as np
import numpy.typing as npt

from motes.in_plane import InPlane
from motes.quotient import nearest_turn
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.reconstruction.result import Reconstruction
from motes.scratch import BLOCK, gathered

Found: TypeAlias = Reconstruction | MixtureReconstruction
"""What `motes.reconstruct` finds, of exact rotations or of in-plane ones."""


def turned(result: Reconstruction, rotation: int) -> Reconstruction:
    """The same reconstruction, its master turned by one rotation of its group; labels and counts go with it.

    Parameters
    ----------
    result : Reconstruction
        What was found.
    rotation : int
        A member of `result.rotations`.

    Returns
    -------
    Reconstruction
        Turned by 0, the same; turned on by the inverse, what it was, to the bit.

    Examples
    --------
    >>> from motes import Patterns, reconstruct
    >>> result = reconstruct(Patterns.from_dense(np.eye(9, dtype=np.int64)[[0, 2, 8, 6] * 20], shape=(3, 3)))
    >>> turned(turned(result, 1), 3).labels[:4].tolist() == result.labels[:4].tolist()
    True
    """
    if rotation == 0:
        return result
    rotations = result.rotations
    slots = rotations.relabel(np.arange(rotations.n), rotation)
    order = np.argsort(slots)

    def home(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return rotations.turn_master(values, rotation)

    return dataclasses.replace(
        result,
        master=home(result.master),
        std_error=home(result.std_error),
        seen=home(result.seen.astype(np.float64)) > 0,
        labels=_relabelled(result.labels, slots),
        weights=result.weights[order],
        weights_std_error=result.weights_std_error[order],
        counts=result.counts[order],
        first_pattern_posterior=result.first_pattern_posterior[order],
    )


def _relabelled(labels: npt.NDArray[np.int32], slots: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Labels by their new names; on disk where they were: of patterns beyond memory."""
    if not isinstance(labels, np.memmap):
        return slots[labels]
    parts = ((first, slots[labels[first : first + BLOCK]]) for first in range(0, labels.size, BLOCK))
    return gathered(parts, labels.size, labels.dtype)


@overload
def by_convention(result: Reconstruction) -> Reconstruction: ...
@overload
def by_convention(result: MixtureReconstruction) -> MixtureReconstruction: ...
def by_convention(result: Found) -> Found:
    """Turned so that the first pattern's label is 0, as `motes.reconstruct` returns it; in-plane rotations as they are.

    Angles are relative to the master as it stands: to turn that would smooth it.
    """
    if isinstance(result, MixtureReconstruction):
        return result
    return turned(result, int(result.labels[0])) if result.labels.size else result


def as_before(result: Reconstruction, master: npt.NDArray[np.float64]) -> Reconstruction:
    """Turned so that its master is nearest to the one before it.

    Parameters
    ----------
    result : Reconstruction
        What was found.
    master : (H, W) array, photons a pixel
        The one before, NaN where it was never seen.
    """

    def distance(rotation: int) -> float:
        return float(np.nansum((result.rotations.turn_master(result.master, rotation) - master) ** 2))

    return turned(result, min(range(result.rotations.n), key=distance))


def near(result: Found, master: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Its master, turned to be nearest to another: by in-plane rotations by any angle, which smooths it.

    Parameters
    ----------
    result : Reconstruction or MixtureReconstruction
        What was found, one master.
    master : (H, W) array, photons a pixel
        The other, NaN where it was never seen.

    Returns
    -------
    (H, W) float64 array
        NaN where it was never seen.
    """
    if isinstance(result, Reconstruction):
        return as_before(result, master).master
    turns = result.maps[0]
    level = nearest_turn(result.master, master, turns).master
    return np.where(turns.support(level.shape), level, np.nan) if isinstance(turns, InPlane) else level
