"""Detectors: what may be one, and Dragonfly's files of them, flat and on the Ewald sphere."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import motes

LEVELS = np.array([[0, 1, 2], [0, 0, 0]], np.uint8)


def pixels(height: int = 4, width: int = 5, *, radius: float | None = None, distance: float = 50.0) -> dict:
    """Columns of a detector file: pixels row after row, the beam in the middle; on a sphere where it has a radius."""
    shape = (height, width)
    y, x = (grid.ravel() - (length - 1) / 2 for grid, length in zip(np.indices(shape), shape, strict=True))
    mask = (np.arange(x.size) % 7 == 3).astype(np.uint8) + 2 * (np.arange(x.size) == 0)
    if radius is None:
        return {"qx": x, "qy": y, "qz": 0 * x, "corr": 1 + y / 100, "mask": mask}
    far = np.sqrt(x**2 + y**2 + distance**2)
    on_sphere = {"qx": radius * x / far, "qy": radius * y / far, "qz": radius * (distance / far - 1)}
    return on_sphere | {"corr": (distance / far) ** 3, "mask": mask}


def write_text(path: Path, columns: dict, *header: float, digits: int = 15) -> Path:
    rows = zip(*(columns[name] for name in ("qx", "qy", "qz", "corr", "mask")), strict=True)
    lines = [" ".join([*(f"{value:.{digits}e}" for value in row[:4]), str(row[4])]) for row in rows]
    path.write_text("\n".join([" ".join(map(str, (len(lines), *header))), *lines, ""]))
    return path


def write_h5(path: Path, columns: dict) -> Path:
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    with h5py.File(path, "w") as file:
        for name, column in columns.items():
            file[name] = column
    return path


def assert_is_that_of(detector: motes.Detector, columns: dict, shape: tuple[int, int]) -> None:
    mask = columns["mask"].reshape(shape)
    np.testing.assert_array_equal(detector.good, mask == 0)
    np.testing.assert_array_equal(detector.merged, mask < 2)
    corr = columns["corr"].reshape(shape)
    expected = np.where(mask < 2, corr / corr[mask < 2].mean(), 1)
    np.testing.assert_allclose(detector.correction, expected, rtol=1e-6)
    assert detector.background is None


@pytest.mark.parametrize("radius", [None, 45.0])
@pytest.mark.parametrize("header", [(), (50.0, 45.0)])
@pytest.mark.parametrize("digits", [6, 15])
def test_text_of_both_ages(tmp_path, radius, header, digits):
    columns = pixels(radius=radius)
    detector = motes.read_detector(write_text(tmp_path / "d.dat", columns, *header, digits=digits))
    assert_is_that_of(detector, columns, (4, 5))


@pytest.mark.parametrize(
    ("radius", "left_out"),
    [(None, ()), (None, ("qz",)), (None, ("detd", "ewald_rad")), (45.0, ()), (45.0, ("detd", "ewald_rad"))],
)
def test_hdf5(tmp_path, radius, left_out):
    columns = pixels(radius=radius)
    file = {k: v for k, v in (columns | {"detd": 50.0, "ewald_rad": 45.0}).items() if k not in left_out}
    assert_is_that_of(motes.read_detector(write_h5(tmp_path / "d.h5", file)), columns, (4, 5))


def test_x_may_be_the_slow_axis_and_run_backwards(tmp_path):
    """Dragonfly's own files have x slow: an image is what its pixels are in their order, whatever they are called."""
    columns = pixels()
    swapped = columns | {"qx": -columns["qy"], "qy": columns["qx"]}
    assert motes.read_detector(write_text(tmp_path / "d.dat", swapped), shape=(4, 5)).shape == (4, 5)


def test_a_large_one_in_few_digits_is_a_grid(tmp_path):
    columns = pixels(60, 70, radius=300.0, distance=300.0)
    assert motes.read_detector(write_text(tmp_path / "d.dat", columns, 300, 300, digits=7)).shape == (60, 70)


def test_a_beam_beside_the_middle_is_told(tmp_path):
    columns = pixels()
    columns["qx"] = columns["qx"] + 1
    with pytest.warns(UserWarning, match=r"the beam hits row 1\.50, column 1\.00"):
        motes.read_detector(write_text(tmp_path / "d.dat", columns))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": np.full(20, 2)}, "not one of 20 pixels is good"),
        ({"mask": np.full(20, 3)}, "mask of pixel 0 is 3, expected 0 \\(good\\), 1"),
        ({"corr": np.zeros(20)}, "corr of pixel 1 is 0, expected more"),
        ({"corr": np.full(20, -1.0)}, "corr is|corr of pixel 0 is -1"),
        ({"qx": np.zeros(20), "qy": np.zeros(20)}, "pixels 0 and 1 look at one place"),
        (
            {"qx": np.random.default_rng(0).normal(size=20)},
            "no rectangular grid of square pixels, row after row: pixel",
        ),
        ({"qy": 3 * pixels()["qy"]}, "no rectangular grid of square pixels"),
        ({"qz": np.full(20, -99.0)}, "no flat detector"),
    ],
)
def test_bad_files(tmp_path, change, message):
    path = write_text(tmp_path / "d.dat", pixels() | change, 50, 45)
    with pytest.raises(motes.FormatError, match=message) as told:
        motes.read_detector(path)
    assert str(path) in str(told.value)


