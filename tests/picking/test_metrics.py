"""Metrics of picking: each against its definition, counted out in loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from motes import Circles
from motes.picking import at_threshold, auc_grid, average_precision, best_threshold, evaluate, match, mean_iou
from motes.picking import precision_recall as curve_of


def problem(seed: int, *, n_micrographs: int = 3, n: int = 30) -> tuple[Circles, Circles]:
    """Picks with tied scores of 0 to 1, particles; micrographs without either."""
    rng = np.random.default_rng(seed)
    indptr = [np.concatenate([[0], np.cumsum(rng.integers(0, n, n_micrographs))]) for _ in range(2)]
    radii = 4.0
    picks, truth = (rng.uniform(0, 40, (ends[-1], 2)) for ends in indptr)
    scores = rng.integers(0, 21, len(picks)) / 20
    return Circles(picks, radii, scores, indptr=indptr[0]), Circles(truth, radii, indptr=indptr[1])


def counted(matches, threshold: float) -> tuple[float, float]:
    """Precision and recall of the picks of `threshold` or more."""
    chosen = [i for i, score in enumerate(matches.picks.scores) if score >= threshold]
    hits = [matches.particle[i] for i in chosen if matches.particle[i] >= 0]
    precision = len(hits) / len(chosen) if chosen else 1.0
    return precision, len(set(hits)) / len(matches.truth) if len(matches.truth) else 1.0


def f_of(precision: float, recall: float, beta: float) -> float:
    below = beta**2 * precision + recall
    return (1 + beta**2) * precision * recall / below if below else 0.0


problems = st.builds(problem, st.integers(0, 2**32 - 1), n=st.sampled_from([1, 3, 30]))
rules = st.sampled_from(["greedy", "optimal", "best", "first", "topaz"])


@given(problems, rules)
def test_curve_and_areas_are_their_definitions(case, rule):
    matches = match(*case, iou=0.2, rule=rule)
    curve = curve_of(matches)
    thresholds = sorted(set(matches.picks.scores.tolist()), reverse=True)
    assert curve.threshold.tolist() == thresholds
    points = [counted(matches, t) for t in thresholds]
    np.testing.assert_allclose(
        np.column_stack([curve.precision, curve.recall]), np.reshape(points, (-1, 2)), rtol=1e-14
    )
    area, before = 0.0, 0.0
    for precision, recall in points:
        area, before = area + (recall - before) * precision, recall
    if points:
        assert average_precision(matches, n_bootstrap=0).value == pytest.approx(area, abs=1e-14)
    grid, before = 0.0, counted(matches, 1.0)[1] if points else 0.0
    for i in range(1, 1001):
        precision, recall = counted(matches, (1000 - i) / 1000)
        grid, before = grid + (recall - before) * precision, recall
    if points:
        assert auc_grid(matches, n_bootstrap=0).value == pytest.approx(grid, abs=1e-12)


@given(problems, rules, st.sampled_from([0.5, 1.0, 2.0]))
def test_best_threshold_is_the_best_of_all(case, rule, beta):
    matches = match(*case, iou=0.2, rule=rule)
    if len(matches.picks) == 0:
        with pytest.raises(ValueError, match="no picks, so no threshold"):
            best_threshold(matches)
        return
    scores = sorted(set(matches.picks.scores.tolist()), reverse=True)
    values = [f_of(*counted(matches, t), beta) for t in scores]
    best = best_threshold(matches, beta=beta, n_bootstrap=0)
    assert best.f_beta.value == pytest.approx(max(values))
    assert f_of(*counted(matches, best.threshold.value), beta) == pytest.approx(max(values))
    point = at_threshold(matches, best.threshold.value, beta=beta, n_bootstrap=0)
    precision, recall = counted(matches, best.threshold.value)
    recall = recall if len(matches.truth) else np.nan  # the curve's 1, where there is no number
    assert (point.precision.value, point.recall.value) == pytest.approx((precision, recall), nan_ok=True)
    assert point.f_beta.value == pytest.approx(max(values))
    above = at_threshold(matches, 2.0, n_bootstrap=0)
    assert np.isnan(above.precision.value)
    assert above.recall.value == pytest.approx(0.0 if len(matches.truth) else np.nan, nan_ok=True)


@given(
    problems, st.sampled_from(["greedy", "best"]), st.sampled_from(["circle", "box"]), st.sampled_from([-np.inf, 0.5])
)
def test_mean_iou_in_its_variants(case, rule, shape, threshold):
    matches = match(*case, iou=0.2, rule=rule)
    overlap = reference.circle_iou if shape == "circle" else reference.OVERLAP["box_iou"]
    picks, truth = (np.column_stack([side.centres, side.radii]) for side in case)
    best: dict[int, float] = {}
    for i, j in enumerate(matches.particle.tolist()):
        if j >= 0 and case[0].scores[i] >= threshold:
            best[j] = max(best.get(j, 0.0), overlap(picks[i], truth[j]))
    total = sum(best.values())
    of = {over: mean_iou(matches, over=over, shape=shape, threshold=threshold, n_bootstrap=0).value
          for over in ("matched", "truth", "micrograph")}  # fmt: skip
    assert of["matched"] == pytest.approx(total / len(best) if best else np.nan, nan_ok=True)
    assert of["truth"] == pytest.approx(total / len(truth) if len(truth) else 1)
    means = []
    for m in range(3):
        inside = range(case[1].indptr[m], case[1].indptr[m + 1])
        found = [best[j] for j in inside if j in best]
        if inside:
            means.append(sum(found) / len(found) if found else 0.0)
    assert of["micrograph"] == pytest.approx(np.mean(means) if means else 0)


def test_a_particle_that_many_claim_is_found_once():
    picks, truth = Circles(np.zeros((4, 2)), 5.0, np.arange(4) / 4), Circles(np.array([[1.0, 0], [90, 0]]), 5.0)
    greedy, best = (at_threshold(match(picks, truth, rule=rule)) for rule in ("greedy", "best"))
    assert (greedy.precision.value, greedy.recall.value) == (0.25, 0.5)
    assert (best.precision.value, best.recall.value) == (1.0, 0.5)


def test_what_nothing_is_worth():
    nothing = Circles(np.empty((0, 2)), 1.0, np.empty(0))
    one = Circles(np.zeros((1, 2)), 1.0, np.ones(1))
    missed, invented, right = match(nothing, one), match(one, nothing), match(nothing, nothing)
    none = np.nan
    cases = ((missed, none, 0, 0, 0), (invented, 0, none, 0, 0), (right, none, none, 1, 1))
    for matches, precision, recall, f1, area in cases:
        point = at_threshold(matches)
        found = (point.precision.value, point.recall.value, point.f_beta.value)
        assert found == pytest.approx((precision, recall, f1), nan_ok=True)
        assert average_precision(matches).value == area


def test_intervals_repeat_themselves_and_cover():
    """Percentiles over whole micrographs: 90% intervals hold the long-run figure in about 90% of the draws."""
    matches = match(*problem(1, n_micrographs=12), iou=0.2)
    first, again = (average_precision(matches, seed=5, n_bootstrap=300) for _ in range(2))
    assert (first.value, first.low, first.high) == (again.value, again.low, again.high)
    assert first.low < first.value < first.high
    figures = [
        average_precision(match(*problem(seed, n_micrographs=400), iou=0.2), n_bootstrap=0).value for seed in range(3)
    ]
    truth, inside = np.mean(figures), 0
    for seed in range(60):
        found = average_precision(
            match(*problem(100 + seed, n_micrographs=25), iou=0.2), confidence=0.9, n_bootstrap=200, seed=seed
        )
        inside += found.low <= truth <= found.high
    assert 46 <= inside <= 60  # the binomial's 0.1% quantile for 54


def test_one_micrograph_has_no_interval():
    found = best_threshold(match(*problem(2, n_micrographs=1), iou=0.2))
    assert np.isnan([found.threshold.low, found.threshold.high, found.f_beta.low]).all()


def test_resampling_is_resampling():
    """Weights on micrographs are the micrographs themselves, repeated."""
    from motes.picking.ranking import Ranking

    picks, truth = problem(3)
    repeated = [side.of_micrograph(m) for side in (picks, truth) for m in (0, 2, 2)]
    whole = match(Circles.concatenate(repeated[:3]), Circles.concatenate(repeated[3:]), iou=0.2)
    weighted = Ranking(match(picks, truth, iou=0.2)).tally(np.array([1.0, 0, 2]))
    tally = Ranking(whole).tally()
    at = np.searchsorted(-weighted.threshold, -tally.threshold)
    for name in ("picks", "hits", "found"):
        np.testing.assert_array_equal(getattr(weighted, name)[at], getattr(tally, name))


def test_evaluate_tallies_each_sample_once(monkeypatch):
    from motes.picking.ranking import Ranking

    tallied, tally = [], Ranking.tally
    monkeypatch.setattr(
        Ranking, "tally", lambda self, weights=None: (tallied.append(np.shape(weights)), tally(self, weights))[1]
    )
    evaluate(*problem(4, n_micrographs=8), iou=0.2, n_bootstrap=50)
    assert sorted(tallied) == [(), (1, 8), (50, 8)]  # the curve; the figures; their intervals


def test_samples_are_drawn_in_parts(monkeypatch):
    """Of 16 MB of weights no more than a few parts are there at a time, and the parts change nothing."""
    import tracemalloc

    from motes.picking import ranking

    n = 2000
    matches = match(*(Circles(np.zeros((n, 2)), 1.0, np.arange(n) % 2 / 2, indptr=np.arange(n + 1)) for _ in "pt"))
    tracemalloc.start()
    found = at_threshold(matches, 0.5)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 6e6
    monkeypatch.setattr(ranking, "CHUNK", 1 << 30)
    assert at_threshold(matches, 0.5) == found


@pytest.mark.parametrize("real", [np.float32, np.float64])
def test_scores_are_compared_in_float64(real):
    """0.7 as float32 is below 0.7: the pick is no prediction by any of the metrics that take a threshold."""
    from motes.plotting.overlay import found_missed_false

    one = Circles(np.zeros((1, 2), real), real(5.0), np.array([0.7], real))
    matches = match(one, one)
    counts = float(real(0.7).item() >= 0.7)
    assert counts == (real is np.float64)
    assert at_threshold(matches, 0.7).recall.value == counts
    assert mean_iou(matches, threshold=0.7, over="truth").value == counts
    assert len(found_missed_false(matches, 0, 0.7)["found"]) == counts


def test_evaluate_says_it_all():
    picks, truth = problem(4, n_micrographs=8)
    found = evaluate(picks, truth, iou=0.2, n_bootstrap=50)
    told = found.as_dict()
    assert list(told) == [
        "n_picks", "n_truth", "average_precision", "auc_grid", "best_f1", "best_threshold", "precision", "recall",
        "mean_iou",
    ]  # fmt: skip
    assert (told["n_picks"], told["n_truth"]) == (len(picks), len(truth))
    assert found.best_f1.value == pytest.approx(f_of(found.precision.value, found.recall.value, 1))
    assert told["mean_iou"].keys() == {"value", "low", "high"}
    log_odds = Circles(picks.centres, picks.radii, 9 * picks.scores - 4, indptr=picks.indptr)
    nothing = {"value": None, "low": None, "high": None}
    assert evaluate(log_odds, truth, iou=0.2, n_bootstrap=0).as_dict()["auc_grid"] == nothing
    assert evaluate(log_odds, truth, iou=0.2, n_bootstrap=0).as_dict()["recall"]["low"] is None


def test_what_has_no_number_is_none():
    """No pick is near a particle: precision and recall are 0 of some, a mean IoU of none; no sample tells otherwise."""
    picks = Circles(np.array([[5.0, 5], [5, 5], [9, 9]]), 2.0, np.array([0.9, 0.3, 0.3]), indptr=[0, 1, 2, 3])
    truth = Circles(np.array([[50.0, 50], [60, 60]]), 2.0, indptr=[0, 1, 2, 2])
    told = evaluate(picks, truth).as_dict()
    assert told["precision"] == told["recall"] == {"value": 0, "low": 0, "high": 0}
    assert told["mean_iou"] == {"value": None, "low": None, "high": None}
    nothing = evaluate(picks, Circles(np.zeros((0, 2)), 2.0, indptr=[0, 0, 0, 0])).as_dict()
    assert nothing["recall"] == {"value": None, "low": None, "high": None}


MATCHES = match(*problem(5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: auc_grid(match(Circles(np.zeros((1, 2)), 1.0, np.array([1.5])), MATCHES.truth.of_micrograph(0))),
         "scores: the grid of thresholds runs from 0 to 1, got 1.5"),
        (lambda: curve_of(match(Circles(np.zeros((1, 2)), 1.0), Circles(np.zeros((1, 2)), 1.0))), "have no scores"),
        (lambda: at_threshold(match(Circles(np.zeros((1, 2)), 1.0), MATCHES.truth.of_micrograph(0)), 0.5),
         "have no scores"),
        (lambda: best_threshold(MATCHES, beta=0), "beta: expected a finite number above 0, got 0"),
        (lambda: at_threshold(MATCHES, beta=np.nan), "beta: expected a finite number above 0, got nan"),
        (lambda: at_threshold(MATCHES, np.nan), "threshold: expected a number, got nan"),
        (lambda: mean_iou(MATCHES, threshold=np.nan), "threshold: expected a number, got nan"),
        (lambda: average_precision(MATCHES, confidence=95), "confidence: expected above 0 and below 1, got 95"),
        (lambda: average_precision(MATCHES, n_bootstrap=-1), "n_bootstrap: expected 0 or more, got -1"),
        (lambda: mean_iou(MATCHES, over="all"), "over: expected matched, truth or micrograph, got 'all'"),
        (lambda: mean_iou(MATCHES, shape="disc"), "shape: expected circle or box, got 'disc'"),
    ],
)  # fmt: skip
def test_metrics_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
