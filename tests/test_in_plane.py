"""Turns by any angle: the definition, its transpose, and where they are the exact groups."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from motes import C1, C4, D4, InPlane, Patterns, Rotations, TemplateMap, back_rotate
from motes.rotations import rotations_of

sides = st.integers(1, 12)
angles = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 12, 36])


@pytest.mark.parametrize("side", [1, 2, 3, 4, 7, 8])
@pytest.mark.parametrize(("n", "mirrored"), [(1, True), (3, False), (4, True), (5, True), (8, False)])
def test_templates_are_their_definition(side, n, mirrored):
    turns = Rotations.in_plane(n, mirrored=mirrored)
    table = reference.in_plane(side, n, mirrored=mirrored)
    master = np.random.default_rng(side).random((side, side))
    planes = np.random.default_rng(n).normal(size=(turns.n, side, side))
    expected = (table @ master.ravel()).reshape(planes.shape)
    np.testing.assert_allclose(turns.expand(master), expected, rtol=0, atol=1e-14)
    home = np.einsum("rim,ri->m", table, planes.reshape(turns.n, -1)).reshape(side, side)
    np.testing.assert_allclose(turns.back_rotate(planes), home, rtol=0, atol=1e-13)
    np.testing.assert_array_equal(turns.support((side, side)).ravel(), table[0].any(axis=1))


def test_only_the_disc_of_two_by_two_pixels_is_empty():
    for side in range(12):
        assert InPlane(3).support((side, side)).any() == (side not in (0, 2))


@settings(max_examples=60)
@given(side=sides, n=angles, mirrored=st.booleans(), seed=st.integers(0, 9))
def test_back_rotation_is_the_transpose(side, n, mirrored, seed):
    turns = Rotations.in_plane(n, mirrored=mirrored)
    rng = np.random.default_rng(seed)
    master, planes = rng.normal(size=(side, side)), rng.normal(size=(turns.n, side, side))
    products = turns.expand(master) * planes
    there, back = products.sum(), (master * turns.back_rotate(planes)).sum()
    assert abs(there - back) <= 1e-12 * np.abs(products).sum()


@pytest.mark.parametrize(("n", "side"), [(180, 31), (1000, 8), (1000, 9)])
def test_many_angles(n, side):
    turns = Rotations.in_plane(n)
    rng = np.random.default_rng(n)
    master, planes = rng.random((side, side)), rng.random((n, side, side))
    templates = turns.expand(master)
    np.testing.assert_allclose((templates * planes).sum(), (master * turns.back_rotate(planes)).sum(), rtol=1e-12)
    inside = turns.support((side, side))
    assert not templates[:, ~inside].any()
    for r in (1, n // 4, n // 3):  # a quarter turn more is a quarter turn of the template
        later = templates[(r + n // 4) % n]
        np.testing.assert_allclose(later, np.rot90(templates[r], -1), rtol=0, atol=1e-13)


@pytest.mark.parametrize("side", [1, 3, 4, 9, 10])
@pytest.mark.parametrize(
    ("turns", "which", "group"),
    [
        (Rotations.in_plane(1), slice(None), C1),
        (Rotations.in_plane(4), slice(None), C4),
        (Rotations.in_plane(8), slice(None, None, 2), C4),
        (Rotations.in_plane(4, mirrored=True), slice(None), D4),
        (Rotations.in_plane(8, mirrored=True), slice(None, None, 2), D4),
    ],
    ids=repr,
)
def test_quarter_turns_are_those_of_the_exact_groups(turns, which, group, side):
    master = np.random.default_rng(side).random((side, side))
    inside = turns.support(master.shape)
    np.testing.assert_array_equal(turns.expand(master)[which], group.expand(master) * inside)
    np.testing.assert_array_equal(turns.angles[which], group.angles)


@given(side=sides, n=st.integers(1, 40), mirrored=st.booleans(), value=st.floats(1e-6, 1.0))
def test_a_constant_stays_constant(side, n, mirrored, value):
    turns = Rotations.in_plane(n, mirrored=mirrored)
    templates = turns.expand(np.full((side, side), value))
    expected = np.broadcast_to(turns.support((side, side)) * value, templates.shape)
    np.testing.assert_allclose(templates, expected, rtol=2e-15)


def test_a_spot_turns_clockwise():
    master = np.zeros((21, 21))
    master[2, 10] = 1.0  # above the centre, 8 pixels away
    for template, angle in zip(Rotations.in_plane(12).expand(master), np.arange(0, 360, 30), strict=True):
        rows, columns = np.indices(template.shape)
        down, right = ((template * at).sum() / template.sum() - 10 for at in (rows, columns))
        np.testing.assert_allclose(
            [right, -down], 8 * np.array([np.sin(np.deg2rad(angle)), np.cos(np.deg2rad(angle))]), atol=0.1
        )


def test_what_lies_beyond_the_disc_is_never_read():
    turns = Rotations.in_plane(7)
    inside = turns.support((9, 9))
    master = np.where(inside, 0.5, np.nan)
    np.testing.assert_allclose(turns.expand(master), np.broadcast_to(np.where(inside, 0.5, 0.0), (7, 9, 9)))
    home = turns.back_rotate(np.broadcast_to(master, (7, 9, 9)))
    assert np.isfinite(home).all()
    assert not home[~inside].any()


def test_memory_in_any_order_gives_the_same():
    turns = Rotations.in_plane(5)
    rng = np.random.default_rng(0)
    master, planes = rng.random((8, 8)), rng.random((5, 8, 8))
    np.testing.assert_array_equal(turns.expand(np.asfortranarray(master)), turns.expand(master))
    np.testing.assert_array_equal(turns.expand(master[::-1]), turns.expand(master[::-1].copy()))
    np.testing.assert_array_equal(turns.back_rotate(np.asfortranarray(planes)), turns.back_rotate(planes))
    np.testing.assert_array_equal(
        turns.expand(master.astype(np.float32)), turns.expand(master.astype(np.float32).astype(float))
    )


def test_matrices_are_rotations():
    for n in (1, 3, 4, 8, 36, 1000):
        matrices = Rotations.in_plane(n, mirrored=True).matrices()
        angle = np.deg2rad(360 * np.arange(n) / n)
        expected = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
        np.testing.assert_allclose(matrices[:n], expected, atol=2e-15)
        np.testing.assert_array_equal(matrices[n:], matrices[:n] * [[-1], [1]])
        assert (matrices[:n, 0, 0] == np.roll(matrices[:n, 0, 1], -(n // 4))).all() or n % 4


def test_patterns_turn_home_through_them():
    counts = np.random.default_rng(1).poisson(0.3, (6, 5, 5))
    coefficients = np.random.default_rng(2).integers(0, 8, (6, 12)) / 8
    turns = Rotations.in_plane(12)
    planes = np.einsum("pr,pij->rij", coefficients, counts)
    found = back_rotate(Patterns.from_dense(counts), coefficients, "in-plane:12")
    np.testing.assert_allclose(found, turns.back_rotate(planes), rtol=1e-13)


class Slices:
    """A toy map, neither square nor a rotation: the slices of a small volume, and means of neighbouring ones."""

    name, n, angles = "slices", 3, None

    def expand(self, master):
        return np.stack([master[0], master[1], (master[0] + master[1]) / 2])

    def back_rotate(self, planes):
        return np.stack([planes[0] + planes[2] / 2, planes[1] + planes[2] / 2])

    def support(self, shape):
        return np.ones(shape, bool)


def test_a_map_of_ones_own_plugs_in():
    toy = Slices()
    assert isinstance(toy, TemplateMap)
    assert rotations_of(toy) is toy
    counts = np.random.default_rng(3).poisson(0.5, (4, 2, 3))
    coefficients = np.random.default_rng(4).integers(0, 8, (4, 3)) / 8
    found = back_rotate(Patterns.from_dense(counts), coefficients, toy)
    np.testing.assert_allclose(found, toy.back_rotate(np.einsum("pr,pij->rij", coefficients, counts)), rtol=1e-13)


def test_names():
    for name, turns in [("in-plane:36", InPlane(36)), ("in-plane:8m", InPlane(8, mirrored=True))]:
        assert rotations_of(name) == rotations_of(name.upper()) == turns
        assert repr(turns) == turns.name == name
    assert all(isinstance(found, TemplateMap) for found in (C1, C4, D4, InPlane(3)))
    assert InPlane(3) != InPlane(3, mirrored=True)
    assert (InPlane(5).n, InPlane(5, mirrored=True).n) == (5, 10)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Rotations.in_plane(0), ValueError, "n: expected 1 or more, got 0"),
        (lambda: Rotations.in_plane(2.5), TypeError, "n: expected a whole number, got 2.5"),
        (lambda: Rotations.in_plane(4, mirrored="no"), TypeError, "mirrored: expected True or False, got 'no'"),
        (
            lambda: rotations_of("in-plane:0"),
            ValueError,
            "rotations: expected C4, D4, C1, in-plane:K or in-plane:Km (K angles), got 'in-plane:0'",
        ),
        (lambda: rotations_of("in-plane"), ValueError, "rotations: expected C4, D4, C1, in-plane:K or in-plane:Km"),
        (lambda: rotations_of(36), TypeError, "rotations: expected motes.C4, another motes.TemplateMap or a name"),
        (lambda: rotations_of(InPlane), TypeError, "got the class InPlane"),
        (lambda: InPlane(3).expand(np.ones((2, 3))), ValueError, "turns (in-plane:3) need a square image, got 2x3"),
        (lambda: InPlane(3).expand(np.ones(9)), ValueError, "master: expected shape (L, L), got (9,)"),
        (lambda: InPlane(3).back_rotate(np.ones((4, 3, 3))), ValueError, "planes: expected shape (3, L, L), got (4,"),
        (lambda: InPlane(3).back_rotate(np.ones((3, 2, 3))), ValueError, "need a square image, got 2x3"),
        (lambda: InPlane(3).support((3, 4)), ValueError, "need a square image, got 3x4"),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
