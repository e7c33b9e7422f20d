"""`motes fsc` and `motes frc`."""

from __future__ import annotations

import csv
import json
import resource
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes as library
from motes.resolution import frc, fsc, resolution_at, soft_sphere

mrcfile = pytest.importorskip("mrcfile", reason="half maps are MRC")


def write(path, data, voxel_size=None):
    with mrcfile.new(path, overwrite=True) as file:
        file.set_data(np.asarray(data, np.float32))
        if voxel_size is not None:
            file.voxel_size = voxel_size


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two half maps of 24 voxels a side, and two of less noise."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    signal, *noise = rng.standard_normal((5, 24, 24, 24))
    for axis in range(3):
        signal = (2 * signal + np.roll(signal, 1, axis) + np.roll(signal, -1, axis)) / 2
    for name, scale, each in (("h1", 3, 0), ("h2", 3, 1), ("fine1", 1, 2), ("fine2", 1, 3)):
        write(f"{name}.mrc", signal + scale * noise[each], 1.5)
        np.save(f"{name}.npy", (signal + scale * noise[each])[12])
    return tmp_path


def halves():
    return [mrcfile.read(f"{name}.mrc") for name in ("h1", "h2")]


def test_curve_figure_and_json(here, motes):
    result = motes("fsc", "h1.mrc", "h2.mrc", "-o", "out", "--threshold", "0.143", "--threshold", "half-bit")
    assert result.exit_code == 0, result.stderr
    curve = fsc(*halves(), voxel_size=1.5)
    lines = [f"h1: {resolution_at(curve, rule)}" for rule in ("0.143", "half-bit")]
    assert result.stdout.splitlines() == [*lines, "look at out/fsc.png"]
    assert sorted(path.name for path in Path("out").iterdir()) == ["fsc.csv", "fsc.json", "fsc.png"]
    with Path("out/fsc.csv").open() as file:
        rows = list(csv.DictReader(file))
    np.testing.assert_allclose([float(row["correlation"]) for row in rows], curve.correlation, rtol=1e-8)
    told = json.loads(Path("out/fsc.json").read_text())
    assert told["curves"][0]["resolution"][0] == resolution_at(curve).as_dict()
    assert told["curves"][0]["shells"]["n_voxels"] == curve.n_voxels.tolist()
    assert told["curves"][0]["shells"]["resolution_angstrom"][0] is None  # of frequency 0
    with Image.open("out/fsc.png") as figure:
        assert figure.size[0] > 800


def test_one_map_twice_is_told(here, motes):
    told = motes("fsc", "h1.mrc", "h1.mrc", "--mask", "soft:8")
    assert told.stderr == "motes: note: h1: both are the same map, so they are no independent halves\n"
    assert motes("fsc", "h1.mrc", "h2.mrc").stderr == ""


def test_without_a_folder_nothing_is_written(here, motes):
    before = sorted(here.iterdir())
    result = motes("fsc", "h1.mrc", "h2.mrc")
    assert result.exit_code == 0
    assert "angstrom at 0.143" in result.stdout
    assert sorted(here.iterdir()) == before


def test_masks(here, motes):
    mask = soft_sphere((24, 24, 24), 7, 3)
    write("mask.mrc", mask, 1.5)
    curve = fsc(*halves(), voxel_size=1.5, mask=mask, seed=4)
    for text in ("mask.mrc", "soft:7:3"):
        result = motes("fsc", "h1.mrc", "h2.mrc", "--mask", text, "--seed", 4, "-o", "out")
        assert result.stdout.splitlines()[0] == f"h1: {resolution_at(curve)}"
        told = json.loads(Path("out/fsc.json").read_text())
        assert told["curves"][0]["randomised_from"] == curve.randomised_from
        assert told["options"]["mask"] == text
        np.testing.assert_allclose(told["curves"][0]["shells"]["randomised"], curve.randomised, atol=1e-12)
    plain = motes("fsc", "h1.mrc", "h2.mrc", "--mask", "soft:7:3", "--no-correct").stdout
    uncorrected = fsc(*halves(), voxel_size=1.5, mask=mask, correct=False)
    assert plain.splitlines() == [f"h1: {resolution_at(uncorrected)}"]
    later = motes("fsc", "h1.mrc", "h2.mrc", "--mask", "soft:7", "--randomise-from", 9, "-o", "out")
    assert later.exit_code == 0
    assert json.loads(Path("out/fsc.json").read_text())["curves"][0]["randomised_from"] == 9


