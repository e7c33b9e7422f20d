"""Processes that measure: of this Python, or of another one with a motes of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import closing
from typing import Any

from motes.bench.results import Conditions

_CONDITIONS = """
import json, sys
from dataclasses import asdict
from motes.bench.suite import conditions_now
print(json.dumps(asdict(conditions_now(**json.loads(sys.argv[1])))))
"""


def answers(
    names: Sequence[str], patterns: int, seconds: float, threads: int, *, peers: bool = False, python: str | None = None
) -> Generator[dict[str, Any], None, None]:
    """What a process of its own tells, as it tells it; the process ends with the iteration, however that ends."""
    request = {"cases": names, "patterns": patterns, "seconds": seconds, "threads": threads, "peers": peers}
    command = [python or sys.executable, "-m", "motes.bench.one_round"]
    with tempfile.TemporaryFile() as complaints:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            env=_environment(python),
            text=True,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with closing(process.stdin) as asked:
                json.dump(request, asked)
            for line in process.stdout:
                yield json.loads(line)
            if process.wait():
                complaints.seek(0)
                last = complaints.read().decode(errors="replace").strip().rpartition("\n")[2]
                raise RuntimeError(f"the process that measures ended with status {process.returncode}: {last}")
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


def conditions_of(python: str, *, quick: bool, threads: int) -> Conditions:
    """What another Python's motes measures under; a ValueError where it has none that measures."""
    asked = [python, "-c", _CONDITIONS, json.dumps({"quick": quick, "threads": threads})]
    try:
        done = subprocess.run(asked, env=_environment(python), capture_output=True, text=True)
    except OSError as error:
        raise ValueError(f"beside: {python}: {error.strerror}; expected a Python with a motes of its own") from error
    if done.returncode:
        last = done.stderr.strip().rpartition("\n")[2]
        raise ValueError(f"beside: {python}: expected a Python with a motes that has motes.bench, got: {last}")
    try:
        return Conditions(**json.loads(done.stdout))
    except (ValueError, TypeError) as error:
        raise ValueError(f"beside: {python}: expected a Python, got something that answers otherwise") from error


def _environment(python: str | None) -> dict[str, str]:
    """Where this Python finds its modules, so does its like; another has its own places."""
    if python is None:
        return os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
