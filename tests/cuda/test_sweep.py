"""sweep on a GPU: its phases, run on the host."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motes
import phases
import reference
from motes import Bernoulli, Poisson, _core
from strategies import Case, Table, case_of, random_case, random_table, scored_cases

QUANTUM = {np.dtype(np.float32): 2.0**-20, np.dtype(np.float64): 2.0**-30}
GAMMA = {np.dtype(np.float32): 4e-7, np.dtype(np.float64): 1e-14}
LOG_UNIT = 2.0**-30
AS_THE_CPU = {"baseline": 4, "v3": 8, "v4": 10**9}  # templates up to which softmax adds in the order of these vectors


def sweep(
    case: Case, table: Table, *, hard: bool, fused: bool | None = None, staged: bool = True, blocks_each: int = 3
):
    """Planes, weights, whole nats and their fraction, impossible patterns: the same in every order."""
    given_patterns, n_templates = phases.given(case.patterns), len(table.base)
    suffix = "f32" if table.weights.dtype == np.float32 else "f64"
    fused = n_templates <= 4 if fused is None else fused

    def compute(order: int):
        planes, weights = np.zeros((case.n_pixels, n_templates), np.int64), np.zeros(n_templates, np.int64)
        nats, n_impossible = np.zeros(2, np.int64), np.zeros(1, np.int64)
        phases.run(
            "sweep", f"sweep_{suffix}", given_patterns, np.ascontiguousarray(table.weights), table.base, n_templates,
            hard, fused, staged, planes, weights, nats, n_impossible, blocks_each, order=order,
        )  # fmt: skip
        return planes, weights, nats, n_impossible

    planes, weights, (whole, fraction), n_impossible = phases.in_every_order(compute)
    return planes, weights, whole + (fraction >> 30), fraction & (2**30 - 1), n_impossible[0]


def on_the_cpu(case: Case, table: Table, *, hard: bool):
    return _core.sweep(case.patterns._core, table.weights, table.base, hard=hard, threads=1)[:5]


def assert_same(found, expected) -> None:
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


def assert_is_its_definition(case: Case, table: Table, found, *, hard: bool) -> None:
    """As the test of the CPU's sweep says it."""
    planes, weights, whole, fraction, n_impossible = found
    quantum, gamma = QUANTUM[table.weights.dtype], GAMMA[table.weights.dtype] * (1 + len(table.base) / 1000)
    score = _core.likelihood(case.patterns._core, table.weights, table.base, threads=1).astype(np.float64)
    photons, members, value, impossible = reference.sweep(case.counts, score, hard=hard)
    assert n_impossible == impossible
    each = 0.0 if hard else quantum / 2 + gamma
    assert (np.abs(planes * quantum - photons) <= each * case.counts.sum(axis=0)[:, None] + 1e-12 * photons).all()
    assert (np.abs(weights * quantum - members) <= each * len(case.counts) + 1e-12 * members).all()
    each_log = LOG_UNIT + (0.0 if hard else gamma)
    slack = each_log * len(case.counts) + 1e-15 * np.abs(score[np.isfinite(score)]).sum()
    assert abs(whole + fraction * LOG_UNIT - value) <= slack


def assert_right(case: Case, table: Table, *, hard: bool, **options) -> None:
    found = sweep(case, table, hard=hard, **options)
    assert_is_its_definition(case, table, found, hard=hard)
    of_cpu = table.weights.dtype == np.float32 and len(table.base) <= AS_THE_CPU[_core.isa()]
    if hard or of_cpu:
        assert_same(found, on_the_cpu(case, table, hard=hard))


@settings(max_examples=25)
@given(scored_cases(), st.booleans(), st.booleans())
def test_its_sums_are_those_of_the_cpu(scored, hard, staged):
    case, table = scored
    assert_right(case, table, hard=hard, staged=staged and case.n_pixels < 3000)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", [1, 2, 3, 4, 5, 8, 9, 16, 17, 33, 100])
@pytest.mark.parametrize("hard", [False, True])
def test_any_number_of_templates(n_templates, dtype, hard):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_right(case, random_table(rng, 36, n_templates, dtype, spread=0.5, impossible=0.01), hard=hard, blocks_each=2)


