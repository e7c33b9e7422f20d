"""Oracles: what becomes a label, what a rejection, what neither; errors that belong to their places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes import Circles, Picks, write_picks
from motes.active import Answer, FromFile, GroundTruth, NoisyOracle

R = 10.0
TRUTH = Circles(np.array([[20.0, 20], [80, 20], [20, 80], [50, 50]]), R, indptr=[0, 2, 4])


def circles(*rows, indptr=None):
    """One micrograph, unless told: rows of x, y."""
    centres = np.array(rows, float).reshape(-1, 2)
    return Circles(centres, R, np.full(len(centres), 0.5), indptr=indptr)


def words(answers):
    return [Answer(each).word for each in answers.answer]


def test_a_label_is_at_the_particles_own_position():
    answers = GroundTruth(TRUTH).answer(circles([23, 18], [50, 50], [24, 80], indptr=[0, 2, 3]))
    assert words(answers) == ["particle", "nothing", "particle"]
    np.testing.assert_array_equal(answers.particle, [0, -1, 2])
    np.testing.assert_array_equal(answers.position[[0, 2]], TRUTH.centres[[0, 2]])
    assert np.isnan(answers.position[1]).all()
    np.testing.assert_array_equal(answers.confirmed, [True, False, True])
    assert repr(answers) == "<Answers: 1 nothing, 2 particle>"


@pytest.mark.parametrize("rule", ["optimal", "best", "first"])
def test_a_particle_gets_one_label(rule):
    oracle = GroundTruth(TRUTH, rule=rule)
    twice = circles([22, 20], [18, 20], indptr=[0, 2, 2])
    assert sorted(words(oracle.answer(twice))) == ["duplicate", "particle"]
    assert words(oracle.answer(twice, np.array([0]))) == ["duplicate", "duplicate"]


def test_of_equals_the_first_question_gets_the_label():
    same = circles([22, 20], [22, 20], indptr=[0, 2, 2])
    for rule in ("best", "first"):
        assert words(GroundTruth(TRUTH, rule=rule).answer(same)) == ["particle", "duplicate"]


def test_the_rules_differ_between_neighbours():
    truth = Circles(np.array([[20.0, 20], [26, 20]]), R)
    question = circles([25, 20])
    assert [GroundTruth(truth, rule=rule).answer(question).particle[0] for rule in ("optimal", "best", "first")] == [
        1, 1, 0
    ]  # fmt: skip
    # One-to-one a question goes to the neighbour without a label; by the others it is about the one that has it.
    assert words(GroundTruth(truth).answer(question, np.array([1]))) == ["particle"]
    assert words(GroundTruth(truth, rule="best").answer(question, np.array([1]))) == ["duplicate"]


def test_overlap_below_the_constraint_is_no_rejection():
    """The seed's synthetic constraint is 0.7: what overlaps a particle by half must not become a negative."""
    question = circles([25, 20], [35, 20], indptr=[0, 2, 2])
    assert words(GroundTruth(TRUTH, iou=0.7).answer(question)) == ["off-centre", "nothing"]
    assert words(GroundTruth(TRUTH, iou=0.3).answer(question)) == ["particle", "nothing"]


@given(st.integers(0, 10**6), st.sampled_from(["optimal", "best", "first"]), st.sampled_from([0.2, 0.3, 0.7]))
def test_answers_keep_their_promises(seed, rule, iou):
    rng = np.random.default_rng(seed)
    truth = Circles(rng.uniform(0, 100, (12, 2)), R, indptr=[0, 6, 12])
    questions = Circles(rng.uniform(0, 100, (14, 2)), R, rng.random(14), indptr=[0, 7, 14])
    labelled = rng.choice(12, 3, replace=False)
    answers = GroundTruth(truth, iou=iou, rule=rule).answer(questions, labelled)
    gained = answers.particle[answers.confirmed]
    assert len(set(gained)) == len(gained)
    assert not set(gained) & set(labelled)
    for question, answer in enumerate(answers.answer):
        m = questions.micrograph[question]
        distance = np.linalg.norm(truth.of_micrograph(m).centres - questions.centres[question], axis=1)
        best = max(_iou(each) for each in distance)
        if answer == Answer.NOTHING:
            assert best <= min(iou, 0.3) + 1e-9
        elif answer == Answer.PARTICLE:
            assert truth.micrograph[answers.particle[question]] == m
            assert best > iou - 1e-9
        elif answer == Answer.OFF_CENTRE:
            assert 0.3 - 1e-9 < best <= iou + 1e-9


def _iou(distance):
    if distance >= 2 * R:
        return 0.0
    lens = 2 * R**2 * np.arccos(distance / (2 * R)) - distance / 2 * np.sqrt(4 * R**2 - distance**2)
    return lens / (2 * np.pi * R**2 - lens)


def test_examples_are_a_random_subset():
    oracle = GroundTruth(TRUTH)
    found, rows = oracle.examples(3, seed=1)
    np.testing.assert_array_equal(found.centres, TRUTH.centres[rows])
    assert found.n_micrographs == 2
    assert (np.diff(rows) > 0).all()
    np.testing.assert_array_equal(rows, oracle.examples(3, seed=1)[1])
    assert len({tuple(oracle.examples(2, seed)[1]) for seed in range(30)}) == 6  # every pair comes up
    with pytest.raises(ValueError, match="initial: 5 labels asked for, but the oracle knows 4 particles"):
        oracle.examples(5, seed=1)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"rule": "worst"}, "rule: expected one of"), ({"iou": 1.5}, "iou"), ({"iou": -0.1}, "iou")],
)
def test_bad_rules_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        GroundTruth(TRUTH, **options)


