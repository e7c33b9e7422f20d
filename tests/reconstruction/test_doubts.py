"""Fits that end well and should be doubted say so; others do not."""

from __future__ import annotations

import numpy as np
import pytest

import reference
from motes import C1, C4, D4, Patterns, Poisson, reconstruct, simulate
from motes.reconstruction import options
from motes.reconstruction.doubts import own_error
from motes.reconstruction.evidence import evidence, evidence_of_noise
from problems import GROUPS, NOISES, counts_of, master_of, patterns_of, problem_of

NO_PICTURE = "does not tell a picture from its rotation-symmetric mean"


def noted(result, text):
    return any(text in note for note in result.notes)


def task_7(contrast, seed=0, n_patterns=None):
    drawn = simulate.task_patterns(7, contrast=contrast, seed=seed, n_patterns=n_patterns)
    return Patterns.from_coo(drawn.rows, drawn.cols, shape=(25, 25), n_patterns=drawn.n_patterns)


@pytest.mark.parametrize(("group", "noise"), [("C4", "bernoulli"), ("D4", "poisson")])
@pytest.mark.parametrize("masked", [False, True])
def test_evidence_is_its_definition(group, noise, masked):
    """Twice the likelihood of the fit, pattern by pattern, less that of the mean over all turns."""
    patterns = patterns_of(master_of(5), 400, group=group, noise=noise, seed=1)
    bad = np.zeros((5, 5), bool)
    bad[0, 1] = bad[2, 2] = masked
    result = reconstruct(patterns, GROUPS[group], NOISES[noise], mask=bad, dtype=np.float64, std_error=False)
    counts, good = counts_of(patterns) * ~bad.ravel(), ~bad
    turns = reference.templates(counts.sum(axis=0).reshape(5, 5), group)
    looks = reference.templates(good.astype(float), group)
    mean = turns.sum(axis=0) / np.maximum(looks.sum(axis=0), 1) / len(patterns)
    mean[~result.seen] = 0.5
    n = len(turns)
    fit = reference.evidence(
        reference.mixture_scores(counts, np.nan_to_num(result.master, nan=0.5), group, result.weights, noise, good)
    )
    symmetric = reference.evidence(reference.mixture_scores(counts, mean, group, np.full(n, 1 / n), noise, good))
    assert result.evidence == pytest.approx(2 * (fit.sum() - symmetric.sum()), abs=1e-5)


def test_no_symmetric_master_is_likelier_than_the_mean():
    problem = problem_of(patterns_of(master_of(5), 400, seed=2))
    rng = np.random.default_rng(0)
    assert evidence(problem, problem.evaluate(problem.mean_master, problem.uniform).log_likelihood) == pytest.approx(0)
    for _ in range(20):
        other = problem.mean_master * (1 + 0.05 * C4.expand(rng.standard_normal((5, 5))).mean(axis=0).ravel())
        assert evidence(problem, problem.evaluate(other, problem.uniform).log_likelihood) < 0


@pytest.mark.parametrize("contrast", [0, 0.05])
def test_data_without_a_picture_are_told(contrast):
    result = reconstruct(task_7(contrast))
    assert result.evidence < result.evidence_of_noise
    assert noted(result, NO_PICTURE)


@pytest.mark.parametrize("seed", range(3))
def test_a_faint_picture_is_no_noise(seed):
    result = reconstruct(task_7(0.2, seed))
    assert result.evidence > 1.3 * result.evidence_of_noise
    assert not noted(result, NO_PICTURE)


@pytest.mark.parametrize(
    ("side", "n_patterns", "photons", "group", "noise"),
    [(5, 3000, 8, "C4", "bernoulli"), (9, 300, 3, "C4", "bernoulli"), (9, 2000, 20, "D4", "poisson")],
)
def test_noise_seldom_wins_more_than_it_may(side, n_patterns, photons, group, noise):
    master = np.full((side, side), photons / side**2)
    wins = []
    for seed in range(20):
        patterns = patterns_of(master, n_patterns, group=group, noise=noise, seed=seed)
        result = reconstruct(patterns, GROUPS[group], NOISES[noise], std_error=False, seed=seed)
        wins.append(result.evidence / result.evidence_of_noise)
    assert sum(win > 1 for win in wins) <= 1
    assert np.median(wins) > 0.35  # the bound is no wider than it must be


def test_nothing_is_said_where_rotations_tie_no_pixels():
    assert evidence_of_noise(problem_of(patterns_of(master_of(5), 10, group="C1"), group="C1")) == 0
    assert not noted(reconstruct(task_7(1, n_patterns=200), C1), NO_PICTURE)


