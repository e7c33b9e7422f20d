"""Goodness of fit: calibrated under the model, deep into the tails, and what it sees when the model is wrong."""

from __future__ import annotations

import dataclasses
import itertools
import re

import numpy as np
import pytest
from scipy import special, stats

import motes
from motes import Patterns, goodness_of_fit, simulate
from motes.reconstruction import blocks, predictive
from motes.reconstruction.brightness import bernoulli_tails, poisson_tails
from motes.reconstruction.goodness import benjamini_hochberg, observed
from motes.reconstruction.predictive import TIE, Predictive
from problems import GROUPS, NOISES, master_of, patterns_of


def known(master, *, group="C4", noise="bernoulli", good=None, weights=None, n_patterns=10_000):
    """A reconstruction that found the truth."""
    fit = motes.reconstruct(
        Patterns.empty(master.shape, 1), GROUPS[group], NOISES[noise], max_iterations=1, init=master, restarts=1
    )
    weights = fit.weights if weights is None else np.array(weights)
    good = fit.good if good is None else good
    return dataclasses.replace(fit, master=master, weights=weights, good=good, n_patterns=n_patterns)


def portrait(photons=27.4, contrast=1.0, side=25):
    return simulate.scaled(simulate.with_contrast(simulate.portrait(side), contrast), photons)


def drawn(master, n_patterns, *, seed, **options):
    data = simulate.patterns(master, n_patterns, seed=seed, **options)
    return Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=master.shape, n_patterns=n_patterns)


HALF = np.zeros((25, 25), bool)
HALF[:, 9:] = True
CASES = {
    "bernoulli": (portrait(), {}),
    "low contrast": (portrait(contrast=0.2), {}),
    "poisson": (portrait(40.0), {"noise": "poisson"}),
    "mirrors": (portrait(), {"group": "D4"}),
    "few photons": (portrait(4.0), {}),
    "dense": (simulate.scaled(0.25 + 0.5 * simulate.portrait(25), 312.0), {}),
    "masked": (portrait(60.0), {"good": HALF}),
    "weights": (portrait(), {"weights": [0.7, 0.1, 0.15, 0.05]}),
    "masked and weighted": (portrait(60.0), {"good": HALF, "weights": [0.7, 0.1, 0.15, 0.05]}),
}


@pytest.mark.parametrize("case", CASES)
def test_calibrated_where_the_model_is_right(case):
    master, options = CASES[case]
    fit = known(master, **options)
    simulated = {"rotations": options.get("group", "C4"), "noise": options.get("noise", "bernoulli")}
    patterns = drawn(master, 40_000, seed=7, weights=options.get("weights"), **simulated)
    found = goodness_of_fit(fit, patterns)
    assert found.flagged.sum() <= 1
    informed = found.photons > 0
    # 40,000 patterns against as many simulated ones: 1.36 sqrt(2 / 40,000) at 5%; twice that is refused.
    assert stats.kstest(special.ndtr(found.z_deviance[informed]), "uniform").statistic < 0.02
    for rate in (0.1, 0.01, 0.001):
        assert np.mean(found.p_deviance <= rate) == pytest.approx(rate, abs=5 * np.sqrt(2 * rate / 40_000))
        # Counts are whole, so that no p-value can be uniform: it must not be too small too often.
        for valid in (found.p_photons, found.p_value):
            assert np.mean(valid <= rate) < rate + 5 * np.sqrt(rate / 40_000)
    assert found.z_photons.mean() == pytest.approx(0, abs=0.03)
    assert abs(np.corrcoef(found.z_deviance, found.photons)[0, 1]) < 0.05


def test_tails_are_those_of_all_patterns_there_are():
    """512 patterns of 3x3 pixels: every probability by enumeration, down to one in ten million."""
    master = master_of(3, photons=1.2)
    fit = known(master)
    every = np.array(list(itertools.product([0, 1], repeat=9)))
    patterns = Patterns.from_dense(every, shape=(3, 3))
    photons, log_likelihood = observed(fit, patterns)
    templates = motes.C4.expand(master).reshape(4, 9)
    chance = np.mean([np.prod(np.where(every, mu, 1 - mu), axis=1) for mu in templates], axis=0)
    np.testing.assert_allclose(log_likelihood, np.log(chance), atol=1e-4)

    model = Predictive.of(fit, 40_000, seed=1)
    exact = np.bincount(photons, chance, 10)
    few, many = model.photon_tails(np.arange(10))
    np.testing.assert_allclose(few, np.cumsum(exact), rtol=1e-12)
    np.testing.assert_allclose(many, np.cumsum(exact[::-1])[::-1], rtol=1e-12)

    scores = model.by_photons.score(photons, log_likelihood)
    low, high = model.deviance_tails(scores)
    tie = TIE
    exact_low = np.array([chance[scores <= score + tie].sum() for score in scores])
    exact_high = np.array([chance[scores >= score - tie].sum() for score in scores])
    for got, exact in ((low, exact_low), (high, exact_high)):
        deep = exact > 1e-7
        assert deep.sum() > 400
        assert np.median(np.abs(np.log(got[deep] / exact[deep]))) < 0.1
        assert np.max(np.abs(np.log(got[deep] / exact[deep]))) < 1.0


