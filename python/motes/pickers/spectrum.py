"""Filters as products of spectra, of an image that is mirrored beyond its edges."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Plane = npt.NDArray[np.float32]
Spectrum = npt.NDArray[np.complexfloating[Any, Any]]  # complex64


class Mirrored:
    """Spectra of images of one size, each mirrored far enough that the next period is no neighbour.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the images.
    margin : int, pixels
        How far they are mirrored: more than any filter looks.

    Attributes
    ----------
    size : (int, int)
        Rows and columns with margins.
    ky, kx : float32 arrays
        Radians a pixel, of rows and of columns, for derivatives; they broadcast to the shape of a spectrum. The highest
        one of an even size has no direction, and is 0.
    squares : float32 array
        ky^2 + kx^2, with the highest ones.
    """

    def __init__(self, shape: tuple[int, int], margin: int) -> None:
        from scipy import fft

        self.shape, self.margin = shape, margin
        rows, columns = (fft.next_fast_len(side + 2 * margin, real=True) for side in shape)
        self.size: tuple[int, int] = (rows, columns)
        along = 2 * np.pi * np.fft.fftfreq(rows), 2 * np.pi * np.fft.rfftfreq(columns)
        ky, kx = along[0].astype(np.float32)[:, None], along[1].astype(np.float32)[None]
        self.squares: Plane = ky**2 + kx**2
        self.ky, self.kx = (np.where(np.abs(k) < 3.1415, k, np.float32(0)) for k in (ky, kx))

    def forward(self, image: Plane) -> Spectrum:
        """Spectrum of an image."""
        from scipy import fft

        before = self.margin
        pads = [(before, whole - side - before) for whole, side in zip(self.size, image.shape, strict=True)]
        spectrum: Spectrum = fft.rfft2(np.pad(image, pads, mode="symmetric"))
        return spectrum

    def back(self, spectrum: Spectrum) -> Plane:
        """The image of a spectrum, without margins."""
        from scipy import fft

        height, width = self.shape
        image = np.asarray(fft.irfft2(spectrum, s=self.size), np.float32)
        return image[self.margin : self.margin + height, self.margin : self.margin + width]

    def gaussian(self, width: float) -> Plane:
        """Transfer function of a Gaussian of this standard deviation in pixels."""
        exponent: Plane = np.float32(-0.5 * width**2) * self.squares
        return np.exp(exponent)
