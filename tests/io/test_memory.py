"""Large files pass through in pieces."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import motes

N_PATTERNS, SHAPE = 5000, (100, 100)  # 50 MB dense in one byte a pixel


@pytest.fixture
def large() -> motes.Patterns:
    rng = np.random.default_rng(1)
    rows, cols = np.repeat(np.arange(N_PATTERNS), 20), rng.integers(0, 10_000, 20 * N_PATTERNS)
    return motes.Patterns.from_coo(rows, cols, shape=SHAPE)


@pytest.mark.parametrize("name", ["dense.npy", "dense.npz", "sparse.npz", "a.emc"])
def test_neither_reading_nor_writing_holds_a_dense_table(tmp_path, monkeypatch, large, name):
    monkeypatch.setattr("motes.blocks.BLOCK_CELLS", 10**5)
    monkeypatch.setattr("motes.io.raw.BLOCK_CELLS", 10**5)
    tracemalloc.start()
    try:
        motes.write_patterns(tmp_path / name, large, task=4 if name == "dense.npz" else None)
        assert motes.read_patterns(tmp_path / name) == large
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10e6