def test_mean_and_spread_given_the_photons_are_those_of_many_patterns():
    master = portrait()
    fit = known(master)
    photons, log_likelihood = observed(fit, drawn(master, 200_000, seed=3))
    model = Predictive.of(fit, 40_000, seed=1)
    for n in (15, 20, 27, 35, 42):
        same = log_likelihood[photons == n]
        mean, spread = model.by_photons.at(np.array([n]))
        assert same.mean() == pytest.approx(mean[0], abs=0.06 * spread[0] + 4 * spread[0] / np.sqrt(same.size))
        assert same.std() == pytest.approx(spread[0], rel=0.04 + 3 / np.sqrt(2 * same.size))


def test_fitted_patterns_are_no_false_alarms():
    for seed in range(3):
        patterns = drawn(portrait(), 10_000, seed=seed)
        assert not goodness_of_fit(motes.reconstruct(patterns), patterns).flagged.any()


def contaminated(kind, n_patterns=20_000, n_bad=200):
    """Patterns of which the first are bad."""
    master = portrait()
    counts = drawn(master, n_patterns, seed=1).to_dense()
    second = drawn(master, n_bad, seed=2).to_dense()
    rng = np.random.default_rng(3)
    if kind == "double hits":
        counts[:n_bad] |= second
    elif kind == "blank":
        counts[:n_bad] = 0
    elif kind == "background":
        counts[:n_bad] |= rng.random(second.shape) < 30 / 625
    elif kind == "no particle":
        counts[:n_bad] = rng.random(second.shape) < 27.4 / 625
    elif kind == "a hot row":
        counts[:n_bad, 0] = 1
    return Patterns.from_dense(counts)


@pytest.mark.parametrize(
    ("kind", "power"),
    [("double hits", 0.6), ("blank", 1.0), ("background", 0.75), ("no particle", 0.04), ("a hot row", 0.4)],
)
def test_power(kind, power):
    """Measured at 27 photons, one pattern in a hundred bad, the master fitted to all of them; see docs/view.md."""
    patterns = contaminated(kind)
    found = goodness_of_fit(motes.reconstruct(patterns), patterns)
    assert found.flagged[:200].mean() >= power
    assert found.flagged[200:].sum() <= 10


def test_wrong_noise():
    """Every photon counted twice: as bright as it should be, but no Poisson pattern."""
    master = portrait(60.0)
    counts = 2 * drawn(master / 2, 2000, seed=1, noise="poisson").to_dense()
    patterns = Patterns.from_dense(counts)
    found = goodness_of_fit(known(master, noise="poisson"), patterns)
    assert found.p_photons.mean() > 0.2
    assert found.flagged.mean() > 0.8


def test_deviance_takes_no_notice_of_brightness():
    """Patterns of half, and of twice the brightness: each is as likely as so many photons are."""
    fit = known(portrait())
    for factor in (0.5, 2.0):
        # Tilted odds, not scaled means: what a Bernoulli pixel does when its photons become more.
        odds = factor * portrait() / (1 - portrait())
        found = goodness_of_fit(fit, drawn(odds / (1 + odds), 5000, seed=4))
        assert np.mean(found.p_deviance <= 0.01) == pytest.approx(0.01, abs=0.007)
        assert found.z_deviance.mean() == pytest.approx(0, abs=0.08)


@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
def test_an_outlier_changes_nothing_for_the_others(noise):
    """A pixel of 100,000 counts, or a frame with every pixel lit."""
    master = portrait()
    good = drawn(master, 2000, seed=5, noise=noise)
    outlier = np.ones((1, 25, 25), int)
    if noise == "poisson":
        outlier[0, 0, 0] = 100_000
    both = Patterns.concatenate([good, Patterns.from_dense(outlier)])
    alone, found = (goodness_of_fit(known(master, noise=noise), patterns) for patterns in (good, both))
    for name in ("z_photons", "z_deviance", "p_photons", "p_deviance", "p_value"):
        np.testing.assert_array_equal(getattr(found, name)[:-1], getattr(alone, name))
    assert found.flagged[-1]
    assert not found.flagged[:-1].any()


