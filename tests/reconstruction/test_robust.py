"""Error bars that do not ask for the model to be right."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from motes import Patterns, reconstruct, simulate
from motes.reconstruction import information, matrixfree, robust
from motes.reconstruction.information import error_bars
from motes.reconstruction.matrixfree import DRAWS
from motes.reconstruction.robust import bootstrap, sandwich
from problems import counts_of, master_of, patterns_of, problem_of

UNIFORM = np.full(4, 0.25)
SPREAD = 0.5


def bright(n_patterns: int, *, spread: float, seed: int) -> tuple[np.ndarray, Patterns]:
    """Five photons a pixel, and fluences that scatter log-normally about 1."""
    rng = np.random.default_rng(seed)
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(7), 0.2), 5.0 * 49)
    fluence = np.exp(spread * rng.standard_normal(n_patterns) - spread**2 / 2)
    templates = simulate.templates(truth)[rng.integers(0, 4, n_patterns)]
    return truth, Patterns.from_dense(rng.poisson(fluence[:, None, None] * templates))


def test_the_sandwich_is_scores_between_inverse_curvatures():
    master = np.random.default_rng(5).uniform(0.2, 0.8, (5, 5))
    patterns = patterns_of(master, 300, seed=5)
    found = reconstruct(patterns, tolerance=1e-12, max_iterations=5000, dtype=np.float64, std_error=False).master
    bars = sandwich(problem_of(patterns), found.ravel(), UNIFORM, seed=0)
    asked = counts_of(patterns), found, "C4", UNIFORM, "bernoulli"
    curvature = np.linalg.inv(-reference.numerical_hessian(*asked))
    scores = reference.numerical_scores(*asked)
    covariance = curvature @ (scores.T @ scores / 300) @ curvature / 300
    np.testing.assert_allclose(bars.std_error, np.sqrt(np.diag(covariance)), rtol=3e-3)


@pytest.mark.parametrize("estimate_weights", [False, True])
def test_where_the_model_is_right_all_kinds_agree(estimate_weights):
    patterns = patterns_of(master_of(5, 8.0), 6000, seed=6)
    weights = "estimate" if estimate_weights else "uniform"
    kinds = {
        kind: reconstruct(patterns, weights=weights, error_bars=kind, replicates=60, seed=1) for kind in robust.KINDS
    }
    plain = kinds["information"]
    for kind in ("sandwich", "bootstrap"):
        ratio = kinds[kind].std_error / plain.std_error
        assert abs(ratio.mean() - 1) < 0.05
        assert ratio.std() < 0.13  # of 60 fits each bar is known to 9%
        np.testing.assert_array_equal(kinds[kind].master, plain.master)
        assert kinds[kind].error_bound == pytest.approx(plain.error_bound, rel=0.06)
        if estimate_weights:
            np.testing.assert_allclose(kinds[kind].weights_std_error, plain.weights_std_error, rtol=0.3)
        else:
            np.testing.assert_array_equal(kinds[kind].weights_std_error, 0)
    assert any("sandwich" in note for note in kinds["sandwich"].notes)
    assert any("60 fits" in note for note in kinds["bootstrap"].notes)


def test_a_spread_of_fluences_widens_the_error_bars():
    """To a Poisson master it adds var(fluence) mu^2 / N, one direction, which the inverse information lacks."""
    _, patterns = bright(3000, spread=SPREAD, seed=2)
    problem = problem_of(patterns, noise="poisson")
    found = reconstruct(patterns, noise="poisson", std_error=False)
    master = found.master.ravel()
    plain = error_bars(problem, master, UNIFORM, seed=0).std_error
    photons = patterns.photons_per_pattern()
    excess = (photons.var() - photons.mean()) / photons.mean() ** 2
    assert excess == pytest.approx(np.exp(SPREAD**2) - 1, rel=0.15)
    curvature = error_bars(problem_of(bright(3000, spread=0, seed=2)[1], noise="poisson"), master, UNIFORM, seed=0)
    expected = np.sqrt(curvature.std_error**2 + excess * master**2 / 3000)
    assert expected.mean() > 1.25 * plain.mean()
    np.testing.assert_allclose(sandwich(problem, master, UNIFORM, seed=0).std_error, expected, rtol=0.1)
    np.testing.assert_allclose(bootstrap(problem, master, UNIFORM, seed=0, replicates=40).std_error, expected, rtol=0.4)


def test_the_sandwich_without_a_matrix(monkeypatch):
    _, patterns = bright(2000, spread=SPREAD, seed=3)
    problem = problem_of(patterns, noise="poisson", dtype=np.float32)
    master = reconstruct(patterns, noise="poisson", std_error=False).master.ravel()
    whole = sandwich(problem, master, UNIFORM, seed=0)
    monkeypatch.setattr(information, "LARGEST_MATRIX", 10)
    apart = sandwich(problem, master, UNIFORM, seed=0)
    assert any("without a matrix" in note for note in apart.notes)
    np.testing.assert_allclose(apart.std_error, whole.std_error, rtol=4 / np.sqrt(2 * DRAWS))
    monkeypatch.setattr(matrixfree, "_TABLE", 1000)
    fewer = sandwich(problem, master, UNIFORM, seed=0)
    np.testing.assert_allclose(fewer.std_error, whole.std_error, rtol=4 / np.sqrt(2 * DRAWS))


def test_the_bootstrap_of_one_orientation_is_the_binomial_error():
    master = master_of(4)
    patterns = patterns_of(master, 2000, group="C1", seed=7)
    mean = patterns.mean_image().ravel()
    found = bootstrap(problem_of(patterns, group="C1"), mean, np.ones(1), seed=0, replicates=50)
    np.testing.assert_allclose(found.std_error, np.sqrt(mean * (1 - mean) / 2000), rtol=4.5 / np.sqrt(100))
    again = bootstrap(problem_of(patterns, group="C1"), mean, np.ones(1), seed=0, replicates=50)
    np.testing.assert_array_equal(found.std_error, again.std_error)
    other = bootstrap(problem_of(patterns, group="C1"), mean, np.ones(1), seed=1, replicates=50)
    assert (found.std_error != other.std_error).any()


def test_replicates_that_turned_are_turned_back(monkeypatch):
    patterns = patterns_of(master_of(5, 8.0), 2000, seed=8)
    problem, master = problem_of(patterns, estimate_weights=True), master_of(5, 8.0).ravel()
    weights = np.array([0.4, 0.3, 0.2, 0.1])
    straight = bootstrap(problem, master, weights, seed=0, replicates=4)
    climbed = robust._climbed

    def turned(problem, master, weights, rng):
        state = climbed(problem, master, weights, rng)
        order = np.argsort(problem.rotations.relabel(np.arange(4), 1))
        point = state.point
        point = type(point)(
            point.master[problem.index[1]], point.weights[order], point.log_likelihood, point.em_master,
            point.em_weights,
        )  # fmt: skip
        return type(state)(point, state.iteration, state.sweeps, state.gain, state.step, state.converged, state.memory)

    monkeypatch.setattr(robust, "_climbed", turned)
    found = bootstrap(problem, master, weights, seed=0, replicates=4)
    np.testing.assert_allclose(found.std_error, straight.std_error, rtol=1e-12)
    np.testing.assert_allclose(found.weights_std_error, straight.weights_std_error, rtol=1e-12)


def test_a_bootstrap_that_is_ended_keeps_what_is_done():
    patterns = patterns_of(master_of(5, 8.0), 1000, seed=9)
    seen = []

    def watch(record):
        if "replicate" in record:
            seen.append(record["replicate"])
            if record["replicate"] == 5:
                raise KeyboardInterrupt

    result = reconstruct(patterns, error_bars="bootstrap", replicates=10, callback=watch)
    assert seen == [1, 2, 3, 4, 5]
    assert any("interrupted after 4 of 10" in note or "interrupted after 5 of 10" in note for note in result.notes)
    assert np.isfinite(result.std_error).all()
    ended = reconstruct(patterns, error_bars="bootstrap", replicates=10, callback=lambda record: "replicate" in record)
    assert np.isnan(ended.std_error).all()
    assert any("interrupted after 1 of 10" in note for note in ended.notes)


def test_what_is_no_kind_is_refused():
    patterns = patterns_of(master_of(4), 10, seed=0)
    with pytest.raises(ValueError, match="error_bars: expected one of information, sandwich, bootstrap, got 'jack'"):
        reconstruct(patterns, error_bars="jack")
    with pytest.raises(ValueError, match="replicates: expected 2 or more, got 1"):
        reconstruct(patterns, error_bars="bootstrap", replicates=1)


@pytest.mark.parametrize("kind", ["sandwich", "bootstrap"])
def test_patterns_that_say_nothing_are_no_error(kind):
    patterns = Patterns.empty((4, 4), 5)
    result = reconstruct(patterns, error_bars=kind, replicates=3)
    assert result.std_error.shape == (4, 4)
    hard = reconstruct(patterns_of(master_of(4), 50, seed=0), method="hard-em", error_bars=kind, replicates=3)
    assert np.isnan(hard.std_error).all()
