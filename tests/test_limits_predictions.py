"""Limits: predictions against reconstructions."""

from __future__ import annotations

import numpy as np
import pytest

from motes import C4, Bernoulli, limits, reconstruct
from motes.limits.known import drawn
from problems import GROUPS, NOISES, picture_of

GRID = [
    ("portrait", "C4", "bernoulli", 1.0, 20.0, 300),
    ("portrait", "C4", "bernoulli", 0.5, 20.0, 4000),
    ("portrait", "C4", "bernoulli", 0.3, 20.0, 40_000),
    ("portrait", "C4", "poisson", 1.0, 10.0, 1500),
    ("creature", "C4", "bernoulli", 1.0, 5.0, 6000),
    ("creature", "C4", "bernoulli", 0.5, 20.0, 4000),
    ("creature", "D4", "bernoulli", 1.0, 20.0, 1000),
]


def measured(master, group, noise, n_patterns, n_runs):
    """Root-mean-square error and mean accuracy of reconstructions."""
    errors, accuracies = [], []
    for run in range(n_runs):
        data = drawn(master, group, noise, n_patterns, 1000 + run, None)
        result = reconstruct(data.problem.patterns, group, noise, std_error=False)
        distances = [np.linalg.norm(template - result.master) for template in group.expand(master)]
        turn = int(np.argmin(distances))
        errors.append(distances[turn] / np.linalg.norm(master - master.mean()))
        accuracies.append((group.relabel(data.labels, turn) == result.labels).mean())
    return np.sqrt(np.mean(np.square(errors))), np.mean(accuracies)


@pytest.mark.parametrize(("name", "group", "noise", "contrast", "photons", "n_patterns"), GRID)
def test_predictions_are_measured(name, group, noise, contrast, photons, n_patterns):
    master = picture_of(name, contrast, photons)
    plan = limits.plan(master, n_patterns, GROUPS[group], NOISES[noise])
    error, accuracy = measured(master, GROUPS[group], NOISES[noise], n_patterns, 16)
    assert plan.solvable, plan.reason
    assert error == pytest.approx(plan.bound.relative_error, rel=0.1)
    assert accuracy == pytest.approx(plan.expected_accuracy, abs=0.01)
    assert accuracy < plan.expected_accuracy_known_master + 0.01


@pytest.mark.parametrize(
    ("name", "contrast", "photons", "n_patterns"),
    [("portrait", 0.3, 20.0, 1500), ("creature", 0.5, 20.0, 150), ("creature", 0.3, 10.0, 20_000)],
)
def test_where_reconstruction_fails_the_planner_says_so(name, contrast, photons, n_patterns):
    master = picture_of(name, contrast, photons)
    plan = limits.plan(master, n_patterns)
    error, _ = measured(master, C4, Bernoulli(), n_patterns, 8)
    assert error > 1.1 * plan.bound.relative_error
    assert not plan.solvable
    assert f"not solvable by maximum likelihood from {n_patterns:,} patterns" in plan.reason
    assert np.isnan(plan.expected_accuracy)
    assert plan.expected_accuracy_known_master > 0.25
    assert "not solvable" in repr(plan)
    assert plan.solvable_from > n_patterns


def test_an_error_near_the_bound_is_no_success_where_the_bound_is_beyond_everything():
    """The bound grows without end; the error of an estimate that is noise does not."""
    master = picture_of("portrait", 0.2, 10.0)
    plan = limits.plan(master, 2000)
    error, accuracy = measured(master, C4, Bernoulli(), 2000, 4)
    assert error < plan.bound.relative_error
    assert error > 1
    assert accuracy < 0.3
    assert not plan.solvable
