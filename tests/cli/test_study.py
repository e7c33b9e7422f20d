"""`motes study`: from a configuration to a page, and what is told in one line."""

from __future__ import annotations

import csv
import json
import signal
import sys
import time
from pathlib import Path

import pytest

import gpus
from motes.study import presets
from toy_study import write_toy

CONFIG = """
name = "Small"
strategies = ["entropy_score"]
seeds = 2
[data]
source = "folder"
micrographs = "data/micrographs"
truth = "data/particles"
[folds]
n = 3
[labels]
initial = 4
per_round = 3
rounds = 2
"""


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with small micrographs and a configuration."""
    monkeypatch.chdir(tmp_path)
    write_toy(tmp_path / "data", n=5)
    Path("small.toml").write_text(CONFIG)
    return tmp_path


def test_a_study_from_its_configuration(here, motes):
    done = motes("study", "small.toml", "-o", "out", "--processes", 1)
    assert done.exit_code == 0, done.stderr
    *runs, note = done.stderr.splitlines()
    assert runs == [f"motes: {n} of 4 runs" for n in range(5)]
    assert note.startswith("motes: note: few seeds (2): intervals were checked with 10 and more, ")
    sentence, look = done.stdout.splitlines()
    assert "entropy_score is " in sentence
    assert look == "look at out/report.html"
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "curves.png", "lock", "report.html", "runs", "state.json", "study.csv", "study.json",
    ]  # fmt: skip
    assert json.loads(Path("out/study.json").read_text())["command"].startswith("motes study small.toml")
    again = motes("study", "small.toml", "-o", "out", "--quiet")
    assert again.exit_code == 2
    assert "out: holds a study already, 4 runs of it; resume it (--resume)" in again.stderr
    gone_on = motes("study", "small.toml", "-o", "out", "--resume", "--quiet")
    assert (gone_on.exit_code, gone_on.stdout, gone_on.stderr) == (0, "", "")


@pytest.mark.gpu
def test_a_study_on_a_gpu_says_so(here, motes):
    gpus.gpu()
    figures = {}
    for device in ("cpu", "cuda"):
        words = ("--processes", 1, "--device", device, "--quiet")
        assert motes("study", "small.toml", "-o", device, *words).exit_code == 0
        told = json.loads(Path(device, "state.json").read_text())
        assert told["config"]["picker"]["options"]["device"] == device
        rows = list(csv.DictReader(Path(device, "study.csv").read_text().splitlines()))
        figures[device] = [{name: told for name, told in row.items() if "seconds" not in name} for row in rows]
    assert figures["cpu"] == figures["cuda"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "CONFIG.toml: give one, or --preset NAME (--list names them)"),
        (("small.toml", "--preset", "sample"), "CONFIG.toml: give one, or --preset NAME"),
        (("small.toml",), "-o: needed, the folder of the study"),
        (("nowhere.toml", "-o", "out"), "nowhere.toml: no such file or directory; check the path"),
        (("--preset", "smaple", "-o", "out"), "error: --preset: 'smaple'; did you mean sample?"),
        (("--preset", "i5-a8.75", "-o", "out"), "data.folder: needed, the folder of a CryoPPP data set"),
        (("small.toml", "--device", "gpu", "-o", "out"), "--device: expected cpu, cuda, cuda:N or auto, got 'gpu'"),
        (("small.toml", "--data", "data", "-o", "out"), "this study's source is folder, which takes no folder"),
    ],
)
def test_what_is_refused_in_one_line(here, motes, words, message):
    told = motes("study", *words)
    assert told.exit_code == 2
    assert message in told.stderr
    assert told.stderr.count("\n") == 1
    assert not Path("out").exists()


def test_an_unknown_key_is_named_with_its_file(here, motes):
    Path("small.toml").write_text(CONFIG.replace("per_round", "per_rond"))
    told = motes("study", "small.toml", "-o", "out")
    assert told.exit_code == 2
    assert "small.toml: labels.per_rond: there is no such key; did you mean per_round?" in told.stderr
    assert not Path("out").exists()


def test_presets_are_listed(motes):
    listed = motes("study", "--list")
    assert listed.exit_code == 0
    for name, path in presets().items():
        assert name in listed.stdout
        assert str(path) in listed.stdout
    assert "the thesis: Yu-Hsuan Li, Comparison of Different Uncertainty Measurement" in listed.stdout
    assert "seed 001" not in listed.stdout.lower()


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
def test_ctrl_c_keeps_what_is_finished(here, motes_process, motes):
    Path("small.toml").write_text(CONFIG.replace("seeds = 2", "seeds = 40"))
    process = motes_process("study", "small.toml", "-o", "out", "--processes", 2)
    deadline = time.monotonic() + 120
    while len(list(Path("out", "runs").glob("*.npz"))) < 2:
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "of 80 runs are kept in out; go on with --resume" in told
    kept = {path.name for path in Path("out", "runs").glob("*.npz")}
    assert len(kept) >= 2
    Path("small.toml").write_text(CONFIG)
    done = motes("study", "small.toml", "-o", "out", "--resume", "--processes", 1)
    assert done.exit_code == 0, done.stderr
