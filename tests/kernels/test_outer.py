"""outer: sums of outer products of patterns turned home."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from gpus import each_device, there
from motes import C1, C4, D4, Patterns
from motes.kernels.outer import outer_home, second_moments
from strategies import SMALL, cases, random_case

BITS = 15


def rounded(coefficients) -> np.ndarray:
    return np.floor(coefficients.astype(np.float64) * 2**BITS + 0.5) / 2**BITS


@each_device
@given(
    case=cases(shapes=SMALL, max_patterns=12, max_count=3),
    n_templates=st.sampled_from([1, 2, 3, 4, 5, 8]),
    with_coefficients=st.booleans(),
    data=st.data(),
)
def test_outer_is_its_definition(device, case, n_templates, with_coefficients, data):
    """Any orbits, phases and turns, not only a group's; every digit, once the coefficients are rounded."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n_orbits = data.draw(st.integers(1, case.n_pixels))
    orbit = rng.integers(0, n_orbits, case.n_pixels).astype(np.int32)
    phase = rng.integers(0, n_templates, case.n_pixels).astype(np.uint8)
    turn = np.stack([rng.permutation(n_templates) for _ in range(n_templates)]).astype(np.uint8)
    if case.patterns.max_count > 100:  # fewer bits then: see below
        return
    c = rng.random((len(case.counts), n_templates)).astype(np.float32)
    c[rng.random(c.shape) < 0.3] = 0
    sums = gpus.outer(
        case.patterns, c, orbit=orbit, phase=phase, turn=turn, n_orbits=n_orbits,
        with_coefficients=with_coefficients, device=device,
    )  # fmt: skip
    expected = reference.outer(
        case.counts, rounded(c), orbit, phase, turn, n_orbits, with_coefficients=with_coefficients
    )
    np.testing.assert_array_equal(sums, expected)


@each_device
@given(case=cases(shapes=SMALL))
def test_second_moments_are_exact(device, case):
    np.testing.assert_array_equal(second_moments(there(case.patterns, device), threads=1), case.counts.T @ case.counts)


@each_device
@pytest.mark.parametrize("group", [C1, C4, D4])
@pytest.mark.parametrize("side", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("max_count", [1, 3])
def test_outer_home_turns_patterns_home(group, side, max_count, device):
    rng = np.random.default_rng(side)
    case = random_case(rng, 40, (side, side), density=0.4, max_count=max_count)
    gamma = rng.dirichlet(np.full(group.n, 0.3), 40).astype(np.float32)
    found = outer_home(there(case.patterns, device), gamma, group.orbits((side, side)), threads=1)
    vectors = np.stack(
        [
            reference.pattern_home(x, g, group.name, (side, side))
            for x, g in zip(case.counts, rounded(gamma), strict=True)
        ]
    )
    np.testing.assert_array_equal(found, vectors.T @ vectors)


@each_device
def test_large_counts_take_bits_from_the_coefficients_not_from_the_sums(device):
    rng = np.random.default_rng(0)
    case = random_case(rng, 50, (3, 3), density=0.5, max_count=2000)
    gamma = rng.dirichlet(np.ones(4), 50).astype(np.float32)
    patterns = there(case.patterns, device)
    found = outer_home(patterns, gamma, C4.orbits((3, 3)), threads=1)
    vectors = np.stack([reference.pattern_home(x, g, "C4", (3, 3)) for x, g in zip(case.counts, gamma, strict=True)])
    np.testing.assert_allclose(found, vectors.T @ vectors, rtol=2e-3)
    np.testing.assert_array_equal(second_moments(patterns, threads=1), case.counts.T @ case.counts)


@each_device
def test_no_patterns_and_no_photons(device):
    assert not second_moments(there(Patterns.empty((2, 2)), device), threads=1).any()
    gamma = np.full((3, 4), 0.25, np.float32)
    found = outer_home(there(Patterns.empty((2, 2), 3), device), gamma, C4.orbits((2, 2)), threads=1)
    assert not found[:4].any()
    np.testing.assert_array_equal(found[4:, 4:], 3 / 16)


FINE = {
    "coefficients": np.zeros((5, 2), np.float32),
    "orbit": np.zeros(9, np.int32),
    "phase": np.zeros(9, np.uint8),
    "turn": np.array([[0, 1], [1, 0]], np.uint8),
    "n_orbits": 1,
    "with_coefficients": True,
}


@each_device
@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"coefficients": np.zeros((5, 2))}, TypeError, "coefficients: expected dtype float32, got float64"),
        ({"coefficients": np.zeros((5, 3), np.float32)}, ValueError, "coefficients: expected shape (5, 2), got (5, 3)"),
        ({"coefficients": np.full((5, 2), np.nan, np.float32)}, ValueError, "coefficients: not finite at index 0"),
        (
            {"coefficients": np.full((5, 2), 1.5, np.float32)},
            ValueError,
            "coefficients: expected 0 to 1, got 1.5 at index 0",
        ),
        ({"coefficients": np.full((5, 2), -0.5, np.float32)}, ValueError, "coefficients: expected 0 to 1, got -0.5"),
        ({"coefficients": None}, ValueError, "coefficients: needed for more than one slot an orbit"),
        ({"orbit": np.zeros(9, np.int64)}, TypeError, "orbit: expected dtype int32, got int64"),
        ({"orbit": np.ones(9, np.int32)}, ValueError, "orbits: pixel 0 has orbit 1, phase 0"),
        ({"phase": np.full(9, 2, np.uint8)}, ValueError, "orbits: pixel 0 has orbit 0, phase 2"),
        ({"phase": np.zeros(8, np.uint8)}, ValueError, "phase: expected shape (9,), got (8,)"),
        ({"turn": np.array([[0, 1]], np.uint8)}, ValueError, "turn: expected as many rows as columns"),
        ({"turn": np.full((2, 2), 7, np.uint8)}, ValueError, "turn: 7 is no template"),
        ({"n_orbits": -1}, ValueError, "n_orbits: expected 0 to 65536 slots in all"),
        ({"n_orbits": 10}, ValueError, "n_orbits: expected 0 to 9, got 10"),
    ],
)
def test_outer_refuses(change, error, message, device):
    with pytest.raises(error, match=re.escape(message)):
        gpus.outer(Patterns.empty((3, 3), 5), **(FINE | change), device=device)


@each_device
def test_a_large_count_elsewhere_does_not_cost_a_slice_its_bits(device):
    case = random_case(np.random.default_rng(1), 60, (3, 3), density=0.5, max_count=1)
    counts = case.counts.copy().reshape(60, 3, 3)
    counts[50, 1, 1] = 2**31 - 1
    parent = there(Patterns.from_dense(counts), device)
    gamma = np.random.default_rng(2).dirichlet(np.ones(4), 40).astype(np.float32)
    parts = parent[:40], there(Patterns.from_dense(counts[:40]), device)
    found, expected = (outer_home(part, gamma, C4.orbits((3, 3)), threads=1) for part in parts)
    np.testing.assert_array_equal(found, expected)
    with pytest.raises(ValueError, match="patterns: too many photons in one pixel"):
        outer_home(parent, np.full((60, 4), 0.25, np.float32), C4.orbits((3, 3)), threads=1)
