"""Noise models against their definitions, and the split of their weights that float32 is spared by."""

from __future__ import annotations

import re

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

import reference
from motes import Bernoulli, Gaussian, Patterns, Poisson
from motes.noise import linear_model, noise_of
from strategies import random_case

noises = pytest.mark.parametrize("noise", [Bernoulli(), Poisson()], ids=lambda noise: noise.name)


@noises
@pytest.mark.parametrize("mean", [1e-9, 1e-3, 0.3, 0.5, 0.999])
def test_weight_and_base_are_the_logarithms_of_probabilities(noise, mean):
    none, one = (reference.log_likelihood(np.array([[x]]), np.array([[mean]]), noise.name)[0, 0] for x in (0, 1))
    means = np.array([mean])
    np.testing.assert_allclose(noise.base(means), none, rtol=1e-14)
    np.testing.assert_allclose(noise.weight(means), one - none, rtol=1e-13, atol=1e-15)


@noises
@pytest.mark.parametrize("mean", [1e-3, 0.3, 0.9])
def test_precision_is_the_expected_curvature(noise, mean):
    """Fisher information of one look: the expectation, over counts, of the squared derivative of ln P."""

    def log_probability(x: int, mu: mpmath.mpf) -> mpmath.mpf:
        if noise.name == "bernoulli":
            return mpmath.log(mu if x else 1 - mu)
        return x * mpmath.log(mu) - mu - mpmath.loggamma(x + 1)

    with mpmath.workdps(30):
        information = mpmath.fsum(
            mpmath.exp(log_probability(x, mpmath.mpf(mean)))
            * mpmath.diff(lambda mu, x=x: log_probability(x, mu), mpmath.mpf(mean)) ** 2
            for x in range(2 if noise.name == "bernoulli" else 40)
        )
    np.testing.assert_allclose(noise.precision(np.array([mean])), float(information), rtol=1e-9)


@noises
def test_what_can_not_be_is_minus_infinity_without_a_warning(noise):
    assert noise.weight(np.array([0.0]))[0] == -np.inf
    if noise.name == "bernoulli":
        assert noise.base(np.array([1.0]))[0] == -np.inf
        assert noise.weight(np.array([1.0]))[0] == np.inf


@noises
@pytest.mark.parametrize("n_patterns", [0, 1, 10**9])
def test_limits_leave_every_estimate_a_finite_score(noise, n_patterns):
    low, high = noise.limits(n_patterns)
    assert 0 < low < high
    assert np.isfinite(noise.weight(np.array([low, min(high, 1e6)]))).all()
    assert np.isfinite(noise.base(np.array([low, min(high, 1e6)]))).all()


def test_bernoulli_refuses_counts_and_names_the_ways_out():
    patterns = Patterns.from_dense([[0, 3, 0, 0]])
    Poisson().check(patterns)
    message = "patterns: a pixel caught 3 photons, which one-photon (Bernoulli) data can not; use noise=Poisson()"
    with pytest.raises(ValueError, match=re.escape(message)):
        Bernoulli().check(patterns)
    Bernoulli().check(patterns.binarised())


@noises
@given(seed=st.integers(0, 1000), masked=st.booleans(), with_prior=st.booleans())
def test_linear_model_is_the_likelihood_split_in_two(noise, seed, masked, with_prior):
    rng = np.random.default_rng(seed)
    means = rng.uniform(0.01, 0.9, (4, 9))
    counts = random_case(rng, 7, (3, 3), density=0.4, max_count=1 if noise.name == "bernoulli" else 3).counts
    good = rng.random(9) < 0.6 if masked else np.ones(9, bool)
    log_prior = np.log(rng.dirichlet(np.ones(4))) if with_prior else None
    model = linear_model(noise, means, log_prior=log_prior, good=good if masked else None, dtype=np.float64)
    np.testing.assert_allclose(model.weights.sum(axis=1), 0, atol=1e-12)
    expected = reference.log_likelihood(counts[:, good], means[:, good], noise.name)
    expected = expected + (0 if log_prior is None else log_prior)
    centred = counts @ model.weights + model.base
    each = counts @ model.common_weight + model.common_base
    np.testing.assert_allclose(centred + each[:, None], expected, rtol=1e-12)
    total = model.log_likelihood(centred[:, 0].sum(), counts.sum(axis=0), len(counts))
    assert total == pytest.approx(expected[:, 0].sum(), rel=1e-12)


def test_gaussian_scores_are_its_logarithms_but_for_what_knows_no_mean():
    x, means = np.array([-1.5, 0.0, 2.0])[:, None], np.array([-0.5, 0.0, 3.0])
    noise = Gaussian(0.7)
    scores = x * noise.weight(means) + noise.base(means)
    exact = stats.norm.logpdf(x, means, 0.7)
    np.testing.assert_allclose(scores - scores[:, :1], exact - exact[:, :1], rtol=1e-12)
    np.testing.assert_allclose(noise.precision(means), 1 / 0.49)
    assert noise.limits(3) == (-np.inf, np.inf)


@pytest.mark.parametrize(
    ("sigma", "error"),
    [
        (0, ValueError),
        (-1.0, ValueError),
        (np.nan, ValueError),
        (1e-200, ValueError),
        (1e99, ValueError),
        ("a", TypeError),
    ],
)
def test_gaussian_refuses(sigma, error):
    with pytest.raises(error, match="sigma: expected a"):
        Gaussian(sigma)


def test_gaussian_of_unknown_sigma_has_no_score_and_photons_none_of_it():
    with pytest.raises(ValueError, match="sigma: not known yet"):
        Gaussian().weight(np.ones(1))
    with pytest.raises(ValueError, match=re.escape("noise: Gaussian noise is for motes.DensePatterns")):
        noise_of(Gaussian(1.0))
