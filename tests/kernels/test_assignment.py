"""assignment: one round of k-means on photon counts."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from motes import Patterns, _core
from strategies import TEMPLATES, Table, cases, random_case, random_table


class Clusters:
    """Clusters that follow their patterns from round to round."""

    def __init__(self, n_patterns: int, n_pixels: int, n_clusters: int, device: str = "cpu") -> None:
        self.device = device
        self.photons = np.zeros((n_pixels, n_clusters), np.int64)
        self.members = np.zeros(n_clusters, np.int64)
        self.labels = np.full(n_patterns, -1, np.int32)

    def round(self, patterns: Patterns, table: Table, threads: int = 1) -> tuple[int, float]:
        n_moved, whole, fraction = gpus.assignment(
            patterns, table.weights, table.base,
            photons=self.photons, members=self.members, labels=self.labels, device=self.device, threads=threads,
        )  # fmt: skip
        return n_moved, whole + fraction / 2**30

    def assert_hold(self, counts: np.ndarray) -> None:
        member = np.eye(len(self.members), dtype=np.int64)[self.labels]
        np.testing.assert_array_equal(self.photons, counts.T @ member)
        np.testing.assert_array_equal(self.members, member.sum(axis=0))


def assert_follows(case, tables, device="cpu") -> None:
    clusters = Clusters(*case.counts.shape, len(tables[0].base), device)
    for table in tables:
        before = clusters.labels.copy()
        n_moved, value = clusters.round(case.patterns, table)
        score = _core.likelihood(case.patterns._core, table.weights, table.base, threads=1)
        np.testing.assert_array_equal(clusters.labels, score.argmax(axis=1))
        clusters.assert_hold(case.counts)
        assert n_moved == (before != clusters.labels).sum()
        single = [half.astype(np.float32) for half in (table.weights, table.base)]
        rounded = _core.likelihood(case.patterns._core, *single, threads=1).astype(np.float64)
        best = rounded.max(axis=1, initial=-np.inf)
        assert abs(value - best.sum()) <= len(best) * 2.0**-30 + 1e-13 * np.abs(best).sum()


def positive_table(rng: np.random.Generator, n_pixels: int, n_clusters: int) -> Table:
    """Weights of one sign, as centroids have."""
    table = random_table(rng, n_pixels, n_clusters, np.float64)
    return Table(np.abs(table.weights), table.base)


@gpus.each_device
@given(cases(), st.data())
def test_clusters_follow_the_patterns_that_move(device, case, data):
    n_clusters = data.draw(st.sampled_from(TEMPLATES if case.n_pixels < 1000 else (1, 3, 4, 9)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    assert_follows(case, [positive_table(rng, case.n_pixels, n_clusters) for _ in range(3)], device)


@gpus.each_device
@pytest.mark.parametrize("n_clusters", TEMPLATES)
def test_any_number_of_clusters(n_clusters, device):
    rng = np.random.default_rng(n_clusters)
    case = random_case(rng, 600, (6, 6), max_count=3)
    assert_follows(case, [positive_table(rng, 36, n_clusters) for _ in range(2)], device)


def of_centres(centres: np.ndarray) -> Table:
    return Table(np.ascontiguousarray(centres.T), -(centres**2).sum(axis=1) / 2)


@gpus.each_device
def test_labels_are_the_nearest_centres(device):
    rng = np.random.default_rng(0)
    case = random_case(rng, 500, (5, 5), density=0.4, max_count=2)
    centres = rng.random((7, 25))
    clusters = Clusters(500, 25, 7, device)
    clusters.round(case.patterns, of_centres(centres))
    np.testing.assert_array_equal(clusters.labels, reference.nearest(case.counts, centres))


@gpus.each_device
@pytest.mark.parametrize("max_count", [1, 3])
@pytest.mark.parametrize("apart", [1e-9, 1e-7, 1e-5])
@pytest.mark.parametrize("n_clusters", [2, 5, 40])
def test_centres_nearer_than_float32_tells_are_told_apart(max_count, apart, n_clusters, device):
    rng = np.random.default_rng(3)
    case = random_case(rng, 2000, (8, 8), density=0.4, max_count=max_count)
    centres = rng.random(64) + apart * rng.standard_normal((n_clusters, 64))
    clusters, table = Clusters(2000, 64, n_clusters, device), of_centres(centres)
    clusters.round(case.patterns, table)
    expected = (case.counts @ table.weights + table.base).argmax(axis=1)
    np.testing.assert_array_equal(clusters.labels, expected)
    clusters.assert_hold(case.counts)
    rounded = case.counts.astype(np.float32) @ table.weights.astype(np.float32) + table.base.astype(np.float32)
    assert (rounded.argmax(axis=1) != expected).any() or apart > 1e-6  # float32 alone would not


def zeros(n_pixels: int, n_clusters: int) -> Table:
    return Table(np.zeros((n_pixels, n_clusters)), np.zeros(n_clusters))


@gpus.each_device
def test_the_first_of_equals(device):
    clusters = Clusters(3, 4, 5, device)
    clusters.round(Patterns.from_dense(np.ones((3, 4), int)), zeros(4, 5))
    np.testing.assert_array_equal(clusters.labels, 0)


@gpus.each_device
def test_a_second_round_moves_nothing(device):
    rng = np.random.default_rng(2)
    case, table = random_case(rng, 100, (4, 4)), random_table(rng, 16, 5, np.float64)
    clusters = Clusters(100, 16, 5, device)
    assert clusters.round(case.patterns, table)[0] == 100
    photons = clusters.photons.copy()
    assert clusters.round(case.patterns, table)[0] == 0
    np.testing.assert_array_equal(clusters.photons, photons)


@gpus.each_device
def test_no_patterns(device):
    clusters = Clusters(0, 4, 2, device)
    assert clusters.round(Patterns.empty((2, 2)), zeros(4, 2)) == (0, 0.0)


def fine() -> dict[str, object]:
    return {
        "weights": np.zeros((9, 2)),
        "base": np.zeros(2),
        "photons": np.zeros((9, 2), np.int64),
        "members": np.zeros(2, np.int64),
        "labels": np.full(5, -1, np.int32),
        "threads": 1,
    }


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weights": np.zeros((9, 2), np.float32)}, TypeError, "weights: expected dtype float64, got float32"),
        ({"weights": np.zeros((8, 2))}, ValueError, "weights: expected shape (9, any), got (8, 2)"),
        ({"weights": np.full((9, 2), -np.inf)}, ValueError, "weights: not finite at index 0"),
        ({"base": np.array([0, np.inf])}, ValueError, "base: not finite at index 1"),
        ({"photons": None}, TypeError, "photons: expected a NumPy array, got None"),
        ({"photons": np.zeros((9, 2))}, TypeError, "photons: expected dtype int64, got float64"),
        ({"members": np.zeros(3, np.int64)}, ValueError, "members: expected shape (2,), got (3,)"),
        ({"labels": np.zeros(5, np.int64)}, TypeError, "labels: expected dtype int32, got int64"),
        ({"labels": np.array([0, 0, 2, 0, 0], np.int32)}, ValueError, "labels: expected -1..1, got 2 at index 2"),
        ({"labels": np.array([0, -2, 0, 0, 0], np.int32)}, ValueError, "labels: expected -1..1, got -2 at index 1"),
    ],
)
def test_assignment_refuses(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        _core.assignment(Patterns.empty((3, 3), 5)._core, **(fine() | change))


@pytest.mark.parametrize("name", ["photons", "members", "labels"])
def test_assignment_refuses_read_only_clusters(name):
    arguments = fine()
    arguments[name].flags.writeable = False
    with pytest.raises(ValueError, match=f"{name}: the array is read-only"):
        _core.assignment(Patterns.empty((3, 3), 5)._core, **arguments)
