"""Intervals hold as often as they say: for all strategies together, over seeds and micrographs."""

from __future__ import annotations

import numpy as np
import pytest

from contributions import STRATEGIES, different_by_percentiles, table
from motes.study.areas import common_range, mean_over
from motes.study.statistics import compare, compare_seeds


def covered(n_studies, seed, **noise):
    """Share of studies in which all intervals hold, the average width, and the average coverage of one interval."""
    rng = np.random.default_rng(seed)
    effect = noise.get("effect", 0.0)
    hold, widths = np.zeros((n_studies, STRATEGIES), bool), []
    for study in range(n_studies):
        found = compare(table(rng, **noise), n_bootstrap=300, seed=study)
        hold[study] = [one.low <= effect <= one.high for one in found]
        widths.append(np.mean([one.high - one.low for one in found]))
    return hold.all(axis=1).mean(), np.mean(widths), hold.mean()


@pytest.mark.parametrize(
    "noise",
    [
        pytest.param({"model": 1, "pair": 0.3}, id="every micrograph of every seed"),
        pytest.param({"model": 1, "pair": 0.3, "every_fold": False}, id="one fold a seed"),
        pytest.param({"model": 0.5, "micrograph": 0.7, "pair": 0.3, "every_fold": False}, id="micrographs differ"),
        pytest.param({"pair": 1}, id="pairs alone"),
        pytest.param({"model": 1, "pair": 0.3, "heavy": True}, id="heavy tails"),
    ],
)
def test_of_copies_of_random_hardly_any_study_calls_one_different(noise):
    together, _, _ = covered(200, seed=4, **noise)
    # 95% asked for; of 200 studies 2.3 standard errors below it are 91.5%.
    assert together >= 0.915


def test_the_interval_is_not_wider_than_it_has_to_be():
    together, _, one = covered(200, seed=5, model=1, pair=0.3)
    assert together <= 0.995
    assert one > together


def test_a_known_effect_is_covered_and_found():
    together, width, _ = covered(100, seed=6, model=0.3, pair=0.1, effect=1.5)
    assert together >= 0.9
    assert width < 1.5  # so that 0 is outside
    found = compare(table(np.random.default_rng(0), model=0.3, effect=1.5))
    assert [one.verdict for one in found] == ["better"] * STRATEGIES
    lost = compare(-table(np.random.default_rng(0), model=0.3, effect=1.5))
    assert [one.verdict for one in lost] == ["worse"] * STRATEGIES


def test_plain_percentiles_would_not_hold():
    """What the correction is for: the same bootstrap read off by percentiles calls copies of random different."""
    rng = np.random.default_rng(7)
    tables = (table(rng, model=1, pair=0.3, every_fold=False) for _ in range(150))
    wrong = sum(different_by_percentiles(x, rng, 300) for x in tables)
    assert wrong / 150 > 0.1


def test_the_estimate_is_the_mean_over_what_was_run():
    x = table(np.random.default_rng(1), model=1, every_fold=False)
    np.testing.assert_allclose([one.difference for one in compare(x)], np.nanmean(x, axis=(1, 2)), rtol=1e-12)


def test_the_standard_error_is_that_of_many_studies():
    """Each source of noise alone, against the spread of the estimate over simulated studies."""
    for noise in ({"model": 1}, {"micrograph": 1}, {"model": 0.6, "micrograph": 0.6, "pair": 0.5}):
        rng = np.random.default_rng(8)
        studies = [compare(table(rng, **noise), n_bootstrap=10) for _ in range(150)]
        told = np.mean([[one.std_error**2 for one in study] for study in studies])
        spread = np.mean([[one.difference**2 for one in study] for study in studies])
        assert told == pytest.approx(spread, rel=0.2)


