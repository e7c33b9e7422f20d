"""`motes challenge`: files that it writes, and bad input that it refuses."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time

import numpy as np
import pytest

import motes as library
from motes import simulate


def patterns_of(task, n_patterns):
    drawn = simulate.task_patterns(task, n_patterns=n_patterns, seed=task)
    made = library.Patterns.from_coo(
        drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=n_patterns, counts=drawn.counts
    )
    return made.to_dense(), drawn


@pytest.fixture
def tasks(tmp_path, monkeypatch):
    """A folder with endeavor.npz (tasks 1, 2, 7) and truth.npz in it."""
    monkeypatch.chdir(tmp_path)
    one, first = patterns_of(1, 25)
    two, second = patterns_of(2, 30)
    _, seventh = patterns_of(7, 3000)
    np.savez("endeavor.npz", task1=one, task2=two.reshape(30, -1), task7a=seventh.rows, task7b=seventh.cols)
    truth = {1: first, 2: second, 7: seventh}
    np.savez(
        "truth.npz",
        **{f"master{task}": drawn.master for task, drawn in truth.items()},
        **{f"labels{task}": drawn.labels for task, drawn in truth.items()},
    )
    return tmp_path


def answers_in(folder):
    return json.loads((folder / "answers.json").read_text(encoding="utf-8"), parse_constant=pytest.fail)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_from_archive_to_answers(tasks, motes):
    result = motes("challenge", "endeavor.npz", "--truth", "truth.npz", "-o", "out/deep")
    assert result.exit_code == 0, result.stderr
    out = tasks / "out" / "deep"
    assert names(out) == ["answers.json", "report.html"]
    answers = answers_in(out)
    assert list(answers) == ["task1", "task2", "task5", "task7"]
    solution = library.challenge.solve("endeavor.npz", truth="truth.npz")
    for task in (1, 2, 7):
        told = answers[f"task{task}"]
        assert told["counts"] == solution[task].counts.tolist()
        assert told["labels"] == solution[task].labels.tolist()
        assert told["shape"] == list(solution[task].shape)
        assert told["seconds"] > 0
    assert answers["task7"]["mean_photons"] == solution[7].mean_photons
    assert answers["task7"]["device"] == "cpu"
    assert not {"mean_photons", "device"} & answers["task1"].keys()
    assert "motes challenge endeavor.npz --truth truth.npz -o out/deep" in (out / "report.html").read_text("utf-8")
    assert re.search(r"task 1: \d+ \+ \d+ \+ \d+ \+ \d+ .*100.00% of the labels right", result.stdout)
    assert "look at" in result.stdout


def test_one_task(tasks, motes):
    result = motes("challenge", "endeavor.npz", "--task", 2, "--task", 1, "-o", "out", "--quiet", "--seed", 3)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert list(answers_in(tasks / "out")) == ["task1", "task2"]


def test_other_files_are_left_and_own_ones_replaced(tasks, motes):
    (tasks / "out").mkdir()
    for name in ("notes.txt", "answers.json"):
        (tasks / "out" / name).write_text("mine")
    assert motes("challenge", "endeavor.npz", "--task", 1, "-o", "out").exit_code == 0
    assert names(tasks / "out") == ["answers.json", "notes.txt", "report.html"]
    assert (tasks / "out" / "notes.txt").read_text() == "mine"
    assert list(answers_in(tasks / "out")) == ["task1"]


def save(**arrays):
    np.savez("bad.npz", **arrays)
    return "bad.npz"


def unmatched():
    patterns, _ = patterns_of(1, 25)
    patterns[17, 3, 4] += 1
    return save(task1=patterns)


def ragged():
    ragged = np.empty(2, object)
    ragged[:] = [np.zeros((3, 3), int), np.zeros((4, 4), int)]
    return save(task1=ragged)


FILES = {
    "missing": (lambda: "nowhere.npz", "nowhere.npz: no such file"),
    "a text": (lambda: _text("bad.npz"), "bad.npz"),
    "no archive": (lambda: _npy(), "bad.npy: .*no zip archive"),
    "none of the tasks": (lambda: save(pictures=np.eye(3), task5=np.eye(3)), "holds pictures, task5; expected a task"),
    "nothing": (lambda: save(), "holds nothing; expected a task"),
    "length that is no square": (
        lambda: save(task2=np.ones((4, 1297), int)),
        "bad.npz: task2: 1297 pixels are no square, so their shape can not be inferred",
    ),
    "patterns that are no squares": (lambda: save(task1=np.ones((4, 3, 5), int)), "task1: patterns of 3x5 pixels"),
    "no patterns": (lambda: save(task2=np.ones((0, 9), int)), "task2: holds no pattern"),
    "no pixels": (lambda: save(task2=np.ones((3, 0), int)), "task2: .*"),
    "two sizes": (ragged, "task1: pickled objects.*never unpickled"),
    "one dimension": (lambda: save(task1=np.ones(9, int)), "task1: .*expected"),
    "no rotation": (unmatched, "task 1: pattern 17 is no rotation of the reference: .*differs in 1 of 324 pixels"),
    "no rotation, task 3": (
        lambda: save(task3=np.array([[1, 0, 0, 0], [1, 1, 0, 0]])),
        "task 3: pattern 1 is no rotation of the reference",
    ),
    "columns of different length": (
        lambda: save(task6a=[0, 1, 2], task6b=[3, 4]),
        r"task6a is \(3,\), task6b is \(2,\)",
    ),
    "half of the columns": (lambda: save(task7a=[0, 1, 2]), "found task7a, expected task7, or task7a and task7b"),
    "a pixel outside": (lambda: save(task7a=[0, 1], task7b=[3, 625]), "task7 .*625"),
    "NaN": (lambda: save(task4=np.full((2, 4), np.nan)), "task4.*nan"),
    "half a photon": (lambda: save(task4=np.full((2, 4), 0.5)), "task4.*0.5"),
    "a negative count": (lambda: save(task2=np.full((2, 4), -1)), "task2.*-1"),
}


def _text(name):
    with open(name, "w") as file:  # noqa: PTH123
        file.write("photons")
    return name


def _npy():
    np.save("bad.npy", np.ones((3, 4), int))
    return "bad.npy"


@pytest.mark.parametrize("kind", FILES)
def test_bad_files(tasks, refused, kind):
    make, message = FILES[kind]
    assert re.search(message, refused_after(tasks, refused, make))


def refused_after(folder, refused, make):
    return refused(folder, "challenge", make(), "-o", "out")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--task", 3], "endeavor.npz: holds task1, task2, task7a, task7b; expected task 3"),
        (["--task", 8], "task: expected one of 1 to 7, got 8"),
        (["--task", "two"], "--task"),
        (["--seed", -1], "--seed"),
        (["--threads", 0], "--threads"),
        (["--truth", "nowhere.npz"], "nowhere.npz: no such file"),
        (["--truth", "endeavor.npz"], "endeavor.npz: holds task1, .*expected master1, master2, master7"),
        (["--task", 1, "--truth", "other.npz"], r"task 1: truth: a master of shape \(9, 9\)"),
        (["--task", 2, "--truth", "other.npz"], "task 2: truth: 7 labels, but there are 30 patterns"),
        (["-o", "endeavor.npz"], "endeavor.npz: is a file, not a folder"),
    ],
)
def test_bad_options(tasks, refused, words, message):
    np.savez("other.npz", master1=np.eye(9), master2=np.eye(36), labels2=np.zeros(7, int))
    assert re.search(message, refused(tasks, "challenge", "endeavor.npz", "-o", "out", *words))


def test_older_answers_outlive_a_failure(tasks, refused):
    (tasks / "out").mkdir()
    (tasks / "out" / "answers.json").write_text("older")
    refused_after(tasks, refused, unmatched)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_keeps_finished_tasks_and_says_which_are_not(tasks, motes_process):
    """A program that looks on in the user's stead sends Ctrl-C when task 7 begins."""
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    process = motes_process("challenge", "endeavor.npz", "-o", "out", stderr=theirs)
    os.close(theirs)
    seen, deadline = b"", time.monotonic() + 60
    try:
        while chunk := os.read(ours, 4096):
            seen += chunk
            if b"task 7" in seen and process.poll() is None and b"^C" not in seen:
                process.send_signal(signal.SIGINT)
                seen += b"^C"
            assert time.monotonic() < deadline
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    assert process.wait(timeout=60) == 130
    assert names(tasks / "out") == ["answers.json", "report.html"]
    assert list(answers_in(tasks / "out")) == ["task1", "task2", "task5"]
    assert b"unanswered is task 7" in seen
    assert "unanswered are tasks 7" in (tasks / "out" / "report.html").read_text("utf-8")


