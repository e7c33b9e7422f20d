"""interpolation: turns by any angle, and their transpose."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from motes import _core
from motes.kernels.interpolation import interpolate, interpolate_home


def turns_by(*degrees: float, mirrored: bool = False) -> np.ndarray:
    """(R, 2, 2), from the angles themselves."""
    angle = np.deg2rad(degrees)
    matrices = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]).transpose(2, 0, 1)
    return np.ascontiguousarray(matrices * ([[-1], [1]] if mirrored else 1))


def every(n: int, *, mirrored: bool = False) -> np.ndarray:
    return turns_by(*360 * np.arange(n) / n, mirrored=mirrored)


@pytest.mark.parametrize("side", [0, 1, 2, 3, 4, 7])
@pytest.mark.parametrize("n", [1, 3, 9])
@pytest.mark.parametrize("mirrored", [False, True])
def test_interpolation_is_its_definition(side, n, mirrored):
    table = reference.in_plane(side, n, mirrored=mirrored)[-n:]
    rng = np.random.default_rng(side)
    master, planes = rng.normal(size=(side, side)), rng.normal(size=(n, side, side))
    found = interpolate(master, every(n, mirrored=mirrored))
    np.testing.assert_allclose(found, (table @ master.ravel()).reshape(planes.shape), rtol=0, atol=1e-14 * max(side, 1))
    home = interpolate_home(planes, every(n, mirrored=mirrored))
    expected = np.einsum("rim,ri->m", table, planes.reshape(n, side * side)).reshape(side, side)
    np.testing.assert_allclose(home, expected, rtol=0, atol=1e-14 * n * max(side, 1))


angles = st.lists(st.floats(-720, 720), min_size=1, max_size=20)


@given(side=st.integers(0, 20), degrees=angles, mirrored=st.booleans(), seed=st.integers(0, 9))
def test_home_is_the_transpose_at_any_angles(side, degrees, mirrored, seed):
    turns, rng = turns_by(*degrees, mirrored=mirrored), np.random.default_rng(seed)
    master, planes = rng.normal(size=(side, side)), rng.normal(size=(len(turns), side, side))
    products = interpolate(master, turns) * planes
    assert abs(products.sum() - (master * interpolate_home(planes, turns)).sum()) <= 1e-12 * np.abs(products).sum()


@given(side=st.integers(3, 20), degrees=angles)
def test_templates_are_means_of_the_master(side, degrees):
    master = np.random.default_rng(side).uniform(0.25, 0.75, (side, side))
    inside = interpolate(np.ones((side, side)), turns_by(0.0))[0] > 0
    templates = interpolate(master, turns_by(*degrees))[:, inside]
    assert (templates >= master[inside].min() * (1 - 1e-14)).all()
    assert (templates <= master[inside].max() * (1 + 1e-14)).all()
    constant = interpolate(np.full((side, side), 0.3), turns_by(*degrees))
    np.testing.assert_allclose(constant, np.broadcast_to(np.where(inside, 0.3, 0.0), constant.shape), rtol=1e-14)


@pytest.mark.parametrize(("side", "n"), [(1, 5), (3, 1), (16, 4), (31, 33), (64, 36), (65, 7), (200, 3)])
def test_any_number_of_threads_gives_the_same_bits(side, n):
    rng = np.random.default_rng(n)
    master, planes = rng.normal(size=(side, side)), rng.normal(size=(n, side, side))
    alone = interpolate(master, every(n), threads=1), interpolate_home(planes, every(n), threads=1)
    for threads in (2, 3, 16):
        np.testing.assert_array_equal(interpolate(master, every(n), threads=threads), alone[0])
        np.testing.assert_array_equal(interpolate_home(planes, every(n), threads=threads), alone[1])


def test_numbers_of_a_pixel_lie_side_by_side():
    rng = np.random.default_rng(0)
    templates = interpolate(rng.normal(size=(6, 6)), every(5))
    assert templates.reshape(5, 36).T.flags.c_contiguous
    same = [interpolate_home(planes, every(5)) for planes in (templates, np.ascontiguousarray(templates))]
    np.testing.assert_array_equal(*same)


def test_beyond_the_disc_nothing_is_read():
    inside = interpolate(np.ones((9, 9)), every(7))[0] > 0
    lost = np.where(inside, 0.5, np.nan)
    np.testing.assert_allclose(interpolate(lost, every(7))[:, inside], 0.5)
    home = interpolate_home(np.broadcast_to(lost, (7, 9, 9)), every(7))
    assert np.isfinite(home).all()
    assert not home[~inside].any()


def test_a_small_miss_of_orthogonality_leads_nowhere():
    """Turns that lengthen by 4e-10 lead out of the image by as much: neighbours there weigh nothing."""
    turns = every(360) * (1 + 4e-10)
    assert np.isfinite(interpolate(np.ones((101, 101)), turns)).all()
    np.testing.assert_allclose(interpolate_home(np.ones((360, 101, 101)), turns).sum(), 360 * 7845, rtol=1e-12)


Q, MASTER, NUMBERS = every(3), np.zeros((4, 4)), np.zeros((16, 3))


def there(master, turns):
    return _core.interpolate(master, turns, threads=1)


def home(planes, turns, side):
    return _core.interpolate_home(planes, turns, side=side, threads=1)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: there(MASTER, Q * 1.1), ValueError, "turns: expected rotations, got ((1.1, 0), (-0, 1.1)) at"),
        (lambda: there(MASTER, Q * np.nan), ValueError, "turns: expected rotations"),
        (lambda: there(MASTER, Q[0]), ValueError, "turns: expected shape (any, 2, 2), got (2, 2)"),
        (lambda: there(MASTER, Q[:0]), ValueError, "turns: expected 1 to 16777216 templates"),
        (lambda: there(MASTER[:3], Q), ValueError, "master: expected a square, got shape (3, 4)"),
        (lambda: there(MASTER.astype(np.float32), Q), TypeError, "master: expected dtype float64"),
        (lambda: home(NUMBERS, Q, 3), ValueError, "planes: expected shape (9, 3)"),
        (lambda: home(NUMBERS, Q, -1), ValueError, "side: expected 0 to 32768"),
        (lambda: home(NUMBERS[:, :2], Q, 4), (ValueError, TypeError), "planes: "),
        (lambda: interpolate(MASTER, Q, threads=0), ValueError, "threads: expected 1 to 1024, got 0"),
    ],
)  # fmt: skip
def test_refusals(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
