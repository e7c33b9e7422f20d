"""outer on a GPU: the whole of it, run on the host."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import C1, C4, D4, Patterns, _core
from strategies import SMALL, Case, case_of, cases, random_case

SINGLE = {"turn": np.zeros((1, 1), np.uint8), "with_coefficients": False}


def outer(patterns: Patterns, coefficients: np.ndarray | None, **group: Any) -> tuple[np.ndarray, str]:
    """Sums, and what was refused: the same in every order."""
    there, n_templates = phases.given(patterns), len(group["turn"])
    n_slots = (group["n_orbits"] + group["with_coefficients"]) * n_templates

    def compute(order: int):
        sums, status = phases.aligned((n_slots, n_slots), np.float64, fill=np.nan), np.full(1, -9)
        told = phases.Told()
        phases.run(
            "outer", "outer", there, coefficients, group["n_orbits"], n_templates, group["orbit"], group["phase"],
            group["turn"], group["with_coefficients"], sums, told, status, order=order,
        )  # fmt: skip
        return sums, str(told.text, "utf-8") if status[0] else ""

    return phases.in_every_order(compute)


def assert_same_as_the_cpu(patterns: Patterns, coefficients: np.ndarray | None, **group: Any) -> None:
    sums, refused = outer(patterns, coefficients, **group)
    assert not refused
    np.testing.assert_array_equal(sums, _core.outer(patterns._core, coefficients, **group, threads=1))


def of(group: Any, shape: tuple[int, int]) -> dict[str, Any]:
    orbits = group.orbits(shape)
    return {
        "orbit": orbits.orbit, "phase": orbits.phase, "turn": orbits.turn, "n_orbits": orbits.n_orbits,
        "with_coefficients": True,
    }  # fmt: skip


def plain(n_pixels: int) -> dict[str, Any]:
    """Each pixel by itself: second moments."""
    pixels = np.arange(n_pixels, dtype=np.int32)
    return SINGLE | {"orbit": pixels, "phase": np.zeros(n_pixels, np.uint8), "n_orbits": n_pixels}


@settings(max_examples=25)
@given(cases(shapes=SMALL, max_patterns=12, max_count=3), st.sampled_from([1, 2, 3, 4, 5, 8]), st.booleans(), st.data())
def test_its_bits_are_those_of_the_cpu(case, n_templates, with_coefficients, data):
    """Any orbits, phases and turns, not only a group's."""
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    n_orbits = data.draw(st.integers(1, case.n_pixels))
    c = rng.random((len(case.counts), n_templates)).astype(np.float32)
    c[rng.random(c.shape) < 0.3] = 0
    assert_same_as_the_cpu(
        case.patterns,
        c,
        orbit=rng.integers(0, n_orbits, case.n_pixels).astype(np.int32),
        phase=rng.integers(0, n_templates, case.n_pixels).astype(np.uint8),
        turn=np.stack([rng.permutation(n_templates) for _ in range(n_templates)]).astype(np.uint8),
        n_orbits=n_orbits,
        with_coefficients=with_coefficients,
    )


@settings(max_examples=25)
@given(cases(shapes=SMALL))
def test_second_moments(case):
    assert_same_as_the_cpu(case.patterns, None, **plain(case.n_pixels))


@pytest.mark.parametrize("group", [C1, C4, D4])
@pytest.mark.parametrize("max_count", [1, 3, 2000])
def test_groups(group, max_count):
    """Large counts take bits from the coefficients."""
    rng = np.random.default_rng(group.n)
    case = random_case(rng, 60, (5, 5), density=0.4, max_count=max_count)
    gamma = rng.dirichlet(np.full(group.n, 0.3), 60).astype(np.float32)
    assert_same_as_the_cpu(case.patterns, gamma, **of(group, (5, 5)))


def test_one_photon_in_every_pixel_of_every_pattern():
    """All additions meet in few places."""
    case = case_of(np.ones((700, 4)), (2, 2))
    assert_same_as_the_cpu(case.patterns, np.ones((700, 4), np.float32), **of(C4, (2, 2)))
    assert_same_as_the_cpu(case.patterns, None, **plain(4))


@pytest.mark.parametrize("patterns", [Patterns.empty((2, 2)), Patterns.empty((2, 2), 5), Patterns.empty((0, 0), 2)])
def test_nothing_from_nothing(patterns):
    assert_same_as_the_cpu(patterns, np.full((len(patterns), 4), 0.25, np.float32), **of(C4, patterns.shape))
    assert_same_as_the_cpu(patterns, None, **plain(patterns.n_pixels))


@pytest.mark.parametrize("rows", [slice(0, 40), slice(30, 60), slice(20, 20), slice(59, 60)])
def test_a_slice_shares_the_arrays_of_all(rows):
    """Photons of others, and a large count among them, are not seen."""
    rng = np.random.default_rng(1)
    counts = random_case(rng, 60, (3, 3), density=0.5, max_count=3).counts.copy().reshape(60, 3, 3)
    counts[50 if rows.stop <= 50 else 10, 1, 1] = 2**31 - 1
    gamma = rng.dirichlet(np.ones(4), 60).astype(np.float32)[rows].copy()
    parent = Patterns.from_dense(counts)
    there = phases.given(parent)
    there.indptr += 8 * rows.start
    there.n_patterns = rows.stop - rows.start
    group = of(C4, (3, 3))
    orbits = [group[name] for name in ("n_orbits", "orbit", "phase", "turn")]
    part = Patterns.from_dense(counts[rows])

    def compute(order: int):
        sums, status = phases.aligned((16, 16), np.float64, fill=np.nan), np.full(1, -9)
        phases.run(
            "outer", "outer", there, gamma, orbits[0], 4, *orbits[1:], True, sums, phases.Told(), status, order=order
        )
        assert status[0] == 0
        return sums

    np.testing.assert_array_equal(phases.in_every_order(compute), _core.outer(part._core, gamma, **group, threads=1))


@pytest.mark.parametrize(
    "wrong", [{600: np.nan}, {3: 1.5, 600: np.inf}, {40: -0.5, 39: 1.25}, {699: 1.0000001}, {0: -1}]
)
def test_coefficients_that_the_cpu_refuses(wrong):
    case = random_case(np.random.default_rng(0), 175, (3, 3))
    coefficients = np.full((175, 4), 0.25, np.float32)
    for at, value in wrong.items():
        coefficients.flat[at] = value
    assert_same_words(case, coefficients, of(C4, (3, 3)))


@pytest.mark.parametrize("count", [2**31 - 1, 2**22, 2**19])
def test_counts_that_the_cpu_refuses(count):
    case = case_of([[count, 1], [7, 0]], (1, 2))
    assert_same_words(case, np.full((2, 1), 0.5, np.float32), plain(2) | {"with_coefficients": True})


def test_the_largest_counts_that_are_fine():
    coefficients = np.full((2, 1), 0.3, np.float32)
    assert_same_as_the_cpu(Patterns.from_dense([[2**18, 1, 7, 0]]), coefficients[:1], **plain(4))
    assert_same_as_the_cpu(Patterns.from_dense([[2**26, 1, 7, 0]]), None, **plain(4))


def assert_same_words(case: Case, coefficients: np.ndarray, group: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"coefficients: |patterns: ") as refused:
        _core.outer(case.patterns._core, coefficients, **group, threads=1)
    assert outer(case.patterns, coefficients, **group)[1] == str(refused.value)
