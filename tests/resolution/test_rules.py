"""Thresholds, and where a curve crosses them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from motes.resolution import RULES, frc, fsc, resolution_at, soft_sphere, threshold


@pytest.fixture
def straight():
    """A curve that falls in a straight line from 1 at shell 0 to 0 at shell 10; 2 angstrom a voxel."""
    first, second = np.random.default_rng(0).standard_normal((2, 20, 20))
    curve = frc(first, second, pixel_size=2.0)
    falling = 1 - np.arange(11) / 10
    return replace(curve, correlation=falling, low=falling - 0.1, high=falling + 0.1)


def test_the_crossing_is_interpolated(straight):
    found = resolution_at(straight, "0.5")
    assert found.value == pytest.approx(20 * 2 / 5)
    assert (found.low, found.high) == (pytest.approx(20 * 2 / 6), pytest.approx(20 * 2 / 4))
    assert found.crossed
    assert resolution_at(straight).value == pytest.approx(40 / (10 * (1 - 0.143)))
    assert resolution_at(straight, 0.25).value == pytest.approx(40 / 7.5)
    assert str(found) == "8 angstrom at 0.5 (6.67 to 10)"


def test_the_first_crossing_counts(straight):
    dipped = straight.correlation.copy()
    dipped[2] = 0.1
    curve = replace(straight, correlation=dipped)
    assert resolution_at(curve, "0.5").value == pytest.approx(40 / (1 + 0.4 / 0.8))


def test_half_bit_is_its_formula(straight):
    n = straight.n_voxels / 2
    expected = (0.2071 + 1.9102 / np.sqrt(n)) / (1.2071 + 0.9102 / np.sqrt(n))
    np.testing.assert_allclose(threshold(straight, "half-bit"), np.minimum(1, expected))
    many = replace(straight, n_independent=np.full(11, 1e12))
    np.testing.assert_allclose(threshold(many, "half-bit"), 0.2071 / 1.2071, rtol=1e-5)
    required = threshold(straight, "half-bit")
    found = 40 / resolution_at(straight, "half-bit").value
    assert np.interp(found, np.arange(11), straight.correlation - required) == pytest.approx(0, abs=1e-12)


def test_a_mask_raises_half_bit():
    first, second = np.random.default_rng(0).standard_normal((2, 24, 24, 24))
    plain = threshold(fsc(first, second, voxel_size=1), "half-bit")
    masked = threshold(fsc(first, second, voxel_size=1, mask=soft_sphere((24,) * 3, 6)), "half-bit")
    assert (masked[1:] >= plain[1:]).all()
    assert masked[8] > plain[8] + 0.02


def test_shells_that_can_not_tell_are_passed_over(straight):
    """Under a mask of a fifth of the box the lowest shells hold less than one independent voxel."""
    rng = np.random.default_rng(0)
    signal, *noises = rng.standard_normal((3, 48, 48, 48))
    halves = [signal + 0.01 * noise for noise in noises]
    curve = fsc(*halves, voxel_size=1, mask=soft_sphere((48,) * 3, 5, 3))
    assert threshold(curve, "half-bit")[1] == 1
    assert (curve.low[1], curve.high[1]) == (-1, 1)
    for rule in RULES:
        found = resolution_at(curve, rule)
        assert (found.value, found.low, found.high, found.crossed) == (2, 2, 2, False)
    few = np.array([0.2] * 4 + [50] * 7)
    falling = replace(straight, n_independent=few, low=np.where(few < 1, -1, straight.low))
    falling = replace(falling, high=np.where(few < 1, 1, straight.high))
    assert resolution_at(falling, "0.5") == resolution_at(straight, "0.5")
    below = replace(falling, correlation=np.where(few < 1, 1, 0.1), low=np.where(few < 1, -1, 0))
    assert resolution_at(below, "0.5").value == np.inf, "the first that tells is below"


def test_a_curve_that_never_falls(straight):
    curve = replace(straight, correlation=np.ones(11), low=np.ones(11), high=np.ones(11))
    found = resolution_at(curve)
    assert (found.value, found.crossed) == (pytest.approx(4.0), False)
    assert str(found) == "4 angstrom or better at 0.143 (4 to 4)"


def test_a_curve_that_is_below_from_the_first_shell_on(straight):
    curve = replace(straight, correlation=np.zeros(11), low=-np.ones(11), high=np.zeros(11))
    found = resolution_at(curve)
    assert found.value == np.inf
    assert found.as_dict()["value"] is None
    assert str(found) == "no resolution at 0.143: the correlation is below from the lowest frequency on"
    assert "no resolution" in repr(curve)


@pytest.mark.parametrize("rule", ["0.3x", "half", 0.0, 1.0, -1, None, True, float("nan")])
def test_rules_that_are_none(straight, rule):
    with pytest.raises(ValueError, match=re.escape("rule: expected one of 0.143, 0.5, half-bit, or a number between")):
        resolution_at(straight, rule)


def test_every_rule_orders_as_it_must():
    rng = np.random.default_rng(2)
    signal, *noise = rng.standard_normal((3, 40, 40, 40))
    shell = np.sqrt(sum(np.ix_(*[(np.fft.fftfreq(40) * 40) ** 2] * 3)))
    signal = np.fft.ifftn(np.fft.fftn(signal) * np.exp(-((shell / 8) ** 2))).real
    curve = fsc(signal + 0.2 * noise[0], signal + 0.2 * noise[1], voxel_size=1.0)
    values = {rule: resolution_at(curve, rule).value for rule in RULES}
    assert values["0.143"] < values["half-bit"] < values["0.5"]
    # rho = H^2 P / (H^2 P + sigma^2) crosses where the filter says.
    for rule, rho in (("0.143", 0.143), ("0.5", 0.5)):
        at = 8 * np.sqrt(0.5 * np.log((1 - rho) / rho / 0.04))
        assert values[rule] == pytest.approx(40 / at, rel=0.04)


def test_columns_of_a_curve(straight):
    told = straight.columns()
    assert list(told)[:4] == ["shell", "frequency", "resolution_angstrom", "correlation"]
    assert all(len(values) == 11 for values in told.values())
    assert "masked" not in told
