"""Correction, distinctness, consensus."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from motes import Circles
from motes.picking import consensus, correct, distinctness


def test_correction_takes_the_particle_that_is_meant():
    """The seed's appendix: two particles close together, a prediction that lies on the second."""
    truth = Circles(np.array([[0.0, 0], [4, 0], [60, 60]]), 5.0)
    predictions = Circles(np.array([[3.5, 0], [1.5, 0], [100, 0]]), 5.0)
    first, best, optimal = (correct(predictions, truth, rule=rule) for rule in ("first", "best", "optimal"))
    assert first.particle.tolist() == [0, 0, -1]
    assert best.particle.tolist() == [1, 0, -1]
    assert optimal.labels.tolist() == [0, 1]
    assert first.labels.tolist() == [0]
    assert optimal.confirmed.tolist() == [True, True, False]


def test_correction_stays_on_its_micrograph_and_above_the_constraint():
    truth = Circles(np.zeros((2, 2)), 5.0, indptr=[0, 0, 2])
    assert not correct(Circles(np.zeros((1, 2)), 5.0, indptr=[0, 1, 1]), truth).confirmed.any()
    away = Circles(np.array([[2.0, 0]]), 5.0, indptr=[0, 0, 1])
    assert correct(away, truth, iou=0.3).confirmed.all()
    assert not correct(away, truth, iou=0.7).confirmed.any()
    with pytest.raises(ValueError, match="rule: expected optimal, best or first, got 'greedy'"):
        correct(away, truth, rule="greedy")


@pytest.mark.parametrize(
    ("pool", "initial", "added", "chance"),
    [(2800, 70, 560, 445), (7136, 357, 4992, 1316), (7136, 1070, 4280, 1260), (7136, 1784, 3568, 1189)],
)
def test_chance_of_the_seeds_four_settings(pool, initial, added, chance):
    rng = np.random.default_rng(0)
    common = np.arange(initial)
    drawn = [[rng.choice(pool - initial, added, replace=False) + initial for _ in range(2)] for _ in range(60)]
    found = [distinctness([np.append(common, labels) for labels in pair], pool=pool, common=common) for pair in drawn]
    assert found[0].chance[0, 1] == pytest.approx(chance, abs=0.5)
    counts = np.array([one.count[0, 1] for one in found])
    assert abs(counts.mean() - found[0].chance[0, 1]) < 4 * found[0].chance_std[0, 1] / np.sqrt(60)
    assert counts.std() == pytest.approx(found[0].chance_std[0, 1], rel=0.35)


def test_distinctness_counts_both_ways():
    found = distinctness([[1, 2, 3], [3, 4], []], pool=10, common=[3])
    assert found.count.tolist() == [[0, 2, 2], [1, 0, 1], [0, 0, 0]]
    assert found.chance[0, 2] == 2
    for selections, pool, message in (
        ([[1, 1]], 9, "selection 0 repeats a label"),
        ([[1, 2, 3]], 2, "pool: expected at"),
        ([], 3, "selections: expected at least one, got none"),
    ):
        with pytest.raises(ValueError, match=message):
            distinctness(selections, pool=pool)


def picker(centres, scores, **more) -> Circles:
    return Circles(np.array(centres, float).reshape(-1, 2), 5.0, np.array(scores, float), **more)


def test_consensus_holds_one_pick_of_each_picker():
    one = picker([[0, 0], [50, 0]], [0.9, 0.3])
    two = picker([[1, 0], [2, 0]], [12, 40])
    three = picker([[0, 1], [90, 90]], [0.1, 0.2])
    found = consensus([one, two, three])
    assert sorted(found.n_pickers.tolist()) == [1, 1, 1, 3]
    group = found.members[found.n_pickers == 3][0]
    assert group.tolist() == [0, 0, 0]  # the closest of the second picker's two
    np.testing.assert_allclose(found.circles.centres[found.n_pickers == 3], [[1 / 3, 1 / 3]])
    assert consensus([one, two, three], min_pickers=2).n_pickers.tolist() == [3]
    members = found.members[found.members[:, 1] >= 0][:, 1]
    assert sorted(members.tolist()) == [0, 1]


