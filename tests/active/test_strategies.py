"""Rankings against the formulas as they are printed, ties, order of the pool, awkward pools."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from motes import Circles
from motes.active import STRATEGIES, Pool, query
from motes.active.strategies import boundary_distance, committee, diverse_position, random
from motes.picking import BestThreshold, Estimate, best_threshold, match
from pool_strategies import pool_of, pools, reordered

OPTIONS = {"boundary_distance": {"threshold": 0.37}}
MEASURES = {
    "low_confidence": reference.low_confidence,
    "entropy_score": reference.entropy_score,
    "entropy_score_normalised": reference.entropy_score_normalised,
    "boundary_distance": lambda c: reference.boundary_distance(c, 0.37),
    "least_confident": reference.least_confident,
    "margin": reference.margin,
}
every_strategy = pytest.mark.parametrize("name", STRATEGIES)


def ask(name: str, pool: Pool, n: int, **options):
    return query(name, pool, n, **OPTIONS.get(name, {}), **options)


@pytest.mark.parametrize("name", MEASURES)
@given(probability=st.lists(st.floats(0.001, 0.999), min_size=1, max_size=30))
def test_the_printed_formulas_rank_as_the_family_does(name, probability):
    """Wherever a printed score tells two candidates apart, |c - t| does, and the same way."""
    pool = pool_of(np.array(probability))
    found = ask(name, pool, len(pool))
    printed = np.array(MEASURES[name](pool.probability.tolist()))[found.chosen]
    assert (np.diff(printed) <= 1e-9).all()
    np.testing.assert_array_equal(found.uncertainty, -np.abs(pool.probability - found.t))
    family = found.uncertainty[found.chosen]
    assert (np.diff(family) <= 0).all()


@pytest.mark.parametrize("name", MEASURES)
def test_the_printed_formulas_tell_apart_what_the_family_does(name):
    """The other way round, on a grid: no score is flat where |c - t| is not."""
    pool = pool_of(np.random.default_rng(1).permutation(np.linspace(0.02, 0.981, 97)))
    found = ask(name, pool, len(pool))
    printed = np.array(MEASURES[name](pool.probability.tolist()))[found.chosen]
    apart = -np.diff(found.uncertainty[found.chosen]) > 1e-9
    assert (np.diff(printed)[apart] < 0).all()


def test_thresholds_are_those_of_the_table():
    pool = pool_of([0.2, 0.3, 0.9])
    t = {name: ask(name, pool, 1).t for name in MEASURES}
    assert t.pop("entropy_score_normalised") == pytest.approx(0.55)
    assert t == {
        "low_confidence": 0.0, "entropy_score": 0.5, "least_confident": 0.5, "margin": 0.5, "boundary_distance": 0.37,
    }  # fmt: skip
    assert random(pool, 1).t is None


@every_strategy
@given(pool=pools(), data=st.data())
def test_a_query_is_of_the_pool_and_does_not_depend_on_its_order(name, pool, data):
    n, seed = data.draw(st.integers(0, len(pool))), data.draw(st.integers(0, 5))
    found = ask(name, pool, n, seed=seed)
    assert found.chosen.dtype == np.int64
    assert found.strategy == name
    assert len(set(found.chosen.tolist())) == n == len(found)
    assert found.uncertainty.shape == (len(pool),)
    assert np.isfinite(found.uncertainty).all()
    np.testing.assert_array_equal(ask(name, pool, n, seed=np.random.default_rng(seed)).chosen, found.chosen)

    shuffled, order = reordered(pool, np.random.default_rng(seed))
    np.testing.assert_array_equal(order[ask(name, shuffled, n, seed=seed).chosen], found.chosen)


@every_strategy
@given(pool=pools(max_size=6))
def test_more_questions_than_candidates(name, pool):
    everyone = sorted(range(len(pool)))
    assert sorted(ask(name, pool, len(pool)).chosen) == everyone
    assert sorted(ask(name, pool, len(pool) + 3, allow_fewer=True).chosen) == everyone
    with pytest.raises(ValueError, match=f"n: {len(pool) + 1} questions, but the pool holds {len(pool)} candidates"):
        ask(name, pool, len(pool) + 1)


@every_strategy
def test_ties_fall_evenly(name):
    """Of candidates that nothing tells apart, each is as likely to be asked first."""
    n, draws = 5, 1500
    same = {"members": np.full((n, 3), 0.5), "appearance": np.zeros((n, 2), np.float32)}
    pool = pool_of(np.full(n, 0.5), n_micrographs=1, **same)
    first = np.bincount([ask(name, pool, 1, seed=seed).chosen[0] for seed in range(draws)], minlength=n)
    assert ((first - draws / n) ** 2 / (draws / n)).sum() < 23.5  # chi-squared, 4 degrees of freedom, p = 1e-4


@pytest.mark.parametrize("n", [-1, 1.5, True, "3"])
def test_questions_are_counted_in_whole_numbers(n):
    with pytest.raises((TypeError, ValueError), match="n: expected"):
        random(pool_of([0.5]), n)


def test_a_strategy_says_what_it_lacks():
    pool = pool_of([0.5, 0.4])
    with pytest.raises(ValueError, match=r"name: expected one of random, low_confidence, .*, got 'entropy'"):
        query("entropy", pool, 1)
    with pytest.raises(ValueError, match="members' probabilities, and the candidates have none"):
        query("committee", pool, 1)
    with pytest.raises(ValueError, match="needs the candidates' appearance"):
        query("diverse_appearance", pool, 1)
    with pytest.raises(ValueError, match=r"expected two members of the committee or more, got 1"):
        query("committee", pool_of([0.5], members=np.ones((1, 1))), 1)
    with pytest.raises(ValueError, match="threshold: expected a finite number, got nan"):
        boundary_distance(pool, 1, threshold=np.nan)
    with pytest.raises(ValueError, match="base: expected one of"):
        diverse_position(pool, 1, base="cost_aware")
    for name, strategy in STRATEGIES.items():
        assert set(strategy.needs) <= {"threshold", "members", "appearance"}, name


def test_boundary_distance_takes_any_threshold():
    pool = pool_of([0.2, 0.35, 0.9])
    whole = BestThreshold(Estimate(0.37, 0.3, 0.5), Estimate(0.8, 0.7, 0.9), 1.0)
    queries = [boundary_distance(pool, 3, threshold=t) for t in (0.37, whole, whole.threshold)]
    assert [found.t for found in queries] == [0.37] * 3
    assert len({tuple(found.chosen) for found in queries}) == 1
    with pytest.raises(ValueError, match="threshold: bootstrap needs a BestThreshold with samples"):
        boundary_distance(pool, 1, threshold=whole, bootstrap=True)


@given(c=st.lists(st.floats(0, 1), min_size=1, max_size=20), samples=st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_threshold_in_doubt_is_averaged_over(c, samples):
    threshold = BestThreshold(Estimate(samples[0], 0, 1), Estimate(1, 1, 1), 1.0, np.array(samples))
    found = boundary_distance(pool_of(np.array(c)), len(c), threshold=threshold, bootstrap=True)
    expected = -np.abs(np.array(c)[:, None] - np.array(samples)).mean(axis=1)
    np.testing.assert_allclose(found.uncertainty, expected, atol=1e-12)
    assert found.t == np.median(samples)


def test_bootstrap_samples_of_a_threshold_are_those_of_its_interval():
    rng = np.random.default_rng(0)
    truth = Circles(rng.uniform(0, 900, (60, 2)), 5.0, indptr=[0, 20, 40, 60])
    picks = Circles(truth.centres + rng.normal(0, 4, (60, 2)), 5.0, rng.random(60), indptr=truth.indptr)
    best = best_threshold(match(picks, truth))
    assert len(best.samples) == 1000
    assert (best.threshold.low, best.threshold.high) == tuple(np.quantile(best.samples, [0.025, 0.975]))


@pytest.mark.parametrize("measure", ["bald", "vote"])
@given(data=st.data())
def test_committee_is_its_definition(measure, data):
    members = np.array(
        data.draw(st.lists(st.lists(st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]), min_size=3, max_size=3), min_size=1))
    )
    pool = pool_of(members.mean(axis=1), members=members)
    found = committee(pool, len(members), measure=measure)
    oracle = {"bald": reference.bald, "vote": reference.vote_entropy}[measure]
    np.testing.assert_allclose(found.uncertainty, [oracle(row) for row in members.tolist()], atol=1e-12)
    if measure == "bald":  # and the divergence from the mean is no other measure
        divergence = [reference.divergence_from_mean(row) for row in members.tolist()]
        np.testing.assert_allclose(found.uncertainty, divergence, atol=1e-12)


def test_a_committee_in_doubt_is_not_one_that_disagrees():
    pool = pool_of([0.5, 0.5, 0.5], members=np.array([[0.5, 0.5], [0.4, 0.6], [0.0, 1.0]]))
    assert committee(pool, 3).chosen.tolist() == [2, 1, 0]
    assert committee(pool, 3).uncertainty[0] == 0
