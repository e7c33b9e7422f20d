"""Queries for a whole batch: diverse ones, and those that weigh what a person pays for."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from motes import Circles
from motes.active import Pool, query
from motes.active.strategies import cost_aware, diverse_appearance, diverse_position, entropy_score
from motes.pickers import Detections
from pool_strategies import pool_of, pools

BASES = ("random", "low_confidence", "entropy_score", "committee")


def pool_at(centres, c, *, indptr=None, known=None, **more) -> Pool:
    circles = Circles(np.array(centres, float), 5.0, np.array(c, float), indptr=indptr)
    found = Detections(circles, tuple(f"m{k}" for k in range(circles.n_micrographs)), **more)
    return Pool(found, known=known)


@pytest.mark.parametrize("name", ["diverse_position", "diverse_appearance"])
@given(pool=pools(), base=st.sampled_from(BASES))
def test_without_strength_a_batch_is_the_ranking_of_its_base(name, pool, base):
    plain = query(base, pool, len(pool), seed=3)
    batch = query(name, pool, len(pool), base=base, strength=0.0, seed=3)
    np.testing.assert_allclose(
        np.sort(batch.uncertainty[batch.chosen])[::-1], batch.uncertainty[batch.chosen], atol=1e-12
    )
    if len(np.unique(plain.uncertainty)) == len(pool):
        np.testing.assert_array_equal(batch.chosen, plain.chosen)
    assert batch.t == plain.t


@pytest.mark.parametrize("name", ["diverse_position", "diverse_appearance"])
@settings(max_examples=40)
@given(pool=pools(max_size=12), data=st.data())
def test_a_diverse_batch_is_its_definition(name, pool, data):
    """Farthest points, said again with a table of all distances."""
    cut = data.draw(st.integers(0, len(pool)))
    known = pool.detections[:cut]
    asked = Pool(pool.detections[cut:], known=known)
    strength = data.draw(st.sampled_from([0.5, 1.0, 2.0]))
    options = {"reach": 60.0} if name == "diverse_position" else {}
    batch = query(name, asked, len(asked), strength=strength, **options)
    everything = pool.circles
    if name == "diverse_position":
        table = reference.position_distances(everything.centres.tolist(), everything.micrograph.tolist(), 60.0)
        unknown = 60.0
    else:
        table = reference.distances(pool.detections.appearance.tolist())
        unknown = 1.0
    gains = reference.farthest_point_gains(
        table, cut, (batch.chosen + cut).tolist(), batch.uncertainty, strength, unknown
    )
    for gain_of_chosen, gain_of_any in gains:
        assert gain_of_chosen == pytest.approx(gain_of_any, rel=1e-5, abs=1e-9)  # distances in float32


def test_a_batch_visits_other_micrographs_before_it_comes_back():
    pool = pool_of(np.full(40, 0.5), n_micrographs=4)
    visited = pool.circles.micrograph[diverse_position(pool, 8).chosen]
    assert sorted(visited[:4]) == [0, 1, 2, 3]


def test_a_batch_keeps_away_from_what_is_known():
    known = Detections(Circles(np.array([[10.0, 10]]), 5.0, np.array([0.9])), ("m0",))
    pool = pool_at([[15, 10], [190, 190]], [0.5, 0.45], known=known)
    assert diverse_position(pool, 1, base="random").chosen.tolist() == [1]
    looks = Detections(known.circles, ("m0",), appearance=np.array([[0.0]], np.float32))
    pool = pool_at([[15, 10], [190, 190]], [0.5, 0.45], known=looks, appearance=np.array([[0.1], [5]], np.float32))
    assert diverse_appearance(pool, 1, base="random").chosen.tolist() == [1]


def test_a_batch_is_more_diverse_than_the_ranking():
    rng = np.random.default_rng(2)
    looks = np.concatenate([rng.normal(0, 0.1, (50, 2)), rng.normal(5, 0.1, (10, 2))]).astype(np.float32)
    pool = pool_of(np.concatenate([rng.uniform(0.45, 0.55, 50), rng.uniform(0.3, 0.4, 10)]), appearance=looks)
    rare = looks[:, 0] > 2
    # places are drawn at random, so rows are those of the looks
    assert rare[entropy_score(pool, 10).chosen].sum() == 0
    assert rare[diverse_appearance(pool, 10, base="random").chosen].sum() >= 2


@settings(max_examples=60)
@given(pool=pools(max_size=10), data=st.data())
def test_cost_aware_is_near_the_best_batch(pool, data):
    """Never worse than the greedy bound, 1 - 1/e of the best ratio at any number of opened micrographs."""
    n = data.draw(st.integers(1, max(len(pool), 1)))
    opening = data.draw(st.sampled_from([0.0, 1.0, 10.0]))
    most = data.draw(st.integers(0, len(pool.opened)))
    capacity = max(
        (
            sum(len(pool.circles.of_micrograph(m)) for m in {*np.flatnonzero(pool.opened), *more})
            for k in range(most + 1)
            for more in combinations(np.flatnonzero(~pool.opened), k)
        ),
    )
    if capacity < n or len(pool) < n:
        with pytest.raises(ValueError, match=f"n: {n} questions, but"):
            cost_aware(pool, n, opening=opening, max_opened=most)
        return
    found = cost_aware(pool, n, opening=opening, max_opened=most)
    micrographs = set(pool.circles.micrograph[found.chosen].tolist())
    assert micrographs - set(np.flatnonzero(pool.opened)) <= set(found.details["opens"].tolist())
    assert len(found.details["opens"]) <= most
    assert found.details["cost"] == n + opening * len(found.details["opens"])
    best = reference.best_value_per_cost(
        found.uncertainty.tolist(), pool.circles.micrograph.tolist(), pool.opened.tolist(), n, opening, most
    )
    ratio = found.uncertainty[found.chosen].sum() / found.details["cost"]
    assert best * (1 - 1 / np.e) - 1e-12 <= ratio <= best + 1e-12


@given(pool=pools())
def test_free_micrographs_leave_the_ranking_as_it_is(pool):
    for n in {len(pool) // 2, len(pool)}:
        found, plain = cost_aware(pool, n, opening=0.0), entropy_score(pool, n)
        np.testing.assert_allclose(np.sort(plain.uncertainty[plain.chosen]), np.sort(plain.uncertainty[found.chosen]))


def test_an_opened_micrograph_is_preferred_unless_it_has_little_to_offer():
    c = [0.49, 0.48, 0.1, 0.5, 0.5, 0.0]
    circles = Circles(np.arange(12.0).reshape(6, 2) * 20, 5.0, np.array(c), indptr=[0, 3, 6])
    pool = Pool(Detections(circles, ("old", "new")), opened=[True, False])
    assert sorted(cost_aware(pool, 2).chosen) == [0, 1]
    assert sorted(cost_aware(pool, 2, opening=0.01).chosen) == [3, 4]
    with pytest.raises(ValueError, match="n: 4 questions, but with 0 more micrographs opened there are 3 candidates"):
        cost_aware(pool, 4, max_opened=0)
    assert len(cost_aware(pool, 4, max_opened=0, allow_fewer=True)) == 3


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("diverse_position", {"strength": -1}, "strength: expected a finite number of 0 or more, got -1"),
        ("diverse_position", {"reach": 0}, "reach: expected a finite number above 0, got 0"),
        ("cost_aware", {"opening": np.nan}, "opening: expected a finite number of 0 or more, got nan"),
        ("cost_aware", {"max_opened": -1}, "max_opened: expected 0 or more, got -1"),
        ("cost_aware", {"base": "diverse_position"}, "base: expected one of random"),
    ],
)
def test_batches_refuse(name, options, message):
    with pytest.raises(ValueError, match=message):
        query(name, pool_of([0.5, 0.4]), 1, **options)
