"""Two halves, begun apart: aligned to each other, and their correlation beside that with the truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

import motes
from mixtures import drawn
from motes.quotient import nearest_turn, turned
from motes.reconstruction.halves import align, correlate, reconstruct_halves
from motes.resolution import resolution_at

SIDE = 33
TURNS = motes.Rotations.in_plane(24)


def blurred(photons: float, of: float = 1.6) -> np.ndarray:
    """A picture without the finest details, so that a resolution is to be found."""
    return motes.simulate.scaled(gaussian_filter(motes.simulate.portrait(SIDE), of), photons)


@pytest.mark.parametrize(("turns", "photons"), [(TURNS, 150.0), (motes.C4, 60.0)], ids=["in-plane", "C4"])
def test_the_crossing_is_that_of_the_whole_with_the_truth(turns, photons):
    truth = blurred(photons)
    patterns, _ = drawn([truth], turns, 1200, seed=1)
    halves = reconstruct_halves(patterns, turns, "poisson", seed=3)
    (found,) = halves.resolution()
    whole = motes.reconstruct(patterns, turns, "poisson")
    beside = nearest_turn(truth, whole.master, turns).master
    expected = resolution_at(correlate(whole.master, beside, turns), "0.5")
    assert found.crossed
    assert 2.3 < expected.value < 6
    assert found.value == pytest.approx(expected.value, rel=0.15)
    assert found.low <= expected.value <= found.high


def test_halves_share_no_pattern_and_no_start():
    patterns, _ = drawn([blurred(60.0)], motes.C4, 301, seed=1)
    halves = reconstruct_halves(patterns, motes.C4, "poisson", seed=5, init="random", std_error=False)
    assert (halves.odd.n_patterns, halves.even.n_patterns) == (151, 150)
    assert (halves.odd.seed, halves.even.seed) == (5, 6)
    own = motes.reconstruct(patterns[1::2], motes.C4, "poisson", seed=6, init="random", std_error=False)
    np.testing.assert_array_equal(halves.even.master, own.master)


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_turn_and_a_mirror_are_found_and_undone(mirrored):
    turns = motes.Rotations.in_plane(24, mirrored=True)
    support = np.where(turns.support((SIDE, SIDE)), 1.0, np.nan)
    fitted = motes.reconstruct(motes.Patterns.empty((SIDE, SIDE), 4), turns, "poisson", max_iterations=1)
    one = replace(fitted, masters=(blurred(300.0) * support)[None])
    halves = align(one, replace(one, masters=(turned(one.master, 77.3, mirrored=mirrored) * support)[None]))
    assert halves.mirrored.tolist() == [mirrored]
    back = 77.3 if mirrored else 360 - 77.3  # a mirror and a turn, done twice, undo themselves
    assert halves.degrees[0] == pytest.approx(back, abs=0.1)
    inside = support == 1.0
    assert np.corrcoef(*halves.masters[:, 0, inside])[0, 1] > 0.998


def test_classes_are_brought_together():
    masters = [blurred(200.0), np.flipud(blurred(200.0)).T]
    patterns, _ = drawn(masters, TURNS, 300, seed=1)
    halves = reconstruct_halves(patterns, TURNS, "poisson", classes=2, init="random", seed=2, max_iterations=8)
    swapped = align(halves.odd, replace(halves.odd, masters=halves.odd.masters[::-1]))
    assert swapped.classes.tolist() == [1, 0]
    np.testing.assert_allclose(swapped.masters[0], swapped.masters[1], atol=1e-3)
    assert len(halves.curves) == 2
    assert sorted(halves.classes) == [0, 1]


def test_classes_that_rotate_are_none_that_do_not():
    patterns, _ = drawn([blurred(200.0)], TURNS, 300, seed=1)
    halves = reconstruct_halves(patterns, TURNS, "poisson", still_classes=1, max_iterations=3)
    assert halves.classes.tolist() == [0, 1]
    assert halves.degrees[1] == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": np.ones((SIDE, SIDE))}, "init: halves that begin alike would correlate by that"),
        ({"checkpoint": "a.npz"}, "checkpoint: halves keep no checkpoint"),
        ({"resume": True}, "resume: halves keep no checkpoint"),
        ({"seed": -1}, "seed: expected 0 or more"),
    ],
)
def test_what_halves_may_not_share(options, message):
    with pytest.raises(ValueError, match=message):
        reconstruct_halves(motes.Patterns.empty((SIDE, SIDE), 4), **options)


def test_halves_of_dense_patterns():
    rng = np.random.default_rng(0)
    values = motes.C4.expand(blurred(100.0))[rng.integers(0, 4, 40)] + rng.normal(0, 0.05, (40, SIDE, SIDE))
    halves = reconstruct_halves(motes.DensePatterns(values), "C4", motes.Gaussian(0.05), max_iterations=5)
    assert [halves.odd.n_patterns, halves.even.n_patterns] == [20, 20]
    assert halves.curves[0].correlation[1] > 0.9


def test_too_few_patterns_and_other_models():
    with pytest.raises(ValueError, match="patterns: expected two or more, got 1"):
        reconstruct_halves(motes.Patterns.empty((5, 5), 1))
    one = motes.reconstruct(motes.Patterns.empty((5, 5), 4), "C4")
    with pytest.raises(ValueError, match="even: another model than that of the odd half"):
        align(one, motes.reconstruct(motes.Patterns.empty((5, 5), 4), "D4"))


def test_known_fluences_go_with_their_patterns():
    rng = np.random.default_rng(1)
    light = rng.lognormal(0, 0.5, 300)
    means = motes.C4.expand(motes.simulate.scaled(motes.simulate.portrait(15), 80.0))[rng.integers(0, 4, 300)]
    patterns = motes.Patterns.from_dense(rng.poisson(light[:, None, None] * means))
    asked = {"std_error": False, "max_iterations": 5}
    found = motes.reconstruct_halves(patterns, "C4", "poisson", fluence=light, **asked)
    alone = motes.reconstruct(patterns[1::2], "C4", "poisson", fluence=light[1::2], seed=1, **asked)
    np.testing.assert_array_equal(found.even.masters, alone.masters)
    np.testing.assert_allclose(found.even.fluence, light[1::2] / light[1::2].mean())
    with pytest.raises(ValueError, match="fluence: expected one for each of 300 patterns"):
        motes.reconstruct_halves(patterns, "C4", "poisson", fluence=light[:7])


def test_maps_of_one_name_that_differ_are_two_models():
    class Named:
        n, angles, name = 4, None, "mine"

        def __init__(self, turns):
            self.turns = turns

        def expand(self, master):
            return self.turns.expand(master)

        def back_rotate(self, planes):
            return self.turns.back_rotate(planes)

        def support(self, shape):
            return np.ones(shape, bool)

    patterns = motes.Patterns.from_dense(np.random.default_rng(0).poisson(0.5, (40, 9, 9)))
    twisted = np.random.default_rng(1).permutation(81)

    class Twisted(Named):
        def expand(self, master):
            return self.turns.expand(np.asarray(master).ravel()[twisted].reshape(9, 9))

        def back_rotate(self, planes):
            home = np.empty(81)
            home[twisted] = self.turns.back_rotate(planes).ravel()
            return home.reshape(9, 9)

    one, again, other = (
        motes.reconstruct(patterns, turns, "poisson", max_iterations=2, std_error=False, init="random")
        for turns in (Named(motes.C4), Named(motes.C4), Twisted(motes.C4))
    )
    assert align(one, again).degrees.tolist() == [0.0]
    with pytest.raises(ValueError, match="even: another model"):
        align(one, other)
