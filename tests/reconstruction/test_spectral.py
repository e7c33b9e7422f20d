"""The spectral start's directions where one difference of the templates drowns all others."""

import numpy as np
import pytest

from motes import C4, Patterns, Poisson
from motes.reconstruction import spectral
from motes.reconstruction.problem import Problem


def nearly_symmetric(side, mean, contrast, rng):
    """A master that a quarter turn changes much, and half a turn by no more than the noise."""
    turned = C4.expand(rng.standard_normal((side, side)))
    even, odd = turned[0] + turned[2] - turned[1] - turned[3], turned[0] - turned[2]
    return (mean * (1 + contrast * even / np.abs(even).max()) + 0.5 * np.sqrt(mean) * odd / odd.std()).clip(1)


def eigenvalues(patterns):
    """Of the covariance of scaled patterns in all orientations, by definition."""
    every = np.concatenate([np.rot90(patterns, -k, axes=(1, 2)) for k in range(4)]).reshape(4 * len(patterns), -1)
    mean = every.mean(axis=0)
    scaled = (every - mean) / np.sqrt(mean)
    return np.linalg.eigvalsh(scaled.T @ scaled / len(scaled))[::-1]


@pytest.mark.parametrize(("side", "mean", "contrast"), [(12, 30, 0.2), (12, 1e4, 0.8), (20, 1e5, 0.2)])
def test_what_is_little_above_the_noise_is_found_beside_what_is_far_above_it(side, mean, contrast, monkeypatch):
    rng = np.random.default_rng(0)
    master = nearly_symmetric(side, mean, contrast, rng)
    drawn = rng.poisson(C4.expand(master)[rng.integers(0, 4, 800)])
    problem = Problem(Patterns.from_dense(drawn), C4, Poisson(), np.ones(side**2, bool), False, np.float64, 1)
    leading, found = spectral._leading_directions, []

    def kept(*given):
        directions, values = leading(*given)
        found.extend(values)
        return directions, values

    monkeypatch.setattr(spectral, "_leading_directions", kept)
    spectral.spectral_start(problem, np.random.default_rng(1))
    np.testing.assert_allclose(found, eigenvalues(drawn)[:3], rtol=0.02)
