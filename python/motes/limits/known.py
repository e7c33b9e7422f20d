"""A master that is known, with patterns drawn from it: what every limit is computed from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from motes import simulate
from motes.cached import cached_property
from motes.checks import whole
from motes.maps import TemplateMap
from motes.noise import Noise, noise_of
from motes.patterns import Patterns
from motes.reconstruction.information import LARGEST_MATRIX, PerPattern, free_pixels, per_pattern, std_error_of
from motes.reconstruction.missing import missing_information
from motes.reconstruction.problem import Problem
from motes.rotations import Rotations, exact_rotations_of
from motes.simulate.photons import check_means, templates
from motes.threads import available_threads

FloatArray = npt.NDArray[np.float64]

PATTERNS_SIMULATED = 40_000
_FEWEST_SIMULATED, _MOST_SIMULATED = 100, 1_000_000
_MOST_WITHOUT_MATRIX = 200_000  # each of its random signs takes sweeps over all of them
FEWEST_ASKED = 1000  # that a user may ask for: fewer tell little of the information, or nothing
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
        return per_pattern(problem, self.flat, problem.uniform, problem.in_memory, seed=self.seed, floor=_FLOOR)

    @cached_property
    def missing_information(self) -> float:
        """The largest fraction of information that the unknown orientations hide."""
        problem, patterns = self.problem, self.problem.in_memory
        free = free_pixels(problem, self.flat, problem.uniform, len(patterns))
        return missing_information(problem, self.flat, problem.uniform, patterns, free, fitted=False)

    @property
    def rotations(self) -> TemplateMap:
        """How it turns."""
        return self.problem.rotations

    @property
    def noise(self) -> Noise:
        """How photons scatter."""
        return self.problem.noise

    @property
    def untold(self) -> bool:
        """Some directions of the master are hardly told at all."""
        return self.told.untold

    def std_error(self, n_patterns: int) -> FloatArray:
        """(M,): least standard error of each pixel."""
        return std_error_of(self.told, self.problem, self.master.ravel(), self.problem.uniform, n_patterns)

    @cached_property
    def contrast(self) -> float:
        """||master - mean||, 0 where it is rounding."""
        return self.problem.contrast(self.master.ravel())

    @cached_property
    def symmetric_variance(self) -> float:
        """Of the master's mean over the group, from one pattern: photons of an orbit, added up, know no orientation."""
        fixed = (self.problem.index == np.arange(self.master.size)).mean(axis=0)  # 1 / the size of a pixel's orbit
        return float(fixed @ (1 / self.noise.precision(self.flat)))

    @cached_property
    def variance_if_known(self) -> float:
        """Sum of the pixels' variances from one pattern, were its orientation known."""
        return float((1 / self.noise.precision(self.flat)).sum())

    @cached_property
    def turning(self) -> FloatArray:
        """(M,): the part of the master that turns: less its mean over the group."""
        master = self.master.ravel()
        return np.asarray(master - master[self.problem.index].mean(axis=0))

    @cached_property
    def responsibilities(self) -> FloatArray:
        """(n, R): what each simulated pattern says of its own orientation."""
        found = self.problem.posterior(self.flat, self.problem.uniform, self.problem.in_memory)
        return found.astype(np.float64)


def known(
    master: npt.NDArray[np.floating],
    rotations: Rotations | str,
    noise: Noise | str | None,
    n_simulated: int | None,
    seed: int,
    threads: int | None,
) -> Known:
    """Check what a user gave, and draw as many patterns as was asked for, or as suit the master.

    Examples
    --------
    >>> from motes import C4
    >>> known(np.full((3, 3), 0.1), C4, None, 1000, 0, 1).labels.shape
    (1000,)
    """
    truth, rotations, noise = checked(master, rotations, noise)
    seed = whole("seed", seed, 0)
    n = enough(truth) if n_simulated is None else whole("n_simulated", n_simulated, FEWEST_ASKED)
    return drawn(truth, rotations, noise, n, seed, threads)


def checked(
    master: npt.NDArray[np.floating], rotations: Rotations | str, noise: Noise | str | None
) -> tuple[FloatArray, Rotations, Noise]:
    """A master whose means the noise can have, a group of several turns, a noise model; ValueError for others.

    Examples
    --------
    >>> checked(np.full((3, 3), 0.1), "c1", None)
    Traceback (most recent call last):
    ...
    ValueError: rotations: expected C4 or D4, got C1: it leaves no orientation unknown
    """
    rotations, noise = exact_rotations_of(rotations), noise_of(noise)
    if rotations.n == 1:
        raise ValueError(f"rotations: expected C4 or D4, got {rotations.name}: it leaves no orientation unknown")
    truth = np.asarray(master, np.float64)
    check_means(templates(truth, cast(Any, rotations.name))[0], noise.name)
    return truth, rotations, noise


def drawn(truth: FloatArray, rotations: Rotations, noise: Noise, n: int, seed: int, threads: int | None) -> Known:
    """Any number of patterns of a master, all of it checked before."""
    group, scatter = cast(Any, rotations.name), cast(Any, noise.name)
    data = simulate.patterns(truth, n, rotations=group, noise=scatter, seed=seed)
    sample = Patterns.from_coo(data.rows, data.cols, counts=data.counts, shape=truth.shape, n_patterns=n)
    good = np.ones(truth.size, np.bool_)
    problem = Problem(sample, rotations, noise, good, False, np.float32, available_threads(threads))
    return Known(truth, problem, data.labels, seed)


def enough(master: FloatArray) -> int:
    """40,000 patterns; fewer where they are bright, more where they are faint."""
    photons = float(master.sum())
    if not 0 < photons < np.inf:
        return PATTERNS_SIMULATED
    wanted = min(max(PATTERNS_SIMULATED, _FEWEST_PHOTONS / photons), _MOST_PHOTONS / photons)
    most = _MOST_SIMULATED if master.size <= LARGEST_MATRIX else _MOST_WITHOUT_MATRIX
    return int(min(max(wanted, _FEWEST_SIMULATED), most))
