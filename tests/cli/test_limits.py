"""`motes limits`: a table, a figure, limits.json; and mistakes in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes as library
from motes import limits, simulate


@pytest.fixture(autouse=True)
def _pictures(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.fromarray((255 * simulate.portrait(60)).astype(np.uint8)).save("face.png")
    np.save("face.npy", simulate.portrait(11))


ASKED = ["limits", "--image", "face.npy", "--photons", 20, "--patterns", 4000, "--contrast", 0.7]


def read():
    return json.loads(Path("out/limits.json").read_text(encoding="utf-8"))


def test_the_answers_are_those_of_the_library(motes, tmp_path):
    answer = motes(*ASKED, "--target-error", 0.05, "--seed", 3, "-o", "out")
    assert answer.exit_code == 0, answer.stderr
    master = limits.master_from("face.npy", 20, contrast=0.7)
    expected = limits.plan(master, 4000, target_error=0.05, seed=3)
    told = read()
    assert told["cramer_rao_error"] == expected.bound.relative_error
    assert told["expected_accuracy"] == expected.expected_accuracy
    assert told["expected_accuracy_known_master"] == expected.expected_accuracy_known_master
    assert told["mutual_information_nats"] == expected.mutual_information
    assert told["em_rate"] == expected.bound.missing_information
    assert told["patterns_needed"] == limits.patterns_needed(master, 0.05, seed=3)
    assert (told["n_patterns"], told["photons"], told["contrast"], told["seed"]) == (4000, 20, 0.7, 3)
    assert told["solvable"] is True
    assert told["reason"] == expected.reason
    assert told["version"] == library.__version__
    assert told["command"].startswith("motes limits --image face.npy")
    assert f"{told['patterns_needed']:,} patterns" in answer.stdout
    assert expected.reason in answer.stdout
    with Image.open(tmp_path / "out" / "limits.png") as figure:
        assert figure.width > 1000


def test_what_is_not_solvable_is_told(motes):
    answer = motes(
        "limits", "--image", "face.png", "--photons", 27.4, "--patterns", 2000, "--contrast", 0.2, "-o", "out"
    )
    assert answer.exit_code == 0, answer.stderr
    assert "not solvable by maximum likelihood from 2,000 patterns" in answer.stdout
    told = read()
    assert told["solvable"] is False
    assert told["patterns_needed"] is None
    assert told["expected_accuracy"] is None
    assert 0.25 < told["expected_accuracy_known_master"] < 1
    assert "this is careful" in told["reason"]
    assert told["solvable_from"] > 2000
    assert told["shape"] == [25, 25]


@pytest.mark.parametrize("words", [["--contrast", 0], ["--noise", "poisson", "--rotations", "D4"], ["--patterns", 1]])
def test_extremes_are_answered(motes, words):
    answer = motes(*ASKED, "-o", "out", *words)
    assert answer.exit_code == 0, answer.stderr
    read()


def test_a_picture_is_scaled_to_the_shape(motes):
    assert motes(*ASKED[:1], "--image", "face.png", *ASKED[3:], "--shape", "9x9", "-o", "out").exit_code == 0
    assert read()["shape"] == [9, 9]


@pytest.mark.parametrize(
    ("size", "start", "said"),
    [
        ((40, 61), (0, 10), "40x61 pixels, cropped to 40x40 from row 0 and column 10 on, scaled to 25x25"),
        ((28, 25), (1, 0), "28x25 pixels, cropped to 25x25 from row 1 and column 0 on, not scaled"),
        ((30, 30), (0, 0), "30x30 pixels, scaled to 25x25"),
    ],
)
def test_what_was_taken_of_a_picture_is_said(motes, size, start, said):
    pixels = np.random.default_rng(0).integers(50, 200, size, np.uint8)
    Image.fromarray(pixels).save("any.png")
    answer = motes(*ASKED[:1], "--image", "any.png", *ASKED[3:], "-o", "out")
    assert answer.exit_code == 0, answer.stderr
    assert re.search(rf"the picture +{re.escape(said)}\n", answer.stdout)
    assert read()["image"] == {"file": "any.png", "size": list(size), "start": list(start), "edge": min(size)}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--photons", 200], "--photons 200 at --contrast 0.7: a pixel has the mean .* --noise poisson"),
        (["--photons", 0], "--photons: expected a positive number, got 0"),
        (["--photons", -3], "--photons: expected a positive number, got -3"),
        (["--photons", "nan"], "--photons: expected a positive number, got nan"),
        (["--contrast", 5], "--contrast: 5 makes a mean negative"),
        (["--contrast", "inf"], "--contrast: expected a finite number, got inf"),
        (["--patterns", 0], "--patterns"),
        (["--patterns", 1e19], "--patterns"),
        (["--patterns", "1.5"], "--patterns.*expected a whole number, 1 to 1e18, such as 100000 or 1e5, got '1.5'"),
        (["--patterns", 10**19], "--patterns"),
        (["--target-error", 0], "--target-error: expected a positive, finite number, got 0"),
        (["--target-error", -0.1], "--target-error: expected a positive, finite number"),
        (["--target-error", "nan"], "--target-error: expected a positive, finite number, got nan"),
        (["--target-error", 1e-12], "--target-error: 1e-12 is not reached by 1e18 patterns"),
        (["--target-error", 0.1, "--contrast", 0], "--target-error: 0.1 is not reached .* flat, or looks the same"),
        (["--shape", "25x20"], "--shape: expected a square"),
        (["--shape", "25"], "--shape: expected rows and columns"),
        (["--shape", "25x25"], "face.npy: expected 25x25 pixels, got 11x11"),
        (["--rotations", "C3"], "--rotations: expected C4, D4, C1, in-plane:K"),
        (["--noise", "pink"], "--noise: expected bernoulli or poisson, got 'pink'"),
        (["--threads", 0], "--threads"),
        (["--seed", -1], "--seed"),
        (["--image", "nowhere.png"], "nowhere.png: no such file"),
        (["--image", "nowhere.npy"], "nowhere.npy: no such file"),
        (["--image", "bad.png"], "bad.png"),
        (["--image", "cut.png"], "cut.png"),
        (["--image", "bad.npy"], "bad.npy"),
        (["--image", "oblong.npy"], r"oblong.npy: expected a square image, got shape \(3, 5\)"),
        (["--image", "holes.npy"], "holes.npy: expected finite numbers"),
        (["--image", "black.png"], "--image: is black all over"),
        (["--image", "words.npy"], "words.npy"),
        (["-o", "face.npy"], "face.npy: is a file, not a folder"),
    ],
)
def test_limits_refuses(refused, tmp_path, words, message):
    (tmp_path / "bad.png").write_text("no picture")
    (tmp_path / "bad.npy").write_text("no array")
    content = (tmp_path / "face.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(content[: len(content) // 2])
    np.save("oblong.npy", np.ones((3, 5)))
    np.save("holes.npy", np.full((5, 5), np.nan))
    np.save("words.npy", np.array([["a", "b"], ["c", "d"]]))
    Image.new("L", (20, 20)).save("black.png")
    assert re.search(message, refused(tmp_path, *ASKED, "-o", "out", *words))
