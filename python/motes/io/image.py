"""Grey images (PNG, JPEG, TIFF) through Pillow; an uncompressed TIFF is mapped and not read."""

from __future__ import annotations

import os
from collections.abc import Callable
from io import BufferedIOBase
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.source import open_file, refuse_bomb

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II*\0": "TIFF", b"MM\0*": "TIFF"}
# Deflate packs at most 1032 bytes into one, and no code of these formats more.
MOST_PIXELS_A_BYTE = 1100
PIXEL_BYTES = {"1": 1, "L": 1, "P": 1, "LA": 2, "I;16": 2, "I;16B": 2}  # as Pillow holds them; all others take 4
GREY = {"L", "I", "I;16", "I;16B", "F"}
RAW = {"L": "|u1", "I;16": "<u2", "I;16B": ">u2", "I;16S": "<i2", "F;32F": "<f4", "F;32BF": ">f4"}


def read_image(path: str | os.PathLike[str]) -> tuple[str, NDArray[Any], int]:
    """Read the first image of a file.

    Returns
    -------
    kind : str
        PNG, JPEG or TIFF.
    data : (H, W) array
        Row 0 at the top, as the image is displayed. Colours are taken for grey where all three are equal.
    n_frames : int
        Images in the file.

    Raises
    ------
    FormatError
        If it is none of these, damaged, in colour, or promises more pixels than its bytes can hold.
    """
    place = os.fspath(path)
    with open_file(path) as (file, size):
        start = file.read(4)
        kind = next((kind for magic, kind in MAGIC.items() if start.startswith(magic)), None)
        if kind is None:
            raise FormatError(f"{place}: begins with {start!r}, expected a PNG, JPEG or TIFF image")
        file.seek(0)
        try:
            image = _opened(kind, file)
            width, height = image.size
            if min(width, height) < 1 or width * height > MOST_PIXELS_A_BYTE * size:
                raise FormatError(f"{place}: {width} x {height} pixels, more than {size} bytes of {kind} can hold")
            refuse_bomb(width * height * PIXEL_BYTES.get(image.mode, 4), size, place, kind)
            frames = int(getattr(image, "n_frames", 1))
            mapped = _mapped(path, image, size) if kind == "TIFF" else None
            pixels = _grey(image, place) if mapped is None else mapped
        except (FormatError, MemoryError):
            raise
        except Exception as error:  # Pillow raises about any kind on damaged files
            raise FormatError(f"{place}: damaged or no {kind} image ({error})") from error
    pixels.flags.writeable = False
    return kind, pixels, frames


def _opened(kind: str, file: BufferedIOBase) -> ImageFile:
    """The plugin alone: `Image.open` would try others, and warns of what is large but sound."""
    from PIL import JpegImagePlugin, PngImagePlugin, TiffImagePlugin

    plugins: dict[str, Callable[[Any], ImageFile]] = {
        "PNG": PngImagePlugin.PngImageFile,
        "JPEG": JpegImagePlugin.JpegImageFile,
        "TIFF": TiffImagePlugin.TiffImageFile,
    }
    return plugins[kind](file)


def _grey(image: ImageFile, place: str) -> NDArray[Any]:
    if image.mode in GREY:
        return np.array(image)
    if image.mode == "RGB":
        colours = np.asarray(image)
        if np.array_equal(colours[..., 0], colours[..., 1]) and np.array_equal(colours[..., 0], colours[..., 2]):
            return colours[..., 0].copy()
    raise FormatError(f"{place}: an image in colour or of another kind (Pillow's mode {image.mode}), expected grey")


def _mapped(path: str | os.PathLike[str], image: ImageFile, size: int) -> NDArray[Any] | None:
    """The pixels where they lie in the file, if they lie there row after row and as they are."""
    width, height = image.size
    codecs = {tile.codec_name for tile in image.tile}
    args = [tile.args for tile in image.tile]
    first = args[0][0] if args and isinstance(args[0], tuple) else None
    if codecs != {"raw"} or first not in RAW:
        return None
    dtype = np.dtype(RAW[first])
    start, row = image.tile[0].offset, 0
    for tile in image.tile:
        left, top, right, bottom = tile.extents or (0, 0, 0, 0)
        there = start + row * width * dtype.itemsize
        if (left, top, right) != (0, row, width) or tile.offset != there or tile.args != (first, 0, 1):
            return None
        row = bottom
    if row != height or start + height * width * dtype.itemsize > size:
        return None
    return np.memmap(Path(path), dtype, "r", start, (height, width))
