"""The truth behind a micrograph."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Particles:
    """N particles of one micrograph.

    Attributes
    ----------
    centres : (N, 2) float64 array, pixels
        x and y; pixel (x, y) is ``data[y, x]``.
    species : (N,) int64 array
        Which of the settings' species (of decoys: of the settings' decoys).
    angles : (N, 3) float64 array, degrees
        RELION's rot, tilt, psi.
    defocus : (N, 3) float64 array; angstrom, angstrom, degrees
        Larger and smaller underfocus, and the direction of the larger.
    contrast : (N,) float64 array
        Standard deviation over the support before the CTF, as a share of the mean intensity, on average over views.
    """

    centres: Floats
    species: NDArray[np.int64]
    angles: Floats
    defocus: Floats
    contrast: Floats

    def __len__(self) -> int:
        return len(self.centres)


def uniform_angles(n: int, rng: np.random.Generator) -> Floats:
    """`n` orientations, each as likely as any other; (n, 3) degrees."""
    rot, psi = 360 * rng.random((2, n))
    return np.stack([rot, np.rad2deg(np.arccos(rng.uniform(-1, 1, n))), psi], axis=1)