def test_ctrl_c_while_drawing_keeps_the_answers(tasks, motes, monkeypatch):
    def page(*_, **__):
        raise KeyboardInterrupt

    assert motes("challenge", "endeavor.npz", "--task", 1, "-o", "out").exit_code == 0
    monkeypatch.setattr(library.challenge, "page", page)
    result = motes("challenge", "endeavor.npz", "--task", 2, "-o", "out")
    assert result.exit_code == 130
    assert "answers.json is whole, report.html was not made" in result.stderr
    assert names(tasks / "out") == ["answers.json"]
    assert list(answers_in(tasks / "out")) == ["task2"]


def test_ctrl_c_before_the_first_answer_leaves_nothing(tasks, motes, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("motes.challenge.run.answer_by_match", interrupted)
    assert motes("challenge", "endeavor.npz", "-o", "out").exit_code == 130
    assert not (tasks / "out").exists()


def test_a_full_disk_leaves_nothing_half_written(tasks, motes_process):
    resource = pytest.importorskip("resource")
    process = motes_process(
        "challenge",
        "endeavor.npz",
        "-o",
        "out",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )
    _, errors = process.communicate()
    assert process.returncode == 2, errors
    assert errors.count("\n") == 1, errors
    assert "file too large" in errors
    assert not (tasks / "out").exists()


def test_a_name_that_is_no_utf8(tasks, motes):
    os.rename("endeavor.npz", b"bad\xff.npz")  # noqa: PTH104 (a path of bytes)
    result = motes("challenge", os.fsdecode(b"bad\xff.npz"), "--task", 1, "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert "bad?.npz" in (tasks / "out" / "report.html").read_text(encoding="utf-8")
    assert answers_in(tasks / "out")["task1"]["counts"]


def test_trailing_patterns_without_photons(tasks, motes, refused):
    result = motes("challenge", "endeavor.npz", "--task", 7, "--patterns", 3010, "-o", "out", "--quiet")
    assert result.exit_code == 0, result.stderr
    assert len(answers_in(tasks / "out")["task7"]["labels"]) == 3010
    told = refused(tasks, "challenge", "endeavor.npz", "--patterns", 3010, "-o", "none")
    assert "--patterns: can be given for one task alone, 6 or 7" in told
