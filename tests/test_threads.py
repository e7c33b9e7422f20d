"""How many threads: what is asked for, or what this process may have."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from motes import threads
from motes.threads import available_threads


@pytest.fixture
def eight_processors(monkeypatch, tmp_path):
    """A machine with eight processors and no quota; returns where the quota's files are looked for."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "Path", lambda path: tmp_path / Path(path).name)
    return tmp_path


@pytest.mark.parametrize("asked", [1, 3, 1024])
def test_what_is_asked_for_is_what_is_used(asked):
    assert available_threads(asked) == asked


@pytest.mark.parametrize("asked", [0, -1, 1025])
def test_out_of_range(asked):
    with pytest.raises(ValueError, match=f"threads: expected 1 to 1024, got {asked}"):
        available_threads(asked)


@pytest.mark.parametrize("asked", [2.0, "2", True])
def test_no_whole_number(asked):
    with pytest.raises(TypeError, match=f"threads: expected an int, got {type(asked).__name__}"):
        available_threads(asked)


def test_affinity(eight_processors):
    assert available_threads() == 8


def test_without_affinity(eight_processors, monkeypatch):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert available_threads() == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000", 8), ("300000 100000", 3), ("250000 100000", 3), ("10000 100000", 1), ("nonsense", 8), ("1 0", 8)],
)
def test_quota_of_the_control_group(eight_processors, text, expected):
    (eight_processors / "cpu.max").write_text(text)
    assert available_threads() == expected


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("200000", 2), ("nonsense", 8)])
def test_quota_of_the_older_control_group(eight_processors, quota, expected):
    (eight_processors / "cpu.cfs_quota_us").write_text(quota)
    (eight_processors / "cpu.cfs_period_us").write_text("100000")
    assert available_threads() == expected


@pytest.mark.parametrize(
    ("wish", "expected"), [("2", 2), ("2,4", 2), (" 3 ", 3), ("0", 8), ("many", 8), ("", 8), ("99", 8)]
)
def test_wish(eight_processors, monkeypatch, wish, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", wish)
    assert available_threads() == expected


def test_an_integer_of_numpy_is_an_integer():
    assert available_threads(np.int64(2)) == 2
