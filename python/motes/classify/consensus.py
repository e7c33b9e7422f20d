"""Consensus alignment: turn each class average to the anchor, and superpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.checks import whole
from motes.foreign import array_of
from motes.rotations import C4, Rotations, exact_rotations_of


@dataclass(frozen=True, eq=False)
class Consensus:
    """Class averages brought home.

    Attributes
    ----------
    master : (H, W) float64 array
        Weighted mean of the class averages, each turned to the anchor.
    rotations : (K,) int32 array
        The rotation of the master that each class shows.
    correlations : (K,) float64 array
        Of each turned class average with the anchor.
    """

    master: npt.NDArray[np.float64]
    rotations: npt.NDArray[np.int32]
    correlations: npt.NDArray[np.float64]


def consensus(
    averages: npt.NDArray[np.floating[Any]],
    rotations: Rotations | str = C4,
    *,
    members: npt.NDArray[Any] | None = None,
    anchor: int = 0,
) -> Consensus:
    """Align class averages by correlation with one of them, and superpose them (the seed's section 4.1).

    Parameters
    ----------
    averages : (K, H, W) array
        Class averages.
    rotations : Rotations or str
        The group, or its name.
    members : (K,) array, optional
        Weights of the classes; equal by default.
    anchor : int
        The class that the others are turned to.

    Returns
    -------
    Consensus

    Raises
    ------
    ValueError
        If the averages are no (K, H, W) of finite numbers, or `members` no K weights from 0 with a positive sum.

    Examples
    --------
    >>> image = np.arange(9.0).reshape(3, 3)
    >>> found = consensus(np.stack([image, np.rot90(image, -1)]))
    >>> found.rotations, bool(np.all(found.master == image))
    (array([0, 1], dtype=int32), True)
    """
    rotations = exact_rotations_of(rotations)
    anchor = whole("anchor", anchor, 0)
    images = np.asarray(array_of("averages", averages), np.float64)
    if images.ndim != 3 or not anchor < len(images):
        raise ValueError(f"averages: expected shape (K, H, W) with K > {anchor}, got {images.shape}")
    if not np.isfinite(images).all():
        raise ValueError("averages: expected finite numbers")
    weights = np.ones(len(images)) if members is None else np.asarray(members, np.float64)
    if weights.shape != (len(images),):
        raise ValueError(f"members: expected {len(images)} weights, one a class, got shape {weights.shape}")
    if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
        raise ValueError(f"members: expected finite weights, 0 or more and not all 0, got {weights}")
    templates = rotations.expand(images[anchor]).reshape(rotations.n, -1)
    templates = templates - templates.mean(axis=1, keepdims=True)
    flat = images.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    sizes = np.outer(np.linalg.norm(flat, axis=1), np.linalg.norm(templates, axis=1))
    correlations = flat @ templates.T / np.maximum(sizes, 1e-300)
    shown = correlations.argmax(axis=1)
    home = sum(
        weight * rotations.turn_master(image, rotations.inverse(int(r)))
        for weight, image, r in zip(weights, images, shown, strict=True)
    )
    return Consensus(home / weights.sum(), shown.astype(np.int32), correlations.max(axis=1))
