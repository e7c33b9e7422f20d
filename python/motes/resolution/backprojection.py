"""A map from images whose orientations are known: direct Fourier inversion with the CTF's weight."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.resolution.shells import Shells
from motes.simulate.cryoem.projection import rotation

FloatArray = NDArray[np.float64]
Volume = NDArray[np.float32]

PADDING = 2  # grid points of the volume's transform for each of an image's
LEAST = 1e-3  # of a shell's mean weight: less is as good as not seen


class BackProjector:
    """Gathers central slices in Fourier space, and turns them into a map.

    Of image i, with the transform Y_i about its particle's centre, the CTF c_i and the orientation A_i, the slice
    theorem says Y_i(k) = c_i(k) V(A_i^T (k, 0)) + noise. Least squares for V, each sample shared between the eight
    grid points around it by their trilinear weights w, is

        V = sum w c Y / sum w c^2,

    the denominator not less than a thousandth of its shell's mean. The transform back is divided by that of the
    weights, sinc^2 along each axis. Only frequencies below Nyquist's are filled.

    Parameters
    ----------
    side : int
        Pixels along the images' sides; even.
    """

    def __init__(self, side: int) -> None:
        self.side = side
        self._grid = PADDING * side
        self._radius = side // 2 - 1
        kx, ky = np.meshgrid(np.arange(side // 2 + 1), np.fft.fftfreq(side, 1 / side))
        inside = (kx**2 + ky**2 <= self._radius**2) & ((kx > 0) | (ky >= 0))  # one of each Friedel pair
        self._rows, self._columns = np.nonzero(inside)
        self._k = np.stack([kx[inside], ky[inside]]).astype(np.float64)
        half = self._grid // 2
        self._shape = (self._grid + 1, self._grid + 1, half + 2)  # z and y from -half, x from 0
        self._sums = np.zeros((3, int(np.prod(self._shape))))

    def add(self, images: NDArray[Any], angles: FloatArray, centres: FloatArray, ctfs: NDArray[Any] | None) -> None:
        """Add images.

        Parameters
        ----------
        images : (n, side, side) array
        angles : (n, 3) array, degrees
            RELION's rot, tilt, psi.
        centres : (n, 2) array, pixels
            x and y of the particle in its image.
        ctfs : (n, side, side // 2 + 1) array or None
            At the frequencies of `rfft2`; None: 1.
        """
        from scipy.fft import rfft2

        samples = rfft2(images.astype(np.float32), workers=1)[:, self._rows, self._columns]
        turn = 2 * np.pi / self.side * (centres @ self._k)
        samples = samples * np.exp(1j * turn)
        weights = np.ones(samples.shape) if ctfs is None else ctfs[:, self._rows, self._columns].astype(np.float64)
        matrices = rotation(angles)
        # Frequencies turn as points do: the slice at (x, y) is the volume's transform at A^T (x, y, 0).
        places = PADDING * np.einsum("nij,ik->njk", matrices[:, :2], self._k)
        self._insert(places, samples * weights, weights**2)

    def _insert(self, places: FloatArray, samples: NDArray[Any], weights: FloatArray) -> None:
        """Share samples between grid points; those of negative x as their Friedel partners."""
        flip = places[:, 0] < 0
        x, y, z = np.where(flip[:, None], -places, places).transpose(1, 0, 2)
        samples = np.where(flip, samples.conj(), samples)
        half = self._grid // 2
        corner = [np.floor(values).astype(np.int64) for values in (z, y, x)]
        part = [values - low for values, low in zip((z, y, x), corner, strict=True)]
        for dz in (0, 1):
            for dy in (0, 1):
                for dx in (0, 1):
                    share = np.ones(x.shape)
                    for fraction, step in zip(part, (dz, dy, dx), strict=True):
                        share *= fraction if step else 1 - fraction
                    at = (corner[0] + half + dz, corner[1] + half + dy, corner[2] + dx)
                    flat = np.ravel_multi_index(at, self._shape).ravel()
                    for sums, values in zip(self._sums, (samples.real, samples.imag, weights), strict=True):
                        sums += np.bincount(flat, (share * values).ravel(), minlength=sums.size)

    def volume(self) -> Volume:
        """The map, (side, side, side): index [z, y, x], origin at voxel side // 2."""
        from scipy.fft import irfftn

        half, grid = self._grid // 2, self._grid
        real, imaginary, weight = (sums.reshape(self._shape)[..., : half + 1] for sums in self._sums)
        numerator = real + 1j * imaginary
        # The plane x = 0 holds both of each pair: what came to one belongs to the other, too.
        numerator[..., 0] += numerator[::-1, ::-1, 0].conj()
        denominator = weight.copy()
        denominator[..., 0] += denominator[::-1, ::-1, 0]
        # From -half .. half to the order of the transform; Nyquist's frequency is beyond all that was filled.
        order = np.fft.ifftshift(np.arange(grid))
        numerator, denominator = (values[:grid, :grid][order][:, order] for values in (numerator, denominator))
        spectrum = numerator / _floored(denominator)
        signs = [(-1.0) ** np.arange(n) for n in (grid, grid, half + 1)]
        spectrum *= signs[0][:, None, None] * signs[1][:, None] * signs[2]
        padded = irfftn(spectrum.astype(np.complex64), (grid,) * 3, workers=1)
        start = half - self.side // 2
        inner = slice(start, start + self.side)
        window = np.sinc((np.arange(self.side) - self.side // 2) / grid) ** 2
        found = padded[inner, inner, inner] / (window[:, None, None] * window[:, None] * window)
        return np.asarray(found, np.float32)


def _floored(weight: FloatArray) -> FloatArray:
    """Weights not below a share of their shell's mean."""
    shells = Shells((len(weight),) * 3)
    total, count = np.zeros((2, shells.n))
    for numbers, plane in zip(shells.numbers(), weight, strict=True):
        total += np.bincount(numbers, plane.ravel(), minlength=shells.n)[: shells.n]
        count += np.bincount(numbers, minlength=shells.n)[: shells.n]
    least = LEAST * np.concatenate([total / count, [np.inf]])
    floored = np.empty_like(weight)
    for i, numbers in enumerate(shells.numbers()):
        shell = np.minimum(numbers, shells.n).reshape(weight.shape[1:])
        floored[i] = np.maximum(weight[i], np.maximum(least[shell], 1e-30))
    return floored
