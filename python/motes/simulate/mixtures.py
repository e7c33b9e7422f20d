"""Patterns of several classes, of unequal fluence, on a background: drawn from templates, whoever made these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motes.simulate.photons import frequencies, index_type

Image = NDArray[np.float64]
VALUES_AT_ONCE = 4_000_000  # pixels of patterns drawn together: bounds the memory beside the result
NOISES = ("bernoulli", "poisson", "gaussian")


@dataclass(frozen=True)
class MixtureTruth:
    """Simulated patterns of a mixture, with what they were drawn from.

    Attributes
    ----------
    rows, cols, counts : arrays or None
        Photons as in `PhotonTruth`; None where the noise is Gaussian.
    values : (N, H, W) float32 array or None
        Dense patterns, where the noise is Gaussian.
    classes : (N,) int64 array
        Class of each pattern.
    rotations : (N,) int64 array
        Which template of its class it shows.
    fluence : (N,) float64 array
        Of each pattern; their mean is 1.
    background : (H, W) float64 array
        Mean of each pixel beside the fluence times the template.
    """

    rows: NDArray[Any] | None
    cols: NDArray[Any] | None
    counts: NDArray[np.int64] | None
    values: NDArray[np.float32] | None
    classes: NDArray[np.int64]
    rotations: NDArray[np.int64]
    fluence: NDArray[np.float64]
    background: Image

    @property
    def n_patterns(self) -> int:
        """Number of patterns."""
        return self.classes.size

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a pattern."""
        height, width = self.background.shape
        return height, width


def mixture(
    templates: Sequence[ArrayLike],
    n_patterns: int,
    *,
    class_weights: ArrayLike | None = None,
    noise: Literal["bernoulli", "poisson", "gaussian"] = "poisson",
    sigma: float | None = None,
    fluence_spread: float = 0.0,
    background: ArrayLike = 0.0,
    seed: int | np.random.Generator = 0,
) -> MixtureTruth:
    """Draw patterns: a class, one of its templates, a fluence, then the noise of every pixel.

    Parameters
    ----------
    templates : sequence of (R_k, H, W) arrays
        Means of each class's templates at fluence 1, each template as frequent as any other of its class. A class that
        is nothing but background is one template of zeros.
    n_patterns : int
        Number of patterns N.
    class_weights : (K,) array, optional
        Relative frequency of each class; equal by default.
    noise : {"bernoulli", "poisson", "gaussian"}
        Each pixel 0 or 1, a count, or the mean and a normal deviate.
    sigma : float, optional
        Standard deviation of that deviate.
    fluence_spread : float
        Standard deviation of the logarithm of a pattern's fluence, which is log-normal; 0: all are 1.
    background : number or (H, W) array
        Mean added to every pixel, whatever the fluence.
    seed : int or numpy.random.Generator
        The same seed gives the same patterns.

    Returns
    -------
    MixtureTruth

    Raises
    ------
    ValueError
        If templates, frequencies, spread, background or sigma are none, or a mean is one that the noise can not have.

    Examples
    --------
    >>> truth = mixture([np.full((1, 3, 3), 0.5), np.zeros((1, 3, 3))], 1000, class_weights=[3, 1], background=0.1)
    >>> np.bincount(truth.classes).tolist(), round(len(truth.rows) / 1000)
    ([733, 267], 3)
    """
    stacks = _stacks(templates)
    given, shape = np.asarray(background, np.float64), stacks[0].shape[1:]
    if given.shape not in ((), shape):
        raise ValueError(f"background: expected a number or shape {shape}, got shape {given.shape}")
    added = np.broadcast_to(given, shape).copy()
    if not np.isfinite(added).all() or (noise != "gaussian" and not (added >= 0).all()):
        raise ValueError("background: expected finite means of 0 or more")
    if not (np.isfinite(fluence_spread) and fluence_spread >= 0):
        raise ValueError(f"fluence_spread: expected a finite number of 0 or more, got {fluence_spread:g}")
    if n_patterns < 0:
        raise ValueError(f"n_patterns: can not be negative, got {n_patterns}")
    _check_noise(stacks, added, noise, sigma, fluence_spread)
    rng = np.random.default_rng(seed)
    classes = rng.choice(len(stacks), n_patterns, p=frequencies(class_weights, len(stacks), "class_weights"))
    n_templates = np.array([len(stack) for stack in stacks])
    rotations = rng.integers(0, n_templates[classes])
    fluence = np.ones(n_patterns)
    if fluence_spread and n_patterns:
        fluence = np.exp(fluence_spread * rng.standard_normal(n_patterns))
        fluence /= fluence.mean()
    means = np.concatenate(stacks)
    which = (np.cumsum(n_templates) - n_templates)[classes] + rotations
    parts = _drawn(means, which, fluence, added, noise, sigma or 0.0, rng)
    if noise == "gaussian":
        values = np.empty((n_patterns, *added.shape), np.float32)
        for first, part in parts:
            values[first : first + len(part)] = part
        return MixtureTruth(None, None, None, values, classes, rotations, fluence, added)
    rows, cols, counts = _photons(parts, n_patterns, added.size)
    kept = None if noise == "bernoulli" else counts
    return MixtureTruth(rows, cols, kept, None, classes, rotations, fluence, added)


