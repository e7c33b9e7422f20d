"""Arrays of one number a pattern that are kept on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes import scratch
from motes.scratch import counts_of, gathered


@given(st.lists(st.integers(0, 5), max_size=40), st.integers(1, 9), st.randoms())
def test_parts_in_any_order_are_the_whole(values: list[int], size: int, random: object) -> None:
    whole = np.array(values, np.uint8)
    parts = [(first, whole[first : first + size]) for first in range(0, whole.size, size)]
    random.shuffle(parts)  # type: ignore[attr-defined]
    found = gathered(parts, whole.size, np.int32)
    assert found.dtype == np.int32
    assert found.tolist() == values
    assert not found.flags.writeable or not found.size


def test_the_file_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "is_in_memory", lambda path: False)
    found = gathered([(0, np.arange(3))], 3, np.int64)
    assert list(tmp_path.iterdir()) == []
    assert found.sum() == 3


def test_a_folder_that_is_not_there_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not there"))
    monkeypatch.setattr(scratch, "is_in_memory", lambda path: False)
    with pytest.raises(FileNotFoundError):
        gathered([(0, np.arange(3))], 3, np.int64)


MOUNTS = """
/dev/vda1 / ext4 rw,relatime 0 0
tmpfs /tmp tmpfs rw,nosuid 0 0
/dev/vdb1 /tmp/disk ext4 rw 0 0
proc /proc
"""


def test_folders_that_are_memory(tmp_path: Path) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS)
    found = [scratch.is_in_memory(path, mounts) for path in ("/tmp", "/tmp/a/b", "/tmp/disk/a", "/", "/var/tmp")]
    assert found == [True, True, False, False, False]
    assert not scratch.is_in_memory("/tmp", tmp_path / "nothing")


def test_where_labels_lie(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a user says; else on a disk, if there is one."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "ON_DISK", str(tmp_path / "disk"))
    monkeypatch.setattr(scratch, "is_in_memory", lambda path: path == str(tmp_path))
    assert scratch.folder() == str(tmp_path)  # nothing else is there
    (tmp_path / "disk").mkdir()
    assert scratch.folder() == str(tmp_path / "disk")
    assert gathered([(0, np.arange(3))], 3, np.int64).tolist() == [0, 1, 2]
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert scratch.folder() == str(tmp_path)


def test_labels_are_counted_block_by_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "BLOCK", 7)
    labels = np.random.default_rng(0).integers(0, 4, 100).astype(np.int32)
    assert counts_of(labels, 6).tolist() == np.bincount(labels, minlength=6).tolist()
    assert counts_of(labels[:0], 2).tolist() == [0, 0]
