"""How many threads: what is asked for, or what this process may have."""

from __future__ import annotations

import os

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from motes import _core, threads
from motes.threads import at_most, available_threads


@pytest.fixture
def eight_processors(monkeypatch, tmp_path):
    """A machine with eight processors and no quota; returns the folder of the control groups."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(threads, "_GROUPS", tmp_path / "groups")
    (tmp_path / "own").write_text("3:cpu,cpuacct:/user/job\n1:name=systemd:/\n0::/user/job\n")
    (tmp_path / "groups" / "user" / "job").mkdir(parents=True)
    (tmp_path / "groups" / "cpu,cpuacct" / "user" / "job").mkdir(parents=True)
    return tmp_path / "groups"


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
@pytest.mark.parametrize("group", [".", "user", "user/job"])
def test_quota_of_the_control_group(eight_processors, text, expected, group):
    (eight_processors / group / "cpu.max").write_text(text)
    assert available_threads() == expected


def test_the_least_quota_of_nested_groups_counts(eight_processors):
    (eight_processors / "user" / "job" / "cpu.max").write_text("500000 100000")
    (eight_processors / "user" / "cpu.max").write_text("400000 100000")
    assert available_threads() == 4


def test_a_group_seen_from_within_its_container(eight_processors, tmp_path):
    (tmp_path / "own").write_text("0::/not/shown/here\n")
    (eight_processors / "cpu.max").write_text("200000 100000")
    assert available_threads() == 2


def test_without_control_groups(eight_processors, tmp_path):
    (tmp_path / "own").unlink()
    assert available_threads() == 8


@pytest.mark.parametrize(("quota", "expected"), [("-1", 8), ("200000", 2), ("nonsense", 8)])
@pytest.mark.parametrize("group", [".", "user/job"])
def test_quota_of_the_older_control_group(eight_processors, quota, expected, group):
    folder = eight_processors / "cpu,cpuacct" / group
    (folder / "cpu.cfs_quota_us").write_text(quota)
    (folder / "cpu.cfs_period_us").write_text("100000")
    assert available_threads() == expected


@pytest.mark.parametrize(
    ("wish", "expected"), [("2", 2), ("2,4", 2), (" 3 ", 3), ("0", 8), ("many", 8), ("", 8), ("99", 8)]
)
def test_wish(eight_processors, monkeypatch, wish, expected):
    monkeypatch.setenv("OMP_NUM_THREADS", wish)
    assert available_threads() == expected


@pytest.mark.parametrize("api", ["motes", None])
def test_threadpoolctl_is_obeyed(eight_processors, monkeypatch, api):
    monkeypatch.setattr(threads, "_most", None)
    _core.version  # noqa: B018  (threadpoolctl sees what is loaded)
    with threadpool_limits(3, user_api=api):
        assert available_threads() == 3
        assert available_threads(5) == 5
    assert available_threads() == 8


def test_threadpoolctl_is_told(eight_processors):
    assert [found["num_threads"] for found in threadpool_info() if found["user_api"] == "motes"] == [8]


def test_an_integer_of_numpy_is_an_integer():
    assert available_threads(np.int64(2)) == 2


def test_at_most_lasts_as_long_as_its_block():
    before = available_threads()
    with at_most(1):
        assert available_threads() == 1
        with at_most(None):
            assert available_threads() == 1
    assert available_threads() == before
