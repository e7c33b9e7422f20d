"""assignment on a GPU: the whole of it, run on the host."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import Patterns, _core
from strategies import TEMPLATES, Case, Table, cases, random_case, random_table

STAGED, NOT_STAGED = 227 << 10, 0  # bytes of shared memory that a block may have


def assign(case: Case, table: Table, labels: np.ndarray, *, shared: int = STAGED, most: int = 2**40):
    """Labels, photons and members gained, what moved and the score, what was refused: the same in every order."""
    given_patterns, n_clusters = phases.given(case.patterns), len(table.base)

    def compute(order: int):
        found, sums = labels.copy(), np.zeros(n_clusters * (case.n_pixels + 1) + 3, np.int64)
        told, status = phases.Told(), np.full(1, -9)
        phases.run(
            "assignment", "assignment", given_patterns, np.ascontiguousarray(table.weights), table.base, n_clusters,
            found, sums, shared, most, told, status, order=order,
        )  # fmt: skip
        return found, sums, str(told.text, "utf-8") if status[0] else ""

    found, sums, refused = phases.in_every_order(compute)
    photons, members, rest = np.split(sums, [case.n_pixels * n_clusters, (case.n_pixels + 1) * n_clusters])
    whole, fraction, n_moved = (int(n) for n in rest)
    score = (whole + (fraction >> 30), fraction % 2**30)
    return found, photons.reshape(case.n_pixels, n_clusters), members, (n_moved, *score), refused


def assert_follows_as_on_the_cpu(case: Case, tables: list[Table], **options) -> None:
    n_clusters = len(tables[0].base)
    photons, members = np.zeros((case.n_pixels, n_clusters), np.int64), np.zeros(n_clusters, np.int64)
    labels = np.full(len(case.patterns), -1, np.int32)
    gained = [photons.copy(), members.copy()]
    for table in tables:
        before = labels.copy()
        moved = _core.assignment(
            case.patterns._core, table.weights, table.base, photons=photons, members=members, labels=labels, threads=1
        )
        found, more_photons, more_members, told, refused = assign(case, table, before, **options)
        gained[0] += more_photons
        gained[1] += more_members
        assert not refused
        assert told == moved
        for a, b in zip((found, *gained), (labels, photons, members), strict=True):
            np.testing.assert_array_equal(a, b)


def positive_table(rng: np.random.Generator, n_pixels: int, n_clusters: int) -> Table:
    """Weights of one sign, as centroids have."""
    table = random_table(rng, n_pixels, n_clusters, np.float64)
    return Table(np.abs(table.weights), table.base)


@settings(max_examples=25)
@given(cases(), st.sampled_from([STAGED, NOT_STAGED]), st.data())
def test_clusters_follow_as_on_the_cpu(case, shared, data):
    n_clusters = data.draw(st.sampled_from(TEMPLATES[:-1] if case.n_pixels < 1000 else (1, 3, 4, 9)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    tables = [positive_table(rng, case.n_pixels, n_clusters) for _ in range(2)]
    assert_follows_as_on_the_cpu(case, tables, shared=shared)


@pytest.mark.parametrize("n_clusters", TEMPLATES[:-1])
def test_any_number_of_clusters(n_clusters):
    rng = np.random.default_rng(n_clusters)
    case = random_case(rng, 300, (6, 6), max_count=3)
    assert_follows_as_on_the_cpu(case, [positive_table(rng, 36, n_clusters) for _ in range(2)])


@pytest.mark.parametrize("max_count", [1, 3])
@pytest.mark.parametrize("apart", [1e-9, 1e-7, 1e-5])
@pytest.mark.parametrize("n_clusters", [2, 5, 40])
def test_centres_nearer_than_float32_tells_are_told_apart(max_count, apart, n_clusters):
    rng = np.random.default_rng(3)
    case = random_case(rng, 1000, (8, 8), density=0.4, max_count=max_count)
    centres = rng.random(64) + apart * rng.standard_normal((n_clusters, 64))
    table = Table(np.ascontiguousarray(centres.T), -(centres**2).sum(axis=1) / 2)
    labels = assign(case, table, np.full(1000, -1, np.int32))[0]
    expected = (case.counts @ table.weights + table.base).argmax(axis=1)
    np.testing.assert_array_equal(labels, expected)
    rounded = case.counts.astype(np.float32) @ table.weights.astype(np.float32) + table.base.astype(np.float32)
    assert (rounded.argmax(axis=1) != expected).any() or apart > 1e-6  # float32 alone would not
    assert_follows_as_on_the_cpu(case, [table])


@pytest.mark.parametrize("n_clusters", [3, 5])
def test_more_patterns_than_a_block_takes_at_once(n_clusters):
    rng = np.random.default_rng(4)
    case = random_case(rng, 5000, (3, 3), max_count=2)
    tables = [positive_table(rng, 9, n_clusters) for _ in range(2)]
    assert_follows_as_on_the_cpu(case, tables)
    assert_follows_as_on_the_cpu(case, tables, most=8 * 1300)  # rows in runs


@pytest.mark.parametrize("n_clusters", [2, 6])
def test_the_first_of_equals(n_clusters):
    case = random_case(np.random.default_rng(0), 40, (2, 2))
    equal = Table(np.ones((4, n_clusters)), np.zeros(n_clusters))
    assert (assign(case, equal, np.full(40, n_clusters - 1, np.int32))[0] == 0).all()


@pytest.mark.parametrize("patterns", [Patterns.empty((2, 2)), Patterns.empty((0, 0), 2), Patterns.empty((2, 2), 5)])
@pytest.mark.parametrize("n_clusters", [2, 6])
def test_nothing_to_assign(patterns, n_clusters):
    case = Case(patterns, np.zeros((len(patterns), patterns.n_pixels), np.int64))
    assert_follows_as_on_the_cpu(case, [positive_table(np.random.default_rng(0), patterns.n_pixels, n_clusters)])


@pytest.mark.parametrize("wrong", [{3: 2}, {600: -2}, {600: 2, 599: -7}])
def test_labels_that_the_cpu_refuses(wrong):
    case, table = random_case(np.random.default_rng(0), 700, (3, 3)), Table(np.zeros((9, 2)), np.zeros(2))
    labels = np.zeros(700, np.int32)
    for at, value in wrong.items():
        labels[at] = value
    sums = {"photons": np.zeros((9, 2), np.int64), "members": np.zeros(2, np.int64)}
    with pytest.raises(ValueError, match="labels: expected") as refused:
        _core.assignment(case.patterns._core, table.weights, table.base, **sums, labels=labels, threads=1)
    assert assign(case, table, labels)[-1] == str(refused.value)
