"""Fisher information: against scores differentiated numerically, and curvatures of the log-likelihood itself."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from motes import Patterns, Poisson, reconstruct, simulate
from motes.reconstruction import information, matrixfree
from motes.reconstruction.information import error_bars, information_matrix
from motes.reconstruction.matrixfree import PROBES, InformationOperator, diagonal_of_inverse
from motes.reconstruction.missing import missing_information
from problems import counts_of, master_of, patterns_of, problem_of

UNIFORM = {n: np.full(n, 1 / n) for n in (1, 4, 8)}


def whitened(matrix, problem, master, weights):
    scale = 1 / np.sqrt(problem.noise.precision(master) * (weights @ problem.looks))
    return scale[:, None] * matrix * scale


@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
@pytest.mark.parametrize("group", ["C1", "C4", "D4"])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("estimate_weights", [False, True])
def test_information_is_the_mean_outer_product_of_the_scores(group, noise, masked, estimate_weights):
    side = 5 if group == "C4" else 4
    patterns = patterns_of(master_of(side), 150, group=group, noise="bernoulli" if group == "C1" else noise, seed=1)
    bad = np.zeros((side, side), bool)
    bad[0, 1] = bad[2, 2] = masked
    problem = problem_of(patterns, group=group, noise=noise, bad=bad, estimate_weights=estimate_weights)
    n = problem.rotations.n
    master = master_of(side, seed=2)  # not where the patterns came from: the identity holds anywhere
    weights = np.random.default_rng(3).dirichlet(np.full(n, 5.0)) if estimate_weights else UNIFORM[n]
    tangent = information.tangent_of(n) if estimate_weights and n > 1 else None
    scores = reference.numerical_scores(counts_of(patterns), master, group, weights, noise, ~bad, tangent)
    expected = scores.T @ scores / len(scores)
    found = information_matrix(problem, master.ravel(), weights, patterns)
    assert found.shape == expected.shape
    scale = np.sqrt(np.maximum(np.diag(expected), 1e-6))
    np.testing.assert_allclose(found / np.outer(scale, scale), expected / np.outer(scale, scale), atol=2e-3)


def test_the_tangent_keeps_the_sum_of_the_weights():
    for n in (2, 4, 8):
        tangent = information.tangent_of(n)
        np.testing.assert_allclose(tangent @ tangent.T, np.eye(n - 1), atol=1e-14)
        np.testing.assert_allclose(tangent.sum(axis=1), 0, atol=1e-14)


def maximum(patterns, **options):
    return reconstruct(patterns, tolerance=1e-12, max_iterations=5000, dtype=np.float64, std_error=False, **options)


@pytest.fixture(scope="module")
def few():
    """Fewer patterns than ten to a direction: Louis' form."""
    master = np.random.default_rng(5).uniform(0.2, 0.8, (5, 5))
    patterns = patterns_of(master, 245, seed=5)
    result = maximum(patterns)
    return problem_of(patterns), result.master, np.full(4, 0.25)


def test_louis_form_is_the_curvature_at_the_maximum(few):
    problem, master, weights = few
    bars = error_bars(problem, master.ravel(), weights, seed=0)
    assert any("Louis" in note for note in bars.notes)
    hessian = reference.numerical_hessian(counts_of(problem.patterns), master, "C4", weights, "bernoulli")
    covariance = np.linalg.inv(-hessian) / len(problem.patterns)
    np.testing.assert_allclose(bars.std_error, np.sqrt(np.diag(covariance)), rtol=2e-3)
    eigenvalues = np.linalg.eigvalsh(whitened(-hessian, problem, master.ravel(), weights))
    assert bars.missing_information == pytest.approx(1 - eigenvalues.min(), abs=5e-3)


