"""Tables brought to the same micrographs; edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes import Circles, Picks
from motes.picking import align, away_from_edges, circles_of, pool


@st.composite
def tables(draw):
    """Picks on some of five micrographs, each under one of several names."""
    names = draw(st.lists(st.sampled_from("abcde"), min_size=1, unique=True))
    spelled = tuple(draw(st.sampled_from(["{}", "{}.mrc", "job1/{}.tif"])).format(name) for name in names)
    index = draw(st.lists(st.integers(0, len(names) - 1), max_size=12))
    n = len(index)
    picks = Picks(np.arange(n) + 0.5, -np.arange(n), 3, np.arange(n) / 7, spelled, np.array(index, int))
    return names, picks


@given(one=tables(), two=tables())
def test_every_circle_is_on_its_own_micrograph_and_none_is_lost(one, two):
    (names, picks), (others, truth) = one, two
    common = [name for name in names if name in others]
    every = list(dict.fromkeys([*names, *others]))
    for missing, kept in (("leave-out", common), ("count", every)):
        if not kept:
            with pytest.raises(ValueError, match="no micrograph is in every table"):
                align({"picks": picks, "truth": truth}, missing=missing)
            continue
        aligned = align({"picks": picks, "truth": truth}, missing=missing)
        assert aligned.micrographs == tuple(kept)
        assert set(aligned.missing) == set(names) ^ set(others)
        for key, table, own in (("picks", picks, names), ("truth", truth, others)):
            circles, rows = aligned.circles[key], aligned.rows[key]
            assert circles.n_micrographs == len(kept)
            expected = [(kept.index(own[i]), row) for row, i in enumerate(table.index) if own[i] in kept]
            assert list(zip(circles.micrograph, rows, strict=True)) == sorted(expected)
            np.testing.assert_array_equal(circles.centres, np.stack([table.x, table.y], axis=1)[rows])
            np.testing.assert_array_equal(circles.scores, table.score[rows])


@given(one=tables())
def test_one_table_alone(one):
    _, picks = one
    circles, rows = circles_of(picks, radius=9)
    assert circles.n_micrographs == len(picks.micrographs)
    np.testing.assert_array_equal(circles.micrograph, picks.index[rows])
    np.testing.assert_array_equal(np.sort(rows), np.arange(len(picks)))
    assert (circles.radii == 9).all()


def test_refusals():
    picks = Picks([1.0], [1.0], micrographs=("a/x.mrc",))
    with pytest.raises(ValueError, match="truth: hold no radius; give radius"):
        align({"picks": picks.with_radius(2), "truth": picks})
    with pytest.raises(ValueError, match=r"picks: two micrographs have the stem 'x'"):
        align({"picks": Picks([1], [1], 1, micrographs=("a/x.mrc", "b/x.mrc"), index=[0])})
    with pytest.raises(ValueError, match="missing: expected leave-out or count, got 'no'"):
        align({"picks": picks}, missing="no")
    with pytest.raises(ValueError, match="tables: expected at least one"):
        align({})
    many = Picks([], [], 1, micrographs=tuple("pqrst"), index=np.zeros(0, int))
    with pytest.raises(ValueError, match="picks is of x; truth is of p, q, r and 2 more"):
        align({"picks": picks, "truth": many}, radius=1)


@given(
    x=st.integers(-10, 60), y=st.integers(-10, 60), height=st.integers(1, 50), width=st.integers(1, 50),
    distance=st.integers(0, 12),
)  # fmt: skip
def test_a_box_that_is_away_from_the_edges_covers_pixels_alone(x, y, height, width, distance):
    # Between pixels x - 1 and x; the box of 2 d pixels about it covers x - d ... x + d - 1.
    circles = Circles(np.array([[x - 0.5, y - 0.5]]), 1.0)
    covered = x - distance >= 0 and x + distance <= width and y - distance >= 0 and y + distance <= height
    assert away_from_edges(circles, (height, width), distance)[0] == covered


@pytest.mark.parametrize(
    ("shape", "distance", "message"),
    [((0, 5), 1, "shape"), ((5, np.nan), 1, "shape"), ((5,), 1, "shape"), ((5, 5), -1, "distance"),
     ((5, 5), np.nan, "distance")],
)  # fmt: skip
def test_edges_refuse(shape, distance, message):
    with pytest.raises(ValueError, match=f"{message}: expected"):
        away_from_edges(Circles(np.zeros((1, 2)), 1.0), shape, distance)


@given(one=tables(), two=tables())
def test_a_pool_keeps_every_pick_on_its_micrograph_in_its_picker_s_order(one, two):
    aligned = align({"one": one[1], "two": two[1]}, missing="count")
    pickers = list(aligned.circles.values())
    pooled = pool(pickers)
    assert pooled.n_micrographs == len(aligned.micrographs)
    expected = []
    for picks in pickers:
        ranks = (np.argsort(np.argsort(picks.scores)) + 0.5) / max(len(picks), 1)  # no ties here
        expected += zip(picks.micrograph, *picks.centres.T, ranks.round(9), strict=True)
    found = zip(pooled.micrograph, *pooled.centres.T, pooled.scores.round(9), strict=True)
    assert sorted(found) == sorted(expected)


def test_a_pool_refuses():
    for pickers in ([], [Circles(np.zeros((0, 2)), 1.0, np.zeros(0), indptr=[0, 0]),
                         Circles(np.zeros((0, 2)), 1.0, np.zeros(0), indptr=[0, 0, 0])]):  # fmt: skip
        with pytest.raises(ValueError, match="pickers: expected at least one, and all of the same micrographs"):
            pool(pickers)
