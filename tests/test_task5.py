"""Task 5, (a) to (f): in fractions, in fifty digits, against the likelihood kernel, and by drawing."""

from __future__ import annotations

from fractions import Fraction

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes import C4, Patterns, limits, log_likelihood
from motes.limits import task5

between = st.fractions(Fraction(1, 100), Fraction(99, 100), max_denominator=200)


@given(between, between)
def test_ratios_are_quotients_of_the_products_in_the_text(lam, beta):
    dim = beta * lam
    assert task5.turned_likelihood(lam, beta) == dim * (1 - lam) * (1 - dim) ** 2
    assert task5.ratio_of_one(lam, beta) == lam * (1 - dim) ** 3 / task5.turned_likelihood(lam, beta)
    sixteen = lam * (1 - dim) ** 15 / (dim * (1 - lam) * (1 - dim) ** 14)
    assert task5.ratio_of_one(lam, beta) == sixteen
    three = lam**3 * (1 - dim) ** 13 / (dim**3 * (1 - lam) ** 3 * (1 - dim) ** 10)
    assert task5.ratio_of_three(lam, beta) == three
    assert task5.ratio_of_three(lam, beta) != task5.ratio_of_one(lam, beta) ** 2  # the seed's erratum


@given(between, between)
def test_only_a_flat_picture_tells_nothing(lam, beta):
    assert task5.beta_of_ratio(1, lam) == 1
    assert task5.beta_of_ratio(task5.ratio_of_one(lam, beta), lam) == beta
    assert task5.ratio_of_one(lam, beta) > 1


@pytest.mark.parametrize("case", ["b", "d", "e"])
@given(lam=between, beta=between)
def test_the_kernel_finds_the_same_ratios(case, lam, beta):
    master = task5.picture(case, float(lam), float(beta))
    bright = np.zeros(master.shape, int)
    bright[tuple(np.transpose(task5.BRIGHT[case][1]))] = 1
    upright, turned = log_likelihood(Patterns.from_dense(bright[None]), C4.expand(master), dtype=np.float64)[0, :2]
    exact = {"b": task5.ratio_of_one, "d": task5.ratio_of_one, "e": task5.ratio_of_three}[case](lam, beta)
    assert upright - turned == pytest.approx(
        float(mpmath.log(mpmath.mpf(exact.numerator) / exact.denominator)), abs=1e-10
    )
    if case == "b":
        assert np.exp(turned) == pytest.approx(float(task5.turned_likelihood(lam, beta)))


@given(between, between, st.integers(0, 40), st.integers(0, 40))
def test_the_mean_and_the_spread_in_fifty_digits(lam, beta, n_bright, n_dim):
    with mpmath.workdps(50):
        means = [mpmath.mpf(float(lam)), mpmath.mpf(float(beta)) * mpmath.mpf(float(lam))]
        counts = [n_bright, n_dim]
        mean = sum(n * (m * mpmath.log(m) + (1 - m) * mpmath.log(1 - m)) for n, m in zip(counts, means, strict=True))
        variance = sum(n * m * (1 - m) * mpmath.log(m / (1 - m)) ** 2 for n, m in zip(counts, means, strict=True))
        std = mpmath.sqrt(variance)
    arguments = float(lam), float(beta), n_bright + n_dim, n_bright
    assert task5.mean_log_likelihood(*arguments) == pytest.approx(float(mean), rel=1e-13)
    assert task5.std_log_likelihood(*arguments) == pytest.approx(float(std), rel=1e-12, abs=1e-15)


def test_case_f_is_the_general_expectation():
    found = limits.expected_log_likelihood(task5.picture("e", 0.6, 0.4))
    assert found.mean == pytest.approx(task5.mean_log_likelihood(0.6, 0.4, 16, 3))
    assert found.std == pytest.approx(task5.std_log_likelihood(0.6, 0.4, 16, 3))


@pytest.mark.parametrize(("lam", "beta"), [(0.6, 0.4), (0.5, 0.5), (0.3, 0.7)])
def test_drawing_patterns_gives_the_expressions(lam, beta):
    checks = task5.monte_carlo(lam, beta, n_patterns=400_000, seed=1)
    assert set(checks) == {"a", "b", "d", "e", "f", "f std"}
    for name, check in checks.items():
        assert abs(check.z) < 4, name
    assert checks["e"].std_error < 0.3 * np.log(task5.ratio_of_one(lam, beta))  # a square would be noticed


def test_the_symbols_are_the_functions():
    """`EXPRESSIONS` is what a reader sees: read as Python, it gives the functions' values."""
    lam, beta, n_pixels, n_bright = 0.3, 0.6, 16, 3

    def value(text):
        text = text.replace("beta lam", "beta*lam").replace("^", "**").replace("lam ln", "lam*ln")
        for name in ("M", "(N - M)", "lam"):
            text = text.replace(f"{name} lam", f"{name}*lam").replace(f"{name} (", f"{name}*(")
        text = text.replace("(N - M) beta", "(N - M)*beta").replace(") ln", ")*ln").replace("ln lam", "ln(lam)")
        text = text.replace("beta (", "beta*(").replace(") (", ")*(")
        return eval(text, {"beta": beta, "lam": lam, "N": n_pixels, "M": n_bright, "ln": np.log})

    assert value(task5.EXPRESSIONS["a"]) == pytest.approx(task5.turned_likelihood(lam, beta))
    assert (
        value(task5.EXPRESSIONS["b"]) == value(task5.EXPRESSIONS["d"]) == pytest.approx(task5.ratio_of_one(lam, beta))
    )
    assert value(task5.EXPRESSIONS["e"]) == pytest.approx(task5.ratio_of_three(lam, beta))
    assert value(task5.EXPRESSIONS["f"]) == pytest.approx(task5.mean_log_likelihood(lam, beta, n_pixels, n_bright))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: task5.picture("c", 0.5, 0.5), "case: expected one of b, d, e, got 'c'"),
        (lambda: task5.monte_carlo(1.0, 0.5), "lam: expected a number between 0 and 1, got 1"),
        (lambda: task5.monte_carlo(0.5, 0.0), "beta: expected a number between 0 and 1, got 0"),
    ],
)
def test_task_5_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_what_never_happened_is_not_measured():
    checks = task5.monte_carlo(0.05, 0.05, n_patterns=1000)
    assert np.isnan(checks["e"].measured)
    assert np.isnan(checks["e"].std_error)
    assert np.isfinite(checks["f"].measured)


@pytest.mark.parametrize("n_patterns", [0, -3])
def test_a_simulation_needs_patterns(n_patterns):
    with pytest.raises(ValueError, match=f"n_patterns: expected 1 or more, got {n_patterns}"):
        task5.monte_carlo(n_patterns=n_patterns)


@pytest.mark.parametrize(("lam", "beta"), [(1.0, 0.5), (0.5, 0.0), (1.0, 1.0)])
def test_means_at_the_ends_of_their_range(lam, beta):
    expected = sum(sum(p * np.log(p) for p in (mu, 1 - mu) if p > 0) * n for mu, n in ((lam, 3), (beta * lam, 13)))
    assert task5.mean_log_likelihood(lam, beta, 16, 3) == pytest.approx(expected, rel=1e-14)
    assert np.isfinite(task5.std_log_likelihood(lam, beta, 16, 3))
