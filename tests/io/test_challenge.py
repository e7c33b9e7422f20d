"""Archives of the challenge's layout: made here, by the generator that comes with the data, and the real first task."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import motes
from shared_data import DATA

ENDEAVOR = DATA / "endeavor"
SHAPES = {1: (18, 18), 2: (36, 36), 3: (33, 33), 4: (50, 50), 6: (25, 25), 7: (25, 25)}


def turned(master: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.stack([np.rot90(master, -k) for k in range(4)])[labels]


@pytest.fixture(scope="module")
def truth() -> dict[int, np.ndarray]:
    """Counts (N, H, W) of every task; tasks 6 and 7 with patterns that caught nothing."""
    rng = np.random.default_rng(5)
    sizes = {1: 25, 2: 100, 3: 50, 4: 60, 6: 300, 7: 500}
    counts = {}
    for task, shape in SHAPES.items():
        labels = rng.integers(0, 4, sizes[task])
        if task < 4:
            counts[task] = turned(rng.integers(0, 2 if task == 3 else 143, shape), labels)
        else:
            means = turned(rng.random(shape) * (1.0 if task == 4 else 0.05), labels)
            counts[task] = (rng.random(means.shape) < means).astype(int)
    counts[6][-3:] = counts[7][17] = 0
    return counts


@pytest.fixture(scope="module", params=["sorted", "shuffled"])
def archive(request, truth, tmp_path_factory) -> Path:
    rng = np.random.default_rng(6)
    arrays = {}
    for task, counts in truth.items():
        flat = counts.reshape(len(counts), -1)
        if task < 6:
            arrays[f"task{task}"] = (counts if task == 1 else flat).astype(np.uint16)
        else:
            rows, cols = np.nonzero(flat)
            order = rng.permutation(rows.size) if request.param == "shuffled" else slice(None)
            arrays[f"task{task}a"] = rows[order].astype(np.uint16 if task == 6 else np.uint32)
            arrays[f"task{task}b"] = cols[order].astype(np.uint16)
    path = tmp_path_factory.mktemp("challenge") / "endeavor.npz"
    np.savez_compressed(path, **arrays)
    return path


@pytest.mark.parametrize("task", SHAPES)
def test_every_task(archive, truth, task):
    patterns = motes.read_patterns(archive, task, n_patterns=len(truth[task]))
    assert patterns.shape == SHAPES[task]
    np.testing.assert_array_equal(patterns.to_dense(), truth[task])


def test_the_last_patterns_may_be_empty(archive, truth):
    assert len(motes.read_patterns(archive, 6)) == len(truth[6]) - 3


def test_repeated_pairs_are_counts(tmp_path):
    np.savez(tmp_path / "a.npz", task6a=np.array([1, 0, 1, 1]), task6b=np.array([7, 3, 7, 7]))
    dense = motes.read_patterns(tmp_path / "a.npz").to_dense().reshape(2, 625)
    assert (dense[0, 3], dense[1, 7], dense.sum()) == (1, 3, 4)


def test_pairs_of_another_shape(tmp_path):
    np.savez(tmp_path / "a.npz", task6a=np.array([0, 1]), task6b=np.array([0, 5]))
    assert motes.read_patterns(tmp_path / "a.npz", shape=(2, 3)).to_dense().tolist() == [
        [[1, 0, 0], [0, 0, 0]],
        [[0, 0, 0], [0, 0, 1]],
    ]


def test_the_real_first_task():
    path = ENDEAVOR / "real_task1.npz"
    if not path.exists():
        pytest.skip("the challenge's data are not beside this repository")
    patterns = motes.read_patterns(path)
    assert (len(patterns), patterns.shape, patterns.max_count) == (25, (18, 18), 79)


def test_archive_of_the_generator(tmp_path):
    generator = ENDEAVOR / "make_endeavor.py"
    if not generator.exists():
        pytest.skip("the challenge's data are not beside this repository")
    if importlib.util.find_spec("PIL") is None:
        pytest.skip("the generator needs pillow")
    command = [sys.executable, generator, "-o", "e.npz", "--truth", "t.npz", "--scale", "0.01", "--shuffle"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    sizes = {1: 25, 2: 100, 3: 1000, 4: 1000, 6: 655, 7: 1000}
    with np.load(tmp_path / "t.npz") as truth:
        for task, shape in SHAPES.items():
            patterns = motes.read_patterns(tmp_path / "e.npz", task, n_patterns=sizes[task])
            assert patterns.shape == shape
            expected = turned(truth[f"master{task}"], truth[f"labels{task}"])
            if task < 4:
                np.testing.assert_array_equal(patterns.to_dense(), expected)
            else:
                spread = np.sqrt(expected.sum())  # of a sum of Bernoulli variables, at most
                assert abs(patterns.n_photons - expected.sum()) < 5 * spread
