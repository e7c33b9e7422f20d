"""The baselines, against definitions in plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest

import motes
from motes import simulate
from motes.challenge import solvers


@pytest.fixture(scope="module")
def drawn():
    return simulate.task_patterns(6, n_patterns=3000, photons=60, seed=5)


@pytest.fixture(scope="module")
def patterns(drawn):
    return motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=3000)


def accuracy(estimate, labels):
    turns = (estimate.labels - labels) % 4
    return np.bincount(turns).max() / len(turns)


def test_resorting_is_the_seeds_algorithm(patterns):
    ours = solvers.by_resorting(patterns, patterns.mean_image(), threads=2, rounds=5)
    seeds = motes.reconstruct(patterns, method="l2-em", std_error=False)
    assert any(np.array_equal(np.rot90(ours.master, k), seeds.master) for k in range(4))


def test_resorting_step_by_step(patterns):
    start = simulate.creature(25, seed=1)
    ours = solvers.by_resorting(patterns, start, threads=2, rounds=3)
    dense, master = patterns.to_dense(), start
    for _ in range(3):
        labels = np.argmin([((dense - np.rot90(master, -k)) ** 2).sum(axis=(1, 2)) for k in range(4)], axis=0)
        master = np.mean([np.rot90(x, label) for x, label in zip(dense, labels, strict=True)], axis=0)
    np.testing.assert_allclose(ours.master, master, atol=1e-12)
    labels = np.argmin([((dense - np.rot90(master, -k)) ** 2).sum(axis=(1, 2)) for k in range(4)], axis=0)
    assert np.mean(ours.labels == labels) > 0.999
    np.testing.assert_array_equal(ours.members, np.bincount(ours.labels, minlength=4))


def test_principal_components_are_those_of_numpy(patterns):
    points = solvers._principal_components(patterns, threads=2)
    centred = patterns.to_dense().reshape(3000, -1) - patterns.mean_image().ravel()
    _, values, directions = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ directions[:3].T
    np.testing.assert_allclose(abs(points[:, :3]), abs(expected), atol=2e-4)
    np.testing.assert_allclose(points.std(axis=0), values[:20] / np.sqrt(3000), rtol=1e-4)


@pytest.mark.parametrize("solver", [solvers.by_kmeans, solvers.by_principal_components])
def test_bright_patterns_fall_into_their_orientations(drawn, patterns, solver):
    options = {"restarts": 5} if solver is solvers.by_kmeans else {}
    estimate = solver(patterns, seed=0, threads=2, **options)
    assert estimate.orientations_found == 4
    assert accuracy(estimate, drawn.labels) > 0.95
    error = min(np.linalg.norm(np.rot90(estimate.master, k) - drawn.master) for k in range(4))
    assert error < 0.2 * np.linalg.norm(drawn.master - drawn.master.mean())
    assert estimate.counts.sum() == 3000


def test_points_that_are_all_the_same_are_one_class():
    assert solvers._kmeans_of_points(np.ones((7, 2), np.float32), seed=0).tolist() == [0] * 7
