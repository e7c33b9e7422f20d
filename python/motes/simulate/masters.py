"""Master images to simulate from: a portrait, a creature, any picture, and how bright and how contrasted they are."""

from __future__ import annotations

from os import PathLike
from typing import IO, Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.errors import FormatError

Image = NDArray[np.float64]
DEEP = {"I;16": 65535.0, "I;16L": 65535.0, "I;16B": 65535.0, "I;16N": 65535.0, "I": None, "F": None}
"""Pillow's modes of more than 8 bits, and what is white in them; None: the brightest pixel."""
Point = tuple[float, float]


def portrait(side: int) -> Image:
    """Matplotlib's own sample portrait of Grace Hopper (public domain), square and grey.

    Parameters
    ----------
    side : int
        Pixels along one edge, at least 1.

    Returns
    -------
    (side, side) float64 array
        Brightness from 0 (black) to 1 (white).

    Raises
    ------
    ValueError
        If `side` is below 1.

    Examples
    --------
    >>> portrait(25).shape
    (25, 25)
    """
    import matplotlib.cbook
    import PIL.Image

    _check_side(side)
    with PIL.Image.open(str(matplotlib.cbook.get_sample_data("grace_hopper.jpg", asfileobj=False))) as photograph:
        width = photograph.width
        return _square(photograph, (0.1 * width, 0.0, 0.9 * width, 0.8 * width), side, name="portrait")


def picture(path: str | PathLike[str], side: int) -> Image:
    """The largest centred square of any picture that Pillow can read (PNG, JPEG, TIFF, ...), in grey.

    Resampled by Lanczos' filter; where that would go beyond the darkest and the brightest pixel, it is held there.

    Parameters
    ----------
    path : path
        The picture.
    side : int
        Pixels along one edge of the result, at least 1.

    Returns
    -------
    (side, side) float64 array
        Brightness from 0 (black) to 1 (white; of 32-bit pictures the brightest pixel of the square).

    Raises
    ------
    OSError
        If there is no such file, or it is no picture.
    ValueError
        If `side` is below 1, or a pixel is negative or not finite.
    """
    return read_picture(path, side)[0]


