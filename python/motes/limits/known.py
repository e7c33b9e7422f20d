"""A master that is known, with patterns drawn from it: what every limit is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.noise import Noise, noise_of
from motes.patterns import Patterns
from motes.reconstruction.information import PerPattern, per_pattern
from motes.reconstruction.problem import Problem
from motes.rotations import Rotations, rotations_of
from motes.threads import available_threads

FloatArray = npt.NDArray[np.float64]

PATTERNS_SIMULATED = 40_000
_FEWEST_SIMULATED, _MOST_SIMULATED = 100, 1_000_000
_FEWEST_PHOTONS, _MOST_PHOTONS = 1_000_000, 4_000_000  # the more of them, the better; the fewer, the sooner
_FLOOR = 1e-6  # of the complete-data information: coefficients are rounded to 2^-15, less is rounding


@dataclass(frozen=True, eq=False)
class Known:
    """A master, how it turns and scatters, and simulated patterns of it with their labels.

    Attributes
    ----------
    master : (H, W) float64 array
        Mean photons a pixel.
    problem : Problem
        The simulated patterns, all orientations equally likely and known to be.
    labels : (n,) int64 array
        Their true orientations.
    seed : int
        Of the simulation.
    """

    master: FloatArray
    problem: Problem
    labels: npt.NDArray[np.int64]
    seed: int

    @cached_property
    def flat(self) -> FloatArray:
        """(M,): the master, kept within what the simulated patterns can tell."""
        return self.problem.inside(self.master.ravel())

    @cached_property
    def told(self) -> PerPattern:
        """What one pattern tells of the master."""
        problem = self.problem
        n_used = len(problem.patterns)
        return per_pattern(problem, self.flat, problem.uniform, seed=self.seed, n_used=n_used, floor=_FLOOR)

    @cached_property
    def responsibilities(self) -> FloatArray:
        """(n, R): what each simulated pattern says of its own orientation."""
        found = self.problem.posterior(self.flat, self.problem.uniform, self.problem.patterns)
        return found.astype(np.float64)


def known(
    master: npt.NDArray[np.floating],
    rotations: Rotations | str,
    noise: Noise | str | None,
    n_simulated: int | None,
    seed: int,
    threads: int | None,
) -> Known:
    """Check a master and draw patterns from it; ValueError for means that the noise can not have.

    Examples
    --------
    >>> from motes import C4
    >>> known(np.full((3, 3), 0.1), C4, None, 500, 0, 1).labels.shape
    (500,)
    """
    rotations, noise = rotations_of(rotations), noise_of(noise)
    truth = np.asarray(master, np.float64)
    if n_simulated is None:
        n_simulated = _enough(truth)
    elif n_simulated < 1:
        raise ValueError(f"n_simulated: expected 1 or more, got {n_simulated}")
    group, scatter = cast(Any, rotations.name), cast(Any, noise.name)  # one of simulate's, or its ValueError
    data = simulate.patterns(truth, n_simulated, rotations=group, noise=scatter, seed=seed)
    sample = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=truth.shape, n_patterns=n_simulated)
    good = np.ones(truth.size, np.bool_)
    problem = Problem(sample, rotations, noise, good, False, np.float32, available_threads(threads))
    return Known(truth, problem, data.labels, seed)


def _enough(master: FloatArray) -> int:
    """40,000 patterns; fewer where they are bright, more where they are faint."""
    photons = float(master.sum())
    if not 0 < photons < np.inf:
        return PATTERNS_SIMULATED  # what is wrong with it is said by whoever draws from it
    wanted = min(max(PATTERNS_SIMULATED, _FEWEST_PHOTONS / photons), _MOST_PHOTONS / photons)
    return int(min(max(wanted, _FEWEST_SIMULATED), _MOST_SIMULATED))
