"""Correlation of two maps, shell by shell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class ShellCurve:
    """Fourier shell (or ring) correlation of two maps.

    Attributes
    ----------
    frequency : (S,) float64 array
        Of each shell: 1 / angstrom, or cycles per voxel where the voxel's size is not known.
    correlation : (S,) float64 array
        What resolution is read from: corrected where the maps were masked. 0 where one of the maps has no power.
    low, high : (S,) float64 arrays
        Confidence band of the correlation.
    n_voxels : (S,) int64 array
        Voxels in each shell, both of each Friedel pair.
    n_independent : (S,) float64 array
        How many of them are independent: half, and fewer under a mask.
    shape : tuple of int
        Of the maps.
    voxel_size : float or None
        Angstrom.
    confidence : float
        Of the band, point by point.
    unmasked, masked, randomised : (S,) float64 arrays or None
        The curves behind a corrected one: without the mask, with it, and with it after the phases were randomised.
    randomised_from : int or None
        The first shell whose phases were randomised; None where there was no mask, or nothing to correct.
    """

    frequency: FloatArray
    correlation: FloatArray
    low: FloatArray
    high: FloatArray
    n_voxels: NDArray[np.int64]
    n_independent: FloatArray
    shape: tuple[int, ...]
    voxel_size: float | None
    confidence: float
    unmasked: FloatArray | None = None
    masked: FloatArray | None = None
    randomised: FloatArray | None = None
    randomised_from: int | None = None

    def __len__(self) -> int:
        return len(self.frequency)

    @property
    def name(self) -> str:
        """FSC or FRC."""
        return "FSC" if len(self.shape) == 3 else "FRC"

    @property
    def voxel(self) -> str:
        """What the maps are made of."""
        return "voxel" if len(self.shape) == 3 else "pixel"

    @property
    def unit(self) -> str:
        """Of lengths: angstrom, voxels or pixels."""
        return f"{self.voxel}s" if self.voxel_size is None else "angstrom"

    def columns(self) -> dict[str, NDArray[Any]]:
        """All that there is to tell of each shell, by name, as a table is written."""
        from motes.resolution.rules import threshold

        with np.errstate(divide="ignore"):
            length = 1 / self.frequency
        told: dict[str, NDArray[Any]] = {
            "shell": np.arange(len(self)),
            "frequency": self.frequency,
            f"resolution_{self.unit}": length,
            "correlation": self.correlation,
            "low": self.low,
            "high": self.high,
            "half_bit": threshold(self, "half-bit"),
            "n_voxels": self.n_voxels,
            "n_independent": self.n_independent,
        }
        behind = {"unmasked": self.unmasked, "masked": self.masked, "randomised": self.randomised}
        return told | {name: values for name, values in behind.items() if values is not None}

    def as_dict(self) -> dict[str, Any]:
        """Plain values: the maps, and a list for each column of `columns`."""
        return {
            "shape": list(self.shape),
            "voxel_size": self.voxel_size,
            "confidence": self.confidence,
            "randomised_from": self.randomised_from,
            "shells": {name: values.tolist() for name, values in self.columns().items()},
        }

    def __repr__(self) -> str:
        from motes.resolution.rules import resolution_at

        size = " x ".join(map(str, self.shape))
        return f"<{self.name} of {size}: {resolution_at(self)}>"


def band(correlation: FloatArray, n_independent: FloatArray, confidence: float) -> tuple[FloatArray, FloatArray]:
    """Confidence interval of each correlation, by Fisher's transform.

    The correlation r of m pairs of real numbers of mean zero has atanh(r) close to normal, of variance 1 / (m - 2); a
    shell with n independent complex voxels holds m = 2n of them. Three pairs or fewer tell nothing: -1 to 1.
    """
    from scipy.special import ndtri

    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected a number between 0 and 1, got {confidence}")
    left = 2 * n_independent - 2
    reach = np.where(left > 1, float(ndtri(0.5 + confidence / 2)) / np.sqrt(np.maximum(left, 1)), math.inf)
    middle = np.arctanh(np.clip(correlation, -1 + 1e-15, 1 - 1e-15))
    return np.tanh(middle - reach), np.tanh(middle + reach)
