"""EMPIAR-10017 as studies of pickers read it: a folder of `micrographs/*.jpg` and `particles/*.csv`, 14 of each."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import motes
from motes import Circles, Micrograph, picking

DIAMETER, RADIUS = 108.0, 54.0  # pixels


def read(folder: Path) -> tuple[list[Micrograph], list[Circles]]:
    """Micrographs by name, and the particles of each."""
    micrographs = [motes.read_micrograph(path) for path in sorted((folder / "micrographs").glob("*.jpg"))]
    tables = [motes.read_picks(folder / "particles" / f"{one.name}.csv") for one in micrographs]
    return micrographs, [picking.circles_of(table, radius=RADIUS)[0] for table in tables]


def labels_of(truth: list[Circles], n: int | None, seed: int) -> Circles:
    """A random subset of the particles of some micrographs; all of them for None."""
    every = Circles.concatenate(truth)
    if n is None:
        return every
    return every[np.sort(np.random.default_rng([seed, n]).choice(len(every), n, replace=False))]
