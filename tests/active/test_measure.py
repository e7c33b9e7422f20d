"""What is measured of each round's picker."""

from __future__ import annotations

import numpy as np
import pytest

from motes import Circles, Micrograph
from motes.active import GroundTruth, measure, measuring, optimal_threshold, run
from motes.pickers import Labelled
from motes.picking import evaluate, suppress
from toy_picker import ToyPicker, problem

MICROGRAPHS, TRUTH = problem()
TEST = Labelled(*problem(n=3, seed=7, stem="test"))
VALIDATION = Labelled(*problem(n=2, seed=8, stem="held"))
PICKER = ToyPicker().fit(Labelled(MICROGRAPHS, TRUTH))


def test_measures_are_those_of_the_evaluation():
    found = PICKER.predict(TEST.micrographs).circles
    expected = evaluate(found[suppress(found, iou=0.3)], TEST.particles, n_bootstrap=0)
    got = measure(PICKER, TEST)
    for name in ("average_precision", "auc_grid", "best_f1", "best_threshold", "precision", "recall", "mean_iou"):
        assert got[name] == getattr(expected, name).value, name
    assert got["f1"] == got["best_f1"]
    assert got["threshold"] == got["best_threshold"]
    assert got["mean_iou_truth"] == pytest.approx(got["mean_iou"] * got["recall"])


def test_at_the_threshold_of_validation_micrographs():
    got = measuring(TEST, VALIDATION)(0, PICKER, None, None, None)
    t = optimal_threshold(PICKER.predict(VALIDATION.micrographs), VALIDATION.particles).threshold.value
    assert got["threshold"] == t != got["best_threshold"]
    found = PICKER.predict(TEST.micrographs).circles
    assert got["f1"] <= got["best_f1"]
    n_found = round(got["recall"] * len(TEST.particles))
    assert got["precision"] == pytest.approx(n_found / (found.scores >= t).sum())


def test_a_picker_that_finds_nothing():
    dark = Labelled([Micrograph(np.zeros((64, 64), np.float32), "dark", "array")], Circles(np.full((1, 2), 20.0), 4.0))
    got = measure(PICKER, dark, threshold=0.5)
    assert (got["average_precision"], got["recall"], got["f1"], got["threshold"]) == (0, 0, 0, 0.5)
    assert np.isnan(got["precision"])


def test_micrographs_without_particles_measure_nothing():
    with pytest.raises(ValueError, match="test: holds no particle"):
        measure(PICKER, Labelled(TEST.micrographs, TEST.particles[:0]))


def test_a_run_has_a_cost_curve():
    history = run(
        MICROGRAPHS, GroundTruth(TRUTH), ToyPicker(), "margin", initial=2, n=3, rounds=4, callback=measuring(TEST)
    )
    cost, reached = history.curve("average_precision")
    np.testing.assert_array_equal(cost, [2, 5, 8, 11])
    assert ((reached > 0.5) & (reached <= 1)).all()