def test_missing_pixels_are_told(tmp_path):
    columns = {name: np.delete(column, 7) for name, column in pixels().items()}
    with pytest.raises(
        motes.FormatError, match="give every pixel of the image, those that are not there with the leve"
    ):
        motes.read_detector(write_text(tmp_path / "d.dat", columns))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("hello world\n", "no detector of Dragonfly"),
        ("2\n0 0 0 1 0\n", "line 1: 2 pixels, but 1 lines follow"),
        ("1\n0 0 0 1\n", "line 2: 4 values, expected qx, qy, qz, corr, mask"),
        ("1\n0 0 nan 1 0\n", "line 2: qz is 'nan', expected a finite number"),
        ("1 -5 3\n0 0 0 1 0\n", "detd is -5, expected a positive number"),
        ("x\n0 0 0 1 0\n", "line 1: number of pixels is 'x'"),
        ("9" * 400 + "\n0 0 0 1 0\n", "line 1: number of pixels is"),
    ],
)
def test_bad_text(tmp_path, text, message):
    (tmp_path / "d.dat").write_text(text)
    with pytest.raises(motes.FormatError, match=message):
        motes.read_detector(tmp_path / "d.dat")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"corr": None}, "corr missing or no numbers"),
        ({"corr": np.ones(3)}, "corr: 3 numbers, but qx has 20"),
        ({"qx": np.array([b"a"] * 20)}, "qx missing or no numbers"),
        ({"detd": np.ones(2)}, "detd is not one number"),
        ({"ewald_rad": np.nan}, "ewald_rad is nan"),
    ],
)
def test_bad_hdf5(tmp_path, change, message):
    columns = {name: value for name, value in (pixels() | {"detd": 1.0} | change).items() if value is not None}
    with pytest.raises(motes.FormatError, match=message):
        motes.read_detector(write_h5(tmp_path / "d.h5", columns))


def test_numbers_that_were_never_written_take_no_memory(tmp_path):
    h5py = pytest.importorskip("h5py", reason="HDF5 needs h5py")
    with h5py.File(tmp_path / "d.h5", "w") as file:
        file.create_dataset("qx", (2**40,), np.float64)
    with pytest.raises(motes.FormatError, match="bomb"):
        motes.read_detector(tmp_path / "d.h5")


def test_another_shape_than_the_patterns_is_told(tmp_path):
    path = write_text(tmp_path / "d.dat", pixels())
    with pytest.raises(motes.FormatError, match="a grid of 4x5 pixels, expected 5x4"):
        motes.read_detector(path, shape=(5, 4))
    with pytest.raises(ValueError, match="detector: 4x5 pixels, but the patterns have 3x3"):
        motes.read_detector(path).require((3, 3))


def test_levels():
    detector = motes.Detector.from_mask(LEVELS, background=0.25)
    np.testing.assert_array_equal(detector.good, LEVELS == 0)
    np.testing.assert_array_equal(detector.merged, LEVELS < 2)
    np.testing.assert_array_equal(detector.correction, np.ones((2, 3)))
    np.testing.assert_array_equal(detector.background, np.where(LEVELS < 2, 0.25, 0))
    assert not detector.good.flags.writeable
    assert "1 for merging only, 1 bad, 1.25 photons of background" in repr(detector)


def test_bad_pixels_may_hold_anything():
    correction = np.where(LEVELS == 2, np.nan, 2.0)
    detector = motes.Detector.from_mask(LEVELS, correction=correction, background=correction)
    np.testing.assert_array_equal(detector.correction, np.where(LEVELS == 2, 1, 2))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: motes.Detector.from_mask([[0.0]]), TypeError, "levels: expected whole numbers"),
        (lambda: motes.Detector.from_mask([0]), ValueError, "levels: expected shape (H, W), got (1,)"),
        (lambda: motes.Detector.from_mask([[0, 3]]), ValueError, "levels: pixel (0, 1) is 3, expected 0 (good)"),
        (lambda: motes.Detector.from_mask([[2, 1]]), ValueError, "good: not one of 2 pixels is good"),
        (lambda: motes.Detector.from_mask([[0]], [[0.0]]), ValueError, "correction: pixel (0, 0) is 0, expected a pos"),
        (lambda: motes.Detector.from_mask([[0]], [[np.nan]]), ValueError, "correction: pixel (0, 0) is nan"),
        (lambda: motes.Detector.from_mask([[0]], [1.0]), ValueError, "correction: expected shape (1, 1), got (1,)"),
        (lambda: motes.Detector.from_mask([[0]], [["a"]]), TypeError, "correction: expected real numbers"),
        (
            lambda: motes.Detector.from_mask([[0]], background=True),
            TypeError,
            "background: expected real numbers, got dtype bool",
        ),
        (
            lambda: motes.Detector.from_mask([[0]], background="much"),
            TypeError,
            "background: expected real numbers, got dtype <U4",
        ),
        (
            lambda: motes.Detector.from_mask([[0]], background=-1),
            ValueError,
            "background: pixel (0, 0) is -1, expected",
        ),
        (lambda: motes.Detector.from_mask([[0]], background=np.inf), ValueError, "background: pixel (0, 0) is inf"),
        (
            lambda: motes.Detector(np.ones((1, 2), bool), np.zeros((1, 2), bool), np.ones((1, 2))),
            ValueError,
            "merged: pixel (0, 0) is good, but not merged",
        ),
        (
            lambda: motes.Detector(np.ones((1, 2), bool), np.ones((2, 1), bool), np.ones((1, 2))),
            ValueError,
            "merged: expected shape (1, 2), got (2, 1)",
        ),
        (lambda: motes.Detector(np.ones((1, 2)), None, None), TypeError, "good: expected an array of bool"),
    ],
)
def test_what_is_no_detector(make, error, message):
    with pytest.raises(error, match=re.escape(message)):
        make()
