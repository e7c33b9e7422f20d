"""The loop: budgets, what becomes of answers, what is charged, small pools, seeds."""

from __future__ import annotations

import numpy as np
import pytest

from motes import Circles
from motes.active import GroundTruth, NoisyOracle, Query, estimate, run
from motes.pickers import Detections, Labelled
from toy_picker import RADIUS, ToyPicker, problem

MICROGRAPHS, TRUTH = problem()
VALIDATION_MICROGRAPHS, VALIDATION_TRUTH = problem(n=2, seed=1, stem="held")
VALIDATION = Labelled(VALIDATION_MICROGRAPHS, VALIDATION_TRUTH, complete=np.ones(2, bool))


def loop(strategy="entropy_score", *, oracle=None, picker=None, micrographs=MICROGRAPHS, **options):
    asked = {"initial": 3, "n": 2, "rounds": 4, "seed": 5} | options
    return run(micrographs, oracle or GroundTruth(TRUTH), picker or ToyPicker(), strategy, **asked)


def lines(history):
    return [
        (q["micrograph"], q["x"], q["y"], q["answer"], q["label"], q["questions"], q["labels"], q["opened"])
        for q in history.questions
    ]


def test_n_labels_are_gained_between_the_pickers():
    history = loop(n=2, rounds=4)
    assert [each.labels for each in history.rounds] == [3, 5, 7, 9]  # four pickers, three queries
    assert history.ended == "rounds"
    assert history.n_labels == 9
    assert len(history.labels) == 9
    assert len(history.particles) == 9  # each particle once
    assert {q["round"] for q in history.questions} == {0, 1, 2}


def test_n_questions_are_asked_between_the_pickers():
    history = loop(budget="questions", n=3)
    assert [each.questions for each in history.rounds] == [0, 3, 6, 9]
    assert history.n_labels == 3 + sum(q["answer"] == "particle" for q in history.questions) < 12


def test_no_round_asks_more_than_its_patience():
    history = loop("low_confidence", n=4, max_questions=5)
    per_round = np.bincount([q["round"] for q in history.questions])
    assert (per_round <= 5).all()
    assert (per_round == 5).any()


def test_costs_are_counted_question_by_question():
    history = loop("random", n=3)
    labels = np.cumsum([q["label"] is not None for q in history.questions]) + 3
    np.testing.assert_array_equal(history.spent("labels"), labels)
    np.testing.assert_array_equal(history.spent("questions"), np.arange(1, len(labels) + 1))
    opened = {place["micrograph"] for place in history.initial}
    for question in history.questions:
        opened.add(question["micrograph"])
        assert question["opened"] == len(opened)


def test_a_label_is_at_the_particles_own_position_and_in_the_ranking_order():
    history = loop(n=4)
    for question in history.questions:
        if question["label"]:
            np.testing.assert_array_equal(question["label"][:2], TRUTH.centres[question["particle"]])
    first = [q["uncertainty"] for q in history.questions if q["round"] == 0]
    assert first == sorted(first, reverse=True)


def test_asking_on_goes_down_the_same_ranking():
    """Many labels asked for at once: the questions are those of the whole ranking, up to the last one needed."""
    pools = []
    history = loop(n=8, rounds=2, callback=lambda r, picker, pool, query, labelled: pools.append((pool, query)))
    (pool, query), _ = pools
    ranking = np.argsort(-query.uncertainty, kind="stable")
    np.testing.assert_array_equal(
        [(q["x"], q["y"]) for q in history.questions], pool.circles.centres[ranking][: len(history.questions)]
    )
    assert len(history.questions) > 8


