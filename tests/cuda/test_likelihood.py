"""likelihood on a GPU: its phases, run on the host."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import _core
from strategies import TEMPLATES, Case, Table, case_of, random_case, random_table, scored_cases


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
