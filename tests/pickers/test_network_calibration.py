"""What a network's scores are worth, from what has been said about some candidates."""

from __future__ import annotations

import numpy as np
import pytest

from discs import DIAMETER, discs
from motes.pickers import prepare
from motes.pickers.calibration import Calibration
from motes.pickers.networks.base import UNKNOWN, calibrated
from motes.pickers.networks.targets import Taught


@pytest.fixture(scope="module")
def scene():
    """A micrograph, its first particles labelled, its last rejected; candidates at all of them, scores far apart."""
    micrograph, places = discs(1)
    prepared = prepare(micrograph, DIAMETER)
    at = prepared.to_prepared(places)
    rng = np.random.default_rng(0)
    scores = np.where(np.arange(len(places)) < 20, 3.0, -3.0) + 0.1 * rng.normal(size=len(places))

    def taught(complete):
        return Taught(prepared, micrograph.shape, at[:5], np.full(5, DIAMETER), at[25:], complete)

    return taught, (places, scores, np.zeros((len(places), 1), np.float32))


def test_scores_far_apart_are_nearly_certain_and_never_tied(scene):
    taught, found = scene
    calibration = calibrated([taught(False)], [found], DIAMETER)
    probability = calibration(found[1])
    assert calibration.prior == pytest.approx(2 / 3, abs=0.05)
    assert (probability[:20] > 0.99).all()
    assert (probability[20:] < 0.01).all()
    order = np.argsort(found[1])
    assert (np.diff(probability[order]) > 0).all()


def test_on_a_complete_micrograph_what_has_no_label_is_none(scene):
    taught, found = scene
    assert calibrated([taught(True)], [found], DIAMETER).prior == pytest.approx(5 / 30, abs=0.05)


def test_without_candidates_nothing_is_known(scene):
    taught, (places, scores, looks) = scene
    assert calibrated([taught(False)], [(places[:1], scores[:1], looks[:1])], DIAMETER) == UNKNOWN
    assert calibrated([taught(False)], [(places[:0], scores[:0], looks[:0])], DIAMETER) == UNKNOWN


def test_certainty_has_no_end():
    """Of components as narrow and as far apart as can be."""
    calibration = Calibration(0.5, (-1.0, 1.0), (0.05, 0.05))
    probability = calibration(np.linspace(-4, 4, 401))
    assert (np.diff(probability) > 0).all()
    assert probability.min() > 0
    assert probability.max() < 1
