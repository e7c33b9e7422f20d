"""A small archive of all tasks, and the truth behind it."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import motes
from motes import simulate

N_PATTERNS = {1: 25, 2: 60, 3: 200, 4: 300, 6: 6000, 7: 8000}


class Small(NamedTuple):
    """Where the files are, and what they were made from."""

    archive: Path
    truth: Path
    masters: dict[int, np.ndarray]
    labels: dict[int, np.ndarray]


def arrays_of(task, drawn):
    if task in (6, 7):
        return {f"task{task}a": drawn.rows.astype(np.uint16), f"task{task}b": drawn.cols.astype(np.uint16)}
    patterns = motes.Patterns.from_coo(
        drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns, counts=drawn.counts
    )
    dense = patterns.to_dense()
    return {f"task{task}": dense if task == 1 else dense.reshape(len(dense), -1)}


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("challenge")
    arrays, truth, masters, labels = {}, {}, {}, {}
    for task, n_patterns in N_PATTERNS.items():
        drawn = simulate.task_patterns(task, n_patterns=n_patterns, seed=task)
        arrays |= arrays_of(task, drawn)
        masters[task], labels[task] = drawn.master, drawn.labels
        truth |= {f"master{task}": drawn.master, f"labels{task}": drawn.labels}
    np.savez(folder / "endeavor.npz", **arrays)
    np.savez(folder / "truth.npz", **truth)
    return Small(folder / "endeavor.npz", folder / "truth.npz", masters, labels)


@pytest.fixture(scope="session")
def solution(small):
    """All tasks, answered once."""
    return motes.challenge.solve(small.archive, truth=small.truth)
