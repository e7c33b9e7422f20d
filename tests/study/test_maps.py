"""Maps of a study's picks: what is refused, what a model's picks make, and how strategies are told apart."""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from made_up_study import made_up_plan, made_up_result
from motes.circles import Circles
from motes.picking import match
from motes.study import Store, parse_config, run_study, summarise, write_outputs
from motes.study.cellresult import CellResult
from motes.study.field import check_field, draw_field
from motes.study.mapped import WHAT
from motes.study.maps import MapFigures, MapSettings
from motes.study.sources import SimulatedData

pytest.importorskip("mrcfile", reason="micrographs for maps are MRC")

OPTIONS = {"shape": [256, 256], "diameter": 24, "particles": 30, "pixel_size": 6.0, "snr": 2.0}
DATA = SimulatedData("seed", n=4, options=OPTIONS)
BETTER, WORSE = "boundary_distance", "low_confidence"


@pytest.fixture(scope="module")
def field(tmp_path_factory):
    return draw_field(DATA, MapSettings(micrographs=3), tmp_path_factory.mktemp("field"))


def measured(field, picks, t_opt=0.5):
    return field.measure(t_opt, match(picks, field.data.truth, iou=0.5), 0)


def scored(circles, score):
    return Circles(circles.centres, circles.radii, np.full(len(circles), score), indptr=circles.indptr)


def test_maps_of_picks(field):
    """All particles; every second one; those below T_opt are in no map; too few make none."""
    truth = field.data.truth
    whole = measured(field, scored(truth, 0.9))
    assert whole.n_images == whole.n_true <= whole.n_truth == 90
    assert whole.figures["f1"] == whole.figures["average_precision"] == 1
    assert len(whole.frequency) == len(whole.correlation) == 19
    half = measured(field, scored(truth[::2], 0.9))
    assert half.n_images < whole.n_images
    assert whole.resolution < half.resolution < np.inf
    doubtful = scored(truth, 0.9).scores.copy()
    doubtful[1::2] = 0.1
    picks = Circles(truth.centres, truth.radii, doubtful, indptr=truth.indptr)
    assert measured(field, picks).resolution == half.resolution
    for nothing in (measured(field, picks, t_opt=0.95), measured(field, picks, t_opt=np.nan)):
        assert (nothing.resolution, nothing.n_images, nothing.frequency) == (np.inf, 0, ())


def test_micrographs_for_maps_are_no_others(field, tmp_path):
    assert field.data.names == ("map_001", "map_002", "map_003")
    again = draw_field(DATA, field.settings, field.data.paths[0].parents[1])
    assert again.data.fingerprint() == field.data.fingerprint()
    other = draw_field(replace(DATA, seed=1), field.settings, tmp_path)
    assert other.data.fingerprint() != field.data.fingerprint()


