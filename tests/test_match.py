"""Exact matching, against a pixel-by-pixel comparison and against patterns whose turns are known."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import motes
from motes.classify import match


def drawn(side, labels, seed, high=143):
    master = np.random.default_rng(seed).integers(0, high, (side, side))
    master[0, 0] = high  # brighter than all others: no turn but the first puts it there
    return master, np.stack([np.rot90(master, -k) for k in labels])


@gpus.each_device
@given(st.integers(2, 9), st.lists(st.integers(0, 3), min_size=1, max_size=30), st.integers(0, 2**31), st.booleans())
def test_turns_are_found_relative_to_the_first(device, side, labels, seed, flat):
    _, patterns = drawn(side, labels, seed)
    given_as = patterns.reshape(len(labels), -1) if flat else patterns
    expected = (np.array(labels) - labels[0]) % 4
    np.testing.assert_array_equal(match(given_as, device=gpus.present(device)), expected)
    np.testing.assert_array_equal(match(gpus.there(motes.Patterns.from_dense(given_as), device)), expected)


@pytest.mark.parametrize("flat", [False, True])
def test_a_reference_can_be_given(flat):
    master, patterns = drawn(6, [2, 0, 3], seed=1)
    reference = master.ravel() if flat else master
    assert match(patterns, reference).tolist() == [2, 0, 3]


def test_mirrored_patterns_need_the_larger_group():
    master, patterns = drawn(5, [0, 1], seed=2)
    patterns = np.concatenate([patterns, [np.rot90(master[:, ::-1], -3)]])
    assert match(patterns, rotations=motes.D4).tolist() == match(patterns, rotations="d4").tolist() == [0, 1, 7]
    with pytest.raises(TypeError, match=r"rotations: expected motes\.C4"):
        match(patterns, rotations=4)
    with pytest.raises(ValueError, match="pattern 2 is no rotation of the reference"):
        match(patterns)


@gpus.each_device
def test_a_pattern_that_matches_nothing_is_named_with_its_nearest_rotation(device):
    _, patterns = drawn(6, np.arange(4000) % 4, seed=3)
    patterns[3001, 2, 3] += 1
    patterns[3500] = 0
    wanted = "pattern 3001 is no rotation of the reference: the nearest, 1, differs in 1 of 36 pixels"
    with pytest.raises(ValueError, match=wanted):
        match(patterns, device=gpus.present(device))


def test_two_errors_that_cancel_in_the_sum_are_found():
    """The mean of both patterns is the reference, but neither is one of its turns."""
    master, _ = drawn(4, [0], seed=5)
    change = np.zeros_like(master)
    change[1, 2] = 1
    with pytest.raises(ValueError, match="pattern 0 is no rotation of the reference"):
        match(np.stack([master + change, master - change]), master)


@pytest.mark.parametrize("large", [2**26, 2**31 - 1])
def test_counts_whose_squares_float64_does_not_hold(large):
    _, patterns = drawn(3, [0, 3, 1, 2], seed=6, high=large)
    assert match(patterns).tolist() == [0, 3, 1, 2]
    patterns[2, 1, 1] += -1 if patterns[2, 1, 1] else 1
    with pytest.raises(ValueError, match="pattern 2 is no rotation of the reference"):
        match(patterns)


@pytest.mark.parametrize(
    "reference", [[[0.5, 1], [2, 3]], [[np.nan, 1], [2, 3]], [[-1, 1], [2, 3]], [[1e200, 1], [2, 3]]]
)
def test_a_reference_that_no_pattern_can_equal(reference):
    with pytest.raises(ValueError, match="pattern 0 is no rotation of the reference"):
        match([[0, 1, 2, 3]], np.array(reference))


def test_chunks_make_no_difference(monkeypatch):
    _, patterns = drawn(4, np.arange(50) % 4, seed=4)
    whole = match(patterns)
    monkeypatch.setattr(sys.modules[match.__module__], "_CHUNK", 3 * 16)
    np.testing.assert_array_equal(match(patterns), whole)
    patterns[48] = 0
    with pytest.raises(ValueError, match="pattern 48 is no rotation"):
        match(patterns)


def test_a_symmetric_reference_is_told():
    with pytest.warns(UserWarning, match="looks the same in rotation 2 as in 0"):
        assert match([[1, 0, 0, 1], [0, 1, 1, 0]]).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("patterns", "reference", "message"),
    [
        (np.zeros((0, 3, 3), int), None, "expected at least one, got none"),
        (np.ones((2, 7), int), None, "7 pixels are no square"),
        (np.ones((2, 3, 4), int), None, "need a square image, got 3x4"),
        (np.full((2, 2, 2), 0.5), None, "expected whole photon counts, got 0.5"),
        (np.eye(3, dtype=int)[None], np.eye(2), "reference: expected shape (3, 3), got (2, 2)"),
    ],
)
def test_what_can_not_be_matched_is_refused(patterns, reference, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        match(patterns, reference)


def test_patterns_of_two_sizes():
    with pytest.raises(ValueError, match="patterns: expected patterns of one size, got several"):
        match([np.ones((3, 3)), np.ones((4, 4))])
