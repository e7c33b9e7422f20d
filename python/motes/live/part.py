"""The part of a master that changes as it turns: orientations are told by it, and by nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.live.turning import Found
from motes.maps import TemplateMap
from motes.reconstruction.result import Reconstruction

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class TurningPart:
    """A master less its mean over all turns.

    Attributes
    ----------
    turns : TemplateMap
        How it turns.
    mean, part : (H, W) float64 arrays, photons a pixel
        The mean over all turns, and the rest; 0 where the master was never seen.
    variance_of_mean : float
        Sum of the pixels' variances of the mean, photons^2: that of photons added up, which knows no orientation.
    """

    turns: TemplateMap
    mean: FloatArray
    part: FloatArray
    variance_of_mean: float

    @property
    def size(self) -> float:
        """Of the part, squared."""
        return float((self.part**2).sum())

    def squared_error(self, variance: float) -> float:
        """Of the part, relative to it, where the variances of the master's pixels sum to this."""
        turning = max(0.0, variance - self.variance_of_mean)
        return turning / self.size if self.size > 0 else float("inf")


def turning_part(result: Found) -> TurningPart:
    """Of a reconstruction of one master and exact or in-plane rotations."""
    turns = result.rotations if isinstance(result, Reconstruction) else result.maps[0]
    seen = np.isfinite(result.master)
    master = np.where(seen, result.master, 0.0)
    mean = np.where(seen, turns.expand(master).mean(axis=0), 0.0)
    low, high = result.noise.limits(result.n_patterns)
    variances = _share(result) / result.noise.precision(master.clip(low, high)) / max(result.n_patterns, 1)
    return TurningPart(turns, mean, np.where(seen, master - mean, 0.0), float(variances[seen].sum()))


def _share(result: Found) -> FloatArray:
    """(H, W): of each pixel in the mean over all turns, 1 / the number of those that it is averaged with."""
    shape = result.master.shape
    if isinstance(result, Reconstruction):
        index = result.rotations.index(shape)
        return np.asarray((index == np.arange(index.shape[1])).mean(axis=0).reshape(shape))
    across, along = (np.arange(side) - (side - 1) / 2 for side in shape)
    ring = np.rint(np.hypot(across[:, None], along)).astype(np.int64)
    return np.asarray(np.maximum(1 / np.bincount(ring.ravel())[ring], 1 / result.maps[0].n))
