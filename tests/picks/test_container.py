"""The container: what it refuses, and what slicing, joining and scaling keep."""

from __future__ import annotations

import re

import motes
import numpy as np
import pytest
from motes.picks import stem


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"x": ["a"]}, TypeError, "x: expected real numbers, got <U1"),
        ({"x": [1j]}, TypeError, "x: expected real numbers, got complex128"),
        ({"x": [[1.0]]}, ValueError, "x: expected shape (N,), got (1, 1)"),
        ({"y": [1, 2]}, ValueError, "y: expected shape (1,), got (2,)"),
        ({"y": [np.nan]}, ValueError, "y: nan at row 0, expected a finite number"),
        ({"radius": [0]}, ValueError, "radius: 0 at row 0, expected a positive number"),
        ({"radius": [-2.5]}, ValueError, "radius: -2.5 at row 0"),
        ({"score": [np.inf]}, ValueError, "score: inf at row 0"),
        ({"score": [1, 2]}, ValueError, "score: expected shape (1,), got (2,)"),
        ({"micrographs": "grid1"}, TypeError, "micrographs: expected a tuple of names"),
        ({"micrographs": ("a", "a")}, ValueError, "micrographs: a name comes twice"),
        ({"micrographs": ("a", "b")}, ValueError, "index: needed with 2 micrographs"),
        ({"index": [1]}, ValueError, "index: 1 at row 0, expected 0 to 0"),
        ({"index": [0.0]}, TypeError, "index: expected integers"),
        ({"index": [0, 0]}, ValueError, "index: expected shape (1,), got (2,)"),
        ({"extra": {"k": np.zeros(2)}}, ValueError, "extra: column 'k' of shape (2,), expected 1 rows"),
    ],
)
def test_refusals(arguments, error, message):
    with pytest.raises(error, match=re.escape(message)):
        motes.Picks(**{"x": [1.0], "y": [2.0], **arguments})


def test_nothing_of_it_changes(one):
    x = np.array([1.0, 2])
    picks = motes.Picks(x, [3, 4])
    x[0] = 9
    assert picks.x[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        picks.x[0] = 5
    with pytest.raises(AttributeError):
        picks.x = x


def test_rows(two):
    two = motes.Picks.concatenate([two])
    assert two[1:3].x.tolist() == [300, 17]
    assert two[two.score > 1].index.tolist() == [0, 1]
    assert two[np.array([5, 0])].micrographs == two.micrographs
    with pytest.raises(TypeError, match="got one number"):
        two[0]


def test_by_micrograph_keeps_order_and_the_empty():
    picks = motes.Picks([1, 2, 3, 4], [0, 0, 0, 0], micrographs=("a", "b", "c"), index=[2, 0, 2, 0])
    parts = dict(picks.by_micrograph())
    assert {name: part.x.tolist() for name, part in parts.items()} == {"a": [2, 4], "b": [], "c": [1, 3]}
    assert motes.Picks.concatenate(list(parts.values())).micrographs == ("a", "b", "c")


def test_joining(one, two):
    assert motes.Picks.concatenate([one]) == one
    with pytest.raises(ValueError, match="score: some picks have one, but those on 'k' have none"):
        motes.Picks.concatenate([one, motes.Picks([1], [1], radius=1, micrographs=("k",))])
    with pytest.raises(ValueError, match="expected at least one"):
        motes.Picks.concatenate([])
    empty = motes.Picks([], [], micrographs=("none",))
    joined = motes.Picks.concatenate([empty, one])
    assert joined.micrographs == ("none", "grid1")
    assert joined.index.tolist() == [1] * 4


def test_joining_tells_what_it_loses():
    a, b = (motes.Picks([1], [1], extra={name: np.ones(1), "k": np.ones(1)}, format="star") for name in "ab")
    with pytest.warns(UserWarning, match="not all files have the same: a, b"):
        assert list(motes.Picks.concatenate([a, b]).extra) == ["k"]


def test_equality(one):
    assert one == motes.Picks(one.x, one.y, one.radius, one.score, one.micrographs)
    assert one != one.with_radius(3)
    assert one != one[:2]
    assert one != motes.Picks(one.x, one.y, one.radius, None, one.micrographs)
    assert one != 3


def test_scaling(one):
    twice = one.scaled(2)
    np.testing.assert_array_equal([twice.x, twice.y, twice.radius], 2 * np.array([one.x, one.y, one.radius]))
    for factor in (0, -1, np.nan, np.inf):
        with pytest.raises(ValueError, match="factor"):
            one.scaled(factor)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/b/c.mrc", "c"), ("c.MRCS", "c"), ("c.1.5A", "c.1.5A"), ("c.eer", "c"), ("", ""), ("/a/..", "..")],
)
def test_stems(name, expected):
    assert stem(name) == expected
