"""What options and small input files mean: shapes, masks, lists of patterns."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motes.noise import Noise
    from motes.rotations import Rotations


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


def rotations_of(name: str) -> Rotations:
    """The group of this name."""
    from motes.rotations import C4, D4

    if name.lower().startswith("in-plane"):
        raise ValueError(
            f"--rotations: angles other than quarter turns are not available yet, expected C4 or D4, got {name}"
        )
    groups = {"C4": C4, "D4": D4}
    if name.upper() not in groups:
        raise ValueError(f"--rotations: expected C4 or D4, got {name!r}")
    return groups[name.upper()]


def noise_of(name: str) -> Noise:
    """The noise model of this name."""
    from motes.noise import Bernoulli, Poisson

    if name == "gaussian":
        raise ValueError("--noise: gaussian data are not available yet, expected bernoulli or poisson")
    models: dict[str, Noise] = {"bernoulli": Bernoulli(), "poisson": Poisson()}
    if name not in models:
        raise ValueError(f"--noise: expected bernoulli or poisson, got {name!r}")
    return models[name]


def init_of(text: str | None) -> str | NDArray[np.float64] | None:
    """Name of a start, or the master in a .npy."""
    return read_array(Path(text)).astype(float) if text is not None and text.endswith(".npy") else text


def read_mask(path: Path | None, shape: tuple[int, int]) -> NDArray[np.bool_] | None:
    """Bad pixels, (H, W): an array of truth values, or of numbers of which those other than zero mark bad pixels."""
    import numpy as np

    if path is None:
        return None
    mask = read_array(path)
    if mask.shape != shape or mask.dtype.kind not in "biu":
        expected = f"{shape[0]} x {shape[1]} truth values or whole numbers, other than zero where a pixel is bad"
        raise ValueError(f"{path}: expected {expected}; got {mask.dtype} of shape {mask.shape}")
    return np.asarray(mask != 0)


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
