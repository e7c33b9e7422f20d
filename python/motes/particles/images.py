"""Particle images: cut out of a micrograph, shifted, down-sampled, normalised."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.io.mrc import Section, sum_of_squares

Image = NDArray[np.float32]


def cut(data: NDArray[Any], x: int, y: int, box: int) -> NDArray[Any]:
    """The square whose pixel (box // 2, box // 2) is pixel (x, y) of the micrograph: a view where it can be.

    Beyond the micrograph's edges its nearest pixels are repeated.
    """
    left, top = x - box // 2, y - box // 2
    height, width = data.shape
    if left >= 0 and top >= 0 and left + box <= width and top + box <= height:
        return data[top : top + box, left : left + box]
    rows = np.clip(np.arange(top, top + box), 0, height - 1)
    columns = np.clip(np.arange(left, left + box), 0, width - 1)
    padded: NDArray[Any] = data[rows[:, None], columns]
    return padded


class Resampler:
    """Shifts and down-samples square images in Fourier space.

    Parameters
    ----------
    box, side : int, pixels
        Of images before and after; even, side at most box. Pixel (box / 2, box / 2) becomes pixel (side / 2, side / 2).
    """

    def __init__(self, box: int, side: int) -> None:
        self.box, self.side = box, side
        self._rows, self._columns = np.fft.fftfreq(box)[:, None], np.fft.rfftfreq(box)

    def __call__(self, image: Image, offset: tuple[float, float]) -> Image:
        """The image, its content at (box / 2 + x, box / 2 + y) brought to the middle for an offset (x, y).

        The highest frequency, Nyquist's, is left out: neither a shift nor a real image of fewer pixels can keep it.
        """
        from scipy.fft import irfft2, rfft2

        spectrum = rfft2(image, workers=1)
        x, y = offset
        if x or y:
            spectrum *= np.exp(2j * np.pi * y * self._rows).astype(np.complex64)
            spectrum *= np.exp(2j * np.pi * x * self._columns).astype(np.complex64)
        half = self.side // 2
        kept = np.zeros((self.side, half + 1), np.complex64)
        kept[:half, :half] = spectrum[:half, :half]
        kept[half + 1 :, :half] = spectrum[self.box - half + 1 :, :half]
        kept *= np.float32((self.side / self.box) ** 2)
        shifted: Image = irfft2(kept, s=(self.side, self.side), workers=1, overwrite_x=True)
        return shifted


class Normaliser:
    """Brings the background of square images to mean 0 and standard deviation 1, as RELION does.

    The background are the pixels further than `radius` from pixel (side // 2, side // 2). First a plane that is fitted
    to it by least squares is subtracted from the image (`ramp`), else its mean is; then the image is divided by the
    background's standard deviation (of the n pixels, not of n - 1).

    Parameters
    ----------
    side : int, pixels
    radius : float, pixels
    ramp : bool
    """

    def __init__(self, side: int, radius: float, *, ramp: bool) -> None:
        axis = np.arange(side) - side // 2.0
        background = axis[:, None] ** 2 + axis**2 > radius**2
        rows, columns = background.sum(1), background.sum(0)
        self._background = background.astype(np.float32)
        self._axis, self._n = axis, int(rows.sum())
        x, y, xy = axis @ columns, axis @ rows, axis @ background @ axis
        squares = axis**2 @ columns, axis**2 @ rows
        design = np.array([[self._n, x, y], [x, squares[0], xy], [y, xy, squares[1]]])
        self._inverse = np.linalg.inv(design) if ramp else np.diag([1 / self._n, 0, 0])

    def __call__(self, image: Image, flat: float) -> bool:
        """Normalise in place; False, and the image is not, if its background is one number all over.

        Parameters
        ----------
        image : (side, side) float32 array
            Roughly about 0: float32 keeps more of what is near it.
        flat : float
            The standard deviation of a background that is none but for rounding.

        Raises
        ------
        FloatingPointError
            If the image is not finite.
        """
        background = image * self._background  # not finite wherever the image is not
        # Sums along rows and columns in float32, of few numbers; all else in float64.
        rows = np.add.reduce(background, axis=1).astype(np.float64)
        columns = np.add.reduce(background, axis=0).astype(np.float64)
        moments = np.array([rows.sum(), np.sum(columns * self._axis), np.sum(rows * self._axis)])
        plane = self._inverse @ moments
        variance = (sum_of_squares(background) - plane @ moments) / self._n
        if not np.isfinite(variance):
            raise FloatingPointError
        if variance <= flat**2:
            return False
        scale = variance**-0.5
        image *= np.float32(scale)
        image -= (scale * plane[1] * self._axis).astype(np.float32)
        image -= (scale * (plane[0] + plane[2] * self._axis)).astype(np.float32)[:, None]
        return True


def nearest(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """The pixel that each coordinate is nearest to; halves go up."""
    return np.floor(values + 0.5).astype(np.int64)


class Cutter:
    """All of the way from a place on a micrograph to an image.

    Parameters
    ----------
    box, side : int, pixels
        Of what is cut out, and of the image; even.
    background : float, pixels
        Radius, before any down-sampling, of what is not background.
    ramp, invert, pad, shift : bool
        As the options of `extract` say.
    """

    def __init__(
        self, box: int, side: int, background: float, *, ramp: bool, invert: bool, pad: bool, shift: bool
    ) -> None:
        self.box, self.side, self.pad, self.shift = box, side, pad, shift
        self._invert = invert
        self._normalise = Normaliser(side, background * side / box, ramp=ramp)
        self._resample = Resampler(box, side) if shift or side < box else None

    def inside(self, centres: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which of (N, 2) centres have their whole box on the micrograph, or where it is padded their middle."""
        middle = nearest(centres)
        before, after = (0, 1) if self.pad else (self.box // 2, self.box - self.box // 2)
        sides = np.array(shape[::-1])
        return np.asarray(((middle >= before) & (middle + after <= sides)).all(axis=1))

    def __call__(self, data: NDArray[Any], places: NDArray[np.float64]) -> tuple[Section, list[bool]]:
        """The images about (n, 2) places, as they go into a stack, and which there are.

        There is none where the background is one number all over.

        Raises
        ------
        FloatingPointError
            If what is cut out is not finite; the message tells where.
        """
        images = np.empty((len(places), self.side, self.side), np.float32)
        made: list[bool] = []
        n = 0
        for x, y in places.tolist():
            made.append(self._make(data, x, y, images[n]))
            n += made[-1]
        images = images[:n]
        return Section.of(np.negative(images, out=images) if self._invert else images), made

    def _make(self, data: NDArray[Any], x: float, y: float, image: Image) -> bool:
        """The image about one place; False if it is left out."""
        column, row = math.floor(x + 0.5), math.floor(y + 0.5)
        square = cut(data, column, row, self.box)
        with np.errstate(invalid="ignore", over="ignore"):
            rough = square[::8].mean(dtype=np.float64)
            if self._resample is None:
                np.subtract(square, np.float32(rough), out=image, dtype=np.float32, casting="same_kind")
            else:
                offset = (x - column, y - row) if self.shift else (0.0, 0.0)
                image[:] = self._resample(np.subtract(square, np.float32(rough), dtype=np.float32), offset)
            try:
                return self._normalise(image, 1e-7 * abs(rough))
            except FloatingPointError:
                where = f"within {self.box} pixels about x = {column}, y = {row}"
                raise FloatingPointError(f"not finite {where}") from None
