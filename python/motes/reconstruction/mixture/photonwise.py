"""Every lit pixel of some patterns under every template, one by one: where scores are not linear in the photons."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.patterns import Patterns

FloatArray: TypeAlias = npt.NDArray[np.float64]


class Lit(NamedTuple):
    """E lit pixels of n patterns, each under T templates.

    Attributes
    ----------
    pattern, pixel : (E,) integer arrays
        Of each, in the order of the patterns.
    photons : (E,) float64 array
        How many it caught.
    indptr : (n + 1,) integer array
        Where each pattern begins.
    signal : (E, T) float64 array
        Mean photons of the signal there: fluence times template.
    means : (E, T) float64 array
        The same with the background.
    """

    pattern: npt.NDArray[np.int64]
    pixel: npt.NDArray[np.integer]
    photons: FloatArray
    indptr: npt.NDArray[np.integer]
    signal: FloatArray
    means: FloatArray

    @classmethod
    def of(cls, patterns: Patterns, fluence: FloatArray, signal: FloatArray, background: FloatArray) -> Lit:
        """Of patterns with a fluence each, templates (T, M) at fluence 1, and a background (M,)."""
        counts = patterns.to_scipy()
        pixel, pattern = counts.indices, np.repeat(np.arange(len(patterns)), np.diff(counts.indptr))
        there = fluence[pattern, None] * signal.T[pixel]
        means = np.maximum(there + background[pixel, None], np.finfo(np.float64).tiny)  # positive also at fluence 0
        return cls(pattern, pixel, counts.data.astype(np.float64), counts.indptr, there, means)

    def per_pattern(self, values: FloatArray) -> FloatArray:
        """Values of each photon, (E, ...), summed over each pattern: (n, ...)."""
        import scipy.sparse

        size = (self.indptr.size - 1, self.photons.size)
        photons = scipy.sparse.csr_array((self.photons, np.arange(self.photons.size), self.indptr), shape=size)
        return np.asarray(photons @ values)

    def per_pixel(self, values: FloatArray, n_pixels: int) -> FloatArray:
        """Values of each photon, (E, T), summed over each pixel: (M, T)."""
        import scipy.sparse

        size = (n_pixels, self.photons.size)
        photons = scipy.sparse.csr_array((self.photons, (self.pixel, np.arange(self.photons.size))), shape=size)
        return np.asarray(photons @ values)
