"""Dense patterns: checked once, never copied, read-only, and files of them mapped."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes
from motes.dense import check_dense

VALUES = np.random.default_rng(0).normal(2, 3, (7, 3, 4))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_what_it_holds(dtype):
    values = VALUES.astype(dtype)
    patterns = motes.DensePatterns(values)
    assert (len(patterns), patterns.shape, patterns.n_pixels) == (7, (3, 4), 12)
    assert np.shares_memory(patterns.values, values)
    np.testing.assert_array_equal(patterns[2], values[2])
    np.testing.assert_array_equal(patterns[-1], values[-1])
    np.testing.assert_array_equal(patterns[1:6:2].values, values[1:6:2])
    assert np.shares_memory(patterns[1:3].values, values)
    np.testing.assert_array_equal(patterns[np.arange(7) % 2 == 0].values, values[::2])
    np.testing.assert_array_equal(patterns[[4, -1]].values, values[[4, -1]])
    assert patterns[:3] == motes.DensePatterns(values[:3].copy())
    assert patterns[:3] != motes.DensePatterns(values[1:4])
    np.testing.assert_allclose(patterns.total_image(), values.sum(axis=0, dtype=np.float64), rtol=1e-12)
    np.testing.assert_array_equal(patterns.rows(slice(2, 4)), values[2:4].reshape(2, 12))
    assert repr(patterns) == f"DensePatterns(7 patterns of 3x4 pixels, {np.dtype(dtype)})"


def test_nobody_writes_through_it():
    values = VALUES.copy()
    patterns = motes.DensePatterns(values)
    for view in (patterns.values, patterns[0], patterns[1:].values, patterns[[0]].values):
        with pytest.raises(ValueError, match="read-only"):
            view[...] = 0
    values[0] = 1  # its owner still may


def test_blocks_cover_all_once_and_do_not_depend_on_threads():
    patterns = motes.DensePatterns(VALUES)
    seen = np.concatenate([np.arange(7)[part] for part in patterns.blocks(most=30)])
    np.testing.assert_array_equal(seen, np.arange(7))
    assert [part.stop - part.start for part in patterns.blocks(most=1)] == [1] * 7


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        (VALUES.tolist(), TypeError, "values: expected an array of float32 or float64, got list"),
        (VALUES.astype(int), TypeError, "values: expected dtype float32 or float64, got int64"),
        (VALUES[0], ValueError, "values: expected shape (N, H, W), got (3, 4)"),
        (VALUES[:, :0], ValueError, "values: expected shape (N, H, W), got (7, 0, 4)"),
        (np.where(VALUES[5, 1, 2] == VALUES, np.nan, VALUES), ValueError, "values: pattern 5: pixel (1, 2) is nan"),
        (np.full((1, 1, 1), np.inf), ValueError, "values: pattern 0: pixel (0, 0) is inf"),
    ],
)
def test_what_is_none(values, error, message):
    with pytest.raises(error, match=re.escape(message)):
        motes.DensePatterns(values)


def test_indices_out_of_range():
    patterns = motes.DensePatterns(VALUES)
    for which in (7, -8, [7], np.ones(3, bool)):
        with pytest.raises(IndexError):
            patterns[which]
    with pytest.raises(TypeError, match=re.escape("patterns: expected motes.DensePatterns, got Patterns")):
        check_dense(motes.Patterns.empty((2, 2)))


@pytest.mark.parametrize("n", [0, 7])
def test_a_file_is_mapped(tmp_path, n):
    np.save(tmp_path / "a.npy", VALUES[:n])
    assert motes.read_dense(tmp_path / "a.npy") == motes.DensePatterns(VALUES[:n])
    np.save(tmp_path / "flat.npy", VALUES[:n].reshape(n, 12))
    assert motes.read_dense(tmp_path / "flat.npy", shape=(3, 4)).shape == (3, 4)


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (VALUES.astype(np.int16), "expected float32 or float64"),
        (np.asfortranarray(VALUES), "in Fortran's order"),
        (VALUES.astype(">f8"), "expected float32 or float64"),
        (VALUES.reshape(7, 12), "12 pixels are no square"),
        (VALUES.ravel(), "expected shape (N, H, W)"),
        (np.full((2, 2, 2), np.nan), "values: pattern 0: pixel (0, 0) is nan"),
    ],
)
def test_bad_files(tmp_path, array, message):
    np.save(tmp_path / "a.npy", array)
    with pytest.raises(motes.FormatError, match=re.escape(message)) as told:
        motes.read_dense(tmp_path / "a.npy")
    assert "a.npy" in str(told.value)


def test_values_whose_squares_are_no_numbers():
    with pytest.raises(ValueError, match=r"values: pattern 1: pixel \(0, 0\) is -1e\+200, expected at most 1e\+60"):
        motes.DensePatterns(np.array([[[1.0]], [[-1e200]]]))
