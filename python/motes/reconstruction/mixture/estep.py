"""The E step of a mixture: every pattern to all templates by their probability, and what the M step needs of that.

With prior p_t and the likelihood L_pt of pattern p under template t, responsibilities are

    gamma_pt = p_t L_pt^beta / sum_u p_u L_pu^beta.

At beta = 1 these are the posterior; at a smaller beta, flatter (deterministic annealing: Ueda and Nakano, Neural
Networks 11 (1998) 271). What EM climbs then is the mean over patterns of ln[sum_t p_t L_pt^beta] / beta.
"""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.kernels.sweep import sweep_model
from motes.noise import LinearModel, Noise, linear_model
from motes.patterns import Patterns
from motes.stored import StoredPatterns

FloatArray: TypeAlias = npt.NDArray[np.float64]


class Sums(NamedTuple):
    """What one sweep over all patterns comes to.

    Attributes
    ----------
    log_likelihood : float
        sum_p ln[sum_t p_t L_pt^beta] / beta, nats.
    planes : (T, H, W) float64 array
        sum_p gamma_pt x_p: photons, by the template that they are thought to show; all pixels of the detector.
    weights : (T,) float64 array
        sum_p gamma_pt: patterns, likewise.
    exposure : (T,) float64 array
        sum_p gamma_pt fluence_p; the weights, where all fluences are 1.
    expected : float
        sum_pt gamma_pt ln L_pt, nats.
    rest : float64 array
        The M step of what else is estimated, as `Layout.rest` has it; empty where nothing is.
    """

    log_likelihood: float
    planes: FloatArray
    weights: FloatArray
    exposure: FloatArray
    expected: float
    rest: FloatArray


def annealed_model(
    noise: Noise,
    means: FloatArray,
    log_prior: FloatArray,
    good: npt.NDArray[np.bool_],
    beta: float,
    dtype: type[np.float32] | type[np.float64],
) -> LinearModel:
    """Templates (T, M) as the kernels take them: what they score is ln p_t + beta ln L_pt, less what is common.

    Examples
    --------
    >>> from motes import Poisson
    >>> means = np.array([[1.0, 2.0], [2.0, 1.0]])
    >>> annealed_model(Poisson(), means, np.zeros(2), np.ones(2, bool), 0.5, np.float64).weights.round(4).tolist()
    [[-0.1733, 0.1733], [0.1733, -0.1733]]
    """
    model = linear_model(noise, means, good=good, dtype=np.float64)
    return replace(
        model,
        weights=(beta * model.weights).astype(dtype),
        base=(beta * model.base + log_prior).astype(dtype),
    )


def uniform_sums(
    patterns: Patterns | StoredPatterns,
    noise: Noise,
    means: FloatArray,
    log_prior: FloatArray,
    good: npt.NDArray[np.bool_],
    *,
    beta: float,
    photons: npt.NDArray[np.int64],
    dtype: type[np.float32] | type[np.float64],
    threads: int,
) -> Sums:
    """Of patterns whose fluences are all 1: one pass of the fused kernel, exact sums, no array per pattern.

    Parameters
    ----------
    patterns : Patterns
        N patterns.
    noise : Noise
        Bernoulli or Poisson.
    means : (T, M) float64 array
        Mean photons a pixel of each template, inside the model's limits.
    log_prior : (T,) float64 array
        ln of each template's probability.
    good : (M,) bool array
        Pixels that templates are told apart by.
    beta : float
        Power on the likelihood, 0 to 1.
    photons : (M,) int64 array
        Of each good pixel over all patterns.
    dtype : float32 or float64
        Of the scores.
    threads : int
        Of no effect on the result.
    """
    model = annealed_model(noise, means, log_prior, good, beta, dtype)
    sums = sweep_model(patterns, model, hard=False, threads=threads)
    common = model.log_likelihood(0.0, photons, len(patterns))
    centred = model.weights.astype(np.float64).T  # (T, M): beta (ln L's weight, less what is common)
    scored = float((sums.planes.reshape(len(means), -1) * centred).sum())
    scored += float(sums.weights @ (model.base.astype(np.float64) - log_prior))
    nothing = np.zeros(0)
    return Sums(
        sums.log_likelihood / beta + common, sums.planes, sums.weights, sums.weights, scored / beta + common, nothing
    )
