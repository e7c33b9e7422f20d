"""Stores beside other formats: what reads and writes files reads and writes them."""

from __future__ import annotations

import numpy as np
import pytest

import motes
from motes.conversion import convert_patterns

SUFFIXES = (".npz", ".npy", ".emc", ".h5", ".zarr")


@pytest.fixture(params=SUFFIXES)
def suffix(request):
    if request.param == ".h5":
        pytest.importorskip("h5py", reason="HDF5 needs h5py")
    return request.param


@pytest.mark.filterwarnings("ignore:.*to read it back:UserWarning")
def test_there_and_back(tmp_path, patterns, suffix):
    """Every format into a store and out of it; a file of many blocks."""
    path = tmp_path / f"a{suffix}"
    motes.write_patterns(path, patterns)
    done = convert_patterns([path], tmp_path / "b.zarr", shape=patterns.shape, section_bytes=4000)
    assert (done.n_patterns, done.n_photons, done.shape) == (len(patterns), patterns.n_photons, patterns.shape)
    store = motes.open_patterns(tmp_path / "b.zarr")
    assert store.n_sections > 3
    assert store.to_memory() == patterns
    convert_patterns([tmp_path / "b.zarr"], tmp_path / f"c{suffix}")
    assert motes.read_patterns(tmp_path / f"c{suffix}", shape=patterns.shape) == patterns


@pytest.mark.filterwarnings("ignore:.*to read it back:UserWarning")
def test_a_store_is_written_as_patterns_in_memory_are(tmp_path, patterns, store, suffix):
    for name, source in (("one", patterns), ("two", store)):
        motes.write_patterns(tmp_path / f"{name}{suffix}", source)
    one, two = (motes.read_patterns(tmp_path / f"{name}{suffix}", shape=patterns.shape) for name in ("one", "two"))
    assert one == two == patterns


def test_several_files_follow_each_other(tmp_path, patterns):
    for number in range(3):
        motes.write_patterns(tmp_path / f"{number}.npz", patterns[number * 300 : number * 300 + 300])
    told: list[tuple[int, int]] = []
    sources = [tmp_path / f"{number}.npz" for number in (2, 0, 1)]
    convert_patterns(sources, tmp_path / "a.zarr", callback=lambda *done: told.append(done))
    expected = motes.Patterns.concatenate([patterns[600:900], patterns[:300], patterns[300:600]])
    assert motes.read_patterns(tmp_path / "a.zarr") == expected
    assert told[-1] == (900, 900)


def test_a_store_of_short_sections_becomes_one_of_full_ones(tmp_path, patterns, store):
    convert_patterns([store.path], store.path)
    again = motes.open_patterns(store.path)
    assert again.n_sections == 1
    assert again.to_memory() == patterns


def test_read_as_a_file(store, patterns):
    assert motes.read_patterns(store.path) == patterns
    assert motes.read_patterns(store.path, shape=patterns.shape, n_patterns=len(patterns)) == patterns
    with pytest.raises(motes.FormatError, match=r"holds 1000 patterns, expected 7"):
        motes.read_patterns(store.path, n_patterns=7)
    with pytest.raises(motes.FormatError, match=r"images of \(5, 4\) pixels, expected \(4, 5\)"):
        motes.read_patterns(store.path, shape=(4, 5))
    with pytest.warns(UserWarning, match="no tasks; it is taken for task 7"):
        motes.read_patterns(store.path, task=7)


def test_described(store, patterns):
    (finding,) = motes.describe(store.path)
    assert finding.kind == f"a store, {store.n_sections} sections"
    assert finding.n_patterns == len(patterns)
    assert finding.shape == patterns.shape
    assert finding.n_photons == patterns.n_photons
    assert finding.n_empty == np.count_nonzero(patterns.photons_per_pattern() == 0)
    with motes.PatternWriter(store.path, patterns.shape, append=True):
        (finding,) = motes.describe(store.path)
    assert finding.kind.startswith("a store that is still written to, or whose writer was killed, ")


def test_refused(tmp_path, patterns, store):
    with pytest.raises(ValueError, match=r"a.txt: suffix '.txt', expected one of .zarr, .npz"):
        convert_patterns([store.path], tmp_path / "a.txt")
    motes.write_patterns(tmp_path / "b.zarr", motes.Patterns.empty((3, 3), 2))
    with pytest.raises(ValueError, match=r"b.zarr: images of \(3, 3\) pixels, in .*run.zarr of \(5, 4\); expected one"):
        convert_patterns([store.path, tmp_path / "b.zarr"], tmp_path / "c.zarr")
    with pytest.raises(ValueError, match=r"a task of the challenge is written as .npz"):
        motes.write_patterns(tmp_path / "a.zarr", patterns, task=7)
    assert not (tmp_path / "c.zarr").exists()


def test_a_damaged_source_leaves_nothing(tmp_path, patterns):
    motes.write_patterns(tmp_path / "a.npy", patterns)
    content = np.load(tmp_path / "a.npy").astype(int)
    content[-1, 0, 0] = -1
    np.save(tmp_path / "a.npy", content)
    with pytest.raises(motes.FormatError, match="pattern 999, pixel 0 is -1"):
        convert_patterns([tmp_path / "a.npy"], tmp_path / "a.zarr")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npy"]
