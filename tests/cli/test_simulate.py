"""`motes simulate patterns`, and what `motes info` says of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes as library
from motes import simulate

TASK7 = ["simulate", "patterns", "--task", 7, "--patterns", 400]
FILES = ["-o", "data.npz", "--truth", "truth.npz"]


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("task", simulate.TASKS)
def test_each_task_is_written_and_read_back(motes, task):
    result = motes("simulate", "patterns", "--task", task, "--patterns", 300, "--seed", 4, *FILES)
    assert result.exit_code == 0, result.stderr
    drawn = simulate.task_patterns(task, n_patterns=300, seed=4)
    patterns = library.read_patterns("data.npz", task=task, n_patterns=300)
    expected = library.Patterns.from_coo(
        drawn.rows, drawn.cols, counts=drawn.counts, shape=drawn.master.shape, n_patterns=300
    )
    assert patterns.shape == expected.shape
    assert (patterns.to_scipy() != expected.to_scipy()).nnz == 0
    with np.load("truth.npz") as truth:
        np.testing.assert_array_equal(truth["master"], drawn.master)
        np.testing.assert_array_equal(truth["labels"], drawn.labels)


def test_what_was_written_is_told(motes):
    told = motes("simulate", "patterns", "--task", 4, "--patterns", "1e0", *FILES).stdout.splitlines()
    assert re.fullmatch(r"data\.npz: [\d,]+ photons in 1 pattern of 50x50 pixels", told[0])
    assert told[1].startswith("truth.npz: the truth: the picture (master")


def test_no_photon_is_told(motes):
    assert "not one photon was drawn" in motes(*TASK7, *FILES, "--photons", 0).stderr


def test_photons_and_contrast(motes):
    assert motes(*TASK7, *FILES, "--photons", 5, "--contrast", 0.5).exit_code == 0
    with np.load("truth.npz") as truth:
        portrait = simulate.with_contrast(simulate.portrait(25), 0.5)
        np.testing.assert_allclose(truth["master"], simulate.scaled(portrait, 5))


@pytest.mark.parametrize("suffix", [".png", ".npy"])
def test_another_picture(motes, suffix):
    from PIL import Image

    picture = (255 * simulate.creature(25)).astype(np.uint8)
    if suffix == ".png":
        Image.fromarray(picture).save("picture.png")
    else:
        np.save("picture.npy", picture)
    assert motes(*TASK7, *FILES, "--image", f"picture{suffix}").exit_code == 0
    with np.load("truth.npz") as truth:
        np.testing.assert_allclose(truth["master"], simulate.scaled(picture, 27.38))


@pytest.mark.parametrize("suffix", [".npy", ".emc"])
def test_other_formats(motes, suffix):
    assert motes(*TASK7, "-o", f"data{suffix}", "--truth", "truth.npz").exit_code == 0
    assert len(library.read_patterns(f"data{suffix}")) == 400


def test_what_a_file_does_not_tell_is_told(motes):
    result = motes("simulate", "patterns", "--task", 7, "--patterns", 50, "--photons", 0.1, *FILES)
    assert result.exit_code == 0, result.stderr
    assert re.fullmatch("motes: note: data.npz: to read it back, give --patterns 50\n", result.stderr)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", 5], "task: the challenge has data for tasks"),
        (["--task", 3, "--photons", 5], "photons: task 3 is a silhouette"),
        (["--task", 7, "--photons", 1000], "--photons: 1000 a pattern are .* catches at most 1: ask for .* or fewer"),
        (["--task", 7, "--photons", "inf"], "--photons: expected a finite number"),
        (["--task", 7, "--patterns", 0], "--patterns"),
        (["--task", 7, "--contrast", -3], "--contrast: -3 makes pixels negative"),
        (["--task", 7, "--contrast", 9], "--contrast: 9 makes pixels negative, expected -0.6154 to 1"),
        (["--task", 7, "--contrast", "nan"], "--contrast: expected a finite number, got nan"),
        (["--task", 7, "--contrast", "inf"], "--contrast: expected a finite number, got inf"),
        (["--task", 7, "--image", "black.npy"], "--image: expected finite brightness"),
        (["--task", 7, "--image", "nan.npy"], "--image: expected finite brightness"),
        (["--task", 7, "--image", "complex.npy"], "--image: expected real numbers, got complex128"),
        (["--task", 7, "--image", "nowhere.png"], "nowhere.png: no such file"),
        (["--task", 7, "--image", "bad.png"], "--image: bad.png is no picture that can be read"),
        (["--task", 7, "--image", "flat.npy"], "--image: expected a square image"),
        (["--task", 7, "--truth", "truth.txt"], "--truth: expected a name that ends in .npz"),
        (["--task", 7, "--truth", "data.npz"], "--truth: needs another file than -o"),
        (["--task", 7, "-o", "data.txt"], "data.txt: suffix '.txt'"),
        (["--task", 7, "-o", "nowhere/data.npz"], "nowhere/data.npz: no such file or directory"),
        (["--task", 7, "--truth", "nowhere/truth.npz"], "nowhere/truth.npz: no such file or directory"),
    ],
)
def test_simulate_refuses(refused, tmp_path, words, message):
    (tmp_path / "bad.png").write_text("no picture")
    images = {"flat": np.ones((3, 5)), "black": np.zeros((4, 4)), "nan": np.full((4, 4), np.nan)}
    for name, image in (images | {"complex": np.ones((4, 4), complex)}).items():
        np.save(f"{name}.npy", image)
    assert re.search(message, refused(tmp_path, "simulate", "patterns", "--patterns", 10, *FILES, *words))


def test_a_full_disk_leaves_nothing(motes_process, tmp_path):
    resource = pytest.importorskip("resource")
    limit = (2000, 2000)
    process = motes_process(*TASK7, *FILES, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    _, errors = process.communicate()
    assert process.returncode == 2
    assert re.fullmatch("motes: error: .*file too large.*\n", errors)
    assert not list(tmp_path.iterdir())


def test_info_says_what_is_in_a_file(motes):
    motes(*TASK7, *FILES)
    patterns = library.read_patterns("data.npz", n_patterns=400)
    told = motes("info", "data.npz")
    assert told.exit_code == 0, told.stderr
    for expected in ("task7: photon pairs", "400 patterns of 25x25 pixels", f"{patterns.n_photons:,} photons"):
        assert expected in told.stdout
    assert "master: float64 array (25, 25)" in motes("info", "truth.npz").stdout
