"""Simulated mixtures obey the model they claim: means, spreads and frequencies, whatever the noise."""

from __future__ import annotations

import re

import numpy as np
import pytest
from scipy import stats

from motes import C4, Patterns, Rotations, simulate

FALSE_ALARM = 1e-6


def dense(truth: simulate.MixtureTruth) -> np.ndarray:
    if truth.values is not None:
        return truth.values
    patterns = Patterns.from_coo(
        truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=truth.n_patterns
    )
    return patterns.to_dense()


@pytest.fixture(scope="module")
def stacks() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [C4.expand(rng.uniform(0.05, 0.6, (3, 3))), rng.uniform(0, 0.3, (1, 3, 3)), np.zeros((1, 3, 3))]


@pytest.mark.parametrize("noise", ["bernoulli", "poisson", "gaussian"])
@pytest.mark.parametrize("at_once", [10**6, 100])
def test_pixels_have_the_mean_and_variance_of_their_template(stacks, noise, at_once, monkeypatch):
    monkeypatch.setattr(simulate.mixtures, "VALUES_AT_ONCE", at_once)
    n, background = 12_000, np.linspace(0, 0.3, 9).reshape(3, 3)
    truth = simulate.mixture(
        stacks, n, noise=noise, sigma=0.4 if noise == "gaussian" else None, background=background, seed=3
    )
    values = dense(truth).astype(float)
    for k, stack in enumerate(stacks):
        for r, template in enumerate(stack):
            shown = values[(truth.classes == k) & (truth.rotations == r)]
            mean = template + background
            variance = {"poisson": mean, "bernoulli": mean * (1 - mean), "gaussian": 0 * mean + 0.16}[noise]
            deviation = (shown.mean(axis=0) - mean) / np.sqrt(np.maximum(variance, 1e-12) / len(shown))
            assert np.abs(deviation[variance > 0]).max() < 6
            assert (shown[:, variance == 0] == 0).all()


def test_fluences_are_log_normal_of_mean_one_and_scale_the_signal_alone(stacks):
    n, spread = 20_000, 0.5
    truth = simulate.mixture(stacks[1:2], n, fluence_spread=spread, background=0.2, seed=1)
    assert truth.fluence.mean() == pytest.approx(1)
    assert np.log(truth.fluence).std() == pytest.approx(spread, rel=6 / np.sqrt(2 * n))
    photons = dense(truth).sum(axis=(1, 2))
    bright = truth.fluence > np.median(truth.fluence)
    for half in (bright, ~bright):
        expected = (truth.fluence[half] * stacks[1].sum() + 9 * 0.2).sum()
        assert abs(photons[half].sum() - expected) < 6 * np.sqrt(expected)


def test_classes_have_the_frequencies_asked_for_and_templates_equal_ones(stacks):
    n = 20_000
    truth = simulate.mixture(stacks, n, class_weights=[1, 2, 5], seed=2)
    observed = np.bincount(truth.classes, minlength=3)
    expected = n * np.array([1, 2, 5]) / 8
    assert stats.chi2.sf(((observed - expected) ** 2 / expected).sum(), 2) > FALSE_ALARM
    turns = np.bincount(truth.rotations[truth.classes == 0], minlength=4)
    assert stats.chi2.sf(((turns - turns.mean()) ** 2 / turns.mean()).sum(), 3) > FALSE_ALARM
    assert (truth.rotations[truth.classes > 0] == 0).all()


def test_the_seed_decides(stacks):
    first, again, other = (simulate.mixture(stacks, 50, seed=s) for s in (1, np.random.default_rng(1), 2))
    np.testing.assert_array_equal(dense(first), dense(again))
    assert not np.array_equal(dense(first), dense(other))


def test_no_patterns(stacks):
    for noise, sigma in (("poisson", None), ("gaussian", 1.0)):
        assert dense(simulate.mixture(stacks, 0, noise=noise, sigma=sigma)).shape == (0, 3, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"templates": []}, "templates: expected at least one class"),
        ({"templates": [np.ones((2, 2))]}, "templates: class 0: expected shape (R, H, W), got (2, 2)"),
        ({"templates": [np.ones((1, 2, 2)), np.ones((1, 3, 3))]}, "class 1: expected shape (R, 2, 2), got (1, 3, 3)"),
        ({"templates": [np.full((1, 2, 2), np.nan)]}, "class 0 holds a mean that is not finite"),
        ({"templates": [np.full((1, 2, 2), -1.0)]}, "templates: a mean of -1, expected 0 or more"),
        ({"noise": "laplace"}, "noise: expected one of bernoulli, poisson, gaussian"),
        ({"noise": "gaussian"}, "sigma: Gaussian noise needs a positive, finite one, got None"),
        ({"noise": "gaussian", "sigma": 0}, "sigma: Gaussian noise needs a positive"),
        ({"sigma": 1.0}, "sigma: only Gaussian noise has one"),
        ({"noise": "bernoulli", "fluence_spread": 0.1}, "noise: fluences that differ are Poisson's"),
        ({"noise": "bernoulli", "background": 0.9}, "noise: a mean of 1.4, but a pixel catches at most 1"),
        ({"background": -1.0}, "background: expected finite means of 0 or more"),
        ({"background": np.nan}, "background: expected finite"),
        ({"fluence_spread": -1}, "fluence_spread: expected a finite number of 0 or more, got -1"),
        ({"n_patterns": -1}, "n_patterns: can not be negative"),
        ({"class_weights": [1, 2]}, "class_weights: expected 1 relative frequencies"),
    ],
)
def test_mixture_refuses(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        simulate.mixture(**{"templates": [np.full((1, 2, 2), 0.5)], "n_patterns": 3, **arguments})


@pytest.mark.parametrize("side", [8, 9])
def test_quarter_turns_of_a_fine_picture_are_exact(side):
    fine = np.random.default_rng(0).random((3 * side, 3 * side))
    seen = simulate.turned(fine, [0, 90, 180, 270], side)
    master = fine.reshape(side, 3, side, 3).mean(axis=(1, 3))
    inside = Rotations.in_plane(4).support((side, side))
    np.testing.assert_allclose(seen, C4.expand(master) * inside, atol=1e-12)


def test_a_turned_picture_is_what_an_analytic_one_is():
    """A Gaussian spot beside the centre, whose place after a turn is known."""
    side, times, angle = 15, 5, 33.0
    at = np.array([3.0, -1.5])  # columns to the right, rows down

    def spot(x, y, centre):
        return np.exp(-((x - centre[0]) ** 2 + (y - centre[1]) ** 2) / 8)

    fine = (np.arange(side * times) - (side * times - 1) / 2) / times
    picture = spot(fine, fine[:, None], at)
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    moved = spot(fine, fine[:, None], (c * at[0] - s * at[1], s * at[0] + c * at[1]))
    expected = moved.reshape(side, times, side, times).mean(axis=(1, 3))
    inside = Rotations.in_plane(4).support((side, side))
    np.testing.assert_allclose(simulate.turned(picture, [angle], side)[0], expected * inside, atol=2e-3)


@pytest.mark.parametrize("bad", [np.ones((4, 6)), np.ones((5, 5)), np.ones(4), np.ones((0, 0))])
def test_turned_refuses(bad):
    with pytest.raises(ValueError, match="picture: expected a square of whole 2x2 pixels"):
        simulate.turned(bad, [0], 2)
    with pytest.raises(ValueError, match="angles: expected a list of finite numbers"):
        simulate.turned(np.ones((4, 4)), [np.nan], 2)
