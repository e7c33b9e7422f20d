"""Mixtures to try things on: a map of one's own, and problems drawn at random."""

from __future__ import annotations

import numpy as np

from motes import C1, C4, D4, Bernoulli, DensePatterns, Detector, Gaussian, Patterns, Poisson, Rotations
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.simulate.photons import draw

NOISES = {"poisson": Poisson(), "bernoulli": Bernoulli(), "gaussian": Gaussian()}


class RandomMap:
    """R templates whose pixels are means of a few pixels, drawn at random, of a master of any shape."""

    name, angles = "random", None

    def __init__(self, n: int, shape: tuple[int, int], master_shape: tuple[int, ...], rng: np.random.Generator) -> None:
        self.n, self.shape, self.master_shape = n, shape, master_shape
        matrix = rng.random((n, shape[0] * shape[1], int(np.prod(master_shape)))) ** 4
        self.covered = rng.random(shape) < 0.9
        self.covered.flat[shape[0] * shape[1] // 2] = True
        matrix /= matrix.sum(axis=2, keepdims=True)
        self.matrix = matrix * self.covered.ravel()[:, None]

    def expand(self, master: np.ndarray) -> np.ndarray:
        return (self.matrix @ np.asarray(master, float).ravel()).reshape(self.n, *self.shape)

    def back_rotate(self, planes: np.ndarray) -> np.ndarray:
        flat = np.asarray(planes, float).reshape(self.n, -1)
        return np.einsum("rij,ri->j", self.matrix, flat).reshape(self.master_shape)

    def support(self, shape: tuple[int, int]) -> np.ndarray:
        if tuple(shape) != self.shape:
            raise ValueError(f"shape: expected {self.shape}, got {tuple(shape)}")
        return self.covered


def map_named(name: str, side: int, rng: np.random.Generator):
    """A map for square patterns."""
    if name == "random":
        return RandomMap(5, (side, side), (side, side), rng)
    return {"C1": C1, "C4": C4, "D4": D4}.get(name) or Rotations.in_plane(int(name))


def random_problem(
    rng: np.random.Generator, *, side: int, n_patterns: int, turns: str, noise: str, classes: int, still: int = 0,
    masked: bool = False, corrected: bool = False, background: bool = False, beta: float = 1.0, **options,
) -> MixtureProblem:  # fmt: skip
    """Counts that know nothing of the model: a likelihood may not fall for them either."""
    if noise == "gaussian":
        patterns = DensePatterns(rng.normal(rng.uniform(-1, 1, (side, side)), 1.0, (n_patterns, side, side)))
    else:
        counts = rng.poisson(rng.uniform(0, 1.5, (side, side)), (n_patterns, side, side))
        patterns = Patterns.from_dense(counts if noise == "poisson" else counts > 0)
    levels = np.where(rng.random((side, side)) < (0.2 if masked else 0.0), 2, 0)
    levels.flat[side * side // 2] = 0
    correction = rng.uniform(0.4, 1.0 if noise == "bernoulli" else 1.6, (side, side)) if corrected else None
    detector = Detector.from_mask(levels, correction, rng.uniform(0, 0.3, (side, side)) if background else None)
    turning = map_named(turns, side, rng)
    asked = {"estimate_weights": True, "estimate_classes": True, "dtype": np.float64, "threads": 1} | options
    return MixtureProblem(
        patterns, (turning,) * classes + (C1,) * still, NOISES[noise],
        detector, beta=beta, **asked,
    )  # fmt: skip


def drawn(masters: list[np.ndarray], turns, n_patterns: int, *, noise: str = "poisson", seed: int = 0):
    """Patterns of classes of equal size at the templates of a map, with their (class, rotation) labels."""
    rng = np.random.default_rng(seed)
    means = np.concatenate([turns.expand(master) for master in masters])
    labels = rng.integers(0, len(means), n_patterns)
    flat = means.reshape(len(means), -1)
    keys, counts = draw(flat, labels, noise, rng)
    rows, cols = np.divmod(keys, flat.shape[1])
    counts = None if noise == "bernoulli" else counts
    patterns = Patterns.from_coo(rows, cols, shape=means.shape[1:], n_patterns=n_patterns, counts=counts)
    return patterns, np.stack(np.divmod(labels, turns.n), axis=1)
