"""Frames of pixels: moving to the best one never loses likelihood, and finds that of the truth."""

from __future__ import annotations

import numpy as np
import pytest

from mixtures import drawn, random_problem
from motes import Rotations, reconstruct, simulate
from motes.reconstruction.mixture.frames import best_frames, template_order


@pytest.mark.parametrize("noise", ["bernoulli", "poisson", "unequal", "gaussian"])
@pytest.mark.parametrize("seed", range(4))
def test_moving_to_the_best_frame_never_loses_likelihood(noise, seed):
    rng = np.random.default_rng(seed)
    problem = random_problem(
        rng, side=7, n_patterns=60, turns="10", noise="poisson" if noise == "unequal" else noise, classes=2,
        still=seed % 2, masked=True, corrected=True, background=noise != "bernoulli",
        estimate_fluence=noise == "unequal",
    )  # fmt: skip
    scattered = problem.mean_masters * rng.uniform(0.5, 1.5, problem.layout.n_pixels)
    point = problem.evaluate(problem.inside(np.concatenate([scattered, problem.first_rest])), problem.uniform)
    for _ in range(3):
        point = problem.advance(point)
    moved = problem.evaluate(*best_frames(problem, point.master, point.weights))
    assert moved.log_likelihood >= point.log_likelihood - 1e-6
    assert moved.weights.sum() == pytest.approx(1)
    rest = problem.layout.rest  # the masters are the best for these fluences, or this sigma, and for no older ones
    np.testing.assert_array_equal(rest(moved.master), rest(point.em_master))


@pytest.mark.parametrize("mirrored", [False, True])
def test_templates_of_a_turned_master(mirrored):
    turns = Rotations.in_plane(8, mirrored=mirrored)
    master = np.where(turns.support((9, 9)), np.random.default_rng(0).random((9, 9)), 0.0)
    for quarter in range(4):  # turns by which pixels move as wholes
        frame = 2 * quarter
        templates = turns.expand(turns.expand(master)[frame])
        np.testing.assert_allclose(templates, turns.expand(master)[template_order(turns, frame)], atol=1e-12)


def test_the_frame_of_the_truth_is_found():
    turns = Rotations.in_plane(12)
    snail = simulate.scaled(simulate.creature(17, seed=1), 150.0)
    patterns, _ = drawn([snail], turns, 3000, seed=2)
    truth = reconstruct(patterns, turns, "poisson", init=snail, std_error=False)
    found = [reconstruct(patterns, turns, "poisson", seed=seed, std_error=False) for seed in range(3)]
    assert [result.log_likelihood for result in found] == pytest.approx([truth.log_likelihood] * 3, abs=1e-3)
