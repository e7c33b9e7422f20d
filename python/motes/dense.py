"""Dense patterns: a real number in every pixel, as integrating detectors and electron images give them."""

from __future__ import annotations

import operator
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeAlias, overload

import numpy as np
import numpy.typing as npt

from motes.entries import row_indices
from motes.errors import FormatError, kind_of
from motes.foreign import reals_of
from motes.io.atomic import atomic_path
from motes.io.npy import Table, map_values, write_table
from motes.shapes import Shape, shape_of_dense

FloatArray: TypeAlias = npt.NDArray[np.float64]
MOST = 1 << 22  # values looked at together
LARGEST = 1e60  # of values: sums of squares in units of a variance stay numbers


class DensePatterns:
    """N patterns of (H, W) real values: what `motes.Gaussian` noise is for.

    The array is not copied, so that it may be a memory map of a file larger than memory; nobody may change it as long
    as the patterns are in use. Through them it can only be read.

    Parameters
    ----------
    values : (N, H, W) float32 or float64 array
        Finite, at most 1e60 in size.

    Raises
    ------
    TypeError, ValueError
        If it is another array, or a value is not finite or too large; the message names the first.

    Examples
    --------
    >>> patterns = DensePatterns(np.array([[[0.5, -0.5], [0.0, 1.0]]]))
    >>> patterns
    DensePatterns(1 pattern of 2x2 pixels, float64)
    >>> patterns[0][1]
    array([0., 1.])
    """

    __slots__ = ("_values",)

    def __init__(self, values: npt.NDArray[np.floating[Any]]) -> None:
        given = reals_of("values", values)
        if given.ndim != 3 or not given.shape[1] or not given.shape[2]:
            raise ValueError(f"values: expected shape (N, H, W), got {given.shape}")
        self._settle(given)
        largest = min(LARGEST, float(np.finfo(given.dtype).max))
        for part in self.blocks():
            good = np.abs(given[part]) <= largest
            if not good.all():
                p, row, column = np.argwhere(~good)[0]
                p += part.start
                value = given[p, row, column]
                told = f", expected at most {LARGEST:g} in size" if np.isfinite(value) else ""
                raise ValueError(f"values: pattern {p}: pixel ({row}, {column}) is {value}{told}")

    def _settle(self, values: npt.NDArray[np.floating[Any]]) -> None:
        view = values.view(np.ndarray)
        view.flags.writeable = False
        self._values = view

    @classmethod
    def _trusted(cls, values: npt.NDArray[np.floating[Any]]) -> DensePatterns:
        """Wrap what was looked at already."""
        patterns = cls.__new__(cls)
        patterns._settle(values)
        return patterns

    @property
    def values(self) -> npt.NDArray[np.floating[Any]]:
        """All values: (N, H, W), read-only."""
        return self._values

    @property
    def shape(self) -> Shape:
        """Rows and columns of the detector, in pixels."""
        height, width = self._values.shape[1:]
        return height, width

    @property
    def n_pixels(self) -> int:
        """Pixels of the detector."""
        return self.shape[0] * self.shape[1]

    def __len__(self) -> int:
        return len(self._values)

    @overload
    def __getitem__(self, which: int | np.integer[Any]) -> npt.NDArray[np.floating[Any]]: ...
    @overload
    def __getitem__(self, which: slice | npt.NDArray[Any] | Sequence[int] | Sequence[bool]) -> DensePatterns: ...

    def __getitem__(self, which: Any) -> npt.NDArray[np.floating[Any]] | DensePatterns:
        """One pattern as an (H, W) image, or the patterns of a slice (no copy), mask or array of indices."""
        if isinstance(which, slice):
            return DensePatterns._trusted(self._values[which])
        try:
            index = operator.index(which)
        except TypeError:
            return DensePatterns._trusted(self._values[row_indices(np.asarray(which), len(self))])
        if not -len(self) <= index < len(self):
            raise IndexError(f"pattern {index} is outside 0..{len(self) - 1}")
        one: npt.NDArray[np.floating[Any]] = self._values[index]
        return one

    def blocks(self, most: int = MOST) -> Iterator[slice]:
        """Slices of as many patterns as hold `most` values, always the same ones: sums over them keep their bits.

        Examples
        --------
        >>> list(DensePatterns(np.zeros((5, 2, 2))).blocks(most=8))
        [slice(0, 2, None), slice(2, 4, None), slice(4, 5, None)]
        """
        step = max(1, most // self.n_pixels)
        for first in range(0, len(self), step):
            yield slice(first, min(first + step, len(self)))

    def rows(self, part: slice) -> FloatArray:
        """Patterns of a slice as (n, M) float64.

        Examples
        --------
        >>> DensePatterns(np.ones((3, 2, 2), np.float32)).rows(slice(1, 3)).shape
        (2, 4)
        """
        values = self._values[part]
        return np.ascontiguousarray(values, np.float64).reshape(len(values), -1)

    def total_image(self) -> FloatArray:
        """Sum of all patterns: (H, W).

        Examples
        --------
        >>> DensePatterns(np.ones((3, 1, 2))).total_image()
        array([[3., 3.]])
        """
        total = np.zeros(self.shape)
        for part in self.blocks():
            total += self._values[part].sum(axis=0, dtype=np.float64)
        return total

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, DensePatterns):
            return NotImplemented
        return self._values.shape == other._values.shape and bool(np.array_equal(self._values, other._values))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        height, width = self.shape
        plural = "" if len(self) == 1 else "s"
        return f"DensePatterns({len(self):,} pattern{plural} of {height}x{width} pixels, {self._values.dtype})"


