"""The STAR file of a particle stack, as RELION 3.1 and later have it: optics groups, and a row for each particle."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.star import StarBlock, quoted, read_star, unquoted
from motes.io.text import shortest
from motes.picks import Picks
from motes.picks.container import stem
from motes.picks.relion import GROUP, NAME, SCORE, X, Y

ORIGIN_X, ORIGIN_Y = "rlnOriginXAngst", "rlnOriginYAngst"
OLD_ORIGINS = ("rlnOriginX", "rlnOriginY")
PIXEL_SIZES = ("rlnMicrographPixelSize", "rlnMicrographOriginalPixelSize")
VOLTAGE, ABERRATION, AMPLITUDE = "rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast"
DEFOCUS = "rlnDefocusU"
# What a micrograph's row tells of its particles, too.
OF_CTF = (
    DEFOCUS, "rlnDefocusV", "rlnDefocusAngle", "rlnPhaseShift", "rlnCtfBfactor", "rlnCtfScalefactor",
    "rlnCtfMaxResolution", "rlnCtfFigureOfMerit", GROUP,
)  # fmt: skip
NUMBER_DIGITS = 6  # of a particle in its stack, as RELION writes it


@dataclass(frozen=True)
class Optics:
    """What all particles of a microscope share; None: as the picks' own file has it, if it has.

    Attributes
    ----------
    voltage : float, kV
    spherical_aberration : float, mm
    amplitude_contrast : float
    """

    voltage: float | None = None
    spherical_aberration: float | None = None
    amplitude_contrast: float | None = None


def centres(picks: Picks, pixel_size: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where the particles are: RELION's coordinates less its origins, which shift an image to its centre.

    Raises
    ------
    ValueError
        If origins are in pixels of an image whose size is not known, as RELION 3.0 wrote them.
    """
    if any(name in picks.extra for name in OLD_ORIGINS) and ORIGIN_X not in picks.extra:
        raise ValueError(f"picks: hold {OLD_ORIGINS[0]} in pixels (RELION 3.0); convert them with relion_convert_star")
    shifts = [
        picks.extra[name].astype(np.float64) / pixel_size if name in picks.extra else 0.0
        for name in (ORIGIN_X, ORIGIN_Y)
    ]
    return picks.x - shifts[0], picks.y - shifts[1]


def with_ctf(picks: Picks, path: str | os.PathLike[str]) -> Picks:
    """Picks with the CTF that a STAR file of micrographs (RELION's micrographs_ctf.star) tells of theirs, by stem.

    Its optics groups come with it.

    Raises
    ------
    FormatError
        If it is no such file.
    ValueError
        If it lacks a micrograph that has picks, or holds two of its stem.
    """
    place = os.fspath(path)
    blocks = read_star(path)
    tables = [block for block in blocks if block.loop and {NAME, DEFOCUS} <= block.columns.keys()]
    if len(tables) != 1:
        raise FormatError(f"{place}: {len(tables)} tables with {NAME} and {DEFOCUS}, expected one")
    table = tables[0]
    rows_of: dict[str, list[int]] = {}
    for i, name in enumerate(table.columns[NAME]):
        rows_of.setdefault(stem(unquoted(name)), []).append(i)
    row = np.zeros(len(picks.micrographs), np.int64)
    used = np.unique(picks.index).tolist()
    if lacking := [picks.micrographs[m] for m in used if stem(picks.micrographs[m]) not in rows_of]:
        raise ValueError(f"{place}: tells nothing of {len(lacking)} micrographs with picks, such as {lacking[0]}")
    for m in used:
        found = rows_of[stem(picks.micrographs[m])]
        if len(found) > 1:
            names = " and ".join(unquoted(table.columns[NAME][i]) for i in found[:2])
            raise ValueError(f"{place}: {names} have one stem, so the CTF of {picks.micrographs[m]} is not known")
        row[m] = found[0]
    rows = row[picks.index]
    told = {
        name: np.array(table.columns[name], np.dtypes.StringDType())[rows] for name in OF_CTF if name in table.columns
    }
    optics = tuple(block for block in blocks if block.name == "optics")
    own = dict(picks.extra) if picks.format.startswith("star") else {}  # columns of other formats are none of RELION's
    return replace(picks, extra=own | told, blocks=optics or picks.blocks, format="star")


