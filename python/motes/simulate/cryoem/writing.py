"""Simulated micrographs as files: MRC, STAR, JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motes.io.atomic import atomic_path
from motes.io.mrc import INSTALL
from motes.io.star import StarBlock, quoted, write_star
from motes.io.text import shortest
from motes.simulate.cryoem.particles import Particles
from motes.simulate.cryoem.simulation import Micrographs, SimulatedMicrograph

TABLES = {"particles": "particles.star", "decoys": "decoys.star", "aggregates": "aggregates.star"}
DESCRIPTION = "simulation.json"
LABEL = b"simulated by motes"


def files_of(micrographs: Micrographs) -> list[str]:
    """Names of the files that `write_micrographs` writes, in the order in which they are written."""
    settings = micrographs.settings
    tables = [TABLES["particles"]]
    tables += [TABLES["decoys"]] if settings.n_decoys else []
    tables += [TABLES["aggregates"]] if settings.aggregates else []
    return [*(f"{name}.mrc" for name in micrographs.names()), *tables, DESCRIPTION]


def write_micrographs(
    folder: str | os.PathLike[str], micrographs: Micrographs, *, drawn: Iterable[SimulatedMicrograph] | None = None
) -> None:
    """Write simulated micrographs and their truth into a folder that exists.

    `NAME.mrc` for each micrograph (float32, electrons a pixel), `particles.star` (RELION 3.1: coordinates, angles,
    defocus, class number, optics), `decoys.star` and `aggregates.star` likewise where there are any, and
    `simulation.json`: all settings, and what follows from them. Each file is written whole or not at all; the same
    settings and seed give the same bytes.

    Parameters
    ----------
    folder : path
    micrographs : Micrographs
    drawn : iterable of SimulatedMicrograph, optional
        The same micrographs, for a caller who watches them pass; by default they are drawn here.

    Raises
    ------
    ImportError
        If mrcfile is not installed.
    ValueError
        If the folder holds a simulation already.
    OSError
        If a file can not be written.
    """
    require_mrcfile()  # before minutes of drawing
    refuse_second(folder)
    place = Path(folder)
    truth = []
    for one in micrographs if drawn is None else drawn:
        _write_mrc(place / f"{one.name}.mrc", one.data, one.pixel_size)
        truth.append((f"{one.name}.mrc", {kind: getattr(one, kind) for kind in TABLES}))
    written = set(files_of(micrographs))
    for kind, file in TABLES.items():
        if file in written:
            blocks = _blocks(micrographs, [(name, tables[kind]) for name, tables in truth])
            write_star(place / file, blocks, version="30001")
    with atomic_path(place / DESCRIPTION) as temporary:
        temporary.write_text(json.dumps(description(micrographs), indent=2) + "\n", encoding="utf-8")


def refuse_second(folder: str | os.PathLike[str]) -> None:
    """Raise where a folder holds a simulation: another would be mixed with it, or replace what labels belong to."""
    if Path(folder, DESCRIPTION).exists():
        raise ValueError(f"{os.fspath(folder)}: holds a simulation already ({DESCRIPTION}); choose another folder")


def description(micrographs: Micrographs) -> dict[str, Any]:
    """All that a simulation is made from, and what follows from it, as JSON has it."""
    from motes._core import version

    settings = micrographs.settings
    return {
        "version": version,
        "name": micrographs.name,
        "engine": micrographs.engine,
        "seed": micrographs.seed,
        "settings": asdict(settings),
        "diameter": micrographs.diameter,
        "snr": settings.snr_equivalent,
        "dose": settings.dose_equivalent,
        "electrons_per_pixel": settings.electrons,
        "noise_variance": settings.noise_variance,
    }


def _blocks(micrographs: Micrographs, tables: Sequence[tuple[str, Particles]]) -> list[StarBlock]:
    """Optics and particles, as RELION 3.1 has them."""
    settings = micrographs.settings
    optics = {
        "rlnOpticsGroupName": ["opticsGroup1"],
        "rlnOpticsGroup": ["1"],
        "rlnMicrographOriginalPixelSize": [repr(float(settings.pixel_size))],
        "rlnMicrographPixelSize": [repr(float(settings.pixel_size))],
        "rlnVoltage": [repr(float(settings.voltage))],
        "rlnSphericalAberration": [repr(float(settings.spherical_aberration))],
        "rlnAmplitudeContrast": [repr(float(settings.amplitude_contrast))],
    }
    n = sum(len(table) for _, table in tables)

    def joined(name: str) -> NDArray[Any]:
        return np.concatenate([getattr(table, name) for _, table in tables])

    centres, angles, defocus = joined("centres"), joined("angles"), joined("defocus")
    columns = {
        "rlnMicrographName": [quoted(name) for name, table in tables for _ in range(len(table))],
        "rlnCoordinateX": shortest(centres[:, 0]),
        "rlnCoordinateY": shortest(centres[:, 1]),
        "rlnAngleRot": shortest(angles[:, 0]),
        "rlnAngleTilt": shortest(angles[:, 1]),
        "rlnAnglePsi": shortest(angles[:, 2]),
        "rlnClassNumber": [str(species + 1) for species in joined("species").tolist()],
        "rlnDefocusU": shortest(defocus[:, 0]),
        "rlnDefocusV": shortest(defocus[:, 1]),
        "rlnDefocusAngle": shortest(defocus[:, 2]),
        "rlnCtfBfactor": [repr(float(settings.b_factor))] * n,
        "rlnOpticsGroup": ["1"] * n,
    }
    return [StarBlock("", optics, [0], "optics"), StarBlock("", columns, range(n), "particles")]


def require_mrcfile() -> None:
    """Raise, in words, where there is no mrcfile."""
    try:
        import mrcfile  # noqa: F401
    except ImportError as error:
        raise ImportError(f"MRC files need mrcfile: {INSTALL}") from error


def _write_mrc(path: Path, data: NDArray[np.float32], pixel_size: float) -> None:
    import mrcfile

    with atomic_path(path) as temporary, mrcfile.new(temporary, data, overwrite=True) as file:
        file.voxel_size = pixel_size
        file.header.label[0] = LABEL  # instead of the time: the same micrograph gives the same bytes
        file.header.nlabl = 1
