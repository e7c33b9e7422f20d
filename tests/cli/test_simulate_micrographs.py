"""``motes simulate micrographs`` from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import motes as library
from motes import simulate

pytest.importorskip("mrcfile")
COMMAND = ("simulate", "micrographs", "--size", "300x340", "--diameter", 40, "--particles", 6, "--count", 2)


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_preset(motes, tmp_path):
    told = motes(*COMMAND, "--preset", "crowded", "--decoys", 2, "--aggregates", 1, "--seed", 3, "-o", "out")
    assert told.exit_code == 0, told.stderr
    assert "out: 2 micrographs of 300 x 340 pixels, 6 particles on each" in told.stdout
    assert re.search(r"SNR 0\.6, [\d.]+ electrons per square angstrom, diameter 40 pixels", told.stdout)
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "crowded_001.mrc", "crowded_002.mrc", "particles.star", "decoys.star", "aggregates.star", "simulation.json",
        "micrographs.png",
    }  # fmt: skip
    assert len(library.read_picks("out/particles.star")) == 12
    same = simulate.micrographs("crowded", 2, 3, shape=(300, 340), diameter=40.0, particles=6, n_decoys=2, aggregates=1)
    assert (library.read_micrograph("out/crowded_002.mrc").data == same[1].data).all()


def test_every_option_reaches_its_setting(motes):
    words = {
        "--pixel-size": 3.5, "--min-distance": 0.9, "--dose": 12.0, "--contrast": 0.05, "--contrast-spread": 0.1,
        "--coloured": 0.1, "--exponent": 1.5, "--defocus-spread": 0.05, "--astigmatism": 0.2, "--voltage": 200.0,
        "--cs": 1.2, "--amplitude-contrast": 0.08, "--b-factor": 70.0, "--ice-gradient": 0.4, "--ice-spread": 0.1,
        "--carbon": 0.5, "--contamination": 2.0,
    }  # fmt: skip
    several = ["--species", "rod", "--species", "ring", "--abundance", 2, "--abundance", 1, "--decoy", "tetramer"]
    options = [word for pair in words.items() for word in pair]
    told = motes(*COMMAND, *options, *several, "--decoys", 1, "--defocus", 1.0, 1.4, "-o", "out")
    assert told.exit_code == 0, told.stderr
    settings = json.loads(Path("out/simulation.json").read_text())["settings"]
    named = {"--cs": "spherical_aberration"}
    for option, value in words.items():
        assert settings[named.get(option, option[2:].replace("-", "_"))] == value, option
    assert settings["snr"] is None
    assert settings["species"] == ["rod", "ring"]
    assert settings["abundance"] == [2, 1]
    assert settings["defocus"] == [1.0, 1.4]
    assert (settings["decoys"], settings["n_decoys"]) == (["tetramer"], 1)


def test_the_same_seed_gives_the_same_bytes(motes, tmp_path):
    for name in ("a", "b"):
        assert motes(*COMMAND, "-o", name).exit_code == 0
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--snr", -1], r"--snr: expected a positive, finite number, got -1.0"),
        (["--snr", "nan"], "--snr: expected a positive, finite number, got nan"),
        (["--snr", 0.1, "--dose", 3], "--snr, --dose: two ways to say the same, expected one of them"),
        (["--diameter", 400], "--diameter: 400 pixels do not fit into a micrograph of 300 x 340"),
        (["--size", "99999x99999"], "--size: expected at most 268435456 pixels"),
        (["--size", "big"], "--size: expected rows and columns, such as 1024x1280, or one number, got 'big'"),
        (["--size", "10x10x10"], "--size: expected rows"),
        (["--particles", 500], r"--particles: only \d+ of 500, decoys included, found a place"),
        (["--count", 0], "--count: expected 1 or more, got 0"),
        (["--cs", -1], "--cs: expected 0 to 100, got -1.0"),
        (["--decoys", 3], "--decoys: 3 of them, but decoys names none"),
        (["--species", "dragon"], "--species: expected ribosome, tetramer, ring, rod or the path of an .mrc file"),
        (["--species", "nowhere.mrc"], "nowhere.mrc: no such file or directory"),
        (["--preset", "easy"], "--preset: expected one of seed, crowded, faint, contaminated, got 'easy'"),
        (["--engine", "magic"], "--engine: expected one of motes, aspire, got 'magic'"),
        (["--defocus", 2], "Invalid value for '--defocus': expected two numbers, smallest and largest, .* got 2 -o "),
        (["--defocus", 2, 1], "--defocus: expected smallest, then largest, within -10 to 10 micrometres, got 2 and 1"),
    ],
)
def test_refuses(motes, tmp_path, words, message):
    told = motes(*COMMAND, *words, "-o", "out")
    assert told.exit_code == 2
    assert re.search(f"^motes: error: {message}", told.stderr)
    assert told.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_folder_with_a_simulation_is_refused(motes, refused, tmp_path):
    """Else files of the older one would stay beside those of the new one, without their truth."""
    assert motes(*COMMAND, "-o", "out").exit_code == 0
    for words in ((), ("--preset", "crowded"), ("--seed", 4)):
        line = refused(tmp_path, *COMMAND, *words, "--count", 1, "-o", "out")
        assert line == ("motes: error: out: holds a simulation already (simulation.json); choose another folder\n"), (
            words
        )


def test_an_interruption_leaves_nothing(motes, tmp_path, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(simulate.Micrographs, "__getitem__", interrupted)
    told = motes(*COMMAND, "-o", "out")
    assert told.exit_code == 130
    assert "interrupted" in told.stderr
    assert not list(tmp_path.iterdir())
