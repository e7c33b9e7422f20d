"""The share of particles among candidates, from scores alone."""

from __future__ import annotations

import numpy as np
import pytest

from motes.pickers.networks.prior import log_prior_odds


@pytest.mark.parametrize("share", [0.02, 0.15, 0.5, 0.9])
def test_a_known_share_is_found(share):
    """Normal scores N(m, 1) of particles and N(-m, 1) of background have log-odds 2 m x at even odds."""
    rng, n, m = np.random.default_rng(0), 40_000, 1.5
    particle = rng.random(n) < share
    scores = 2 * m * (rng.normal(size=n) + np.where(particle, m, -m))
    shift = log_prior_odds(scores)
    assert shift == pytest.approx(np.log(share / (1 - share)), abs=0.1)
    probability = 1 / (1 + np.exp(-(scores + shift)))
    for low in np.arange(0, 1, 0.1):
        near = (probability >= low) & (probability < low + 0.1)
        assert particle[near].mean() == pytest.approx(probability[near].mean(), abs=2.5 / np.sqrt(near.sum()))


def test_it_is_the_maximum_of_the_likelihood():
    scores = np.random.default_rng(1).normal(-1, 3, 500)
    shares = np.linspace(0.001, 0.999, 20_000)
    ratios = np.exp(scores)
    likelihood = np.array([np.log(q * ratios + 1 - q).sum() for q in shares])
    best = shares[likelihood.argmax()]
    assert log_prior_odds(scores) == pytest.approx(np.log(best / (1 - best)), abs=1e-3)


@pytest.mark.parametrize("scores", [np.full(5, 50.0), np.full(5, -50.0), np.zeros(0), np.zeros(3)])
def test_the_shift_stays_finite(scores):
    assert abs(log_prior_odds(scores)) < 7
