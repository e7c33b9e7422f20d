"""MRC: images and volumes mapped through `mrcfile`, once the header fits the file; stacks written as they grow."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.source import open_file

INSTALL = 'pip install "motes[io]" (from a clone: pip install ".[io]")'
HEADER_BYTES = 1024
BYTES = {0: 1, 1: 2, 2: 4, 6: 2, 12: 2}  # of a pixel, by mode
STAMPS = {0x44: "<", 0x11: ">"}  # first byte of the machine stamp


@dataclass(frozen=True)
class Mrc:
    """What an MRC file holds.

    Attributes
    ----------
    data : (sections, H, W) array
        Mapped, read-only; index [section, y, x], rows as they are stored.
    voxel_size : (3,) tuple of float, or None
        Angstrom, along x, y and z; None where the header does not tell. That of z is 0 where it tells none.
    """

    data: NDArray[Any]
    voxel_size: tuple[float, float, float] | None

    @property
    def pixel_size(self) -> float | None:
        """Angstrom; None where the header does not tell, or x and y differ."""
        if self.voxel_size is None or abs(self.voxel_size[0] - self.voxel_size[1]) >= 1e-3 * self.voxel_size[0]:
            return None
        return self.voxel_size[0]


def read_mrc(path: str | os.PathLike[str]) -> Mrc:
    """Map an MRC file of real numbers (modes 0, 1, 2, 6, 12).

    Raises
    ------
    FormatError
        If the header is none, or promises more or less than the file holds.
    ImportError
        If mrcfile is not installed.
    """
    place = os.fspath(path)
    sections, cell = _checked(path, place)  # what is wrong with the file no library would mend
    try:
        import mrcfile
    except ImportError as error:
        raise ImportError(f"{place}: MRC needs mrcfile: {INSTALL}") from error
    try:
        with mrcfile.mmap(place, mode="r") as file:
            data: NDArray[Any] = file.data
    except ValueError as error:
        raise FormatError(f"{place}: {error}") from error
    data = data.reshape(sections, *data.shape[-2:])
    data.flags.writeable = False
    x, y, z = (length / n if n > 0 and np.isfinite(length) and length > 0 else 0.0 for length, n in cell)
    return Mrc(data, (x, y, z) if x and y else None)


def _checked(path: str | os.PathLike[str], place: str) -> tuple[int, list[tuple[float, int]]]:
    """Sections, and (cell in angstrom, intervals) along x, y and z, of a header that fits the file."""
    with open_file(path) as (file, size):
        header = file.read(HEADER_BYTES)
    if header[208:211] != b"MAP" or len(header) < HEADER_BYTES or header[212] not in STAMPS:
        raise FormatError(f"{place}: no MRC header (1024 bytes with 'MAP ' and a machine stamp at byte 208)")
    order = STAMPS[header[212]]
    words = np.frombuffer(header, f"{order}i4")
    nx, ny, nz, mode = (int(word) for word in words[:4])
    extended = int(words[23])
    if mode not in BYTES:
        raise FormatError(f"{place}: mode {mode}, expected one of {', '.join(map(str, BYTES))} (real numbers)")
    if min(nx, ny, nz) < 1 or extended < 0:
        raise FormatError(f"{place}: {nx} x {ny} x {nz} pixels and {extended} bytes of header, expected sizes above 0")
    expected = HEADER_BYTES + extended + nx * ny * nz * BYTES[mode]
    if size != expected:
        raise FormatError(f"{place}: {nx} x {ny} x {nz} pixels of mode {mode} need {expected} bytes, got {size}")
    axes = tuple(int(word) for word in words[16:19])
    if axes not in ((1, 2, 3), (0, 0, 0)):  # zeros: never filled in
        raise FormatError(f"{place}: axes mapc, mapr, maps are {axes}, expected 1, 2, 3")
    if int(words[22]) in range(401, 631) and nz % max(1, int(words[9])):
        raise FormatError(f"{place}: {nz} sections in volumes of {int(words[9])}, expected whole volumes")
    cell = np.frombuffer(header, f"{order}f4")[10:13]
    return nz, [(float(cell[i]), int(words[7 + i])) for i in range(3)]


@dataclass(frozen=True)
class Section:
    """One image of a stack, (H, W), or some, (n, H, W), and what the header will say of them."""

    data: NDArray[np.float32]
    low: float
    high: float
    total: float
    squares: float

    @classmethod
    def of(cls, data: NDArray[np.float32]) -> Section:
        """Take the statistics of images."""
        low, high, total, squares = np.inf, -np.inf, 0.0, 0.0
        for image in data.reshape(-1, *data.shape[-2:]):  # one by one: each stays in the cache meanwhile
            low, high = min(low, float(image.min())), max(high, float(image.max()))
            total += float(np.add.reduce(image, axis=None))
            squares += float(sum_of_squares(image))
        return cls(data, low, high, total, squares)


def sum_of_squares(image: NDArray[np.float32]) -> np.float64:
    """Of an image's pixels: along rows in float32, over rows in float64. Not by BLAS: its bits depend on threads."""
    squares: np.float64 = np.einsum("ij,ij->i", image, image).sum(dtype=np.float64)
    return squares


