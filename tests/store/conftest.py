"""Patterns with all that a section may hold, and a store of them."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import motes

pytest.importorskip("google_crc32c", reason="stores need google-crc32c")

SHAPE = (5, 4)
N = 1000


@pytest.fixture(scope="session")
def patterns() -> motes.Patterns:
    """Some without photons, some with several in a pixel."""
    return motes.Patterns.from_dense(np.random.default_rng(0).poisson(0.15, (N, *SHAPE)))


@pytest.fixture(scope="session")
def written(tmp_path_factory, patterns) -> Path:
    """A store of them, to be left as it is."""
    path = tmp_path_factory.mktemp("written") / "run.zarr"
    with motes.PatternWriter(path, SHAPE, section_bytes=2500) as writer:
        for first in range(0, N, 170):
            writer.append(patterns[first : first + 170])
    return path


@pytest.fixture
def store(tmp_path, written) -> motes.StoredPatterns:
    """A copy: to write one takes as long as the disk does."""
    return motes.open_patterns(shutil.copytree(written, tmp_path / "run.zarr"))
