"""A study is the same in any number of processes, and nothing of it is lost when it is cut off."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from motes.errors import CheckpointError, FormatError
from motes.io.lock import BusyError, Lock
from motes.pickers import WarmPicker
from motes.picks import Picks, write_picks
from motes.study import Store, load_data, parse_config, run_study
from motes.study.cellresult import CellResult
from motes.study.plan import Plan
from motes.study.store import CELLS, LOCK, STATE
from toy_study import FITS, STRATEGIES, failing, same, toy, toy_config, toy_table, warm, write_toy


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """Micrographs and particles."""
    return write_toy(tmp_path_factory.mktemp("toy") / "data")


@pytest.fixture(scope="session")
def whole(home, tmp_path_factory):
    """A finished study: its store, and what it told of its progress."""
    counted = []
    folder = tmp_path_factory.mktemp("whole") / "study"
    store = run_study(toy_config(home), folder, processes=1, picker=toy, progress=lambda *count: counted.append(count))
    return store, counted


@pytest.fixture
def cut_off(whole, tmp_path):
    """A copy of it, in which some runs are missing, one is damaged and one was being written."""
    folder = tmp_path / "study"
    shutil.copytree(whole[0].folder, folder)
    runs = sorted((folder / CELLS).glob("*.npz"))
    for path in runs[::3]:
        path.unlink()
    runs[1].write_bytes(runs[1].read_bytes()[:-200])
    (folder / CELLS / ".motes-0123.npz").write_bytes(b"half")
    return folder


def test_every_run_is_there(whole):
    store, counted = whole
    results = list(store.results())
    assert len(results) == len(STRATEGIES) * 3 * 2
    assert counted == [(n, len(results)) for n in range(len(results) + 1)]
    for result in results:
        assert [each.costs.labels for each in result.rounds] == [3, 5, 7]
        questions = [each.costs.questions for each in result.rounds]
        assert questions[0] == 0
        assert questions == sorted(questions)
        assert questions[-1] >= 4
        paid = {(each.costs.validation_labels, each.costs.validation_opened) for each in result.rounds}
        assert paid == ({(8, 1)} if result.cell.strategy == "boundary_distance" else {(0, 0)})
        fold = store.plan.fold(result.cell)
        assert result.test == fold.test
        assert set(result.initial) < set(result.labelled)
        micrographs = store.plan.data.truth.micrograph[list(result.labelled)]
        assert set(micrographs) <= set(fold.train)
        assert len(result.labelled) == 7
        assert [len(result.labelled_in(r)) for r in range(3)] == [3, 5, 7]
        assert all(each.seconds.own >= 0 for each in result.rounds)


def test_strategies_of_a_seed_are_paired(whole):
    by_turn = {}
    for result in whole[0].results():
        by_turn.setdefault((result.cell.seed, result.cell.fold), []).append(result)
    for results in by_turn.values():
        assert len({result.initial for result in results}) == 1
        assert len({result.test for result in results}) == 1
        first = [result.rounds[0] for result in results]  # nothing was asked yet: the same model
        for each in first:
            np.testing.assert_array_equal(each.probability, first[0].probability)
            assert each.t_opt == first[0].t_opt
    assert len({results[0].initial for results in by_turn.values()}) == len(by_turn)


def test_processes_do_not_matter(whole, home, tmp_path):
    store = run_study(toy_config(home), tmp_path / "study", processes=2, picker=toy)
    for one, other in zip(whole[0].results(), store.results(), strict=True):
        assert same(one, other)


def test_a_study_that_was_cut_off_goes_on(whole, cut_off, home):
    todo = len(Store(cut_off, whole[0].plan, resume=True).missing())
    counted = []
    store = run_study(
        toy_config(home), cut_off, processes=1, resume=True, picker=toy, progress=lambda *count: counted.append(count)
    )
    n = len(store.plan.cells)
    assert 1 + n // 3 <= todo < n
    assert counted == [(n - todo + k, n) for k in range(todo + 1)]
    for one, other in zip(whole[0].results(), store.results(), strict=True):
        assert same(one, other)
    assert not list(cut_off.rglob(".motes-*"))


def test_more_seeds_run_only_what_is_new(whole, home, tmp_path):
    folder = tmp_path / "study"
    shutil.copytree(whole[0].folder, folder)
    before = {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).iterdir()}
    store = run_study(toy_config(home, seeds=4), folder, processes=1, resume=True, picker=toy)
    assert len(list(store.results())) == len(before) * 4 // 3
    assert before == {path.name: path.stat().st_mtime_ns for path in (folder / CELLS).iterdir() if path.name in before}


def test_a_folder_with_a_study_is_not_run_over(whole, home):
    with pytest.raises(ValueError, match=r"holds a study already, 36 runs of it; resume it \(--resume\)"):
        run_study(toy_config(home), whole[0].folder, picker=toy)


def test_one_process_at_a_time(cut_off, home):
    """A second one is refused before it touches what the first is writing."""
    half = cut_off / CELLS / ".motes-0123.npz"
    with Lock(cut_off / LOCK, "motes study"), pytest.raises(BusyError, match="in use by motes study"):
        run_study(toy_config(home), cut_off, processes=1, resume=True, picker=toy)
    assert half.exists()
    assert Store(cut_off, Plan(toy_config(home), load_data(toy_config(home).data, home)), resume=True).missing()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"picker": {"name": "blob"}}, r"state\.json: picker was .*filterbank.*, is .*blob.*: another study"),
        ({"folds": {"n": 4, "run": 2}}, r"state\.json: folds was"),
    ],
)
def test_another_study_is_not_gone_on_with(whole, home, changes, message):
    with pytest.raises(CheckpointError, match=message):
        run_study(toy_config(home, **changes), whole[0].folder, resume=True, picker=toy)


@pytest.mark.parametrize("module", ["features", "calibration", "filterbank", "blob"])
def test_models_of_other_code_are_not_gone_on_with(whole, home, monkeypatch, module):
    monkeypatch.setattr(f"motes.pickers.{module}.VERSION", 99)
    with pytest.raises(CheckpointError, match=r"state\.json: code was .*, is .*99.*: another study"):
        run_study(toy_config(home), whole[0].folder, resume=True, picker=toy)
    assert whole[0].load(whole[0].plan.cells[0]) is None


def test_other_data_are_another_study(whole, tmp_path):
    other = write_toy(tmp_path / "data", n=8)
    with pytest.raises(CheckpointError, match="data was"):
        run_study(toy_config(other), whole[0].folder, resume=True, picker=toy)


def test_a_half_written_folder_is_recognised(cut_off, home):
    (cut_off / STATE).write_text('{"version": ')
    with pytest.raises(FormatError, match="does not say what study this is"):
        run_study(toy_config(home), cut_off, resume=True, picker=toy)
    (cut_off / STATE).unlink()
    for resume in (False, True):
        with pytest.raises(FormatError, match=r"runs, but no state\.json that says of what"):
            run_study(toy_config(home), cut_off, resume=resume, picker=toy)
    assert list((cut_off / CELLS).glob("*.npz"))


def test_a_run_of_another_study_is_none_of_ours(whole, tmp_path):
    store = whole[0]
    cell = store.plan.cells[0]
    with pytest.raises(FormatError, match="of another study"):
        CellResult.load(store.path(cell), "0" * 16)
    path = tmp_path / "run.npz"
    for content in (b"", b"no archive", store.path(cell).read_bytes()[:300]):
        path.write_bytes(content)
        with pytest.raises(FormatError, match=r"run\.npz: "):
            CellResult.load(path, store.plan.fingerprint(cell))


def test_what_a_run_raises_is_raised_and_others_are_kept(home, tmp_path):
    config = toy_config(home, strategies=["margin"], seeds=2, labels={"initial": 7, "per_round": 2, "rounds": 2})
    few = toy_config(home, strategies=["margin"], seeds=2, labels={"initial": 4, "per_round": 2, "rounds": 2})
    for processes in (1, 2):
        with pytest.raises(ValueError, match="too much to learn"):
            run_study(config, tmp_path / f"failed{processes}", processes=processes, picker=failing)
    run_study(few, tmp_path / "fine", processes=1, picker=failing)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"labels": {"initial": 30}},
            "labels: 110 are asked for, 30 to begin with and 8 x 10, but seed 0, part 0 learns",
        ),
        ({"folds": {"n": 9}}, "9 parts of 7 micrographs"),
        ({"labels": {"validation": 6}}, "none is left to learn from"),
    ],
)
def test_what_the_data_do_not_have_is_told_before_the_work(home, tmp_path, changes, message):
    with pytest.raises(ValueError, match=message):
        run_study(toy_config(home, **changes), tmp_path / "study", picker=toy)
    assert not (tmp_path / "study").exists()


def test_validation_without_particles(tmp_path):
    home = write_toy(tmp_path / "data")
    for name in ("grid0", "grid1"):
        (home / "particles" / f"{name}.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n")
    with pytest.raises(ValueError, match=r"seed \d+, part \d: no particle to validate on, on grid"):
        run_study(toy_config(home, seeds=40), tmp_path / "study", picker=toy)


def test_a_pool_smaller_than_the_query_is_asked_empty(home, tmp_path):
    """More questions than there are candidates: all are asked, and the run ends."""
    labels = {"initial": 3, "per_round": 200, "rounds": 4, "budget": "questions"}
    config = toy_config(home, strategies=["margin"], seeds=1, labels=labels)
    for result in run_study(config, tmp_path / "study", processes=1, picker=toy).results():
        questions = [each.costs.questions for each in result.rounds]
        assert len(questions) < 4
        assert 0 < questions[-1] < 200


def test_a_picker_that_is_not_installed_is_told_before_the_work(home, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match="torch"):
        run_study(toy_config(home, picker={"name": "compact"}), tmp_path / "study")
    with pytest.raises(ValueError, match=r"picker\.options\.widht: filterbank has no such option"):
        run_study(toy_config(home, picker={"options": {"widht": 3}}), tmp_path / "study")
    assert not (tmp_path / "study").exists()


def test_a_study_that_is_refused_leaves_no_micrographs_that_were_drawn_for_it(home, tmp_path):
    config = toy_config(home, data={"source": "sample"}, labels={"initial": 3, "per_round": 9000, "rounds": 3})
    with pytest.raises(ValueError, match="labels: 18,003 are asked for"):
        run_study(config, tmp_path / "study", picker=toy)
    assert not (tmp_path / "study").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("kept")
    with pytest.raises(ValueError, match="labels: 18,003 are asked for"):
        run_study(config, tmp_path / "mine", picker=toy)
    assert (tmp_path / "mine" / "notes.txt").read_text() == "kept"


@pytest.mark.skipif(sys.platform == "win32", reason="needs signals")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_study_that_is_killed_leaves_whole_runs_and_no_process(whole, home, tmp_path, how):
    code = (
        "import sys; from pathlib import Path; from toy_study import slow, toy_config; "
        "from motes.study import run_study\n"
        "if __name__ == '__main__':\n"
        "    run_study(toy_config(Path(sys.argv[1])), sys.argv[2], processes=2, picker=slow)\n"
    )
    script = tmp_path / "script.py"
    script.write_text(code)
    folder = tmp_path / "study"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    process = subprocess.Popen(
        [sys.executable, str(script), str(home), str(folder)], env=environment, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while len(list((folder / CELLS).glob("*.npz"))) < 3:
        assert time.monotonic() < deadline
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.02)
    os.kill(process.pid, how)
    process.wait(30)
    process.stderr.close()
    deadline = time.monotonic() + 30
    while _alive(process.pid):  # of its session: the workers
        assert time.monotonic() < deadline
        time.sleep(0.05)
    store = run_study(toy_config(home), folder, processes=1, resume=True, picker=toy)
    for one, other in zip(whole[0].results(), store.results(), strict=True):
        assert same(one, other)


def _alive(session):
    listed = subprocess.run(["ps", "-s", str(session), "-o", "stat="], capture_output=True, text=True, check=False)
    return [state for state in listed.stdout.split() if not state.startswith("Z")]


def test_the_state_says_what_the_study_is(whole):
    told = json.loads(Path(whole[0].folder, STATE).read_text())
    assert told["config"]["name"] == "Toy"
    assert told == whole[0].plan.state()


def test_the_plan_is_checked_for_every_seed(home):
    plan = Plan(toy_config(home), load_data(toy_config(home).data, home))
    assert len({plan.fingerprint(cell) for cell in plan.cells}) == len(STRATEGIES)
    assert len({Store.__name__, *map(str, plan.cells)}) == 1 + len(plan.cells)


class AskedError(Exception):
    """The loop was called."""


def test_a_setting_reaches_the_loop(home, tmp_path, monkeypatch):
    def asked(micrographs, oracle, picker, strategy, **options):
        raise AskedError(oracle.rule, options["beta"], options["warm_start"], isinstance(picker, WarmPicker))

    monkeypatch.setattr("motes.active.run", asked)
    labels = {"initial": 3, "per_round": 2, "rounds": 3, "beta": 2.0, "rule": "first", "warm_start": True}
    config = toy_config(home, strategies=["margin"], picker={"name": "compact"}, labels=labels)
    with pytest.raises(AskedError) as told:
        run_study(config, tmp_path / "study", processes=1, picker=warm)
    assert told.value.args == ("first", 2.0, True, True)


def test_a_picker_learns_on_where_it_should(home, tmp_path):
    labels = {"initial": 3, "per_round": 2, "rounds": 3}
    for warm_start, begun in ((True, [False, True, True]), (False, [False] * 3)):
        config = toy_config(
            home, strategies=["margin"], seeds=1, folds={"n": 3}, picker={"name": "compact"},
            labels=labels | {"warm_start": warm_start},
        )  # fmt: skip
        FITS.clear()
        run_study(config, tmp_path / str(warm_start), processes=1, picker=warm)
        assert begun * 2 == FITS


def test_t_opt_is_of_f_beta(whole, home, tmp_path):
    """For recall's sake the threshold of F2 is no higher than that of F1, and somewhere lower."""
    labels = {"initial": 3, "per_round": 2, "rounds": 3, "beta": 4.0}
    low = run_study(toy_config(home, strategies=["random", "margin"], labels=labels), tmp_path / "study", picker=toy)
    f1 = {result.cell: result.rounds[0].t_opt for result in whole[0].results()}
    pairs = [(result.rounds[0].t_opt, f1[result.cell]) for result in low.results() if result.cell in f1]
    assert pairs
    assert all(mine <= theirs for mine, theirs in pairs)
    assert any(mine < theirs for mine, theirs in pairs)