@pytest.mark.parametrize(("rejections", "taught"), [("negative", True), ("drop", False)])
def test_rejections_teach_or_are_dropped_but_never_asked_again(rejections, taught):
    seen = []
    history = loop(
        "low_confidence", n=2, rejections=rejections, callback=lambda r, p, pool, q, labelled: seen.append(labelled)
    )
    rejected = [q for q in history.questions if q["answer"] == "nothing"]
    assert rejected
    assert (len(seen[-1].rejected) == len(rejected)) if taught else len(seen[-1].rejected) == 0
    places = [(q["micrograph"], q["x"], q["y"]) for q in history.questions]
    assert len(set(places)) == len(places)


def test_the_same_seed_gives_the_same_questions_and_another_others():
    assert lines(loop("random")) == lines(loop("random"))
    assert lines(loop("random")) != lines(loop("random", seed=6))


def test_every_strategy_begins_with_the_same_labels():
    assert loop("random").initial == loop("margin").initial != loop("random", seed=6).initial


def test_labels_to_begin_with_may_be_given():
    history = loop(initial=TRUTH[[2, 7]])
    assert [each["particle"] for each in history.initial] == [2, 7]
    assert {2, 7} <= set(history.particles)
    assert len(history.particles) == 2 + 3 * 2


def test_validation_is_charged_to_the_threshold_alone():
    charged, free = loop("boundary_distance", validation=VALIDATION), loop("random", validation=VALIDATION)
    assert charged.charged == {"labels": len(VALIDATION_TRUTH), "questions": 0, "opened": 2}
    assert free.charged == {"labels": 0, "questions": 0, "opened": 0}
    np.testing.assert_array_equal(charged.cost() - len(VALIDATION_TRUTH), charged.cost(charged=False))
    assert all(each.t is not None for each in charged.rounds[:-1])
    assert len({each.t for each in charged.rounds}) > 1


def test_a_threshold_as_base_of_another_strategy_is_charged_too():
    history = loop("diverse_position", validation=VALIDATION, strategy_options={"base": "boundary_distance"})
    assert history.charged["labels"] == len(VALIDATION_TRUTH)


def test_a_threshold_may_bring_its_bootstrap_samples():
    history = loop("boundary_distance", validation=VALIDATION, strategy_options={"bootstrap": True})
    assert all(each.t is not None for each in history.rounds[:-1])


def test_a_threshold_that_is_given_needs_no_validation():
    history = loop("boundary_distance", strategy_options={"threshold": 0.4})
    assert history.charged["labels"] == 0
    assert [each.t for each in history.rounds] == [0.4, 0.4, 0.4, None]


def test_a_pool_smaller_than_the_query_is_asked_to_its_end():
    history = loop("random", n=1000, rounds=2)
    assert len(history.questions) == history.rounds[0].pool < 1000
    assert history.ended == "rounds"


def test_an_empty_pool_ends_the_run():
    history = loop("random", n=1000, rounds=6)
    assert history.ended == "pool"
    assert 1 < len(history.rounds) < 6
    assert history.rounds[-1].pool == 0


def test_nothing_may_be_probable_enough_to_ask():
    history = loop("random", min_probability=1.0)
    assert (history.ended, len(history.rounds), len(history.questions)) == ("pool", 1, 0)


@pytest.mark.parametrize("rejections", ["negative", "drop"])
def test_rounds_that_confirm_nothing_go_on_to_other_places(rejections):
    blind = NoisyOracle(TRUTH, misses=1.0)
    history = loop("random", oracle=blind, initial=TRUTH[:2], budget="questions", n=5, rejections=rejections)
    assert history.n_labels == 2
    assert [each.questions for each in history.rounds] == [0, 5, 10, 15]
    assert len({(q["micrograph"], q["x"], q["y"]) for q in history.questions}) == 15
    assert [each.rejected for each in history.rounds] == [0, 5, 10, 15]


def test_no_label_at_all_is_the_pickers_error_unless_it_starts_cold():
    with pytest.raises(ValueError, match="expected at least one particle"):
        loop(initial=0)
    cold = ToyPicker()
    cold.level = 5.0
    history = loop(initial=0, cold_start=cold)
    assert [each.labels for each in history.rounds] == [0, 2, 4, 6]
    assert cold.fits == 0


