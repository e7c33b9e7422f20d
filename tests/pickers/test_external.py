"""Picks of other programs, replayed as a picker."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from motes import Circles, FormatError, Micrograph, Picks, read_picks, sample, write_picks
from motes.active import GroundTruth, run
from motes.pickers import ExternalPicks, Labelled, Picker
from motes.picking import evaluate
from shared_data import DATA
from toy_picker import RADIUS, problem

MICROGRAPHS = [Micrograph(np.zeros((100, 120), np.uint8), name, "array") for name in ("a", "b", "c")]
PICKS = Picks([10, 30, 50], [20, 20, 25], radius=8, score=[0.9, 0.4, 0.8], micrographs=("b", "a"), index=[0, 1, 0])


def test_picks_are_found_by_the_stems_of_their_micrographs():
    found = ExternalPicks(PICKS).predict(MICROGRAPHS)
    assert found.micrographs == ("a", "b", "c")
    np.testing.assert_array_equal(np.diff(found.circles.indptr), [1, 2, 0])
    np.testing.assert_allclose(found.probability, [0.4, 0.9, 0.8], rtol=1e-15)
    np.testing.assert_array_equal(found.circles.centres, [[30, 20], [10, 20], [50, 25]])
    assert (found.circles.radii == 8).all()
    assert isinstance(ExternalPicks(PICKS), Picker)


@pytest.mark.parametrize("suffix", [".star", ".cbox", ".box", ".cs"])
def test_any_format_is_replayed(tmp_path, suffix):
    picks = Picks([10, 30], [20, 20], radius=8, score=[0.9, 0.4], micrographs=("a",), image_shape=[[100, 120]] * 2)
    path = tmp_path / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # what a format does not hold is told elsewhere
        write_picks(path, picks, height=100, width=120)
    found = ExternalPicks(path, 16).predict(MICROGRAPHS[:1])
    np.testing.assert_allclose(found.circles.centres, [[10, 20], [30, 20]], rtol=1e-5)
    np.testing.assert_allclose(found.probability, [0.9, 0.4], rtol=1e-6)


def test_scores_of_topaz_are_log_odds(tmp_path):
    path = tmp_path / "picks.txt"
    path.write_text("image_name\tx_coord\ty_coord\tscore\na\t10\t20\t-2.5\na\t50\t20\t0\nb\t9\t9\t3\n")
    found = ExternalPicks(path, 16).predict(MICROGRAPHS)
    np.testing.assert_allclose(found.probability, 1 / (1 + np.exp([2.5, 0, -3])))


def test_log_odds_are_never_guessed():
    with pytest.raises(ValueError, match=r'picks: score -2 at row 1 is no probability; scores="log-odds"'):
        ExternalPicks(Picks([1, 2], [3, 4], radius=8, score=[0.5, -2.0], micrographs=("a",)))


def test_certain_picks_stay_certain():
    certain = Picks([10, 30], [20, 20], radius=8, score=[1.0, 0.0], micrographs=("a",))
    np.testing.assert_array_equal(ExternalPicks(certain).predict(MICROGRAPHS[:1]).probability, [1, 0])


@pytest.mark.parametrize(
    ("picks", "options", "message"),
    [
        (Picks([1], [2], radius=8, micrographs=("a",)), {}, "picks: holds no scores"),
        (Picks([1], [2], score=[0.5], micrographs=("a",)), {}, "picks: holds no radius; give diameter"),
        (Picks([1, 2], [2, 2], radius=[8, 9], score=[0.5, 0.5], micrographs=("a",)), {}, "radii 8 to 9; give diameter"),
        (PICKS, {"diameter": -1}, "diameter: expected a positive"),
        (PICKS, {"scores": "percent"}, "scores: expected one of auto"),
    ],
)
def test_picks_that_can_not_serve_are_refused(picks, options, message):
    with pytest.raises(ValueError, match=message):
        ExternalPicks(picks, **options)


def test_other_micrographs_are_told():
    picker = ExternalPicks(PICKS)
    with pytest.raises(ValueError, match="picks: of b, a, by the stems of their names, expected any of c"):
        picker.predict(MICROGRAPHS[2:])
    small = [Micrograph(np.zeros((100, 40), np.uint8), "b", "array")]
    with pytest.raises(ValueError, match=r"one of b is at \(50, 25\), outside its 40 x 100 pixels"):
        picker.predict(small)


def scattered(n=400, seed=0):
    """Picks whose log-odds are too sure by half, and which of them are particles."""
    rng = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(20), np.arange(20)), -1).reshape(-1, 2)[:n] * 20.0 + 10
    log_odds = rng.normal(size=n) * 2
    true = rng.random(n) < 1 / (1 + np.exp(-(log_odds - 1)))
    picks = Picks(*grid.T, radius=8, score=1 / (1 + np.exp(-2 * log_odds)), micrographs=("a",))
    return picks, Circles(grid, 8.0), true, [Micrograph(np.zeros((400, 400), np.uint8), "a", "array")], log_odds - 1


def test_recalibration_keeps_the_order_and_finds_the_probabilities():
    picks, circles, true, micrographs, log_odds = scattered()
    labelled = Labelled(micrographs, circles[true], circles[~true])
    before = ExternalPicks(picks).fit(labelled).predict(micrographs).probability
    picker = ExternalPicks(picks, recalibrate=True).fit(labelled)
    after = picker.predict(micrographs).probability
    np.testing.assert_array_equal(before, ExternalPicks(picks).predict(micrographs).probability)
    np.testing.assert_array_equal(np.argsort(after), np.argsort(before))
    right = 1 / (1 + np.exp(-log_odds))
    assert np.abs(after - right).mean() < 0.05 < np.abs(before - right).mean()
    assert "recalibrated" in repr(picker)


def test_recalibration_learns_from_complete_micrographs_too():
    picks, circles, true, micrographs, _ = scattered()
    complete = Labelled(micrographs, circles[true], complete=np.ones(1, bool))
    rejected = Labelled(micrographs, circles[true], circles[~true])
    one, two = (ExternalPicks(picks, recalibrate=True).fit(each).predict(micrographs) for each in (complete, rejected))
    np.testing.assert_array_equal(one.probability, two.probability)


def test_one_sided_labels_calibrate_nothing():
    picks, circles, true, micrographs, _ = scattered()
    picker = ExternalPicks(picks, recalibrate=True).fit(Labelled(micrographs, circles[true]))
    assert "recalibrated" not in repr(picker)


def test_order_stays_even_where_labels_turn_it_over():
    picks, circles, true, micrographs, _ = scattered()
    upside_down = Labelled(micrographs, circles[~true], circles[true])
    after = ExternalPicks(picks, recalibrate=True).fit(upside_down).predict(micrographs).probability
    assert (np.diff(after[np.argsort(picks.score)]) > 0).all()


def test_what_is_saved_predicts_the_same(tmp_path):
    picks, circles, true, micrographs, _ = scattered()
    picker = ExternalPicks(picks, recalibrate=True).fit(Labelled(micrographs, circles[true], circles[~true]))
    picker.save(tmp_path / "picker")
    loaded = ExternalPicks.load(tmp_path / "picker")
    a, b = picker.predict(micrographs), loaded.predict(micrographs)
    np.testing.assert_array_equal(a.probability, b.probability)
    np.testing.assert_array_equal(a.circles.centres, b.circles.centres)
    again = ExternalPicks(picks).fit(Labelled(micrographs, circles[true], circles[~true]))
    np.testing.assert_array_equal(loaded.fit(Labelled(micrographs, circles[true])).predict(micrographs).probability,
                                  again.predict(micrographs).probability)  # fmt: skip


def test_other_files_are_no_pickers(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(FormatError, match=r"other\.npz: holds no picks that were saved"):
        ExternalPicks.load(tmp_path / "other.npz")
    (tmp_path / "text").write_text("no archive")
    with pytest.raises(FormatError, match="text"):
        ExternalPicks.load(tmp_path / "text")


def test_a_loop_asks_about_the_picks_of_another_program():
    micrographs, truth = problem()
    rng = np.random.default_rng(1)
    centres = truth.centres + rng.normal(size=truth.centres.shape) * 0.3
    names = tuple(micrograph.name for micrograph in micrographs)
    picks = Picks(*centres.T, radius=RADIUS, score=rng.random(len(truth)), micrographs=names, index=truth.micrograph)
    history = run(micrographs, GroundTruth(truth), ExternalPicks(picks), "margin", initial=2, n=3, rounds=3)
    assert history.n_labels == 8
    probabilities = [abs(q["probability"] - 0.5) for q in history.questions]
    assert probabilities == sorted(probabilities)  # the scores stay as they are: one ranking through all rounds


def test_the_sample_is_replayed():
    data = sample.load()
    truth = Circles(np.stack([data.particles.x, data.particles.y], 1), 13.5)
    found = ExternalPicks(data.picks["topaz"], 27, scores="log-odds").predict([data.micrograph])
    direct = Circles(np.stack([data.picks["topaz"].x, data.picks["topaz"].y], 1), 13.5, data.picks["topaz"].score)
    assert (
        evaluate(found.circles, truth, n_bootstrap=0).average_precision.value
        == evaluate(direct, truth, n_bootstrap=0).average_precision.value
    )


@pytest.mark.skipif(not DATA.exists(), reason="real data are not at hand")
@pytest.mark.parametrize(("program", "scores"), [("crYOLO", "probability"), ("topaz", "log-odds")])
def test_published_picks_are_replayed(program, scores):
    folder = DATA / "empiar10017" / "picks" / program
    picks = read_picks(folder, flip_y=True, height=4096)
    names = picks.micrographs[:2]
    micrographs = [Micrograph(np.zeros((4096, 4096), np.uint8), name, "JPEG") for name in names]
    found = ExternalPicks(picks, 108, scores=scores).predict(micrographs)
    assert len(found) == (picks.index < 2).sum()
