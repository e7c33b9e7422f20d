"""Dense patterns: sums against a slow oracle, a likelihood that never falls, one result for any number of threads."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from mixtures import RandomMap
from motes import C1, C4, DensePatterns, Detector, Gaussian, reconstruct
from motes.reconstruction.mixture.gaussian import (
    LEAST_SIGMA,
    GaussianModel,
    gaussian_responsibilities,
    gaussian_sums,
    start_sigma,
)
from motes.reconstruction.mixture.steps import gaussian_step

SHAPE = (5, 5)


def problem(seed: int, n: int = 15, dtype=np.float64):
    """Patterns, map, detector and a start: means may be negative, and sigma is far off."""
    rng = np.random.default_rng(seed)
    turns = C4 if seed % 2 else RandomMap(3, SHAPE, SHAPE, rng)
    master = rng.normal(0, 1, SHAPE)
    levels = np.where(rng.random(SHAPE) < 0.2, 2, 0)
    levels[~turns.support(SHAPE)] = 2
    levels[2, 2] = 0
    background = rng.uniform(0, 1, SHAPE) if seed % 3 else None
    detector = Detector.from_mask(levels, rng.uniform(0.5, 1.5, SHAPE), background)
    means = turns.expand(master)[rng.integers(0, turns.n, n)] * detector.correction
    values = means + (0 if background is None else detector.background) + rng.normal(0, 0.7, (n, *SHAPE))
    patterns = DensePatterns(values.astype(dtype))
    return patterns, turns, detector, rng.normal(0, 1, SHAPE), np.log(rng.dirichlet(np.ones(turns.n)))


def model_of(turns, detector, master, sigma) -> GaussianModel:
    means = turns.expand(master) * detector.correction
    means = means + (0 if detector.background is None else detector.background)
    return GaussianModel(means.reshape(turns.n, -1), detector.good.ravel(), sigma)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_sums_are_their_definition(seed, beta):
    patterns, turns, detector, master, log_prior = problem(seed)
    model = model_of(turns, detector, master, 1.3)
    sums = gaussian_sums(patterns, model, log_prior, beta=beta, estimate=True, threads=1)
    x = patterns.values.reshape(len(patterns), -1)
    expected = reference.gaussian_step(x, model.means, model.good, log_prior, 1.3, beta)
    for name in ("log_likelihood", "weights", "expected", "rest"):
        np.testing.assert_allclose(getattr(sums, name), expected[name], rtol=1e-9, err_msg=name)
    np.testing.assert_array_equal(sums.exposure, sums.weights)
    np.testing.assert_allclose(sums.planes.reshape(turns.n, -1), expected["planes"], rtol=1e-9, atol=1e-12)
    if beta == 1:
        np.testing.assert_allclose(gaussian_responsibilities(patterns, model, log_prior), expected["gamma"], atol=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_the_likelihood_never_falls(seed):
    patterns, turns, detector, master, log_prior = problem(seed)
    sigma, before = 3.0, -np.inf
    for _ in range(8):
        model = model_of(turns, detector, master, sigma)
        sums = gaussian_sums(patterns, model, log_prior, beta=1.0, estimate=True, threads=1)
        assert sums.log_likelihood >= before - 1e-9 * abs(before)
        before = sums.log_likelihood
        master = gaussian_step(turns, detector, sums.planes, sums.exposure, master)
        sigma = float(sums.rest[0])


def test_sigma_is_found():
    patterns, turns, detector, master, log_prior = problem(1, n=2000, dtype=np.float32)
    sigma = start_sigma(patterns, detector.good.ravel())
    for _ in range(30):
        model = model_of(turns, detector, master, sigma)
        sums = gaussian_sums(patterns, model, log_prior, beta=1.0, estimate=True, threads=2)
        master = gaussian_step(turns, detector, sums.planes, sums.exposure, master)
        sigma = float(sums.rest[0])
    looks = 2000 * detector.good.sum()
    assert abs(sigma - 0.7) < 5 * 0.7 / np.sqrt(2 * looks)


def test_no_number_of_threads_changes_a_bit(monkeypatch):
    monkeypatch.setattr("motes.reconstruction.mixture.gaussian.AT_ONCE", 25 * 7)
    patterns, turns, detector, master, log_prior = problem(2, n=100)
    model = model_of(turns, detector, master, 1.0)
    assert len(model.parts(patterns)) > 5
    one, many = (
        gaussian_sums(patterns, model, log_prior, beta=1.0, estimate=True, threads=threads) for threads in (1, 3)
    )
    for a, b in zip(one, many, strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_first_sigma_does_not_cancel():
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1e-3, (50, 4, 4))
    good = np.ones(16, bool)
    far, near = (start_sigma(DensePatterns(values + offset), good) for offset in (1e6, 0.0))
    assert far == pytest.approx(near, rel=1e-6)


@pytest.mark.parametrize("values", [np.full((9, 5, 5), 0.1), np.random.default_rng(0).random((1, 5, 5))])
def test_sigma_of_patterns_that_are_alike_is_none(values):
    with pytest.raises(ValueError, match="noise: no two patterns differ"):
        reconstruct(DensePatterns(values), C4)
    assert reconstruct(DensePatterns(values), C4, Gaussian(0.1)).converged


def test_a_class_for_every_pattern_has_a_least_sigma():
    patterns = DensePatterns(np.random.default_rng(1).normal(size=(2, 5, 5)))
    result = reconstruct(patterns, C4, classes=2, init="random", std_error=False)
    assert result.noise.sigma == pytest.approx(LEAST_SIGMA * start_sigma(patterns, np.ones(25, bool)))


def test_a_sigma_at_its_floor_is_told():
    patterns = DensePatterns(np.random.default_rng(0).normal(0, 1, (3, 5, 5)))
    told = "sigma rests at its least"
    result = reconstruct(patterns, C1, classes=3, init="random", restarts=4, std_error=False)
    assert result.noise.sigma < 0.01
    assert any(note.startswith(told) for note in result.notes)
    free = reconstruct(patterns, C1, "gaussian", classes=1, std_error=False)
    assert not any(note.startswith(told) for note in free.notes)
