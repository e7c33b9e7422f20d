"""k-means and mini-batch k-means: their definition in float64, their invariances, and what they refuse."""

from __future__ import annotations

import numpy as np
import pytest

import gpus
from motes import C4, Patterns, simulate
from motes.classify import kmeans, minibatch_kmeans
from problems import counts_of, master_of, patterns_of

CLUSTERINGS = {"kmeans": kmeans, "minibatch": minibatch_kmeans}


def lloyd(counts: np.ndarray, centroids: np.ndarray, rounds: int) -> tuple[np.ndarray, np.ndarray, float]:
    """The definition: labels of the nearest centroid (the first of equals), then means."""
    for _ in range(rounds):
        labels = ((counts[:, None] - centroids) ** 2).sum(axis=2).argmin(axis=1)
        means = [counts[labels == k].mean(axis=0) if (labels == k).any() else c for k, c in enumerate(centroids)]
        centroids = np.array(means)
    squares = ((counts[:, None] - centroids) ** 2).sum(axis=2)
    return squares.argmin(axis=1), centroids, float(squares.min(axis=1).sum())


@pytest.fixture(scope="module")
def bright():
    """Four orientations of a bright master: clusters far apart."""
    master = master_of(6, photons=14.0)
    return patterns_of(master, 800, seed=3), C4.expand(master)


@gpus.each_device
@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
def test_lloyd_is_its_definition(noise, device):
    patterns = patterns_of(master_of(5, photons=8.0), 300, noise=noise, seed=1)
    start = counts_of(patterns)[[3, 70, 150, 299]].astype(float)
    found = kmeans(patterns, 4, init=start.reshape(4, 5, 5), tolerance=1e-300, device=gpus.present(device))
    assert found.converged
    labels, centroids, inertia = lloyd(counts_of(patterns).astype(float), start, found.iterations)
    assert np.array_equal(found.labels, labels)
    np.testing.assert_allclose(found.centroids.reshape(4, -1), centroids, rtol=1e-12, atol=1e-15)
    assert found.inertia == pytest.approx(inertia, rel=1e-12)
    assert found.members.tolist() == np.bincount(labels, minlength=4).tolist()


@gpus.each_device
@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
def test_orientations_of_a_bright_master_are_told_apart(bright, clustering, device):
    patterns, templates = bright
    found = clustering(patterns, 4, seed=1, device=gpus.present(device))
    nearest = ((found.centroids[:, None] - templates) ** 2).sum(axis=(2, 3)).argmin(axis=1)
    assert sorted(nearest.tolist()) == [0, 1, 2, 3]
    truth = ((counts_of(patterns)[:, None] - templates.reshape(4, -1)) ** 2).sum(axis=2).argmin(axis=1)
    assert (nearest[found.labels] == truth).mean() > 0.95


@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
@pytest.mark.parametrize("init", ["k-means++", "random"])
def test_any_number_of_threads_gives_the_same_bits(bright, clustering, init):
    one, two = (clustering(bright[0], 5, init=init, seed=7, threads=threads) for threads in (1, 2))
    assert np.array_equal(one.centroids, two.centroids)
    assert np.array_equal(one.labels, two.labels)
    assert one.inertia == two.inertia


@pytest.mark.gpu
@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
@pytest.mark.parametrize("init", ["k-means++", "random"])
@pytest.mark.parametrize("n_clusters", [3, 6])
def test_a_gpu_gives_the_same_bits(bright, clustering, init, n_clusters):
    here, there = (
        clustering(bright[0], n_clusters, init=init, seed=7, device=gpus.present(device)) for device in ("cpu", "cuda")
    )
    assert np.array_equal(here.centroids, there.centroids)
    assert isinstance(there.labels, np.ndarray)
    assert np.array_equal(here.labels, there.labels)
    assert (here.inertia, here.iterations) == (there.inertia, there.iterations)


def test_shuffled_patterns_have_the_same_clusters(bright):
    patterns, templates = bright
    order = np.random.default_rng(5).permutation(len(patterns))
    found, shuffled = kmeans(patterns, 4, init=templates), kmeans(patterns[order], 4, init=templates)
    assert np.array_equal(found.centroids, shuffled.centroids)
    assert np.array_equal(found.labels[order], shuffled.labels)


def test_the_best_of_several_starts_is_returned():
    patterns = patterns_of(master_of(5, photons=4.0), 200, seed=2)
    assert kmeans(patterns, 6, restarts=5).inertia <= kmeans(patterns, 6).inertia


