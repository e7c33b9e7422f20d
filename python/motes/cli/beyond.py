"""Options of `motes reconstruct` beyond one master and exact rotations: classes, fluences, a detector, annealing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from motes.dense import DensePatterns
    from motes.detector import Detector
    from motes.known_mixture import KnownMixture
    from motes.patterns import Patterns

DATA, MODEL, FIT = "Data", "Model", "Fit"

DetectorFile: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=DATA,
        help="Dragonfly's detector file, HDF5 or text: which pixels tell orientations, which are only merged, and the "
        "correction of each.",
    ),
]
Classes: TypeAlias = Annotated[
    int, typer.Option(min=0, metavar="K", rich_help_panel=MODEL, help="Masters that rotate; each has its own patterns.")
]
StillClasses: TypeAlias = Annotated[
    int, typer.Option(min=0, metavar="K", rich_help_panel=MODEL, help="Masters beside them that do not rotate.")
]
ClassWeights: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="estimate|uniform", rich_help_panel=MODEL, help="Whether it is to be found out how large classes are."
    ),
]
Fluence: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="uniform|estimate|FILE",
        rich_help_panel=MODEL,
        help="Brightness of patterns: the same, estimated with the masters, or known, from a .npy or the scale of a "
        "Dragonfly output.",
    ),
]
Beta: TypeAlias = Annotated[
    str,
    typer.Option(
        metavar="auto|POWER|POWER,POWER,...",
        rich_help_panel=FIT,
        help="Power on the likelihood, above 0 and at most 1, against starts that stick: one for all iterations, one "
        "for each and the last for the rest, or by itself from the data to 1.",
    ),
]
Coarse: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="N,N,...",
        rich_help_panel=FIT,
        help="Growing numbers of in-plane angles to climb with before those of --rotations.",
    ),
]


def powers_of(text: str) -> float | str | tuple[float, ...]:
    """What `--beta` says.

    Examples
    --------
    >>> powers_of("0.5"), powers_of("0.1,0.1,1"), powers_of("auto")
    (0.5, (0.1, 0.1, 1.0), 'auto')
    """
    if text == "auto":
        return text
    try:
        powers = tuple(float(word) for word in text.split(","))
    except ValueError:
        raise ValueError(f"--beta: expected auto, a power, or several with commas between, got {text!r:.60}") from None
    return powers if len(powers) > 1 else powers[0]


def coarse_of(text: str | None) -> tuple[int, ...] | None:
    """What `--coarse` says.

    Examples
    --------
    >>> coarse_of("12,24")
    (12, 24)
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdecimal() and len(word) < 10 for word in words):
        raise ValueError(f"--coarse: expected numbers of angles with commas between, got {text!r:.60}")
    return tuple(int(word) for word in words)


def fluence_of(text: str, kept: NDArray[Any]) -> str | NDArray[Any]:
    """What `--fluence` says: a word, or known fluences of the patterns that are kept."""
    from motes.cli.arguments import numbers_of
    from motes.reconstruction.mixture.options import FLUENCE

    if text in FLUENCE:
        return text
    if text.endswith((".h5", ".hdf5")):
        from motes.dragonfly import read_output

        scale = read_output(text).scale
        if scale is None:
            raise ValueError(f"{text}: holds no scale")
        known: NDArray[Any] = scale
    elif text.endswith(".npy"):
        known = numbers_of(Path(text), "iuf")
    else:
        raise ValueError(f"--fluence: expected {' or '.join(FLUENCE)}, a .npy or a Dragonfly .h5, got {text!r:.60}")
    if known.shape != kept.shape:
        raise ValueError(f"{text}: fluences of shape {known.shape}, expected one for each of {kept.size} patterns")
    chosen: NDArray[Any] = known[kept]
    return chosen


def read_dense_files(files: list[Path], shape: tuple[int, int] | None) -> DensePatterns:
    """Real numbers instead of photons, for Gaussian noise: one .npy."""
    from motes.dense import read_dense

    if len(files) != 1:
        raise ValueError(f"FILE: expected one .npy of dense patterns for gaussian noise, got {len(files)} files")
    return read_dense(files[0], shape)


def detector_of(path: Path | None, shape: tuple[int, int] | None) -> Detector | None:
    """What `--detector` names."""
    from motes.detector import read_detector

    return None if path is None else read_detector(path, shape)


def is_gaussian(noise: str) -> bool:
    """Whether patterns are real numbers."""
    return noise.lower().partition(":")[0] == "gaussian"


def is_exact(context: typer.Context) -> bool:
    """Whether one master is asked for, at exact rotations, all patterns being alike: others have another truth."""
    from motes.rotations import Rotations, rotations_of

    usual = {"classes": 1, "still_classes": 0, "fluence": "uniform", "beta": "1", "coarse": None, "detector": None}
    plain = all(context.params.get(name) == value for name, value in usual.items())
    alike = isinstance(rotations_of(context.params["rotations"]), Rotations)
    return plain and alike and not is_gaussian(context.params["noise"])


def read_mixture(path: Path, patterns: Patterns | DensePatterns, kept: NDArray[Any]) -> KnownMixture:
    """The truth behind the patterns that are kept, of classes and angles."""
    from motes.known_mixture import read_known_mixture

    known = read_known_mixture(path)
    if known.masters.shape[1:] != patterns.shape or known.classes.size != len(patterns):
        shape, n = "x".join(map(str, known.masters.shape[1:])), known.classes.size
        here = "x".join(map(str, patterns.shape))
        raise ValueError(f"--truth: {n} patterns of {shape} pixels in {path}, but there are {len(patterns)} of {here}")
    return known.select(kept)
