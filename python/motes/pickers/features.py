"""What a picker sees at each binned pixel: a bank of filters that know no direction, at scales of the particle."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.pickers.preparation import BINNED_DIAMETER, Prepared

Plane = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complexfloating[Any, Any]]  # complex64

VERSION = 1  # of the bank: another one makes what was cached or saved useless

# Widths in binned pixels of a particle that is 13.5 of them wide; all grow with the particle.
SCALES = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0)  # differences of Gaussians
SHAPES = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6)  # gradients and curvatures
DEVIATIONS = (0.6, 1.15, 1.6, 2.3, 4.0, 6.0)  # windows of local standard deviations
EXTREMES = (5, 9, 15)  # windows of minima and maxima
RINGS = (1.5, 3.0, 4.5, 6.0, 7.5, 9.0, 11.0)  # radii of circular harmonics
ORDERS = range(5)
ENERGIES = (1.5, 3.0, 6.0)  # windows of the deviation of each of the finest differences
ENERGY_BANDS = 6
REACH = 2.5  # diameters of mirrored surroundings: more than any filter looks


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """Filtered planes of one micrograph.

    Attributes
    ----------
    planes : (F, h, w) float32 array
        Of the part that is no padding.
    corner : (int, int)
        Column and row of its first pixel, binned pixels of the whole micrograph.
    binning : int
        Stored pixels a binned pixel.
    shape : (int, int)
        Rows and columns of the micrograph.
    """

    planes: Plane
    corner: tuple[int, int]
    binning: int
    shape: tuple[int, int]

    def to_micrograph(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Places on the planes as places in stored pixels."""
        places: npt.NDArray[np.float64] = (xy + np.array(self.corner)) * self.binning + (self.binning - 1) / 2
        return places

    def to_planes(self, xy: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """Places in stored pixels as places on the planes."""
        places: npt.NDArray[np.float64] = (xy - (self.binning - 1) / 2) / self.binning - np.array(self.corner)
        return places

    def __repr__(self) -> str:
        n, height, width = self.planes.shape
        return f"<Features: {n} planes of {height} x {width}, binned by {self.binning}>"


def features(prepared: Prepared, diameter: float, shape: tuple[int, int]) -> Features:
    """Filter a prepared micrograph.

    Differences of Gaussians, gradients, curvatures, local deviations of the image and of its bands, minima and maxima,
    and moduli of circular harmonics on rings. All but the extremes are products of spectra.

    Parameters
    ----------
    prepared : Prepared
        For particles of this diameter.
    diameter : float, stored pixels
        Of the particles.
    shape : (int, int)
        Of the stored micrograph.

    Returns
    -------
    Features
    """
    rows, columns = prepared.inside
    bank = _Bank(np.ascontiguousarray(prepared.image[rows, columns]), diameter / prepared.binning)
    return Features(bank.planes(), (columns.start, rows.start), prepared.binning, shape)


class _Bank:
    """One image and its spectrum; mirrored beyond its edges, so that a period is no neighbour."""

    def __init__(self, image: Plane, diameter: float) -> None:
        from scipy import fft

        self.image, self.unit = image, diameter / BINNED_DIAMETER
        self.margin = int(np.ceil(REACH * diameter))
        self.size = tuple(fft.next_fast_len(side + 2 * self.margin, real=True) for side in image.shape)
        along = 2 * np.pi * np.fft.fftfreq(self.size[0]), 2 * np.pi * np.fft.rfftfreq(self.size[1])
        self.ky, self.kx = along[0].astype(np.float32)[:, None], along[1].astype(np.float32)[None]
        self.squares = self.ky**2 + self.kx**2
        self.spectrum = self.forward(image)

    def forward(self, image: Plane) -> Spectrum:
        """Spectrum of an image."""
        from scipy import fft

        before = self.margin
        pads = [(before, whole - side - before) for whole, side in zip(self.size, image.shape, strict=True)]
        spectrum: Spectrum = fft.rfft2(np.pad(image, pads, mode="symmetric"))
        return spectrum

    def back(self, spectrum: Spectrum) -> Plane:
        """The image of a spectrum."""
        from scipy import fft

        height, width = self.image.shape
        image = np.asarray(fft.irfft2(spectrum, s=self.size), np.float32)
        return image[self.margin : self.margin + height, self.margin : self.margin + width]

    def gaussian(self, width: float) -> Plane:
        """Transfer function of a Gaussian."""
        exponent: Plane = np.float32(-0.5 * (width * self.unit) ** 2) * self.squares
        return np.exp(exponent)

    def planes(self) -> Plane:
        """All filters, in a fixed order."""
        bands = [
            self.back(self.spectrum * (self.gaussian(fine) - self.gaussian(coarse)))
            for fine, coarse in pairwise(SCALES)
        ]
        every = [*bands, *self.shapes(), *self.deviations(), *self.extremes(), *self.harmonics()]
        for band in bands[:ENERGY_BANDS]:
            energy = self.forward(band * band)
            every += [np.sqrt(np.maximum(self.back(energy * self.gaussian(width)), 1e-8)) for width in ENERGIES]
        return np.stack(every)

    def shapes(self) -> list[Plane]:
        """Gradient magnitude, and both curvatures; derivatives times width, so that they do not depend on it."""
        found: list[Plane] = []
        for width in SHAPES:
            step = np.float32(width * self.unit)
            smooth = self.spectrum * self.gaussian(width) * step
            found.append(np.hypot(self.back(1j * self.kx * smooth), self.back(1j * self.ky * smooth)))
            smooth *= -step
            xx, yy, xy = (self.back(smooth * k) for k in (self.kx**2, self.ky**2, self.kx * self.ky))
            mean = ((xx + yy) / 2).astype(np.float32)
            spread = np.hypot((xx - yy) / np.float32(2), xy)
            found += [mean + spread, mean - spread]
        return found

    def deviations(self) -> list[Plane]:
        """Local standard deviations."""
        square = self.forward(self.image * self.image)
        found: list[Plane] = []
        for width in DEVIATIONS:
            window = self.gaussian(width)
            variance = self.back(square * window) - self.back(self.spectrum * window) ** 2
            found.append(np.sqrt(np.maximum(variance, 1e-6)))
        return found

    def extremes(self) -> list[Plane]:
        """Minima and maxima of square windows."""
        from scipy import ndimage

        found: list[Plane] = []
        for window in EXTREMES:
            side = 2 * round((window * self.unit - 1) / 2) + 1
            found += [
                take(self.image, side, mode="reflect") for take in (ndimage.minimum_filter, ndimage.maximum_filter)
            ]
        return found

    def harmonics(self) -> list[Plane]:
        """Moduli of circular harmonics: of a ring times exp(i m angle), how much of it is around each pixel."""
        from scipy import fft

        y, x = (np.fft.fftfreq(side, 1 / side) for side in self.size)
        radius, angle = np.hypot(y[:, None], x[None]), np.arctan2(y[:, None], x[None])
        found: list[Plane] = []
        for ring in RINGS:
            width = max(0.8, 0.2 * ring) * self.unit
            profile = np.exp(-0.5 * ((radius - ring * self.unit) / width) ** 2)
            profile /= profile.sum()
            for order in ORDERS:
                parts = [profile * wave(order * angle) for wave in (np.cos, np.sin)[: 1 if order == 0 else 2]]
                planes = [self.back(self.spectrum * fft.rfft2(part.astype(np.float32))) for part in parts]
                found.append(planes[0] if order == 0 else np.hypot(*planes))
        return found
