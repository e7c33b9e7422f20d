"""A small run: every answer in its place, Ctrl-C, what is asked for and is not there."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import sys
from pathlib import Path

import pytest

from motes import FormatError, bench
from motes.bench import suite
from motes.bench.kernels import KERNELS
from motes.bench.suite import SUITE, WITH_PEERS, cases_of
from motes.bench.yardsticks import UNITS

SMALL = ["matching", "map suppression"]


@pytest.fixture(scope="module")
def run():
    steps = []
    found = bench.run(quick=True, only=SMALL, rounds=3, threads=1, progress=lambda *step: steps.append(step))
    assert steps[0] == (0, 6, "starting")
    assert steps[-1] == (6, 6, "round 3 of 3")
    assert [done for done, *_ in steps] == sorted(done for done, *_ in steps)
    return found


def test_every_round_has_every_case_and_yardstick(run):
    assert repr(run) == "Run(2 cases, 3 rounds, 1 threads, a tenth of the work)"
    assert set(run.bounds) == set(SMALL)
    for each in run.rounds:
        assert set(each.cases) == set(SMALL)
        assert list(each.yardsticks) == list(UNITS)
        assert len(each.own_shares) == len(each.yardsticks["reads"])
        assert all(0 < share <= 1 for share in each.own_shares)
        assert all(len(seconds) > 1 and min(seconds) > 0 for seconds in each.yardsticks.values())
    for case in SMALL:
        name, share = run.held_by(case)
        assert name in run.bounds[case].amounts
        assert 0 < share < 10
    assert run.bounds["map suppression"].work == "324 x 324 pixels"


def test_what_is_saved_is_read(run, tmp_path):
    run.save(tmp_path / "run.json")
    again = bench.load(tmp_path / "run.json")
    assert again.conditions == run.conditions
    assert again.bounds == run.bounds
    assert again.rounds == run.rounds
    assert again.to_json() == run.to_json()
    assert len(bench.compare(run, again).changes) == len(SMALL)
    assert not bench.compare(run, again).slower


def test_the_file_says_what_it_is_and_nobodys_name(run):
    told = json.loads(run.to_json())
    assert told["kind"] == "motes bench"
    assert told["schema"] == 1
    assert set(told["machine"]) == {
        "processor", "cores", "threads", "system", "python", "compiler", "instruction_set", "blas", "versions", "date",
    }  # fmt: skip
    assert told["cases"]["matching"]["held_by"] in UNITS
    for folder in (Path.home(), Path.cwd(), Path(bench.__file__).parent):
        assert str(folder) not in run.to_json()


def test_interrupted_it_returns_what_was_measured():
    def progress(done, *_):
        if done == 3:
            signal.raise_signal(signal.SIGINT)

    found = bench.run(quick=True, only=SMALL, rounds=50, threads=1, progress=progress)
    assert found.interrupted
    assert [len(each.cases) for each in found.rounds] == [2, 1]
    assert repr(found).endswith("interrupted)")


def test_interrupted_before_anything_was_measured_it_is_an_interrupt(monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(suite, "answers", stopped)
    with pytest.raises(KeyboardInterrupt):
        bench.run(quick=True, only=SMALL)


@pytest.fixture
def other_python(tmp_path):
    """An interpreter that finds motes by itself, as one of another environment does."""
    script = tmp_path / "python"
    places = os.pathsep.join(path for path in sys.path if path)
    script.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(places)} exec {shlex.quote(sys.executable)} "$@"\n')
    script.chmod(0o755)
    return script


@pytest.mark.skipif(sys.platform == "win32", reason="a shell script")
def test_two_installations_are_measured_in_turns(other_python):
    steps = []
    progress = lambda *step: steps.append(step)  # noqa: E731
    other, this = bench.run_beside(other_python, quick=True, only=["matching"], threads=1, rounds=3, progress=progress)
    assert steps[-1] == (6, 6, "round 3 of 3")
    assert other.conditions == this.conditions
    assert len(other.rounds) == len(this.rounds) == 3
    assert other.bounds == this.bounds
    assert bench.compare(other, this, in_turns=True).in_turns


@pytest.mark.parametrize(
    ("python", "message"),
    [
        ("no/python", "beside: no/python: No such file or directory; expected a Python with a motes of its own"),
        ("/bin/false", "beside: /bin/false: expected a Python with a motes that has motes.bench, got: "),
        ("/bin/echo", "beside: /bin/echo: expected a Python, got something that answers otherwise"),
    ],
)
def test_other_installations_that_are_none(python, message):
    if not Path("/bin/echo").exists():
        pytest.skip("no such commands here")
    with pytest.raises(ValueError, match=re.escape(message)):
        bench.run_beside(python, quick=True, only=["matching"])


def test_peers_are_timed_in_turns_and_missing_ones_named():
    found = bench.run(quick=True, only=["ingest"], rounds=1, peers=True, threads=1)
    assert {race.case for race in found.races} == {"ingest", "ingest, shuffled"}
    for race in found.races:
        assert race.peer.startswith("SciPy")
        assert not race.trouble
        assert len(race.ours) == len(race.theirs) >= 5
        assert race.ratio > 0
    assert found.absent == {}


def test_the_suite_has_every_family():
    families = {entry.name.partition(",")[0] for entry in KERNELS}
    assert {name.partition(",")[0] for name in SUITE} == families
    assert set(WITH_PEERS) <= {entry.name for entry in KERNELS}


@pytest.mark.parametrize(
    ("only", "expected"),
    [
        ("sweep", ["sweep"]),
        (["suppression"], [name for name in SUITE if name.startswith("suppression")]),
        (["likelihood, R = 1024"], ["likelihood, R = 1024"]),
        ((), list(SUITE)),
    ],
)
def test_cases_are_chosen_by_name_or_family(only, expected):
    assert cases_of(only) == expected


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"only": ["speed"]}, "only: there is no case speed"),
        ({"rounds": 0}, "rounds: expected 1 or more, got 0"),
        ({"threads": 0}, "threads: expected 1 to 1024, got 0"),
    ],
)
def test_refusals(wrong, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        bench.run(quick=True, **wrong)


def damaged(told, *path, value):
    """The same with something else at a place; None: nothing there."""
    told = json.loads(json.dumps(told))
    inner = told
    for key in path[:-1]:
        inner = inner[key]
    if value is None:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(told)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("schema",), 2, "schema: expected 1, got 2"),
        (("kind",), "other", "expected a run of motes bench, got other JSON"),
        (("rounds",), None, "rounds: missing"),
        (("rounds", 0, "cases", "matching"), [], "damaged: a list of no times"),
        (("rounds", 0, "cases", "matching"), [0.1, -0.1], "damaged: a time or an amount"),
        (("rounds", 0, "cases", "matching"), "soon", "damaged: expected list"),
        (("rounds", 0, "cases", "speed"), [0.1], "damaged: rounds: speed: unknown"),
        (("rounds", 0, "yardsticks", "reads"), None, "damaged: rounds: one without yardsticks"),
        (("cases", "matching", "bound"), {"wishes": 1.0}, "damaged: matching: bound: wishes: unknown"),
        (("cases", "matching", "bound"), {}, "damaged: matching: bound: empty"),
        (("yardsticks", "wishes"), {"amount": 1.0}, "damaged: yardsticks: wishes: unknown"),
        (("yardsticks", "reads"), None, "damaged: yardsticks: without reads"),
        (("rounds",), [], "damaged: rounds: none with map suppression, matching"),
        (("threads",), True, "damaged: expected int, got true"),
        (("machine",), [], "damaged: expected dict"),
        (("machine",), {}, "processor: missing"),
        (("machine", "instruction_set"), 3, "damaged: expected str, got 3"),
        (("cases",), [], "damaged"),
    ],
)
def test_damaged_files_are_told_in_a_line(run, tmp_path, path, value, message):
    file = tmp_path / "run.json"
    file.write_text(damaged(json.loads(run.to_json()), *path, value=value))
    with pytest.raises(FormatError, match=re.escape(message)) as caught:
        bench.load(file)
    assert str(caught.value).startswith(str(file))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null"])
def test_other_files_are_refused(tmp_path, content):
    file = tmp_path / "run.json"
    file.write_bytes(content)
    with pytest.raises(FormatError, match=re.escape(f"{file}: ")):
        bench.load(file)
