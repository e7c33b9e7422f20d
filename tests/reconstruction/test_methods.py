"""Ways to climb: none may lose likelihood, and the baselines do what they say."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import gpus
import reference
from motes import C4, D4, Bernoulli, Patterns, Poisson, reconstruct
from motes.reconstruction.em import NOISE, Squarem
from motes.reconstruction.options import HARD
from problems import GROUPS, NOISES, counts_of, master_of, patterns_of, problem_of

UNIFORM = np.full(4, 0.25)


def history_of(result) -> np.ndarray:
    return np.array([record["log_likelihood"] for record in result.history])


@settings(max_examples=150)
@given(
    seed=st.integers(0, 10**6),
    side=st.integers(1, 5),
    n_patterns=st.integers(1, 150),
    group=st.sampled_from(["C1", "C4", "D4"]),
    noise=st.sampled_from(["bernoulli", "poisson"]),
    acceleration=st.sampled_from(["none", "squarem", "fisher", "sampled"]),
    weights=st.sampled_from(["uniform", "estimate"]),
    init=st.sampled_from(["spectral", "mean", "random"]),
    dtype=st.sampled_from([np.float32, np.float64]),
    masked=st.booleans(),
)
def test_the_likelihood_never_falls(seed, side, n_patterns, group, noise, acceleration, weights, init, dtype, masked):
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.uniform(0, 1.5, (side, side)), (n_patterns, side, side))
    patterns = Patterns.from_dense(counts if noise == "poisson" else counts > 0)
    mask = (rng.random((side, side)) < 0.2) & (np.arange(side * side).reshape(side, side) > 0) if masked else None
    result = reconstruct(
        patterns, GROUPS[group], NOISES[noise], acceleration=acceleration, weights=weights, init=init, mask=mask,
        max_iterations=25, seed=seed, std_error=False, dtype=dtype,
    )  # fmt: skip
    # In float32 a pattern's likelihood is right to 3e-5 nats, which hundreds of patterns average out, but not two.
    allowed = 2 * NOISE if dtype is np.float64 else 3e-5
    assert (np.diff(history_of(result)) >= -allowed).all()
    assert result.history[0]["gain"] >= -allowed
    assert np.isfinite(result.master[result.seen]).all()
    assert np.isfinite(history_of(result)).all()


@gpus.each_device
@pytest.mark.parametrize("noise", ["bernoulli", "poisson"])
@pytest.mark.parametrize("group", ["C4", "D4"])
def test_the_log_likelihood_is_that_of_the_mixture(group, noise, device):
    patterns = gpus.there(patterns_of(master_of(4), 200, group=group, noise=noise, seed=1), device)
    for dtype, tolerance in ((np.float64, 1e-9), (np.float32, 2e-6)):
        result = reconstruct(patterns, GROUPS[group], NOISES[noise], weights="estimate", dtype=dtype)
        expected = reference.mixture_log_likelihood(counts_of(patterns), result.master, group, result.weights, noise)
        assert result.log_likelihood == pytest.approx(expected.mean(), abs=tolerance)


@gpus.each_device
def test_one_em_step_is_its_definition(device):
    patterns = gpus.there(patterns_of(master_of(5), 300, seed=2), device)
    bad = np.zeros((5, 5), bool)
    bad[0, 3] = True
    problem = problem_of(patterns, bad=bad, estimate_weights=True)
    master, weights = master_of(5, seed=3), np.array([0.4, 0.3, 0.2, 0.1])
    counts = counts_of(patterns) * ~bad.ravel()
    score = reference.mixture_scores(counts, master, "C4", weights, "bernoulli", ~bad)
    gamma = reference.responsibilities(score)
    photons = sum(reference.turned_home((counts.T @ gamma[:, r]).reshape(5, 5), "C4", r) for r in range(4))
    looks = sum(reference.turned_home(~bad, "C4", r) * gamma[:, r].sum() for r in range(4))
    point = problem.evaluate(master.ravel(), weights)
    np.testing.assert_allclose(point.em_master, (photons / looks).ravel(), rtol=1e-7)
    np.testing.assert_allclose(point.em_weights, gamma.mean(axis=0), rtol=1e-7)
    assert point.log_likelihood == pytest.approx(reference.evidence(score).mean(), abs=1e-9)


@gpus.each_device
def test_all_accelerations_end_at_the_same_maximum(device):
    patterns = gpus.there(patterns_of(master_of(5), 3000, seed=4), device)
    results = [
        reconstruct(patterns, acceleration=acceleration, tolerance=1e-10, dtype=np.float64)
        for acceleration in ("none", None, "squarem", "fisher", "sampled")
    ]
    for one, other in itertools.pairwise(results):
        assert one.converged
        assert one.log_likelihood == pytest.approx(other.log_likelihood, abs=1e-8)
        np.testing.assert_allclose(one.master, other.master, atol=2e-3)
    assert [result.acceleration for result in results] == ["none", "none", "squarem", "fisher", "sampled"]
    assert results[2].sweeps < results[0].sweeps
    assert results[3].sweeps < results[0].sweeps
    assert sum(record["step"].startswith("fisher") for record in results[3].history) >= 2


def test_an_extrapolation_too_far_is_refused():
    climb, refused = Squarem(1e-7), 0
    for seed in range(20):
        problem = problem_of(patterns_of(master_of(4), 60, seed=seed))
        state = climb.begin(problem, problem.evaluate(problem.inside(master_of(4, seed=seed + 1).ravel()), UNIFORM))
        for _ in range(6):
            after = climb.step(problem, replace(state, memory=state.memory | {"longest": np.array(1e6)}))
            assert after.point.log_likelihood >= state.point.log_likelihood - NOISE
            assert after.gain == after.point.log_likelihood - state.point.log_likelihood
            refused += "refused" in after.step
            state = after
    assert refused


def test_at_the_maximum_the_score_vanishes():
    patterns = patterns_of(master_of(4), 1000, seed=5)
    result = reconstruct(patterns, tolerance=1e-13, max_iterations=5000, dtype=np.float64)
    scores = reference.numerical_scores(counts_of(patterns), result.master, "C4", np.full(4, 0.25), "bernoulli")
    spread = scores.std(axis=0) / np.sqrt(len(scores))
    np.testing.assert_allclose(scores.mean(axis=0) / spread, 0, atol=2e-2)


@gpus.each_device
@pytest.mark.parametrize("init", ["spectral", "mean", "random", "array"])
@pytest.mark.parametrize("method", ["em", "hard-em", "l2-em", "sgd"])
@pytest.mark.parametrize(("group", "noise"), [(C4, Bernoulli()), (D4, Poisson())])
def test_every_method_from_every_start(method, init, group, noise, device):
    master = master_of(5, photons=10.0)
    patterns = gpus.there(patterns_of(master, 400, group=group.name, noise=noise.name, seed=6), device)
    start = master if init == "array" else init
    result = reconstruct(patterns, group, noise, method=method, init=start, max_iterations=8, batch=50)
    assert (result.method, result.init) == (method, init)
    assert np.isfinite(result.master).all()
    assert (result.master > 0).all()
    if method not in HARD:
        assert np.isfinite(result.std_error).all()
        assert (result.std_error > 0).all()
    assert result.labels.shape == (400,)
    assert result.labels[0] == 0
    np.testing.assert_array_equal(result.counts, np.bincount(result.labels, minlength=group.n))
    assert result.weights.sum() == pytest.approx(1)


@gpus.each_device
@given(seed=st.integers(0, 10**6))
def test_l2_em_is_the_seeds_algorithm_1(seed, device):
    images = patterns_of(master_of(9, photons=35.0), 12, seed=seed).to_dense()
    model, closest = reference.algorithm_1(images.astype(float))
    assume(closest > 1e-6)
    result = reconstruct(gpus.there(Patterns.from_dense(images), device), method="l2-em", dtype=np.float64)
    assert (result.init, result.iterations, result.converged) == ("mean", 5, True)
    distance = np.abs(reference.templates(model, "C4") - result.master).max(axis=(1, 2))
    assert distance.min() < 2e-3 / 12  # but for the free global turn; means are kept a thousandth of a photon from 0


def test_hard_em_gives_each_pattern_to_its_best_orientation():
    patterns = patterns_of(master_of(4, photons=8.0), 300, seed=7)
    result = reconstruct(patterns, method="hard-em", dtype=np.float64, max_iterations=200)
    assert result.converged
    assert (np.diff(history_of(result)) >= -NOISE).all()
    counts = counts_of(patterns)
    score = reference.mixture_scores(counts, result.master, "C4", np.full(4, 0.25), "bernoulli")
    labels = score.argmax(axis=1)
    photons = sum(reference.turned_home(counts[labels == r].sum(axis=0).reshape(4, 4), "C4", r) for r in range(4))
    np.testing.assert_allclose(result.master, photons / 300, atol=1e-5)


@pytest.mark.parametrize("hard", [False, True])
def test_sgd_comes_near_the_maximum(hard):
    patterns = patterns_of(master_of(6, photons=12.0), 4000, seed=8)
    best = reconstruct(patterns)
    result = reconstruct(patterns, method="sgd", hard=hard, seed=3)
    assert result.iterations <= 10
    assert best.log_likelihood - result.log_likelihood < (0.02 if hard else 0.001)
    assert ((result.master > 0) & (result.master < 1)).all()


def test_sgd_converged_only_if_the_last_epoch_was_kept_and_won_little():
    patterns = patterns_of(master_of(6, photons=12.0), 4000, seed=8)
    result = reconstruct(patterns, method="sgd", seed=3)
    assert result.converged
    assert result.iterations == 10
    short = reconstruct(patterns, method="sgd", epochs=1)
    assert not short.converged
    assert short.notes[0].startswith("not converged after 1 ")
    taken_back = reconstruct(patterns, method="sgd", rate=1e3, decay=1e-9, epochs=3)
    assert "taken back" in taken_back.history[-1]["step"]
    assert not taken_back.converged


def test_sgd_takes_back_an_epoch_that_loses():
    patterns = patterns_of(master_of(6, photons=12.0), 4000, seed=8)
    best = reconstruct(patterns)
    result = reconstruct(patterns, method="sgd", rate=6.0, epochs=14)
    assert any("taken back" in record["step"] for record in result.history)
    assert (np.diff(history_of(result)) >= -1e-3).all()
    assert best.log_likelihood - result.log_likelihood < 0.001
