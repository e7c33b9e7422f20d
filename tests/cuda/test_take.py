"""Patterns by index on a GPU: the phases run on the host, and what the device holds afterwards."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gpus
import motes
import phases
from gpus import each_device, gpu
from motes import Patterns
from motes.arrays import Arrays
from strategies import Case, case_of, random_case, scored_cases


def take(patterns: Patterns, which: np.ndarray) -> Arrays:
    """The arrays, the same in every order of threads and blocks."""
    held = phases.given(patterns)

    def compute(order: int) -> Arrays:
        indptr, found = np.full(len(which) + 1, -7), np.full(3, -7)
        phases.run("take", "take", held, which, len(which), indptr, None, None, None, found, order=order)
        n_lit, n_multi = (int(n) for n in found[:2])
        pixels = np.full(n_lit, 7, patterns.pixels.dtype)
        position, extra = np.full(n_multi, -7), np.full(n_multi, -7, np.int32)
        phases.run("take", "take", held, which, len(which), indptr, pixels, position, extra, found, order=order)
        assert found[2] == extra.sum()
        return Arrays(indptr, pixels, position, extra)

    return Arrays(*phases.in_every_order(compute))


def same_as_on_the_cpu(patterns: Patterns, which: np.ndarray) -> None:
    expected = patterns[which]._arrays
    for name, a, b in zip(Arrays._fields, take(patterns, which), expected, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


@settings(max_examples=25)
@given(scored_cases(), st.data())
def test_the_arrays_are_those_of_the_cpu(scored, data):
    case: Case = scored[0]
    n = len(case.patterns)
    which = data.draw(st.lists(st.integers(0, n - 1), max_size=2 * n + 3)) if n else []
    same_as_on_the_cpu(case.patterns, np.array(which, np.int64))


@pytest.mark.parametrize("shape", [(5, 5), (300, 300)])
def test_in_another_order_of_many_tiles(shape):
    rng = np.random.default_rng(1)
    patterns = random_case(rng, 5000, (5, 5), max_count=3).patterns
    if shape != (5, 5):  # pixels of four bytes
        coo = patterns.to_scipy().tocoo()
        patterns = Patterns.from_coo(coo.row, coo.col * 3600, counts=coo.data, shape=shape, n_patterns=5000)
    same_as_on_the_cpu(patterns, rng.permutation(5000))


def test_of_a_slice():
    patterns = random_case(np.random.default_rng(2), 50, (4, 4), max_count=3).patterns[10:30]
    same_as_on_the_cpu(patterns, np.array([19, 0, 0, 7]))


# -- where the patterns are --------------------------------------------------------------------------------------------


@each_device
def test_masks_and_indices(device):
    patterns = random_case(np.random.default_rng(3), 60, (4, 4), max_count=3).patterns
    there = gpus.there(patterns, device)
    mask = np.arange(60) % 3 == 0
    for which in (mask, np.arange(60)[::-1], [5, -1, 5], np.zeros(0, int), slice(None, None, 7)):
        found, expected = there[which], patterns[which]
        assert found.device == there.device
        assert found.n_photons == expected.n_photons
        np.testing.assert_array_equal(found.total_image(), expected.total_image())
        assert found == expected
    with pytest.raises(IndexError, match=r"pattern 60 is outside 0\.\.59"):
        there[[60]]


@pytest.mark.gpu
def test_nothing_is_fetched_for_slices_of_what_was_taken():
    gpu()
    patterns = random_case(np.random.default_rng(4), 60, (4, 4), max_count=3).patterns
    taken = patterns.to("cuda")[np.arange(59, -1, -1)]
    part = taken[10:40]
    templates = np.random.default_rng(5).uniform(0.1, 0.9, (3, 4, 4))
    found = motes.log_likelihood(part, templates, "poisson").to_numpy()
    assert taken._place.unfetched is not None
    assert part._place._arrays is None
    expected = patterns[::-1][10:40]
    np.testing.assert_array_equal(found, motes.log_likelihood(expected, templates, "poisson"))
    assert part.n_photons == expected.n_photons
    assert part == expected
    with pytest.raises(IndexError, match="which: outside the patterns"):
        taken.uploaded().take(np.array([60]))


def test_no_patterns_of_none():
    same_as_on_the_cpu(case_of(np.zeros((0, 4), int), (2, 2)).patterns, np.zeros(0, np.int64))
