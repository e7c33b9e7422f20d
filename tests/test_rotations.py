"""Rotations: what numpy.rot90 says, and a group's laws."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import reference
from motes import C1, C4, D4

groups = pytest.mark.parametrize("group", [C1, C4, D4], ids=repr)
sides = pytest.mark.parametrize("side", [0, 1, 2, 3, 4, 5, 8])


def image(side: int) -> np.ndarray:
    return np.random.default_rng(side).normal(size=(side, side))


@groups
@sides
def test_templates_are_turns(group, side):
    master = image(side)
    expected = reference.templates(master, group.name)
    assert group.n == reference.GROUP_SIZE[group.name]
    np.testing.assert_array_equal(group.expand(master), expected)
    np.testing.assert_array_equal(master.ravel()[group.index((side, side))].reshape(expected.shape), expected)
    for r in range(group.n):
        np.testing.assert_array_equal(group.turn_master(master, r), expected[r])


def test_quarter_turns_are_clockwise():
    np.testing.assert_array_equal(C4.expand(np.array([[1, 2], [3, 4]]))[1], [[3, 1], [4, 2]])


@groups
@sides
def test_back_rotation_turns_planes_home(group, side):
    planes = np.random.default_rng(0).normal(size=(group.n, side, side))
    expected = sum(reference.turned_home(plane, group.name, r) for r, plane in enumerate(planes))
    np.testing.assert_allclose(group.back_rotate(planes), expected, rtol=1e-14)
    master = image(side)
    np.testing.assert_allclose(group.back_rotate(group.expand(master)), group.n * master, rtol=1e-14)
    adjoint = [(group.expand(master) * planes).sum(), (master * group.back_rotate(planes)).sum()]
    np.testing.assert_allclose(*adjoint, rtol=1e-12, atol=1e-12)


@groups
def test_group_laws(group):
    elements = range(group.n)
    master = image(5)
    for a, b in itertools.product(elements, repeat=2):
        c = group.compose(a, b)
        np.testing.assert_array_equal(group.turn_master(group.turn_master(master, a), b), group.turn_master(master, c))
        for d in elements:
            assert group.compose(c, d) == group.compose(a, group.compose(b, d))
    for a in elements:
        assert group.compose(a, 0) == group.compose(0, a) == a
        assert group.compose(a, group.inverse(a)) == group.compose(group.inverse(a), a) == 0
        assert sorted(group.compose(a, b) for b in elements) == list(elements)


@groups
def test_labels_follow_the_master(group):
    """Whatever a pattern showed before the master was turned, it shows after."""
    master = image(5)
    labels = np.arange(group.n)
    before = group.expand(master)
    for r in range(group.n):
        after = group.expand(group.turn_master(master, r))
        relabelled = group.relabel(labels, r)
        assert relabelled.dtype == np.int32
        np.testing.assert_array_equal(after[relabelled], before[labels])
        assert group.relabel(np.array([r]), r)[0] == 0  # the convention of the first pattern


@groups
@sides
def test_orbits_by_brute_force(group, side):
    orbits = group.orbits((side, side))
    index = group.index((side, side))
    n_pixels = side * side
    sets = {frozenset(index[:, i].tolist()) for i in range(n_pixels)}
    assert orbits.n_orbits == len(sets)
    for i in range(n_pixels):
        assert {j for j in range(n_pixels) if orbits.orbit[j] == orbits.orbit[i]} == set(index[:, i].tolist())
        # Template k shows, at pixel i, a pixel of the master: the slot whose coefficient is k's names that pixel.
        turn = orbits.turn[orbits.phase[i]]
        assert sorted(turn) == list(range(group.n))
        for slot, k in enumerate(turn):
            assert orbits.pixel_of_slot[orbits.orbit[i] * group.n + slot] == index[k, i]


@groups
def test_indices_can_not_be_changed(group):
    with pytest.raises(ValueError, match="read-only"):
        group.index((3, 3))[0, 0] = 1


def test_only_squares_turn_exactly():
    for group in (C4, D4):
        message = f"shape: exact rotations ({group.name}) need a square image, got 2x3"
        with pytest.raises(ValueError, match=re.escape(message)):
            group.index((2, 3))
    np.testing.assert_array_equal(C1.index((2, 3)), [np.arange(6)])
    with pytest.raises(ValueError, match="shape: 65536x65536 is too large to rotate"):
        C4.index((65536, 65536))


@pytest.mark.parametrize("planes", [np.zeros((3, 2, 2)), np.zeros((4, 4))])
def test_back_rotate_refuses(planes):
    with pytest.raises(ValueError, match=re.escape(f"planes: expected shape (4, H, W), got {planes.shape}")):
        C4.back_rotate(planes)


def test_repr_and_equality():
    assert [repr(group) for group in (C1, C4, D4)] == ["C1", "C4", "D4"]
    assert C4 != D4
