"""BlobPicker: no labels at all."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes
from motes import Circles, FormatError, picking
from motes.pickers import BlobPicker, Labelled, Picker
from motes.pickers.saved import write_picker
from scenes import DIAMETER, circles, scene, turned, turned_places

SCENES = [scene(seed) for seed in range(3)]
MICROGRAPHS = [micrograph for micrograph, _ in SCENES]
TRUTH = circles(*(centres for _, centres in SCENES))
NOTHING = circles(*(np.zeros((0, 2)) for _ in SCENES))


def average_precision(found, truth=TRUTH):
    return picking.evaluate(found.circles, truth, iou=0.5, n_bootstrap=0).average_precision.value


def test_it_is_a_picker():
    assert isinstance(BlobPicker(DIAMETER), Picker)


@pytest.mark.parametrize("contrast", [-1.2, 1.2])
def test_discs_are_found_dark_or_bright(contrast):
    micrograph, centres = scene(5, contrast=contrast)
    picker = BlobPicker(DIAMETER)
    assert average_precision(picker.predict([micrograph]), circles(centres)) > 0.9
    picker.fit(Labelled([micrograph], circles(np.zeros((0, 2)))))
    assert ("dark" if contrast < 0 else "bright") in repr(picker)


@pytest.mark.parametrize(("contrast", "least", "most"), [("dark", 0.9, 1.0), ("bright", 0.0, 0.3)])
def test_a_contrast_that_is_told_is_kept(contrast, least, most):
    assert least <= average_precision(BlobPicker(DIAMETER, contrast=contrast).predict(MICROGRAPHS)) <= most


def test_probabilities_without_a_label():
    found = BlobPicker(DIAMETER).predict(MICROGRAPHS)
    assert found.probability.sum() == pytest.approx(len(TRUTH), rel=0.3)
    assert len(np.unique(found.probability)) == len(found)


def test_a_fit_notes_what_was_there():
    fitted = BlobPicker(DIAMETER).fit(Labelled(MICROGRAPHS, NOTHING))
    alone = fitted.predict(MICROGRAPHS[:1])
    among = fitted.predict(MICROGRAPHS)
    np.testing.assert_array_equal(alone.probability, among.probability[: len(alone)])
    np.testing.assert_array_equal(alone.circles.centres, among.circles.of_micrograph(0).centres)


def test_seed_and_order_change_nothing():
    runs = [
        BlobPicker(DIAMETER).fit(Labelled(MICROGRAPHS[::step], NOTHING), seed=seed).predict(MICROGRAPHS)
        for step, seed in ((1, 0), (-1, 5))
    ]
    np.testing.assert_array_equal(runs[0].circles.centres, runs[1].circles.centres)
    np.testing.assert_allclose(runs[0].probability, runs[1].probability, rtol=1e-6)


def test_turning_a_micrograph_turns_detections():
    picker = BlobPicker(DIAMETER).fit(Labelled(MICROGRAPHS, NOTHING))
    before, after = picker.predict(MICROGRAPHS[:1]), picker.predict([turned(MICROGRAPHS[0], 1)])
    expected = Circles(turned_places(before.circles.centres, MICROGRAPHS[0].shape, 1), DIAMETER / 2, before.probability)
    likely = before.probability > 0.2
    matched = picking.match(expected[likely], after.circles, distance=0.5)
    assert matched.hit.all()
    np.testing.assert_allclose(after.probability[matched.particle], before.probability[likely], atol=0.02)


@pytest.mark.parametrize("fit", [False, True])
def test_saved_and_read_it_predicts_the_same(tmp_path, fit):
    picker = BlobPicker(DIAMETER, contrast="dark", border=(0, 2, 0, 0))
    if fit:
        picker.fit(Labelled(MICROGRAPHS, TRUTH))
    picker.save(tmp_path / "picker.npz")
    again = BlobPicker.load(tmp_path / "picker.npz")
    assert (again.diameter, again.contrast, again.border) == (picker.diameter, "dark", (0, 2, 0, 0))
    one, other = picker.predict(MICROGRAPHS), again.predict(MICROGRAPHS)
    np.testing.assert_array_equal(one.circles.centres, other.circles.centres)
    np.testing.assert_array_equal(one.probability, other.probability)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"numbers": np.zeros(8), "calibration": np.zeros(2)}, "diameter: expected"),
        ({"numbers": np.r_[20.0, np.ones(7)], "calibration": np.zeros(2)}, "calibration"),
        ({"numbers": np.zeros(3), "calibration": np.zeros(2)}, "numbers: expected finite floats of shape (8,)"),
        ({}, "lacks calibration, numbers"),
    ],
)
def test_damaged_files_are_told(tmp_path, arrays, message):
    write_picker(tmp_path / "picker.npz", "blobs", 1, arrays)
    with pytest.raises(FormatError, match=re.escape(message)):
        BlobPicker.load(tmp_path / "picker.npz")


def test_what_is_refused():
    with pytest.raises(ValueError, match="contrast: expected one of auto, dark, bright, got 'grey'"):
        BlobPicker(DIAMETER, contrast="grey")
    with pytest.raises(ValueError, match="micrographs: expected at least one"):
        BlobPicker(DIAMETER).predict([])


def test_the_sample_that_comes_with_the_package():
    sample = motes.sample.load()
    particles, _ = picking.circles_of(sample.particles, radius=13.5)
    found = BlobPicker(27).fit(Labelled([sample.micrograph], particles[::30])).predict([sample.micrograph])
    assert average_precision(found, particles) > 0.75