@pytest.mark.parametrize("n_templates", [1, 3, 4])
@pytest.mark.parametrize("hard", [False, True])
def test_one_pass_and_three_are_the_same(n_templates, hard):
    rng = np.random.default_rng(n_templates)
    case, table = random_case(rng, 300, (6, 6)), random_table(rng, 36, n_templates, np.float32, impossible=0.01)
    assert_same(sweep(case, table, hard=hard, fused=True), sweep(case, table, hard=hard, fused=False))


@pytest.mark.parametrize("staged", [False, True])
@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize("n_patterns", [1023, 1024, 1025, 2048, 2049, 7000])
def test_planes_are_flushed_before_they_overflow(n_patterns, fused, staged):
    """Every pixel lit in every pattern, one template certain: the int32 planes fill as fast as they can."""
    case = case_of(np.ones((n_patterns, 4)), (2, 2))
    table = Table(np.zeros((4, 3), np.float32), np.array([-500, 0, -500], np.float32))
    found = sweep(case, table, hard=False, fused=fused, staged=staged, blocks_each=1)
    np.testing.assert_array_equal(found[0] * 2.0**-20, [[0, n_patterns, 0]] * 4)
    np.testing.assert_array_equal(found[1] * 2.0**-20, [0, n_patterns, 0])
    assert found[2:] == (0, 0, 0)


@pytest.mark.parametrize("blocks_each", [1, 2, 7, 40])
def test_sums_do_not_know_the_number_of_blocks(blocks_each):
    rng = np.random.default_rng(5)
    case, table = random_case(rng, 3000, (5, 5), max_count=2), random_table(rng, 25, 4, np.float32, impossible=0.02)
    assert_same(sweep(case, table, hard=False, blocks_each=blocks_each), on_the_cpu(case, table, hard=False))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("fused", [False, True])
def test_impossible_patterns_are_counted_and_in_no_sum(dtype, hard, fused):
    case = case_of([[1, 0], [0, 1], [1, 1], [0, 0]], (1, 2))
    table = Table(np.array([[-np.inf, 0.5], [-np.inf, -np.inf]], dtype), np.array([-np.inf, -0.25], dtype))
    planes, weights, whole, fraction, n_impossible = sweep(case, table, hard=hard, fused=fused)
    quantum = QUANTUM[np.dtype(dtype)]
    assert n_impossible == 2
    np.testing.assert_array_equal(planes * quantum, [[0, 1], [0, 0]])
    np.testing.assert_array_equal(weights * quantum, [0, 2])
    assert whole + fraction * LOG_UNIT == 0.25 - 0.25


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_counts(dtype):
    case, table = case_of([[2**31 - 1, 1], [7, 0]], (1, 2)), Table(np.zeros((2, 1), dtype), np.zeros(1, dtype))
    assert_same(sweep(case, table, hard=False), on_the_cpu(case, table, hard=False))


# -- the whole of it, in memory of so many bytes -----------------------------------------------------------------------

PLENTY = 2**62


def sweep_in_turns(case: Case, table: Table, *, hard: bool, room: int = PLENTY, shared: int = 227 << 10):
    """As `sweep`, and how many launches it took."""
    given_patterns, n_templates, n_pixels = phases.given(case.patterns), len(table.base), case.n_pixels
    suffix = "f32" if table.weights.dtype == np.float32 else "f64"
    launches = np.zeros(1, np.int64)

    def compute(order: int):
        numbers = np.full(n_templates * (n_pixels + 1) + 3, -1, np.int64)
        phases.run(
            "sweep", f"sweep_in_turns_{suffix}", given_patterns, np.ascontiguousarray(table.weights), table.base,
            n_templates, hard, room, shared, numbers, launches, order=order,
        )  # fmt: skip
        return numbers

    numbers = phases.in_every_order(compute)
    planes, weights, (whole, fraction, n_impossible) = np.split(numbers, [n_templates * n_pixels, numbers.size - 3])
    found = planes.reshape(n_pixels, n_templates), weights, whole + (fraction >> 30), fraction & (2**30 - 1)
    return (*found, n_impossible), int(launches[0])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", [1, 4, 5, 8, 33])
@pytest.mark.parametrize("hard", [False, True])
def test_its_launches_are_those_of_one_call(n_templates, dtype, hard):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    table = random_table(rng, 36, n_templates, dtype, spread=0.5, impossible=0.01)
    found, n_launches = sweep_in_turns(case, table, hard=hard)
    assert n_launches == (1 if n_templates <= 4 else 3)
    assert_same(found, sweep(case, table, hard=hard))
    assert_same(sweep_in_turns(case, table, hard=hard, shared=256)[0], found)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hard", [False, True])
