"""What is known of the detector: which pixels count for what, how well each collects, and its background."""

from __future__ import annotations

import os
import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.errors import FormatError
from motes.foreign import array_of
from motes.io.detector import DetectorTable, read_detector_table
from motes.shapes import Shape, check_shape

FloatArray: TypeAlias = npt.NDArray[np.float64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
OFF_GRID = 0.05  # of a pixel: what rounding in a text file may move it by
GOOD, MERGED, BAD = 0, 1, 2


@dataclass(frozen=True, eq=False, repr=False)
class Detector:
    """Pixels of one detector: the mean of pixel i is fluence * correction_i * template_i + background_i.

    Attributes
    ----------
    good : (H, W) bool array
        Pixels that orientations, classes and fluences are told from.
    merged : (H, W) bool array
        Pixels that enter the master; all good ones, and those that Dragonfly merges only.
    correction : (H, W) float64 array
        What a pixel collects of what falls on it, solid angle times polarisation; positive where merged, 1 elsewhere.
    background : (H, W) float64 array or None
        Mean photons a pixel and pattern that come from elsewhere, known; whatever the fluence.

    Raises
    ------
    TypeError, ValueError
        If an array has another type or shape, no pixel is good, a good one is not merged, a correction is not
        positive or a background negative.

    Examples
    --------
    >>> Detector.from_mask([[0, 1], [2, 0]])
    Detector(2x2 pixels, 2 good, 1 for merging only, 1 bad)
    """

    good: BoolArray
    merged: BoolArray
    correction: FloatArray
    background: FloatArray | None = None

    def __post_init__(self) -> None:
        good = _pixels("good", self.good)
        merged = _pixels("merged", self.merged, good.shape)
        if not good.any():
            raise ValueError(f"good: not one of {good.size} pixels is good, so no orientation can be told")
        if (good & ~merged).any():
            row, column = np.argwhere(good & ~merged)[0]
            raise ValueError(f"merged: pixel ({row}, {column}) is good, but not merged")
        correction = _means("correction", self.correction, good.shape, merged, above=True)
        correction[~merged] = 1.0
        background = self.background
        if background is not None:
            background = _means("background", background, good.shape, merged, above=False)
            background[~merged] = 0.0
        for name, value in [("good", good), ("merged", merged), ("correction", correction), ("background", background)]:
            if value is not None:
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    @classmethod
    def from_mask(cls, levels: npt.ArrayLike, correction: Any = None, background: Any = None) -> Detector:
        """A detector of Dragonfly's levels: 0 good, 1 used for merging only, 2 bad.

        Parameters
        ----------
        levels : (H, W) integer array
            The level of each pixel.
        correction : (H, W) array, optional
            Solid angle times polarisation; 1 by default.
        background : number or (H, W) array, optional
            Known mean photons a pixel.

        Raises
        ------
        TypeError, ValueError
            If a level is another, or as `Detector` does.

        Examples
        --------
        >>> Detector.from_mask(np.zeros((2, 2), int), background=0.1).background
        array([[0.1, 0.1],
               [0.1, 0.1]])
        """
        given = array_of("levels", levels)
        if given.dtype.kind not in "iu":
            raise TypeError(f"levels: expected whole numbers 0, 1 or 2, got dtype {given.dtype}")
        if given.ndim != 2:
            raise ValueError(f"levels: expected shape (H, W), got {given.shape}")
        wrong = np.argwhere((given < GOOD) | (given > BAD))
        if wrong.size:
            row, column = wrong[0]
            raise ValueError(
                f"levels: pixel ({row}, {column}) is {given[row, column]}, expected 0 (good), 1 (for merging only) or "
                "2 (bad)"
            )
        correction = np.ones(given.shape) if correction is None else correction
        if background is not None and array_of("background", background).ndim == 0:
            background = np.full(given.shape, array_of("background", background))
        return cls(given == GOOD, given <= MERGED, correction, background)

    @property
    def shape(self) -> Shape:
        """Rows and columns, in pixels."""
        height, width = self.good.shape
        return height, width

    def require(self, shape: Shape) -> None:
        """Raise a ValueError unless the patterns have this detector's shape.

        Examples
        --------
        >>> Detector.from_mask([[0, 0]]).require((1, 2))
        """
        if shape != self.shape:
            raise ValueError(f"detector: {_times(self.shape)} pixels, but the patterns have {_times(shape)}")

    def __repr__(self) -> str:
        n_good, n_merged = int(self.good.sum()), int(self.merged.sum())
        parts = [f"{_times(self.shape)} pixels", f"{n_good} good"]
        if n_merged > n_good:
            parts.append(f"{n_merged - n_good} for merging only")
        if n_merged < self.good.size:
            parts.append(f"{self.good.size - n_merged} bad")
        if self.background is not None:
            parts.append(f"{self.background.sum():.4g} photons of background")
        return f"Detector({', '.join(parts)})"


def read_detector(path: str | os.PathLike[str], shape: Any = None) -> Detector:
    r"""Read a detector file of Dragonfly: its HDF5, or its older text.

    The file gives each pixel's place in reciprocal space; the pixels must be those of an image, row after row, which
    the patterns of the same experiment then are. The correction is scaled to the mean 1 over the merged pixels, so that
    a master keeps its unit, photons a pixel.

    Parameters
    ----------
    path : path
        The file; its first bytes tell its form.
    shape : (int, int), optional
        Rows and columns that the image must have.

    Returns
    -------
    Detector

    Raises
    ------
    FormatError
        If the file is not as its format says, or its pixels are no rectangular grid, or one of another shape.
    FileNotFoundError
        If there is no such file.
    ImportError
        If it is HDF5 and h5py is not installed.

    Warns
    -----
    UserWarning
        If the beam does not hit the middle of the image, about which patterns are turned.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "detector.dat")
    ...     _ = path.write_text("4\n-1 -1 0 1 0\n1 -1 0 1 0\n-1 1 0 1 1\n1 1 0 1 2\n")
    ...     read_detector(path)
    Detector(2x2 pixels, 2 good, 1 for merging only, 1 bad)
    """
    table = read_detector_table(path)
    image, centre = _grid(table)
    if shape is not None and image != check_shape(shape):
        raise FormatError(f"{table.place}: a grid of {_times(image)} pixels, expected {_times(check_shape(shape))}")
    merged = table.levels <= MERGED
    if not (table.levels == GOOD).any():
        raise FormatError(f"{table.place}: not one of {merged.size} pixels is good, so no orientation can be told")
    if not (table.correction[merged] > 0).all():
        i = int(np.argmax(merged & (table.correction <= 0)))
        raise FormatError(f"{table.place}: corr of pixel {i} is 0, expected more of a pixel that is not bad")
    middle = ((image[0] - 1) / 2, (image[1] - 1) / 2)
    if max(abs(centre[0] - middle[0]), abs(centre[1] - middle[1])) > OFF_GRID:
        warnings.warn(
            f"{table.place}: the beam hits row {centre[0]:.2f}, column {centre[1]:.2f}, but patterns are turned about "
            f"the middle of the image, ({middle[0]:g}, {middle[1]:g}): crop them to have it there",
            UserWarning,
            stacklevel=2,
        )
    correction = np.where(merged, table.correction, 1.0)
    correction /= correction[merged].mean()
    return Detector.from_mask(table.levels.reshape(image), correction.reshape(image))


def _grid(table: DetectorTable) -> tuple[Shape, tuple[float, float]]:
    """Rows and columns of the image that the pixels form in their order, and where the beam hits it."""
    x, y = _positions(table)
    n = x.size
    if n == 1:
        return (1, 1), (0.0, 0.0)
    slow, fast = (y, x) if abs(x[1] - x[0]) >= abs(y[1] - y[0]) else (x, y)
    pitch = float(fast[1] - fast[0])
    if pitch == 0:
        raise FormatError(f"{table.place}: pixels 0 and 1 look at one place, expected the pixels of an image")
    moved = np.abs(slow - slow[0]) > abs(pitch) / 2
    width = int(np.argmax(moved)) if moved.any() else n
    height = -(-n // width)
    step = float(slow[width] - slow[0]) if height > 1 else pitch
    row, column = np.divmod(np.arange(n), width)
    off = np.maximum(np.abs(fast - fast[0] - pitch * column), np.abs(slow - slow[0] - step * row)) / abs(pitch)
    off[~np.isfinite(off)] = np.inf
    # Both steps are known from two pixels each, whose rounding grows along the image.
    allowed = OFF_GRID * max(height, width)
    if height * width != n or off.max() > allowed or abs(abs(step / pitch) - 1) > OFF_GRID:
        i = int(np.argmax(off > allowed)) if off.max() > allowed else n - 1
        raise FormatError(
            f"{table.place}: its {n} pixels form no rectangular grid of square pixels, row after row: pixel {i} is not "
            f"where it would be in an image of {_times((height, width))}. motes turns whole images: give every pixel of"
            " the image, those that are not there with the level 2"
        )
    return (height, width), (float(-slow[0] / step), float(-fast[0] / pitch))


def _positions(table: DetectorTable) -> tuple[FloatArray, FloatArray]:
    """Where pixels are on the flat detector, in units of its distance times the radius of the Ewald sphere.

    A pixel in direction (x, y, d) looks at q with q_x = R x / |(x, y, d)| and R - |q_z| = R d / |(x, y, d)|.
    """
    depth = np.abs(table.qz)
    if not depth.any():
        return table.qx, table.qy
    radius = table.ewald_rad
    if radius is None:  # |q|^2 = 2 R |q_z| on a sphere through the origin
        i = int(np.argmax(depth))
        radius = float((table.qx[i] ** 2 + table.qy[i] ** 2 + depth[i] ** 2) / (2 * depth[i]))
    if not depth.max() < radius:
        raise FormatError(
            f"{table.place}: qz up to {depth.max():g} on an Ewald sphere of radius {radius:g}: no flat detector"
        )
    scale = radius / (radius - depth)
    return table.qx * scale, table.qy * scale


def _pixels(name: str, value: Any, shape: tuple[int, ...] | None = None) -> BoolArray:
    given = array_of(name, value)
    if given.dtype != bool:
        raise TypeError(f"{name}: expected an array of bool, got dtype {given.dtype}")
    if given.ndim != 2 or (shape is not None and given.shape != shape):
        raise ValueError(f"{name}: expected shape {'(H, W)' if shape is None else shape}, got {given.shape}")
    return given.copy()


def _means(name: str, value: Any, shape: tuple[int, ...], merged: BoolArray, *, above: bool) -> FloatArray:
    given = array_of(name, value)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"{name}: expected real numbers, got dtype {given.dtype}")
    if given.shape != shape:
        raise ValueError(f"{name}: expected shape {shape}, got {given.shape}")
    values = given.astype(np.float64)
    good = np.isfinite(values) & ((values > 0) if above else (values >= 0))
    wrong = np.argwhere(merged & ~good)
    if wrong.size:
        row, column = wrong[0]
        expected = "a positive, finite number" if above else "a finite number of 0 or more"
        raise ValueError(f"{name}: pixel ({row}, {column}) is {values[row, column]:g}, expected {expected}")
    return values


def _times(shape: Shape) -> str:
    return f"{shape[0]}x{shape[1]}"
