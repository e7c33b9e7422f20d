"""backrotation: the likelihood's transpose."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from motes import C4, D4, Patterns, _core, back_rotate
from strategies import TEMPLATES, cases, random_case, random_table

BITS = {np.dtype(np.float32): 20, np.dtype(np.float64): 30}


def quantum(coefficients) -> float:
    """q = 2^(e - bits), 2^(e - 1) <= max |c| < 2^e."""
    largest = np.abs(coefficients).max(initial=0)
    exponent = int(np.frexp(largest)[1]) if largest > 0 else 0
    return 2.0 ** (exponent - BITS[coefficients.dtype])


def assert_is_its_definition(patterns, counts, coefficients, device="cpu") -> None:
    planes = gpus.backrotation(patterns, coefficients, device=device)
    assert planes.dtype == np.float64
    q = quantum(coefficients)
    np.testing.assert_array_equal(planes / q, np.round(planes / q))
    error = np.abs(planes - reference.back_rotation(counts, coefficients))
    rounding = 1e-12 * reference.back_rotation(counts, np.abs(coefficients))  # of the oracle
    assert (error <= (q / 2) * (1 + 1e-6) * counts.sum(axis=0)[:, None] + rounding).all()


@gpus.each_device
@given(cases(), st.sampled_from([np.float32, np.float64]), st.sampled_from([1e-20, 1e-3, 1.0, 3e7]), st.data())
def test_backrotation_is_its_definition(device, case, dtype, scale, data):
    n_templates = data.draw(st.sampled_from(TEMPLATES if case.n_pixels < 1000 else (1, 3, 4, 9)))
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    coefficients = (scale * rng.normal(size=(len(case.counts), n_templates))).astype(dtype)
    assert_is_its_definition(case.patterns, case.counts, coefficients, device)


@gpus.each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n_templates", TEMPLATES)
def test_any_number_of_templates(n_templates, dtype, device):
    rng = np.random.default_rng(n_templates)
    case = random_case(rng, 70, (6, 6), max_count=3)
    assert_is_its_definition(case.patterns, case.counts, rng.normal(size=(70, n_templates)).astype(dtype), device)


@gpus.each_device
@pytest.mark.parametrize("n_patterns", [2047, 2048, 3 * 2047 + 1, 10_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_planes_are_flushed_before_they_overflow(n_patterns, sign, device):
    """Every pixel lit in every pattern by the largest coefficient: the int32 planes fill as fast as they can."""
    patterns = Patterns.from_dense(np.ones((n_patterns, 2, 2), np.uint8))
    largest = np.nextafter(np.float32(2), np.float32(0))  # rounds to 2^20 quanta; 1.0 is only half of that
    planes = gpus.backrotation(patterns, np.full((n_patterns, 5), sign * largest, np.float32), device=device)
    np.testing.assert_array_equal(planes, sign * 2 * n_patterns)


@gpus.each_device
def test_large_counts_are_summed_exactly(device):
    patterns = Patterns.from_dense(np.full((3, 1, 1), 2**31 - 1))
    for dtype in (np.float32, np.float64):
        planes = gpus.backrotation(patterns, np.ones((3, 2), dtype), device=device)
        np.testing.assert_array_equal(planes, 3 * (2**31 - 1))


@given(cases(), st.integers(0, 1000))
def test_adjoint(case, seed):
    """<L w, g> = <w, L^T g>, L the likelihood and L^T this."""
    rng = np.random.default_rng(seed)
    table = random_table(rng, case.n_pixels, 4, np.float64)
    g = rng.normal(size=(len(case.counts), 4))
    scores = _core.likelihood(case.patterns._core, table.weights, np.zeros(4), threads=1)
    planes = _core.backrotation(case.patterns._core, g, threads=1)
    rounded = quantum(g) / 2 * (counts_weighted := np.abs(table.weights).T @ case.counts.sum(axis=0)).sum()
    slack = 1e-12 * (counts_weighted.max(initial=0) * np.abs(g).max(initial=0) + 1)
    assert abs((scores * g).sum() - (table.weights * planes).sum()) <= rounded + slack


@gpus.each_device
def test_nothing_from_nothing(device):
    none = gpus.backrotation(Patterns.empty((2, 2)), np.zeros((0, 3), np.float32), device=device)
    np.testing.assert_array_equal(none, np.zeros((4, 3)))
    assert gpus.backrotation(Patterns.empty((0, 0), 2), np.ones((2, 3), np.float32), device=device).shape == (0, 3)
    lit = Patterns.from_dense(np.ones((2, 1, 1), np.int64))
    np.testing.assert_array_equal(gpus.backrotation(lit, np.zeros((2, 3), np.float32), device=device), 0)


def test_out_is_written_to_and_returned():
    patterns = Patterns.from_dense([[1, 0, 0, 1]])
    out = np.full((4, 1), np.nan)
    assert _core.backrotation(patterns._core, np.ones((1, 1)), threads=1, out=out) is out
    np.testing.assert_array_equal(out.ravel(), [1, 0, 0, 1])


@gpus.each_device
@pytest.mark.parametrize("group", [C4, D4])
@given(seed=st.integers(0, 1000), side=st.integers(1, 6))
def test_back_rotate_turns_every_pattern_home(group, device, seed, side):
    rng = np.random.default_rng(seed)
    case = random_case(rng, 9, (side, side), max_count=3)
    g = rng.random((9, group.n))
    expected = sum(
        g[p, r] * reference.turned_home(case.counts[p].reshape(side, side), group.name, r)
        for p in range(9)
        for r in range(group.n)
    )
    np.testing.assert_allclose(back_rotate(gpus.there(case.patterns, device), g, group), expected, atol=1e-7)


@gpus.each_device
@pytest.mark.parametrize(
    ("coefficients", "error", "message"),
    [
        (np.zeros((4, 2), np.float32), ValueError, "coefficients: expected shape (5, any), got (4, 2)"),
        (np.zeros(5, np.float32), ValueError, "coefficients: expected shape (5, any), got (5,)"),
        (np.zeros((5, 0), np.float32), ValueError, "coefficients: expected 1 to"),
        (np.zeros((5, 2), np.int64), TypeError, "coefficients: expected dtype float32 or float64, got int64"),
        (np.zeros((2, 5), np.float32).T, ValueError, "coefficients: expected a C-contiguous, aligned array"),
        (np.array([[0, 0]] * 4 + [[0, np.nan]], np.float32), ValueError, "coefficients: not finite at index 9"),
        (np.array([[0, 0]] * 4 + [[-np.inf, 0]]), ValueError, "coefficients: not finite at index 8"),
        (np.full((5, 2), 1e-45, np.float32), ValueError, "coefficients: the largest is subnormal"),
    ],
)
def test_backrotation_refuses(coefficients, error, message, device):
    with pytest.raises(error, match=re.escape(message)):
        gpus.backrotation(Patterns.empty((3, 3), 5), coefficients, device=device)


def test_backrotation_refuses_outputs_that_do_not_fit():
    patterns, c = Patterns.empty((3, 3), 5), np.zeros((5, 2), np.float32)
    with pytest.raises(TypeError, match="out: expected dtype float64, got float32"):
        _core.backrotation(patterns._core, c, threads=1, out=np.zeros((9, 2), np.float32))
    with pytest.raises(ValueError, match=re.escape("out: expected shape (9, 2), got (2, 9)")):
        _core.backrotation(patterns._core, c, threads=1, out=np.zeros((2, 9)))
    frozen = np.zeros((9, 2))
    frozen.flags.writeable = False
    with pytest.raises(ValueError, match="out: the array is read-only"):
        _core.backrotation(patterns._core, c, threads=1, out=frozen)
    with pytest.raises(ValueError, match=re.escape("coefficients: expected shape (5, 4), got (5, 2)")):
        back_rotate(patterns, c)


@pytest.mark.gpu
def test_coefficients_on_a_gpu():
    rng = np.random.default_rng(0)
    case, c = random_case(rng, 50, (3, 3)), rng.normal(size=(50, 4)).astype(np.float32)
    cuda, there = gpus.gpu(), gpus.there(case.patterns, "cuda")
    on_gpu = cuda.from_numpy(c, device=0)
    np.testing.assert_array_equal(back_rotate(there, on_gpu), back_rotate(case.patterns, c))
    planes = cuda.from_numpy(np.full((9, 4), np.nan), device=0)
    cuda.backrotation(there.uploaded(), on_gpu, out=planes)
    np.testing.assert_array_equal(planes.to_numpy(), _core.backrotation(case.patterns._core, c, threads=1))
    for wrong, message in [
        (cuda.from_numpy(c[:, :2].copy(), device=0), "coefficients: expected shape (50, 4), got (50, 2)"),
        (cuda.from_numpy(c[:40], device=0), "coefficients: expected shape (50, any), got (40, 4)"),
        (cuda.from_numpy(c * np.nan, device=0), "coefficients: not finite at index 0"),
    ]:
        with pytest.raises(ValueError, match=re.escape(message)):
            back_rotate(there, wrong)
    with pytest.raises(TypeError, match="coefficients: expected dtype float32 or float64, got int32"):
        back_rotate(there, cuda.from_numpy(np.zeros((50, 4), np.int32), device=0))
    with pytest.raises(TypeError, match="coefficients: expected an array in the host's memory, got one on cuda:0"):
        back_rotate(case.patterns, on_gpu)
