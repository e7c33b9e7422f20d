"""Where a study's micrographs and particles come from, as the configuration says it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from motes.errors import did_you_mean
from motes.study.schema import check, section


@dataclass(frozen=True)
class FolderData:
    """Micrographs of a folder, and their particles in any format that `motes.read_picks` reads.

    Attributes
    ----------
    micrographs, truth : str
        Folders, or for the truth a file of all; relative to the configuration's own folder.
    truth_format : str, optional
        By default the suffix tells.
    flip_y : bool
        The truth counts y from the last row.
    diameter : float, pixels, optional
        Of a particle; by default what the truth says.
    limit : int, optional
        Only the first so many micrographs, by name.
    """

    micrographs: str
    truth: str
    truth_format: str | None = None
    flip_y: bool = False
    diameter: float | None = None
    limit: int | None = None
    source: Literal["folder"] = "folder"


@dataclass(frozen=True)
class CryoPPPData:
    """A data set of CryoPPP: ``micrographs/`` and ``ground_truth/particle_coordinates/*.csv`` in one folder.

    `flip_y` is needed where the micrographs were turned over against the table; `motes info --picks --micrograph` tells
    what is likely. The rest is as in `FolderData`.
    """

    folder: str = ""
    flip_y: bool = False
    diameter: float | None = None
    limit: int | None = None
    source: Literal["cryoppp"] = "cryoppp"


@dataclass(frozen=True)
class SimulatedData:
    """Micrographs of a preset of `motes simulate micrographs`: how many (by default the preset's own), and the seed."""

    preset: str
    n: int | None = None
    seed: int = 0
    options: dict[str, Any] = field(default_factory=dict)
    source: Literal["simulation"] = "simulation"


@dataclass(frozen=True)
class SampleData:
    """The micrograph that comes with the package, cut into `tiles` x `tiles` micrographs."""

    tiles: int = 3
    source: Literal["sample"] = "sample"


TOO_MANY_TILES = 10  # a side: they would be four particles wide

Data: TypeAlias = FolderData | CryoPPPData | SimulatedData | SampleData
SOURCES: dict[str, type[Any]] = {
    "folder": FolderData,
    "cryoppp": CryoPPPData,
    "simulation": SimulatedData,
    "sample": SampleData,
}


def data_of(table: object, folder: Path) -> Data:
    """A table of a configuration; relative paths in it are relative to `folder`."""
    if not isinstance(table, Mapping):
        raise ValueError("data: needed, a table with its source: " + ", ".join(sorted(SOURCES)))
    source = table.get("source")
    if not isinstance(source, str) or source not in SOURCES:
        raise ValueError(f"data.source: {source!r}{did_you_mean(str(source), SOURCES)}")
    data: Data = section(SOURCES[source], table, "data")
    for key in ("limit", "n", "tiles"):
        if getattr(data, key, None) is not None:
            check(f"data.{key}", getattr(data, key), at_least=2, below=TOO_MANY_TILES if key == "tiles" else math.inf)
    if isinstance(data, FolderData | CryoPPPData) and data.diameter is not None:
        check("data.diameter", data.diameter, above=0)
    if isinstance(data, FolderData):
        return replace(data, micrographs=str(folder / data.micrographs), truth=str(folder / data.truth))
    if isinstance(data, CryoPPPData) and data.folder:
        return replace(data, folder=str(folder / data.folder))
    return data
