"""Files are replaced whole or not at all, whatever goes wrong."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from motes.io import atomic
from motes.io.atomic import atomic_folder, atomic_path, exchange


def test_new_file_has_the_permissions_of_any_other(tmp_path):
    (tmp_path / "plain").touch()
    with atomic_path(tmp_path / "a.json") as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".json"
        temporary.write_text("{}")
    assert (tmp_path / "a.json").read_text() == "{}"
    assert (tmp_path / "a.json").stat().st_mode == (tmp_path / "plain").stat().st_mode
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.json", "plain"]


def test_replaced_file_keeps_its_permissions_and_its_links(tmp_path):
    (tmp_path / "real.json").write_text("old")
    (tmp_path / "real.json").chmod(0o640)
    (tmp_path / "link.json").symlink_to("real.json")
    with atomic_path(tmp_path / "link.json") as temporary:
        temporary.write_text("new")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "new"
    assert stat.S_IMODE((tmp_path / "real.json").stat().st_mode) == 0o640


@pytest.mark.parametrize("error", [RuntimeError("no"), KeyboardInterrupt(), FileNotFoundError(2, "No", "elsewhere")])
def test_what_fails_leaves_nothing(tmp_path, error):
    (tmp_path / "a.json").write_text("old")

    def fail() -> None:
        with atomic_path(tmp_path / "a.json") as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(type(error)) as caught:
        fail()
    assert caught.value is error
    assert [path.name for path in tmp_path.iterdir()] == ["a.json"]
    assert (tmp_path / "a.json").read_text() == "old"


@pytest.mark.parametrize(
    ("place", "error"),
    [
        ("nowhere/a.json", FileNotFoundError),
        ("file/a.json", NotADirectoryError),
        ("folder", IsADirectoryError),
        ("pipe", OSError),
    ],
)
def test_where_nothing_can_be_written(tmp_path, place, error):
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    before = sorted(tmp_path.iterdir())
    with pytest.raises(error) as caught, atomic_path(tmp_path / place):
        pytest.fail("the block must not run")
    assert caught.value.filename == str(tmp_path / place)
    assert sorted(tmp_path.iterdir()) == before


def test_directory_without_permission(tmp_path):
    if os.geteuid() == 0:
        pytest.skip("root may write anywhere")
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=r"a\.json"), atomic_path(tmp_path / "a.json"):
        pytest.fail("the block must not run")


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_full_disk_at_the_last_moment(tmp_path, writer, sample, monkeypatch, call):
    name, write = writer
    (tmp_path / name).write_bytes(b"old")

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*{"fsync": (os, "fsync", full), "replace": (Path, "replace", full)}[call])
    with pytest.raises(OSError, match=f"No space left on device: .*{name}"):
        write(tmp_path / name, sample)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"old"


FULL_DISK = """
    import errno, resource, sys
    import motes, numpy as np

    rng = np.random.default_rng(1)
    patterns = motes.Patterns.from_dense(rng.poisson(0.1, (2000, 25, 25)))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))  # as a disk with room for 20,000 bytes
    for path in sys.argv[1:]:
        try:
            motes.write_patterns(path, patterns, task=7 if "task7" in path else None)
        except OSError as error:
            print(path, errno.errorcode.get(error.errno), error.filename == path, flush=True)
"""


def test_full_disk_half_way(tmp_path):
    pytest.importorskip("resource", reason="no limits on this system")
    pytest.importorskip("h5py", reason="HDF5 needs h5py")
    paths = [str(tmp_path / name) for name in ("a.npz", "task7.npz", "a.npy", "a.emc", "a.h5")]
    for path in paths:
        Path(path).write_bytes(b"old")
    script = [sys.executable, "-c", textwrap.dedent(FULL_DISK), *paths]
    done = subprocess.run(script, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [f"{path} EFBIG True" for path in paths]
    assert sorted(str(path) for path in tmp_path.iterdir()) == sorted(paths)
    assert {Path(path).read_bytes() for path in paths} == {b"old"}


@pytest.mark.parametrize("in_one_step", [True, False])
def test_a_folder_gives_way_to_another(tmp_path, monkeypatch, in_one_step):
    """Where two names can be exchanged in one step there is no moment without a folder: nothing is renamed away."""
    (tmp_path / "run.zarr").mkdir()
    (tmp_path / "run.zarr" / "old").touch()
    if in_one_step:
        (tmp_path / "one").touch()
        (tmp_path / "other").touch()
        if not exchange(tmp_path / "one", tmp_path / "other"):
            pytest.skip("this file system can not exchange names")
        (tmp_path / "one").unlink()
        (tmp_path / "other").unlink()
        monkeypatch.delattr(Path, "rename")
    else:
        monkeypatch.setattr(atomic, "exchange", lambda one, other: False)
    with atomic_folder(tmp_path / "run.zarr") as temporary:
        temporary.mkdir()
        (temporary / "new").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["run.zarr"]
    assert [path.name for path in (tmp_path / "run.zarr").iterdir()] == ["new"]


def replace(folder: Path) -> None:
    with atomic_folder(folder) as temporary:
        temporary.mkdir()
        (temporary / "new").touch()


@pytest.fixture
def in_two_steps(tmp_path, monkeypatch):
    """A folder with something in it, where names can not be exchanged in one step."""
    monkeypatch.setattr(atomic, "exchange", lambda one, other: False)
    target = tmp_path / "run.zarr"
    target.mkdir()
    (target / "old").touch()
    return target


def test_what_somebody_makes_between_two_renames_costs_neither_folder(tmp_path, in_two_steps, monkeypatch):
    target, renamed = in_two_steps, Path.rename

    def rename(path: Path, to: Path) -> Path:
        done = renamed(path, to)
        if path == target:
            target.mkdir()
            (target / "theirs").touch()
        return done

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match=r"somebody made something there just now: .*run\.zarr") as told:
        replace(target)
    there = {path: [inside.name for inside in path.iterdir()] for path in tmp_path.iterdir()}
    assert sorted(there.values()) == [["new"], ["old"], ["theirs"]]
    assert there[target] == ["theirs"]
    assert all(str(path) in str(told.value) for path in there)


def test_a_folder_is_put_back_where_the_other_can_not_take_its_place(tmp_path, in_two_steps, monkeypatch):
    target, renamed = in_two_steps, Path.rename

    def rename(path: Path, to: Path) -> Path:
        if (path / "new").exists():
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path))
        return renamed(path, to)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match=r"Input/output error: .*run\.zarr"):
        replace(target)
    assert [path.name for path in tmp_path.rglob("*")] == ["run.zarr", "old"]


def test_names_are_exchanged_or_stay(tmp_path):
    (tmp_path / "one").write_text("1")
    assert not exchange(tmp_path / "one", tmp_path / "nothing")
    assert (tmp_path / "one").read_text() == "1"
