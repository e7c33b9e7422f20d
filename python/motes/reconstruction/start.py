"""Where to begin: the mean of all patterns is nearly symmetric, a saddle, so the symmetry must be broken on purpose."""

from __future__ import annotations

import numpy as np

from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.spectral import spectral_start

NAMES = ("spectral", "mean", "random")


def start_master(problem: Problem, init: str | FloatArray, *, seed: int, restart: int) -> FloatArray:
    """The master that a run begins with.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    init : {"spectral", "mean", "random"} or (H, W) array
        The leading directions of the patterns' second moments, told apart there; the mean of all patterns as they are
        (bad pixels: after all turns); that after all turns, its pixels scattered by half of their value; or mean
        photons a pixel as given.
    seed, restart : int
        The start of a given seed and restart is always the same.

    Returns
    -------
    (M,) float64 array
    """
    rng = np.random.default_rng([seed, restart])
    if isinstance(init, np.ndarray):
        return problem.inside(init.astype(np.float64).ravel())
    if init == "mean":
        mean = problem.photons / max(len(problem.patterns), 1)
        return problem.inside(np.where(problem.good, mean, problem.mean_master))
    if init == "random" or problem.rotations.n == 1 or len(problem.patterns) < 2:
        return problem.inside(problem.mean_master * rng.uniform(0.5, 1.5, problem.mean_master.size))
    return problem.inside(spectral_start(problem, rng))
