"""Many at once, forked, interrupted and killed: no growth, no hang, no file but a whole one.

A short form of each; ``nox -s soak`` makes as many reconstructions and kills as ``MOTES_SOAK`` says, a fifth as many
forks, and a tenth as many interrupts of each kind of work.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import motes

SOAK = int(os.environ.get("MOTES_SOAK", "24"))
SOON = 5.0  # seconds from Ctrl-C to KeyboardInterrupt, on a machine with much else to do
SCRIPT = Path(__file__).with_name("stress.py")
MIB = 2**20

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and signals")


def start(*arguments: object) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-W", "ignore::DeprecationWarning", SCRIPT, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def told(*arguments: object) -> dict:
    process = start(*arguments)
    out, err = process.communicate()
    assert process.returncode == 0, err
    print(out)
    return json.loads(out)


@pytest.mark.skipif(sys.platform != "linux", reason="asks the C library of Linux")
def test_reconstructions_from_eight_threads_leave_nothing_behind():
    found = told("soak", SOAK)
    assert found["wrong"] == 0
    grown = found["grown"]
    # A lost result would be 20 KiB (its labels) and several blocks a run; what caches keep is settled by then.
    assert grown["malloc"] < 256 * 1024 + 256 * SOAK
    assert grown["blocks"] < 2000 + SOAK // 2
    assert grown["resident"] < 24 * MIB


def test_forked_in_the_middle_of_work():
    found = told("forks", max(5, SOAK // 5))
    assert found["wrong"] == found["hung"] == 0


@pytest.mark.parametrize("way", ["reconstruct", "sweep", "suppress", "pick", "write"])
def test_interrupted_at_any_moment(way, tmp_path):
    process = start("interrupts", way, tmp_path)
    slowest = 0.0
    n_interrupts = max(3, SOAK // 10)
    try:
        for _ in range(n_interrupts):
            assert process.stdout.readline() == "at work\n", process.stderr.read()
            time.sleep(random.uniform(0, 0.2))
            began = time.perf_counter()
            process.send_signal(signal.SIGINT)
            assert process.stdout.readline() == "interrupted\n", process.stderr.read()
            slowest = max(slowest, time.perf_counter() - began)
    finally:
        process.kill()
        process.communicate()
    print(f"{way}: {n_interrupts} interrupts, the slowest after {slowest:.3f} s")
    assert slowest < SOON
    if way == "write":
        assert len(motes.read_patterns(tmp_path / "a.npz")) == 2000
        assert len(list(tmp_path.iterdir())) <= 2  # interrupts leave nothing; what the kill cut off may be there


def test_killed_while_writing(tmp_path):
    found = told("kills", tmp_path, SOAK)
    assert found["broken"] == []
    assert found["cut"] > 0
