"""Particle coordinates from files and to files, of every format."""

from __future__ import annotations

import errno
import os
import warnings
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from motes.errors import FormatError
from motes.io.atomic import atomic_path
from motes.picks import box, cbox, cryoppp, cryosparc, relion, topaz
from motes.picks.container import FloatArray, Picks, stem
from motes.picks.yaxis import Origin, YAxis

Reader = Callable[[str | os.PathLike[str], str, YAxis], Picks]
Writer = Callable[[str | os.PathLike[str], Picks, YAxis, float | None], list[str]]


@dataclass(frozen=True)
class Format:
    """A coordinate format.

    Attributes
    ----------
    name, suffix : str
        Its name here, and how its files end.
    title : str
        In words.
    coordinates : str
        What its numbers mean.
    read, write : callable
    single : bool
        Whether a file holds the picks of one micrograph, whose name is the file's stem.
    origin : "top" or "bottom"
        Which way y runs against RELION's where the user does not say.
    """

    name: str
    suffix: str
    title: str
    coordinates: str
    read: Reader
    write: Writer
    single: bool
    origin: Origin = "top"

    def convention(self, y_origin: Origin | None = None, height: float | None = None) -> str:
        """How coordinates are read and written, in words."""
        return f"{self.coordinates}, {YAxis(y_origin or self.origin, height)}"


PIXELS, BOXES = "centres in pixels", "centre = corner of the box + half its size"
PICKED, FRACTIONS = "centres in pixels of the image that was picked", "centres as fractions of width and height"
FORMATS = {
    form.name: form
    for form in (
        Format("star", ".star", "RELION STAR, 3.1", PIXELS, relion.read, relion.write_31, single=False),
        Format("star30", ".star", "RELION STAR, 3.0", PIXELS, relion.read, relion.write_30, single=False),
        Format("box", ".box", "EMAN box", BOXES, box.read, box.write, single=True),
        Format("cbox", ".cbox", "crYOLO CBOX", BOXES, cbox.read, cbox.write, single=True),
        Format("topaz", ".txt", "Topaz", PICKED, topaz.read, topaz.write, single=False),
        Format("cryoppp", ".csv", "CryoPPP CSV", PIXELS, cryoppp.read, cryoppp.write, single=True),
        Format(
            "cryosparc", ".cs", "cryoSPARC", FRACTIONS, cryosparc.read, cryosparc.write, single=False, origin="bottom"
        ),
    )
}
"""Formats of coordinates by name."""
SUFFIXES = {form.suffix: form.name for form in reversed(FORMATS.values())}
"""Name of the format that a suffix stands for."""


def read_picks(
    path: str | os.PathLike[str],
    format: str | None = None,
    *,
    y_origin: Origin | None = None,
    flip_y: bool = False,
    height: float | None = None,
) -> Picks:
    r"""Read particle coordinates.

    Parameters
    ----------
    path : path
        A file, or a folder: then all files in it of the format, or of any format where none is named, in the order of
        their names.
    format : str, optional
        A name of `motes.picks.FORMATS`; by default what the suffix tells: ``.star``, ``.box``, ``.cbox``, ``.txt``
        (Topaz), ``.csv`` (CryoPPP), ``.cs`` (cryoSPARC).
    y_origin : "top" or "bottom", optional
        Whether y in the file counts from the first stored row of the micrograph or from the last. By default as the
        format has it: from the first, but from the last in ``.cs``. It is never guessed from what the file holds:
        `motes.picks.likely_flip` reports what a micrograph makes likely.
    flip_y : bool
        Whether y in each file counts from the other end than its format has it; instead of `y_origin`.
    height : number, optional
        Rows of the micrographs, needed to count from the last; a ``.cs`` file tells it.

    Returns
    -------
    Picks
        Its `convention` tells how the coordinates were read.

    Raises
    ------
    FormatError
        If the file is not as its format says, the message names the file and the line; or if picks that are turned over
        lie outside the height.
    ValueError
        If no format is named and the suffix tells none, a flip needs a height, or it is asked for in two ways.
    OSError
        If it can not be opened.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "grid1.box")
    ...     _ = path.write_text("100\t200\t180\t180\t0.7\n")
    ...     picks = read_picks(path, y_origin="bottom", height=4096)
    >>> picks.micrographs, picks.x, picks.y, picks.radius
    (('grid1',), array([190.]), array([3806.]), array([90.]))
    """
    _check_arguments(y_origin, height)
    if flip_y and y_origin is not None:
        raise ValueError("flip_y, y_origin: two ways to say the same, expected one of them")
    if not Path(path).exists():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), os.fspath(path))
    if not Path(path).is_dir():
        return _read_file(path, format, y_origin, flip_y, height)
    files = files_of(path, format)
    if not files:
        suffixes = SUFFIXES if format is None else [format_of(path, format).suffix]
        raise FormatError(f"{os.fspath(path)}: a folder without coordinates ({', '.join(sorted(suffixes))})")
    stems = Counter(file.stem for file in files)
    if twice := [file.name for file in files if stems[file.stem] > 1]:
        raise FormatError(f"{os.fspath(path)}: {' and '.join(twice[:2])} are of one micrograph; name a format")
    return Picks.concatenate([_read_file(file, format, y_origin, flip_y, height) for file in files])


