"""`motes simulate patterns`, and what `motes info` says of it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes as library
from motes import simulate
from motes.known_mixture import read_known_mixture

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


MIXED = ["simulate", "patterns", "--side", 9, "--photons", 20, "--patterns", 300, *FILES]


def known():
    return read_known_mixture("truth.npz")


@pytest.mark.parametrize(("rotations", "steps"), [("C4", 4), ("in-plane:12", 12), ("any", 300)])
def test_rotations_and_their_angles(motes, rotations, steps):
    assert motes(*MIXED, "--rotations", rotations).exit_code == 0
    patterns, truth = library.read_patterns("data.npz"), known()
    assert patterns.shape == (9, 9)
    assert patterns.n_photons / 300 == pytest.approx(20, rel=0.1)
    spacing = np.unique(np.round(np.diff(np.unique(truth.angles)), 6))
    np.testing.assert_allclose(spacing % (360 / steps), 0, atol=1e-5)
    assert 0 <= truth.angles.min() < truth.angles.max() < 360
    with np.load("truth.npz") as arrays:
        np.testing.assert_array_equal(arrays["labels"], truth.rotations)
        assert arrays["master"].sum() == pytest.approx(20, rel=0.05)


def test_two_pictures_and_nothing(motes):
    np.save("a.npy", simulate.creature(9, 1))
    np.save("b.npy", simulate.creature(9, 2))
    words = ["--image", "a.npy", "--image", "b.npy", "--class-weights", "1,3", "--empty", 0.2, "--background", 0.05]
    assert motes(*MIXED, *words).exit_code == 0
    truth = known()
    assert truth.masters.shape == (3, 9, 9)
    np.testing.assert_array_equal(truth.masters[2], 0)
    np.testing.assert_allclose(np.bincount(truth.classes) / 300, [0.2, 0.6, 0.2], atol=0.1)
    assert np.isnan(truth.angles[truth.classes == 2]).all()
    photons = library.read_patterns("data.npz").photons_per_pattern()
    assert photons[truth.classes == 2].mean() < 8 < 18 < photons[truth.classes < 2].mean()


def test_fluences_and_gaussian_noise(motes):
    assert motes(*MIXED, "--fluence-spread", 0.5).exit_code == 0
    photons = library.read_patterns("data.npz").photons_per_pattern()
    assert np.corrcoef(photons, known().fluence)[0, 1] > 0.8
    told = motes(*MIXED[:-4], "--noise", "gaussian", "--sigma", 0.5, "-o", "d.npy", "--truth", "truth.npz")
    assert told.exit_code == 0, told.stderr
    assert "d.npy: 300 patterns of 9x9 real numbers" in told.stdout
    dense = library.read_dense("d.npy")
    assert (dense.values - library.C4.expand(known().masters[0])[known().rotations]).std() == pytest.approx(
        0.5, rel=0.1
    )


def test_a_task_of_the_challenge_with_another_noise(motes):
    assert motes(*TASK7, *FILES, "--noise", "poisson").exit_code == 0
    patterns = library.read_patterns("data.npz", task=7, n_patterns=400)
    assert patterns.max_count > 1
    assert patterns.n_photons / 400 == pytest.approx(27.38, rel=0.05)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--patterns", 5], "--photons: needed"),
        (["--photons", 5], "--patterns: needed"),
        (["--photons", 5, "--patterns", 5], "--side: needed"),
        ([*MIXED[2:8], "--rotations", "C9"], "--rotations: expected"),
        ([*MIXED[2:8], "--noise", "odd"], "--noise: expected one of bernoulli"),
        ([*MIXED[2:8], "--sigma", 3], "--sigma: only Gaussian noise has one"),
        ([*MIXED[2:8], "--noise", "gaussian"], "--sigma: Gaussian noise needs a positive"),
        ([*MIXED[2:8], "--noise", "gaussian", "--sigma", 1], "data.npz: dense patterns are written as .npy"),
        ([*MIXED[2:8], "--class-weights", "1,2"], "--class-weights: expected 1 positive numbers, got '1,2'"),
        ([*MIXED[2:8], "--class-weights", "x"], "--class-weights: expected 1 positive numbers"),
        ([*MIXED[2:8], "--empty", 1], "--empty: expected a share between 0 and 1, got 1"),
        ([*MIXED[2:8], "--image", "flat.npy"], "--image: flat.npy: float64 of shape .3, 5., expected a 9x9 image"),
        ([*MIXED[2:8], "--image", "nan.npy"], "--image: nan.npy: expected finite brightness"),
        ([*MIXED[2:8], "--contrast", 9], "--contrast: 9 makes pixels negative"),
        ([*MIXED[2:8], "--noise", "bernoulli", "--photons", 900], "--noise: a mean of .*catches at most 1"),
    ],
)
def test_mixtures_refuse(refused, tmp_path, words, message):
    np.save("flat.npy", np.ones((3, 5)))
    np.save("nan.npy", np.full((9, 9), np.nan))
    assert re.search(message, refused(tmp_path, "simulate", "patterns", *FILES, *words))
