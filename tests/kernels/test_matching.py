"""matching: which pick found which particle."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from circle_strategies import KINDS, circle_layouts, layout, measures
from motes import Circles
from motes.kernels.matching import match, near_pairs

RULES = ("greedy", "optimal", "best", "first")


def as_circles(values, scores=None, **more) -> Circles:
    return Circles(values[:, :2].copy(), values[:, 2].copy(), scores, **more)


@st.composite
def pairings(draw, max_size: int, kinds=KINDS):
    """Picks, scores and particles of the same layout."""
    values, scores = draw(circle_layouts(max_size=2 * max_size, kinds=kinds))
    cut = draw(st.integers(0, len(values)))
    cut = max(min(cut, max_size), len(values) - max_size)
    return values[:cut], scores[:cut], values[cut:]


@given(pairings(8), measures(), st.sampled_from(["greedy", "best", "first"]))
def test_rules_in_order_are_their_definitions(case, measure, rule):
    picks, scores, truth = case
    found = match(as_circles(picks, scores), as_circles(truth), **dict([measure]), rule=rule)
    assert found.particle.tolist() == reference.match(picks, scores, truth, *measure, rule)
    for i, j in enumerate(found.particle):
        expected = (
            reference.OVERLAP[measure[0]](picks[i], truth[j]) if j >= 0 else (np.inf, 0.0)[measure[0] != "distance"]
        )
        np.testing.assert_allclose(found.overlap[i], expected, rtol=1e-12)


@given(pairings(8, ("scattered", "grid", "duplicates")), measures(), st.sampled_from(RULES))
def test_float32_decides_as_float64(case, measure, rule):
    picks, scores, truth = (array.astype(np.float32) for array in case)
    found = match(as_circles(picks, scores), as_circles(truth), **dict([measure]), rule=rule)
    wide = [array.astype(np.float64) for array in (picks, scores, truth)]
    exact = match(as_circles(*wide[:2]), as_circles(wide[2]), **dict([measure]), rule=rule)
    np.testing.assert_array_equal(found.particle, exact.particle)
    np.testing.assert_array_equal(found.overlap, exact.overlap)


@given(pairings(6), measures())
def test_optimal_has_the_most_pairs_and_the_best_of_those(case, measure):
    picks, scores, truth = case
    found = match(as_circles(picks, scores), as_circles(truth), **dict([measure]), rule="optimal")
    sign = -1 if measure[0] == "distance" else 1
    weights = np.array(
        [
            [
                sign * reference.OVERLAP[measure[0]](a, b) if reference.near(a, b, *measure) else np.nan
                for b in truth
            ]
            for a in picks
        ]
    ).reshape(len(picks), len(truth))  # fmt: skip
    n, total = reference.best_matching(weights)
    chosen = np.flatnonzero(found.hit)
    assert len(chosen) == len(set(found.particle[chosen])) == n
    assert not np.isnan(weights[chosen, found.particle[chosen]]).any()
    np.testing.assert_allclose(weights[chosen, found.particle[chosen]].sum(), total, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("radius", [2.0, 6.0, 40.0])
def test_topaz_is_the_assignment_of_least_cost(radius):
    """Its definition through SciPy's dense solver: the same pairs, in clusters of every size."""
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(1)
    picks, truth = rng.uniform(0, 100, (300, 2)), rng.uniform(0, 100, (280, 2))
    found = match(Circles(picks, 3.0), Circles(truth, 3.0), distance=radius, rule="topaz")
    cost = np.minimum(((picks[:, None] - truth) ** 2).sum(axis=2) - radius**2, 0)
    rows, columns = linear_sum_assignment(cost)
    expected = np.full(300, -1)
    paired = cost[rows, columns] < 0
    expected[rows[paired]] = columns[paired]
    np.testing.assert_array_equal(found.particle, expected)


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_their_definitions_in_large_problems(rule):
    from scipy.optimize import linear_sum_assignment

    rng = np.random.default_rng(2)
    picks, truth, scores = rng.uniform(0, 60, (200, 2)), rng.uniform(0, 60, (190, 2)), rng.random(200)
    found = match(Circles(picks, 6.0, scores), Circles(truth, 6.0), distance=5.0, rule=rule)
    d = np.sqrt(((picks[:, None] - truth) ** 2).sum(axis=2))
    if rule == "optimal":
        cost = np.where(d < 5, d, 1e6)
        least = cost[linear_sum_assignment(cost)]
        assert found.hit.sum() == (least < 5).sum()
        np.testing.assert_allclose(found.overlap[found.hit].sum(), least[least < 5].sum())
        return
    expected = np.full(200, -1)
    for i in np.argsort(-scores):
        near = np.flatnonzero(d[i] < 5)
        if rule == "greedy":
            near = np.setdiff1d(near, expected)
        if len(near):
            expected[i] = near[0] if rule == "first" else near[d[i, near].argmin()]
    np.testing.assert_array_equal(found.particle, expected)


