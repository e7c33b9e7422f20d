"""The filter bank and the small networks together."""

from __future__ import annotations

import re

import numpy as np
import pytest

from discs import DIAMETER, circles, discs
from motes import Circles, FormatError, picking
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers import (
    CombinedPicker,
    Committee,
    Detections,
    FilterBankPicker,
    Labelled,
    NotFittedError,
    Picker,
)
from motes.pickers.networks.combined import ENOUGH, hints_of
from motes.pickers.networks.compact import CompactPicker

pytest.importorskip("torch", reason="torch is an extra")

QUICK = {"networks": 1, "steps": 4}


@pytest.fixture(scope="module")
def data():
    (first, at), test = discs(1), discs(3)
    return Labelled([first], circles(at[::2])), test


@pytest.fixture(scope="module")
def fitted(data):
    return CombinedPicker(DIAMETER, **QUICK).fit(data[0], seed=1)


def test_it_learns_discs_it_has_not_seen(fitted, data):
    micrograph, places = data[1]
    found = fitted.predict([micrograph])
    assert isinstance(fitted, Picker)
    score = picking.evaluate(found.circles, circles(places), iou=0.3, n_bootstrap=0)
    assert score.average_precision.value > 0.9


def test_its_score_is_the_sum_of_standardised_ones(fitted, data, monkeypatch):
    """A bank whose scores are four times as large changes no place and no order."""
    own = FilterBankPicker.score_map

    def louder(bank, micrograph):
        scores, image = own(bank, micrograph)
        return 4 * scores, image

    monkeypatch.setattr(FilterBankPicker, "score_map", louder)
    found = CombinedPicker(DIAMETER, **QUICK).fit(data[0], seed=1).predict([data[1][0]])
    monkeypatch.undo()
    expected = fitted.predict([data[1][0]])
    assert len(found) == len(expected)
    np.testing.assert_allclose(found.circles.centres[:30], expected.circles.centres[:30], atol=0.01)


def test_a_saved_picker_predicts_the_same(fitted, data, tmp_path):
    fitted.save(tmp_path / "picker.npz")
    found, expected = (one.predict([data[1][0]]) for one in (CombinedPicker.load(tmp_path / "picker.npz"), fitted))
    np.testing.assert_array_equal(found.probability, expected.probability)
    np.testing.assert_array_equal(found.circles.centres, expected.circles.centres)
    np.testing.assert_array_equal(found.appearance, expected.appearance)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("picker", "bad.npz: holds no picker"),
        ("bank/linear", "bad.npz: lacks linear"),
        ("bank/picker", "bad.npz: holds no picker"),
        ("compact/0.head.bias", "bad.npz: lacks 0.head.bias"),
        ("scale", "bad.npz: lacks scale"),
    ],
)
def test_damaged_files_are_told(fitted, tmp_path, name, message):
    fitted.save(tmp_path / "fine.npz")
    with open_archive(tmp_path / "fine.npz") as archive:
        tables = {one: array_table(archive.array(one)) for one in archive.names if one != name}
    write_npz(tmp_path / "bad.npz", tables)
    with pytest.raises(FormatError, match=re.escape(message)):
        CombinedPicker.load(tmp_path / "bad.npz")


def test_members_of_a_committee_share_no_part(data):
    committee = Committee(CombinedPicker(DIAMETER, **QUICK), 2)
    first, second = committee.members
    assert first.bank is not second.bank
    assert first.compact is not second.compact
    assert first.bank.cache is second.bank.cache
    first.fit(data[0], seed=1)
    before = first.predict([data[1][0]])
    second.fit(Labelled(data[0].micrographs, data[0].particles[:5]), seed=2)
    np.testing.assert_array_equal(first.predict([data[1][0]]).probability, before.probability)
    assert len(second.predict([data[1][0]])) != len(before)


def test_it_has_to_be_fitted_first(data, tmp_path):
    picker = CombinedPicker(DIAMETER)
    with pytest.raises(NotFittedError, match="CombinedPicker: fit or load it before it predicts"):
        picker.predict([data[1][0]])
    with pytest.raises(NotFittedError, match="CombinedPicker: fit it before it is saved"):
        picker.save(tmp_path / "picker.npz")


def test_no_label_is_refused(data):
    with pytest.raises(ValueError, match="labelled: expected at least one particle, got none"):
        CombinedPicker(DIAMETER, **QUICK).fit(Labelled(data[0].micrographs, circles([])))


def test_what_the_bank_is_sure_of_stands_in_for_missing_labels(data):
    """Sure, likeliest first, as many as are missing; possible ones are doubtful."""
    labelled = data[0]
    at = np.arange(8.0)[:, None] * 20 + 10
    scores = np.array([0.95, 0.2, 0.91, 0.5, 0.99, 0.31, 0.85, 0.3])
    found = Detections(Circles(np.concatenate([at, at], axis=1), 5.0, scores), (labelled.micrographs[0].name,))
    hints = hints_of(found, labelled)
    np.testing.assert_array_equal(hints.likely.scores, [0.95, 0.91, 0.99])
    np.testing.assert_array_equal(hints.doubtful.scores, [0.5, 0.31, 0.85])
    many = Labelled(labelled.micrographs, labelled.particles[np.zeros(ENOUGH - 2, np.int64)])
    hints = hints_of(found, many)
    np.testing.assert_array_equal(hints.likely.scores, [0.95, 0.99])
    np.testing.assert_array_equal(hints.doubtful.scores, [0.91, 0.5, 0.31, 0.85])


@pytest.mark.parametrize(("n", "helped"), [(ENOUGH - 1, True), (ENOUGH, False)])
def test_labels_that_suffice_are_all_that_the_networks_learn_from(data, monkeypatch, n, helped):
    told = []
    monkeypatch.setattr(CompactPicker, "learn", lambda picker, labelled, seed, hints: told.append(hints) or 1 / 0)
    labelled = Labelled(data[0].micrographs, data[0].particles[np.resize(np.arange(len(data[0].particles)), n)])
    with pytest.raises(ZeroDivisionError):
        CombinedPicker(DIAMETER, **QUICK).fit(labelled)
    assert [hints is not None for hints in told] == [helped]
