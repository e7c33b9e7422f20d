"""Micrographs as pickers look at them: down-sampled, locally normalised, without their padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.micrograph import Micrograph
from motes.pickers.frame import Frame
from motes.pickers.padding import Border, binned_border, check_border, find_border

Plane = npt.NDArray[np.float32]
FloatArray = npt.NDArray[np.float64]

LEAST_DIAMETER = 4.0  # pixels: below this there is no shape to be seen
BINNED_DIAMETER = 13.5  # binned pixels: 108 pixels binned by 8
MEAN_WIDTH, DEVIATION_WIDTH = 1.39, 2.78  # diameters: sigma of what is subtracted, and of what is divided by
CLIP = 5.0  # local standard deviations
LEAST_DEVIATION = 0.05  # of the whole micrograph's: a dead region is not blown up
STRIP_ROWS = 512


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """A micrograph prepared for particles of one diameter.

    Attributes
    ----------
    image : (h, w) float32 array
        Local mean 0 and local standard deviation 1, clipped at 5; 0 on padding.
    fine : (2h, 2w) or (h, w) float32 array
        The same at half the binning; at the same one where that is 1.
    mask : (h, w) bool array
        False on padding.
    binning : int
        Stored pixels a binned pixel, along each side.
    border : (int, int, int, int)
        Binned rows of padding at the top and the bottom, columns at the left and the right.
    shape : (int, int)
        Rows and columns of the stored micrograph.
    name : str
        Of the micrograph.
    """

    image: Plane
    fine: Plane
    mask: npt.NDArray[np.bool_]
    binning: int
    border: Border
    shape: tuple[int, int]
    name: str

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns that are no padding."""
        (height, width), (top, bottom, left, right) = self.image.shape, self.border
        return slice(top, height - bottom), slice(left, width - right)

    @property
    def frame(self) -> Frame:
        """Where `image[inside]` lies on the micrograph."""
        return Frame((self.border[2], self.border[0]), self.binning, self.shape)

    def to_micrograph(self, xy: npt.NDArray[Any]) -> FloatArray:
        """Places on `image` as places in stored pixels; both count from the middle of the first pixel."""
        return Frame((0, 0), self.binning, self.shape).to_micrograph(xy)

    def to_prepared(self, xy: npt.NDArray[Any]) -> FloatArray:
        """Places in stored pixels as places on `image`."""
        return Frame((0, 0), self.binning, self.shape).to_image(xy)

    def __repr__(self) -> str:
        height, width = self.image.shape
        return f"<Prepared {self.name}: {height} x {width}, binned by {self.binning}, padding {self.border}>"


def binning_of(diameter: float) -> int:
    """By how much a micrograph is down-sampled: particles become about 13.5 pixels wide; 1, or an even number.

    Examples
    --------
    >>> binning_of(108), binning_of(27), binning_of(10)
    (8, 2, 1)
    """
    return max(1, 2 * round(diameter / (2 * BINNED_DIAMETER)))


def _check_binning(binning: int) -> int:
    if whole("binning", binning, 1) != 1 and binning % 2:
        raise ValueError(f"binning: expected 1 or an even number, got {binning}")
    return int(binning)


def check_diameter(diameter: object) -> float:
    """A diameter that pickers can work with."""
    value = positive("diameter", diameter)
    if value < LEAST_DIAMETER:
        raise ValueError(f"diameter: expected at least {LEAST_DIAMETER:g} pixels, got {value:g}")
    return value


