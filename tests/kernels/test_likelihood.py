"""likelihood: every pattern under every template, and the posterior over templates."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from motes import Bernoulli, Patterns, Poisson, _core, log_likelihood
from posteriors import UNIT, assert_is_the_softmax
from strategies import TEMPLATES, Case, Table, case_of, random_case, random_table, scored_cases


def likelihood(case: Case, table: Table, threads: int = 1, device: str = "cpu", **options) -> np.ndarray:
    return gpus.likelihood(case.patterns, table.weights, table.base, device=device, threads=threads, **options)


ALL = {"label": True, "responsibility": True, "evidence": True}


def posterior(
    case: Case, table: Table, threads: int = 1, device: str = "cpu"
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return gpus.posterior(case.patterns, table.weights, table.base, **ALL, device=device, threads=threads)


def assert_is_its_definition(case: Case, table: Table, device: str = "cpu") -> None:
    found = likelihood(case, table, device=device)
    assert found.dtype == table.weights.dtype
    expected = reference.scores(case.counts, table.weights, table.base)
    bound = reference.score_bound(case.counts, table.weights, table.base, UNIT[found.dtype])
    np.testing.assert_array_equal(np.isneginf(found), np.isneginf(expected))
    finite = np.isfinite(expected)
    # What float64 itself does to the oracle is a thousandth of the bound in float32, but not in float64.
    slack = 1.001 if found.dtype == np.float32 else 2.0
    assert (np.abs(found[finite].astype(np.float64) - expected[finite]) <= slack * bound[finite]).all()


@gpus.each_device
@given(scored_cases(), st.sampled_from([1, 2, 5]))
def test_likelihood_is_its_definition(device, scored, threads):
    case, table = scored
    assert_is_its_definition(case, table, device)
    np.testing.assert_array_equal(likelihood(case, table, threads), likelihood(case, table))


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES)
def test_any_number_of_templates(n_templates, dtype, device):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_is_its_definition(case, random_table(rng, 36, n_templates, dtype), device)


@gpus.each_device
@given(scored_cases())
def test_posterior_is_the_softmax_of_the_likelihood(device, scored):
    assert_is_the_softmax(likelihood(*scored), *posterior(*scored, device=device))


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_impossible_patterns(dtype, device):
    case = case_of([[0, 0], [1, 0], [0, 1], [3, 2]], (1, 2))
    table = Table(np.array([[-np.inf, 0.5], [-np.inf, -np.inf]], dtype), np.array([0.25, -1.0], dtype))
    np.testing.assert_array_equal(
        likelihood(case, table, device=device), [[0.25, -1.0], [-np.inf, -0.5], [-np.inf, -np.inf], [-np.inf, -np.inf]]
    )
    labels, gamma, evidence = posterior(case, table, device=device)
    np.testing.assert_array_equal(labels, [0, 1, 0, 0])
    np.testing.assert_array_equal(gamma[1:], [[0, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(np.isneginf(evidence), [False, False, True, True])


@gpus.each_device
def test_far_apart_templates_underflow_to_zero(device):
    case = case_of([[1]], (1, 1))
    table = Table(np.array([[0.0, -86.0, -88.0, -500.0]], np.float32), np.zeros(4, np.float32))
    _, gamma, evidence = posterior(case, table, device=device)
    np.testing.assert_allclose(gamma[0, :2], [1, np.exp(-86.0)], rtol=1e-5)
    np.testing.assert_array_equal(gamma[0, 2:], 0)
    assert evidence[0] == 0


@gpus.each_device
def test_the_first_of_equals(device):
    case = case_of([[1, 1]] * 3, (1, 2))
    labels, gamma, _ = posterior(case, Table(np.zeros((2, 9), np.float32), np.zeros(9, np.float32)), device=device)
    np.testing.assert_array_equal(labels, 0)
    np.testing.assert_allclose(gamma, 1 / 9, rtol=4e-7)


@gpus.each_device
@pytest.mark.parametrize(("label", "responsibility", "evidence"), np.eye(3, dtype=bool).tolist())
def test_what_is_not_asked_for_is_not_computed(label, responsibility, evidence, device):
    rng = np.random.default_rng(0)
    case, table = random_case(rng, 5, (3, 3)), random_table(rng, 9, 4, np.float32)
    wanted = {"label": label, "responsibility": responsibility, "evidence": evidence}
    few = gpus.posterior(case.patterns, table.weights, table.base, **wanted, device=device)
    for wanted, part, whole in zip(
        (label, responsibility, evidence), few, posterior(case, table, device=device), strict=True
    ):
        np.testing.assert_array_equal(part, whole if wanted else whole[:0])


def test_out_is_written_to_and_returned():
    rng = np.random.default_rng(1)
    case, table = random_case(rng, 5, (3, 3)), random_table(rng, 9, 3, np.float32)
    out = np.full((5, 3), np.nan, np.float32)
    assert likelihood(case, table, out=out) is out
    np.testing.assert_array_equal(out, likelihood(case, table))


@given(st.integers(0, 10**6), st.sampled_from([1, 4, 8]), st.booleans())
def test_log_likelihood_is_the_product_of_probabilities(seed, n_templates, poisson):
    rng = np.random.default_rng(seed)
    case = random_case(rng, 6, (3, 3), density=0.4, max_count=3 if poisson else 1)
    means = rng.uniform(0.001, 0.999, (n_templates, 3, 3))
    noise = Poisson() if poisson else Bernoulli()
    expected = reference.log_likelihood(case.counts, means, noise.name)
    exact = log_likelihood(case.patterns, means, noise, dtype=np.float64)
    np.testing.assert_allclose(exact, expected, rtol=1e-13, atol=1e-13)
    np.testing.assert_allclose(log_likelihood(case.patterns, means, noise), expected, rtol=3e-6, atol=3e-6)


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_means_of_0_and_1_are_exact(dtype, device):
    case = case_of([[0, 0, 1], [0, 1, 1], [1, 0, 1], [0, 0, 0]], (1, 3))
    patterns = gpus.there(case.patterns, device)
    means = np.array([[[0.0, 0.5, 1.0]], [[0.25, 0.0, 0.5]], [[1.0, 1.0, 1.0]]])
    expected = reference.log_likelihood(case.counts, means, "bernoulli")
    np.testing.assert_allclose(gpus.home(log_likelihood(patterns, means, dtype=dtype)), expected, rtol=1e-6)
    poisson = reference.log_likelihood(case.counts, means, "poisson")
    np.testing.assert_allclose(gpus.home(log_likelihood(patterns, means, Poisson(), dtype=dtype)), poisson, rtol=1e-6)


def test_no_patterns_and_no_pixels():
    assert log_likelihood(Patterns.empty((2, 2)), np.full((3, 2, 2), 0.5)).shape == (0, 3)
    np.testing.assert_array_equal(log_likelihood(Patterns.empty((0, 0), 2), np.zeros((3, 0, 0))), np.zeros((2, 3)))


FINE = {"weights": np.zeros((9, 2), np.float32), "base": np.zeros(2, np.float32), "threads": 1}


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"weights": np.zeros((9, 2), np.int32)}, TypeError, "weights: expected dtype float32 or float64, got int32"),
        (
            {"weights": np.zeros((9, 2), np.float16)},
            TypeError,
            "weights: expected dtype float32 or float64, got float16",
        ),
        ({"weights": [[0.0]]}, TypeError, "weights: expected a NumPy array"),
        ({"weights": np.zeros((8, 2), np.float32)}, ValueError, "weights: expected shape (9, any), got (8, 2)"),
        ({"weights": np.zeros(9, np.float32)}, ValueError, "weights: expected shape (9, any), got (9,)"),
        (
            {"weights": np.zeros((9, 0), np.float32), "base": np.zeros(0, np.float32)},
            ValueError,
            "weights: expected 1 to",
        ),
        ({"weights": np.zeros((2, 9), np.float32).T}, ValueError, "weights: expected a C-contiguous, aligned array"),
        ({"weights": np.full((9, 2), np.nan, np.float32)}, ValueError, "weights: not finite at index 0"),
        ({"weights": np.full((9, 2), np.inf, np.float32)}, ValueError, "weights: not finite at index 0"),
        ({"base": np.zeros(2)}, TypeError, "base: expected dtype float32, got float64"),
        ({"base": np.zeros(3, np.float32)}, ValueError, "base: expected shape (2,), got (3,)"),
        ({"base": np.array([0, np.nan], np.float32)}, ValueError, "base: not finite at index 1"),
        ({"base": np.array([0, np.inf], np.float32)}, ValueError, "base: not finite at index 1"),
        ({"threads": -1}, ValueError, "threads: expected 0 to 1024, got -1"),
        ({"threads": 1025}, ValueError, "threads: expected 0 to 1024, got 1025"),
        ({"out": np.zeros((4, 2), np.float32)}, ValueError, "out: expected shape (5, 2), got (4, 2)"),
        ({"out": np.zeros((5, 2))}, TypeError, "out: expected dtype float32, got float64"),
    ],
)
def test_likelihood_refuses(change, error, message):
    patterns = Patterns.empty((3, 3), 5)
    with pytest.raises(error, match=re.escape(message)):
        _core.likelihood(patterns._core, **(FINE | change))
    if "out" not in change:
        with pytest.raises(error, match=re.escape(message)):
            _core.posterior(patterns._core, **(FINE | change), **ALL)


def test_likelihood_refuses_unaligned_and_read_only_arrays():
    patterns = Patterns.empty((3, 3), 5)
    unaligned = np.zeros(9 * 2 * 4 + 1, np.uint8)[1:].view(np.float32).reshape(9, 2)
    with pytest.raises(ValueError, match="weights: expected a C-contiguous, aligned array"):
        _core.likelihood(patterns._core, **(FINE | {"weights": unaligned}))
    out = np.zeros((5, 2), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="out: the array is read-only"):
        _core.likelihood(patterns._core, **FINE, out=out)


@pytest.mark.parametrize(
    ("means", "message"),
    [
        (np.zeros((1, 3, 2)), "templates: expected shape (R, 2, 2), got (1, 3, 2)"),
        (np.zeros((2, 2)), "templates: expected shape (R, 2, 2), got (2, 2)"),
        (np.full((2, 2, 2), 1.5), "templates: expected a mean from 0 to 1, got 1.5 in template 0, pixel 0"),
        (np.full((2, 2, 2), np.nan), "templates: expected a mean from 0 to 1, got nan"),
        (np.array([[[0, 0], [0, -0.5]]]), "got -0.5 in template 0, pixel 3"),
    ],
)
def test_log_likelihood_refuses(means, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        log_likelihood(Patterns.empty((2, 2), 3), means)


def test_bernoulli_refuses_counts():
    with pytest.raises(ValueError, match=r"patterns: a pixel caught 2 photons.*binarise=True"):
        log_likelihood(Patterns.from_dense([[2, 0, 0, 0]]), np.full((1, 2, 2), 0.5))
