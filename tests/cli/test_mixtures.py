"""`motes reconstruct` of mixtures: options, files, truth, and one line for what can not be."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import motes as library
from mixtures import drawn
from motes.known_mixture import KnownMixture, write_known_mixture

SIDE, N = 9, 600
TURNS = library.Rotations.in_plane(8)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Patterns of two classes and their truth."""
    monkeypatch.chdir(tmp_path)
    pictures = [library.simulate.creature(SIDE, seed=1), library.simulate.portrait(SIDE)]
    masters = [library.simulate.scaled(picture, 60.0) for picture in pictures]
    patterns, labels = drawn(masters, TURNS, N, seed=3)
    library.write_patterns("patterns.npz", patterns)
    known = KnownMixture(
        np.stack(masters), labels[:, 0], labels[:, 1], TURNS.angles[labels[:, 1]], np.ones(N), np.zeros((SIDE, SIDE))
    )
    write_known_mixture("truth.npz", known)
    return patterns


def report_of(out="out"):
    return json.loads(Path(out, "report.json").read_text(encoding="utf-8"))


def test_classes_at_any_angle(folder, motes):
    words = ("--rotations", "in-plane:8", "--noise", "poisson", "--classes", 2, "--tolerance", 1e-5, "--seed", 1)
    result = motes("reconstruct", "patterns.npz", "-o", "out", *words, "--truth", "truth.npz")
    assert result.exit_code == 0, result.stderr
    expected = library.reconstruct(folder, TURNS, "poisson", classes=2, tolerance=1e-5, seed=1)
    np.testing.assert_array_equal(np.load("out/labels.npy"), expected.labels)
    np.testing.assert_array_equal(np.load("out/angles.npy"), expected.angles)
    np.testing.assert_array_equal(np.load("out/master.npy"), expected.masters)
    told = report_of()
    assert told["maps"] == ["in-plane:8", "in-plane:8"]
    assert told["class_accuracy"] > 0.9
    assert np.sum(told["counts"]) == N
    assert "classes right" in result.stdout
    again = library.MixtureReconstruction.load("out/reconstruction.npz")
    np.testing.assert_array_equal(again.masters, expected.masters)
    assert {"master.png", "convergence.png"} <= {path.name for path in Path("out").iterdir()}


def test_everything_at_once(folder, motes):
    np.save("fluence.npy", np.ones(N))
    Path("excluded.txt").write_text("0\n5\n")
    words = (
        "--rotations", "in-plane:8m", "--noise", "poisson", "--still-classes", 1, "--class-weights", "uniform",
        "--beta", "0.3,0.6,1", "--coarse", "4", "--fluence", "fluence.npy", "--exclude", "excluded.txt",
        "--max-iterations", 5, "--init", "random",
    )  # fmt: skip
    assert motes("reconstruct", "patterns.npz", "-o", "out", *words).exit_code == 0
    labels = np.load("out/labels.npy")
    assert (labels[[0, 5]] == -1).all()
    assert np.isnan(np.load("out/fluence.npy")[[0, 5]]).all()
    assert report_of()["class_weights"] == pytest.approx([0.5, 0.5])
    steps = [record["step"] for record in library.MixtureReconstruction.load("out/reconstruction.npz").history]
    assert steps[0] == "beta 0.3: em"


def test_dense_patterns(folder, motes):
    rng = np.random.default_rng(4)
    values = TURNS.expand(library.simulate.creature(SIDE, seed=1))[rng.integers(0, 8, 300)]
    np.save("dense.npy", values + rng.normal(0, 0.2, values.shape))
    assert motes("reconstruct", "dense.npy", "-o", "out", "--rotations", "C4", "--noise", "gaussian").exit_code == 0
    assert report_of()["noise"].startswith("gaussian:0.")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--beta", "cold"), "--beta: expected auto, or numbers with commas between them, got 'cold'"),
        (("--beta", "0"), "beta: expected a positive, finite number, got 0.0"),
        (("--coarse", "a"), "--coarse: expected numbers of angles with commas between them, got 'a'"),
        (("--coarse", "12"), "coarse: expected growing numbers of angles below 8, got [12]"),
        (("--classes", 601), "classes: 601 classes, but there are only 600 patterns"),
        (("--classes", 0), "classes: expected at least one class"),
        (("--fluence", "some"), "fluence: expected one of uniform, estimate, got 'some'"),
        (("--noise", "gaussian:x"), "noise: expected gaussian or gaussian:SIGMA, got 'gaussian:x'"),
        (("--noise", "gaussian"), "patterns.npz"),
        (("--method", "sgd"), "method: sgd is for exact rotations of one master"),
        (("--rotations", "in-plane:0"), "--rotations: expected C4, D4, C1, in-plane:K"),
    ],
)
def test_what_makes_no_sense_is_one_line(folder, refused, tmp_path, words, told):
    usual = {"--rotations": "in-plane:8", "--noise": "poisson"} | {words[0]: words[1]}
    flat = [word for pair in usual.items() for word in pair]
    assert told in refused(tmp_path, "reconstruct", "patterns.npz", "-o", "out", *flat)


def test_a_known_background(folder, motes):
    np.save("background.npy", np.full((SIDE, SIDE), 0.02))
    words = ("--rotations", "C4", "--noise", "poisson", "--max-iterations", 3, "--tolerance", 1e-3)
    for name, given in (("number", 0.02), ("image", "background.npy")):
        result = motes("reconstruct", "patterns.npz", "-o", name, *words, "--background", given)
        assert result.exit_code == 0, result.stderr
    detector = library.Detector.from_mask(np.zeros((SIDE, SIDE), int), background=0.02)
    expected = library.reconstruct(folder, "C4", "poisson", detector=detector, max_iterations=3, tolerance=1e-3)
    for name in ("number", "image"):
        np.testing.assert_array_equal(np.load(f"{name}/master.npy"), expected.master)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("dim", "--background: expected photons a pixel, or a .npy of them, got 'dim'"),
        ("-1", "--background: pixel (0, 0) is -1, expected a finite number of 0 or more"),
        ("small.npy", "--background: expected shape (9, 9), got (2, 2)"),
    ],
)
def test_what_is_no_background(folder, refused, tmp_path, given, message):
    np.save("small.npy", np.ones((2, 2)))
    words = ("patterns.npz", "-o", "out", "--noise", "poisson", "--background", given)
    assert message in refused(tmp_path, "reconstruct", *words)