def test_picks_of_another_program(home, tmp_path):
    """A folder of crYOLO's files, studied: flat curves, and labels that are asked for all the same."""
    table = toy_table(home, strategies=["margin"], seeds=1, folds={"n": 3})
    truth = load_data(parse_config(table).data, tmp_path)
    (tmp_path / "CBOX").mkdir()
    rng = np.random.default_rng(0)
    for m, name in enumerate(truth.names):
        places = np.concatenate([truth.truth.of_micrograph(m).centres, rng.uniform(8, 70, (8, 2))])
        scores = np.concatenate([rng.uniform(0.4, 0.99, len(places) - 8), rng.uniform(0.45, 0.55, 8)])
        picks = Picks(*places.T, truth.diameter / 2, scores, micrographs=(name,))
        write_picks(tmp_path / "CBOX" / f"{name}.cbox", picks)
    table |= {"picker": {"name": "external", "picks": "CBOX", "options": {"recalibrate": True}}}
    config = parse_config(table, folder=tmp_path)
    changed, rejected = {}, {}
    for result in run_study(config, tmp_path / "study", processes=1).results():
        first, last = result.rounds[0], result.rounds[-1]
        assert last.costs.labels == 7
        assert len(first.probability) > 8
        np.testing.assert_array_equal(np.argsort(-first.probability), np.argsort(-last.probability))
        changed[result.cell.strategy] = not np.array_equal(first.probability, last.probability)
        rejected[result.cell.strategy] = last.costs.questions > 4
    assert changed == rejected  # calibration needs both answers
    assert changed["margin"]


@pytest.mark.parametrize(
    ("picker", "message"),
    [
        ({}, r"^picker\.picks: needed by external"),
        ({"picks": 3}, r"^picker\.picks: expected a text, got 3"),
        ({"picks": "a", "formt": "cbox"}, r"^picker\.formt: there is no such key"),
    ],
)
def test_picks_of_another_program_are_named(home, picker, message):
    with pytest.raises(ValueError, match=message):
        toy_config(home, strategies=["margin"], picker={"name": "external"} | picker)
    with pytest.raises(ValueError, match="committee: picks of another program have no appearance and no committee"):
        toy_config(home, strategies=["committee"], picker={"name": "external", "picks": "a"})
