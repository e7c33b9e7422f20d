"""A particle stack with its table: images, and how each was seen."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.errors import FormatError
from motes.io.mrc import read_mrc
from motes.io.star import StarBlock, read_star, unquoted
from motes.io.text import TextTable
from motes.particles.metadata import ABERRATION, AMPLITUDE, DEFOCUS, ORIGIN_X, ORIGIN_Y, VOLTAGE
from motes.simulate.cryoem.optics import Optics

FloatArray = NDArray[np.float64]
IMAGE = "rlnImageName"
ANGLES = ("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi")
DEFOCI = (DEFOCUS, "rlnDefocusV", "rlnDefocusAngle")
B_FACTOR = "rlnCtfBfactor"


@dataclass(frozen=True, eq=False, repr=False)
class ParticleStack:
    """Particle images of one optics group.

    Attributes
    ----------
    files : tuple of Path
        Where the images lie.
    file, section : (N,) int64 arrays
        Which of the files each is in, and its number there, from 0.
    side : int
        Pixels along a side.
    pixel_size : float
        Angstrom.
    centres : (N, 2) float64 array, pixels
        x and y of the particle in its image.
    angles : (N, 3) float64 array, degrees, or None
        RELION's rot, tilt, psi.
    defocus : (N, 3) float64 array, or None
        Larger and smaller underfocus, angstrom, and the direction of the larger, degrees.
    optics : Optics or None
        None where the CTF is not known.
    """

    files: tuple[Path, ...]
    file: NDArray[np.int64]
    section: NDArray[np.int64]
    side: int
    pixel_size: float
    centres: FloatArray
    angles: FloatArray | None
    defocus: FloatArray | None
    optics: Optics | None

    def __len__(self) -> int:
        return len(self.section)

    def __repr__(self) -> str:
        return f"<ParticleStack: {len(self):,} of {self.side} x {self.side} pixels, {self.pixel_size:.4g} A a pixel>"

    def images(self, rows: NDArray[Any]) -> NDArray[np.float32]:
        """Some of the images, (n, side, side), read from their files."""
        chosen = np.asarray(rows)
        found = np.empty((len(chosen), self.side, self.side), np.float32)
        for file in np.unique(self.file[chosen]):
            here = np.flatnonzero(self.file[chosen] == file)
            found[here] = read_mrc(self.files[file]).data[self.section[chosen[here]]]
        return found


def read_stack(path: str | os.PathLike[str]) -> ParticleStack:
    """Read the table of a stack (STAR, RELION 3.1), as `extract` writes it; images stay in their files.

    Files are looked for where the table's names lead from the working directory, as RELION does, else from the table.

    Raises
    ------
    FormatError
        If it is no such table, names images that are not there, or holds optics that differ.
    """
    place = os.fspath(path)
    blocks = {block.name: block for block in read_star(path)}
    table = next((block for block in blocks.values() if block.loop and IMAGE in block.columns), None)
    if table is None or "optics" not in blocks:
        raise FormatError(f"{place}: no table with {IMAGE} beside an optics table, expected a stack of RELION 3.1")
    optics = blocks["optics"]
    optics.require("rlnImagePixelSize")
    pixel_size = _one(optics, "rlnImagePixelSize")
    files, file, section = _images(table, Path(path))
    side = read_mrc(files[0]).data.shape[-1]
    last = np.zeros(len(files), np.int64)
    np.maximum.at(last, file, section)
    for name, needed in zip(files, last.tolist(), strict=True):
        n, *shape = read_mrc(name).data.shape
        if shape != [side, side]:
            raise FormatError(f"{name}: images of {shape[0]} x {shape[1]} pixels, expected {side} x {side}")
        if needed >= n:
            raise FormatError(f"{place}: names image {needed + 1} of {name}, which holds {n}")
    origins = [
        table.numbers(name) / pixel_size if name in table.columns else np.zeros(len(table.lines))
        for name in (ORIGIN_X, ORIGIN_Y)
    ]
    return ParticleStack(
        files,
        file,
        section,
        side,
        pixel_size,
        side // 2 - np.stack(origins, axis=1),
        _columns(table, ANGLES),
        _columns(table, DEFOCI),
        _optics(optics, table),
    )


def _columns(table: TextTable, names: tuple[str, ...]) -> FloatArray | None:
    if not all(name in table.columns for name in names):
        return None
    return np.stack([table.numbers(name) for name in names], axis=1)


def _one(table: StarBlock, name: str) -> float:
    values = table.numbers(name)
    if not values.size or np.any(values != values[0]):
        raise FormatError(f"{table.place}: {name} differs between optics groups, expected one for all")
    return float(values[0])


def _optics(optics: StarBlock, table: StarBlock) -> Optics | None:
    if any(name not in optics.columns for name in (VOLTAGE, ABERRATION, AMPLITUDE)) or DEFOCUS not in table.columns:
        return None
    b_factor = _one(table, B_FACTOR) if B_FACTOR in table.columns else 0.0
    return Optics(_one(optics, VOLTAGE), _one(optics, ABERRATION), _one(optics, AMPLITUDE), b_factor)


def _images(table: StarBlock, star: Path) -> tuple[tuple[Path, ...], NDArray[np.int64], NDArray[np.int64]]:
    """Files, and which of them and which section each row is."""
    number: dict[str, int] = {}
    file, section = np.empty((2, len(table.lines)), np.int64)
    for i, token in enumerate(table.columns[IMAGE]):
        at, _, name = unquoted(token).partition("@")
        if not (at.isascii() and at.isdecimal() and len(at) < 12 and int(at) > 0 and name):
            raise FormatError(f"{table.place}: line {table.lines[i]}: {IMAGE} is {token!r:.60}, expected 1@stack.mrcs")
        file[i], section[i] = number.setdefault(name, len(number)), int(at) - 1
    if not number:
        raise FormatError(f"{table.place}: holds no particles")
    files = tuple(Path(name) if os.path.isfile(name) else star.parent / name for name in number)  # noqa: PTH113
    lacking = next((name for name, path in zip(number, files, strict=True) if not os.path.isfile(path)), None)  # noqa: PTH113
    if lacking is not None:
        raise FormatError(f"{table.place}: names images of {lacking!r:.80}, which is no file")
    return files, file, section
