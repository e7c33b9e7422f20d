"""The posterior over templates on a GPU: the whole of it, run on the host."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import _core
from posteriors import assert_is_the_softmax
from strategies import TEMPLATES, Case, Table, case_of, random_case, random_table, scored_cases

ALL = (True, True, True)
STAGED, NOT_STAGED = 227 << 10, 0  # bytes of shared memory that a block may have
AS_THE_CPU = {"baseline": 4, "v3": 8, "v4": 10**9}  # templates up to which softmax adds in the order of these vectors


def posterior(case: Case, table: Table, wanted=ALL, *, shared: int = STAGED, most: int = 2**40):
    """Labels, responsibilities, evidence, the same in every order; None for what is not wanted."""
    given_patterns, n, n_templates = phases.given(case.patterns), len(case.patterns), len(table.base)
    dtype = table.weights.dtype
    suffix = "f32" if dtype == np.float32 else "f64"

    def compute(order: int):
        outputs = (
            np.full(n, -9, np.int32),
            phases.aligned((n, n_templates), dtype, fill=np.nan),
            np.full(n, np.nan, dtype),
        )
        asked = [out if want else None for out, want in zip(outputs, wanted, strict=True)]
        phases.run(
            "posterior", f"posterior_{suffix}", given_patterns, np.ascontiguousarray(table.weights), table.base,
            n_templates, *asked, shared, most, order=order,
        )  # fmt: skip
        return [out for out, want in zip(outputs, wanted, strict=True) if want]

    found = iter(phases.in_every_order(compute))
    return tuple(next(found) if want else None for want in wanted)


def on_the_cpu(case: Case, table: Table):
    return _core.posterior(
        case.patterns._core, table.weights, table.base, label=True, responsibility=True, evidence=True, threads=1
    )


def assert_right(case: Case, table: Table, **options) -> None:
    found = posterior(case, table, **options)
    assert_is_the_softmax(_core.likelihood(case.patterns._core, table.weights, table.base, threads=1), *found)
    if table.weights.dtype == np.float32 and len(table.base) <= AS_THE_CPU[_core.isa()]:
        for a, b in zip(found, on_the_cpu(case, table), strict=True):
            np.testing.assert_array_equal(a, b)


@settings(max_examples=25)
@given(scored_cases(), st.sampled_from([STAGED, NOT_STAGED]))
def test_it_is_the_softmax_of_the_likelihood(scored, shared):
    assert_right(*scored, shared=shared)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES[:-1])
def test_any_number_of_templates(n_templates, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_right(case, random_table(rng, 36, n_templates, dtype, spread=0.5, impossible=0.01))


@pytest.mark.parametrize("wanted", [(a, b, c) for a in (False, True) for b in (False, True) for c in (False, True)])
@pytest.mark.parametrize("n_templates", [3, 4, 9])
def test_outputs_that_are_not_wanted(n_templates, wanted):
    rng = np.random.default_rng(1)
    case, table = random_case(rng, 100, (4, 4)), random_table(rng, 16, n_templates, np.float32, impossible=0.1)
    for few, whole, want in zip(posterior(case, table, wanted), posterior(case, table), wanted, strict=True):
        if want:
            np.testing.assert_array_equal(few, whole)


def test_rows_that_do_not_fit_are_done_in_runs():
    rng = np.random.default_rng(2)
    case, table = random_case(rng, 5000, (3, 3)), random_table(rng, 9, 5, np.float32)
    wanted = (True, False, True)
    whole, parts = (posterior(case, table, wanted, most=most) for most in (2**40, 8 * 1300))
    for a, b in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("padding", [0, 7])
def test_impossible_patterns(dtype, padding):
    case = case_of([[0, 0], [1, 0], [0, 1], [3, 2]], (1, 2))
    weights = np.array([[-np.inf, 0.5], [-np.inf, -np.inf]], dtype)
    base = np.array([0.25, -1.0], dtype)
    never = np.full(padding, -np.inf, dtype)
    table = Table(np.concatenate([weights, np.zeros((2, padding), dtype)], axis=1), np.append(base, never))
    labels, gamma, evidence = posterior(case, table)
    np.testing.assert_array_equal(labels, [0, 1, 0, 0])
    np.testing.assert_array_equal(gamma[1:, :2], [[0, 1], [0, 0], [0, 0]])
    np.testing.assert_array_equal(np.isneginf(evidence), [False, False, True, True])
