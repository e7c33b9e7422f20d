"""The container: what it refuses, and what slicing, joining and scaling keep."""

from __future__ import annotations

import re
import time

import numpy as np
import pytest

import motes
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
        ({"box_size": [3]}, ValueError, "box_size: expected shape (1, 2), got (1,)"),
        ({"box_size": [[3, 0]]}, ValueError, "box_size: 0 at row 0, expected a positive number"),
        ({"image_shape": [["a", "b"]]}, TypeError, "image_shape: expected real numbers"),
        ({"extra": {"k": np.zeros(2)}}, ValueError, "extra: column 'k' of shape (2,), expected 1 rows"),
        ({"extra": {"k": 3.0}}, ValueError, "extra: column 'k' of shape (), expected 1 rows"),
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


def test_by_micrograph_of_very_many():
    n = 20_000
    picks = motes.Picks(np.zeros(n), np.zeros(n), micrographs=tuple(map(str, range(n))), index=np.arange(n))
    checked = {}
    for size in (n // 10, n):
        some = motes.Picks(np.zeros(size), np.zeros(size), micrographs=picks.micrographs[:size], index=np.arange(size))
        began = time.process_time()
        assert [name for name, _ in some.by_micrograph()] == list(some.micrographs)
        checked[size] = time.process_time() - began
    assert checked[n] < 40 * checked[n // 10]  # ten times as long if linear, a hundred if quadratic


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


def test_joining_oblong_boxes_and_shapes(one):
    oblong = motes.Picks([1], [1], radius=2, score=[1], box_size=[[4, 6]], micrographs=("k",))
    both = motes.Picks.concatenate([one, oblong])
    np.testing.assert_array_equal(both.box_size, [[16, 16]] * 4 + [[4, 6]])
    with pytest.raises(ValueError, match="box_size: some picks have one, but those on 'm' have no size"):
        motes.Picks.concatenate(
            [motes.Picks([1], [1], box_size=[[4, 6]], micrographs=("k",)), motes.Picks([1], [1], micrographs=("m",))]
        )
    shaped = motes.Picks([1], [1], radius=2, score=[1], image_shape=[[40, 60]], micrographs=("k",))
    np.testing.assert_array_equal(motes.Picks.concatenate([shaped, shaped]).image_shape, [[40, 60]] * 2)
    with pytest.warns(UserWarning, match="shapes of the micrographs"):
        assert motes.Picks.concatenate([one, shaped]).image_shape is None


def test_equality(one):
    assert motes.Picks([1], [1], box_size=[[4, 6]]) != motes.Picks([1], [1], box_size=[[6, 4]])
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
