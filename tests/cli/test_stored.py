"""Stores of patterns on the command line: the files that patterns in memory give, within a memory, and damage told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import motes as library
from stores import store_of

SAME = ("master.npy", "std_error.npy", "labels.npy")


@pytest.fixture
def stored(archive):
    """The folder, with run.zarr beside the archive: its patterns in six sections."""
    store_of(archive, library.read_patterns(archive / "endeavor.npz", n_patterns=3000), a_section=500)
    return archive


def report_of(folder: Path) -> dict:
    return json.loads((folder / "report.json").read_text())


def damage(folder: Path, section: int) -> None:
    """Turn a bit in the photons of a section."""
    (file,) = (folder / "run.zarr" / "sections" / f"{section:08}" / "pixels").glob("c/*")
    content = bytearray(file.read_bytes())
    content[100] ^= 1
    file.write_bytes(content)


def test_a_store_gives_the_files_of_an_archive(stored, motes):
    words = ("--truth", "truth.npz", "--acceleration", "squarem", "--halves", "--quiet")
    for source, out in (("endeavor.npz", "one"), ("run.zarr", "two")):
        assert motes("reconstruct", source, "-o", out, *words).exit_code == 0
    for name in (*SAME, "half1.npy", "half2.npy"):
        np.testing.assert_array_equal(np.load(stored / "one" / name), np.load(stored / "two" / name), err_msg=name)
    assert report_of(stored / "two")["accuracy"] == report_of(stored / "one")["accuracy"]


def test_patterns_are_left_out_of_a_store(stored, motes):
    (stored / "out.txt").write_text("0\n7\n2999\n")
    for source, out in (("endeavor.npz", "one"), ("run.zarr", "two")):
        words = ("--exclude", "out.txt", "--selection", "even", "--acceleration", "squarem", "--quiet")
        assert motes("reconstruct", source, "-o", out, *words).exit_code == 0
    for name in SAME:
        np.testing.assert_array_equal(np.load(stored / "one" / name), np.load(stored / "two" / name), err_msg=name)


def test_damage_is_named_and_left_out_only_where_that_is_asked(stored, motes, refused):
    damage(stored, 4)
    line = refused(stored, "reconstruct", "run.zarr", "-o", "out")
    assert "run.zarr: section 4" in line
    assert "--skip-damaged leaves its patterns out" in line
    assert motes("reconstruct", "run.zarr", "-o", "out", "--skip-damaged").exit_code == 0
    labels = np.load(stored / "out" / "labels.npy")
    assert (labels == -1).nonzero()[0].tolist() == list(range(2000, 2500))
    told = report_of(stored / "out")
    assert told["n_patterns"] == 2500
    assert motes("view", "out", "--no-open").exit_code == 0
    assert told["notes"][-1] == "run.zarr: section 4 is damaged, its 500 patterns left out (label -1)"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("run.zarr", "--memory", "1MB"), "--memory: 1 MB is too little for run.zarr: the program takes"),
        (("run.zarr", "--memory", "lots"), "--memory"),
        (("run.zarr", "--memory", "300"), '"300" is 300 bytes: write 300MB or 300GB'),
        (("run.zarr", "--noise", "poisson", "--fluence", "estimate"), "--fluence: of each pattern is for patterns in"),
        (("run.zarr", "--task", 7), "--task: run.zarr is a store"),
        (("run.zarr", "--method", "sgd"), "--method: sgd"),
        (("run.zarr", "--error-bars", "bootstrap"), "--error-bars: bootstrap"),
        (("endeavor.npz", "--scheduler", "local:1"), "--scheduler: is for a store"),
        (("endeavor.npz", "--skip-damaged"), "--skip-damaged: is for a store"),
        (("endeavor.npz", "--memory", "1GB"), "--memory: is for a store"),
        (("run.zarr", "endeavor.npz"), "FILE: expected one store by itself; motes convert run.zarr endeavor.npz -o"),
        (("run.zarr", "--held-out", "1,2"), "--held-out: needs all patterns in memory"),
        (("run.zarr", "--tls-ca", "ca.pem"), "--tls-ca: is of --scheduler"),
        (("run.zarr", "--scheduler", "local:0"), "--scheduler"),
    ],
)
def test_what_can_not_be_is_told(stored, refused, words, told):
    assert told in refused(stored, "reconstruct", *words, "-o", "out")


def test_a_selection_takes_more_memory(archive, refused, monkeypatch):
    """Copies of patterns that are chosen, beside the sections that they are of: one of 16 MiB here."""
    monkeypatch.setattr("motes.memory.resident_bytes", lambda: 2 * 10**8)  # of the program, as it may be
    large = library.Patterns.from_dense(np.ones((13_000, 25, 25), np.uint8))
    library.write_patterns(archive / "large.zarr", large)
    words = ("reconstruct", "large.zarr", "--memory", "1MB", "-o", "out")

    def least(*more: str) -> int:
        return int(refused(archive, *words, *more).split("give at least ")[1].split(" MB")[0])

    assert least() + 10 <= least("--halves") <= least() + 20


def test_limits_of_patterns_that_were_measured(stored, motes, refused):
    np.save("picture.npy", np.load("truth.npz")["master7"])
    assert motes("limits", "--image", "picture.npy", "--data", "run.zarr", "-o", "out").exit_code == 0
    told = json.loads((stored / "out" / "limits.json").read_text())
    assert told["n_patterns"] == 3000
    assert told["photons"] == pytest.approx(library.open_patterns("run.zarr").n_photons / 3000)
    told = "--image: run.zarr is a store of patterns, expected the picture to be found; --data run.zarr takes"
    assert told in refused(stored, "limits", "--image", "run.zarr", "-o", "other")
    assert "--photons: expected a number, or --data FILE" in refused(
        stored, "limits", "--image", "picture.npy", "-o", "other", "--patterns", 10
    )


def test_a_simulated_store_holds_a_task(archive, motes, refused, monkeypatch):
    monkeypatch.setattr(sys.modules["motes.cli.simulate"], "STORED_AT_ONCE", 300)
    words = ("simulate", "patterns", "--task", 7, "--patterns", 1000, "-o", "sim.zarr", "--truth", "known.npz")
    assert motes(*words).exit_code == 0
    store = library.open_patterns("sim.zarr")
    assert len(store) == 1000
    with np.load("known.npz") as known:
        templates = library.C4.expand(known["master"])
        labels = known["labels"]
    mean = [store.to_memory()[labels == k].mean_image() for k in range(4)]
    found = [int(np.argmax([np.corrcoef(one.ravel(), t.ravel())[0, 1] for t in templates])) for one in mean]
    assert found == [0, 1, 2, 3]
    assert "sim.zarr: is there already" in refused(archive, *words)
    assert motes(*words[:6], "-o", "other.zarr").exit_code == 0  # the truth is beside it
    assert (archive / "other-truth.npz").read_bytes() == (archive / "known.npz").read_bytes()


def test_a_reconstruction_of_a_store_is_shown(stored, motes):
    words = ("--exclude", "out.txt", "--quiet")
    (stored / "out.txt").write_text("3\n")
    assert motes("reconstruct", "run.zarr", "-o", "out", *words).exit_code == 0
    assert motes("view", "out", "--no-open").exit_code == 0
    assert (stored / "out" / "view.html").stat().st_size > 10_000
