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


def problem_of(patterns, turns=TURNS) -> MixtureProblem:
    detector = Detector.from_mask(np.zeros(patterns.shape, int))
    return MixtureProblem(patterns, (turns,), NOISES["poisson"], detector, False, True, 1.0, np.float32, 1)


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


FEW = Rotations.in_plane(36)


def ten_faint_patterns():
    return drawn([simulate.scaled(simulate.portrait(24), 300.0 * 4 / np.pi)], FEW, 10, seed=1)[0]


def test_masters_are_shaken_out_of_what_turns_hardly_change():
    """Through the same powers, given as a list, every start comes to one and the same picture of little information."""
    patterns = ten_faint_patterns()
    powers = powers_of_data(problem_of(patterns, FEW), 0)
    asked = {"init": "random", "tolerance": 1e-5, "std_error": False}
    for seed in range(3):
        shaken = reconstruct(patterns, FEW, "poisson", beta="auto", seed=seed, **asked)
        left = reconstruct(patterns, FEW, "poisson", beta=powers, seed=seed, **asked)
        assert left.information < 2.5
        assert shaken.information > 3.5  # ln 36 = 3.58
        assert shaken.log_likelihood > left.log_likelihood + 30


def test_each_start_is_shaken_in_its_own_way_and_again_when_resumed(tmp_path):
    patterns = ten_faint_patterns()
    asked = {"init": "random", "tolerance": 1e-4, "std_error": False, "beta": "auto", "restarts": 2}
    whole = reconstruct(patterns, FEW, "poisson", **asked)
    stops = iter([False] * 100 + [True])  # in the second start
    kept = {"checkpoint": tmp_path / "kept.npz"}
    reconstruct(patterns, FEW, "poisson", callback=lambda record: next(stops), **asked, **kept)
    resumed = reconstruct(patterns, FEW, "poisson", resume=True, **asked, **kept)
    assert {record["restart"] for record in resumed.history} == {0, 1}
    np.testing.assert_array_equal(resumed.masters, whole.masters)
    assert [record["log_likelihood"] for record in resumed.history] == [
        record["log_likelihood"] for record in whole.history
    ]
