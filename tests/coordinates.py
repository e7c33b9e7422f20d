"""Files of coordinates for the tests: where each format's goes, and how to write one that loses something."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

import motes
from motes.picks import FORMATS

HEIGHT, WIDTH = 400, 600


def path_of(folder: Path, name: str) -> Path:
    return folder / f"grid1{FORMATS[name].suffix}"


def write(folder: Path, picks: motes.Picks, name: str) -> Path:
    """Write in a format, whatever it can not hold."""
    path = path_of(folder, name)
    with pytest.warns() if told(picks, name) else nullcontext():
        motes.write_picks(path, picks, name, height=HEIGHT, width=WIDTH)
    return path


def told(picks: motes.Picks, name: str) -> bool:
    radius_lost = picks.radius is not None and name in ("star", "star30", "topaz", "cryosparc")
    return radius_lost or (picks.score is not None and name == "cryoppp")


def circles(picks: motes.Picks) -> np.ndarray:
    return np.stack([picks.x, picks.y, picks.index])
