"""`describe` says what a file holds, of whatever format."""

from __future__ import annotations

import numpy as np
import pytest

import motes
from motes.files import Finding


@pytest.mark.filterwarnings("ignore:.*to read it back")
def test_patterns_of_every_format(tmp_path, writer, sample):
    name, write = writer
    patterns = motes.Patterns.from_coo([0, 0, 2], [1, 1, 624], shape=(25, 25))
    write(tmp_path / name, patterns)
    (found,) = motes.describe(tmp_path / name)
    assert found.name == (name.removesuffix(".npz") if name.startswith("task") else "")
    assert (found.n_patterns, found.n_pixels, found.shape) == (3, 625, (25, 25))
    assert (found.n_photons, found.mean_photons, found.max_count, found.n_empty) == (3, 1.0, 2, 1)
    assert (
        found.kind
        == {
            "csr.npz": "CSR matrix",
            "task1.npz": "dense uint8",
            "task4.npz": "dense uint8",
            "task7.npz": "photon pairs",
            "dense.npy": "dense uint8",
            "sparse.emc": ".emc type 0",
            "int32.emc": ".emc type 1",
            "float64.emc": ".emc type 2",
            "dragonfly.h5": "Dragonfly HDF5",
        }[name]
    )


def test_tasks_come_first_then_other_arrays(tmp_path):
    dense = np.ones((2, 6), np.uint16)
    np.savez(tmp_path / "a.npz", master7=np.zeros((5, 5)), task7b=[1], task2=dense, task7a=[0], labels7=[0])
    found = motes.describe(tmp_path / "a.npz")
    assert [finding.name for finding in found] == ["task2", "task7", "labels7", "master7"]
    assert (found[0].n_patterns, found[0].n_pixels, found[0].shape, found[0].n_photons) == (2, 6, None, 12)
    assert found[2:] == [Finding("labels7", "int64 array (1)"), Finding("master7", "float64 array (5, 5)")]


@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_a_picture_is_no_pattern(tmp_path, suffix):
    path = tmp_path / f"master.{suffix}"
    if suffix == "npy":
        np.save(path, np.full((5, 5), 0.5))
    else:
        np.savez(path, master=np.full((5, 5), 0.5))
    (found,) = motes.describe(path)
    assert (found.kind, found.n_patterns, found.mean_photons) == ("float64 array (5, 5)", None, None)
    assert found.note.startswith(f"no photon patterns: {path}")
    assert found.note.endswith("pattern 0, pixel 0 is 0.5, expected a whole number from 0 to 2147483647")


@pytest.mark.parametrize(
    ("extents", "note"),
    [
        ((40, 2), "2 columns look like photons"),
        ((40, 3), "3 columns look like photons"),
        ((25, 25), "a square table, read as 25 patterns of 25 pixels; one image?"),
        ((40, 25), ""),
        ((25, 5, 5), ""),
    ],
)
def test_tables_that_may_be_something_else(tmp_path, extents, note):
    np.save(tmp_path / "a.npy", np.ones(extents, np.int64))
    (found,) = motes.describe(tmp_path / "a.npy")
    assert found.note.startswith(note)
    assert bool(found.note) == bool(note)


def test_one_image_is_doubted_unless_it_is_said_what_it_is(tmp_path):
    np.save(tmp_path / "a.npy", np.ones((25, 25), np.uint8))
    with pytest.warns(UserWarning, match=r"a\.npy: a square table, read as 25 patterns of 25 pixels; one image"):
        patterns = motes.read_patterns(tmp_path / "a.npy")
    assert patterns == motes.read_patterns(tmp_path / "a.npy", n_patterns=25)
    assert patterns == motes.read_patterns(tmp_path / "a.npy", shape=(5, 5))


def test_no_patterns_have_no_mean(tmp_path):
    motes.write_patterns(tmp_path / "a.emc", motes.Patterns.empty((3, 3)))
    (found,) = motes.describe(tmp_path / "a.emc")
    assert (found.n_patterns, found.n_photons, found.mean_photons) == (0, 0, None)


def test_damage_is_told_not_described(tmp_path):
    np.savez(tmp_path / "a.npz", task7a=[0, 1], task7b=[1])
    with pytest.raises(motes.FormatError, match="expected columns of one length"):
        motes.describe(tmp_path / "a.npz")
