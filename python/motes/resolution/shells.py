"""Shells of Fourier space: which voxel of a real transform is in which, how often it counts, and sums over them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from motes.cached import cached_property

FloatArray = NDArray[np.float64]
Spectrum = NDArray[np.complex64]


class Shells:
    """The shells of an image (H, W) or a volume (D, H, W), of equal width 1 / (longest side x voxel).

    Shell s holds the voxels whose frequency, in cycles per voxel, is nearest to s / n, with n the longest side: for a
    cube those at a distance from s - 1/2 to s + 1/2 voxels. The last shell is the highest along an axis, n // 2, which
    is Nyquist's where n is even. The corners of Fourier space beyond it belong to none.

    Parameters
    ----------
    shape : tuple of int
        Two or three sides, in voxels.

    Examples
    --------
    >>> shells = Shells((4, 4))
    >>> shells.frequency
    array([0.  , 0.25, 0.5 ])
    >>> shells.count
    array([1, 8, 6])
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = (1,) * (3 - len(shape)) + tuple(shape)
        self.longest = max(shape)
        self.n = self.longest // 2 + 1
        width = self.shape[2]
        self._squares = [(np.fft.fftfreq(side) * self.longest) ** 2 for side in self.shape[:2]]
        self._squares.append((np.fft.rfftfreq(width) * self.longest) ** 2)
        # The other half of the transform is its mirror image, but for the planes that mirror themselves.
        self.weight = np.full(width // 2 + 1, 2.0)
        self.weight[0] = 1.0
        if width % 2 == 0:
            self.weight[-1] = 1.0

    @property
    def frequency(self) -> FloatArray:
        """Frequency of each shell, cycles per voxel."""
        return np.arange(self.n) / self.longest

    def numbers(self) -> Iterator[NDArray[np.intp]]:
        """The shells of each plane of the transform, flat; numbers of `n` or more are of none."""
        inner = self._squares[1][:, None] + self._squares[2]
        for square in self._squares[0]:
            yield np.rint(np.sqrt(inner + square)).astype(np.intp).ravel()

    @cached_property
    def count(self) -> NDArray[np.int64]:
        """Voxels of the whole transform in each shell, both of each Friedel pair."""
        weight = np.tile(self.weight, self.shape[1])
        found = np.zeros(self.n)
        for numbers in self.numbers():
            self._add(found, numbers, weight)
        return found.astype(np.int64)

    def sums(self, first: Spectrum, second: Spectrum) -> FloatArray:
        """Sums over each shell of the whole transforms of two real maps, given their halves.

        Parameters
        ----------
        first, second : complex arrays
            As `scipy.fft.rfftn` returns them.

        Returns
        -------
        (3, n) float64 array
            Of Re(first conj(second)), |first|^2 and |second|^2. Products in the type of the transforms, sums in float64
            in one fixed order.
        """
        found = np.zeros((3, self.n))
        planes = (self.shape[0], self.shape[1], len(self.weight))
        spectra = (first.reshape(planes), second.reshape(planes))
        for numbers, *pair in zip(self.numbers(), *spectra, strict=True):
            for sums, (a, b) in zip(found, ((pair[0], pair[1]), (pair[0], pair[0]), (pair[1], pair[1])), strict=True):
                product = a.real * b.real
                product += a.imag * b.imag
                self._add(sums, numbers, (product * self.weight).ravel())
        return found

    def _add(self, sums: FloatArray, numbers: NDArray[np.intp], values: FloatArray) -> None:
        sums += np.bincount(numbers, values, minlength=self.n)[: self.n]