@pytest.mark.parametrize("group", ["C4", "D4"])
def test_the_own_error_is_its_definition(group):
    problem = problem_of(patterns_of(master_of(5), 50, group=group), group=group)
    rng = np.random.default_rng(0)
    master, error = rng.random((2, 25))
    mean = np.mean([turn.ravel() for turn in reference.templates(master.reshape(5, 5), group)], axis=0)
    assert own_error(problem, master, error) == pytest.approx(np.linalg.norm(error) / np.linalg.norm(master - mean))
    assert np.isnan(own_error(problem, np.ones(25), error))


def test_an_error_as_large_as_the_picture_is_told():
    few, many = (reconstruct(task_7(1, n_patterns=n)) for n in (600, 20_000))
    assert noted(few, "of what changes when the picture is turned")
    assert not noted(many, "of what changes when the picture is turned")
    assert repr(few).endswith(f", {len(few.notes)} note{'s' * (len(few.notes) > 1)})")
    assert "note" not in repr(many)


def test_starts_that_disagree_are_told():
    apart = reconstruct(task_7(0, n_patterns=2000), init="random", restarts=2)
    assert apart.agreement < 0.9
    assert noted(apart, "least correlation with the best is")
    assert not noted(reconstruct(task_7(1, n_patterns=5000), restarts=2), "least correlation")


@pytest.mark.parametrize("asked", [{"method": "hard-em"}, {"method": "l2-em"}, {"method": "sgd", "hard": True}])
def test_hard_assignment_has_no_error_bars(asked):
    result = reconstruct(task_7(1, n_patterns=1000), weights="estimate", max_iterations=3, epochs=2, **asked)
    assert np.isnan(result.std_error).all()
    assert np.isnan(result.weights_std_error).all()
    assert np.isnan([result.error_bound, result.missing_information]).all()
    assert noted(result, "hard assignment is biased")
    assert repr(result).count("\n") == 0
    assert set(options.HARD) < set(options.METHODS)


def test_dark_last_lines_are_told():
    """Data of 25x25 pixels read as 26x26."""
    counts = counts_of(task_7(1, n_patterns=2000))
    images = np.zeros((2000, 26 * 26), int)
    images[:, :625] = counts
    assert noted(reconstruct(Patterns.from_dense(images)), "the last row caught no photon, and the first did")
    turned = images.reshape(-1, 26, 26)
    turned[:, 24, 0] = 0
    sideways = reconstruct(Patterns.from_dense(turned.transpose(0, 2, 1)))
    assert noted(sideways, "the last 2 columns caught no photon, and the first did: is the shape right?")


def test_a_dark_frame_is_no_reason_for_doubt():
    framed = np.zeros((2000, 9, 9), int)
    framed[:, 1:-1, 1:-1] = patterns_of(master_of(7), 2000, seed=3).to_dense()
    assert not reconstruct(Patterns.from_dense(framed)).notes


def test_patterns_that_are_not_turned_are_told():
    upright = np.random.default_rng(0).random((3000, 7, 7)) < master_of(7, photons=22.0)
    assert noted(reconstruct(Patterns.from_dense(upright.astype(int))), "of the labels are the same")
    assert not reconstruct(patterns_of(master_of(7, photons=10.0), 3000, seed=1)).notes


def test_patterns_without_photons_are_told_with_their_label():
    counts = counts_of(patterns_of(master_of(7, photons=10.0), 3000, seed=1)).copy()
    counts[1000:] = 0
    result = reconstruct(Patterns.from_dense(counts))
    label = result.labels[-1]
    assert (result.labels[1000:] == label).all()
    assert noted(result, f"2,000 patterns without photons tell no orientation; they are counted as label {label}")
    assert not noted(reconstruct(Patterns.from_dense(counts[:1000])), "without photons")


def test_one_pattern_is_told():
    result = reconstruct(patterns_of(master_of(5), 1, seed=1))
    assert result.notes[0].startswith("one pattern: the master is that pattern")
    assert not noted(result, NO_PICTURE)


def test_no_nats_are_not_less_than_none():
    assert not noted(reconstruct(Patterns.from_dense([[1, 0, 0, 0]] * 8)), "-0 nats")


@pytest.mark.parametrize("rotations", [C1, C4, D4])
def test_no_photons_are_told(rotations):
    assert reconstruct(Patterns.empty((5, 5)), rotations).notes[0].startswith("no patterns: the master only holds")
    for noise in (None, Poisson()):
        dark = reconstruct(Patterns.empty((5, 5), 30), rotations, noise)
        assert dark.notes[0].startswith("no photons: the master is dark")
        assert not noted(dark, NO_PICTURE)