def test_several_curves(here, motes):
    result = motes("fsc", "h1.mrc", "h2.mrc", "fine1.mrc", "fine2.mrc", "-o", "out")
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["h1", "fine1", "look at out/fsc.png"]
    with Path("out/fsc.csv").open() as file:
        assert [row["curve"] for row in csv.DictReader(file)] == ["h1"] * 13 + ["fine1"] * 13
    result = motes("fsc", *["h1.mrc", "h2.mrc"] * 2)
    assert [line.split(":")[0] for line in result.stdout.splitlines()] == ["h1 (1)", "h1 (2)"]


def test_images(here, motes):
    result = motes("frc", "h1.npy", "h2.npy", "-o", "out", "--pixel-size", 2)
    assert result.exit_code == 0, result.stderr
    assert "angstrom at 0.143" in result.stdout
    assert sorted(path.name for path in Path("out").iterdir()) == ["frc.csv", "frc.json", "frc.png"]
    result = motes("frc", "h1.npy", "h2.npy")
    assert result.stderr == "motes: note: h1: no file tells the size of a pixel\n"
    assert "pixels at 0.143" in result.stdout
    Image.fromarray((20 * np.load("h1.npy") + 128).clip(0, 255).astype(np.uint8)).save("h1.png")
    assert motes("frc", "h1.png", "h2.npy").exit_code == 0


def test_two_halves_of_photon_patterns(tmp_path, motes, monkeypatch):
    """The photon wing's own reconstructions, as they lie on the disk."""
    monkeypatch.chdir(tmp_path)
    drawn = library.simulate.task_patterns(7, n_patterns=6000, seed=1)
    patterns = library.Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=6000)
    for i in range(2):
        np.save(f"half{i + 1}.npy", library.reconstruct(patterns[i::2], init=drawn.master).master)
    result = motes("frc", "half1.npy", "half2.npy")
    assert result.exit_code == 0, result.stderr
    assert "pixels at 0.143" in result.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["fsc", "h1.mrc"], "expected two files for each curve, and at most 4 curves, got 1 file"),
        (["fsc", "h1.mrc", "small.mrc", "-o", "o"], "small.mrc: expected shape (24, 24, 24), as h1.mrc's, got (10, 10"),
        (
            ["fsc", "h1.mrc", "other.mrc"],
            "sizes of a voxel differ: 1.5 angstrom in h1.mrc and 1.7 angstrom in other.mrc",
        ),
        (["fsc", "h1.mrc", "squeezed.mrc"], "squeezed.mrc: voxels: anisotropic, 1.5 x 1.5 x 1.8 angstrom"),
        (
            ["fsc", "half1.mrc", "half2.mrc"],
            "sizes of a voxel differ: 1.5 angstrom in half1.mrc and 1.7 angstrom in half2.mrc; --voxel-size says",
        ),
        (["fsc", "h1.mrc", "flat.mrc"], "flat.mrc: voxels: anisotropic, 1.5 x 1.8 angstrom"),
        (["frc", "h1.npy", "oblong.mrc"], "oblong.mrc: pixels: anisotropic, 1.5 x 1.8 angstrom"),
        (["fsc", "h1.mrc", "zeros.mrc"], "zeros.mrc: all values are 0, expected a map"),
        (["fsc", "h1.mrc", "nan.npy"], "nan.npy: not finite at (1, 2, 3)"),
        (["fsc", "h1.mrc", "h2.npy"], "h2.npy: float64 of shape (24, 24), expected real numbers of 3 axes"),
        (["fsc", "h1.mrc", "none.mrc"], "none.mrc: no such file"),
        (["fsc", "h1.mrc", "h2.txt"], "h2.txt: suffix '.txt' tells no volume"),
        (["fsc", "h1.mrc", "h2.mrc", "--mask", "zeros.mrc"], "--mask: hides everything"),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--mask", "small.mrc"],
            "--mask: expected shape (24, 24, 24), as the maps', got (10",
        ),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:x"],
            "--mask: expected a file or soft:RADIUS[:EDGE] in voxels, got 's",
        ),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:13"],
            "--mask soft:13: expected a radius above 0 and at most 12, half of 24 x 24 x 24 voxels",
        ),
        (["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:0"], "--mask soft:0: expected a radius above 0"),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:1:2:3"],
            "--mask: expected a file or soft:RADIUS[:EDGE] in voxels",
        ),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--threshold", "2", "-o", "o"],
            "'--threshold': expected one of 0.143, 0.5, half-bit",
        ),
        (["fsc", "h1.mrc", "h2.mrc", "--confidence", "1"], "--confidence: expected a number between 0 and 1, got 1.0"),
        (
            ["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:5", "--randomise-from", "40"],
            "--randomise-from: expected a shell of 1 to 12, got 40",
        ),
        (["frc", "h1.npy", "h1.mrc"], "h1.mrc: holds 24 sections, expected one image; for volumes: motes fsc"),
        (["frc", "cube.npy", "h1.npy"], "expected real numbers of 2 axes; for volumes: motes fsc"),
        (["frc", "h1.npy", "blank.npy"], "blank.npy: all values are 0, expected an image"),
        (["fsc", "h1.mrc", "oblong.mrc"], "oblong.mrc: 1 x 24 x 24 voxels, expected a volume; for images: motes frc"),
        (["fsc", "h1.png", "h1.png"], "suffix '.png' tells no volume"),
        (["fsc", "h1.npy", "h2.npy"], "expected real numbers of 3 axes; for images: motes frc"),
        (["fsc", "h1.mrc", "h2.mrc", "--mask", "soft"], "--mask: expected a file or soft:RADIUS[:EDGE] in voxels"),
        (["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:-3"], "--mask soft:-3: expected a radius above 0"),
        (["fsc", "h1.mrc", "h2.mrc", "--mask", "soft:3:-1"], "--mask: soft:3:-1: edge: expected 0 voxels or more"),
        (["frc", "h1.npy", "short.npy"], "short.npy: expected shape (24, 24), as h1.npy's, got (20, 24)"),
        (["frc", "h1.npy", "h2.npy", "--pixel-size", "0"], "'--pixel-size': expected a finite number above 0, got 0"),
    ],
)
def test_refusals(here, refused, words, message):
    small = np.ones((10, 10, 10))
    small[0] = 0
    maps = {"small": small, "zeros": np.zeros((24, 24, 24)), "other": halves()[1]}
    maps |= dict.fromkeys(("squeezed", "flat", "half1", "half2"), halves()[1])
    maps["oblong"], holes = halves()[1][12], halves()[1].copy()
    holes[1, 2, 3] = np.nan
    np.save("nan.npy", holes)
    sizes = {"other": 1.7, "half2": 1.7, "squeezed": (1.5, 1.5, 1.8), "flat": (1.5, 1.8, 0), "oblong": (1.5, 1.8, 1)}
    for name, data in maps.items():
        write(f"{name}.mrc", data, sizes.get(name, 1.5))
    np.save("cube.npy", halves()[0])
    np.save("blank.npy", np.zeros((24, 24)))
    np.save("short.npy", np.load("h1.npy")[:20])
    assert message in refused(here, *words)


