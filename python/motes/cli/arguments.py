"""What options and small input files mean: shapes, masks, lists of patterns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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


def init_of(text: str | None) -> str | NDArray[Any] | None:
    """Name of a start, or the master in a .npy."""
    return _numbers_of(Path(text)) if text is not None and text.endswith(".npy") else text


def read_mask(path: Path | None) -> NDArray[Any] | None:
    """Bad pixels, (H, W), from a .npy."""
    return None if path is None else _numbers_of(path)


def _numbers_of(path: Path) -> NDArray[Any]:
    """Truth values or real numbers: other types are the file's fault, not the program's."""
    array = read_array(path)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{path}: expected numbers, got {array.dtype}")
    return array


def read_excluded(path: Path | None, n_patterns: int) -> NDArray[np.bool_]:
    """Which patterns to leave out, (N,): from a .npy of their numbers, or a text of one number a line."""
    import numpy as np

    excluded = np.zeros(n_patterns, np.bool_)
    if path is None:
        return excluded
    numbers = read_array(path) if path.suffix == ".npy" else _numbers(path)
    if numbers.ndim != 1 or numbers.dtype.kind not in "iu":
        raise ValueError(f"{path}: expected a list of pattern numbers; got {numbers.dtype} of shape {numbers.shape}")
    absent = numbers[(numbers < 0) | (numbers >= n_patterns)]
    if absent.size:
        raise ValueError(f"{path}: there is no pattern {absent[0]}, they are numbered 0 to {n_patterns - 1}")
    excluded[numbers] = True
    return excluded


def _numbers(path: Path) -> NDArray[np.int64]:
    import numpy as np

    numbers = []
    for i, line in enumerate(path.read_text(encoding="utf-8-sig").splitlines(), start=1):
        text = line.partition("#")[0].strip()
        if text and not (text.isascii() and text.isdecimal()):
            raise ValueError(f"{path}: line {i}: expected the number of a pattern, got {text[:40]!r}")
        if text:
            numbers.append(int(text))
    return np.array(numbers, np.int64)


def read_array(path: Path) -> NDArray[Any]:
    """The one array of a .npy file; never unpickled."""
    from motes.io.npy import read_header, read_values
    from motes.io.source import open_file

    with open_file(path) as (file, size):
        return read_values(file, read_header(file, size, str(path)), str(path))
