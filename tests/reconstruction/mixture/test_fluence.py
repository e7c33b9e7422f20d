"""Unequal fluences: the sums against a slow oracle, a likelihood that never falls, errors as theory has them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import reference
from mixtures import RandomMap
from motes import C4, Detector, Patterns
from motes.reconstruction.mixture.fluence import (
    FluenceModel,
    check_fluence,
    fluence_responsibilities,
    fluence_std_error,
    fluence_sums,
)
from motes.reconstruction.mixture.steps import poisson_step

SHAPE = (5, 5)


def drawn(seed: int, n: int, *, photons: float = 30.0, spread: float = 0.5, background: float = 0.0, map=C4):
    """A master, log-normal fluences of mean 1, labels, and patterns drawn from them."""
    rng = np.random.default_rng(seed)
    master = rng.uniform(0.1, 1.9, SHAPE) * photons / 25
    fluence = rng.lognormal(0, spread, n)
    fluence /= fluence.mean()
    labels = rng.integers(0, map.n, n)
    means = fluence[:, None, None] * map.expand(master)[labels] + background
    return master, fluence, labels, Patterns.from_dense(rng.poisson(means))


def problem(seed: int, n: int = 12, *, merging: bool = False):
    """A random one: mask, levels, correction and perhaps a background; a start away from the truth."""
    rng = np.random.default_rng(seed)
    background = rng.uniform(0, 0.5, SHAPE) if seed % 2 else None
    turns = C4 if seed % 3 else RandomMap(3, SHAPE, SHAPE, rng)
    master, _, _, patterns = drawn(
        seed, n, photons=rng.uniform(3, 40), background=0 if background is None else background, map=turns
    )
    levels = np.where(rng.random(SHAPE) < 0.2, 2, 0)
    levels[(levels == 0) & (rng.random(SHAPE) < 0.2)] = int(merging)
    levels[~turns.support(SHAPE)] = 2
    levels[2, 2] = 0
    detector = Detector.from_mask(levels, rng.uniform(0.5, 1.5, SHAPE), background)
    start = master * rng.uniform(0.3, 3, SHAPE)
    return patterns, turns, detector, start, rng.uniform(0.3, 3, n), np.log(rng.dirichlet(np.ones(turns.n)))


def model_of(turns, detector, master) -> FluenceModel:
    signal = np.maximum(turns.expand(master) * detector.correction, 1e-9).reshape(turns.n, -1)
    background = None if detector.background is None else detector.background.ravel()
    return FluenceModel(signal, detector.good.ravel(), background, np.float64)


def step(patterns, turns, detector, master, fluence, log_prior, beta=1.0):
    """One E step, fluences, master: value before it, and where it leads."""
    model = model_of(turns, detector, master)
    sums = fluence_sums(patterns, model, log_prior, fluence, beta=beta, estimate=True, threads=1)
    alone = replace(detector, background=None)
    return sums.log_likelihood, poisson_step(turns, alone, sums.planes, sums.exposure, master), sums.rest


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("beta", [1.0, 0.3])
def test_sums_are_their_definition(seed, beta):
    patterns, turns, detector, master, fluence, log_prior = problem(seed, merging=True)
    model = model_of(turns, detector, master)
    sums = fluence_sums(patterns, model, log_prior, fluence, beta=beta, estimate=True, threads=1)
    x = patterns.to_dense().reshape(len(patterns), -1)
    expected = reference.fluence_step(x, model.signal, model.background, model.good, log_prior, fluence, beta)
    for name in ("log_likelihood", "weights", "exposure", "expected", "rest"):
        np.testing.assert_allclose(getattr(sums, name), expected[name], rtol=1e-7, err_msg=name)
    np.testing.assert_allclose(sums.planes.reshape(turns.n, -1), expected["planes"], atol=1e-6)
    gamma = fluence_responsibilities(patterns, model, log_prior, fluence)
    if beta == 1:
        np.testing.assert_allclose(gamma, expected["gamma"], atol=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_the_likelihood_never_falls(seed):
    patterns, turns, detector, master, fluence, log_prior = problem(seed)
    beta = 1.0 if seed % 5 else 0.4
    before = -np.inf
    for _ in range(8):
        value, master, fluence = step(patterns, turns, detector, master, fluence, log_prior, beta)
        assert value >= before - 1e-6 * abs(value)
        assert fluence.mean() == pytest.approx(1)
        before = value


def test_no_number_of_threads_changes_a_bit(monkeypatch):
    monkeypatch.setattr("motes.reconstruction.mixture.fluence.AT_ONCE", 50)
    for seed in (0, 1):
        patterns, turns, detector, master, fluence, log_prior = problem(seed, n=90)
        model = model_of(turns, detector, master)
        assert len(model.parts(patterns)) > 5
        one, many = (
            fluence_sums(patterns, model, log_prior, fluence, beta=1.0, estimate=True, threads=threads)
            for threads in (1, 3)
        )
        for a, b in zip(one, many, strict=True):
            np.testing.assert_array_equal(a, b)


def test_scores_in_single_precision_are_those_in_double():
    _, fluence, _, patterns = drawn(3, 500)
    master = np.random.default_rng(4).uniform(0.2, 2, SHAPE)
    model = model_of(C4, Detector.from_mask(np.zeros(SHAPE, int)), master)
    single = replace(model, dtype=np.float32)
    np.testing.assert_allclose(single.scores(patterns, fluence), model.scores(patterns, fluence), atol=1e-4)


def climbed(patterns, detector, master, rounds):
    fluence = np.ones(len(patterns))
    for _ in range(rounds):
        _, master, fluence = step(patterns, C4, detector, master, fluence, np.full(4, np.log(0.25)))
    return master, fluence


@pytest.mark.parametrize("background", [0.0, 0.3])
def test_log_normal_fluences_are_recovered_with_the_deviation_that_theory_gives(background):
    n = 1500
    master, truth, _, patterns = drawn(11, n, photons=40, background=background)
    detector = Detector.from_mask(np.zeros(SHAPE, int), background=background or None)
    master, fluence = climbed(patterns, detector, master, 25 if background else 6)
    model = model_of(C4, detector, master)
    std_error = fluence_std_error(patterns, model, np.full(4, np.log(0.25)), fluence, threads=2)
    z = (fluence - truth) / std_error
    assert (
        0.93 < np.sqrt(np.nanmean(z**2)) < 1.07
    )  # 1.5 sqrt(1500) standard deviations of what a chi square of n may be
    if not background:
        photons = patterns.photons_per_pattern()
        np.testing.assert_allclose(std_error, fluence / np.sqrt(photons), rtol=0.02)


def test_a_pattern_without_photons_has_no_fluence_and_no_error():
    *_, patterns = drawn(2, 6)
    patterns = Patterns.concatenate([patterns, Patterns.empty(SHAPE, 1)])
    model = model_of(C4, Detector.from_mask(np.zeros(SHAPE, int)), np.ones(SHAPE))
    prior = np.full(4, np.log(0.25))
    sums = fluence_sums(patterns, model, prior, np.ones(7), beta=1.0, estimate=True, threads=1)
    assert sums.rest[-1] == 0
    again = fluence_sums(patterns, model, prior, sums.rest, beta=1.0, estimate=True, threads=1)
    assert np.isfinite(again.log_likelihood)
    std_error = fluence_std_error(patterns, model, prior, sums.rest, threads=1)
    assert np.isnan(std_error[-1])
    assert np.isfinite(std_error[:-1]).all()


def test_no_photons_at_all():
    model = model_of(C4, Detector.from_mask(np.zeros(SHAPE, int)), np.ones(SHAPE))
    sums = fluence_sums(
        Patterns.empty(SHAPE, 3), model, np.full(4, np.log(0.25)), np.ones(3), beta=1.0, estimate=True, threads=1
    )
    np.testing.assert_array_equal(sums.rest, 0)
    assert sums.log_likelihood == pytest.approx(-3 * 25)


@pytest.mark.parametrize(
    ("fluence", "error", "message"),
    [
        ([1.0, 0.0], ValueError, "fluence: pattern 1 has 0, expected a positive"),
        ([-1.0, 1.0], ValueError, "fluence: pattern 0 has -1"),
        ([1.0, np.nan], ValueError, "fluence: pattern 1 has nan"),
        ([1.0], ValueError, "expected one for each of 2 patterns, got shape"),
        (["a", "b"], TypeError, "fluence: expected real numbers"),
    ],
)
def test_what_is_no_fluence(fluence, error, message):
    with pytest.raises(error, match=message):
        check_fluence(fluence, 2)


def test_known_fluences_are_left_alone():
    patterns, turns, detector, master, fluence, log_prior = problem(1)
    model = model_of(turns, detector, master)
    sums = fluence_sums(patterns, model, log_prior, fluence, beta=1.0, estimate=False, threads=1)
    assert sums.rest.size == 0
    gamma = fluence_responsibilities(patterns, model, log_prior, fluence).astype(float)
    np.testing.assert_allclose(sums.exposure, fluence @ gamma, rtol=1e-5)


def test_photons_are_as_good_as_impossible_at_fluence_0():
    """Where an extrapolation leads to it: it must not look better than what it left."""
    patterns = Patterns.from_dense([[3, 1, 0, 2], [0, 0, 0, 0]])
    model = FluenceModel(np.full((2, 4), 0.7), np.ones(4, bool), None, np.float64)
    told = [model.scores(patterns, np.full(2, fluence))[0, 0] for fluence in (2.0, 1.0, 1e-3, 1e-9, 0.0)]
    assert (np.diff(told) < 0).all()
    np.testing.assert_array_equal(model.scores(patterns, np.zeros(2))[1], [0.0, 0.0])