def read_picture(path: str | PathLike[str], side: int) -> tuple[Image, tuple[int, int], tuple[int, int]]:
    """As `picture`, with the size of the stored picture and where its square begins: (rows, columns) each."""
    import PIL.Image

    from motes.io.image import MOST_PIXELS_A_BYTE
    from motes.io.source import open_file  # it reads no more than there is, whatever a chunk says of its size

    _check_side(side)
    try:
        with open_file(path) as (file, n_bytes), PIL.Image.open(cast(IO[bytes], file)) as photograph:
            width, height = photograph.size
            if width * height > MOST_PIXELS_A_BYTE * n_bytes:  # before memory is asked for
                raise OSError(f"{width} x {height} pixels, more than {n_bytes} bytes can hold")
            edge = min(width, height)
            left, top = (width - edge) // 2, (height - edge) // 2
            square = _square(photograph, (left, top, left + edge, top + edge), side, name=str(path))
            return square, (height, width), (top, left)
    except FormatError:
        raise
    except PIL.UnidentifiedImageError:
        raise OSError(f"{path}: is no picture that Pillow can read") from None
    except (OSError, SyntaxError, ValueError, PIL.Image.DecompressionBombError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise OSError(f"{path}: {error}") from error  # Pillow's own do not say which file


def _square(photograph: Any, box: tuple[float, float, float, float], side: int, *, name: str) -> Image:
    import PIL.Image

    # Cropped before it is resized: a filter that looked across the edge of the box would mix in what was cut off.
    deep = photograph.mode in DEEP  # Pillow would cut these off at 255
    grey = photograph.convert("F" if deep else "L").crop(box)
    if deep and not (np.isfinite(stored := np.asarray(grey)).all() and stored.min() >= 0):
        raise FormatError(f"{name}: expected finite pixels, 0 or more")
    darkest, brightest = grey.getextrema()
    resized = np.asarray(grey.resize((side, side), PIL.Image.Resampling.LANCZOS), np.float64)
    white = DEEP[photograph.mode] or brightest or 1.0 if deep else 255.0
    return np.clip(resized, darkest, brightest) / white  # the filter's ripples stay within the picture


def creature(side: int, seed: int | np.random.Generator = 0) -> Image:
    """A snail: a spiral shell on a foot, a raised head, two feelers. No quarter turn or mirror maps it to itself.

    Parameters
    ----------
    side : int
        Pixels along one edge, at least 1.
    seed : int or numpy.random.Generator
        Moves and turns its parts a little, so that each seed is an individual.

    Returns
    -------
    (side, side) float64 array
        Brightness from 0.1 (the background) to 1, smooth at the edges.

    Raises
    ------
    ValueError
        If `side` is below 1.

    Examples
    --------
    >>> snail = creature(25, seed=1)
    >>> bool(abs(snail - np.rot90(snail)).mean() > 0.1)
    True
    """
    _check_side(side)
    oversampling = 8
    shift = 0.015 * np.random.default_rng(seed).standard_normal(5)
    y, x = (np.mgrid[: side * oversampling, : side * oversampling] + 0.5) / (side * oversampling)

    shell_x, shell_y, shell_radius = 0.38 + shift[0], 0.47 + shift[1], 0.29
    radius = np.hypot(x - shell_x, y - shell_y) / shell_radius
    turns = np.arctan2(y - shell_y, x - shell_x) / (2 * np.pi)
    # Along a logarithmic spiral the angle grows with ln(radius): one dark groove that narrows towards the middle.
    winding = np.mod(1.1 * np.log2(radius + 1e-9) - turns + shift[2], 1.0)
    shell = radius < 1

    foot = ((x - 0.47) / 0.42) ** 2 + ((y - 0.80) / 0.075) ** 2 < 1
    neck = _segment(x, y, (0.72, 0.80), (0.83 + shift[3], 0.50), 0.062)
    head = np.hypot((x - 0.85 - shift[3]) / 0.095, (y - 0.47) / 0.075) < 1
    feelers = _segment(x, y, (0.83, 0.45), (0.76, 0.24 + shift[4]), 0.02)
    feelers |= _segment(x, y, (0.87, 0.45), (0.93, 0.20), 0.02)

    drawing = np.full_like(x, 0.1)
    drawing[foot | neck | head | feelers] = 0.65
    drawing[shell] = np.where(winding < 0.3, 0.35, 1.0)[shell]
    return np.asarray(drawing.reshape(side, oversampling, side, oversampling).mean(axis=(1, 3)))


def _segment(x: Image, y: Image, start: Point, end: Point, width: float) -> NDArray[np.bool_]:
    """Where (x, y) lies within `width` of the line from `start` to `end`."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = np.clip(((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy), 0, 1)
    return np.asarray(np.hypot(x - start[0] - along * dx, y - start[1] - along * dy) < width)


def _check_side(side: int) -> None:
    if side < 1:
        raise ValueError(f"side: a picture needs at least 1 pixel along its edge, got {side}")


def with_contrast(master: ArrayLike, contrast: float) -> Image:
    """Blend a master with its own mean: mean + contrast * (master - mean).

    Parameters
    ----------
    master : (H, W) array
        Any image.
    contrast : float
        1 leaves it as it is, 0 makes it flat.

    Returns
    -------
    (H, W) float64 array
        The same mean, `contrast` times the deviation from it.

    Examples
    --------
    >>> with_contrast([[0.0, 1.0]], 0.5)
    array([[0.25, 0.75]])
    """
    image = np.asarray(master, np.float64)
    mean = image.mean()
    return np.asarray(mean + contrast * (image - mean))


def scaled(master: ArrayLike, photons: float) -> Image:
    """Scale a master to a mean number of photons in a whole pattern.

    Parameters
    ----------
    master : (H, W) array
        Any image that is not black.
    photons : float
        Mean photons a pattern.

    Returns
    -------
    (H, W) float64 array, photons a pixel
        Its sum is `photons`.

    Raises
    ------
    ValueError
        If the image sums to zero or less, or `photons` is negative or not finite.

    Examples
    --------
    >>> scaled([[1.0, 3.0]], 8)
    array([[2., 6.]])
    """
    image = np.asarray(master, np.float64)
    total = image.sum()
    if not total > 0:
        raise ValueError(f"master: can not be scaled to {photons:g} photons, it sums to {total:g}")
    if not 0 <= photons < np.inf:
        raise ValueError(f"photons: expected a finite number that is not negative, got {photons:g}")
    return np.asarray(image * (photons / total))
