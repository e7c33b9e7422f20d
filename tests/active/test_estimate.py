"""Estimates from importance-sampled answers: exact where all are asked, unbiased, with intervals that hold."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
from benchmarks import query_estimates
from benchmarks.query_estimates import FIGURES, SIMULATED, Population, covered, simulated, values
from benchmarks.results import load
from hypothesis import given
from hypothesis import strategies as st

from motes import Circles
from motes.active import Estimates, Pool, combine, estimate
from motes.active.strategies import entropy_score, importance
from motes.active.weighted import Draw
from motes.pickers import Detections
from motes.picking import at_threshold, best_threshold, match
from pool_strategies import pool_of, pools


def told(of: Population, n: int, seed: int, estimator: str = "hajek", **options) -> Estimates:
    query = importance(of.pool, n, threshold=of.at, seed=seed, **options)
    return estimate(query, of.particle[query.chosen], of.pool, estimator=estimator)


@cache
def repeated(kind: str, n: int, draws: int, proposal: str = "f_beta") -> tuple[Estimates, ...]:
    return tuple(told(simulated(kind), n, seed, proposal=proposal) for seed in range(draws))


@given(pool=pools(max_size=15), data=st.data(), beta=st.sampled_from([1.0, 2.0]))
def test_where_all_are_asked_the_estimates_are_the_counts(pool, data, beta):
    """And T_opt is that of `picking.best_threshold`, of one particle at each confirmed candidate."""
    particle = np.array(data.draw(st.lists(st.booleans(), min_size=len(pool), max_size=len(pool))), bool)
    query = importance(pool, len(pool), threshold=0.3, beta=beta)
    found = estimate(query, particle[query.chosen], pool)
    circles = pool.circles.astype(np.float64)
    if not particle.any():
        assert np.isnan(found.threshold.value)
        assert (found.threshold.low, found.threshold.high) == (0.0, 1.0)
        assert np.isnan(found.recall.value)
        return
    apart = Circles(np.arange(2.0 * len(pool)).reshape(-1, 2) * 100, 5.0, circles.scores, indptr=circles.indptr)
    matches = match(apart, apart[particle])
    point, best = at_threshold(matches, 0.3, beta=beta), best_threshold(matches, beta=beta)
    for name in ("f_beta", "precision", "recall"):
        figure, expected = getattr(found, name), getattr(point, name).value
        np.testing.assert_allclose(figure.value, expected)
        if not np.isnan(expected):
            np.testing.assert_allclose((figure.low, figure.high), expected)
    assert found.particles.value == pytest.approx(particle.mean())
    assert (found.threshold.value, found.threshold.low) == (best.threshold.value, best.threshold.value)


@pytest.mark.parametrize("kind", SIMULATED)
def test_totals_are_unbiased(kind):
    """Horvitz-Thompson: the number of particles, and precision over the known number of predictions."""
    draws = 200
    of = simulated(kind)
    for name, found in (
        ("particles", repeated(kind, 60, draws)),
        ("precision", tuple(told(of, 60, seed, "horvitz-thompson") for seed in range(draws))),
    ):
        figures = values(found, name)
        assert abs(figures.mean() - of.truth[name]) < 3.5 * figures.std() / np.sqrt(draws)


@pytest.mark.parametrize("kind", SIMULATED)
@pytest.mark.parametrize("name", ["f_beta", "precision", "recall"])
def test_ratios_are_consistent(kind, name):
    """Their bias is small beside the error of one estimate, and falls with the number of questions."""
    of = simulated(kind)
    small, large = (values(repeated(kind, n, draws), name) for n, draws in ((60, 200), (240, 200)))
    for figures in (small, large):
        assert abs(figures.mean() - of.truth[name]) < 0.2 * figures.std() + 3.5 * figures.std() / np.sqrt(len(figures))
    assert abs(large.mean() - of.truth[name]) < abs(small.mean() - of.truth[name]) + 3.5 * large.std() / np.sqrt(200)
    assert large.std() < 0.65 * small.std()  # 1/2, were it only for the number


@pytest.mark.parametrize("kind", SIMULATED)
@pytest.mark.parametrize("name", FIGURES)
def test_intervals_hold_the_truth(kind, name):
    """95% of them, up to three binomial errors of the count, and not all because they are endless."""
    truth, found = simulated(kind).truth[name], repeated(kind, 240, 200)
    figures = [getattr(one, name) for one in found]
    assert covered(found, name, truth) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(found))
    width = np.mean([figure.high - figure.low for figure in figures])
    spread = values(found, name).std()
    assert width < (12 if name == "threshold" else 5.5) * spread  # 3.9, were the error normal and known


@pytest.mark.parametrize("kind", SIMULATED)
def test_standard_errors_are_those_of_repetition(kind):
    found = repeated(kind, 240, 200)
    for name in ("f_beta", "precision", "recall", "particles"):
        said = np.sqrt(np.mean([getattr(one, name).std_error ** 2 for one in found]))
        assert said == pytest.approx(values(found, name).std(), rel=0.2)


def test_sawades_proposal_needs_fewer_questions_than_a_uniform_one():
    """For the same error of F1, half as many or fewer."""
    for kind in SIMULATED:
        sawade, uniform = (values(repeated(kind, 60, 200, proposal), "f_beta") for proposal in ("f_beta", "uniform"))
        truth = simulated(kind).truth["f_beta"]
        assert np.mean((uniform - truth) ** 2) > 1.7 * np.mean((sawade - truth) ** 2)


def test_rounds_combine_without_bias():
    """Ten rounds of 24 questions are as good as one of 240, although each alone is poor."""
    for kind in SIMULATED:
        of = simulated(kind)
        single = repeated(kind, 24, 300)
        pooled = [combine(single[k : k + 10]) for k in range(0, 300, 10)]
        for name in ("f_beta", "precision", "recall", "particles"):
            figures, truth = values(pooled, name), of.truth[name]
            assert abs(figures.mean() - truth) < 0.2 * figures.std() + 3.5 * figures.std() / np.sqrt(len(figures))
            assert covered(pooled, name, truth) > 0.95 - 3.5 * np.sqrt(0.95 * 0.05 / len(pooled))
            assert figures.std() < 1.6 * values(repeated(kind, 240, 200), name).std()


def test_combining_one_round_changes_nothing_and_a_discount_forgets():
    first, last = repeated("right", 60, 200)[:2]
    assert combine([last]) == last
    assert combine([first, last], discount=1e-9).f_beta.value == pytest.approx(last.f_beta.value, abs=1e-6)
    twice = combine([combine([first, last], discount=0.5), last], discount=0.5)
    assert [one.weight for one in twice.rounds] == [0.25, 0.5, 1.0]
    assert combine([first, last]).n_questions == 120
    with pytest.raises(ValueError, match="discount: expected above 0, at most 1, got 0"):
        combine([first], discount=0)
    with pytest.raises(ValueError, match="rounds: expected at least one, all of one beta, got 0 of 0 betas"):
        combine([])


def test_differences_do_not_cross_rounds():
    draw = Draw(np.full(4, 0.5), np.array([0, 0, 1, 1]), np.ones(4))
    assert draw.variance(np.array([1.0, 1.0, 9.0, 9.0]))[0] == 0
    z = np.array([1.0, 2.0, 9.0, 7.0])
    assert draw.variance(z)[0] == 0.5 * (1 + 4)


@dataclass
class Said:
    confirmed: np.ndarray
    position: np.ndarray


def test_a_particle_counts_for_its_nearest_candidate_only():
    """Two candidates that both cover one particle: the farther is a false one, whether or not the nearer was asked."""
    circles = Circles(np.array([[0.0, 0], [6, 0], [50, 50]]), 5.0, np.array([0.8, 0.9, 0.7]))
    pool = Pool(Detections(circles, ("m",)))
    query = importance(pool, 3, threshold=0.5)
    at = np.array([[2.0, 0], [2, 0], [np.nan, np.nan]])
    found = estimate(query, Said(np.array([True, True, False])[query.chosen], at[query.chosen]), pool)
    assert found.precision.value == pytest.approx(1 / 3)
    assert estimate(query, np.array([True, True, False])[query.chosen], pool).precision.value == pytest.approx(2 / 3)


def test_nothing_that_counts_has_no_value_and_an_endless_interval():
    pool = pool_of(np.linspace(0.01, 0.4, 50))
    query = importance(pool, 10, threshold=0.9)
    found = estimate(query, np.zeros(10, bool), pool)
    for figure in (found.precision, found.recall, found.f_beta):
        assert np.isnan(figure.value)
        assert (figure.low, figure.high) == (0, 1)
    assert found.particles.value == 0
    assert 0 < found.particles.high < 0.5


def test_the_page_shows_what_was_measured():
    stored = load("query_estimates")
    page = query_estimates.PAGE.read_text()
    for table in query_estimates.tables_of(stored["figures"]).values():
        assert table in page


def test_estimates_refuse():
    pool = pool_of(np.linspace(0.1, 0.9, 9))
    query = importance(pool, 4)
    yes = np.ones(4, bool)
    for arguments, message in (
        ((entropy_score(pool, 4), yes, pool), "query: entropy_score has no inclusion probabilities"),
        ((query, yes[:3], pool), r"answers: expected 4 of bool, one a question, got bool of shape \(3,\)"),
        ((query, yes.astype(int), pool), "answers: expected 4 of bool, one a question, got int64"),
        ((query, yes, pool_of([0.5] * 8)), "pool: of 8 candidates, but the query is of 9"),
    ):
        with pytest.raises(ValueError, match=message):
            estimate(*arguments)
    with pytest.raises(ValueError, match="confidence: expected above 0 and below 1, got 1"):
        estimate(query, yes, pool, confidence=1)
    with pytest.raises(ValueError, match="estimator: expected one of hajek, horvitz-thompson, got 'plain'"):
        estimate(query, yes, pool, estimator="plain")
