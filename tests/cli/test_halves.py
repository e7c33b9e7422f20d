"""`motes reconstruct --halves`: the resolution of what was found."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import motes as library
from motes.cli.halves import FILES


def test_two_halves_and_their_correlation(archive, motes):
    result = motes("reconstruct", "endeavor.npz", "--halves", "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert {*FILES} <= {path.name for path in Path("out").iterdir()}
    expected = library.reconstruct_halves(library.read_patterns("endeavor.npz", task=7))
    np.testing.assert_array_equal(np.load("out/half1.npy"), expected.masters[0, 0])
    np.testing.assert_array_equal(np.load("out/half2.npy"), expected.masters[1, 0])
    told = json.loads(Path("out/frc.json").read_text(encoding="utf-8"))
    report = json.loads(Path("out/report.json").read_text(encoding="utf-8"))
    assert told["resolution"] == report["halves"]["resolution"]
    (of_class,) = told["resolution"]
    assert [found["rule"] for found in of_class] == ["0.143", "0.5", "half-bit"]
    assert of_class[0]["value"] == expected.resolution()[0].value
    assert report["halves"]["n_patterns"] == [1500, 1500]
    assert told["curves"]["halves"]["shells"]["correlation"] == expected.curves[0].correlation.tolist()
    assert Path("out/frc.png").read_bytes().startswith(b"\x89PNG")
    assert len(Path("out/frc.csv").read_text().splitlines()) == 1 + len(expected.curves[0])
    assert f"halves: {expected.resolution()[0]}" in result.stdout


def test_halves_that_begin_alike_are_refused(archive, refused):
    np.save("start.npy", np.full((25, 25), 0.04))
    told = refused(archive, "reconstruct", "endeavor.npz", "--halves", "-o", "out", "--init", "start.npy")
    assert "init: halves that begin alike would correlate by that" in told


def test_halves_of_real_numbers_and_of_classes(tmp_path, motes, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    values = library.C4.expand(library.simulate.portrait(15))[rng.integers(0, 4, 60)]
    np.save("dense.npy", values + rng.normal(0, 0.1, values.shape))
    words = ("--noise", "gaussian:0.1", "--classes", 2, "--max-iterations", 3, "--quiet")
    assert motes("reconstruct", "dense.npy", "--halves", "-o", "out", *words).exit_code == 0
    assert np.load("out/half2.npy").shape == (2, 15, 15)
    told = json.loads(Path("out/frc.json").read_text(encoding="utf-8"))
    assert list(told["curves"]) == ["class 0", "class 1"]
    assert sorted(told["classes"]) == [0, 1]