class StackWriter:
    """Writes a stack of images (float32, little-endian) one by one: only its statistics are kept in memory.

    Parameters
    ----------
    file : binary file
        Open for writing, empty.
    shape : (int, int)
        Rows and columns of each image.
    pixel_size : float, angstrom

    Examples
    --------
    >>> import io
    >>> file = io.BytesIO()
    >>> stack = StackWriter(file, (4, 6), 1.5)
    >>> for value in (1, 2):
    ...     stack.append(Section.of(np.full((4, 6), value, np.float32)))
    >>> stack.close()
    >>> len(file.getvalue()), stack.n
    (1216, 2)
    """

    LABEL = b"motes"

    def __init__(self, file: IO[bytes], shape: tuple[int, int], pixel_size: float) -> None:
        self.n = 0
        self._file, self._shape, self._pixel_size = file, shape, pixel_size
        self._low, self._high, self._total, self._squares = np.inf, -np.inf, 0.0, 0.0
        file.write(bytes(HEADER_BYTES))

    def append(self, section: Section) -> None:
        """Add an image, or some."""
        if section.data.dtype != np.float32 or section.data.shape[-2:] != self._shape or section.data.ndim > 3:
            got = f"{section.data.dtype} {section.data.shape}"
            raise ValueError(f"section: expected float32 {self._shape}, or some of them, got {got}")
        self._file.write(np.ascontiguousarray(section.data, "<f4").data)
        self.n += section.data.size // (self._shape[0] * self._shape[1])
        self._low, self._high = min(self._low, section.low), max(self._high, section.high)
        self._total += section.total
        self._squares += section.squares

    def close(self) -> None:
        """Write the header, now that it is known."""
        height, width = self._shape
        count = max(1, self.n * height * width)
        mean = self._total / count
        header = bytearray(HEADER_BYTES)
        words, reals = np.frombuffer(header, "<i4"), np.frombuffer(header, "<f4")
        words[:4] = width, height, self.n, 2
        words[7:10] = width, height, 1  # a stack of images: one section each
        reals[10:16] = width * self._pixel_size, height * self._pixel_size, self._pixel_size, 90, 90, 90
        words[16:19] = 1, 2, 3
        reals[19:22] = self._low, self._high, mean
        words[27] = 20140
        header[208:216] = b"MAP \x44\x44\0\0"
        reals[54] = max(0.0, self._squares / count - mean**2) ** 0.5
        words[55] = 1
        header[224 : 224 + len(self.LABEL)] = self.LABEL
        self._file.seek(0)
        self._file.write(header)
        self._file.seek(0, os.SEEK_END)
