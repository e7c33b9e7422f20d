"""One small set of patterns with all that a format may trip over, and a file of it in every format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import motes
from motes.io.emc import write_emc
from motes.io.raw import Block, PatternBlocks

COUNTS = np.array(
    [
        [0, 1, 0, 0, 3, 0, 0, 0, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [1, 1, 1, 1, 1, 1, 1, 1, 1],
        [0, 0, 0, 0, 0, 0, 0, 0, 200],
        [0, 0, 0, 0, 0, 0, 0, 0, 0],
        [2, 0, 0, 0, 0, 0, 1, 0, 0],
    ]
)


@pytest.fixture(scope="session")
def sample() -> motes.Patterns:
    return motes.Patterns.from_dense(COUNTS)


def emc_of_type(kind: int) -> Callable[[Path, motes.Patterns], None]:
    """`write_patterns` writes type 0; the dense types have a writer below it."""

    def write(path: Path, patterns: motes.Patterns) -> None:
        counts = patterns.to_dense().reshape(len(patterns), patterns.n_pixels)
        rows, cols = np.nonzero(counts)
        block = Block(len(patterns), rows, cols, counts[rows, cols])
        blocks = PatternBlocks(str(path), "test", len(patterns), patterns.n_pixels, None, lambda: iter([block]))
        write_emc(path, blocks, kind)

    return write


def task(number: int) -> Callable[[Path, motes.Patterns], None]:
    return lambda path, patterns: motes.write_patterns(path, patterns, task=number)


WRITERS: dict[str, Callable[[Path, motes.Patterns], None]] = {
    "csr.npz": motes.write_patterns,
    "task1.npz": task(1),
    "task4.npz": task(4),
    "task7.npz": task(7),
    "dense.npy": motes.write_patterns,
    "sparse.emc": motes.write_patterns,
    "int32.emc": emc_of_type(1),
    "float64.emc": emc_of_type(2),
    "dragonfly.h5": motes.write_patterns,
}


@pytest.fixture(params=WRITERS)
def writer(request: pytest.FixtureRequest) -> tuple[str, Callable[[Path, motes.Patterns], None]]:
    """A file name and what writes patterns to it."""
    if request.param.endswith(".h5"):
        pytest.importorskip("h5py", reason="HDF5 needs h5py")
    return request.param, WRITERS[request.param]
