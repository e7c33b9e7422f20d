"""Annealing: where it begins, and a start that sticks without it."""

from __future__ import annotations

import numpy as np
import pytest

from mixtures import NOISES, drawn, random_problem
from motes import Detector, Rotations, reconstruct, simulate
from motes.reconstruction.mixture.annealing import RATIO, powers_of_data
from motes.reconstruction.mixture.problem import MixtureProblem

SIDE, N_ANGLES = 32, 60
TURNS = Rotations.in_plane(N_ANGLES)


def few_bright_patterns(photons: float = 1000.0, n_patterns: int = 30):
    return drawn([simulate.scaled(simulate.portrait(SIDE), photons * 4 / np.pi)], TURNS, n_patterns, seed=1)


def problem_of(patterns) -> MixtureProblem:
    detector = Detector.from_mask(np.zeros((SIDE, SIDE), int))
    return MixtureProblem(patterns, (TURNS,), NOISES["poisson"], detector, False, True, 1.0, np.float32, 1)


def test_it_begins_where_templates_differ_by_about_a_nat():
    dim, bright = (powers_of_data(problem_of(few_bright_patterns(photons, 2000)[0]), 0) for photons in (100.0, 1000.0))
    assert dim[-1] == bright[-1] == 1
    for powers in (dim, bright):
        steps = np.diff(np.log(powers))
        assert (steps >= 0).all()
        assert steps.max() <= np.log(RATIO) + 1e-9
    # lambda - 1 is in proportion to the photons.
    excess = [1.3 / powers[0] - 1 for powers in (dim, bright)]
    assert excess[1] / excess[0] == pytest.approx(10, rel=0.1)


def test_noise_without_a_picture_needs_little_of_it():
    rng = np.random.default_rng(0)
    problem = random_problem(rng, side=5, n_patterns=400, turns="8", noise="poisson", classes=1)
    assert powers_of_data(problem, 0)[0] > 0.5


def angles_told_right(result, labels) -> float:
    """Share of the patterns whose angle is right, after the best common turn."""
    return np.bincount((result.labels[:, 1] - labels[:, 1]) % N_ANGLES).max() / len(labels)


def test_a_start_that_sticks_does_not_with_annealing():
    patterns, labels = few_bright_patterns()
    stuck, annealed = (
        reconstruct(patterns, TURNS, "poisson", init="random", seed=11, tolerance=1e-5, beta=beta)
        for beta in (1.0, "auto")
    )
    assert angles_told_right(stuck, labels) < 0.8
    assert angles_told_right(annealed, labels) == 1
    assert annealed.log_likelihood > stuck.log_likelihood + 10
    assert annealed.history[0]["step"].startswith("beta 0.")
