"""Consensus of class averages: all turned to the anchor, and superposed."""

from __future__ import annotations

import numpy as np
import pytest

from motes import C4, D4
from motes.classify import consensus
from problems import master_of


@pytest.mark.parametrize("group", [C4, D4], ids=["C4", "D4"])
@pytest.mark.parametrize("anchor", [0, 2])
def test_exact_turns_are_found(group, anchor):
    templates = group.expand(master_of(7))
    order = np.random.default_rng(1).permutation(group.n)
    found = consensus(templates[order], group, anchor=anchor)
    np.testing.assert_allclose(found.master, templates[order[anchor]], rtol=1e-14)
    np.testing.assert_allclose(found.correlations, 1, rtol=1e-12)
    shown = group.expand(found.master)[found.rotations]
    np.testing.assert_allclose(shown, templates[order], rtol=1e-14)


def test_the_master_is_the_weighted_mean_of_what_was_turned_home():
    images = np.random.default_rng(2).random((3, 5, 5))
    members = np.array([5.0, 1.0, 4.0])
    found = consensus(images, members=members)
    home = [np.rot90(image, turns) for image, turns in zip(images, found.rotations, strict=True)]
    np.testing.assert_allclose(found.master, np.average(home, axis=0, weights=members), rtol=1e-14)


def test_constant_averages_are_no_error():
    found = consensus(np.ones((4, 3, 3)))
    assert np.array_equal(found.master, np.ones((3, 3)))
    assert found.correlations.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("averages", [np.ones((3, 3)), np.ones((0, 3, 3))])
def test_what_are_no_averages(averages):
    with pytest.raises(ValueError, match=r"averages: expected shape \(K, H, W\)"):
        consensus(averages)


@pytest.mark.parametrize(
    ("averages", "options", "message"),
    [
        (np.full((4, 3, 3), np.nan), {}, "averages: expected finite numbers"),
        (np.ones((4, 3, 3)), {"members": [1, 2, 3]}, r"members: expected 4 weights, one a class, got shape \(3,\)"),
        (np.ones((4, 3, 3)), {"members": np.zeros(4)}, "members: expected finite weights, 0 or more and not all 0"),
        (np.ones((4, 3, 3)), {"members": [1, 2, -1, 1]}, "members: expected finite weights"),
        (np.ones((4, 3, 3)), {"members": [1, 2, np.nan, 1]}, "members: expected finite weights"),
        (np.ones((4, 3, 3)), {"anchor": 4}, "with K > 4, got"),
        (np.ones((4, 3, 3)), {"anchor": -1}, "anchor: expected 0 or more, got -1"),
    ],
)
def test_what_can_not_be_averaged(averages, options, message):
    with pytest.raises(ValueError, match=message):
        consensus(averages, **options)
