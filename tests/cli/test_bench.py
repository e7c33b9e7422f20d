"""`motes bench`: tables, a file, a comparison; Ctrl-C; and mistakes in one line."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from motes import bench
from motes.bench.results import PeerRace
from motes.bench.suite import SUITE, conditions_now
from timed_runs import made_up


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def kept(path, seconds, *, spread=0.001, **changed):
    """A file of a run as this machine would have taken it: sweep, and likelihood that never changes."""
    now = conditions_now()
    told = {"machine": now.machine, "threads": now.threads, "version": now.version} | changed
    rounds = [{"sweep": [seconds * (1 + spread * k)], "likelihood": [0.1 * (1 + spread * k)]} for k in range(5)]
    run = made_up(rounds, **told)
    run.save(path)
    return run


def test_a_run_is_shown_and_kept(motes, folder):
    answer = motes("bench", "--quick", "--only", "matching", "--rounds", 1, "--threads", 1, "-o", "run.json")
    assert answer.exit_code == 0, answer.stderr
    assert re.search(r"1 thread, a tenth of the work, 1 round\n", answer.stdout)
    assert re.search(r"matching +[\d.]+ +[\d.]+ - [\d.]+ +[\d.]+ k\S* .* +\d+%", answer.stdout)
    assert "The machine, a second:" in answer.stdout
    found = bench.load("run.json")
    assert list(found.bounds) == ["matching"]
    assert not found.interrupted
    shown = motes("bench", "--show", "run.json")
    assert shown.stdout == answer.stdout


def test_what_is_slower_is_said(motes, folder):
    kept("before.json", 0.1)
    kept("after.json", 0.12)
    answer = motes("bench", "--show", "after.json", "--against", "before.json")
    assert answer.exit_code == 0
    assert re.search(r"sweep +\+20% +\+20% to \+20% +slower", answer.stdout)
    assert "sweep: slower by 20% [20, 20]" in answer.stdout
    assert re.search(r"likelihood +[+-]0% .* same", answer.stdout)
    answer = motes("bench", "--show", "after.json", "--against", "before.json", "--fail-slower", "--quiet")
    assert (answer.exit_code, answer.stdout) == (1, "")
    answer = motes("bench", "--show", "after.json", "--against", "before.json", "--fail-slower", "--margin", 0.25)
    assert answer.exit_code == 0
    assert "No case changed significantly by more than 25%." in answer.stdout
    answer = motes("bench", "--show", "before.json", "--against", "after.json", "--fail-slower")
    assert answer.exit_code == 0
    assert re.search(r"sweep: faster by 17% \[1[67], 17\]", answer.stdout)


def test_two_installations_are_compared(motes, folder, monkeypatch):
    def in_turns(python, **asked):
        assert (python, asked["quick"], asked["rounds"]) == ("other/python", True, 5)
        return kept("other.json", 0.1), kept("this.json", 0.12)

    monkeypatch.setattr(bench, "run_beside", in_turns)
    asked = ("bench", "--quick", "--beside", "other/python", "--rounds", 5)
    answer = motes(*asked, "-o", "run.json", "--fail-slower")
    assert answer.exit_code == 1
    assert "sweep: slower by 20% [20, 20]" in answer.stdout
    assert "cases are taken in turns" in answer.stdout
    assert bench.load("run.json").seconds("sweep") == bench.load("this.json").seconds("sweep")


def test_other_libraries_are_noted(motes, folder):
    kept("after.json", 0.1)
    kept("before.json", 0.1, machine=conditions_now().machine | {"blas": "mkl 1"})
    answer = motes("bench", "--show", "after.json", "--against", "before.json")
    assert "Note: another blas: mkl 1 before" in answer.stdout


def test_what_limits_a_run_is_noted(motes, folder):
    run = kept("run.json", 0.1)
    replace(run, interrupted=True).save("cut.json")
    crowded = replace(run.conditions, threads=99, machine=run.conditions.machine | {"cores": 2})
    replace(run, conditions=crowded).save("crowd.json")
    answer = motes("bench", "--show", "run.json", "--against", "cut.json")
    assert f"Note: before was interrupted, after {len(run.rounds)} rounds." in answer.stdout
    answer = motes("bench", "--show", "crowd.json")
    assert "Note: 99 threads on 2 processors." in answer.stdout


def test_races_and_what_is_absent_are_shown(motes, folder):
    run = kept("run.json", 0.1)
    run.races.append(PeerRace("sweep", "a peer", [0.001, 0.003, 0.002], [0.008, 0.006, 0.007]))
    run.races.append(PeerRace("sweep", "another", [], [], "AssertionError: not equal"))
    run.rounds[0].own_shares[:] = [0.2]
    run.absent["numba"] = ["likelihood", "sweep"]
    run.save("run.json")
    answer = motes("bench", "--show", "run.json")
    assert re.search(r"sweep +a peer +7 +2 +3.5 *\n", answer.stdout)
    assert re.search(r"sweep +another +AssertionError: not equal", answer.stdout)
    assert "Note: others had 16% of the processors: these are figures of a busy machine." in answer.stdout
    assert "Not installed: numba (likelihood, sweep). pip install 'motes[bench]' brings them." in answer.stdout
    assert bench.load("run.json").races == run.races


def test_interrupted_it_keeps_what_was_measured(motes, folder, monkeypatch):
    def stopped(**asked):
        asked["progress"] = lambda done, *_: press() if done == 1 else None
        return whole(**asked)

    def press():
        raise KeyboardInterrupt

    whole = bench.run
    monkeypatch.setattr(bench, "run", stopped)
    kept("before.json", 0.1, quick=True)
    asked = ("bench", "--quick", "--only", "matching", "--only", "likelihood", "--rounds", 9)
    answer = motes(*asked, "-o", "run.json", "--against", "before.json")
    assert answer.exit_code == 130
    assert "1 round, interrupted: a part" in answer.stdout
    assert answer.stderr == "motes: interrupted: what was measured until then is kept in run.json\n"
    assert bench.load("run.json").interrupted
    answer = motes(*asked, "--quiet")
    assert answer == (130, "", "motes: interrupted: what was measured until then is not kept\n")


def test_cases_are_listed(motes):
    answer = motes("bench", "--list")
    assert answer.exit_code == 0
    for name in SUITE:
        assert re.search(rf"^{re.escape(name)} +\S", answer.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "speed"], "--only: there is no case speed; there are ingest, likelihood,"),
        (["--against", "none.json"], "none.json: no such file or directory"),
        (["--show", "none.json"], "none.json: no such file or directory"),
        (["--against", "photons.json"], "photons.json: expected a run of motes bench, got other JSON"),
        (["--show", "text.json"], "text.json: no JSON: "),
        (["--show", "newer.json"], "newer.json: schema: expected 1, got 2"),
        (
            ["--quick", "--against", "run.json"],
            "--against: taken of the whole work; this is of a tenth: leave out --quick",
        ),
        (["--threads", 7, "--against", "run.json"], "--against: taken with another number of threads, "),
        (["--against", "elsewhere.json"], "--against: taken with another processor, an abacus; this is "),
        (["--show", "run.json", "--only", "sweep"], "--show: measures nothing, so without --only"),
        (["--fail-slower"], "--fail-slower: needs --against FILE or --beside PYTHON"),
        (["--beside", "no-python"], "--beside: no-python: No such file or directory; expected a Python with a motes"),
        (["--beside", "python", "--against", "run.json"], "--beside: measures both, so without --against and --show"),
        (["--beside", "python", "--show", "run.json"], "--beside: measures both, so without --against and --show"),
        (["--beside", "python", "--peers"], "--beside: without --peers"),
        (["--quick", "-o", "nowhere/run.json"], "nowhere/run.json: no such file or directory"),
        (["--quick", "-o", "."], ": is a directory"),
        (["--rounds", 0], "--rounds"),
        (["--margin", 0], "--margin"),
    ],
)
def test_mistakes_are_told_in_one_line(refused, folder, words, message):
    run = kept("run.json", 0.1)
    kept("elsewhere.json", 0.1, machine=run.conditions.machine | {"processor": "an abacus"})
    (folder / "photons.json").write_text('{"version": "1"}')
    (folder / "text.json").write_text("seconds: 3")
    (folder / "newer.json").write_text(json.dumps(json.loads(run.to_json()) | {"schema": 2}))
    assert message in refused(folder, "bench", *words)
