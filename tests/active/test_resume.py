"""A run that was cut off goes on to the log that it would have written undisturbed, byte for byte."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from motes import CheckpointError, FormatError
from motes.active import GroundTruth, NoisyOracle, replay, run
from toy_picker import ToyPicker, problem

STRIDE = int(os.environ.get("MOTES_CUT_STRIDE", "101"))  # bytes between cuts inside lines; 1: each

MICROGRAPHS, TRUTH = problem(n=2, size=42, particles=4, others=4)


def loop(folder, strategy="random", *, oracle=None, picker=None, **options):
    asked = {"initial": 2, "n": 2, "rounds": 3, "seed": 5, "callback": measures} | options
    return run(MICROGRAPHS, oracle or GroundTruth(TRUTH), picker or ToyPicker(), strategy, folder=folder, **asked)


def measures(index, picker, pool, query, labelled):
    return {"level": picker.level, "pool": len(pool)}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    loop(folder)
    return (folder / "log.jsonl").read_bytes()


def test_the_same_seed_gives_the_same_bytes(undisturbed, tmp_path):
    loop(tmp_path)
    assert (tmp_path / "log.jsonl").read_bytes() == undisturbed


def test_a_log_cut_at_any_byte_is_gone_on_with(undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", lambda file: None)  # the test would wait for nothing but the disk
    log = tmp_path / "log.jsonl"
    ends = np.cumsum([0, *(len(line) for line in undisturbed.splitlines(keepends=True))])
    sizes = {*(ends[:, None] + [-1, 0, 1]).ravel().tolist(), *range(0, len(undisturbed), STRIDE)}
    for size in sorted(sizes & set(range(len(undisturbed) + 1))):
        log.write_bytes(undisturbed[:size])
        history = loop(tmp_path)
        assert log.read_bytes() == undisturbed, size
        assert history.ended == "rounds"


def test_a_warm_start_is_gone_on_with(tmp_path):
    whole, cut = tmp_path / "whole", tmp_path / "cut" / "log.jsonl"
    loop(whole, warm_start=True)
    lines = (whole / "log.jsonl").read_bytes().splitlines(keepends=True)
    cut.parent.mkdir()
    for n in range(len(lines)):
        cut.write_bytes(b"".join(lines[:n]))
        loop(cut.parent, warm_start=True)
        assert cut.read_bytes() == b"".join(lines), n


def test_rounds_that_are_complete_are_not_trained_again(undisturbed, tmp_path):
    lines = undisturbed.splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if b'"kind":"round"' in line)
    (tmp_path / "log.jsonl").write_bytes(b"".join(lines[: last + 1]))
    called = []
    picker = ToyPicker()
    loop(tmp_path, picker=picker, callback=lambda *told: called.append(told))
    assert (picker.fits, called) == (1, [])
    again = ToyPicker()
    assert loop(tmp_path, picker=again).ended == "rounds"
    assert again.fits == 0


class Interrupting(GroundTruth):
    """Ctrl-C at the k-th batch of questions."""

    def __init__(self, truth, k):
        super().__init__(truth)
        self.left = k

    def answer(self, questions, labelled=None):
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().answer(questions, labelled)

    def describe(self):
        return super().describe() | {"oracle": "GroundTruth"}


def test_ctrl_c_loses_nothing(undisturbed, tmp_path):
    log, k = tmp_path / "log.jsonl", 1
    while True:
        try:
            loop(tmp_path, oracle=Interrupting(TRUTH, k))
            break
        except KeyboardInterrupt:
            assert undisturbed.startswith(log.read_bytes())
            log.unlink()
            k += 1
    assert k > 3
    assert log.read_bytes() == undisturbed


SCRIPT = """
import sys
import test_resume
test_resume.loop(sys.argv[1], picker=test_resume.ToyPicker(pause=0.02), rounds=5)
"""


def test_a_process_killed_at_random_moments_ends_with_the_same_log(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    loop(whole, picker=ToyPicker(pause=0.02), rounds=5)
    expected = (whole / "log.jsonl").read_bytes()
    paths = [*sys.path, str(Path(__file__).parent), str(Path(__file__).parents[1])]
    command = [sys.executable, "-c", SCRIPT, str(killed)]
    rng, kills, log = np.random.default_rng(), 0, killed / "log.jsonl"
    while kills < 30:
        process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))})
        before, patience = log.stat().st_size if log.exists() else 0, time.monotonic() + 60
        while process.poll() is None and time.monotonic() < patience:
            if log.exists() and log.stat().st_size > before:  # at work: a moment, and the end
                time.sleep(rng.uniform(0, 0.1))
                process.send_signal(signal.SIGKILL)
            time.sleep(0.002)
        if process.wait() == 0:
            break
        kills += 1
        assert process.returncode == -signal.SIGKILL
        assert expected.startswith(log.read_bytes())
    assert kills >= 1
    assert log.read_bytes() == expected
    assert replay(killed).ended == "rounds"


def test_any_damaged_byte_is_found_and_the_file_left_alone(undisturbed, tmp_path):
    log = tmp_path / "log.jsonl"
    for at in range(0, len(undisturbed), 29):
        damaged = bytearray(undisturbed)
        damaged[at] ^= 1
        log.write_bytes(damaged)
        with pytest.raises(FormatError, match="line"):
            loop(tmp_path)
        assert log.read_bytes() == damaged
        with pytest.raises(FormatError, match="line"):
            replay(log)


def test_lost_and_moved_lines_are_found(undisturbed, tmp_path):
    lines, log = undisturbed.splitlines(keepends=True), tmp_path / "log.jsonl"
    for changed in (lines[:4] + lines[5:], [*lines[:4], lines[5], lines[4], *lines[6:]], lines[1:], lines * 2):
        log.write_bytes(b"".join(changed))
        with pytest.raises(FormatError, match=r"log\.jsonl: line \d+: damaged, or not where it was written"):
            loop(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"n": 3}, "n is 2 there and 3 here"),
        ({"strategy": "margin"}, "strategy is random there and margin here"),
        ({"seed": 6}, "seed is 5 there and 6 here"),
        ({"oracle": NoisyOracle(TRUTH)}, "oracle is"),
        ({"oracle": GroundTruth(TRUTH[:6])}, "oracle is"),
        ({"picker": ToyPicker(diameter=7.0)}, "picker is"),
        ({"cold_start": ToyPicker()}, "cold_start is None there"),
        ({"strategy_options": {"base": "margin"}}, "strategy_options is"),
    ],
)
def test_a_log_of_another_run_is_left_alone(undisturbed, tmp_path, options, message):
    log = tmp_path / "log.jsonl"
    log.write_bytes(undisturbed)
    with pytest.raises(CheckpointError, match=f"of another run: {message}.*use a new folder"):
        loop(tmp_path, **options)
    assert log.read_bytes() == undisturbed


def test_a_log_of_another_version_is_left_alone(undisturbed, tmp_path, monkeypatch):
    (tmp_path / "log.jsonl").write_bytes(undisturbed)
    monkeypatch.setattr("motes.active.loop.version", "9.9")
    with pytest.raises(CheckpointError, match=r"of version .*, this is 9\.9"):
        loop(tmp_path)


def test_a_file_that_is_no_log_is_left_alone(tmp_path):
    log = tmp_path / "log.jsonl"
    for text in ("my notes", "my\nnotes\n", '{"kind":"run"}\n', '{"kind":"end"'):
        log.write_text(text)
        with pytest.raises(FormatError, match=r"log\.jsonl"):
            loop(tmp_path)
        assert log.read_text() == text


def test_two_processes_do_not_write_to_one_run(tmp_path):
    def second(*told):
        with pytest.raises(CheckpointError, match="another process is at work"):
            loop(tmp_path)

    assert loop(tmp_path, callback=second).ended == "rounds"


class Fickle(ToyPicker):
    """Never the same twice."""

    def predict(self, micrographs):
        self.level += np.random.default_rng().normal()
        return super().predict(micrographs)


def test_a_picker_that_comes_out_differently_is_told(tmp_path):
    loop(tmp_path, picker=Fickle())
    log = tmp_path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    last = max(i for i, line in enumerate(lines) if b'"kind":"question"' in line)
    log.write_bytes(b"".join(lines[: last + 1]))
    with pytest.raises(CheckpointError, match=r"line \d+: another run, or data or picker have changed: \w+ is"):
        loop(tmp_path, picker=Fickle())
    assert log.read_bytes() == b"".join(lines[: last + 1])


def test_replay_reads_what_the_run_returned(tmp_path):
    history = loop(tmp_path)
    read = replay(tmp_path)
    assert (read.settings, read.rounds, read.questions) == (history.settings, history.rounds, history.questions)
    assert repr(read) == repr(history)
    np.testing.assert_array_equal(read.labels.centres, history.labels.centres)


def test_replay_reads_what_there_is_of_a_run_that_was_cut_off(undisturbed, tmp_path):
    log = tmp_path / "log.jsonl"
    log.write_bytes(undisturbed[:-40])
    assert replay(log).ended is None
    assert "cut off" in repr(replay(log))
    log.write_bytes(undisturbed[:40])
    with pytest.raises(FormatError, match="holds no whole line of a log"):
        replay(log)
    with pytest.raises(FileNotFoundError):
        replay(tmp_path / "nothing.jsonl")