MANY = Circles(np.stack(np.meshgrid(np.arange(50, 2000, 50.0), np.arange(50, 2000, 50.0)), -1).reshape(-1, 2), R)
EMPTY = Circles(MANY.centres + 25.0, R, np.full(len(MANY), 0.5))


def test_a_person_without_errors_is_the_ground_truth():
    questions = circles([23, 18], [50, 50], [24, 80], indptr=[0, 2, 3])
    mine, true = NoisyOracle(TRUTH).answer(questions), GroundTruth(TRUTH).answer(questions)
    for name in ("answer", "position", "radius", "particle"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(true, name))


def test_errors_come_as_often_as_told():
    oracle = NoisyOracle(MANY, misses=0.2, jitter=3.0, wrong=0.1, seed=1)
    seen, unseen = oracle.answer(MANY), oracle.answer(EMPTY)
    n = len(MANY)
    assert abs(1 - seen.confirmed.mean() - 0.2 * 0.9) < 5 * np.sqrt(
        0.18 * 0.82 / n
    )  # a missed one may be clicked wrongly
    assert abs(unseen.confirmed.mean() - 0.1) < 5 * np.sqrt(0.09 / n)
    right = seen.particle >= 0
    shift = seen.position[right] - MANY.centres[seen.particle[right]]
    assert abs(shift.std() - 3.0) < 0.15
    assert (unseen.particle == -1).all()
    np.testing.assert_array_equal(unseen.radius[unseen.confirmed], R)


@given(st.permutations(range(12)), st.integers(1, 11))
def test_asked_again_in_any_order_the_errors_are_the_same(order, cut):
    oracle = NoisyOracle(MANY, misses=0.4, jitter=3.0, wrong=0.5, seed=1)
    places = np.concatenate([MANY.centres[:6], EMPTY.centres[:6]])
    whole = oracle.answer(Circles(places, R))
    for part in (order[:cut], order[cut:]):
        answers = oracle.answer(Circles(places[part], R))
        np.testing.assert_array_equal(answers.answer, whole.answer[part])
        np.testing.assert_array_equal(answers.position, whole.position[part])


def test_examples_of_a_person_are_where_they_clicked():
    oracle = NoisyOracle(MANY, misses=0.5, jitter=2.0, seed=4)
    found, rows = oracle.examples(50, seed=0)
    answers = oracle.answer(MANY[rows])
    np.testing.assert_array_equal(answers.particle, rows)  # none of them is one that is missed
    np.testing.assert_array_equal(answers.position, found.centres)
    assert (found.centres != MANY.centres[rows]).any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"misses": 1.5}, "misses: expected 0 to 1"),
        ({"wrong": -1}, "wrong: expected 0 to 1"),
        ({"jitter": -1}, "jitter"),
    ],
)
def test_bad_errors_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        NoisyOracle(TRUTH, **options)


PICKS = Picks([20, 80, 20], [20, 20, 80], radius=R, micrographs=("a.mrc", "b.mrc"), index=[0, 0, 1])
NAMES = ("b", "a", "c")


def test_a_persons_file_answers():
    oracle = FromFile(PICKS, NAMES)
    answers = oracle.answer(circles([21, 80], [80, 21], [50, 50], [50, 50], indptr=[0, 1, 3, 4]))
    assert words(answers) == ["particle", "particle", "nothing", "nothing"]


def test_a_file_is_read_with_a_diameter(tmp_path):
    path = tmp_path / "picks.txt"
    write_picks(path, Picks(PICKS.x, PICKS.y, micrographs=PICKS.micrographs, index=PICKS.index))
    assert len(FromFile(path, NAMES, diameter=2 * R).truth) == 3
    with pytest.raises(ValueError, match="picks: hold no radius"):
        FromFile(path, NAMES)


def test_places_that_were_not_looked_at_are_unanswered():
    rejected = Picks([50], [50], radius=R, micrographs=("a",))
    oracle = FromFile(PICKS, NAMES, rejected=rejected)
    answers = oracle.answer(circles([80, 21], [50, 52], [50, 90], indptr=[0, 0, 3, 3]))
    assert words(answers) == ["particle", "nothing", "unanswered"]


def test_a_file_of_other_micrographs_is_refused():
    with pytest.raises(ValueError, match="picks: of a, b, by the stems of their names, expected any of d, e"):
        FromFile(PICKS, ("d", "e"))


def test_oracles_tell_themselves_apart():
    told = [
        GroundTruth(TRUTH), GroundTruth(TRUTH, iou=0.5), GroundTruth(TRUTH[:3]), NoisyOracle(TRUTH),
        NoisyOracle(TRUTH, seed=1), FromFile(PICKS, NAMES), FromFile(PICKS, NAMES, rejected=PICKS),
    ]  # fmt: skip
    described = [repr(oracle.describe()) for oracle in told]
    assert len(set(described)) == len(described)
