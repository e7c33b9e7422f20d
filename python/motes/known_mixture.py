"""What patterns of a mixture were made from, in a file: masters, and class, rotation and fluence of each pattern."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz


@dataclass(frozen=True, eq=False)
class KnownMixture:
    """K masters, and which of them each of N patterns shows, from which side, in what light.

    Attributes
    ----------
    masters : (K, H, W) float64 array
        Means at fluence 1, before they were turned; zeros for a class that is nothing but background.
    classes, rotations : (N,) integer arrays
        Class of each pattern, and which template of its class.
    angles : (N,) float64 array, degrees clockwise
        NaN where the template is no turn.
    fluence : (N,) float64 array
        Of mean 1.
    background : (H, W) float64 array
        Mean of each pixel beside.
    """

    masters: NDArray[np.float64]
    classes: NDArray[np.integer[Any]]
    rotations: NDArray[np.integer[Any]]
    angles: NDArray[np.float64]
    fluence: NDArray[np.float64]
    background: NDArray[np.float64]

    def select(self, which: NDArray[np.bool_]) -> KnownMixture:
        """The truth behind some of the patterns, (N,)."""
        of_each = (self.classes[which], self.rotations[which], self.angles[which], self.fluence[which])
        return KnownMixture(self.masters, *of_each, self.background)


def write_known_mixture(path: str | os.PathLike[str], known: KnownMixture) -> None:
    """Write it to an .npz, whole or not at all.

    Of one class, `master` and `labels` are there too, as `motes.truth.read_truth` reads them.

    Examples
    --------
    >>> import tempfile
    >>> each = np.array([0, 1])
    >>> known = KnownMixture(np.zeros((1, 2, 2)), 0 * each, each, 90.0 * each, 1.0 + each, np.zeros((2, 2)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_known_mixture(f"{folder}/truth.npz", known)
    ...     read_known_mixture(f"{folder}/truth.npz").angles
    array([ 0., 90.])
    """
    arrays = {field.name: getattr(known, field.name) for field in fields(known)}
    if len(known.masters) == 1:
        arrays |= {"master": known.masters[0], "labels": known.rotations}
    write_npz(path, {name: array_table(array) for name, array in arrays.items()})


def read_known_mixture(path: str | os.PathLike[str]) -> KnownMixture:
    """Read what `write_known_mixture` wrote.

    Raises
    ------
    FormatError
        If it is no such file, or an array in it is of another type or shape, or holds what it can not.
    """
    with open_archive(path) as archive:
        missing = [field.name for field in fields(KnownMixture) if field.name not in archive.names]
        if missing:
            raise FormatError(f"{path}: no {', '.join(missing)} in it, only {', '.join(archive.names) or 'nothing'}")
        known = KnownMixture(**{field.name: archive.array(field.name) for field in fields(KnownMixture)})
    masters, n = known.masters, known.classes.size
    kinds = {"masters": "f", "classes": "iu", "rotations": "iu", "angles": "f", "fluence": "f", "background": "f"}
    shapes = {"masters": (*masters.shape[:1], *known.background.shape), "background": known.background.shape}
    for name, kind in kinds.items():
        array = getattr(known, name)
        shape = shapes.get(name, (n,))
        if array.dtype.kind not in kind or array.shape != shape:
            raise FormatError(f"{path}: {name}: {array.dtype} of shape {array.shape}, expected {kind} of {shape}")
        if name != "angles" and not np.isfinite(array).all():
            raise FormatError(f"{path}: {name}: not all are finite")
    if known.background.ndim != 2 or not len(masters):
        raise FormatError(f"{path}: masters of shape {masters.shape}, expected (K, H, W)")
    if n and (known.classes.min() < 0 or known.classes.max() >= len(masters) or known.rotations.min() < 0):
        raise FormatError(f"{path}: classes or rotations out of range, of {len(masters)} masters")
    if not (known.fluence >= 0).all():
        raise FormatError(f"{path}: a fluence is negative")
    return known