def _drawn(
    means: Image,
    which: NDArray[np.int64],
    fluence: NDArray[np.float64],
    background: Image,
    noise: str,
    sigma: float,
    rng: np.random.Generator,
) -> Any:
    """Patterns some at a time: the number of the first, and their pixels."""
    at_once = max(1, VALUES_AT_ONCE // background.size)
    for first in range(0, which.size, at_once):
        part = slice(first, first + at_once)
        mean = fluence[part, None, None] * means[which[part]] + background
        if noise == "poisson":
            yield first, rng.poisson(mean)
        elif noise == "bernoulli":
            yield first, rng.random(mean.shape) < mean
        else:
            yield first, mean + sigma * rng.standard_normal(mean.shape)


def _photons(parts: Any, n_patterns: int, n_pixels: int) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Lit pixels of patterns, and the photons in each."""
    rows, cols, counts = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for first, part in parts:
        flat = part.reshape(len(part), -1)
        row, column = np.nonzero(flat)
        rows.append(first + row)
        cols.append(column)
        counts.append(flat[row, column].astype(np.int64))
    pattern, pixel = np.concatenate(rows), np.concatenate(cols)
    return pattern.astype(index_type(n_patterns)), pixel.astype(index_type(n_pixels)), np.concatenate(counts)


def _stacks(templates: Sequence[ArrayLike]) -> list[Image]:
    stacks = [np.asarray(stack, np.float64) for stack in templates]
    if not stacks:
        raise ValueError("templates: expected at least one class")
    for k, stack in enumerate(stacks):
        if stack.ndim != 3 or not stack.size or stack.shape[1:] != stacks[0].shape[1:]:
            raise ValueError(f"templates: class {k}: expected shape (R, {_inner(stacks[0])}), got {stack.shape}")
        if not np.isfinite(stack).all():
            raise ValueError(f"templates: class {k} holds a mean that is not finite")
    return stacks


def _inner(stack: Image) -> str:
    return f"{stack.shape[1]}, {stack.shape[2]}" if stack.ndim == 3 else "H, W"


def _check_noise(stacks: list[Image], background: Image, noise: str, sigma: float | None, spread: float) -> None:
    """Refuse means that the noise can not have, and options that are another noise's."""
    if noise not in NOISES:
        raise ValueError(f"noise: expected one of {', '.join(NOISES)}, got {noise!r}")
    if noise == "gaussian":
        if sigma is None or not (np.isfinite(sigma) and sigma > 0):
            raise ValueError(f"sigma: Gaussian noise needs a positive, finite one, got {sigma}")
        return
    if sigma is not None:
        raise ValueError(f"sigma: only Gaussian noise has one, not {noise}")
    least, most = min(stack.min() for stack in stacks), max((stack + background).max() for stack in stacks)
    if least < 0:
        raise ValueError(f"templates: a mean of {least:g}, expected 0 or more")
    if noise == "bernoulli" and (most > 1 or spread):
        why = "fluences that differ are Poisson's" if spread else f"a mean of {most:.3g}, but a pixel catches at most 1"
        raise ValueError(f"noise: {why}: ask for fewer photons or noise='poisson'")
