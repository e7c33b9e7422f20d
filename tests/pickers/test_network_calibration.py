"""What a network's scores are worth, from what has been said about some candidates."""

from __future__ import annotations

import numpy as np
import pytest

from discs import DIAMETER, circles, discs
from motes import Circles
from motes.pickers import Labelled, prepare
from motes.pickers.calibration import Calibration
from motes.pickers.networks.base import UNKNOWN, calibrated
from motes.pickers.networks.targets import teach

NO_LOOKS = np.zeros((0, 1), np.float32)


@pytest.fixture(scope="module")
def scene():
    """A micrograph, its first particles labelled, its last rejected; candidates at all of them, scores far apart."""
    micrograph, places = discs(1)
    rng = np.random.default_rng(0)
    scores = np.where(np.arange(len(places)) < 20, 3.0, -3.0) + 0.1 * rng.normal(size=len(places))

    def taught(complete):
        labelled = Labelled([micrograph], circles(places[:5]), circles(places[25:]), np.array([complete]))
        return teach(labelled, lambda one: prepare(one, DIAMETER)), labelled

    return taught, Circles(places, DIAMETER / 2, scores)


def test_scores_far_apart_are_told_apart_and_never_tied(scene):
    taught, found = scene
    one, labelled = taught(False)
    calibration = calibrated(one, [(found, NO_LOOKS)], labelled)
    probability = calibration(found.scores)
    assert probability.mean() == pytest.approx(2 / 3, abs=0.15)
    assert (probability[:20] > 0.7).all()
    assert (probability[20:] < 0.1).all()
    order = np.argsort(found.scores)
    assert (np.diff(probability[order]) > 0).all()


def test_on_a_complete_micrograph_what_has_no_label_is_none(scene):
    taught, found = scene
    one, labelled = taught(True)
    probability = calibrated(one, [(found, NO_LOOKS)], labelled)(found.scores)
    assert probability.mean() == pytest.approx(5 / 30, abs=0.05)


def test_without_candidates_nothing_is_known(scene):
    taught, found = scene
    one, labelled = taught(False)
    for few in (found[:1], found[:0]):
        assert calibrated(one, [(few, NO_LOOKS)], labelled) == UNKNOWN


def test_certainty_has_no_end():
    """Of a line as steep as can be."""
    calibration = Calibration(800.0, 0.0)
    probability = calibration(np.linspace(-4, 4, 401))
    assert (np.diff(probability) > 0).all()
    assert probability.min() > 0
    assert probability.max() < 1