def pixel_size_of(picks: Picks) -> float | None:
    """Angstrom a pixel of the micrographs, as the picks' optics groups have it; None where they do not, or differ."""
    for block in picks.blocks:
        for name in PIXEL_SIZES if block.name == "optics" else ():
            if name in block.columns:
                sizes = block.numbers(name, positive=True)
                return float(sizes[0]) if sizes.size and np.all(sizes == sizes[0]) else None
    return None


def blocks_of(
    picks: Picks,
    names: Sequence[str],
    stack: str,
    *,
    places: Sequence[NDArray[np.float64]],
    origins: Sequence[NDArray[np.float64]],
    pixel_size: float,
    image_size: int,
    image_pixel_size: float,
    optics: Optics,
) -> list[StarBlock]:
    """The two blocks of the file.

    Parameters
    ----------
    picks : Picks
        Those that are in the stack, in its order.
    names : sequence of str
        rlnMicrographName of each.
    stack : str
        Path of the stack, as the file is to name it.
    places : (x, y), pixels
        rlnCoordinateX and Y: what of the micrograph became the middle of each image.
    origins : (x, y), angstrom
        What shifts each image to its centre.
    pixel_size, image_pixel_size : float, angstrom
        Of the micrographs and of the images.
    image_size : int
        Pixels along a side of the images.
    optics : Optics
    """
    extra = {name: values.tolist() for name, values in picks.extra.items() if picks.format.startswith("star")}
    for name in ("rlnImageName", ORIGIN_X, ORIGIN_Y):
        extra.pop(name, None)
    group = extra.pop(GROUP, ["1"] * len(picks))
    columns: dict[str, list[str]] = {
        "rlnImageName": [quoted(f"{i:0{NUMBER_DIGITS}d}@{stack}") for i in range(1, len(picks) + 1)],
        NAME: [quoted(name) for name in names],
        X: shortest(places[0], whole=True),
        Y: shortest(places[1], whole=True),
        **({} if picks.score is None else {SCORE: shortest(picks.score)}),
        ORIGIN_X: shortest(origins[0]),
        ORIGIN_Y: shortest(origins[1]),
        **extra,
        GROUP: group,
    }
    shared = _optics(picks, sorted(set(group)), optics)
    n = len(shared[GROUP])
    shared |= {
        "rlnMicrographPixelSize": [repr(pixel_size)] * n,
        "rlnImagePixelSize": [repr(image_pixel_size)] * n,
        "rlnImageSize": [str(image_size)] * n,
        "rlnImageDimensionality": ["2"] * n,
    }
    return [
        StarBlock("", shared, range(n), "optics"),
        StarBlock("", columns, range(len(picks)), "particles"),
    ]


def _optics(picks: Picks, groups: Sequence[str], optics: Optics) -> dict[str, list[str]]:
    """The optics groups of the picks' own file, or one for each number; with what was given."""
    own: Mapping[str, list[str]] = next((block.columns for block in picks.blocks if block.name == "optics"), {})
    columns = {name: list(values) for name, values in own.items()}
    if GROUP not in columns:
        columns = {f"{GROUP}Name": [f"opticsGroup{group}" for group in groups], GROUP: list(groups)}
    if unknown := set(groups) - set(columns[GROUP]):
        raise ValueError(f"picks: optics group {min(unknown)} is in no row of the optics table")
    n = len(columns[GROUP])
    given: dict[str, Any] = {
        VOLTAGE: optics.voltage,
        ABERRATION: optics.spherical_aberration,
        AMPLITUDE: optics.amplitude_contrast,
    }
    return columns | {name: [repr(float(value))] * n for name, value in given.items() if value is not None}


def lacking(picks: Picks, optics: Optics) -> list[str]:
    """What RELION asks for and nobody told."""
    own = next((block.columns for block in picks.blocks if block.name == "optics"), {})
    given = {
        VOLTAGE: optics.voltage,
        ABERRATION: optics.spherical_aberration,
        AMPLITUDE: optics.amplitude_contrast,
    }
    return [name for name, value in given.items() if value is None and name not in own] + (
        [] if DEFOCUS in picks.extra else [DEFOCUS]
    )
