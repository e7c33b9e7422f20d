"""On data enough for the theory: the error meets the Cramer-Rao bound, and error bars cover the truth."""

from __future__ import annotations

import numpy as np
import pytest

from motes import C4, Reconstruction, reconstruct, simulate
from problems import patterns_of

SEEDS = (0, 1, 2)
SIDE, N_PATTERNS, PHOTONS = 11, 20_000, 27.0


@pytest.fixture(scope="module")
def truth() -> np.ndarray:
    return simulate.scaled(simulate.portrait(SIDE), PHOTONS)


@pytest.fixture(scope="module")
def results(truth) -> list[Reconstruction]:
    return [reconstruct(patterns_of(truth, N_PATTERNS, seed=seed), seed=seed) for seed in SEEDS]


def turned_to(truth: np.ndarray, result: Reconstruction) -> np.ndarray:
    """The truth, turned as the result is."""
    return min(
        (C4.turn_master(truth, r) for r in range(4)), key=lambda image: float(((image - result.master) ** 2).sum())
    )


def test_the_error_meets_the_bound(truth, results):
    contrast = np.linalg.norm(truth - truth.mean())
    for result in results:
        assert result.converged
        error = np.linalg.norm(turned_to(truth, result) - result.master) / contrast
        assert 0.8 < error / result.error_bound < 1.25


def test_error_bars_cover_the_truth(truth, results):
    z = np.stack([(turned_to(truth, result) - result.master) / result.std_error for result in results])
    assert 0.60 < (np.abs(z) < 1).mean() < 0.76
    assert 0.9 < (np.abs(z) < 2).mean() < 0.99


def test_labels_are_as_good_as_their_probabilities(truth, results):
    for seed, result in zip(SEEDS, results, strict=True):
        labels = simulate.patterns(truth, N_PATTERNS, seed=seed).labels
        turn = next(r for r in range(4) if np.array_equal(C4.turn_master(truth, r), turned_to(truth, result)))
        patterns = patterns_of(truth, N_PATTERNS, seed=seed)
        promised = result.responsibilities(patterns).max(axis=1).mean()
        accuracy = (C4.relabel(labels, turn) == result.labels).mean()
        assert accuracy == pytest.approx(promised, abs=0.02)


def test_weights_are_estimated_within_their_errors(truth):
    """Three of four patterns upright: the estimate turns with the first pattern, the weights with it."""
    data = simulate.patterns(truth, 4 * N_PATTERNS, seed=5)
    upright = np.flatnonzero(data.labels == 0)
    chosen = np.sort(np.concatenate([upright[: N_PATTERNS // 2], np.flatnonzero(data.labels)[: N_PATTERNS // 2]]))
    patterns = patterns_of(truth, 4 * N_PATTERNS, seed=5)[chosen]
    result = reconstruct(patterns, weights="estimate")
    turn = next(r for r in range(4) if np.array_equal(C4.turn_master(truth, r), turned_to(truth, result)))
    true_weights = np.bincount(C4.relabel(data.labels[chosen], turn), minlength=4) / len(chosen)
    assert (np.abs(result.weights - true_weights) < 5 * result.weights_std_error).all()
    assert (result.weights_std_error > 0).all()
    assert (result.weights_std_error < 0.02).all()
