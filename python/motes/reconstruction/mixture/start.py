"""Where a mixture begins: the mean of all patterns is a saddle, for classes and for angles alike."""

from __future__ import annotations

import numpy as np

from motes.noise import Gaussian
from motes.reconstruction.mixture.problem import FloatArray, MixtureProblem
from motes.reconstruction.mixture.spectral import spectral_masters

NAMES = ("spectral", "random", "mean")


def start_vector(problem: MixtureProblem, init: str | FloatArray, *, seed: int, restart: int) -> FloatArray:
    """The parameters that a run begins with.

    Parameters
    ----------
    problem : MixtureProblem
        Patterns and model.
    init : {"spectral", "random", "mean"} or (n_pixels,) array
        What the leading directions of the patterns' covariance tell (`spectral.py` of this folder); for each class what
        all patterns have in common, its pixels scattered by half of their value; that as it is; or masters as given.
    seed, restart : int
        The start of a given seed and restart is always the same.

    Returns
    -------
    (n_pixels + n_rest,) float64 array
    """
    rng = np.random.default_rng([seed, restart])
    if isinstance(init, np.ndarray):
        masters = init
    elif init == "mean":
        masters = problem.mean_masters
    elif init == "spectral" and _knows_directions(problem):
        masters = spectral_masters(problem, rng)
    else:
        masters = shaken(problem, problem.mean_masters, 0.5, rng)
    return problem.inside(np.concatenate([masters, problem.first_rest]))


def shaken(problem: MixtureProblem, masters: FloatArray, size: float, rng: np.random.Generator) -> FloatArray:
    """Masters, (n_pixels,), each pixel scattered evenly by up to `size` of its value."""
    masters = masters * rng.uniform(1 - size, 1 + size, problem.layout.n_pixels)
    if isinstance(problem.noise, Gaussian):  # a mean may be 0, the noise is not
        masters += 2 * size * rng.standard_normal(masters.size) / np.sqrt(problem.precision(masters))
    return masters


def _knows_directions(problem: MixtureProblem) -> bool:
    """Whether there are patterns and templates to tell apart, and masters that are images of the detector's shape."""
    images = all(shape == problem.patterns.shape for shape in problem.layout.master_shapes)
    return images and problem.layout.n_templates > 1 and len(problem.patterns) > 1
