"""The container of circles."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motes import Circles

CENTRES, RADII = np.arange(10.0).reshape(5, 2), np.arange(1.0, 6.0)


def test_what_was_given_is_held():
    circles = Circles(CENTRES, RADII, -RADII, indptr=[0, 2, 2, 5])
    assert (len(circles), circles.n_micrographs) == (5, 3)
    np.testing.assert_array_equal(circles.micrograph, [0, 0, 2, 2, 2])
    np.testing.assert_array_equal(circles.of_micrograph(2).centres, CENTRES[2:])
    assert len(circles.of_micrograph(1)) == 0
    with pytest.raises(ValueError, match="read-only"):
        circles.centres[0] = 0
    given = CENTRES.copy()
    mine = Circles(given, 3.0)
    given[:] = 0
    np.testing.assert_array_equal(mine.centres, CENTRES)
    assert Circles(CENTRES.astype(np.float32), 3.0).radii.dtype == np.float32


def test_chosen_circles_stay_on_their_micrographs():
    circles = Circles(CENTRES, RADII, RADII, indptr=[0, 2, 2, 5])
    chosen = circles[[4, 0, 2]]
    np.testing.assert_array_equal(chosen.radii, [1, 5, 3])
    np.testing.assert_array_equal(chosen.indptr, [0, 1, 1, 3])
    np.testing.assert_array_equal(circles[RADII > 2].indptr, [0, 0, 0, 3])
    np.testing.assert_array_equal(circles[1:3].radii, [2, 3])
    with pytest.raises(TypeError, match="mask"):
        circles[1]
    with pytest.raises(IndexError, match="micrograph 3 of 3"):
        circles.of_micrograph(3)


def test_concatenate():
    one, two = Circles(CENTRES, RADII, indptr=[0, 2, 5]), Circles(CENTRES[:1], 2.0)
    both = Circles.concatenate([one, two])
    np.testing.assert_array_equal(both.indptr, [0, 2, 5, 6])
    np.testing.assert_array_equal(both.of_micrograph(2).radii, [2])
    with pytest.raises(ValueError, match="some have scores"):
        Circles.concatenate([one, Circles(CENTRES, 1.0, RADII)])
    with pytest.raises(ValueError, match="at least one"):
        Circles.concatenate([])


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (([[1.0, 2.0]], 1.0), TypeError, "centres: expected an array of float32 or float64, got list"),
        ((np.ones((2, 2), int), 1.0), TypeError, "centres: expected dtype float32 or float64, got int64"),
        ((np.ones(4), 1.0), ValueError, "centres: expected shape (any, 2), got (4,)"),
        ((CENTRES, RADII[:3]), ValueError, "radii: expected shape (5,), got (3,)"),
        ((CENTRES, RADII.astype(np.float32)), TypeError, "radii: expected dtype float64, got float32"),
        ((CENTRES, RADII, RADII[:4]), ValueError, "scores: expected shape (5,), got (4,)"),
        ((CENTRES, "wide"), TypeError, "radii: expected a number or an array of them, got str"),
        ((CENTRES, -1.0), ValueError, "radii: expected 1e-30 to 1e20, got -1.0 at index 0"),
        ((CENTRES, 0.0), ValueError, "radii: expected 1e-30 to 1e20, got 0.0 at index 0"),
        ((CENTRES, np.array([1, 2, np.nan, 4, 5])), ValueError, "radii: not finite at index 2"),
        ((CENTRES, 1.0, np.array([1, np.nan, 3, 4, 5])), ValueError, "scores: not finite at index 1"),
        (
            (np.array([[0, np.inf]]), 1.0),
            ValueError,
            "centres: not finite at index 0",
        ),
    ],
)
def test_circles_refuse(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Circles(*arguments)


@pytest.mark.parametrize("indptr", [[0, 4], [1, 5], [0, 3, 2, 5], [0, 6], [0.0, 5.0], [], 5])
def test_micrographs_that_do_not_fit_are_refused(indptr):
    with pytest.raises((TypeError, ValueError), match="indptr: expected"):
        Circles(CENTRES, RADII, indptr=indptr)


def test_circles_change_their_type():
    picks = Circles(np.array([[1.0, 2.0], [3.0, 4.0]]), 5.0, np.array([0.5, 0.25]), indptr=[0, 1, 2])
    single = picks.astype(np.float32)
    assert {array.dtype for array in (single.centres, single.radii, single.scores)} == {np.dtype(np.float32)}
    np.testing.assert_array_equal(single.centres, picks.centres)
    assert single.indptr.tolist() == [0, 1, 2]
    assert picks[:0].astype(np.float32).scores.dtype == np.float32
