"""A small archive with its truth, and ways to run the command line: in this process, and as a person does."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import NamedTuple

import numpy as np
import pytest

from motes import simulate
from motes.cli import app

N_PATTERNS = 3000


@pytest.fixture(scope="session")
def drawn():
    """The photons behind the archive."""
    return simulate.task_patterns(7, n_patterns=N_PATTERNS, seed=3)


@pytest.fixture
def archive(drawn, tmp_path, monkeypatch):
    """A folder to work in, with endeavor.npz (task 7) and truth.npz in it."""
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "endeavor.npz", task7a=drawn.rows, task7b=drawn.cols)
    np.savez(tmp_path / "truth.npz", master7=drawn.master, labels7=drawn.labels)
    return tmp_path


class Answer(NamedTuple):
    """What a command printed, and its exit status."""

    exit_code: int
    stdout: str
    stderr: str


@pytest.fixture
def motes(capsys):
    """Run a command in this process."""

    def invoke(*words):
        with pytest.raises(SystemExit) as ended:
            app([str(word) for word in words])
        return Answer(ended.value.code or 0, *capsys.readouterr())

    return invoke


@pytest.fixture
def motes_process():
    """Start a command in a process of its own."""
    processes = []

    def start(*words, warnings="error", **options):
        environment = {**os.environ, "PYTHONWARNINGS": warnings}
        command = [sys.executable, "-m", "motes", *map(str, words)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
        processes.append(subprocess.Popen(command, env=environment, **pipes))
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def refused(motes):
    """Run a command that must fail: one line on stderr, exit status 2, and not a file changed."""

    def check(folder, *words):
        before = _snapshot(folder)
        result = motes(*words)
        assert result.exit_code == 2, result
        assert result.stdout == ""
        line = result.stderr
        assert line.startswith("motes: error: "), line
        assert line.endswith("\n"), line
        assert line.count("\n") == 1, line
        assert _snapshot(folder) == before
        return line

    return check


def _snapshot(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}