def files_of(path: str | os.PathLike[str], format: str | None = None) -> list[Path]:
    """The coordinate files of a folder, of one format or of any, in the order of their names; or the file itself."""
    if not Path(path).is_dir():
        return [Path(path)]
    suffixes = SUFFIXES if format is None else [format_of(path, format).suffix]
    return sorted(file for file in Path(path).iterdir() if file.suffix.lower() in suffixes and file.is_file())


def _read_file(
    path: str | os.PathLike[str], format: str | None, y_origin: Origin | None, flip_y: bool, height: float | None
) -> Picks:
    form = format_of(path, format)
    if flip_y:  # files of one folder may be of formats that differ in this
        y_origin = "top" if form.origin == "bottom" else "bottom"
    axis = _axis(form, y_origin, height)
    picks = replace(form.read(path, Path(path).stem, axis), convention=form.convention(y_origin, height))
    if form.name != "cryosparc":  # which knows its own height
        _check_height(os.fspath(path), picks.y, axis, FormatError)
    return picks


def _check_height(place: str, y: FloatArray, axis: YAxis, error: type[ValueError]) -> None:
    """Refuse to turn picks over in a height that they do not fit into; by corners or by centres makes a pixel."""
    if axis.origin == "top" or axis.height is None:
        return
    outside = (y < -1) | (y > axis.height)
    if outside.any():
        row = int(np.argmax(outside))
        raise error(
            f"{place}: pick {row + 1} of {y.size} is at y = {y[row]:g} in stored rows, expected 0 to {axis.height:g}: "
            f"the height of its micrograph is not {axis.height:g}"
        )


