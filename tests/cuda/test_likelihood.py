"""likelihood on a GPU: its phases, run on the host."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motes
import phases
from gpus import gpu
from motes import Patterns, _core
from motes.noise import Bernoulli, Noise, Poisson
from strategies import TEMPLATES, Case, Table, case_of, random_case, random_table, scored_cases

OTHER = {np.float32: np.float64, np.float64: np.float32}


def likelihood(case: Case, table: Table, *, staged: bool = True, blocks_each: int = 3) -> np.ndarray:
    """Every score, the same in every order of threads and blocks."""
    given_patterns, n_templates = phases.given(case.patterns), len(table.base)
    suffix = "f32" if table.weights.dtype == np.float32 else "f64"

    def compute(order: int) -> np.ndarray:
        out = phases.aligned((len(case.patterns), n_templates), table.weights.dtype, fill=np.nan)
        phases.run(
            "likelihood", f"likelihood_{suffix}", given_patterns, np.ascontiguousarray(table.weights), table.base,
            n_templates, out, staged, blocks_each, order=order,
        )  # fmt: skip
        return out

    return phases.in_every_order(compute)


def on_the_cpu(case: Case, table: Table) -> np.ndarray:
    return _core.likelihood(case.patterns._core, table.weights, table.base, threads=1)


def packed(case: Case, table: Table) -> tuple[np.ndarray, str]:
    """The same of templates that a kernel packs, and what it says of them."""
    given_patterns, n_templates = phases.given(case.patterns), len(table.base)
    suffix = "f32" if table.weights.dtype == np.float32 else "f64"
    words = set()

    def compute(order: int) -> np.ndarray:
        told = phases.Told()
        out = phases.aligned((len(case.patterns), n_templates), table.weights.dtype, fill=np.nan)
        phases.run(
            "likelihood", f"likelihood_packed_{suffix}", given_patterns, np.ascontiguousarray(table.weights),
            table.base, n_templates, out, told, order=order,
        )  # fmt: skip
        words.add(told.text.decode())
        return out

    found = phases.in_every_order(compute)
    (said,) = words
    return found, said


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", [1, 3, 4, 5, 8, 23])
def test_packed_on_the_device_the_bits_are_the_same(n_templates, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    table = random_table(rng, 36, n_templates, dtype, impossible=0.01)
    found, said = packed(case, table)
    assert said == ""
    np.testing.assert_array_equal(found, on_the_cpu(case, table))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("name", ["weights", "base"])
def test_on_the_device_the_same_is_refused_in_the_same_words(name, bad):
    rng = np.random.default_rng(5)
    case, table = random_case(rng, 9, (3, 3)), random_table(rng, 9, 5, np.float64)
    getattr(table, name).flat[3] = bad
    with pytest.raises(ValueError, match=name) as refused:
        on_the_cpu(case, table)
    assert packed(case, table)[1] == str(refused.value)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_templates_that_are_on_the_device(dtype):
    cuda, rng = gpu(), np.random.default_rng(6)
    case, table = random_case(rng, 90, (5, 5), max_count=3), random_table(rng, 25, 10, dtype, impossible=0.01)
    patterns = case.patterns.to("cuda").uploaded()
    weights, base = (cuda.from_numpy(np.ascontiguousarray(part), device=0) for part in (table.weights, table.base))
    for bases in (base, table.base):
        found = cuda.likelihood(patterns, weights, bases).to_numpy()
        np.testing.assert_array_equal(found, on_the_cpu(case, table))
    with pytest.raises(TypeError, match="base: expected the dtype of the weights"):
        cuda.likelihood(patterns, weights, np.zeros(10, OTHER[dtype]))
    table.base[2] = np.nan
    with pytest.raises(ValueError, match="base") as refused:
        on_the_cpu(case, table)
    with pytest.raises(ValueError, match="base") as refused_there:
        cuda.likelihood(patterns, weights, table.base)
    assert str(refused_there.value) == str(refused.value)


# -- means that are there ----------------------------------------------------------------------------------------------


def likelihood_of_means(case: Case, means: np.ndarray, noise: Noise, dtype: type) -> np.ndarray:
    given_patterns, n_templates = phases.given(case.patterns), len(means)

    def compute(order: int) -> np.ndarray:
        out = phases.aligned((len(case.patterns), n_templates), dtype, fill=np.nan)
        phases.run(
            "likelihood", "likelihood_means", given_patterns, means, means.itemsize, n_templates,
            noise.name == "poisson", dtype is np.float64, out, order=order,
        )  # fmt: skip
        return out

    return phases.in_every_order(compute)


@pytest.mark.parametrize("n_templates", [1, 4, 9])
@pytest.mark.parametrize("noise", [Bernoulli(), Poisson()])
@pytest.mark.parametrize(("real", "dtype"), [(np.float32, np.float64), (np.float64, np.float32)])
def test_means_on_a_device(n_templates, noise, real, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 60, (4, 4), density=0.9, max_count=1 if noise.name == "bernoulli" else 3)
    means = rng.uniform(0.2, 0.9, (n_templates, 16)).astype(real)
    means[rng.random(means.shape) < 0.02] = 0
    means[rng.random(means.shape) < 0.05] = 1
    expected = motes.log_likelihood(case.patterns, means.reshape(-1, 4, 4), noise, dtype=dtype, threads=1)
    found = likelihood_of_means(case, means, noise, dtype)
    np.testing.assert_array_equal(np.isinf(found), np.isinf(expected))
    assert 0 < np.isinf(expected).sum() < expected.size
    np.testing.assert_allclose(found, expected, atol=1e-4 if dtype is np.float32 else 1e-12)


@pytest.mark.gpu
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("of_ours", [False, True])
def test_log_likelihood_of_device_templates(dtype, of_ours):
    cuda, rng = gpu(), np.random.default_rng(7)
    patterns = random_case(rng, 80, (4, 5), density=0.8).patterns
    means = rng.uniform(0.2, 0.9, (6, 4, 5))
    means[rng.random(means.shape) < 0.04] = 1
    expected = motes.log_likelihood(patterns, means, dtype=dtype, threads=1)
    there, templates = patterns.to("cuda"), cuda.from_numpy(means.astype(dtype), device=0)
    out = cuda.from_numpy(np.empty_like(expected), device=0) if of_ours else None
    found = motes.log_likelihood(there, templates, dtype=dtype, out=out)
    assert (found is out) == of_ours
    assert np.isinf(expected).any()
    np.testing.assert_allclose(found.to_numpy(), expected, atol=1e-4 if dtype is np.float32 else 1e-6)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("means", "message"),
    [
        (np.zeros((1, 3, 2)), "templates: expected shape (R, 2, 2), got (1, 3, 2)"),
        (np.zeros((2, 2)), "templates: expected shape (R, 2, 2), got (2, 2)"),
        (np.full((2, 2, 2), 1.5), "templates: expected a mean from 0 to 1, got 1.5 in template 0, pixel 0"),
        (np.full((2, 2, 2), np.nan), "templates: expected a mean from 0 to 1, got nan in template 0, pixel 0"),
        (np.array([[[0, 0], [0, -0.5]]]), "templates: expected a mean from 0 to 1, got -0.5 in template 0, pixel 3"),
    ],
)
def test_device_templates_are_refused_in_the_same_words(means, message):
    templates = gpu().from_numpy(means, device=0)
    for patterns, given_means in (
        (Patterns.empty((2, 2), 3).to("cuda"), templates),
        (Patterns.empty((2, 2), 3), means),
    ):
        with pytest.raises(ValueError, match=re.escape(message)):
            motes.log_likelihood(patterns, given_means)


@pytest.mark.gpu
def test_device_templates_of_other_pixels_than_the_patterns_are_not_read():
    cuda = gpu()
    patterns, templates = Patterns.empty((2, 2), 3).to("cuda").uploaded(), cuda.from_numpy(np.ones((1, 1, 2)), device=0)
    with pytest.raises(ValueError, match="shape: expected that of 4 pixels"):
        cuda.likelihood_templates(patterns, templates, shape=(1, 2), noise="poisson", most=2.0, in_double=True)


@settings(max_examples=25)
@given(scored_cases(), st.booleans())
def test_its_bits_are_those_of_the_cpu(scored, staged):
    case, table = scored
    np.testing.assert_array_equal(likelihood(case, table, staged=staged and case.n_pixels < 5000), on_the_cpu(*scored))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES[:-1])
def test_any_number_of_templates(n_templates, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    table = random_table(rng, 36, n_templates, dtype, impossible=0.01)
    np.testing.assert_array_equal(likelihood(case, table, blocks_each=1), on_the_cpu(case, table))


def test_more_patterns_than_threads():
    rng = np.random.default_rng(3)
    case, table = random_case(rng, 4000, (5, 5)), random_table(rng, 25, 4, np.float32)
    np.testing.assert_array_equal(likelihood(case, table, blocks_each=2), on_the_cpu(case, table))


def test_a_panel_that_fits_no_block_is_refused_by_the_driver():
    case = case_of(np.ones((1, 70_000), int), (7, 10_000))
    table = random_table(np.random.default_rng(0), 70_000, 4, np.float32)
    with pytest.raises(AssertionError, match="more shared memory than a block can have"):
        likelihood(case, table)
    np.testing.assert_array_equal(likelihood(case, table, staged=False), on_the_cpu(case, table))
