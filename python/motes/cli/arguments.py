"""What options and small input files mean: shapes, masks, lists of patterns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.reconstruction.mixture.templates import Source

MOST_PATTERNS = 10**18
RANDOM = "Random seed: where the random numbers begin. "
WHERE = "Where to work: the processor, a GPU, or auto, a GPU where there is one."

Where: TypeAlias = Annotated[str, typer.Option("--device", metavar="cpu|cuda|cuda:N|auto", help=WHERE)]
PickerWhere: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--device", metavar="cpu|cuda|cuda:N|auto", help=f"{WHERE} Of a picker that can; by default it chooses."
    ),
]


def shape_of(text: str | None) -> tuple[int, int] | None:
    """Rows and columns from ``25x25``.

    Examples
    --------
    >>> shape_of("24x32")
    (24, 32)
    """
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) != 2 or not all(part.isascii() and part.isdecimal() and int(part) for part in parts):
        raise ValueError(f"--shape: expected rows and columns, such as 25x25, got {text!r}")
    return int(parts[0]), int(parts[1])


def n_patterns_of(text: str) -> int:
    """Number of patterns as it is typed, 100000 or 1e5.

    Examples
    --------
    >>> n_patterns_of("1e5")
    100000
    """
    try:
        number: float = int(text)
    except ValueError:
        try:
            number = float(text)
        except ValueError:
            number = float("nan")
    if not 1 <= number <= MOST_PATTERNS or number != int(number):
        raise typer.BadParameter(f"expected a whole number, 1 to 1e18, such as 100000 or 1e5, got {text!r}")
    return int(number)


def init_of(text: str | None, patterns: Source) -> str | NDArray[Any] | None:
    """Name of a start, the master in a .npy, or the models of a Dragonfly output, as bright as the patterns are."""
    if text is not None and text.endswith((".h5", ".hdf5", ".bin")):
        from motes.dragonfly import read_model

        models = read_model(text, patterns.shape)
        photons = models.sum(axis=(1, 2)).mean()
        if not photons > 0:
            raise ValueError(f"{text}: models without photons")
        models *= patterns.total_image().sum() / max(len(patterns), 1) / photons
        return models if len(models) > 1 else models[0]
    return _numbers_of(Path(text), "iuf") if text is not None and text.endswith(".npy") else text


def check_start(init: object, *, halves: bool, held_out: bool) -> None:
    """Refuse masters to begin with, where further fits can not begin with them, before the first one."""
    if isinstance(init, str | None):
        return
    if halves:
        raise ValueError("--init: halves that begin alike would correlate by that; expected a start's name")
    if held_out:
        raise ValueError("--init: is of one number of classes, --held-out tries several; expected a start's name")


def read_mask(path: Path | None) -> NDArray[Any] | None:
    """Bad pixels, (H, W), from a .npy."""
    return None if path is None else _numbers_of(path)


def _numbers_of(path: Path, kinds: str = "biuf") -> NDArray[Any]:
    """Truth values or real numbers: other types are the file's fault, not the program's."""
    array = read_array(path)
    if array.dtype.kind not in kinds:
        raise ValueError(f"{path}: expected numbers, got {array.dtype}")
    return array


def read_kept(
    exclude: Path | None,
    blacklist: Path | None,
    selection: str | None,
    n_patterns: int,
    whole: NDArray[np.bool_] | None = None,
) -> NDArray[np.bool_]:
    """Which patterns to use, (N,): all but damaged ones and those of two lists, and of these every other one if asked.

    Where all are, an array that takes no memory.
    """
    import numpy as np

    from motes.dragonfly import half_of, read_blacklist
    from motes.dragonfly.selection import HALVES

    if selection is not None and selection not in HALVES:
        raise ValueError(f"--selection: expected {' or '.join(HALVES)}, got {selection!r}")
    if exclude is None and blacklist is None and selection is None and whole is None:
        return np.broadcast_to(np.bool_(True), n_patterns)
    kept = ~read_excluded(exclude, n_patterns)
    if whole is not None:
        kept &= whole
    if blacklist is not None:
        kept &= ~read_blacklist(blacklist, n_patterns)
    return kept if selection is None else half_of(kept, selection)


def read_excluded(path: Path | None, n_patterns: int) -> NDArray[np.bool_]:
    """Which patterns to leave out, (N,): from a .npy or JSON list of their numbers, or a text of one number a line."""
    import numpy as np

    excluded = np.zeros(n_patterns, np.bool_)
    if path is None:
        return excluded
    for place, number in _numbers(path):
        if not 0 <= number < n_patterns:
            known = f"they are numbered 0 to {n_patterns - 1}" if n_patterns else "there are none at all"
            raise ValueError(f"{path}: {place}: there is no pattern {number}, {known}")
        if excluded[number]:
            raise ValueError(f"{path}: {place}: pattern {number} is named for the second time")
        excluded[number] = True
    return excluded


def _numbers(path: Path) -> Iterator[tuple[str, int]]:
    """Numbers of patterns, each with the place where it stands."""
    if path.suffix == ".npy":
        array = read_array(path)
        if array.ndim != 1 or array.dtype.kind not in "iu":
            raise ValueError(f"{path}: expected a list of pattern numbers; got {array.dtype} of shape {array.shape}")
        yield from ((f"entry {i}", int(number)) for i, number in enumerate(array))
        return
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: expected a text of pattern numbers, or a .npy; got other bytes") from error
    yield from _in_json(path, text) if text.lstrip()[:1] in ("[", "{") else _in_lines(path, text)


def _in_json(path: Path, text: str) -> Iterator[tuple[str, int]]:
    try:
        numbers = json.loads(text)
    except (ValueError, RecursionError) as error:
        where = "nested too deeply" if isinstance(error, RecursionError) else "a number of thousands of digits"
        where = f"line {error.lineno}: {error.msg}" if isinstance(error, json.JSONDecodeError) else where
        raise ValueError(f"{path}: {where}; expected a JSON list of pattern numbers") from error
    if not isinstance(numbers, list):
        raise ValueError(f"{path}: expected a JSON list of pattern numbers, got an object")
    for i, number in enumerate(numbers):
        if isinstance(number, bool) or not isinstance(number, int):
            raise ValueError(f"{path}: entry {i}: expected the number of a pattern, got {json.dumps(number)[:40]}")
        yield f"entry {i}", number


def _in_lines(path: Path, text: str) -> Iterator[tuple[str, int]]:
    for i, line in enumerate(text.splitlines(), start=1):
        stated = line.partition("#")[0].strip()
        if not stated:
            continue
        if not (stated.isascii() and stated.removeprefix("-").isdecimal() and len(stated) < 20):
            raise ValueError(f"{path}: line {i}: expected the number of a pattern, got {stated[:40]!r}")
        yield f"line {i}", int(stated)


def read_array(path: Path) -> NDArray[Any]:
    """The one array of a .npy file; never unpickled."""
    from motes.io.npy import read_header, read_values
    from motes.io.source import open_file

    with open_file(path) as (file, size):
        return read_values(file, read_header(file, size, str(path)), str(path))


def picture_of(path: Path, side: int) -> NDArray[Any]:
    """The largest centred square of a picture, (side, side); what is no picture is told of ``--image``."""
    from motes.simulate import picture

    try:
        return picture(path, side)
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"--image: {path} is no picture that can be read") from error