def test_a_warm_start_learns_on():
    class Noting(ToyPicker):
        def fit(self, labelled, seed=0):
            self.starts = [*getattr(self, "starts", []), self.warm_start]
            return super().fit(labelled, seed)

    used = ToyPicker().fit(Labelled(MICROGRAPHS, TRUTH)).level  # what a picker knew before the run does not count
    for asked, expected in ((False, [False] * 4), (True, [False, True, True, True])):
        picker = Noting()
        picker.level, picker.warm_start = used, not asked
        history = loop(picker=picker, warm_start=asked)
        assert picker.starts == expected
        assert picker.warm_start is not asked  # as it was made
        assert history.questions == loop(warm_start=asked).questions


def test_measures_of_the_callback_are_in_the_history():
    history = loop(callback=lambda r, picker, pool, query, labelled: {"n": np.int64(len(pool)), "nan": np.nan})
    cost, value = history.curve("n", "questions")
    np.testing.assert_array_equal(cost, [each.questions for each in history.rounds])
    np.testing.assert_array_equal(value, [each.pool for each in history.rounds])
    assert np.isnan(history.curve("nan")[1]).all()
    with pytest.raises(ValueError, match="'f1' was not measured in round 0; there: n, nan"):
        history.curve("f1")


def test_the_callback_meets_what_the_picker_was_trained_with():
    met = []
    loop(callback=lambda r, picker, pool, query, labelled: met.append((r, len(labelled.particles), query)))
    assert [(r, n) for r, n, _ in met] == [(0, 3), (1, 5), (2, 7), (3, 9)]
    assert [query is None for *_, query in met] == [False, False, False, True]


def test_answers_of_an_importance_sampled_query_say_how_good_the_picker_is():
    met = []
    history = loop(
        "importance",
        budget="questions",
        n=40,
        rounds=2,
        callback=lambda r, p, pool, query, _: met.append((pool, query)),
    )
    pool, query = met[0]
    answers = history.answers(0)
    assert len(answers) == len(query.chosen) == 40
    told = estimate(query, answers, pool)
    assert told.recall.low <= told.recall.value <= told.recall.high
    whole = GroundTruth(TRUTH).answer(pool.circles, [each["particle"] for each in history.initial])
    predicted = pool.probability >= query.t
    recall = (predicted & whole.confirmed).sum() / whole.confirmed.sum()
    assert told.recall.low - 0.05 <= recall <= told.recall.high + 0.05
    np.testing.assert_array_equal(history.spent("questions"), np.arange(1, 41))


def test_a_strategy_of_ones_own():
    def brightest(pool, n, *, seed):
        return Query(np.argsort(-pool.probability)[:n], pool.probability, "brightest")

    history = loop(brightest)
    assert history.settings["strategy"].endswith("brightest")
    assert {q["strategy"] for q in history.questions} == {"brightest"}


def test_labels_are_moved_onto_their_micrograph():
    shaken = NoisyOracle(TRUTH, jitter=60.0)
    labels = loop(oracle=shaken).labels
    assert (labels.centres >= 0).all()
    assert (labels.centres <= 63).all()
    assert (labels.centres == 0).any()


def test_micrographs_of_different_sizes():
    a, b = problem(n=1, size=64), problem(n=1, size=90, stem="other")
    truth = Circles.concatenate([a[1], b[1]])
    history = loop(micrographs=[*a[0], *b[0]], oracle=GroundTruth(truth))
    assert {q["micrograph"] for q in history.questions} == {"grid0", "other0"}