@pytest.mark.parametrize(("n_seeds", "own"), [(3, 1.0), (5, 0.3), (10, 1.0)])
def test_intervals_over_seeds_alone(n_seeds, own):
    """Copies of random, whose baseline all share: own noise of each, as large as the baseline's or smaller."""
    rng, hold = np.random.default_rng(9), []
    for _ in range(400):
        x = own * rng.normal(size=(4, n_seeds)) - rng.normal(size=n_seeds)
        hold.append(all(one.low <= 0 <= one.high for one in compare_seeds(x)))
    assert np.mean(hold) >= 0.925  # 2.3 standard errors below 95%


def test_over_seeds_alone_by_hand():
    [one] = compare_seeds([[1.0, 2.0, 3.0]])
    assert (one.difference, one.std_error) == pytest.approx((2, 1 / np.sqrt(3)))
    assert one.high - one.low == pytest.approx(2 * 4.302653 / np.sqrt(3))  # of t with 2 degrees of freedom
    assert np.isnan(compare_seeds([[1.0]])[0].low)
    assert compare_seeds(np.zeros((0, 3))) == []
    for words, message in [(([1.0],), "shape"), (([[np.inf]],), "finite")]:
        with pytest.raises(ValueError, match=f"differences: expected .*{message}"):
            compare_seeds(*words)
    with pytest.raises(ValueError, match="confidence"):
        compare_seeds([[1.0, 2.0]], confidence=1)


def test_few_numbers_have_no_interval():
    for shape in ((2, 1, 5), (2, 5, 1)):
        for one in compare(np.ones(shape)):
            assert one.difference == 1
            assert np.isnan(one.low)
            assert one.verdict == "not distinguishable"
    assert np.isnan(compare(np.full((1, 3, 3), np.nan))[0].difference)
    assert compare(np.zeros((0, 3, 3))) == []


def test_a_strategy_that_never_differs_has_an_interval_of_no_width():
    x = np.random.default_rng(3).normal(size=(2, 6, 6))
    x[0] = 0
    same, other = compare(x)
    assert (same.low, same.difference, same.high) == (0, 0, 0)
    assert same.verdict == "not distinguishable"
    assert other.low < other.high


def test_without_a_spread_of_samples_nothing_is_called_different():
    """Most samples of so sparse a table hold none of its pairs."""
    x = np.full((1, 6, 6), np.nan)
    x[0][np.diag_indices(6)] = 1 + np.arange(6) / 100
    verdicts = {compare(x, n_bootstrap=2, seed=seed)[0].verdict for seed in range(200)}
    assert "not distinguishable" in verdicts
    for seed in range(200):
        one = compare(x, n_bootstrap=2, seed=seed)[0]
        assert np.isnan(one.low) or one.low < one.high


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"contributions": np.ones((3, 3))}, "expected shape"),
        ({"contributions": np.ones((1, 3, 3)), "confidence": 1.0}, "confidence"),
        ({"contributions": np.ones((1, 3, 3)), "n_bootstrap": 1}, "n_bootstrap: expected 2 or more, got 1"),
        ({"contributions": np.array([[[1.0, np.nan]], [[1.0, 1.0]]])}, "lack different pairs"),
    ],
)
def test_what_compare_refuses(words, message):
    with pytest.raises(ValueError, match=message):
        compare(**words)


def test_areas_by_hand():
    cost, reached = np.array([5.0, 15, 25]), np.array([0.2, 0.6, 0.8])
    assert mean_over(cost, reached, 5, 25) == pytest.approx((0.4 + 0.7) / 2)
    assert mean_over(cost, reached, 10, 20) == pytest.approx((0.5 + 0.65) / 2)
    both = mean_over(cost, np.stack([reached, 2 * reached], axis=1), 5, 25)
    np.testing.assert_allclose(both, [0.55, 1.1])
    # Two rounds at one cost: the later model is the one that is had for it.
    assert mean_over(np.array([1.0, 2, 2]), np.array([0.0, 0.4, 1]), 1, 2) == pytest.approx(0.5)
    assert common_range(cost, np.array([25.0, 30])) is None
    for words in ((cost[::-1], reached, 5, 25), (cost, reached, 0, 25), (cost, reached, 9, 9)):
        with pytest.raises(ValueError, match="expected"):
            mean_over(*words)
