"""Samples with exactly known inclusion probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from motes.active.sampling import inclusion_probabilities, pivotal
from motes.active.strategies import importance
from motes.picking import Estimate
from pool_strategies import pool_of, pools


@given(sizes=st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=20), data=st.data())
def test_inclusion_probabilities_are_their_definition(sizes, data):
    n = data.draw(st.integers(0, len(sizes)))
    found = inclusion_probabilities(np.array(sizes), n)
    np.testing.assert_allclose(found, reference.inclusion_probabilities(sizes, n), atol=1e-9)
    assert found.sum() == pytest.approx(n)
    assert found.max() <= 1


@given(sizes=st.lists(st.floats(1e-2, 1e2), min_size=1, max_size=30), data=st.data(), seed=st.integers(0, 2**32 - 1))
def test_a_sample_is_stratified_along_its_order(sizes, data, seed):
    """Of every first part of the order as many are drawn as its probabilities sum to, rounded up or down."""
    n = data.draw(st.integers(0, len(sizes)))
    probabilities = inclusion_probabilities(np.array(sizes), n)
    drawn = pivotal(probabilities, np.random.default_rng(seed))
    assert len(drawn) == n == len(set(drawn.tolist()))
    counts = np.cumsum(np.isin(np.arange(len(sizes)), drawn))
    assert (np.abs(counts - np.cumsum(probabilities)) < 1 + 1e-9).all()


@pytest.mark.parametrize("n", [1, 4, 9])
def test_each_unit_is_drawn_as_often_as_it_should_be(n):
    rng, draws = np.random.default_rng(n), 20000
    probabilities = inclusion_probabilities(rng.pareto(1.0, 12) + 0.01, n)
    drawn = np.bincount(np.concatenate([pivotal(probabilities, rng) for _ in range(draws)]), minlength=12)
    error = np.sqrt(probabilities * (1 - probabilities) / draws)
    assert (np.abs(drawn / draws - probabilities) <= 4 * error + 1e-12).all()


@given(pool=pools(), data=st.data())
def test_a_query_tells_its_inclusion_probabilities(pool, data):
    n = data.draw(st.integers(0, len(pool)))
    floor = data.draw(st.sampled_from([0.01, 0.3, 1.0]))
    proposal = data.draw(st.sampled_from(["f_beta", "uncertainty", "uniform"]))
    found = importance(pool, n, proposal=proposal, floor=floor, threshold=data.draw(st.sampled_from([0.0, 0.4, 1.0])))
    inclusion = found.details["inclusion"]
    assert inclusion.sum() == pytest.approx(n)
    assert (inclusion <= 1).all()
    assert (inclusion >= min(floor * n / max(len(pool), 1), 1) * (1 - 1e-9)).all()  # capping only raises the rest


@pytest.mark.parametrize("beta", [1.0, 2.0])
@pytest.mark.parametrize("t", [0.2, 0.5])
def test_the_proposal_is_sawades(t, beta):
    c = np.random.default_rng(0).random(200)
    sizes = importance(pool_of(c), 5, threshold=t, beta=beta, floor=1e-12).details["inclusion"]
    predicted = c >= t
    f = (1 + beta**2) * c[predicted].sum() / (beta**2 * c.sum() + predicted.sum())
    squares = np.array([reference.mean_square_residual(p, h, f, beta) for p, h in zip(c, predicted, strict=True)])
    np.testing.assert_allclose(sizes / sizes.sum(), np.sqrt(squares) / np.sqrt(squares).sum(), rtol=1e-9)
    # And by it the variance of a draw with replacement, sum of squares / q, is least.
    q = sizes / sizes.sum()
    for other in (np.full(200, 1 / 200), *(q * np.exp(np.random.default_rng(k).normal(0, 0.1, 200)) for k in range(5))):
        assert (squares / q).sum() < (squares / (other / other.sum())).sum()


def test_importance_refuses():
    pool = pool_of([0.5, 0.4])
    for options, message in (
        ({"floor": 0}, "floor: expected above 0, at most 1, got 0"),
        ({"floor": 1.1}, r"floor: expected above 0, at most 1, got 1\.1"),
        ({"proposal": "best"}, "proposal: expected one of f_beta, uncertainty, uniform, got 'best'"),
        ({"beta": 0}, "beta: expected a positive, finite number, got 0"),
        ({"threshold": Estimate(np.nan, 0, 1)}, "threshold: expected a finite number, got nan"),
    ):
        with pytest.raises(ValueError, match=message):
            importance(pool, 1, **options)