def test_a_study_with_maps(tmp_path):
    table = {
        "strategies": [BETTER],
        "seeds": 2,
        "folds": {"n": 2},
        "labels": {"initial": 2, "per_round": 1, "rounds": 2},
    }
    table |= {"data": {"source": "simulation", "preset": "seed", "n": 4, "options": OPTIONS}}
    table |= {"picker": {"name": "blob"}, "resolution": {"micrographs": 3, "rounds": [-1], "side": 24}}
    store = run_study(parse_config(table), tmp_path / "out", processes=1)
    results = list(store.results())
    assert [[each.map is None for each in result.rounds] for result in results] == [[True, False]] * 4
    for result in results:
        made = result.rounds[-1].map
        assert 0 < made.n_true <= made.n_images
        assert made.resolution < 36 * 6
        assert made.figures["recall"] > 0.5
    assert store.missing() == []
    [setting] = write_outputs(store)
    rows = csv.DictReader(io.StringIO((store.folder / "study.csv").read_text()))
    told = {(row["strategy"], row["round"], bool(row["distinct"]), bool(row["map_images"])) for row in rows}
    assert told == {(name, r, name == BETTER, r == "1") for name in ("random", BETTER) for r in "01"}
    [made] = setting.mapped
    maps = {result.cell.strategy: result.rounds[-1].map for result in results if result.cell.seed == 1}
    gained = maps["random"].resolution - maps[BETTER].resolution
    assert made.per_seed("random", "resolution")[1] - made.per_seed(BETTER, "resolution")[1] == pytest.approx(gained)
    assert made.longest == 36 * 6


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Made-up runs: one strategy is finer, one is coarser with as good an F1, one has no map at times."""
    folder = tmp_path_factory.mktemp("made-up")
    data = {"source": "simulation", "preset": "seed"}
    plan = made_up_plan(folder, data=data, seeds=6, resolution={"rounds": [0, -1]})
    store = Store(folder / "study", plan)
    rng = np.random.default_rng(0)
    for cell in plan.cells:
        result = made_up_result(plan, cell)
        effect = {BETTER: -2.0, WORSE: 2.0}.get(cell.strategy, 0.0)
        rounds = list(result.rounds)
        for r in (0, -1):
            value = 20 + effect + 0.2 * rng.normal()
            value = np.inf if (cell.strategy, cell.seed, r) == ("entropy_score", 0, 0) else value
            f1 = 0.8 + 0.01 * rng.normal() + (0.1 if cell.strategy == BETTER else 0)
            told = {"f1": f1, "average_precision": f1, "precision": f1, "recall": f1, "mean_iou_matched": 0.8}
            told |= {"auc_grid": f1, "best_f1": f1, "mean_iou_truth": 0.6}
            curve = (0.0, 0.01, 0.05), (1.0, 0.9, 0.0)
            rounds[r] = replace(rounds[r], map=MapFigures(value, 500, 400, 600, told, *curve))
        store.save(replace(result, rounds=tuple(rounds)))
    [setting] = write_outputs(store)
    return store, setting


def test_who_is_finer(compared):
    first, last = compared[1].mapped
    assert (first.round, last.round) == (0, 3)
    expected = [20 - run.result.rounds[-1].map.resolution for run in compared[1].runs[BETTER]]
    base = [20 - run.result.rounds[-1].map.resolution for run in compared[1].runs["random"]]
    assert last.finer[BETTER].difference == pytest.approx(np.mean(expected) - np.mean(base))
    verdicts = {name: one.verdict for name, one in last.finer.items()}
    assert (verdicts[BETTER], verdicts[WORSE]) == ("better", "worse")
    sentence = last.sentence(WORSE)
    assert re.match(
        rf"{WORSE}'s maps are coarser than random's: 2\d\.\d Å, finer by -\d\.\d\d \(.*\) Å; by F1 ", sentence
    )
    answer = last.answer()
    assert answer == (f"Resolution tells {WORSE} from random where F1 does not; both tell 1 of 4.")
    assert "Resolution tells no" in replace(last, maps=dict.fromkeys(last.maps, last.maps["random"])).answer()


def test_a_map_without_resolution_counts_as_the_longest_period(compared):
    first = compared[1].mapped[0]
    assert first.without("entropy_score") == 1
    assert first.per_seed("entropy_score", "resolution")[0] == first.longest == 226 * 1.8
    assert first.without("random") == 0


def test_what_is_written(compared):
    store, setting = compared
    rows = list(csv.DictReader(io.StringIO((store.folder / "study.csv").read_text())))
    last = [row for row in rows if (row["strategy"], row["seed"]) == (BETTER, "0")]
    assert [bool(row["resolution"]) for row in last] == [True, False, False, True]
    assert {row["map_images"] for row in last} == {"500", ""}
    told = json.loads((store.folder / "study.json").read_text())["settings"]["setting"]["maps"]
    assert [one["round"] for one in told] == [0, 3]
    assert told[1]["strategies"][BETTER]["verdict"] == "better"
    assert told[1]["answer"] == setting.mapped[1].answer()
    page = (store.folder / "report.html").read_text()
    assert page.count(WHAT) == 2
    for made in setting.mapped:
        assert made.sentence(BETTER).replace("'", "&#x27;") in page
    assert "1 maps have no resolution and count as 407 Å." in page


def test_runs_keep_their_maps(compared, tmp_path):
    run = compared[1].runs["entropy_score"][0].result
    run.save(tmp_path / "run.npz", "print")
    again = CellResult.load(tmp_path / "run.npz", "print")
    assert again.rounds[1].map is None
    assert np.isinf(again.rounds[0].map.resolution)
    assert again.rounds[-1].map.correlation == (1.0, 0.9, 0.0)


def test_a_study_without_maps_is_what_it_was(tmp_path):
    plain, off = made_up_plan(tmp_path), made_up_plan(tmp_path, resolution=False)
    assert plain.config.resolution is off.config.resolution is None
    assert plain.fingerprint(plain.cells[0]) == off.fingerprint(off.cells[0])
    [setting] = summarise(plain, [made_up_result(plain, cell) for cell in plain.cells])
    assert setting.mapped == []


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("yes", "resolution: expected true, false or a table, got 'yes'"),
        ({"boxes": 2}, "resolution.boxes: there is no such key; did you mean box?"),
        ({"micrographs": 2}, "resolution.micrographs: expected 3 or more, got 2"),
        ({"rounds": [9]}, "resolution.rounds: 9, but there are 9: expected -9 to 8"),
        ({"rounds": []}, "resolution.rounds: expected one or more"),
        ({"side": 25}, "resolution.side: expected an even number, got 25"),
        ({"engine": "relion"}, "resolution.engine: 'relion'"),
        ({"threshold": 1.0}, "resolution.threshold: expected above 0, below 1"),
    ],
)
def test_settings_that_are_refused(given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        parse_config({"data": {"source": "sample"}, "resolution": given})


@pytest.mark.parametrize(
    ("data", "settings", "message"),
    [
        ({"source": "sample"}, True, 'resolution: needs data.source = "simulation", where orientations are known'),
        (
            {"source": "simulation", "preset": "contaminated"},
            True,
            "needs one species, of which a map can be made, got",
        ),
        ({"source": "simulation", "preset": "faint"}, {"side": 80}, "resolution.side: expected at most the box, 72"),
    ],
)
def test_data_that_make_no_map(data, settings, message):
    config = parse_config({"data": data, "resolution": settings})
    with pytest.raises(ValueError, match=re.escape(message)):
        check_field(config.data, config.resolution)


def test_picks_of_another_program_make_no_map():
    """They are on the micrographs that they came with, and on no more of the simulation."""
    table = {"data": {"source": "simulation", "preset": "seed"}, "strategies": [BETTER], "resolution": True}
    with pytest.raises(ValueError, match=r"^resolution: picks of another program are on no other micrographs"):
        parse_config(table | {"picker": {"name": "external", "picks": "picks.star"}})
