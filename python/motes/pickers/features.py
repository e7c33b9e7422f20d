"""What a picker sees at each binned pixel: a bank of filters that know no direction, at scales of the particle."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

from motes.pickers.frame import Frame
from motes.pickers.preparation import BINNED_DIAMETER, Prepared
from motes.pickers.spectrum import Mirrored, Plane, Spectrum

VERSION = 2  # of the bank: another one makes what was cached or saved useless

# Widths in binned pixels of a particle that is 13.5 of them wide; all grow with the particle.
SCALES = (0.7, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0)  # differences of Gaussians
SHAPES = (1.0, 1.4, 2.0, 2.8, 4.0, 5.6)  # gradients and curvatures
DEVIATIONS = (0.6, 1.15, 2.3)  # windows of local standard deviations
EXTREMES = (5, 9, 15)  # windows of minima and maxima
RINGS = (3.0, 6.0, 9.0, 11.0)  # radii of circular harmonics
ORDERS = (1, 2)
BANDS = 6  # the finest differences of Gaussians, of which the energy counts, and still finer ones:
FINE_SCALES = (0.25, 0.35, 0.5, 0.7, 1.0)
ENERGIES = (1.5, 3.0, 6.0)  # windows of energy
N_PLANES = (
    len(SCALES) - 1 + 3 * len(SHAPES) + len(DEVIATIONS) + 2 * len(EXTREMES) + len(RINGS) * len(ORDERS)
    + (BANDS + len(FINE_SCALES) - 1) * len(ENERGIES)
)  # fmt: skip
REACH = 2.5  # diameters of mirrored surroundings: more than any filter looks


@dataclass(frozen=True, eq=False, repr=False)
class Features:
    """Filtered planes of one micrograph.

    Attributes
    ----------
    planes : (F, h, w) float32 array
        Of the part that is no padding.
    frame : Frame
        Where that part lies on the micrograph.
    """

    planes: Plane
    frame: Frame

    def __repr__(self) -> str:
        n, height, width = self.planes.shape
        return f"<Features: {n} planes of {height} x {width}, binned by {self.frame.binning}>"


def features(prepared: Prepared, diameter: float) -> Features:
    """Filter a prepared micrograph.

    Differences of Gaussians, gradients, curvatures, local deviations, minima and maxima,
    moduli of circular harmonics on rings, and local energies of fine bands: texture. All but the extremes and the
    finest bands are products of spectra.

    Parameters
    ----------
    prepared : Prepared
        For particles of this diameter.
    diameter : float, stored pixels
        Of the particles.

    Returns
    -------
    Features
    """
    rows, columns = prepared.inside
    bank = _Bank(prepared.image[rows, columns], diameter / prepared.binning)
    zoom = len(prepared.fine) // len(prepared.image)
    fine = prepared.fine[zoom * rows.start : zoom * rows.stop, zoom * columns.start : zoom * columns.stop]
    return Features(bank.planes(fine), prepared.frame)


class _Bank(Mirrored):
    """One image and its spectrum; widths in binned pixels of a particle of the usual size."""

    def __init__(self, image: Plane, diameter: float) -> None:
        super().__init__((image.shape[0], image.shape[1]), int(np.ceil(REACH * diameter)))
        self.image, self.unit = image, diameter / BINNED_DIAMETER
        self.spectrum = self.forward(image)
        self.rings = _ring_spectra(self.size, self.unit)

    def gaussian(self, width: float) -> Plane:
        """Transfer function of a Gaussian that grows with the particle."""
        return super().gaussian(width * self.unit)

    def planes(self, fine: Plane) -> Plane:
        """All filters, in a fixed order."""
        bands = [
            self.back(self.spectrum * (self.gaussian(narrow) - self.gaussian(wide)))
            for narrow, wide in pairwise(SCALES)
        ]
        every = [*bands, *self.shapes(), *self.deviations(), *self.extremes(), *self.harmonics()]
        energies = [*(band * band for band in bands[:BANDS]), *self.fine_energies(fine)]
        for energy in map(self.forward, energies):
            every += [np.sqrt(np.maximum(self.back(energy * self.gaussian(width)), 1e-8)) for width in ENERGIES]
        return np.stack(every)

    def fine_energies(self, fine: Plane) -> Iterator[Plane]:
        """Squares of differences of Gaussians that are too fine for the binned image, averaged to its pixels."""
        from scipy import ndimage

        (height, width), zoom = self.image.shape, len(fine) // len(self.image)
        smooth = [ndimage.gaussian_filter(fine, zoom * scale * self.unit) for scale in FINE_SCALES]
        for narrow, wide in pairwise(smooth):
            yield ((narrow - wide) ** 2).reshape(height, zoom, width, zoom).mean(axis=(1, 3))

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
        return [np.hypot(*(self.back(self.spectrum * part) for part in ring)) for ring in self.rings]


@lru_cache(maxsize=4)
def _ring_spectra(size: tuple[int, int], unit: float) -> list[tuple[Spectrum, Spectrum]]:
    """Of each ring and order, spectra of its cosine and its sine; the same for all micrographs of one size."""
    from scipy import fft

    y, x = (np.fft.fftfreq(side, 1 / side) for side in size)
    radius, angle = np.hypot(y[:, None], x[None]), np.arctan2(y[:, None], x[None])
    found = []
    for ring in RINGS:
        width = max(0.8, 0.2 * ring) * unit
        profile = np.exp(-0.5 * ((radius - ring * unit) / width) ** 2)
        profile /= profile.sum()
        for order in ORDERS:
            waves = np.cos(order * angle), np.sin(order * angle)
            cosine, sine = (fft.rfft2((profile * wave).astype(np.float32)) for wave in waves)
            found.append((cosine, sine))
    return found