def read_dense(path: str | os.PathLike[str], shape: Shape | None = None) -> DensePatterns:
    """Map dense patterns of a .npy file, (N, H, W) or (N, M) float32 or float64, into memory.

    Parameters
    ----------
    path : path
        The file; it must not change while the patterns are in use.
    shape : (int, int), optional
        Rows and columns of the image; by default what the array has, or the square of M pixels.

    Raises
    ------
    FormatError
        If it is no such file, or a value is not finite.
    FileNotFoundError
        If there is none.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     np.save(f"{folder}/frames.npy", np.zeros((2, 9), np.float32))
    ...     read_dense(f"{folder}/frames.npy")
    DensePatterns(2 patterns of 3x3 pixels, float32)
    """
    place = os.fspath(path)
    header, values = map_values(path)
    if header.dtype not in (np.float32, np.float64) or header.fortran_order:
        order = " in Fortran's order" if header.fortran_order else ""
        raise FormatError(f"{place}: {header}{order}, expected float32 or float64 in C order")
    try:
        height, width = shape_of_dense(header.shape, shape)
        return DensePatterns(values.reshape(header.shape[0], height, width))
    except FormatError:
        raise
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from error


def write_dense(path: str | os.PathLike[str], patterns: DensePatterns) -> None:
    """Write dense patterns as a .npy file, (N, H, W), whole or not at all.

    Parameters
    ----------
    path : path
        An existing file is replaced once the new one is complete.
    patterns : DensePatterns

    Raises
    ------
    ValueError
        If the suffix is another.
    OSError
        If the file can not be written.

    Examples
    --------
    >>> import tempfile
    >>> patterns = DensePatterns(np.ones((2, 3, 3)))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_dense(f"{folder}/frames.npy", patterns)
    ...     read_dense(f"{folder}/frames.npy") == patterns
    True
    """
    if Path(path).suffix.lower() != ".npy":
        raise ValueError(f"{os.fspath(path)}: dense patterns are written as .npy, got suffix {Path(path).suffix!r}")
    values = check_dense(patterns).values
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write_table(file, Table(values.dtype, values.shape, (values[part] for part in patterns.blocks())))


def check_dense(patterns: object) -> DensePatterns:
    """`patterns`, or a TypeError that says what came instead.

    Examples
    --------
    >>> check_dense(np.zeros((3, 5, 5)))
    Traceback (most recent call last):
    ...
    TypeError: patterns: expected motes.DensePatterns, got ndarray
    """
    if not isinstance(patterns, DensePatterns):
        raise TypeError(f"patterns: expected motes.DensePatterns, got {kind_of(patterns)}")
    return patterns