def test_error_bars_are_the_inverse_of_the_information():
    patterns = patterns_of(master_of(4), 3000, seed=6)
    problem = problem_of(patterns, estimate_weights=True)
    master, weights = master_of(4).ravel(), np.full(4, 0.25)
    bars = error_bars(problem, master, weights, seed=0)
    scores = reference.numerical_scores(
        counts_of(patterns), master.reshape(4, 4), "C4", weights, "bernoulli", tangent=information.tangent_of(4)
    )
    shrink = 1 - (19 + 1) / 3000
    covariance = shrink * np.linalg.inv(scores.T @ scores)
    np.testing.assert_allclose(bars.std_error, np.sqrt(np.diag(covariance)[:16]), rtol=5e-3)
    assert bars.total_variance == pytest.approx(np.trace(covariance[:16, :16]), rel=1e-2)
    turned = information.tangent_of(4).T @ covariance[16:, 16:] @ information.tangent_of(4)
    np.testing.assert_allclose(bars.weights_std_error, np.sqrt(np.diag(turned)), rtol=5e-3)


def test_one_orientation_leaves_the_binomial_error():
    master = master_of(5)
    patterns = patterns_of(master, 20_000, group="C1", seed=7)
    result = reconstruct(patterns, problem_of(patterns, group="C1").rotations)
    np.testing.assert_allclose(result.master, patterns.mean_image(), rtol=1e-9)
    expected = np.sqrt(result.master * (1 - result.master) / 20_000)
    np.testing.assert_allclose(result.std_error, expected, rtol=0.05)
    assert result.missing_information == 0


# -- missing information ----------------------------------------------------------------------------------------------


def test_what_is_missing_is_nothing_where_labels_are_sure(monkeypatch):
    """80 photons a pattern: of 625 sampled eigenvalues the least is far below 1 all the same."""
    master = simulate.scaled(simulate.portrait(25), 80.0)
    patterns = patterns_of(master, 6000, seed=3)
    problem = problem_of(patterns, dtype=np.float32)
    for n_used in (6000, 4000):  # all of them, or some
        bars = error_bars(problem, problem.inside(master.ravel()), UNIFORM[4], seed=0, n_used=n_used)
        assert bars.missing_information < 0.01
        assert not any("without a matrix" in note for note in bars.notes)
    monkeypatch.setattr(information, "LARGEST_MATRIX", 100)
    apart = error_bars(problem, problem.inside(master.ravel()), UNIFORM[4], seed=0)
    assert any("without a matrix" in note for note in apart.notes)
    assert apart.missing_information < 0.01


@pytest.mark.parametrize("group", ["C4", "D4"])
def test_what_is_missing_is_the_largest_hidden_eigenvalue(group):
    patterns = patterns_of(master_of(5, 6.0), 2000, group=group, seed=4)
    problem = problem_of(patterns, group=group, dtype=np.float32)
    n, master, free = problem.rotations.n, master_of(5, 6.0).ravel(), np.ones(25, bool)
    moments = [f(problem, master, UNIFORM[n], patterns) for f in (information._moments_within, information._moments)]
    within, told = (information._through_score(problem, master, UNIFORM[n], m) / len(patterns) for m in moments)
    expected = np.linalg.eigvalsh(whitened(within - told, problem, master, UNIFORM[n])).max()
    found = missing_information(problem, master, UNIFORM[n], patterns, free, fitted=True)
    assert found == pytest.approx(min(expected, 1), rel=5e-3)


def test_a_part_of_the_patterns_tells_what_is_missing_of_all():
    """36 pixels and 5000 patterns: the largest eigenvalue of a sample is too much, more so with fewer patterns."""
    master = master_of(6, 8.0)
    many = patterns_of(master, 200_000, seed=5)
    problem = problem_of(many, dtype=np.float32)
    asked, free = (master.ravel(), UNIFORM[4]), np.ones(36, bool)
    exact = missing_information(problem, *asked, many, free, fitted=True)
    parts = [many[first : first + 5000] for first in range(0, 150_000, 5000)]
    found, naive = (np.mean([missing_information(problem, *asked, p, free, fitted=f) for p in parts]) for f in (0, 1))
    assert abs(found - exact) < 0.5 * (naive - exact)
    assert found == pytest.approx(exact, abs=0.01)


