"""`motes reconstruct` beyond one master and exact rotations: options reach the library, results are all there."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import motes as library
from mixtures import drawn
from motes.cli.results import RESULTS
from motes.known_mixture import read_known_mixture
from motes.mixture_truth import compare_mixture

N, SIDE = 300, 9
TURNS = library.Rotations.in_plane(6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Patterns of two classes at six angles."""
    monkeypatch.chdir(tmp_path)
    masters = [library.simulate.scaled(library.simulate.portrait(SIDE), 40.0), np.full((SIDE, SIDE), 0.4)]
    patterns, _ = drawn(masters, TURNS, N, seed=3)
    library.write_patterns("photons.npz", patterns)
    return patterns


def run(motes, *words, out="out"):
    result = motes("reconstruct", "photons.npz", "-o", out, "--noise", "poisson", "--max-iterations", 3, *words)
    assert result.exit_code == 0, result.stderr
    return result, json.loads(Path(out, "report.json").read_text(encoding="utf-8"))


def test_classes_and_angles(folder, motes):
    words = ("--rotations", "in-plane:6", "--classes", 2, "--still-classes", 1, "--seed", 2)
    result, report = run(motes, *words)
    expected = library.reconstruct(folder, TURNS, "poisson", classes=2, still_classes=1, seed=2, max_iterations=3)
    assert {path.name for path in Path("out").iterdir()} >= {*RESULTS, "angles.npy"}
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.masters)
    np.testing.assert_array_equal(np.load("out/labels.npy"), expected.labels)
    np.testing.assert_array_equal(np.load("out/angles.npy"), expected.angles)
    loaded = library.MixtureReconstruction.load("out/reconstruction.npz")
    np.testing.assert_array_equal(loaded.masters, expected.masters)
    assert report["classes"] == 3
    assert report["rotations"] == ["in-plane:6", "in-plane:6", "C1"]
    assert sum(report["class_counts"]) == N
    assert report["class_weights"] == expected.class_weights.tolist()
    assert [len(row) for row in report["weights"]] == [6, 6, 1]
    for told in ("300 patterns of 9x9 pixels", "nats of its class and rotation", "class 2 (C1): "):
        assert told in result.stdout


def test_fluences_and_patterns_left_out(folder, motes):
    Path("excluded.txt").write_text("3\n8\n")
    words = ("--rotations", "in-plane:6", "--fluence", "estimate", "--exclude", "excluded.txt")
    result, report = run(motes, *words)
    kept = ~np.isin(np.arange(N), [3, 8])
    expected = library.reconstruct(folder[kept], TURNS, "poisson", fluence="estimate", max_iterations=3)
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.master)
    np.testing.assert_array_equal(np.load("out/fluence.npy")[kept], expected.fluence)
    assert np.isnan(np.load("out/fluence.npy")[~kept]).all()
    assert (np.load("out/labels.npy")[~kept] == -1).all()
    assert np.isnan(np.load("out/angles.npy")[~kept]).all()
    assert report["fluence_spread"] == pytest.approx(expected.fluence.std())
    assert "fluences spread by" in result.stdout


def test_known_fluences_powers_and_coarse_angles(folder, motes):
    known = np.random.default_rng(0).uniform(0.5, 1.5, N)
    np.save("known.npy", known)
    words = ("--rotations", "in-plane:6", "--fluence", "known.npy", "--beta", "0.3,1", "--coarse", "3")
    run(motes, *words)
    expected = library.reconstruct(
        folder, TURNS, "poisson", fluence=known, beta=(0.3, 1.0), coarse=(3,), max_iterations=3
    )
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.master)
    run(motes, "--rotations", "in-plane:6", "--beta", "auto", out="auto")
    expected = library.reconstruct(folder, TURNS, "poisson", beta="auto", max_iterations=3)
    np.testing.assert_array_equal(np.load("auto/master.npy"), expected.master)


def test_a_detector_says_which_pixels_count(folder, motes):
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    level = np.where(np.hypot(rows, columns) < 1.5, 2, 0)
    table = [f"{x} {y} 0 1 {mark}" for x, y, mark in zip(columns.flat, rows.flat, level.flat, strict=True)]
    Path("det.dat").write_text("\n".join([str(SIDE * SIDE), *table, ""]))
    library.write_patterns("photons.emc", folder)
    result = motes(
        "reconstruct", "photons.emc", "-o", "out", "--noise", "poisson", "--max-iterations", 2, "--detector", "det.dat"
    )
    assert result.exit_code == 0, result.stderr
    detector = library.read_detector("det.dat")
    expected = library.reconstruct(folder, "C4", "poisson", detector=detector, max_iterations=2)
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.master)
    assert np.isnan(np.load("out/master.npy")[4, 4])


def test_dense_patterns(tmp_path, motes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = library.C4.expand(library.simulate.portrait(SIDE))[rng.integers(0, 4, 50)]
    np.save("dense.npy", values + 0.1 * rng.normal(size=values.shape))
    result = motes("reconstruct", "dense.npy", "-o", "out", "--noise", "gaussian:0.1", "--max-iterations", 3)
    assert result.exit_code == 0, result.stderr
    expected = library.reconstruct(library.read_dense("dense.npy"), "C4", "gaussian:0.1", max_iterations=3)
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.master)


def test_a_truth_of_classes_and_angles(folder, motes, tmp_path):
    words = ("--image", "a.npy", "--image", "b.npy", "--patterns", 400, "--photons", 60, "--rotations", "in-plane:6")
    truth = ("--noise", "poisson", "-o", "photons.npz", "--truth", "truth.npz", "--seed", 1)
    np.save("a.npy", library.simulate.portrait(SIDE))
    np.save("b.npy", library.simulate.portrait(SIDE)[::-1].T.copy())
    made = motes("simulate", "patterns", *words, *truth)
    assert made.exit_code == 0, made.stderr
    result, report = run(motes, "--rotations", "in-plane:6", "--classes", 2, "--truth", "truth.npz")
    found = library.MixtureReconstruction.load("out/reconstruction.npz")
    expected = compare_mixture(found, read_known_mixture("truth.npz"))
    assert report["errors"] == expected.errors.tolist()
    assert (report["error"], report["class_accuracy"]) == (expected.error, expected.class_accuracy)
    assert report["angle_error"] == expected.angle_error
    assert f"classes right {report['class_accuracy']:.4f}" in result.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--beta", "x"], "--beta: expected auto, a power, or several with commas between, got 'x'"),
        (["--beta", "2"], "beta: expected powers above 0 and at most 1, got 2"),
        (["--coarse", "6,3"], "coarse: "),
        (["--coarse", "a"], "--coarse: expected numbers of angles with commas between, got 'a'"),
        (["--fluence", "some"], "--fluence: expected uniform or estimate, a .npy or a Dragonfly .h5, got 'some'"),
        (["--fluence", "few.npy"], "few.npy: fluences of shape (3,), expected one for each of 300 patterns"),
        (["--classes", "400"], "classes: 400 classes, but there are only 300 patterns"),
        (["--classes", "0"], "classes: expected at least one class"),
        (["--rotations", "in-plane:0"], "expected 1 or more, got 0"),
        (["--truth", "photons.npz", "--classes", "2"], "photons.npz: no masters"),
        (["--noise", "gaussian"], "photons.npz"),
    ],
)
def test_refusals(folder, refused, tmp_path, words, told):
    np.save("few.npy", np.ones(3))
    assert told in refused(tmp_path, "reconstruct", "photons.npz", "-o", "out", "--noise", "poisson", *words)
