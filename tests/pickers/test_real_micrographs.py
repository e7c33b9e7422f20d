"""On real micrographs: what the filter bank reaches with few labels. Skipped where they are absent."""

from __future__ import annotations

import numpy as np
import pytest

import motes
from motes import Circles, picking
from motes.pickers import BlobPicker, FeatureCache, FilterBankPicker, Labelled
from motes.pickers.calibration import calibration_error
from shared_data import DATA

FOLDER = DATA / "empiar10017"
PATHS = sorted((FOLDER / "micrographs").glob("*.jpg"))
pytestmark = pytest.mark.skipif(len(PATHS) != 14, reason="the real micrographs are not here")
CACHE = FeatureCache()
SEEDS = 5


@pytest.fixture(scope="module")
def micrographs():
    return [motes.read_micrograph(path) for path in PATHS]


@pytest.fixture(scope="module")
def particles():
    tables = [motes.read_picks(FOLDER / "particles" / f"{path.stem}.csv") for path in PATHS]
    parts = [Circles(np.stack([table.x, table.y], axis=1).astype(np.float64), 54.0) for table in tables]
    return Circles.concatenate(parts[:10]), Circles.concatenate(parts[10:])


def random_labels(truth, n, seed):
    return truth[np.sort(np.random.default_rng(seed).permutation(len(truth))[:n])]


@pytest.mark.parametrize(("n", "floor"), [(20, 0.80), (70, 0.845), (200, 0.865), (600, 0.873)])
def test_average_precision_of_few_labels(micrographs, particles, n, floor):
    train, test = particles
    reached, errors = [], []
    for seed in range(SEEDS):
        picker = FilterBankPicker(108, cache=CACHE)
        found = picker.fit(Labelled(micrographs[:10], random_labels(train, n, seed)), seed).predict(micrographs[10:])
        metrics = picking.evaluate(found.circles, test, iou=0.5, n_bootstrap=0)
        reached.append(metrics.average_precision.value)
        errors.append(calibration_error(found.probability, metrics.matches.hit))
    assert np.mean(reached) >= floor
    assert np.mean(errors) < 0.1


def test_no_label_at_all(micrographs, particles):
    _, test = particles
    nothing = Circles(np.zeros((0, 2)), 54.0, indptr=[0, 0, 0, 0])
    picker = BlobPicker(108).fit(Labelled(micrographs[:3], nothing))
    assert "dark" in repr(picker)
    found = picker.predict(micrographs[10:])
    assert picking.evaluate(found.circles, test, iou=0.5, n_bootstrap=0).average_precision.value > 0.65