def write_picks(
    path: str | os.PathLike[str],
    picks: Picks,
    format: str | None = None,
    *,
    y_origin: Origin | None = None,
    height: float | None = None,
    width: float | None = None,
) -> None:
    """Write particle coordinates, whole or not at all.

    Parameters
    ----------
    path : path
        An existing file is replaced once the new one is complete. For formats of one micrograph a file (``.box``,
        ``.cbox``, ``.csv``) it may be an existing folder, which gets one file a micrograph.
    picks : Picks
    format : str, optional
        A name of `motes.picks.FORMATS`; by default what the suffix tells. ``.star`` is of version 3.1, or of 3.0
        (``"star30"``) where the picks were read from one of 3.0.
    y_origin : "top" or "bottom", optional
        As in `read_picks`.
    height, width : number, optional
        Rows and columns of the micrographs: the height is needed to count y from the last row, both for ``.cs`` unless
        the picks know their `image_shape`.

    Raises
    ------
    ValueError
        If no format is named and the suffix tells none, picks that are turned over lie outside the height, or the
        format needs what the picks do not have: a radius, the size of the micrographs, one micrograph a file.
    OSError
        If the file can not be written.

    Warns
    -----
    UserWarning
        If there is something that the format can not hold; it is named.

    Examples
    --------
    >>> import tempfile
    >>> picks = Picks([190.5], [3806], radius=90, score=[0.7], micrographs=("grid1.mrc",))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_picks(Path(folder, "grid1.cbox"), picks)
    ...     read_picks(Path(folder, "grid1.cbox"))
    <Picks: 1 on 1 micrograph, radius 90, scores 0.7>
    """
    _check_arguments(y_origin, height)
    if width is not None and not (np.isfinite(width) and width > 0):
        raise ValueError(f"width: expected a number above 0, got {width}")
    form = format_of(path, format)
    if format is None and form.name == "star" and picks.format == "star30":
        form = FORMATS["star30"]
    axis = _axis(form, y_origin, height)
    place = os.fspath(path)
    if form.name != "cryosparc":
        _check_height(place, picks.y, axis, ValueError)
    if form.single and Path(path).is_dir():
        untold = _write_folder(Path(path), picks, form, axis, width)
    else:
        if form.single and len(picks.micrographs) != 1:
            raise ValueError(
                f"{place}: picks of {len(picks.micrographs)} micrographs, but a {form.suffix} file is of one; "
                "give a folder that exists"
            )
        if picks.micrographs == ("",):
            picks = replace(picks, micrographs=(Path(path).stem,))
        untold = form.write(path, picks, axis, width)
    family = form.name.removesuffix("30") == picks.format.removesuffix("30")
    if picks.image_shape is not None and form.name != "cryosparc":
        untold.append("the shapes of the micrographs")
    if picks.box_size is not None and form.name not in ("box", "cbox"):
        untold.append("boxes that are no squares")
    if not family and picks.extra:
        untold.append(f"columns {', '.join(picks.extra)}")
    if not family and picks.blocks:
        untold.append(f"blocks {', '.join(f'data_{block.name}' for block in picks.blocks)}")
    if untold:
        warnings.warn(f"{place}: {form.title} does not hold {'; '.join(untold)}", UserWarning, stacklevel=2)


def _write_folder(folder: Path, picks: Picks, form: Format, axis: YAxis, width: float | None) -> list[str]:
    """One file a micrograph; none appears before all are whole."""
    names = [stem(name) for name in picks.micrographs]
    for name in names:
        if name in ("", ".", "..") or "\0" in name:
            raise ValueError(f"micrographs: {name!r} can not name a file")
    if len(set(names)) < len(names):
        raise ValueError("micrographs: two have one name but for folder and suffix")
    untold: dict[str, None] = {}
    with ExitStack() as files:
        for name, (_, part) in zip(names, picks.by_micrograph(), strict=True):
            staged = files.enter_context(atomic_path(folder / f"{name}{form.suffix}"))
            untold |= dict.fromkeys(form.write(staged, part, axis, width))
    return list(untold)


def format_of(path: str | os.PathLike[str], format: str | None = None) -> Format:
    """The format of this name, or the one that a file's suffix tells.

    Raises
    ------
    ValueError
        If there is none of this name or suffix.

    Examples
    --------
    >>> format_of("grid1.box").title
    'EMAN box'
    """
    suffix = Path(path).suffix.lower()
    if format is not None:
        if format not in FORMATS:
            raise ValueError(f"format: expected one of {', '.join(FORMATS)}, got {format!r}")
        return FORMATS[format]
    if suffix not in SUFFIXES:
        raise ValueError(f"{os.fspath(path)}: suffix {suffix!r} tells no format, expected one of {', '.join(SUFFIXES)}")
    return FORMATS[SUFFIXES[suffix]]


def _axis(form: Format, y_origin: Origin | None, height: float | None) -> YAxis:
    origin = y_origin or form.origin
    if origin == "bottom" and height is None and form.name != "cryosparc":
        raise ValueError(f"height: needed to count y from the bottom in {form.title}")
    return YAxis(origin, height)


def _check_arguments(y_origin: str | None, height: float | None) -> None:
    if y_origin not in (None, "top", "bottom"):
        raise ValueError(f"y_origin: expected 'top' or 'bottom', got {y_origin!r}")
    if height is not None and not (np.isfinite(height) and height > 0):
        raise ValueError(f"height: expected a number above 0, got {height}")
