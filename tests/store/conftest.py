"""Patterns with all that a section may hold, and a store of them."""

from __future__ import annotations

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


@pytest.fixture
def store(tmp_path, patterns) -> motes.StoredPatterns:
    with motes.PatternWriter(tmp_path / "run.zarr", SHAPE, section_bytes=2500) as writer:
        for first in range(0, N, 170):
            writer.append(patterns[first : first + 170])
    return motes.open_patterns(tmp_path / "run.zarr")
