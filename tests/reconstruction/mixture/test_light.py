"""`reconstruct` of unequal fluences, of dense patterns, and with pixels that are merged only."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motes import (
    C4,
    DensePatterns,
    Detector,
    Gaussian,
    MixtureReconstruction,
    Patterns,
    Rotations,
    reconstruct,
    simulate,
)

SIDE, N = 9, 800
MASTER = simulate.scaled(simulate.portrait(SIDE), 60.0)
TURNS = Rotations.in_plane(8)


def drawn(turns=C4, n=N, **options):
    """Patterns of the portrait, and the truth."""
    truth = simulate.mixture([turns.expand(MASTER)], n, seed=1, **options)
    if truth.values is not None:
        return DensePatterns(truth.values), truth
    return Patterns.from_coo(truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=n), truth


def accuracy(result, truth, n):
    return max(np.mean((result.labels[:, 1] - truth.rotations - k) % n == 0) for k in range(n))


@pytest.fixture(scope="module")
def unequal():
    patterns, truth = drawn(TURNS, fluence_spread=0.5)
    return patterns, truth, reconstruct(patterns, TURNS, "poisson", fluence="estimate", init="random", restarts=3)


def test_fluences_are_found_with_the_errors_that_are_told(unequal):
    patterns, truth, result = unequal
    assert result.converged
    assert result.fluence.mean() == pytest.approx(1)
    z = (result.fluence - truth.fluence) / result.fluence_std_error(patterns)
    assert 0.9 < np.sqrt((z**2).mean()) < 1.12
    assert accuracy(result, truth, 8) > 0.65
    told = [record["log_likelihood"] for record in result.history if record["restart"] == 0]
    assert (np.diff(told) > -1e-7).all()  # scores in single precision


def test_patterns_of_later_get_fluences_of_their_own(unequal):
    patterns, _, result = unequal
    found = result.assign(patterns)
    np.testing.assert_array_equal(found.labels, result.labels)
    assert found.log_likelihood.mean() == pytest.approx(result.log_likelihood, abs=1e-5)
    gamma = result.responsibilities(patterns[:50])
    np.testing.assert_allclose(gamma.sum(axis=1), 1, rtol=1e-5)
    with pytest.raises(ValueError, match="patterns: expected the 800 that were fitted, got 50"):
        result.fluence_std_error(patterns[:50])


def test_fluences_are_saved(unequal, tmp_path):
    result = unequal[2]
    result.save(tmp_path / "a.npz")
    again = MixtureReconstruction.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(again.fluence, result.fluence)


def test_known_fluences_are_better_than_none_and_scale_nothing():
    patterns, truth = drawn(fluence_spread=0.6)
    known = reconstruct(patterns, C4, "poisson", fluence=7.0 * truth.fluence, init=MASTER)
    np.testing.assert_allclose(known.fluence, truth.fluence)
    equal = reconstruct(patterns, C4, "poisson", classes=1, class_weights="uniform", init=MASTER)
    assert known.log_likelihood > equal.log_likelihood + 1
    assert known.master.sum() == pytest.approx(60, rel=0.02)


def test_a_background_is_taken_out_of_master_and_fluences():
    patterns, truth = drawn(n=400, fluence_spread=0.4, background=0.3)
    detector = Detector.from_mask(np.zeros((SIDE, SIDE), int), background=0.3)
    result = reconstruct(
        patterns, C4, "poisson", fluence="estimate", detector=detector, init=MASTER, acceleration="squarem"
    )
    assert result.master.sum() == pytest.approx(60, rel=0.03)
    z = (result.fluence - truth.fluence) / result.fluence_std_error(patterns)
    assert 0.88 < np.sqrt((z**2).mean()) < 1.15


def test_the_number_of_threads_changes_nothing(monkeypatch):
    monkeypatch.setattr("motes.reconstruction.mixture.fluence.AT_ONCE", 1000)
    monkeypatch.setattr("motes.reconstruction.mixture.gaussian.AT_ONCE", 5000)
    for patterns in (drawn(fluence_spread=0.4)[0], drawn(noise="gaussian", sigma=0.5)[0]):
        asked = {"init": "random", "max_iterations": 3, "classes": 2}
        if isinstance(patterns, Patterns):
            asked |= {"noise": "poisson", "fluence": "estimate"}
        one, three = (reconstruct(patterns, C4, threads=threads, **asked) for threads in (1, 3))
        np.testing.assert_array_equal(one.masters, three.masters)
        np.testing.assert_array_equal(one.labels, three.labels)
        assert one.log_likelihood == three.log_likelihood


@pytest.mark.parametrize("init", ["spectral", "random"])
@pytest.mark.parametrize("turns", [C4, TURNS])
def test_dense_patterns_and_their_sigma(turns, init, tmp_path):
    patterns, truth = drawn(turns, noise="gaussian", sigma=0.6)
    result = reconstruct(patterns, turns, init=init, restarts=2)
    assert result.converged
    assert accuracy(result, truth, turns.n) > 0.85
    looks = N * turns.support(patterns.shape).sum()
    assert result.noise.sigma == pytest.approx(0.6, rel=5 / np.sqrt(looks))
    found = result.assign(patterns)
    np.testing.assert_array_equal(found.labels, result.labels)
    assert found.log_likelihood.mean() == pytest.approx(result.log_likelihood, abs=1e-6)
    result.save(tmp_path / "a.npz")
    again = MixtureReconstruction.load(tmp_path / "a.npz")
    assert again.noise == result.noise
    np.testing.assert_array_equal(again.masters, result.masters)
    assert "photons" not in repr(result)


def test_a_known_sigma_is_kept():
    patterns, _ = drawn(noise="gaussian", sigma=0.6)
    result = reconstruct(patterns, C4, Gaussian(0.5), init=MASTER)
    assert result.noise == Gaussian(0.5)


def test_a_dense_run_is_resumed_with_the_bits_of_an_uninterrupted_one(tmp_path):
    patterns, _ = drawn(noise="gaussian", sigma=1.5, n=200)
    asked = {"init": "random", "tolerance": 1e-9}
    whole = reconstruct(patterns, C4, **asked)
    path = tmp_path / "a.npz"
    assert reconstruct(patterns, C4, checkpoint=path, callback=lambda r: r["iteration"] == 2, **asked).interrupted
    resumed = reconstruct(patterns, C4, checkpoint=path, resume=True, **asked)
    np.testing.assert_array_equal(resumed.masters, whole.masters)
    assert resumed.noise == whole.noise


@pytest.mark.parametrize("fluence", ["uniform", "estimate"])
def test_merged_pixels_enter_the_master_and_tell_no_orientation(fluence):
    """A corner with a beacon: it would give all orientations away, if they were told from it."""
    levels = np.zeros((SIDE, SIDE), int)
    levels[0, 0] = 1
    master = 0 * MASTER + 0.5
    master[0, 0] = 50.0
    truth = simulate.mixture([C4.expand(master)], 400, seed=2)
    patterns = Patterns.from_coo(truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=400)
    asked = {"init": master, "fluence": fluence, "max_iterations": 5}
    blind = reconstruct(patterns, C4, "poisson", detector=Detector.from_mask(levels), **asked)
    corner = patterns.total_image()[0, 0] / 400
    assert accuracy(blind, truth, 4) > 0.7  # the other three corners are good, and see it in three of four turns
    assert any("merged, but no orientation told from them" in note for note in blind.notes)
    hidden = np.ones((SIDE, SIDE), int)
    hidden[2:7, 2:7] = 0
    told = reconstruct(patterns, C4, "poisson", detector=Detector.from_mask(hidden), **asked)
    gamma = told.responsibilities(patterns)
    assert gamma.max() < 0.95  # the flat middle tells next to nothing
    assert not np.isnan(told.master).any()
    assert corner > 5


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fluence": "often"}, "fluence: expected one of uniform, estimate, got 'often'"),
        ({"fluence": "estimate", "noise": "bernoulli"}, "fluence: patterns of unequal fluence need Poisson"),
        ({"fluence": np.zeros(N)}, "fluence: pattern 0 has 0, expected a positive"),
        ({"fluence": np.ones(3)}, "fluence: expected one for each of 800 patterns, got shape (3,)"),
        ({"noise": Gaussian(1.0)}, "noise: Gaussian noise is for motes.DensePatterns"),
    ],
)
def test_what_is_refused_of_counts(options, message):
    patterns = drawn()[0].binarised()
    with pytest.raises(ValueError, match=re.escape(message)):
        reconstruct(patterns, C4, **({"noise": "poisson"} | options))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"noise": "poisson"}, "noise: dense patterns need motes.Gaussian(), got poisson"),
        ({"binarise": True}, "binarise: is for patterns of photons, got dense ones"),
        ({"fluence": "estimate"}, "fluence: patterns of unequal fluence need Poisson"),
        ({"method": "sgd"}, "method: sgd is for exact rotations of one master"),
    ],
)
def test_what_is_refused_of_dense_patterns(options, message):
    patterns, _ = drawn(noise="gaussian", sigma=0.6, n=20)
    with pytest.raises(ValueError, match=re.escape(message)):
        reconstruct(patterns, C4, **options)
