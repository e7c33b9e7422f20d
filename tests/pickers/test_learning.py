"""Logistic regression, what labels would score had they not been seen, peaks, and probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

from motes.pickers.calibration import CONFIRMED, NONE, Calibration, calibrate, calibration_error
from motes.pickers.logistic import fit_logistic, left_out
from motes.pickers.peaks import peaks


def problem(seed=0, n=300, k=5):
    rng = np.random.default_rng(seed)
    table = np.concatenate([rng.standard_normal((n, k)), np.ones((n, 1))], axis=1).astype(np.float32)
    targets = table @ rng.standard_normal(k + 1) + rng.logistic(size=n) > 0
    weights = rng.uniform(0.1, 1, n)
    return table, targets, weights / weights.sum()


def loss(at, table, targets, weights, penalty):
    logits = table.astype(np.float64) @ at
    return weights @ np.logaddexp(0, np.where(targets, -logits, logits)) + penalty * (at[:-1] ** 2).sum() / 2


@pytest.mark.parametrize("penalty", [1e-4, 0.01, 1.0])
def test_newton_finds_the_minimum(penalty):
    table, targets, weights = problem()
    found, _ = fit_logistic(table, targets, weights, penalty)
    best = minimize(loss, np.zeros(6), (table, targets, weights, penalty), tol=1e-12)
    assert loss(found, table, targets, weights, penalty) <= best.fun + 1e-7
    np.testing.assert_allclose(found, best.x, atol=5e-3)


def test_separable_classes_have_a_minimum_too():
    table = np.array([[-1, 1], [1, 1]], np.float32)
    found, _ = fit_logistic(table, np.array([False, True]), np.array([0.5, 0.5]), 0.01)
    assert np.isfinite(found).all()
    assert found[0] > 1


def test_threads_change_no_bit():
    table, targets, weights = problem(n=5000, k=60)
    bits = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            bits.append(fit_logistic(table, targets, weights, 0.01)[0].tobytes())
    assert len(set(bits)) == 1


def test_leaving_a_group_out_is_foretold():
    table, targets, weights = problem(n=400, k=8)
    order = np.argsort(~targets, kind="stable")
    table, targets = table[order], targets[order]
    weights = np.where(targets, 0.5 / targets.sum(), 0.5 / (~targets).sum())
    groups = np.arange(targets.sum()) // 5
    found, curvature = fit_logistic(table, targets, weights, 0.01)
    own = slice(targets.sum())
    told = left_out(table[own], weights[own], groups, found, curvature)
    true = []
    for group in range(groups.max() + 1):
        kept = np.ones(len(table), bool)
        kept[np.flatnonzero(groups == group)] = False
        others = weights * np.where(targets, weights[targets].sum() / weights[targets & kept].sum(), 1)
        without, _ = fit_logistic(table[kept], targets[kept], others[kept], 0.01)
        true.append((table[~kept] @ (found - without)).mean())
    assert np.corrcoef(told, true)[0, 1] > 0.9
    assert 0.6 < told.mean() / np.mean(true) < 1.1


def test_peaks_are_refined():
    x, y = np.meshgrid(np.arange(40), np.arange(30))
    tops = np.array([[10.3, 8.8], [27.4, 20.1]])
    scores = sum(a * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / 18) for a, (cx, cy) in zip((2, 1), tops, strict=True))
    places, heights, pixels = peaks(scores.astype(np.float32), 6)
    np.testing.assert_allclose(places, tops, atol=0.05)
    np.testing.assert_allclose(heights, [2, 1], atol=0.01)
    np.testing.assert_array_equal(pixels, np.rint(tops))


def test_slopes_and_margins_are_no_peaks():
    x, _ = np.meshgrid(np.arange(50.0), np.arange(20.0))
    places, heights, _ = peaks(x.astype(np.float32), 5)
    assert len(places) == len(heights) == 0


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (3, 3), (0, 5)])
def test_small_maps_have_few_peaks(shape):
    assert len(peaks(np.zeros(shape, np.float32), 3)[0]) <= 1


@given(slope=st.floats(1e-3, 50), offset=st.floats(-50, 50))
def test_probabilities_rise_strictly(slope, offset):
    calibration = Calibration(slope, offset)
    assert Calibration.from_array(calibration.as_array()) == calibration
    probability = calibration(np.linspace(-10, 10, 201))
    assert ((probability > 0) & (probability < 1)).all()
    assert (np.diff(probability) > 0).all()


def mixture(rng, n=4000, share=0.3, gap=4.0):
    truth = rng.random(n) < share
    return np.where(truth, rng.normal(gap / 2, 1, n), rng.normal(-gap / 2, 1.5, n)), truth


UNKNOWN = np.full(4000, -1, np.int8)


@pytest.mark.parametrize("share", [0.1, 0.3, 0.7])
def test_probabilities_are_what_they_say_without_a_label(share):
    scores, truth = mixture(np.random.default_rng(0), share=share)
    found = calibrate(scores, UNKNOWN)(scores)
    assert found.mean() == pytest.approx(share, abs=0.03)
    assert calibration_error(found, truth) < 0.03


@pytest.mark.parametrize("gap", [2.5, 4.0])
@pytest.mark.parametrize("share", [0.1, 0.3])
def test_some_labelled_particles_are_enough(share, gap):
    """Also where scores do not fall into two heaps."""
    scores, truth = mixture(np.random.default_rng(1), share=share, gap=gap)
    known = UNKNOWN.copy()
    known[np.flatnonzero(truth)[:100]] = 1
    assert calibration_error(calibrate(scores, known)(scores), truth) < 0.1


def test_rejections_make_room_for_fewer_particles():
    scores, truth = mixture(np.random.default_rng(1), gap=1.5)
    known = UNKNOWN.copy()
    known[np.flatnonzero(truth)[:100]] = 1
    before = calibrate(scores, known)(scores)
    wrong = np.flatnonzero(~truth)
    known[wrong[np.argsort(-scores[wrong])[:300]]] = 0
    after = calibrate(scores, known)(scores)
    assert after.sum() < before.sum()
    assert calibration_error(after, truth) < calibration_error(before, truth)


def test_what_is_known_altogether_is_counted():
    rng = np.random.default_rng(2)
    scores = rng.normal(0, 2, 4000)
    truth = rng.random(4000) < 1 / (1 + np.exp(1 - 2 * scores))
    found = calibrate(scores, truth.astype(np.int8))(scores)
    assert found.sum() == pytest.approx(truth.sum(), rel=0.01)
    assert calibration_error(found, truth) < 0.02


@pytest.mark.parametrize("gap", [2.0, 3.0])
@pytest.mark.parametrize("labelled", [0.02, 0.3, 0.9])
def test_labels_of_particles_alone_do_not_make_particles_of_the_rest(labelled, gap):
    """The normal case: labels are particles by lot, and nobody has said of any place that it is none."""
    rng = np.random.default_rng(3)
    truth = rng.random(10_000) < 0.3
    scores = rng.normal(np.where(truth, gap / 2, -gap / 2), 1)
    known = np.full(len(scores), -1, np.int8)
    known[truth & (rng.random(len(scores)) < labelled)] = 1
    found = calibrate(scores, known)
    others = rng.random(10_000) < 0.3
    error = calibration_error(found(rng.normal(np.where(others, gap / 2, -gap / 2), 1)), others)
    assert error < (0.13 if labelled < 0.1 else 0.05)


@pytest.mark.parametrize("asked", [20, 200, 1000])
def test_answers_to_the_most_doubtful_do_no_harm(asked):
    """As after rounds of queries: some particles by lot, and both answers where the picker is least sure."""
    rng = np.random.default_rng(4)
    truth = rng.random(10_000) < 0.3
    scores = rng.normal(np.where(truth, 1.5, -1.5), 1)
    known = np.full(len(scores), -1, np.int8)
    known[rng.choice(np.flatnonzero(truth), 50, replace=False)] = 1
    doubtful = np.argsort(np.abs(scores - np.log(7 / 3) / 3), kind="stable")[:asked]
    known[doubtful] = np.where(truth[doubtful], CONFIRMED, NONE)
    found = calibrate(scores, known)
    assert calibration_error(found(scores), truth) < 0.1
    taken_for_lot = calibrate(scores, np.minimum(known, 1))
    assert asked < 100 or calibration_error(taken_for_lot(scores), truth) > 0.15  # what `asked` is for


@given(
    scores=st.lists(st.floats(-100, 100), max_size=20),
    known=st.integers(-1, 2),
)
def test_any_scores_give_probabilities(scores, known):
    values = np.array(scores, np.float64)
    said = np.full(len(values), -1, np.int8)
    said[: len(values) // 2] = known
    probability = calibrate(values, said)(values)
    assert ((probability >= 0) & (probability <= 1)).all()


def test_numbers_that_are_no_calibration_are_refused():
    with pytest.raises(ValueError, match="calibration"):
        Calibration.from_array(np.array([0.0, 1.0]))
