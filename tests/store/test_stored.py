"""A store gives back the patterns that were written, whole, in parts, chosen or in another order."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import motes
from motes.memory import memory_bytes

SHAPE = (5, 4)
N = 1000


def test_all_of_it(store, patterns):
    assert store.n_sections > 5
    assert len(store) == N
    assert store.closed
    assert store.shape == SHAPE
    assert store.to_memory() == patterns
    assert store.n_pixels == patterns.n_pixels


def test_sums_are_those_of_the_patterns(store, patterns):
    for name in ("n_lit", "n_photons", "max_count"):
        assert getattr(store, name) == getattr(patterns, name), name
    assert store.sum_of_squares() == patterns.sum_of_squares()
    assert store.n_empty == np.count_nonzero(patterns.photons_per_pattern() == 0)
    np.testing.assert_array_equal(store.total_image(), patterns.total_image())
    np.testing.assert_array_equal(store.mean_image(), patterns.mean_image())


def test_in_sections(store, patterns):
    assert [k for k, _ in store.parts()] == list(range(store.n_sections))
    for k, part in store.parts():
        assert part == patterns[store.bounds[k] : store.bounds[k + 1]]
        assert store.section(k) == part
    assert [k for k, _ in store.parts([3, 1])] == [3, 1]


@pytest.mark.parametrize("which", [slice(10, 900, 7), slice(None, None, -1), slice(5, 5), [3, -1, 3, 700]], ids=str)
def test_some_of_it(store, patterns, which):
    assert store[which] == patterns[which]


def test_one_pattern(store, patterns):
    for index in (0, 417, -1):
        np.testing.assert_array_equal(store[index], patterns[index])
    with pytest.raises(IndexError, match="1000 is outside"):
        store[N]


def test_a_selection(store, patterns):
    kept = np.random.default_rng(1).random(N) < 0.3
    kept[:300] = False
    chosen = store.select(kept)
    assert chosen.to_memory() == patterns[kept]
    assert chosen.n_photons == patterns[kept].n_photons
    np.testing.assert_array_equal(chosen.total_image(), patterns[kept].total_image())
    assert next(iter(chosen.parts()))[0] > 0  # the first section is not read
    assert chosen.fingerprint != store.fingerprint
    again = np.arange(len(chosen)) % 2 == 0
    assert chosen.select(again).to_memory() == patterns[kept][again]
    assert pickle.loads(pickle.dumps(chosen)).to_memory() == patterns[kept]


def test_what_was_appended_since(tmp_path, patterns):
    path = tmp_path / "run.zarr"
    with motes.PatternWriter(path, SHAPE) as writer:
        writer.append(patterns[:300])
        writer.flush()
        first = motes.open_patterns(path)
        assert (len(first), first.closed) == (300, False)
        writer.append(patterns[300:])
    assert len(first) == 300
    later = first.refresh()
    assert later.closed
    assert later.to_memory() == patterns
    with motes.PatternWriter(path, SHAPE, append=True) as writer:
        assert not motes.open_patterns(path).closed
        writer.append(patterns[:10].to_dense())
    assert later.refresh().to_memory() == motes.Patterns.concatenate([patterns, patterns[:10]])


def test_too_little_memory(store):
    with pytest.raises(ValueError, match="memory: 1 MB is too little"):
        store.using(memory="1MB")
    assert store.using(memory="100GB").to_memory() == store.to_memory()


@pytest.mark.parametrize("memory", ["", "many", "-3MB", "1e9", "0", 0, -1, "3 PB", 2**70])
def test_no_number_of_bytes(memory):
    with pytest.raises(ValueError, match="memory: expected bytes"):
        memory_bytes(memory)
