"""What a master's own noise makes of its error, taken off: the forecast holds where orientations are hardly told."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest

from motes import C4, Patterns, Rotations, limits, reconstruct, simulate
from motes.live import outlook, own_noise
from motes.live.own_noise import variance_without
from motes.live.part import turning_part


def own(result):
    return float(np.nansum(result.std_error**2))


def drawn(contrast, n, *, side=25, photons=27.4, seed=2, turns=C4, noise="bernoulli"):
    """Patterns of the portrait, and it."""
    inside = turns.support((side, side))
    truth = np.where(inside, simulate.with_contrast(simulate.portrait(side), contrast), 0.0)
    truth *= photons / truth.sum()
    found = simulate.mixture([turns.expand(truth)], n, noise=noise, seed=seed)
    return Patterns.from_coo(found.rows, found.cols, counts=found.counts, shape=truth.shape, n_patterns=n), truth


@pytest.fixture(scope="module")
def faint():
    patterns, truth = drawn(0.3, 10_000)
    return reconstruct(patterns), truth


def test_a_tenth_of_the_patterns_tells_how_many_it_takes_at_low_contrast(faint):
    result, truth = faint
    target = limits.cramer_rao(truth, 100_000).relative_error
    squared = result.error_bound**2
    without = 10_000 * squared / (1 - squared) / target**2  # the noise taken off the contrast alone
    assert without < 0.75 * 100_000
    assert 0.8 * 100_000 < outlook(result, target).needed < 1.15 * 100_000


def test_the_variance_is_that_of_the_truth(faint):
    result, truth = faint
    bound = limits.cramer_rao(truth, 10_000)
    real = float((bound.std_error**2).sum())
    assert own(result) < 0.8 * real
    assert variance_without(result, turning_part(result)) == pytest.approx(real, rel=0.12)


def test_of_in_plane_rotations_too():
    turns = Rotations.in_plane(12)
    patterns, truth = drawn(0.4, 3000, side=11, photons=60.0, turns=turns, noise="poisson")
    result = reconstruct(patterns, turns, "poisson", init=truth, tolerance=1e-5)
    real = float(np.nansum(limits.cramer_rao(truth, 3000, turns, "poisson", n_simulated=5000).std_error ** 2))
    better = variance_without(result, turning_part(result))
    assert abs(math.log(better / real)) < abs(math.log(own(result) / real))


def test_where_orientations_are_told_error_bars_are_enough(monkeypatch):
    patterns, _ = drawn(1.0, 4000, side=11)
    result = reconstruct(patterns)
    monkeypatch.setattr(own_noise, "drawn", None)  # would fail
    assert turning_part(result).squared_error(own(result)) < own_noise.HARDLY**2
    assert variance_without(result, turning_part(result)) == own(result)
    squared = result.error_bound**2
    assert outlook(result).error == pytest.approx(math.sqrt(squared / (1 - squared)), rel=1e-12)


def test_estimated_frequencies_are_left_as_they_are(faint, monkeypatch):
    result, _ = faint
    monkeypatch.setattr(own_noise, "drawn", None)
    estimated = dataclasses.replace(result, weights_std_error=np.full(4, 0.01))
    assert variance_without(estimated, turning_part(estimated)) == own(result)


def test_bad_pixels_are_not_seen_by_what_is_drawn(faint):
    result, _ = faint
    good = np.ones(result.master.shape, np.bool_)
    good[:12] = False
    half = dataclasses.replace(result, good=good)
    part = turning_part(result)
    assert variance_without(half, part) > 1.3 * variance_without(result, part)


def test_error_bars_that_say_more_are_kept(faint):
    result, _ = faint
    wide = dataclasses.replace(result, std_error=1.5 * result.std_error)
    assert variance_without(wide, turning_part(wide)) == own(wide)


def test_noise_alone_leaves_nothing_that_turns(faint):
    result, _ = faint
    few = dataclasses.replace(result, n_patterns=500, std_error=4 * result.std_error)
    assert variance_without(few, turning_part(few)) == math.inf


def test_what_takes_long_to_draw_is_left_as_it_is(faint, monkeypatch):
    result, _ = faint
    a_pattern = 4 * float(result.master.sum()) ** 2
    part, usual, asked = turning_part(result), own_noise.drawn, []
    monkeypatch.setattr(own_noise, "drawn", lambda *how: asked.append(how[3]) or usual(*how))
    monkeypatch.setattr(own_noise, "MOST_WORK", 12_000.5 * a_pattern)
    assert variance_without(result, part) > 1.1 * own(result)
    assert set(asked) == {12_000}
    monkeypatch.setattr(own_noise, "MOST_WORK", 9_999.5 * a_pattern)  # fewer than 16 a pixel
    asked.clear()
    assert variance_without(result, part) == own(result)
    assert not asked


@pytest.mark.parametrize(("side", "n_turns", "n"), [(16, 36, 4096), (25, 36, 10_000), (25, 72, 0), (37, 36, 0)])
def test_of_in_plane_rotations_as_many_are_drawn_or_none(side, n_turns, n):
    assert own_noise.patterns_drawn(np.full((side, side), 0.1), n_turns, exact=False) == n