def test_polish_ends_in_full_k_means(bright):
    rough, fine = (minibatch_kmeans(bright[0], 4, batch=50, epochs=1, polish=polish) for polish in (False, True))
    assert fine.converged
    assert fine.inertia <= rough.inertia


@gpus.each_device
@pytest.mark.parametrize("seed", range(5))
def test_fewer_different_patterns_than_clusters_end_at_once(seed, device):
    patterns = Patterns.from_dense([[1, 1, 0, 0], [0, 0, 1, 1]] * 50)
    found = kmeans(patterns, 5, seed=seed, device=gpus.present(device))
    assert found.converged
    assert found.inertia == 0
    assert found.iterations < 10


@gpus.each_device
@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
def test_patterns_without_photons_are_one_cluster(clustering, device):
    found = clustering(Patterns.empty((3, 3), 20), 3, device=gpus.present(device))
    assert found.inertia == 0
    assert found.members.sum() == 20
    assert not found.centroids.any()


@gpus.each_device
def test_as_many_clusters_as_patterns(device):
    patterns = Patterns.from_dense(np.eye(4, dtype=int))
    assert kmeans(gpus.there(patterns, device), 4).inertia == 0


def test_sum_of_squares_of_a_slice():
    dense = np.random.default_rng(0).integers(0, 5, (20, 4))
    patterns = Patterns.from_dense(dense)
    assert patterns[5:12].sum_of_squares() == (dense[5:12] ** 2).sum()
    np.testing.assert_array_equal(patterns[5:12].squares_per_pattern(), (dense[5:12] ** 2).sum(axis=1))
    np.testing.assert_array_equal(patterns[5:12].photons_per_pattern(), dense[5:12].sum(axis=1))


def test_dense_patterns():
    truth = simulate.patterns(master_of(8, photons=32.0), 200, seed=4)
    patterns = Patterns.from_coo(truth.rows, truth.cols, shape=(8, 8), n_patterns=200)
    counts = counts_of(patterns).astype(float)
    found = kmeans(patterns, 4, seed=2)
    again = lloyd(counts, found.centroids.reshape(4, -1), 0)
    assert found.inertia == pytest.approx(again[2], rel=1e-12)


@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n_clusters": 0}, "n_clusters: expected 1 to 10, the number of patterns, got 0"),
        ({"n_clusters": 11}, "n_clusters: expected 1 to 10, the number of patterns, got 11"),
        ({"init": "nearest"}, "init: expected k-means"),
        ({"init": np.zeros((4, 2, 2))}, "init: expected finite centroids of shape"),
        ({"init": np.full((4, 3, 3), np.nan)}, "init: expected finite centroids of shape"),
        ({"threads": 0}, "threads: expected 1 to 1024"),
        ({"device": "gpu"}, "device: expected cpu, cuda, cuda:N or auto, got 'gpu'"),
    ],
)
def test_options_are_refused_by_name(clustering, asked, message):
    with pytest.raises(ValueError, match=message):
        clustering(Patterns.empty((3, 3), 10), **asked)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"n_clusters": 2.5}, "n_clusters: expected a whole number, got 2.5"),
        ({"seed": None}, "seed: expected a whole number, got None"),
        ({"patterns": np.zeros((9, 2, 2))}, "patterns: expected motes.Patterns, got ndarray"),
    ],
)
@pytest.mark.parametrize("clustering", CLUSTERINGS.values(), ids=CLUSTERINGS.keys())
def test_options_of_another_type(clustering, asked, message):
    with pytest.raises(TypeError, match=message):
        clustering(**{"patterns": Patterns.empty((3, 3), 10)} | asked)


@pytest.mark.parametrize(("name", "value"), [("restarts", 0), ("max_iterations", 0), ("tolerance", -1e-4)])
def test_options_of_full_k_means_are_positive(name, value):
    with pytest.raises(ValueError, match=f"{name}: expected "):
        kmeans(Patterns.empty((3, 3), 10), **{name: value})


def test_without_tolerance_no_pattern_moves_at_the_end():
    patterns = patterns_of(master_of(5, photons=8.0), 300, seed=1)
    found = kmeans(patterns, 4, tolerance=0)
    assert found.converged
    assert np.array_equal(kmeans(patterns, 4, init=found.centroids, max_iterations=1).labels, found.labels)


@pytest.mark.parametrize("name", ["batch", "epochs"])
def test_options_of_mini_batches_are_positive(name):
    with pytest.raises(ValueError, match=f"{name}: expected "):
        minibatch_kmeans(Patterns.empty((3, 3), 10), **{name: 0})
