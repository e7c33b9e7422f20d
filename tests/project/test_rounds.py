"""Rounds of a project: asked, answered, judged, trained, picked; and what the next labels are worth."""

from __future__ import annotations

import json

import numpy as np
import pytest

import motes
from motes.project import BusyError, Project, fold, labelled
from motes.project.asking import ask, best_threshold, estimates
from motes.project.curve import worth
from motes.project.labels import import_labels, new_id, take_back
from motes.project.picks import PickSet, expected_best, latest_set, pick, read_set, reviewed
from motes.project.status import status
from motes.project.teaching import latest, train
from projects import DIAMETER, add


@pytest.fixture
def taught(project, centres, tmp_path):
    """A picker trained on the particles of one micrograph."""
    rows = "\n".join(f"{x:.3f},{y:.3f},24" for x, y in centres["grid0"])
    (tmp_path / "grid0.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    with project.writing("test"):
        import_labels(project, [tmp_path / "grid0.csv"])
        train(project)
    return project


def answer(project, centres, leave=0):
    """Answer the last query, but for some questions, as one who knows."""
    asked = project.queries()[-1]
    for name, question in list(zip(asked.names, asked.questions, strict=True))[: len(asked.questions) - leave]:
        places = centres[question.micrograph]
        apart = np.hypot(places[:, 0] - question.x, places[:, 1] - question.y)
        yes = bool(apart.min() < 6)
        x, y = places[apart.argmin()] if yes else (question.x, question.y)
        where = {"micrograph": question.micrograph, "x": float(x), "y": float(y), "radius": question.radius}
        project.act([{"id": new_id(), "type": "answer", "question": name, "particle": yes, **where}])


def test_a_query_asks_about_places_that_nobody_looked_at(taught, centres):
    with taught.writing("test"):
        taught.act([add(200, 150, particle=False, micrograph="grid1")])
        asked = ask(taught, 40, seed=2)
        again = ask(taught, 40, seed=2)
    assert asked.model == 1
    assert len(asked.questions) == 40
    names = [question.micrograph for question in asked.questions]
    assert names == sorted(names, key=names.index), "one micrograph after the other"
    for question in asked.questions:
        if question.micrograph == "grid0":
            assert np.hypot(*(centres["grid0"] - (question.x, question.y)).T).min() > DIAMETER / 3
        if question.micrograph == "grid1":
            assert np.hypot(question.x - 200, question.y - 150) > DIAMETER / 3
    assert asked.questions != again.questions, "another query draws other lots"
    assert Project(taught.folder).queries() == [asked, again]


def test_few_micrographs_are_opened(taught):
    with taught.writing("test"):
        asked = ask(taught, 20, most_micrographs=1)
    assert len({question.micrograph for question in asked.questions}) == 1


def test_complete_micrographs_are_known(taught, centres):
    """No question there, and the labels are all that is picked."""
    with taught.writing("test"):
        taught.act([{"id": new_id(), "type": "complete", "micrograph": "grid0", "complete": True}])
        asked = ask(taught, 60)
        left_out = taught.state().n_particles // 2
        state = taught.state()
        rows = [(name, place) for name, place in state.places.items() if place.micrograph == "grid0"]
        taught.act([{"id": new_id(), "type": "remove", "place": name} for name, _ in rows[:left_out]])
        found = motes.read_picks(pick(taught, threshold=0.01).path)
    assert {question.micrograph for question in asked.questions} == {"grid1", "grid2"}
    here = found[found.index == found.micrographs.index("grid0.tif")]
    left = np.array([(place.x, place.y) for _, place in rows[left_out:]])
    np.testing.assert_allclose(np.column_stack([here.x, here.y]), left, atol=1e-3)
    assert (here.extra["motesLabelled"] == "1").all(), "the picker sees them"
    assert len(found[found.index == found.micrographs.index("grid1.tif")]) >= len(centres["grid1"])
    kept = latest_set(taught).circles
    assert np.diff(kept.indptr)[0] == len(here), "the page shows no others"
    with taught.writing("test"):
        others = ("grid1", "grid2")
        taught.act([{"id": new_id(), "type": "complete", "micrograph": name, "complete": True} for name in others])
        with pytest.raises(ValueError, match="every micrograph is complete, nothing is left to ask about"):
            ask(taught, 5)


def test_answers_judge_the_picker_that_asked(taught, centres):
    with taught.writing("test"):
        ask(taught, 60, seed=1)
        answer(taught, centres, leave=1)
        assert estimates(taught, 1) is None, "one answer is missing"
        assert best_threshold(taught) == 0.5
        answer(taught, centres)
        told = estimates(taught, 1)
        assert told.n_questions == 60
        assert told.f_beta.low <= told.f_beta.value <= told.f_beta.high
        assert told.f_beta.value > 0.8, "discs in noise are easy"
        assert best_threshold(taught) == pytest.approx(told.threshold.value)
        # The same from the whole truth, for the whole pool.
        with np.load(taught.folder / "queries" / "0001.npz") as pool:
            names = np.repeat(taught.names, np.diff(pool["indptr"]))
            apart = [
                np.hypot(*(centres[name] - place).T).min() for name, place in zip(names, pool["centres"], strict=True)
            ]
            right, chosen = np.array(apart) < 6, pool["probability"] >= 0.5
        f1 = 2 * (right & chosen).sum() / (right.sum() + chosen.sum())
        assert told.f_beta.low - 0.02 <= f1 <= told.f_beta.high + 0.02


def test_an_answer_that_was_moved_away_is_none(taught, centres):
    with taught.writing("test"):
        asked = ask(taught, 10, seed=1)
        for name, question in zip(asked.names, asked.questions, strict=True):
            where = {"micrograph": question.micrograph, "x": 20.0, "y": 20.0, "radius": question.radius}
            taught.act([{"id": new_id(), "type": "answer", "question": name, "particle": True, **where}])
    assert estimates(taught, 1).particles.value < 0.2


def test_other_strategies_judge_nothing(taught, centres):
    with taught.writing("test"):
        ask(taught, 10, strategy="entropy_score")
        answer(taught, centres)
        assert estimates(taught, 1) is None
    assert status(taught).judged == ()
    assert status(taught).worth is None


def test_status_of_rounds(taught, centres):
    begun = status(taught)
    assert (begun.n_particles, begun.n_answered, begun.n_open, begun.model, begun.n_since) == (
        len(centres["grid0"]), 0, 0, 1, 0,
    )  # fmt: skip
    with taught.writing("test"):
        for _ in range(2):
            ask(taught, 30)
            answer(taught, centres)
            train(taught)
    told = status(taught)
    assert told.n_answered == 60
    assert told.model == 3
    assert told.n_since == 0
    assert told.n_particles + told.n_rejected == len(centres["grid0"]) + 60
    assert [judged.model for judged in told.judged] == [1, 2]
    assert told.judged[1].n_particles > told.judged[0].n_particles
    assert told.worth.gain.low <= told.worth.gain.value <= told.worth.gain.high
    assert len(told.lines()) == 6
    json.dumps(told.as_dict())


def test_labels_since_the_training_are_those_made_since(taught, centres):
    """Two labels of one place teach one particle, and one that is taken away is none that is new."""
    x, y = centres["grid0"][0].tolist()
    with taught.writing("test"):
        taught.act([add(x + 2, y)])
        assert status(taught).n_since == 1
        train(taught)
        assert status(taught).n_since == 0
        assert status(taught).step != "train"
        place = next(name for name, place in taught.state().places.items() if place.source == "file")
        taught.act([{"id": new_id(), "type": "remove", "place": place}])
        assert status(taught).n_since == 0
        taught.act([add(200, 150)])
        assert status(taught).n_since == 1


def test_labels_that_are_taken_back_ask_for_another_training(project, centres, tmp_path):
    """The picker has learned from labels that are none, turned over perhaps."""
    for name in ("grid0", "grid1"):
        rows = "\n".join(f"{x},{y},24" for x, y in centres[name])
        (tmp_path / f"{name}.csv").write_text(f"X-Coordinate,Y-Coordinate,Diameter\n{rows}\n")
    with project.writing("test"):
        import_labels(project, [tmp_path / "grid0.csv"])
        import_labels(project, [tmp_path / "grid1.csv"])
        train(project)
        assert status(project).step == "query"
        take_back(project)
        told = status(project)
        assert told.n_since == len(centres["grid1"])
        assert told.step == "train"
        train(project)
        assert status(project).n_since == 0


def test_picks_of_any_probability_that_is_asked_for(taught):
    with taught.writing("test"):
        least = 0.001
        pick(taught, threshold=least)
        found = latest_set(taught).circles.scores
    assert least <= found.min() < 0.01


def test_picks_follow_the_labels(taught, centres):
    with taught.writing("test"):
        told = pick(taught)
        path, n = told.path, told.n
        found = motes.read_picks(path)
        assert len(found) == n
        np.testing.assert_array_equal(found.radius, DIAMETER / 2)
        assert np.unique(found.index[found.extra["motesLabelled"] != "0"]).tolist() == [0]
        assert (told.n_labelled, told.n_unseen) == (len(centres["grid0"]), 0)
        assert found.score.max() < 1, "labels have the picker's own probability"
        assert found.score[found.extra["motesLabelled"] == "0"].min() >= told.threshold
        x, y = found.x[found.index == 1][0], found.y[found.index == 1][0]
        taught.act([add(x, y, particle=False, micrograph="grid1"), add(7.0, 7.0, micrograph="grid2")])
        told = pick(taught)
    now = motes.read_picks(path)
    assert len(now) == n
    assert (told.n_labelled, told.n_unseen) == (len(centres["grid0"]) + 1, 1)
    unseen = now[now.extra["motesLabelled"] == "2"]
    assert [*unseen.x, *unseen.y, *unseen.score] == [7, 7, 0]
    here = now[now.index == 1]
    assert np.hypot(here.x - x, here.y - y).min() > 4
    assert [7.0, 7.0] in np.column_stack([now.x, now.y]).tolist()
    kept = latest_set(taught)
    assert kept.probability
    assert 0.01 <= kept.circles.scores.min() <= kept.least
    with taught.writing("test"), pytest.raises(ValueError, match="threshold: expected a probability, 0 to 1, got 2"):
        pick(taught, threshold=2)


def test_a_threshold_is_expected_to_be_best():
    rng = np.random.default_rng(0)
    p = rng.beta(0.3, 0.5, 20_000)
    particles = rng.random(p.size) < p

    def f1(t):
        return 2 * (particles & (p >= t)).sum() / ((p >= t).sum() + particles.sum())

    assert f1(expected_best(p)) > max(f1(t) for t in np.linspace(0.05, 0.95, 91)) - 0.005
    assert expected_best(np.zeros(0)) == 0.5


def test_picks_of_others(project, tmp_path, centres):
    places = centres["grid1"]
    rows = "\n".join(f"{x - 20}\t{300 - (y + 20)}\t40\t40\t{i / 50}" for i, (x, y) in enumerate(places))
    (tmp_path / "grid1.box").write_text(f"{rows}\n")
    own = read_set(project, tmp_path / "grid1.box", y_origin="bottom")
    assert (own.name, own.probability, own.least) == ("grid1.box", False, 0.0)
    assert np.diff(own.circles.indptr).tolist() == [0, len(places), 0]
    np.testing.assert_allclose(own.circles.centres, places, atol=1e-6)
    assert set(own.circles.radii) == {DIAMETER / 2}, "boxes are larger than particles"
    (tmp_path / "other.box").write_text(f"{rows}\n")
    with pytest.raises(ValueError, match=r"other.box: is of other, none of the project's micrographs"):
        read_set(project, tmp_path / "other.box")


def test_review_without_picks_is_the_labels(project):
    with project.writing("test"):
        project.act([add(50, 60), add(150, 60, particle=False)])
    nothing = motes.Circles(np.zeros((0, 2)), np.zeros(0), np.zeros(0), indptr=[0, 0, 0, 0])
    found = reviewed(project, PickSet("none", nothing, probability=True, least=0.5), 0.5)
    assert (found.x.tolist(), found.y.tolist(), found.index.tolist()) == ([50], [60], [0])


def test_nothing_to_learn_from(project):
    with project.writing("test"):
        with pytest.raises(ValueError, match="nothing is labelled yet"):
            train(project)
        project.act([add(particle=False)])
        with pytest.raises(ValueError, match="no particle is labelled yet"):
            train(project)
    assert latest(project) == 0
    with pytest.raises(ValueError, match="nothing is labelled yet"):
        labelled(project, fold([]))


def test_half_a_model_is_none(taught):
    """Its JSON is written last: a kill before leaves what the next training replaces."""
    path = taught.folder / "models"
    (path / "0002.npz").write_bytes(b"half")
    assert latest(taught) == 1
    with taught.writing("test"):
        assert train(taught)["number"] == 2
    (path / "0002.json").write_text("{")
    with pytest.raises(motes.FormatError, match=r"0002.json: no JSON"):
        status(taught)


def test_the_lock_is_let_go_when_work_fails(project):
    with pytest.raises(ValueError, match="nothing is labelled"), project.writing("test"):
        train(project)
    with project.writing("test"), pytest.raises(BusyError), Project(project.folder).writing("other"):
        pass


# -- the learning curve -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("top", "drop", "power"), [(0.9, 0.5, 0.5), (0.8, 0.3, 1.0), (0.95, 0.1, 0.3)])
def test_a_curve_is_found_again(top, drop, power):
    def f1(n):
        return top - drop * (n / 20) ** -power

    points = [(n, f1(n), 0.003) for n in (20, 50, 100, 200, 400)]
    told = worth(points, 400)
    true = f1(450) - f1(400)
    assert told.gain.low - 1e-3 <= true <= told.gain.high + 1e-3
    assert abs(told.gain.value - true) < 0.01


def test_intervals_of_the_gain_cover():
    """Curves drawn from the prior, points with errors: the truth lies within 95% intervals about 95 times in 100."""
    rng = np.random.default_rng(0)
    inside = 0
    for _ in range(200):
        top = rng.random()
        drop, power = rng.random() * top, rng.uniform(0.25, 1.5)
        points = [(n, top - drop * (n / 10) ** -power + rng.normal(0, 0.04), 0.04) for n in (10, 40, 80)]
        told = worth(points, 80)
        true = drop * (8.0**-power - 13.0**-power)
        inside += told.gain.low - 1e-3 <= true <= told.gain.high + 1e-3
    assert 180 <= inside <= 200


def test_little_is_known_from_one_point():
    one = worth([(20, 0.6, 0.05)], 20)
    many = worth([(20, 0.60, 0.01), (70, 0.79, 0.01), (200, 0.80, 0.01), (600, 0.80, 0.01)], 600)
    assert one.gain.high - one.gain.low > 10 * (many.gain.high - many.gain.low)
    assert not one.stop
    assert many.stop
    assert many.chance_of_less > 0.99
    assert worth([], 20) is None
    assert worth([(0, 0.5, 0.1), (20, np.nan, 0.1)], 20) is None