def test_topaz_takes_an_iou_of_equal_circles():
    rng = np.random.default_rng(3)
    picks, truth = Circles(rng.uniform(0, 300, (50, 2)), 20.0), Circles(rng.uniform(0, 300, (50, 2)), 20.0)
    by_iou, by_distance = (
        match(picks, truth, iou=0.5, rule="topaz"),
        match(picks, truth, distance=28.6127 / 54 * 20, rule="topaz"),
    )
    np.testing.assert_array_equal(by_iou.particle, by_distance.particle)


@pytest.mark.parametrize("rule", [*RULES, "topaz"])
@pytest.mark.parametrize("threads", [1, 2, 5])
def test_micrographs_are_matched_for_themselves(rule, threads):
    rng = np.random.default_rng(6)
    indptr = [np.concatenate([[0], np.cumsum(rng.integers(0, 40, 30))]) for _ in range(2)]
    picks = as_circles(layout("duplicates", rng, indptr[0][-1]), rng.random(indptr[0][-1]), indptr=indptr[0])
    truth = as_circles(layout("duplicates", rng, indptr[1][-1]), indptr=indptr[1])
    found = match(picks, truth, distance=4.0, rule=rule, threads=threads)
    for m in range(30):
        alone = match(picks.of_micrograph(m), truth.of_micrograph(m), distance=4.0, rule=rule)
        expected = np.where(alone.hit, alone.particle + indptr[1][m], -1)
        np.testing.assert_array_equal(found.particle[indptr[0][m] : indptr[0][m + 1]], expected)


@pytest.mark.parametrize("rule", ["optimal", "topaz"])
def test_crowds_on_one_spot_are_paired(rule):
    """Every path is as short as any other: found in seconds only where free particles are preferred."""
    crowd = np.tile([[5.0, 5, 3]], (1500, 1))
    found = match(as_circles(crowd, np.ones(1500)), as_circles(crowd), distance=1.0, rule=rule)
    assert sorted(found.particle.tolist()) == list(range(1500))


@given(pairings(8), measures())
def test_near_pairs_are_all_of_them(case, measure):
    a, _, b = case
    first, second, overlap = near_pairs(as_circles(a), as_circles(b), **dict([measure]))
    expected = [(i, j) for i in range(len(a)) for j in range(len(b)) if reference.near(a[i], b[j], *measure)]
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == expected
    np.testing.assert_allclose(overlap, [reference.OVERLAP[measure[0]](a[i], b[j]) for i, j in expected], rtol=1e-12)


def test_more_pairs_than_twice_the_picks():
    crowd = Circles(np.zeros((50, 2)), 1.0)
    first, second, overlap = near_pairs(crowd, crowd, iou=0.5)
    np.testing.assert_array_equal(first, np.repeat(np.arange(50), 50))
    np.testing.assert_array_equal(second, np.tile(np.arange(50), 50))
    assert (overlap == 1).all()
    assert match(crowd, crowd, rule="optimal").hit.all()


ONE, TWO = Circles(np.zeros((1, 2)), 1.0), Circles(np.zeros((2, 2)), np.array([1.0, 2.0]), indptr=[0, 1, 2])


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: match(ONE, TWO), ValueError, "truth: expected 1 micrographs, got 2"),
        (lambda: match(ONE, ONE, iou=0.5, distance=2), ValueError, "got iou and distance"),
        (lambda: match(ONE, ONE, iou=-0.1), ValueError, "iou: expected 0 to 1, got -0.1"),
        (lambda: match(ONE, ONE, rule="hungarian"), ValueError, "rule: expected greedy, optimal, best, first or topaz"),
        (
            lambda: match(TWO, TWO, rule="topaz"),
            ValueError,
            "rule: topaz matches by distance; an IoU needs equal radii, got 1 and, in picks at index 1, 2",
        ),
        (lambda: match(TWO, TWO, box_iou=0.5, rule="topaz"), ValueError, "rule: topaz matches by distance, not by IoU"),
        (lambda: near_pairs(ONE, TWO, iou=0.5), ValueError, "b: expected 1 micrographs, got 2"),
    ],
)
def test_matching_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
