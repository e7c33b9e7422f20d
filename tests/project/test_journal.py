"""The journal: what was acknowledged is there, whatever came after."""

from __future__ import annotations

import errno
import os
import resource
import stat

import pytest

import motes
from kills import loses_nothing
from motes.project import Journal


def test_lines_come_back(tmp_path):
    journal = Journal(tmp_path / "labels.jsonl")
    journal.append([{"id": "a", "x": 0.1 + 0.2}, {"id": "é"}])
    journal.append([{"id": "c"}])
    again = Journal(tmp_path / "labels.jsonl")
    assert again.entries == journal.entries == [{"id": "a", "x": 0.1 + 0.2}, {"id": "é"}, {"id": "c"}]


@pytest.mark.parametrize("torn", [b'{"id": "b"', b'{"id": "b"}', b"\0\0\0\0", b'{"id"\n', b"\0\0\n", b"[1]\n", b"\xff"])
def test_a_torn_last_line_is_passed_over_and_cut_off(tmp_path, torn):
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + torn)
    journal = Journal(path)
    assert journal.entries == [{"id": "a"}]
    journal.append([{"id": "c"}])
    assert path.read_bytes() == b'{"id": "a"}\n{"id": "c"}\n'


@pytest.mark.parametrize("line", [b'{"id": "b"', b"[1]", b"", b"\0\0", b"\xff"])
def test_a_damaged_line_in_the_middle_is_told(tmp_path, line):
    path = tmp_path / "labels.jsonl"
    path.write_bytes(b'{"id": "a"}\n' + line + b'\n{"id": "c"}\n')
    with pytest.raises(motes.FormatError, match=r"labels.jsonl: line 2: expected a JSON object, got b"):
        Journal(path)


def test_it_is_on_the_disk_before_it_is_told(tmp_path, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda file: synced.append(os.fstat(file).st_size))
    journal = Journal(tmp_path / "labels.jsonl")
    journal.append([{"id": "a"}])
    assert synced[-1] == journal.path.stat().st_size  # before it the folder, in which it is new
    assert len(synced) == 2
    del synced[:]
    journal.append([{"id": "b"}])
    assert synced == [journal.path.stat().st_size]


def test_a_full_disk_changes_nothing_and_it_may_be_tried_again(tmp_path):
    journal = Journal(tmp_path / "labels.jsonl")
    journal.append([{"id": "a" * 50}])
    before = journal.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 20, limits[1]))  # room for a part of the line
    try:
        with pytest.raises(OSError, match=r"File too large.*labels.jsonl"):
            journal.append([{"id": "b" * 50}])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert journal.path.read_bytes() == before
    assert len(journal.entries) == 1
    journal.append([{"id": "b" * 50}])
    assert [entry["id"][0] for entry in Journal(journal.path).entries] == ["a", "b"]


def test_a_failed_sync_is_taken_back(tmp_path, monkeypatch):
    journal = Journal(tmp_path / "labels.jsonl")
    journal.append([{"id": "a"}])

    def fail(file):
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        with pytest.raises(OSError, match="Input/output error"):
            journal.append([{"id": "b"}])
    assert journal.path.read_bytes() == b'{"id": "a"}\n'
    journal.append([{"id": "c"}])
    assert [entry["id"] for entry in Journal(journal.path).entries] == ["a", "c"]


@pytest.mark.parametrize("number", [errno.EIO, errno.EINVAL])
def test_a_folder_that_can_not_be_synced(tmp_path, monkeypatch, number):
    """A disk that fails is told, and nothing was written; a file system that knows no such thing is no failure."""
    journal, sync = Journal(tmp_path / "labels.jsonl"), os.fsync

    def fail(file):
        if stat.S_ISDIR(os.fstat(file).st_mode):
            raise OSError(number, os.strerror(number))
        sync(file)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", fail)
        if number == errno.EIO:
            with pytest.raises(OSError, match=r"Input/output error.*labels.jsonl"):
                journal.append([{"id": "a"}])
            assert Journal(journal.path).entries == []
        else:
            journal.append([{"id": "a"}])
    journal.append([{"id": "b"}])
    assert [entry["id"] for entry in Journal(journal.path).entries][-1] == "b"
    assert len(journal.entries) == 1 + (number == errno.EINVAL)


def test_another_writer_is_noticed(tmp_path):
    one, two = Journal(tmp_path / "labels.jsonl"), Journal(tmp_path / "labels.jsonl")
    one.append([{"id": "a"}])
    two = Journal(tmp_path / "labels.jsonl")
    two.append([{"id": "b"}])
    with pytest.raises(OSError, match=r"changed by another program while it was open.*labels.jsonl"):
        one.append([{"id": "c"}])
    assert [entry["id"] for entry in Journal(one.path).entries] == ["a", "b"]


def test_kills_lose_nothing(tmp_path):
    """A script labels and says what was acknowledged; it is killed at random moments, and begins again.

    ``MOTES_KILLS=1000 pytest tests/project tests/labelling`` kills more often than every run does.
    """
    loses_nothing("journal", tmp_path, 60)