def test_consensus_scores_do_not_depend_on_a_pickers_scale():
    rng = np.random.default_rng(0)
    indptr = [0, 20, 20, 60]
    sides = [rng.uniform(0, 120, (60, 2)) for _ in range(3)]
    scores = [rng.random(60) for _ in range(3)]
    plain = consensus([picker(c, s, indptr=indptr) for c, s in zip(sides, scores, strict=True)], distance=6)
    scaled = consensus(
        [picker(c, np.exp(4 * s), indptr=indptr) for c, s in zip(sides, scores, strict=True)], distance=6
    )
    np.testing.assert_array_equal(plain.members, scaled.members)
    np.testing.assert_array_equal(plain.circles.scores, scaled.circles.scores)
    assert ((plain.circles.scores > 0) & (plain.circles.scores < 1)).all()
    for m in range(3):
        part = slice(plain.circles.indptr[m], plain.circles.indptr[m + 1])
        assert (np.diff(plain.circles.scores[part]) <= 0).all()
        for p in range(3):
            members = plain.members[part, p]
            assert sorted(members[members >= 0]) == list(range(indptr[m], indptr[m + 1]))


def joined(sides, distance: float) -> list[set[tuple[int, int]]]:
    """Groups by their definition: the closest pair first, unless a group would hold two picks of one picker."""
    pairs = []
    for p, one in enumerate(sides):
        for q in range(p + 1, len(sides)):
            for i, a in enumerate(one.centres):
                pairs += [
                    (np.hypot(*(a - b)), (p, i), (q, j))
                    for j, b in enumerate(sides[q].centres)
                    if np.hypot(*(a - b)) < distance
                ]
    groups = {(p, i): {(p, i)} for p, side in enumerate(sides) for i in range(len(side))}
    for _, a, b in sorted(pairs):
        if not {p for p, _ in groups[a]} & {p for p, _ in groups[b]}:
            both = groups[a] | groups[b]
            groups |= dict.fromkeys(both, both)
    return sorted(sorted(group) for group in {frozenset(group) for group in groups.values()})


@pytest.mark.parametrize(("n_pickers", "n", "side"), [(2, 90, 10), (3, 60, 20), (9, 20, 30)])
def test_consensus_is_its_definition_in_a_crowd(n_pickers, n, side):
    rng = np.random.default_rng(4)
    sides = [picker(rng.uniform(0, side, (n, 2)), rng.random(n)) for _ in range(n_pickers)]
    found = consensus(sides, distance=15.0)
    groups = [[(p, int(i)) for p, i in enumerate(row) if i >= 0] for row in found.members]
    assert sorted(groups) == joined(sides, 15.0)


def test_a_crowd_is_not_walked_pair_by_pair():
    """Of two pickers whose picks all overlap: far fewer calls than pairs."""
    rng = np.random.default_rng(5)
    sides = [picker(rng.uniform(0, 1, (500, 2)), rng.random(500)) for _ in range(2)]
    calls: list[str] = []
    sys.setprofile(lambda frame, event, argument: calls.append(event))
    try:
        found = consensus(sides)
    finally:
        sys.setprofile(None)
    assert (found.n_pickers == 2).all()
    assert len(calls) < 500 * 500 / 2


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_change_nothing(threads):
    rng = np.random.default_rng(1)
    indptr = np.concatenate([[0], np.cumsum(rng.integers(0, 40, 20))])
    sides = [picker(rng.uniform(0, 60, (indptr[-1], 2)), rng.random(indptr[-1]), indptr=indptr) for _ in range(3)]
    found, plain = (consensus(sides, threads=count) for count in (threads, None))
    np.testing.assert_array_equal(found.members, plain.members)
    np.testing.assert_array_equal(found.circles.centres, plain.circles.centres)
    for rule in ("optimal", "best", "first"):
        one, other = (correct(*sides[:2], rule=rule, threads=count) for count in (threads, None))
        np.testing.assert_array_equal(one.particle, other.particle)


def test_consensus_of_one_and_of_none():
    alone = consensus([picker([[3, 4], [50, 60]], [1, 2])])
    np.testing.assert_array_equal(alone.circles.centres, [[50, 60], [3, 4]])
    assert len(consensus([picker([], []), picker([], [])]).circles) == 0
    for arguments, message in (
        (([],), "pickers: expected at least one"),
        (([Circles(np.zeros((1, 2)), 1.0)],), "pickers: scores are needed"),
    ):
        with pytest.raises(ValueError, match=message):
            consensus(*arguments)
    for options, message in (
        ({"min_pickers": 2}, "min_pickers: expected 1 to 1, got 2"),
        ({"iou": 5.0}, "iou: expected 0 to 1, got 5"),
        ({"distance": np.nan}, "distance: expected 0 to .*, got nan"),
        ({"iou": 0.5, "distance": 3}, "expected one of iou, box_iou and distance, got iou and distance"),
    ):
        with pytest.raises(ValueError, match=message):
            consensus([picker([], [])], **options)