def test_where_memory_is_short_groups_of_templates_take_turns(dtype, hard):
    """Down to the least: a panel of four, and the scores of half of the patterns."""
    rng = np.random.default_rng(1)
    n_templates, n_pixels, real = 37, 36, np.dtype(dtype).itemsize
    case = random_case(rng, 2500, (6, 6), max_count=2)
    table = random_table(rng, n_pixels, n_templates, dtype, spread=0.5, impossible=0.01)
    whole, _ = sweep_in_turns(case, table, hard=hard)
    rows = 40 * real
    least = -(-37 * 4 * real // 64) * 64 + -(-8 * (4 * 37 + 3) // 64) * 64 + 1250 * rows
    taken = set()
    for room in (least, least + 5_000, least + 10_000, least + 15_000, least + 1250 * rows + 20_000):
        found, n_launches = sweep_in_turns(case, table, hard=hard, room=room)
        assert_same(found, whole)
        taken.add(n_launches)
    assert len(taken) > 2  # other numbers of turns and of parts
    with pytest.raises(AssertionError, match="no room for an array"):
        sweep_in_turns(case, table, hard=hard, room=least - 1)


# -- templates that are there ------------------------------------------------------------------------------------------


def sweep_means(case: Case, means: np.ndarray, noise, prior, *, hard: bool, dtype):
    """Planes (R, M), weights, nats and impossible patterns; the place of the first that is no mean."""
    given_patterns, n = phases.given(case.patterns), len(means)
    low, high = noise.limits(len(case.patterns))
    photons = case.patterns.total_image().ravel()

    def compute(order: int):
        planes, weights, told, index = np.full(means.shape, -1.0), np.full(n, -1.0), np.full(2, -1.0), np.zeros(1, int)
        phases.run(
            "sweep", "sweep_means", given_patterns, means, means.itemsize, n, prior, photons, noise.name == "poisson",
            low, high, 1.0 if noise.name == "bernoulli" else np.finfo(float).max, hard, dtype is np.float64, planes,
            weights, told, index, order=order,
        )  # fmt: skip
        return planes, weights, told, index

    return phases.in_every_order(compute)


@pytest.mark.parametrize("hard", [False, True])
@pytest.mark.parametrize("n_templates", [1, 3, 4, 5, 9])
@pytest.mark.parametrize("noise", [Bernoulli(), Poisson()])
@pytest.mark.parametrize(
    ("real", "dtype"), [(np.float64, np.float64), (np.float32, np.float64), (np.float64, np.float32)]
)
def test_templates_on_a_device(n_templates, noise, hard, real, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 60, (4, 4), max_count=1 if noise.name == "bernoulli" else 3)
    means = rng.uniform(0, 1, (n_templates, 16)).astype(real)
    means[rng.random(means.shape) < 0.1] = 0
    means[rng.random(means.shape) < 0.1] = 1
    prior = rng.dirichlet(np.ones(n_templates))
    planes, weights, (nats, n_impossible), index = sweep_means(case, means, noise, prior, hard=hard, dtype=dtype)
    expected = motes.sweep(
        case.patterns, means.reshape(n_templates, 4, 4), noise, prior=prior, hard=hard, dtype=dtype, threads=1
    )
    assert index[0] == means.size
    loose = 1e-5 if dtype is np.float32 else 1e-8
    np.testing.assert_allclose(planes.reshape(-1, 4, 4), expected.planes, atol=60 * loose)
    np.testing.assert_allclose(weights, expected.weights, atol=60 * loose)
    assert nats == pytest.approx(expected.log_likelihood, abs=60 * loose)
    assert n_impossible == expected.n_impossible


@pytest.mark.parametrize("wrong", [-0.25, 1.5, np.nan, np.inf])
def test_the_first_that_is_no_mean_is_found(wrong):
    case = case_of([[1, 0], [0, 1]], (1, 2))
    means = np.full((3, 2), 0.5)
    means[1, 1] = means[2, 0] = wrong
    *_, index = sweep_means(case, means, Bernoulli(), np.ones(3) / 3, hard=False, dtype=np.float32)
    assert index[0] == 3