def prepare(
    micrograph: Micrograph, diameter: float, *, border: Border | Literal["auto"] = "auto", binning: int | None = None
) -> Prepared:
    """Down-sample and normalise a micrograph.

    Means over binned pixels; less their local mean, over their local standard deviation, clipped. Binned pixel k covers
    the stored pixels kb to kb + b - 1. What is left over at the right and at the bottom is dropped. Mapped data are
    read in strips.

    Parameters
    ----------
    micrograph : Micrograph
        Of any size and type.
    diameter : float, pixels
        Of the particles; at least 4.
    border : (int, int, int, int) or "auto"
        Rows of padding at the top and the bottom, columns at the left and the right. By default stretched lines are
        looked for: those that hardly differ from their neighbours.
    binning : int, optional
        By default so that particles are about 13.5 binned pixels wide.

    Returns
    -------
    Prepared

    Raises
    ------
    TypeError, ValueError
        If the diameter or the border is out of range, or the micrograph is blank, holds values that are no finite
        numbers, or is smaller than a particle; the message names it.

    Examples
    --------
    >>> import motes
    >>> prepare(motes.sample.load().micrograph, 27)
    <Prepared Falcon_2012_06_12-14_33_35_0: 512 x 512, binned by 2, padding (11, 13, 9, 14)>
    """
    diameter = check_diameter(diameter)
    b = binning_of(diameter) if binning is None else _check_binning(binning)
    _check_data(micrograph)
    found = find_border(micrograph, diameter) if border == "auto" else check_border(border)
    height, width = (side // b for side in micrograph.shape)
    padding = binned_border(found, b, micrograph.shape)
    rows, columns = slice(padding[0], height - padding[1]), slice(padding[2], width - padding[3])
    if min(rows.stop - rows.start, columns.stop - columns.start) * b < diameter:
        what = f"{' x '.join(map(str, micrograph.shape))} pixels" + (f" with padding {found}" if any(found) else "")
        raise ValueError(f"{micrograph.name}: {what}, smaller than a particle of diameter {diameter:g}")
    zoom = 1 if b == 1 else 2
    details = _means(micrograph, b // zoom)[: zoom * height, : zoom * width]
    _check_values(details, micrograph.name)
    means = details.reshape(height, zoom, width, zoom).mean(axis=(1, 3))
    image, mask = np.zeros((height, width), np.float32), np.zeros((height, width), bool)
    fine = np.zeros(details.shape, np.float32)
    own = tuple(slice(zoom * part.start, zoom * part.stop) for part in (rows, columns))
    image[rows, columns], fine[own] = _normalised(means[rows, columns], details[own], diameter / b, micrograph.name)
    mask[rows, columns] = True
    return Prepared(image, fine, mask, b, padding, micrograph.shape, micrograph.name)


def _means(micrograph: Micrograph, b: int) -> FloatArray:
    """Means over b x b pixels."""
    height, width = (side // b for side in micrograph.shape)
    means = np.empty((height, width))
    for first, strip in _strips(micrograph, b):
        kept = strip[: len(strip) // b * b, : width * b]
        sums = kept.reshape(len(kept) // b, b, width * b).sum(axis=1, dtype=np.float64)
        means[first // b : first // b + len(sums)] = sums.reshape(len(sums), width, b).sum(axis=2) / b**2
    return means


def _strips(micrograph: Micrograph, b: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """First row and rows of strips that whole binned pixels fit in."""
    step = max(b, STRIP_ROWS // b * b)
    for first in range(0, micrograph.shape[0] // b * b, step):
        yield first, np.asarray(micrograph.data[first : first + step])


def _normalised(means: FloatArray, details: FloatArray, diameter: float, name: str) -> tuple[Plane, Plane]:
    """Both less the local mean, over the local deviation of the means; mirrored beyond the edges."""
    from scipy import ndimage

    middle, deviation = means.mean(), means.std()
    if means.max() == means.min() or not deviation > 0:
        raise ValueError(f"{name}: is blank, every pixel is {means.flat[0]:g}")
    image, fine = (((values - middle) / deviation).astype(np.float32) for values in (means, details))
    local = ndimage.gaussian_filter(image, MEAN_WIDTH * diameter, truncate=3)
    image -= local
    spread = np.sqrt(ndimage.gaussian_filter(image * image, DEVIATION_WIDTH * diameter, truncate=3))
    spread = np.maximum(spread, LEAST_DEVIATION * image.std())
    zoom = len(fine) // len(image)
    image /= spread
    fine -= local.repeat(zoom, axis=0).repeat(zoom, axis=1)
    fine /= spread.repeat(zoom, axis=0).repeat(zoom, axis=1)
    return np.clip(image, -CLIP, CLIP), np.clip(fine, -CLIP, CLIP)


def _check_values(values: FloatArray, name: str) -> None:
    if not np.isfinite(values).all():
        y, x = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"{name}: holds values that are no finite numbers, the first near binned pixel ({x}, {y})")


def fault(micrograph: Micrograph) -> str | None:
    """Why no picker can look at a micrograph, by one pass over it; None if nothing speaks against it.

    Examples
    --------
    >>> fault(Micrograph(np.zeros((8, 8), np.float32), "grid1", "MRC"))
    'is blank, every pixel is 0'
    """
    low, high = float(micrograph.data.min()), float(micrograph.data.max())
    if not np.isfinite([low, high]).all():
        return "holds values that are no finite numbers"
    return f"is blank, every pixel is {low:g}" if low == high else None


def _check_data(micrograph: Micrograph) -> None:
    if micrograph.data.ndim != 2 or micrograph.data.dtype.kind not in "fiub":
        raise TypeError(
            f"{micrograph.name}: expected real numbers of two dimensions, got {micrograph.data.dtype} of shape "
            f"{micrograph.data.shape}"
        )