def test_a_size_that_is_given_counts(here, motes):
    write("squeezed.mrc", halves()[1], (1.5, 1.5, 1.8))
    for other in ("squeezed.mrc", "h2.mrc"):
        result = motes("fsc", "h1.mrc", other, "--voxel-size", 3)
        assert result.stdout == f"h1: {resolution_at(fsc(*halves(), voxel_size=3.0))}\n"
    assert motes("fsc", "h1.mrc", "squeezed.mrc", "--voxel-size", 1.5).stderr == (
        "motes: note: --voxel-size overrules squeezed.mrc, which tells 1.5 x 1.5 x 1.8 angstrom\n"
    )


def test_a_size_that_one_half_tells_is_taken_with_a_note(here, motes):
    np.save("second.npy", halves()[1])
    told = motes("fsc", "h1.mrc", "second.npy")
    assert told.stdout == motes("fsc", "h1.mrc", "h2.mrc").stdout
    assert told.stderr == "motes: note: second.npy tells no size of a voxel, taken to be 1.5 as h1.mrc's\n"


def test_a_pixel_size_that_is_given_counts(here, motes):
    image = np.load("h1.npy")
    write("oblong.mrc", image, (1.5, 1.8, 1))
    result = motes("frc", "oblong.mrc", "h2.npy", "--pixel-size", 3)
    assert (
        result.stdout == f"oblong: {resolution_at(frc(image.astype(np.float32), np.load('h2.npy'), pixel_size=3.0))}\n"
    )
    write("square.mrc", image, (1.5, 1.5, 0))
    assert "angstrom at 0.143" in motes("frc", "square.mrc", "h2.npy").stdout


def test_a_full_disk_leaves_nothing(here, motes_process):
    """A file may not grow beyond 10 kB here: the figure can not be written, and so nothing is."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))

    process = motes_process("fsc", "h1.mrc", "h2.mrc", "-o", "out", preexec_fn=limit)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "no results were written" in stderr
    assert not Path("out").exists()
