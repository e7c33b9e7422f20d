"""One sweep over the patterns: the E step and all sums that an M step needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.devices import CPU, cuda_extension
from motes.kernels.likelihood import check_templates
from motes.noise import LinearModel, Noise, linear_model, noise_of
from motes.patterns import Patterns, check_patterns
from motes.threads import available_threads


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Sums over patterns under a set of templates.

    Attributes
    ----------
    planes : (R, H, W) float64 array
        sum_p gamma[p, r] x[p, i]: photons, by the orientation that they are thought to show.
    weights : (R,) float64 array
        sum_p gamma[p, r]: patterns, likewise.
    log_likelihood : float
        sum_p ln sum_r prior[r] P(x_p | template r), nats; with `hard`, of the best template alone.
    n_impossible : int
        Patterns that no template can have made; in none of the sums.
    """

    planes: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    log_likelihood: float
    n_impossible: int

    def __repr__(self) -> str:
        n, height, width = self.planes.shape
        weights = ", ".join(f"{weight:.6g}" for weight in self.weights[:8]) + (", ..." if n > 8 else "")
        return f"Sweep({n} planes of {height}x{width}, weights {weights}, {self.log_likelihood:.6g} nats)"


def sweep(
    patterns: Patterns,
    templates: npt.NDArray[np.floating[Any]],
    noise: Noise | str | None = None,
    *,
    prior: npt.NDArray[np.floating[Any]] | None = None,
    hard: bool = False,
    dtype: type[np.float32] | type[np.float64] = np.float32,
    threads: int | None = None,
) -> Sweep:
    """E step and the sums for the M step, in one pass over the photons and without an N x R array.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (H, W) pixels; on a GPU where they are there (`Patterns.to`).
    templates : (R, H, W) floating-point array
        Mean photons a pixel; means of 0, or of 1 under Bernoulli noise, are moved a thousandth of a photon inwards.
    noise : Bernoulli, Poisson or their name, optional
        Bernoulli by default.
    prior : (R,) array, optional
        Probability of each template; uniform by default.
    hard : bool
        Each pattern to its best template alone.
    dtype : float32 or float64
        Of the scores; float64 is the reference.
    threads : int, optional
        By default all that this process may use. The result does not depend on it, nor on the order of patterns.

    Returns
    -------
    Sweep

    Raises
    ------
    TypeError
        If an argument is of another type; templates hold floating-point numbers.
    ValueError
        If a template or a prior is out of range, or a shape does not fit.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[1, 0, 0, 0], [0, 1, 0, 0]])
    >>> templates = np.array([[[0.9, 0.1], [0.1, 0.1]], [[0.1, 0.9], [0.1, 0.1]]])
    >>> sweep(patterns, templates).weights.round(3)
    array([1., 1.])
    """
    noise = noise_of(noise)
    noise.check(check_patterns(patterns))
    low, high = noise.limits(len(patterns))
    means = check_templates(templates, patterns, noise).clip(low, high)
    if prior is None:
        log_prior = np.full(len(means), -np.log(len(means)))
    else:
        probability = np.asarray(prior, np.float64)
        if probability.shape != (len(means),) or not (probability >= 0).all() or not probability.sum() > 0:
            raise ValueError(f"prior: expected {len(means)} probabilities, got {prior!r}")
        with np.errstate(divide="ignore"):
            log_prior = np.log(probability / probability.sum())
    model = linear_model(noise, means, log_prior=log_prior, dtype=dtype)
    sums = sweep_model(patterns, model, hard=hard, threads=available_threads(threads))
    photons = patterns.total_image().ravel()
    return replace(sums, log_likelihood=model.log_likelihood(sums.log_likelihood, photons, len(patterns)))


def sweep_model(patterns: Patterns, model: LinearModel, *, hard: bool, threads: int) -> Sweep:
    """Sweep with weights at hand: what the reconstruction's loops call.

    The log-likelihood is that of the model's weights alone, without what is common to all templates.
    """
    if patterns.device == CPU:
        sums = _core.sweep(patterns._core, model.weights, model.base, hard=hard, threads=threads)
    else:
        sums = cuda_extension().sweep(patterns.uploaded(), model.weights, model.base, hard=hard)
    planes, weights, whole, fraction, n_impossible, quantum = sums
    total = -np.inf if n_impossible else whole + fraction / 2**30
    return Sweep((planes.T * quantum).reshape(-1, *patterns.shape), weights * quantum, total, n_impossible)
