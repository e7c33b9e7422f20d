"""Metrics of a round are those of `motes.picking`, and what a micrograph contributes adds up to them."""

from __future__ import annotations

import numpy as np
import pytest

from made_up_study import made_up_plan, made_up_result
from motes import picking
from motes.circles import Circles
from motes.study.cellresult import Costs, Round, Seconds
from motes.study.metrics import METRICS, contributions, measure

M = 4


@pytest.fixture
def matched():
    """Picks that were matched for once, and the same as a round keeps them."""
    rng = np.random.default_rng(3)
    truth = Circles.concatenate([Circles(rng.uniform(0, 300, (30, 2)), 8.0) for _ in range(M)])
    parts = []
    for m in range(M):
        own = truth.of_micrograph(m).centres[:22] + rng.normal(0, 2.5, (22, 2))
        others = rng.uniform(0, 300, (25, 2))
        parts.append(Circles(np.concatenate([own, others]), 8.0, rng.uniform(0, 1, 47).round(2)))
    matches = picking.match(Circles.concatenate(parts), truth, iou=0.5)
    iou = np.where(matches.hit, matches.overlap, 0).astype(np.float32)
    seconds, costs = Seconds(0, 0, 0, 0), Costs(0, 0, 0, 0, 0)
    kept = Round(costs, 0.4, None, seconds, matches.picks.scores, matches.picks.micrograph, matches.particle, iou)
    return matches, kept, tuple(np.diff(truth.indptr).tolist())


def test_figures_are_those_of_picking(matched):
    matches, kept, n_truth = matched
    found = {name: float(values[0]) for name, values in measure(kept, n_truth, np.ones((1, M))).items()}
    point = picking.at_threshold(matches, 0.4, n_bootstrap=0)
    expected = {
        "average_precision": picking.average_precision(matches, n_bootstrap=0),
        "auc_grid": picking.auc_grid(matches, n_bootstrap=0),
        "best_f1": picking.best_threshold(matches, n_bootstrap=0).f_beta,
        "f1": point.f_beta,
        "precision": point.precision,
        "recall": point.recall,
        "mean_iou_matched": picking.mean_iou(matches, threshold=0.4, n_bootstrap=0),
        "mean_iou_truth": picking.mean_iou(matches, threshold=0.4, over="truth", n_bootstrap=0),
    }
    assert found.keys() == expected.keys() == METRICS.keys()
    for name, estimate in expected.items():
        assert found[name] == pytest.approx(estimate.value, abs=1e-6), name


def test_weights_count_micrographs_as_copies_would(matched):
    """A micrograph that counts twice is one that is there twice."""
    matches, kept, n_truth = matched
    rows = [0, 0, 2, 3]
    circles = [Circles.concatenate([side.of_micrograph(m) for m in rows]) for side in (matches.picks, matches.truth)]
    copies = picking.match(*circles, iou=0.5)
    found = measure(kept, n_truth, np.array([[2.0, 0, 1, 1]]))
    assert found["average_precision"][0] == pytest.approx(picking.average_precision(copies, n_bootstrap=0).value)
    assert found["recall"][0] == pytest.approx(picking.at_threshold(copies, 0.4, n_bootstrap=0).recall.value)


def test_contributions_have_the_metric_as_their_mean(matched):
    _, kept, n_truth = matched
    whole = measure(kept, n_truth, np.ones((1, M)))
    for name, values in contributions(kept, n_truth).items():
        assert values.mean() == pytest.approx(whole[name][0], rel=1e-12), name
        assert values.std() > 0


def test_resampled_contributions_are_the_resampled_metric(matched):
    """The interval that contributions give, beside that of the metric computed anew for every sample."""
    _, kept, n_truth = matched
    weights = np.random.default_rng(0).multinomial(M, np.full(M, 1 / M), 4000).astype(float)
    for name in ("average_precision", "f1", "best_f1"):
        anew = measure(kept, n_truth, weights)[name]
        by_parts = weights @ contributions(kept, n_truth)[name] / M
        assert by_parts.std() == pytest.approx(anew.std(), rel=0.15)
        assert np.corrcoef(anew, by_parts)[0, 1] > 0.93


def test_one_micrograph_and_none_found(tmp_path):
    plan = made_up_plan(tmp_path, m=6, folds={"n": 6})
    kept = made_up_result(plan, plan.cells[0]).rounds[0]
    for name, values in contributions(kept, (40,)).items():
        assert values == measure(kept, (40,), np.ones((1, 1)))[name]
    nothing = Round(kept.costs, np.nan, None, kept.seconds, *(np.zeros(0, kind) for kind in (float, int, int, float)))
    found = measure(nothing, (40, 40), np.ones((1, 2)))
    assert {name: float(values[0]) for name, values in found.items() if np.isfinite(values[0])} == {
        "average_precision": 0, "auc_grid": 0, "best_f1": 0, "f1": 0, "recall": 0, "mean_iou_truth": 0,
    }  # fmt: skip
