"""`motes reconstruct --held-out`: how many classes the patterns support."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import motes as library
from mixtures import drawn
from motes.cli.held_out import FILES

TWO = [
    library.simulate.scaled(library.simulate.creature(11, seed=1), 60.0),
    library.simulate.scaled(library.simulate.portrait(11), 60.0),
]


@pytest.fixture
def two(tmp_path, monkeypatch):
    """A folder with photons of two pictures."""
    monkeypatch.chdir(tmp_path)
    patterns, _ = drawn(TWO, library.C4, 800, seed=1)
    library.write_patterns("two.npz", patterns)
    return tmp_path


def test_a_table_a_file_and_a_picture(two, motes):
    words = ("--noise", "poisson", "--held-out", "1,2,3", "--tolerance", 1e-4, "-o", "out")
    result = motes("reconstruct", "two.npz", *words)
    assert result.exit_code == 0, result.stderr
    assert {*FILES} <= {path.name for path in Path("out").iterdir()}
    expected = library.held_out(library.read_patterns("two.npz"), "C4", "poisson", tolerance=1e-4)
    told = json.loads(Path("out/held_out.json").read_text(encoding="utf-8"))
    assert told["supported"] == expected.best == 2
    assert told["classes"] == [1, 2, 3]
    assert told["less_than_best"] == expected.less_than_best.tolist()
    assert told["std_error"] == expected.std_error.tolist()
    assert told["n_fitted"] == 400
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert report["held_out"] == told
    doubt = "patterns held out support 2 classes that rotate, this fit has 1: --classes 2 makes the other"
    assert doubt in report["notes"]
    assert Path("out/held_out.png").read_bytes().startswith(b"\x89PNG")
    table = result.stdout.splitlines()[-4:]
    assert table[0] == "held out: classes   nats a pattern   less than the best"
    assert [line.split()[0] for line in table[1:]] == ["1", "2", "3"]
    assert table[2].endswith("the best, supported")
    assert np.load("out/master.npy").shape == (11, 11)


def test_a_fit_of_as_many_classes_is_not_doubted(two, motes):
    words = ("--noise", "poisson", "--classes", 2, "--held-out", "2,1", "--tolerance", 1e-4, "--quiet", "-o", "out")
    result = motes("reconstruct", "two.npz", *words)
    assert (result.exit_code, result.stdout) == (0, "")
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert report["held_out"]["supported"] == 2
    assert not any("held out" in note for note in report["notes"])


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ("1;2", "--held-out: expected numbers of classes with commas between them, got '1;2'"),
        ("2", "--held-out: expected two numbers of classes or more, to compare them, got '2'"),
        ("1,-2", "--held-out: expected numbers of classes with commas between them"),
    ],
)
def test_numbers_that_are_none(two, refused, numbers, told):
    words = ("reconstruct", "two.npz", "--noise", "poisson", "--held-out", numbers, "-o", "out")
    assert told in refused(two, *words)


def test_masters_to_begin_with_are_refused_before_any_fit(two, refused, monkeypatch):
    np.save("start.npy", np.full((11, 11), 0.5))
    monkeypatch.setattr(library, "reconstruct", lambda *_, **__: pytest.fail("it was fitted"))
    words = ("reconstruct", "two.npz", "--noise", "poisson", "--held-out", "1,2", "-o", "out", "--init", "start.npy")
    assert "--init: is of one number of classes, --held-out tries several" in refused(two, *words)


def test_options_of_a_mixture_are_told_as_they_are_typed(two, refused):
    words = ("reconstruct", "two.npz", "--noise", "poisson", "-o", "out")
    assert "error: --classes: 900 classes, but there are only 800 patterns" in refused(two, *words, "--classes", 900)
    assert "error: --coarse: is for in-plane rotations" in refused(two, *words, "--coarse", "2")


def test_beyond_the_disc_of_turns_there_is_nothing_to_doubt(two, motes):
    words = ("--noise", "poisson", "--rotations", "in-plane:8", "--max-iterations", 2, "-o", "out", "--quiet")
    assert motes("reconstruct", "two.npz", *words).exit_code == 0
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert not any("outside what all templates cover" in note for note in report["notes"])
