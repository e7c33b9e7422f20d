"""What data can tell before they are measured: the Cramer-Rao bound of a known master."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.noise import Bernoulli, Noise
from motes.patterns import Patterns
from motes.reconstruction.information import error_bars
from motes.reconstruction.problem import Problem
from motes.rotations import C4, Rotations
from motes.threads import available_threads


@dataclass(frozen=True, eq=False)
class CramerRao:
    """The least error that any unbiased reconstruction can have.

    Attributes
    ----------
    std_error : (H, W) float64 array
        Least standard error of each pixel, photons.
    relative_error : float
        Of the whole: sqrt(sum std_error^2) / ||master - mean(master)||.
    missing_information : float
        The largest fraction of information that the unknown orientations hide.
    """

    std_error: npt.NDArray[np.float64]
    relative_error: float
    missing_information: float


def cramer_rao(
    master: npt.NDArray[np.floating],
    n_patterns: int,
    rotations: Rotations = C4,
    noise: Noise | None = None,
    *,
    n_simulated: int = 40_000,
    seed: int = 0,
    threads: int | None = None,
) -> CramerRao:
    """Cramer-Rao bound on the error of a master reconstructed from patterns of unknown orientation.

    The Fisher information of the mixture is the mean of s s^T over simulated patterns, s the score at the master; see
    docs/theory.md. Orientations are taken as equally likely, and known to be.

    Parameters
    ----------
    master : (L, L) array
        Mean photons a pixel.
    n_patterns : int
        Patterns to be measured.
    rotations : Rotations
        The group.
    noise : Bernoulli or Poisson, optional
        Bernoulli by default.
    n_simulated : int
        Patterns that the information is estimated from: it is known to about sqrt(M / n_simulated).
    seed : int
        Of the simulation.
    threads : int, optional
        By default all that this process may use.

    Returns
    -------
    CramerRao

    Examples
    --------
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 20.0)
    >>> 0 < cramer_rao(master, 10_000, n_simulated=4000).relative_error < 1
    True
    """
    if n_patterns < 1:
        raise ValueError(f"n_patterns: expected 1 or more, got {n_patterns}")
    noise = Bernoulli() if noise is None else noise
    truth = np.asarray(master, np.float64)
    group, scatter = cast(Any, rotations.name), cast(Any, noise.name)  # one of simulate's, or its ValueError
    data = simulate.patterns(truth, n_simulated, rotations=group, noise=scatter, seed=seed)
    sample = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=truth.shape, n_patterns=n_simulated)
    good = np.ones(truth.size, np.bool_)
    problem = Problem(sample, rotations, noise, good, False, np.float32, available_threads(threads))
    flat = problem.inside(truth.ravel())
    bars = error_bars(problem, flat, problem.uniform, seed=seed, n_used=n_simulated)
    scale = float(np.sqrt(n_simulated / n_patterns))
    contrast = problem.contrast(flat)
    relative = float(np.sqrt(bars.total_variance)) * scale / contrast if contrast > 0 else float("inf")
    return CramerRao(bars.std_error.reshape(truth.shape) * scale, relative, bars.missing_information)
