"""sweep: E and M step in one pass."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from motes import Bernoulli, Patterns, Poisson, _core, sweep
from motes.kernels.sweep import ExactSums
from strategies import TEMPLATES, Case, Table, case_of, random_case, random_table, scored_cases

QUANTUM = {np.dtype(np.float32): 2.0**-20, np.dtype(np.float64): 2.0**-30}
GAMMA = {np.dtype(np.float32): 4e-7, np.dtype(np.float64): 1e-14}
LOG_UNIT = 2.0**-30


def raw_sweep(case: Case, table: Table, *, hard: bool = False, threads: int = 1, device: str = "cpu"):
    return gpus.sweep(case.patterns, table.weights, table.base, hard=hard, device=device, threads=threads)


def assert_is_its_definition(case: Case, table: Table, *, hard: bool, device: str = "cpu") -> None:
    planes, weights, whole, fraction, n_impossible, quantum = raw_sweep(case, table, hard=hard, device=device)
    assert planes.dtype == weights.dtype == np.int64
    assert quantum == QUANTUM[table.weights.dtype]
    assert 0 <= fraction < 2**30
    score = _core.likelihood(case.patterns._core, table.weights, table.base, threads=1).astype(np.float64)
    photons, members, value, impossible = reference.sweep(case.counts, score, hard=hard)
    assert n_impossible == impossible
    # A responsibility is right to `gamma` beside the softmax of the kernel's own scores, then rounded to the quantum.
    gamma = GAMMA[table.weights.dtype] * (1 + len(table.base) / 1000)
    each = 0.0 if hard else quantum / 2 + gamma
    rounding = 1e-12 * photons
    assert (np.abs(planes * quantum - photons) <= each * case.counts.sum(axis=0)[:, None] + rounding).all()
    assert (np.abs(weights * quantum - members) <= each * len(case.counts) + 1e-12 * members).all()
    each_log = LOG_UNIT + (0.0 if hard else gamma)
    slack = each_log * len(case.counts) + 1e-15 * np.abs(score[np.isfinite(score)]).sum()
    assert abs(whole + fraction * LOG_UNIT - value) <= slack


@gpus.each_device
@given(scored_cases(), st.booleans())
def test_sweep_is_its_definition(device, scored, hard):
    assert_is_its_definition(*scored, hard=hard, device=device)


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES)
@pytest.mark.parametrize("hard", [False, True])
def test_any_number_of_templates(n_templates, dtype, hard, device):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_is_its_definition(case, random_table(rng, 36, n_templates, dtype, spread=0.5), hard=hard, device=device)


@given(scored_cases(dtypes=(np.float32,), max_impossible=0.0))
def test_float32_keeps_to_float64(scored):
    """The whole chain, scores included, against the reference mode: |gamma - gamma'| <= 2 max |L - L'|."""
    case, table = scored
    exact = Table(table.weights.astype(np.float64), table.base.astype(np.float64))
    bound = reference.score_bound(case.counts, table.weights, table.base, 2.0**-24).max(axis=1, initial=0.0)
    each = 2 * bound + 2.0**-21 + 1e-6
    found, expected = raw_sweep(case, table), raw_sweep(case, exact)
    error = np.abs(found[0] * found[-1] - expected[0] * expected[-1])
    assert (error <= (case.counts * each[:, None]).sum(axis=0)[:, None]).all()


@gpus.each_device
@pytest.mark.parametrize("n_patterns", [2046, 2047, 2048, 3 * 2047 + 1, 9000])
@pytest.mark.parametrize("hard", [False, True])
def test_planes_are_flushed_before_they_overflow(n_patterns, hard, device):
    """Every pixel lit in every pattern, one template certain: the int32 planes fill as fast as they can."""
    case = case_of(np.ones((n_patterns, 4)), (2, 2))
    table = Table(np.zeros((4, 3), np.float32), np.array([-500, 0, -500], np.float32))
    planes, weights, whole, fraction, _, quantum = raw_sweep(case, table, hard=hard, device=device)
    np.testing.assert_array_equal(planes * quantum, [[0, n_patterns, 0]] * 4)
    np.testing.assert_array_equal(weights * quantum, [0, n_patterns, 0])
    assert (whole, fraction) == (0, 0)


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("hard", [False, True])
def test_impossible_patterns_are_counted_and_in_no_sum(dtype, hard, device):
    case = case_of([[1, 0], [0, 1], [1, 1], [0, 0]], (1, 2))
    table = Table(np.array([[-np.inf, 0.5], [-np.inf, -np.inf]], dtype), np.array([-np.inf, -0.25], dtype))
    planes, weights, whole, fraction, n_impossible, quantum = raw_sweep(case, table, hard=hard, device=device)
    assert n_impossible == 2
    np.testing.assert_array_equal(planes * quantum, [[0, 1], [0, 0]])
    np.testing.assert_array_equal(weights * quantum, [0, 2])
    assert whole + fraction * LOG_UNIT == 0.25 - 0.25


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_parts_add_up_to_the_whole(dtype, device):
    rng = np.random.default_rng(5)
    case = random_case(rng, 9000, (5, 5), max_count=2)
    table = random_table(rng, 25, 4, dtype, impossible=0.02)
    whole = raw_sweep(case, table, device=device)
    edges = [0, 1, 1000, 5000, 9000]
    parts = [
        raw_sweep(Case(case.patterns[a:b], case.counts[a:b]), table, device=device)
        for a, b in itertools.pairwise(edges)
    ]
    np.testing.assert_array_equal(sum(part[0] for part in parts), whole[0])
    np.testing.assert_array_equal(sum(part[1] for part in parts), whole[1])
    assert sum((part[2] << 30) + part[3] for part in parts) == (whole[2] << 30) + whole[3]
    assert sum(part[4] for part in parts) == whole[4]


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_counts(dtype, device):
    case = case_of([[2**31 - 1, 1], [7, 0]], (1, 2))
    planes, *_, quantum = raw_sweep(case, Table(np.zeros((2, 1), dtype), np.zeros(1, dtype)), device=device)
    np.testing.assert_array_equal(planes[:, 0] * quantum, [2**31 + 6, 1])


def test_too_many_photons_for_exact_sums():
    patterns = Patterns.from_dense(np.full((5, 1, 1), 2**31 - 1))  # more than 2^33 photons
    with pytest.raises(ValueError, match="patterns: too many photons for exact sums; sweep parts"):
        _core.sweep(patterns._core, np.zeros((1, 1)), np.zeros(1), hard=False, threads=1)


def test_nothing_from_nothing():
    table = Table(np.zeros((4, 2), np.float32), np.zeros(2, np.float32))
    planes, weights, whole, fraction, n_impossible, _ = raw_sweep(case_of(np.zeros((0, 4)), (2, 2)), table)
    assert not planes.any()
    assert not weights.any()
    assert (whole, fraction, n_impossible) == (0, 0, 0)
    empty = raw_sweep(case_of(np.zeros((3, 0)), (0, 0)), Table(np.zeros((0, 2), np.float32), np.zeros(2, np.float32)))
    assert empty[0].shape == (0, 2)
    np.testing.assert_array_equal(empty[1] * empty[-1], [1.5, 1.5])


# -- the Python function ----------------------------------------------------------------------------------------------


@given(st.integers(0, 10**6), st.booleans(), st.booleans(), st.booleans())
def test_sweep_of_templates(seed, poisson, hard, with_prior):
    rng = np.random.default_rng(seed)
    case = random_case(rng, 12, (3, 3), density=0.4, max_count=3 if poisson else 1)
    means = rng.uniform(0.01, 0.99, (4, 3, 3))
    prior = rng.uniform(0.1, 1.0, 4) if with_prior else None
    noise = Poisson() if poisson else Bernoulli()
    share = np.full(4, 0.25) if prior is None else prior / prior.sum()
    score = reference.log_likelihood(case.counts, means, noise.name) + np.log(share)
    planes, weights, value, _ = reference.sweep(case.counts, score, hard=hard)
    found = sweep(case.patterns, means, noise, prior=prior, hard=hard, dtype=np.float64)
    np.testing.assert_allclose(found.planes.reshape(4, 9).T, planes, atol=1e-7)
    np.testing.assert_allclose(found.weights, weights, atol=1e-7)
    assert found.log_likelihood == pytest.approx(value, rel=1e-9)
    single = sweep(case.patterns, means, noise, prior=prior, hard=hard)
    assert single.log_likelihood == pytest.approx(value, rel=1e-6)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("poisson", [False, True])
def test_templates_that_are_on_a_gpu(dtype, poisson):
    extension, rng = gpus.gpu(), np.random.default_rng(3)
    case = random_case(rng, 200, (4, 4), density=0.4, max_count=3 if poisson else 1)
    means = rng.uniform(0.0, 1.0, (6, 4, 4))
    prior, noise = rng.uniform(0.1, 1.0, 6), Poisson() if poisson else Bernoulli()
    here = sweep(case.patterns, means, noise, prior=prior, dtype=dtype)
    there = sweep(
        case.patterns.to("cuda"), extension.from_numpy(means, device=0), noise, prior=prior, dtype=dtype,
        deterministic=False,
    )  # fmt: skip
    assert repr(there) == "Sweep(6 planes of 4x4 on cuda:0)"
    np.testing.assert_allclose(there.planes.to_numpy(), here.planes, atol=2e-3)
    np.testing.assert_allclose(there.weights.to_numpy(), here.weights, atol=2e-3)
    assert there.log_likelihood == pytest.approx(here.log_likelihood, abs=200 * 1e-4)
    assert there.n_impossible == here.n_impossible == 0


@pytest.mark.gpu
def test_templates_of_another_library_in_the_host_s_memory_are_brought_there():
    gpus.gpu()
    patterns, means = Patterns.from_dense([[1, 0, 0, 1]]).to("cuda"), np.full((3, 2, 2), 0.5)
    np.testing.assert_array_equal(sweep(patterns, memoryview(means)).planes, sweep(patterns, means).planes)


@pytest.mark.gpu
@pytest.mark.parametrize("wrong", [-0.25, 1.5, np.nan])
def test_templates_on_a_gpu_are_refused_in_the_same_words(wrong):
    extension, patterns = gpus.gpu(), Patterns.from_dense([[1, 0, 0, 1]])
    means = np.full((3, 2, 2), 0.5)
    means[1, 1, 0] = wrong
    said = []
    for there, templates in ((patterns, means), (patterns.to("cuda"), extension.from_numpy(means, device=0))):
        with pytest.raises(ValueError, match="templates: expected a mean from 0 to 1") as caught:
            sweep(there, templates)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_deterministic_is_a_truth_value():
    with pytest.raises(TypeError, match="deterministic: expected True or False, got 'no'"):
        sweep(Patterns.from_dense([[1, 0, 0, 1]]), np.full((1, 2, 2), 0.5), deterministic="no")


def test_a_template_without_prior_takes_nothing():
    case = case_of([[1, 0, 0, 0]] * 3, (2, 2))
    found = sweep(case.patterns, np.full((2, 2, 2), 0.5), prior=[1.0, 0.0])
    np.testing.assert_array_equal(found.weights, [3, 0])


@pytest.mark.parametrize("prior", [[1.0], [1.0, -1.0], [0.0, 0.0], [np.nan, 1.0], [np.inf, 1.0], [1e308, 1e308]])
def test_sweep_refuses_a_prior(prior):
    with pytest.raises(ValueError, match="prior: expected 2 probabilities, got"):
        sweep(Patterns.empty((2, 2), 1), np.full((2, 2, 2), 0.5), prior=np.array(prior))
    with pytest.raises(TypeError, match="prior: expected 2 probabilities, got dtype <U6"):
        sweep(Patterns.empty((2, 2), 1), np.full((2, 2, 2), 0.5), prior="equals")


FINE = {"weights": np.zeros((9, 2), np.float32), "base": np.zeros(2, np.float32), "hard": False, "threads": 1}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weights": np.zeros((9, 2), np.int32)}, TypeError, "weights: expected dtype float32 or float64, got int32"),
        ({"weights": np.zeros((8, 2), np.float32)}, ValueError, "weights: expected shape (9, any), got (8, 2)"),
        ({"weights": np.zeros((2, 9), np.float32).T}, ValueError, "weights: expected a C-contiguous, aligned array"),
        ({"weights": np.full((9, 2), np.nan, np.float32)}, ValueError, "weights: not finite at index 0"),
        ({"weights": np.full((9, 2), np.inf, np.float32)}, ValueError, "weights: not finite at index 0"),
        ({"base": np.zeros(2)}, TypeError, "base: expected dtype float32, got float64"),
        ({"base": np.array([0, np.nan], np.float32)}, ValueError, "base: not finite at index 1"),
        ({"out": np.zeros((9, 2))}, TypeError, "out: expected dtype int64, got float64"),
        ({"out": np.zeros((9, 3), np.int64)}, ValueError, "out: expected shape (9, 2), got (9, 3)"),
        ({"threads": 1025}, ValueError, "threads: expected 0 to 1024, got 1025"),
    ],
)
def test_sweep_refuses(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        _core.sweep(Patterns.empty((3, 3), 5)._core, **(FINE | change))


@pytest.mark.parametrize("photons", [0, 2**62])
def test_sums_of_parts_that_int64_does_not_hold_are_told(photons: int) -> None:
    """2^33 patterns of one template, or photons in one pixel, in multiples of 2^-30."""
    half = ExactSums(np.array([[photons, 1]]), np.array([2**62 - photons, 1]), 0, 0, 2.0**-30)
    most = ExactSums(np.array([[2**62 - 1, 0]]), np.array([2**62 - 1, 0]), 0, 0, 2.0**-30)
    assert (most + most).planes[0, 0] == 2**63 - 2
    other = ExactSums(np.array([[photons, 1]]), np.array([2**62, 1]), 0, 0, 2.0**-30)
    with pytest.raises(OverflowError, match=r"more than can be summed up in multiples of 9.3e-10; dtype float32"):
        _ = half + other
