"""Micrographs as pickers look at them: down-sampled, locally normalised, without their padding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.micrograph import Micrograph

Border = tuple[int, int, int, int]
"""Padding of a micrograph: rows at the top and at the bottom, columns at the left and at the right."""

LEAST_DIAMETER = 4.0  # pixels: below this there is no shape to be seen
BINNED_DIAMETER = 13.5  # binned pixels: 108 pixels binned by 8
MEAN_WIDTH, DEVIATION_WIDTH = 1.39, 2.78  # diameters: sigma of what is subtracted, and of what is divided by
CLIP = 5.0  # local standard deviations
LEAST_DEVIATION = 0.05  # of the whole micrograph's: a dead region is not blown up
STRIP_ROWS = 512
COPIED = 0.5  # of the median change from line to line: lines that change less are stretched
LEAST_COPIES = 3  # lines: a detector may repeat its outermost one
RAMP = 1 / 6  # diameters: where stretched lines were smoothed into real ones


@dataclass(frozen=True, eq=False, repr=False)
class Prepared:
    """A micrograph prepared for particles of one diameter.

    Attributes
    ----------
    image : (h, w) float32 array
        Local mean 0 and local standard deviation 1, clipped at 5; 0 on padding.
    mask : (h, w) bool array
        False on padding.
    binning : int
        Stored pixels a binned pixel, along each side.
    border : (int, int, int, int)
        Binned rows of padding at the top and the bottom, columns at the left and the right.
    name : str
        Of the micrograph.
    """

    image: npt.NDArray[np.float32]
    mask: npt.NDArray[np.bool_]
    binning: int
    border: Border
    name: str

    @property
    def inside(self) -> tuple[slice, slice]:
        """Rows and columns that are no padding."""
        (height, width), (top, bottom, left, right) = self.image.shape, self.border
        return slice(top, height - bottom), slice(left, width - right)

    def to_micrograph(self, xy: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Places in binned pixels as places in stored pixels; both count from the middle of the first pixel."""
        return np.asarray(xy, np.float64) * self.binning + (self.binning - 1) / 2

    def to_prepared(self, xy: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
        """Places in stored pixels as places in binned pixels."""
        return (np.asarray(xy, np.float64) - (self.binning - 1) / 2) / self.binning

    def __repr__(self) -> str:
        height, width = self.image.shape
        return f"<Prepared {self.name}: {height} x {width}, binned by {self.binning}, padding {self.border}>"


def binning_of(diameter: float) -> int:
    """By how much a micrograph is down-sampled: particles become about 13.5 pixels wide.

    Examples
    --------
    >>> binning_of(108), binning_of(27), binning_of(10)
    (8, 2, 1)
    """
    return max(1, round(diameter / BINNED_DIAMETER))


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
    b = binning_of(diameter) if binning is None else whole("binning", binning, 1)
    _check_data(micrograph)
    found = find_border(micrograph, diameter) if border == "auto" else _check_border(border)
    height, width = (side // b for side in micrograph.shape)
    padding = _binned(found, b, micrograph.shape)
    rows, columns = slice(padding[0], height - padding[1]), slice(padding[2], width - padding[3])
    if min(rows.stop - rows.start, columns.stop - columns.start) * b < diameter:
        what = f"{' x '.join(map(str, micrograph.shape))} pixels" + (f" with padding {found}" if any(found) else "")
        raise ValueError(f"{micrograph.name}: {what}, smaller than a particle of diameter {diameter:g}")
    image, mask = np.zeros((height, width), np.float32), np.zeros((height, width), bool)
    image[rows, columns] = _normalised(_means(micrograph, b)[rows, columns], diameter / b, micrograph.name)
    mask[rows, columns] = True
    return Prepared(image, mask, b, padding, micrograph.name)


def find_border(micrograph: Micrograph, diameter: float) -> Border:
    """Padding made by stretching the outermost lines of an image, as in some published micrographs.

    A line belongs to it while it differs from the next one inwards by less than half of what lines of this micrograph
    usually do; then a sixth of a diameter more, where denoising has smeared the two.

    Returns
    -------
    (int, int, int, int), pixels
        Rows at the top and the bottom, columns at the left and the right; 0 where there is none.
    """
    changes = _changes(micrograph)
    found = []
    for change in changes:
        usual = np.median(change) if len(change) else 0.0
        for profile in (change, change[::-1]):
            ahead = np.cumsum(np.where(profile < COPIED * usual, 1, -1))  # copies less others: a few others do no harm
            run = int(np.argmax(ahead)) + 1 if ahead.max(initial=0) >= LEAST_COPIES else 0
            found.append(run + round(RAMP * diameter) if run else 0)
    top, bottom, left, right = found
    return top, bottom, left, right


def _changes(micrograph: Micrograph) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Mean absolute difference of each row to the next, and of each column to the next."""
    height, width = micrograph.shape
    rows, columns = np.zeros(max(height - 1, 0)), np.zeros(max(width - 1, 0))
    for start in range(0, height, STRIP_ROWS):
        strip = np.asarray(micrograph.data[start : start + STRIP_ROWS + 1], np.float32)
        rows[start : start + len(strip) - 1] = np.abs(strip[1:] - strip[:-1]).mean(axis=1, dtype=np.float64)
        own = strip[:STRIP_ROWS]
        columns += np.abs(own[:, 1:] - own[:, :-1]).sum(axis=0, dtype=np.float64)
    return rows, columns / height


def _means(micrograph: Micrograph, b: int) -> npt.NDArray[np.float64]:
    """Means over b x b pixels."""
    height, width = (side // b for side in micrograph.shape)
    means = np.empty((height, width))
    for first, strip in _strips(micrograph, b):
        kept = strip[: len(strip) // b * b, : width * b]
        sums = kept.reshape(-1, b, width * b).sum(axis=1, dtype=np.float64)
        means[first // b : first // b + len(sums)] = sums.reshape(len(sums), width, b).sum(axis=2) / b**2
    return means


def _strips(micrograph: Micrograph, b: int) -> Iterator[tuple[int, npt.NDArray[Any]]]:
    """First row and rows of strips that whole binned pixels fit in."""
    step = max(b, STRIP_ROWS // b * b)
    for first in range(0, micrograph.shape[0] // b * b, step):
        yield first, np.asarray(micrograph.data[first : first + step])


def _normalised(means: npt.NDArray[np.float64], diameter: float, name: str) -> npt.NDArray[np.float32]:
    """Less the local mean, over the local deviation; mirrored beyond the edges."""
    from scipy import ndimage

    if not np.isfinite(means).all():
        y, x = np.argwhere(~np.isfinite(means))[0]
        raise ValueError(f"{name}: holds values that are no finite numbers, the first near binned pixel ({x}, {y})")
    deviation = means.std()
    if means.max() == means.min() or not deviation > 0:
        raise ValueError(f"{name}: is blank, every pixel is {means.flat[0]:g}")
    values = ((means - means.mean()) / deviation).astype(np.float32)  # first of all, so that squares stay in range
    values -= ndimage.gaussian_filter(values, MEAN_WIDTH * diameter, truncate=3)
    local = ndimage.gaussian_filter(values * values, DEVIATION_WIDTH * diameter, truncate=3)
    np.sqrt(local, out=local)
    values /= np.maximum(local, LEAST_DEVIATION * values.std())
    result: npt.NDArray[np.float32] = np.clip(values, -CLIP, CLIP, out=values)
    return result


def _check_data(micrograph: Micrograph) -> None:
    if micrograph.data.ndim != 2 or micrograph.data.dtype.kind not in "fiub":
        raise TypeError(
            f"{micrograph.name}: expected real numbers of two dimensions, got {micrograph.data.dtype} of shape "
            f"{micrograph.data.shape}"
        )


def _check_border(border: object) -> Border:
    if not isinstance(border, tuple | list) or len(border) != 4:
        raise TypeError(f"border: expected 'auto' or four whole numbers, got {border!r}")
    top, bottom, left, right = (whole("border", side, 0) for side in border)
    return top, bottom, left, right


def _binned(border: Border, b: int, shape: tuple[int, int]) -> Border:
    """Padding in binned lines; one that is padding in part is padding."""
    top, bottom, left, right = border
    lost = [side % b for side in shape]
    return (
        -(-top // b),
        -(-max(bottom - lost[0], 0) // b),
        -(-left // b),
        -(-max(right - lost[1], 0) // b),
    )
