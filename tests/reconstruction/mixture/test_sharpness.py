"""Whether a user is told that templates are smoother than the patterns."""

from __future__ import annotations

import numpy as np
import pytest

from mixtures import NOISES
from motes import C4, DensePatterns, Detector, Patterns, Rotations, reconstruct, simulate
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.sharpness import _direction, sharpness
from motes.simulate.turned import turned

SIDE, TURNS = 24, Rotations.in_plane(24)
TOLD = "templates are smoother than the patterns"


def templates_of(kind: str, photons: float = 400.0):
    """All turns of the portrait: of the map itself, or of a picture four times as fine, as a detector averages it."""
    if kind == "own":
        stack = TURNS.expand(simulate.portrait(SIDE))
    else:
        stack = turned(simulate.portrait(4 * SIDE), TURNS.angles, SIDE)
    return stack * photons / stack.sum(axis=(1, 2)).mean()


def counts_of(means, n_patterns, seed=1):
    rng = np.random.default_rng(seed)
    return rng, means[rng.integers(0, len(means), n_patterns)]


@pytest.mark.parametrize("kind", ["own", "fine"])
@pytest.mark.parametrize("noise", ["poisson", "bernoulli", "gaussian"])
def test_a_finely_sampled_picture_is_told_and_the_map_s_own_is_not(kind, noise):
    rng, means = counts_of(templates_of(kind), 2000)
    if noise == "gaussian":
        patterns = DensePatterns(means + rng.normal(0, 0.5, means.shape))
    elif noise == "poisson":
        patterns = Patterns.from_dense(rng.poisson(means))
    else:
        patterns = Patterns.from_dense(rng.random(means.shape) < 0.9 * means / means.max())
    result = reconstruct(patterns, TURNS, noise, tolerance=1e-5)
    assert [note.startswith(TOLD) for note in result.notes].count(True) == (kind == "fine")


def test_without_error_bars_nothing_is_asked():
    patterns = Patterns.from_dense(np.random.default_rng(0).poisson(counts_of(templates_of("fine"), 2000)[1]))
    result = reconstruct(patterns, TURNS, "poisson", tolerance=1e-4, std_error=False)
    assert not any(TOLD in note for note in result.notes)


def found_of(patterns, masters, *, background=None, maps=(TURNS,), **options):
    """Sharpness at the masters that patterns were drawn from, and their expectation in place of the patterns."""
    detector = Detector.from_mask(np.zeros((SIDE, SIDE), int), background=background)
    problem = MixtureProblem(patterns, maps, NOISES["poisson"], detector, False, False, 1.0, np.float64, 1, **options)
    vector = problem.inside(np.concatenate([masters, problem.first_rest]))
    return sharpness(problem, vector, problem.uniform)


def test_the_share_of_patterns_that_have_all_of_the_blur_or_none():
    master = templates_of("own", 2000.0)[0]
    for share in (0.0, 1.0):
        templates = TURNS.expand(master)
        rng, means = counts_of(np.maximum(templates + share * _direction(TURNS, templates), 0), 3000)
        found = found_of(Patterns.from_dense(rng.poisson(means)), master.ravel())
        assert found.share == pytest.approx(share, abs=0.05)
        assert found.std_error < 0.01


@pytest.mark.parametrize("light", ["known", "estimate"])
def test_a_background_and_unequal_light_are_no_blur(light):
    master = templates_of("own", 1000.0)[0]
    rng, means = counts_of(TURNS.expand(master), 2000)
    fluence = rng.lognormal(0, 0.3, 2000)
    fluence /= fluence.mean()
    patterns = Patterns.from_dense(rng.poisson(means * fluence[:, None, None] + 0.3))
    options = {"fluence": fluence} if light == "known" else {"estimate_fluence": True}
    found = found_of(patterns, master.ravel(), background=np.full((SIDE, SIDE), 0.3), **options)
    assert abs(found.share) < 4 * found.std_error < 0.3


def test_exact_turns_blur_nothing():
    patterns = Patterns.from_dense(np.random.default_rng(0).poisson(0.5, (10, SIDE, SIDE)))
    for maps in ((C4,), (Rotations.in_plane(4),)):
        assert np.isnan(found_of(patterns, np.full(SIDE * SIDE, 0.5), maps=maps).share)
    flat = found_of(patterns, np.full(SIDE * SIDE, 0.5))
    assert np.isnan(flat.share)