class Elsewhere(ToyPicker):
    def predict(self, micrographs):
        found = super().predict(micrographs)
        return Detections(found.circles, tuple(f"not-{name}" for name in found.micrographs))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"n": 0}, ValueError, "n: expected 1 or more, got 0"),
        ({"rounds": 0}, ValueError, "rounds: expected 1 or more"),
        ({"budget": "time"}, ValueError, "budget: expected one of labels, questions"),
        ({"rejections": "keep"}, ValueError, "rejections: expected one of negative, drop"),
        ({"max_questions": 0}, ValueError, "max_questions: expected 1 or more"),
        ({"iou": 1.0}, ValueError, "iou: expected above 0 and below 1"),
        ({"min_probability": 2}, ValueError, "min_probability: expected 0 to 1"),
        ({"initial": 100}, ValueError, "initial: 100 labels asked for, but the oracle knows 18 particles"),
        ({"initial": TRUTH[:0].of_micrograph(0)}, ValueError, "of 1 micrographs"),
        ({"initial": 2.5}, TypeError, "initial: expected a whole number"),
        ({"strategy": "clever"}, ValueError, "strategy: expected one of random"),
        ({"strategy": "boundary_distance"}, ValueError, "validation: needed by boundary_distance"),
        ({"micrographs": []}, ValueError, "micrographs: expected at least one"),
        ({"micrographs": MICROGRAPHS[:1] * 3}, ValueError, "'grid0' comes twice"),
        ({"micrographs": MICROGRAPHS[:2]}, ValueError, "oracle: knows 3 micrographs, expected 2"),
        ({"picker": Elsewhere()}, ValueError, r"picker: proposed on \('not-grid0'"),
    ],
)
def test_what_does_not_fit_is_refused(options, error, message):
    with pytest.raises(error, match=message):
        loop(**options)


def test_validation_that_can_not_serve_is_refused():
    empty = Labelled(VALIDATION_MICROGRAPHS, VALIDATION_TRUTH[:0])
    with pytest.raises(ValueError, match="validation: holds no particle"):
        loop("boundary_distance", validation=empty)
    with pytest.raises(ValueError, match="validation: grid0 is one of the micrographs that are learned from"):
        loop("boundary_distance", validation=Labelled(MICROGRAPHS, TRUTH))


def test_a_warm_start_needs_a_picker_that_can():
    class Cold:
        diameter = 2 * RADIUS

        fit = predict = save = load = None

    with pytest.raises(TypeError, match="warm_start: Cold learns from scratch only"):
        loop(picker=Cold(), warm_start=True)


def test_bad_arguments_write_nothing(tmp_path):
    with pytest.raises(ValueError, match="initial"):
        loop(initial=100, folder=tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("budget", ["labels", "questions"])
def test_a_place_that_was_off_centre_is_not_asked_again_but_a_shifted_one_may_be(budget):
    shifted = Circles(TRUTH.centres + np.array([1.6, 0.0]), RADIUS, indptr=TRUTH.indptr)
    options = {"oracle": GroundTruth(shifted, iou=0.7), "iou": 0.7, "budget": budget, "n": 4, "rounds": 6}
    history = loop(max_questions=4, **options)
    off_centre = [q for q in history.questions if q["answer"] == "off-centre"]
    assert len(off_centre) > 2
    places = [(q["micrograph"], q["x"], q["y"]) for q in history.questions]
    assert len(set(places)) == len(places)

    class Wandering(ToyPicker):
        """After its first fit it proposes dots 1.6 pixels beside where they are: where the particles are."""

        def predict(self, micrographs):
            found = super().predict(micrographs)
            own = found.circles
            moved = Circles(
                own.centres + np.array([1.6 * (self.fits > 1), 0.0]), own.radii, own.scores, indptr=own.indptr
            )
            return Detections(moved, found.micrographs, found.appearance)

    history = loop(picker=Wandering(), **options)
    off_centre = {
        (q["micrograph"], round(q["x"] + 1.6, 4), round(q["y"], 4))
        for q in history.questions
        if q["answer"] == "off-centre"
    }
    gained = {(q["micrograph"], round(q["x"], 4), round(q["y"], 4)) for q in history.questions if q["label"]}
    assert off_centre & gained
