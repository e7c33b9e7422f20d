"""What is said of a reconstruction, and its comparison with the truth up to the group's free turn."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import pytest

import motes
from motes import simulate
from motes.report import NOISELESS, report, to_json
from motes.truth import Truth, compare, read_truth

ALWAYS = [
    "version",
    "command",
    "seed",
    "threads",
    "seconds",
    "n_patterns",
    "n_photons",
    "log_likelihood",
    "converged",
    "iterations",
    "counts",
    "error_bound",
    "missing_information",
    "evidence",
    "evidence_of_noise",
]


@pytest.fixture(scope="module", params=["C4", "D4"])
def fit(request):
    """A reconstruction and its truth, in a group with and without mirrors."""
    group = {"C4": motes.C4, "D4": motes.D4}[request.param]
    master = simulate.scaled(simulate.creature(11), 30.0)
    drawn = simulate.patterns(master, 4000, rotations=request.param, seed=5)
    patterns = motes.Patterns.from_coo(drawn.rows, drawn.cols, shape=(11, 11), n_patterns=4000)
    return motes.reconstruct(patterns, group), Truth(drawn.master, drawn.labels)


def test_error_and_accuracy_are_their_definitions(fit):
    """Brute force over every member of the group, labels turned by hand through the templates."""
    result, truth = fit
    group = result.rotations
    templates = group.expand(truth.master)
    contrast = np.linalg.norm(truth.master - truth.master.mean())
    errors = np.linalg.norm((templates - result.master).reshape(group.n, -1), axis=1) / contrast
    turn = int(errors.argmin())
    shown = group.expand(templates[turn])  # template k of the turned truth is one of the templates of the truth
    same_as = np.array([[np.array_equal(a, b) for b in templates] for a in shown]).argmax(axis=1)

    comparison = compare(result, truth)
    assert comparison.turn == turn
    assert comparison.error == pytest.approx(errors[turn])
    assert comparison.accuracy == np.mean(same_as[result.labels] == truth.labels)
    np.testing.assert_array_equal(same_as[comparison.labels], truth.labels)
    np.testing.assert_array_equal(comparison.master, templates[turn])
    assert comparison.error < 0.2
    assert comparison.accuracy > 0.8


def test_any_turn_of_the_truth_is_the_same_truth(fit):
    result, truth = fit
    group = result.rotations
    for turn in range(group.n):
        turned = Truth(group.turn_master(truth.master, turn), group.relabel(truth.labels, turn))
        assert compare(result, turned).error == pytest.approx(compare(result, truth).error)
        assert compare(result, turned).accuracy == compare(result, truth).accuracy


def test_unseen_pixels_count_neither_way(fit):
    result, truth = fit
    unseen = np.zeros(result.master.shape, bool)
    unseen[5, 5] = True
    blinded = dataclasses.replace(result, master=np.where(unseen, np.nan, result.master), seen=~unseen)
    shown = compare(result, truth).master[~unseen]
    expected = np.linalg.norm(result.master[~unseen] - shown) / np.linalg.norm(shown - shown.mean())
    assert compare(blinded, truth).error == pytest.approx(expected)
    assert report(blinded, "motes")["unseen_pixels"] == 1


def test_a_constant_truth_has_no_relative_error(fit):
    result, truth = fit
    rounding = 1e-16 * np.arange(truth.master.size).reshape(truth.master.shape)
    for flat in (np.full_like(truth.master, 0.2), 0.2 + rounding):
        told = report(result, "motes", Truth(flat, truth.labels))
        assert (told["error"], told["accuracy"]) == (None, None)
        assert "efficiency" not in told


@pytest.mark.parametrize("off", [0.0, 1e-15, 1e-3])
def test_no_efficiency_of_an_error_that_no_noise_left(fit, off):
    result, _ = fit
    told = report(result, "motes", Truth(result.master * (1 + off), None))
    assert told["error"] < result.error_bound / 4
    assert "efficiency" not in told
    assert told["notes"] == [*result.notes, NOISELESS]


def test_report_has_what_it_promises(fit):
    result, truth = fit
    plain = report(result, "motes reconstruct x -o y")
    assert set(ALWAYS) <= plain.keys()
    assert not {"error", "accuracy", "efficiency"} & plain.keys()
    assert (plain["command"], plain["version"]) == ("motes reconstruct x -o y", motes.__version__)
    assert sum(plain["counts"]) == plain["n_patterns"] == 4000
    compared = report(result, "motes", truth)
    assert compared["notes"] == plain["notes"]
    assert compared["efficiency"] == pytest.approx((compared["error_bound"] / compared["error"]) ** 2)


def test_report_is_strict_json(fit):
    result, truth = fit
    odd = dataclasses.replace(result, error_bound=np.inf, missing_information=np.nan)
    text = to_json(report(odd, "motes", truth))
    told = json.loads(text, parse_constant=pytest.fail)
    assert (told["error_bound"], told["missing_information"]) == (None, None)
    assert "efficiency" not in told


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"master": np.zeros((9, 9))}, "truth: a master of shape (9, 9), but the patterns have shape (11, 11)"),
        ({"labels": np.zeros(7, int)}, "truth: 7 labels, but there are 4000 patterns"),
        ({"labels": np.full(4000, 8)}, "truth: labels from 8 to 8, but "),
        ({"labels": np.full(4000, -1)}, "truth: labels from -1 to -1, but "),
    ],
)
def test_compare_refuses(fit, change, message):
    result, truth = fit
    with pytest.raises(ValueError, match=re.escape(message)):
        compare(result, dataclasses.replace(truth, **change))


@pytest.mark.parametrize(
    ("names", "task", "expected"),
    [
        (["master", "labels"], None, 0),
        (["master", "labels"], 7, 0),
        (["master7", "labels7"], None, 0),
        (["master6", "labels6", "master7", "labels7"], 7, 1),
        (["master", "labels", "master7", "labels7"], 7, 1),
        (["master", "labels", "master7", "labels7"], None, 0),
    ],
)
def test_read_truth_finds_the_task(tmp_path, names, task, expected):
    arrays = {name: np.full(3 if "labels" in name else (2, 2), i // 2) for i, name in enumerate(names)}
    np.savez(tmp_path / "truth.npz", **arrays)
    truth = read_truth(tmp_path / "truth.npz", task)
    np.testing.assert_array_equal(truth.master, np.full((2, 2), float(expected)))
    np.testing.assert_array_equal(truth.labels, np.full(3, expected))


def test_read_truth_finds_the_master_of_the_patterns(tmp_path):
    masters = {f"master{task}": np.full((side, side), task) for task, side in ((4, 5), (6, 3), (7, 3))}
    labels = {f"labels{task}": np.zeros(n, int) for task, n in ((4, 9), (6, 8), (7, 9))}
    np.savez(tmp_path / "truth.npz", **masters, **labels)
    patterns = motes.Patterns.empty((3, 3), 9)
    assert read_truth(tmp_path / "truth.npz", patterns=patterns).master[0, 0] == 7
    assert read_truth(tmp_path / "truth.npz", 6, patterns).master[0, 0] == 6
    with pytest.raises(motes.FormatError, match="holds master4, master6, master7; the task must be given"):
        read_truth(tmp_path / "truth.npz", patterns=motes.Patterns.empty((3, 3), 10))


def test_read_truth_does_without_labels(tmp_path):
    np.savez(tmp_path / "truth.npz", master=np.eye(2))
    assert read_truth(tmp_path / "truth.npz").labels is None


@pytest.mark.parametrize(
    ("arrays", "task", "message"),
    [
        ({"picture": np.eye(2)}, None, "no master in it, only picture"),
        ({"master6": np.eye(2)}, 7, "no master7 and no master in it, only master6"),
        ({"master6": np.eye(2), "master7": np.eye(2)}, None, "holds master6, master7; the task must be given"),
        ({"master": np.zeros(4)}, None, "master is no image of finite numbers"),
        ({"master": np.array([[np.nan]])}, None, "master is no image of finite numbers"),
        ({"master": np.array([["a"]])}, None, "master is no image of finite numbers"),
        ({"master": np.eye(2), "labels": np.zeros(3)}, None, "labels is no list of whole numbers"),
        ({"master": np.eye(2), "labels": np.zeros((3, 1), int)}, None, "labels is no list of whole numbers"),
    ],
)
def test_read_truth_refuses(tmp_path, arrays, task, message):
    np.savez(tmp_path / "truth.npz", **arrays)
    with pytest.raises(motes.FormatError, match=re.escape(message)):
        read_truth(tmp_path / "truth.npz", task)


def test_read_truth_refuses_what_is_no_archive(tmp_path):
    (tmp_path / "truth.npz").write_bytes(b"no archive")
    with pytest.raises(motes.FormatError, match=r"truth\.npz"):
        read_truth(tmp_path / "truth.npz")
