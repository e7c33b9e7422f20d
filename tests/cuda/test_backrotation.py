"""backrotation on a GPU: the whole of it, run on the host."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import Patterns, _core
from strategies import TEMPLATES, Case, case_of, cases, random_case

STAGED, NOT_STAGED = 227 << 10, 0  # bytes of shared memory that a block may have


def backrotation(case: Case, coefficients: np.ndarray, *, shared: int = STAGED) -> tuple[np.ndarray, str]:
    """Planes, and what was refused: the same in every order."""
    given_patterns, n_templates = phases.given(case.patterns), coefficients.shape[1]
    suffix = "f32" if coefficients.dtype == np.float32 else "f64"

    def compute(order: int):
        planes, status = phases.aligned((case.n_pixels, n_templates), np.float64, fill=np.nan), np.full(1, -9)
        told = phases.Told()
        phases.run(
            "backrotation", f"backrotation_{suffix}", given_patterns, coefficients, n_templates, shared, planes, told,
            status, order=order,
        )  # fmt: skip
        return planes, str(told.text, "utf-8") if status[0] else ""

    return phases.in_every_order(compute)


def assert_same_as_the_cpu(case: Case, coefficients: np.ndarray, **options) -> None:
    planes, refused = backrotation(case, coefficients, **options)
    assert not refused
    expected = _core.backrotation(case.patterns._core, coefficients, threads=1)
    np.testing.assert_array_equal(planes, expected)


@settings(max_examples=25)
@given(
    cases(),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([1e-20, 1e-3, 1.0, 3e7]),
    st.sampled_from([STAGED, NOT_STAGED]),
    st.data(),
)
def test_its_bits_are_those_of_the_cpu(case, dtype, scale, shared, data):
    n_templates = data.draw(st.sampled_from(TEMPLATES[:-1] if case.n_pixels < 1000 else (1, 3, 4, 9)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    coefficients = (scale * rng.normal(size=(len(case.counts), n_templates))).astype(dtype)
    coefficients[rng.random(coefficients.shape) < 0.1] = 0
    assert_same_as_the_cpu(case, coefficients, shared=shared)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES[:-1])
def test_any_number_of_templates(n_templates, dtype):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_same_as_the_cpu(case, rng.normal(size=(70, n_templates)).astype(dtype))


@pytest.mark.parametrize("n_patterns", [1023, 1024, 1025, 3 * 1024, 7000])
@pytest.mark.parametrize("sign", [1, -1])
def test_planes_are_flushed_before_they_overflow(n_patterns, sign):
    """Every pixel lit in every pattern by the largest coefficient: the int32 planes fill as fast as they can."""
    case = case_of(np.ones((n_patterns, 4)), (2, 2))
    largest = np.nextafter(np.float32(2), np.float32(0))  # rounds to 2^20 quanta; 1.0 is only half of that
    planes, _ = backrotation(case, np.full((n_patterns, 5), sign * largest, np.float32))
    np.testing.assert_array_equal(planes, sign * 2 * n_patterns)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_counts(dtype):
    assert_same_as_the_cpu(case_of([[2**31 - 1, 1], [7, 0]], (1, 2)), np.array([[1], [-0.3]], dtype))


@pytest.mark.parametrize("tiny", [1e-290, 1e-298])
def test_coefficients_whose_sums_are_subnormal(tiny):
    assert_same_as_the_cpu(case_of([[1, 2, 0], [0, 1, 1]], (1, 3)), np.array([[tiny], [-tiny * 1e-9]]))


@pytest.mark.parametrize("patterns", [Patterns.empty((2, 2)), Patterns.empty((0, 0), 2), Patterns.empty((2, 2), 5)])
def test_nothing_from_nothing(patterns):
    case = Case(patterns, np.zeros((len(patterns), patterns.n_pixels), np.int64))
    assert_same_as_the_cpu(case, np.ones((len(patterns), 3), np.float32))
    assert_same_as_the_cpu(case, np.zeros((len(patterns), 3), np.float32))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "wrong",
    [{600: np.nan}, {1300: np.inf}, {40: -np.inf, 39: np.nan}, {0: 1e25, 1399: np.nan}, {1399: -np.inf}, {}],
)
def test_what_the_cpu_refuses(wrong, dtype):
    case = random_case(np.random.default_rng(0), 700, (3, 3))
    coefficients = np.full((700, 2), 1e-45 if dtype == np.float32 else 5e-324, dtype)
    for at, value in wrong.items():
        coefficients.flat[at] = value
    with pytest.raises(ValueError, match="coefficients: ") as refused:
        _core.backrotation(case.patterns._core, coefficients, threads=1)
    assert backrotation(case, coefficients)[1] == str(refused.value)
