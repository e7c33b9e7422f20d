"""M steps: none loses likelihood, and through permutations all are the weighted average."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mixtures import map_named, random_problem
from motes import C1, C4, D4, Detector
from motes.reconstruction.mixture.steps import m_step

# Sums of the kernel are rounded to 2^-30 of a responsibility, and means kept a thousandth of a photon from 0.
ROUNDING = 1e-6


@settings(max_examples=200)
@given(
    seed=st.integers(0, 10**6),
    side=st.integers(3, 5),
    n_patterns=st.integers(1, 40),
    turns=st.sampled_from(["C1", "C4", "D4", "5", "8", "random"]),
    noise=st.sampled_from(["bernoulli", "poisson", "unequal", "gaussian"]),
    classes=st.integers(1, 3),
    still=st.integers(0, 1),
    masked=st.booleans(),
    corrected=st.booleans(),
    background=st.booleans(),
    beta=st.sampled_from([0.1, 0.5, 1.0]),
)
def test_the_likelihood_never_falls(
    seed, side, n_patterns, turns, noise, classes, still, masked, corrected, background, beta
):
    rng = np.random.default_rng(seed)
    problem = random_problem(
        rng, side=side, n_patterns=max(n_patterns, 2) if noise == "gaussian" else n_patterns, turns=turns,
        noise="poisson" if noise == "unequal" else noise,
        classes=classes, still=still, masked=masked, corrected=corrected, beta=beta,
        background=background and noise != "bernoulli", estimate_fluence=noise == "unequal",
    )  # fmt: skip
    scattered = problem.mean_masters * rng.uniform(0.5, 1.5, problem.layout.n_pixels)
    start = problem.inside(np.concatenate([scattered, problem.first_rest]))
    point = problem.evaluate(start, problem.uniform)
    for _ in range(8):
        after = problem.advance(point)
        assert after.log_likelihood >= point.log_likelihood - ROUNDING
        point = after
    assert np.isfinite(point.master).all()


@pytest.mark.parametrize("noise", ["bernoulli", "poisson", "gaussian"])
@pytest.mark.parametrize("turns", [C1, C4, D4])
def test_through_a_permutation_the_step_is_the_weighted_average(noise, turns):
    rng = np.random.default_rng(1)
    weights = rng.uniform(1, 5, turns.n)
    planes = rng.uniform(0, 1, (turns.n, 4, 4)) * weights[:, None, None]
    detector = Detector.from_mask(rng.integers(0, 3, (4, 4)))
    before = rng.uniform(0.1, 0.9, (4, 4))
    after = m_step(noise)(turns, detector, planes, weights, before)
    merged = np.broadcast_to(detector.merged, planes.shape)
    looks = turns.back_rotate(merged * weights[:, None, None])
    average = turns.back_rotate(planes * merged) / np.where(looks > 0, looks, 1)
    np.testing.assert_allclose(after, np.where(looks > 0, average, before), rtol=1e-9)


def expected(noise, turns, detector, planes, weights, master) -> float:
    """What a step raises: the docstring of `steps.py`."""
    means = detector.correction * turns.expand(master)
    means = means if detector.background is None else means + detector.background
    patterns = weights[:, None, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = {
            "poisson": planes * np.log(means) - patterns * means,
            "bernoulli": planes * np.log(means) + (patterns - planes) * np.log1p(-means),
            "gaussian": planes * means - patterns * means**2 / 2,
        }[noise]
    return float(np.where(detector.merged & turns.covered, terms, 0).sum())


@pytest.mark.parametrize("noise", ["bernoulli", "poisson", "gaussian"])
@pytest.mark.parametrize("seed", range(10))
def test_a_step_raises_what_is_expected_of_the_log_likelihood(noise, seed):
    rng = np.random.default_rng(seed)
    turns = map_named("random", 3, rng)
    weights = rng.uniform(1, 5, turns.n)
    planes = rng.uniform(0, 1, (turns.n, 3, 3)) * weights[:, None, None]
    correction = rng.uniform(0.5, 1.0 if noise == "bernoulli" else 2.0, (3, 3))
    background = None if noise == "bernoulli" else rng.uniform(0, 0.2, (3, 3))
    levels = rng.integers(0, 3, (3, 3)) * (np.arange(9) > 0).reshape(3, 3)
    detector = Detector.from_mask(levels, correction, background)
    master, won = rng.uniform(0.1, 0.9, (3, 3)), []
    for _ in range(4):
        before, master = master, m_step(noise)(turns, detector, planes, weights, master)
        won.append(
            expected(noise, turns, detector, planes, weights, master)
            - expected(noise, turns, detector, planes, weights, before)
        )
    assert won[0] > 0.01
    assert min(won) >= -1e-11
