"""Small reconstructions with known truth."""

from __future__ import annotations

import numpy as np

from motes import C1, C4, D4, Bernoulli, Patterns, Poisson, simulate
from motes.devices import CPU
from motes.reconstruction.ondevice import ProblemOnDevice
from motes.reconstruction.problem import Problem

GROUPS = {"C1": C1, "C4": C4, "D4": D4}
NOISES = {"bernoulli": Bernoulli(), "poisson": Poisson()}
SIDE = 11
PICTURES = {"portrait": simulate.portrait(SIDE), "creature": simulate.creature(SIDE, seed=1)}


def picture_of(name: str, contrast: float, photons: float) -> np.ndarray:
    """The portrait or the creature, small, as a master."""
    return simulate.scaled(simulate.with_contrast(PICTURES[name], contrast), photons)


def master_of(side: int, photons: float = 6.0, contrast: float = 1.0, seed: int = 0) -> np.ndarray:
    """A random image without symmetry, `photons` in all, every mean between 0 and 1."""
    image = np.random.default_rng(seed).uniform(0.1, 1.9, (side, side))
    image = 1 + contrast * (image - 1)
    return image * photons / image.sum()


def patterns_of(
    master: np.ndarray, n_patterns: int, *, group: str = "C4", noise: str = "bernoulli", seed: int = 0
) -> Patterns:
    """Patterns drawn from a master; of C1, all seen alike."""
    if group == "C1":
        draw = np.random.default_rng(seed).random((n_patterns, *master.shape)) < master
        return Patterns.from_dense(draw)
    truth = simulate.patterns(master, n_patterns, rotations=group, noise=noise, seed=seed)
    return Patterns.from_coo(truth.rows, truth.cols, counts=truth.counts, shape=master.shape, n_patterns=n_patterns)


def problem_of(
    patterns: Patterns,
    *,
    group: str = "C4",
    noise: str = "bernoulli",
    bad: np.ndarray | None = None,
    estimate_weights: bool = False,
    dtype: type = np.float64,
) -> Problem:
    good = np.ones(patterns.n_pixels, bool) if bad is None else ~bad.ravel()
    kind = Problem if patterns.device == CPU else ProblemOnDevice
    return kind(patterns, GROUPS[group], NOISES[noise], good, estimate_weights, dtype, 1)


def counts_of(patterns: Patterns) -> np.ndarray:
    return patterns.to_dense().reshape(len(patterns), -1)