def test_very_bright_outliers_are_not_simulated(monkeypatch):
    """A million photons in one pattern: what is drawn follows from the model alone, and holds to its limit."""
    drawn_photons = []
    draw = predictive.draw

    def counted(means, labels, noise, rng):
        keys, multiplicity = draw(means, labels, noise, rng)
        drawn_photons.append(multiplicity.sum())
        return keys, multiplicity

    monkeypatch.setattr(predictive, "draw", counted)
    outlier = np.zeros((1, 9, 9), int)
    outlier[0, 4, 4] = 1_000_000
    assert goodness_of_fit(known(master_of(9), noise="poisson"), Patterns.from_dense(outlier)).flagged[0]
    assert sum(drawn_photons) < predictive.MOST_PHOTONS


@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
def test_numbers_of_photons_are_exact_deep_into_the_tails(noise):
    means = np.full(1000, 0.03)
    photons = np.arange(200)
    exact = stats.binom(1000, 0.03) if noise == "bernoulli" else stats.poisson(30)
    few, many = {"bernoulli": bernoulli_tails, "poisson": poisson_tails}[noise](means, photons)
    np.testing.assert_allclose(few, exact.cdf(photons), rtol=1e-10)
    np.testing.assert_allclose(many, exact.sf(photons - 1), rtol=1e-10)
    _, beyond = bernoulli_tails(means, np.array([290, 500, 1000]))
    assert np.all((beyond > 0) & (beyond < 1e-100))


def test_same_bits_for_any_blocks_and_threads(monkeypatch):
    patterns = patterns_of(master_of(5), 500, noise="poisson")
    fit = motes.reconstruct(patterns, noise=motes.Poisson(), max_iterations=5)
    whole = goodness_of_fit(fit, patterns, n_simulated=2000, threads=1)
    monkeypatch.setattr(blocks, "MOST", 64)
    parts = goodness_of_fit(fit, patterns, n_simulated=2000, threads=2)
    for field in dataclasses.fields(whole):
        np.testing.assert_array_equal(getattr(whole, field.name), getattr(parts, field.name))


def test_counts_above_one_bring_their_factorials():
    master = np.full((2, 2), 0.5)
    _, log_likelihood = observed(known(master, noise="poisson"), Patterns.from_dense([[0, 3, 1, 0], [2, 0, 0, 0]]))
    expected = stats.poisson.logpmf([[0, 3, 1, 0], [2, 0, 0, 0]], 0.5).sum(axis=1)
    np.testing.assert_allclose(log_likelihood, expected, rtol=1e-6)


@pytest.mark.parametrize("side", [1, 2])
@pytest.mark.parametrize("mean", [0.0, 0.3, 1.0])
def test_little_to_tell(side, mean):
    """A flat master says nothing beyond the count; nothing breaks."""
    patterns = Patterns.from_dense(np.random.default_rng(0).random((40, side, side)) < mean)
    found = goodness_of_fit(motes.reconstruct(patterns), patterns, n_simulated=1000)
    assert np.isfinite(found.z_deviance).all()
    assert np.isfinite(found.p_value).all()
    assert not found.flagged.any()


def test_no_patterns():
    fit = known(portrait())
    found = goodness_of_fit(fit, Patterns.empty((25, 25)))
    assert found.p_value.size == 0
    assert "0 of 0 patterns" in repr(found)


def test_benjamini_hochberg_is_its_definition():
    rng = np.random.default_rng(0)
    for _ in range(50):
        p = rng.random(20) ** 3
        ordered = sorted(p)
        most = max((k for k in range(1, 21) if ordered[k - 1] <= 0.1 * k / 20), default=0)
        assert set(np.flatnonzero(benjamini_hochberg(p, 0.1))) == set(np.argsort(p)[:most])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"false_discovery_rate": 0}, ValueError, "false_discovery_rate: expected a positive, finite number, got 0"),
        ({"false_discovery_rate": 1.0}, ValueError, "false_discovery_rate: expected a rate below 1, got 1.0"),
        ({"false_discovery_rate": "x"}, TypeError, "false_discovery_rate: expected a number, got 'x'"),
        ({"n_simulated": 10}, ValueError, "n_simulated: expected 1000 or more, got 10"),
        ({"seed": -1}, ValueError, "seed: expected 0 or more, got -1"),
        ({"n_simulated": 1e4}, TypeError, "n_simulated: expected a whole number"),
    ],
)
def test_refusals(options, error, message):
    fit = known(portrait())
    with pytest.raises(error, match=re.escape(message)):
        goodness_of_fit(fit, Patterns.empty((25, 25), 3), **options)


def test_patterns_must_fit():
    with pytest.raises(TypeError, match=r"reconstruction: expected motes\.Reconstruction, got int"):
        goodness_of_fit(3, Patterns.empty((25, 25)))
    fit = known(portrait())
    with pytest.raises(ValueError, match=r"patterns: expected shape \(25, 25\), got \(3, 3\)"):
        goodness_of_fit(fit, Patterns.empty((3, 3), 3))
    with pytest.raises(ValueError, match="Bernoulli"):
        goodness_of_fit(fit, Patterns.from_dense([[2] + [0] * 624]))
