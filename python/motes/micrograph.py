"""Micrographs from files."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError

MRC_SUFFIXES = (".mrc", ".mrcs")
PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg")
IMAGE_SUFFIXES = (".tif", ".tiff", *PICTURE_SUFFIXES)
SUFFIXES = MRC_SUFFIXES + IMAGE_SUFFIXES
HASH_ROWS = 512


@dataclass(frozen=True, eq=False, repr=False)
class Micrograph:
    """One micrograph.

    Attributes
    ----------
    data : (H, W) array
        Read-only, of the file's own type; index [y, x], rows as they are stored. Mapped from the file where its layout
        allows it (MRC, uncompressed TIFF), so that only what is used is read.
    name : str
        Stem of the file.
    kind : str
        MRC, TIFF, PNG or JPEG.
    pixel_size : float or None
        Angstrom; None where the file does not tell.
    """

    data: NDArray[Any]
    name: str
    kind: str
    pixel_size: float | None = None

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.data.shape[0], self.data.shape[1]

    def fingerprint(self) -> str:
        """Of all pixels, their type and their shape, whatever the file: other pixels have another.

        Examples
        --------
        >>> one, same, other = (Micrograph(np.full((2, 2), value), "a", "TIFF") for value in (1, 1, 2))
        >>> one.fingerprint() == same.fingerprint() != other.fingerprint()
        True
        """
        digest = hashlib.blake2b(f"{self.data.dtype.str} {self.shape}".encode(), digest_size=16)
        for first in range(0, self.shape[0], HASH_ROWS):  # a mapped file is never in memory as a whole
            digest.update(np.ascontiguousarray(self.data[first : first + HASH_ROWS]).data)
        return digest.hexdigest()

    def __repr__(self) -> str:
        size = "" if self.pixel_size is None else f", {self.pixel_size:.4g} A a pixel"
        mapped = ", mapped" if isinstance(self.data, np.memmap) else ""
        height, width = self.shape
        return f"<Micrograph {self.name}: {height} x {width} pixels, {self.data.dtype}{size}, {self.kind}{mapped}>"


def read_micrograph(path: str | os.PathLike[str], section: int | None = None) -> Micrograph:
    """Read a micrograph: MRC, TIFF, PNG or JPEG, as the suffix tells.

    Parameters
    ----------
    path : path
        A regular file.
    section : int, optional
        Which section of an MRC stack, from 0; needed where there are several.

    Returns
    -------
    Micrograph

    Raises
    ------
    FormatError
        If the file is not as its suffix says, in colour, or holds several images and none is asked for.
    ValueError
        If the suffix tells none of these formats.
    ImportError
        If it is MRC and mrcfile is not installed.
    OSError
        If it can not be opened.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "grid1.tif")
    ...     Image.fromarray(np.zeros((40, 60), np.float32)).save(path)
    ...     read_micrograph(path)
    <Micrograph grid1: 40 x 60 pixels, float32, TIFF, mapped>
    """
    place, suffix = os.fspath(path), Path(path).suffix.lower()
    if suffix not in SUFFIXES:
        raise ValueError(f"{place}: suffix {suffix!r} tells no image, expected one of {', '.join(SUFFIXES)}")
    if suffix in IMAGE_SUFFIXES:
        from motes.io.image import read_image

        kind, data, n_frames = read_image(path)
        if n_frames != 1:
            raise FormatError(f"{place}: holds {n_frames} images, expected one micrograph")
        return Micrograph(data, Path(path).stem, kind)
    from motes.io.mrc import read_mrc

    mrc = read_mrc(path)
    n = len(mrc.data)
    if section is None and n > 1:
        raise FormatError(f"{place}: holds {n} sections, expected one micrograph, or a section to be named")
    if section is not None and not 0 <= section < n:
        raise ValueError(f"section: {section}, but {place} holds sections 0 to {n - 1}")
    return Micrograph(mrc.data[section or 0], Path(path).stem, "MRC", mrc.pixel_size)


def images_of(folder: str | os.PathLike[str]) -> dict[str, Path]:
    """Micrographs of a folder by stem, in the order of their names.

    Beside MRC files PNG and JPEG are pictures of them, or figures, and do not count. Of two files of one stem the one
    counts whose suffix is first in `SUFFIXES`: an average in .mrc, not its movie in .mrcs; an MRC, not its TIFF.

    Raises
    ------
    NotADirectoryError
        If it is no folder.
    ValueError
        If it holds none.
    """
    home = Path(folder)
    if not home.is_dir():
        raise NotADirectoryError(20, "Not a directory", os.fspath(folder))
    files = sorted(file for file in home.iterdir() if file.suffix.lower() in SUFFIXES and file.is_file())
    if not files:
        raise ValueError(f"{home}: a folder without micrographs ({', '.join(SUFFIXES)})")
    if any(file.suffix.lower() in MRC_SUFFIXES for file in files):
        files = [file for file in files if file.suffix.lower() not in PICTURE_SUFFIXES]
    images = {file.stem: file for file in sorted(files, key=lambda file: -SUFFIXES.index(file.suffix.lower()))}
    return dict(sorted(images.items()))