# -- without a matrix -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("louis", [False, True])
@pytest.mark.parametrize("masked", [False, True])
def test_the_operator_is_the_matrix(louis, masked):
    patterns = patterns_of(master_of(4), 400, seed=8)
    bad = np.zeros((4, 4), bool)
    bad[1, 0] = masked
    problem = problem_of(patterns, bad=bad, dtype=np.float32)
    master, weights = master_of(4, seed=9).ravel(), np.full(4, 0.25)
    complete = problem.noise.precision(master) * (weights @ problem.looks)
    gamma = problem.posterior(master, weights, patterns)
    free = np.ones(16, bool)
    free[5] = False
    operator = InformationOperator(problem, master, patterns, gamma, complete, free, louis)
    moments = information._moments(problem, master, weights, patterns)
    matrix = information._through_score(problem, master, weights, moments)
    if louis:
        within = information._moments_within(problem, master, weights, patterns)
        hidden = information._through_score(problem, master, weights, within) - matrix
        matrix = np.diag(complete) * len(patterns) - hidden
    expected = whitened(matrix / len(patterns), problem, master, weights)[np.ix_(free, free)]
    np.testing.assert_allclose(operator(np.eye(15)), expected, atol=2e-3)


def test_orientations_that_are_all_but_sure_hide_nothing():
    """Coefficients so small that single precision has no whole number for them."""
    patterns = patterns_of(master_of(4), 50, seed=8)
    problem = problem_of(patterns, dtype=np.float32)
    master = master_of(4).ravel()
    gamma = np.zeros((50, 4), np.float32)
    gamma[:, 0], gamma[:, 1] = 1, 1e-42
    complete = problem.noise.precision(master)
    operator = InformationOperator(problem, master, patterns, gamma, complete, np.ones(16, bool), True)
    tiny = operator.photons_home(gamma[:, 1:2, None].repeat(4, axis=1))
    np.testing.assert_array_equal(tiny, 0)
    sure = InformationOperator(problem, master, patterns, gamma * [[1, 0, 0, 0]], complete, np.ones(16, bool), True)
    np.testing.assert_allclose(operator(np.eye(16)), sure(np.eye(16)), atol=1e-6)


def test_many_columns_are_solved_a_few_at_a_time(monkeypatch):
    patterns = patterns_of(master_of(5), 2000, seed=10)
    problem = problem_of(patterns, dtype=np.float32)
    asked = problem, master_of(5).ravel(), np.full(4, 0.25), patterns, np.ones(25, bool)
    together, *_ = diagonal_of_inverse(*asked, seed=0)
    monkeypatch.setattr(matrixfree, "_TABLE", 300)
    apart, *_ = diagonal_of_inverse(*asked, seed=0)
    np.testing.assert_allclose(apart, together, rtol=0.5)  # other random signs
    complete = problem.noise.precision(asked[1])
    assert (apart * complete >= 1 - 1e-12).all()


@pytest.mark.parametrize("method", ["em", "sgd"])
def test_a_count_beyond_exact_products_costs_the_matrix_not_the_fit(method):
    patterns = patterns_of(master_of(5), 400, noise="poisson", seed=9)
    dense = patterns.to_dense()
    dense[7, 2, 3] = 10**6
    patterns = Patterns.from_dense(dense)
    result = reconstruct(patterns, noise=Poisson(), method=method)
    assert np.isfinite(result.std_error).all()
    assert any("without a matrix" in note for note in result.notes)
    with pytest.raises(ValueError, match=r"counts here are up to 1000000\); use squarem"):
        reconstruct(patterns, noise=Poisson(), acceleration="fisher")


def test_the_diagonal_without_a_matrix():
    patterns = patterns_of(master_of(6), 6000, seed=10)
    problem = problem_of(patterns, dtype=np.float32)
    master, weights, free = master_of(6).ravel(), np.full(4, 0.25), np.ones(36, bool)
    variance, untold, notes = diagonal_of_inverse(problem, master, weights, patterns, free, seed=0)
    covariance, *_ = information._from_matrix(problem, master, weights, patterns, free)
    exact = np.diag(covariance)
    assert not untold
    matrix = whitened(information_matrix(problem, master, weights, patterns), problem, master, weights)
    inverse = np.linalg.inv(matrix)
    off_diagonal = np.sqrt((inverse**2).sum(axis=1) - np.diag(inverse) ** 2)
    spread = np.sqrt(2 / PROBES) * off_diagonal / np.diag(inverse)  # relative, of a mean over random signs
    assert (np.abs(variance / exact - 1) < 4.5 * spread + 0.01).all()
    assert variance.sum() == pytest.approx(exact.sum(), rel=0.05)
    assert str(PROBES) in notes[0]
