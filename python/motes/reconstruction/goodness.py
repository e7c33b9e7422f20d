"""Goodness of fit: which patterns the model does not explain, each by its own log-likelihood.

Two questions are asked of a pattern, with answers that are independent when the model is right. Does it hold as many
photons as a pattern of this master should? And *given their number*, is its log-likelihood what the model predicts?
The second takes no notice of brightness. See docs/view.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from motes.checks import positive, whole
from motes.errors import kind_of
from motes.patterns import Patterns
from motes.reconstruction.blocks import blocks
from motes.reconstruction.predictive import TELLING, Predictive

if TYPE_CHECKING:
    from motes.reconstruction.result import Reconstruction

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class GoodnessOfFit:
    """How well a reconstruction explains each pattern.

    Attributes
    ----------
    photons : (N,) int64 array
        Photons on good pixels.
    log_likelihood : (N,) float64 array
        ln p(x) of the fitted mixture, nats; Poisson with its ln x!.
    deviance : (N,) float64 array
        Twice what `log_likelihood` falls short of its predicted mean for a pattern of as many photons, nats.
    z_photons, z_deviance : (N,) float64 arrays
        Both as standard normal scores: positive where there are more photons, or a lower likelihood, than predicted.
        The latter is 0 where nothing can be told: without photons, or far beyond sixteen times as many as usual.
    p_photons, p_deviance : (N,) float64 arrays
        Two-sided p-values of both; each is valid by itself. Where the brightness of patterns varies, go by the latter.
    p_value : (N,) float64 array
        Of both together (Fisher).
    false_discovery_rate : float
        The rate that `flagged` keeps to.
    flagged : (N,) bool array
        Patterns that the model does not explain (Benjamini and Hochberg's rule on `p_value`).
    """

    photons: npt.NDArray[np.int64]
    log_likelihood: FloatArray
    deviance: FloatArray
    z_photons: FloatArray
    z_deviance: FloatArray
    p_photons: FloatArray
    p_deviance: FloatArray
    p_value: FloatArray
    false_discovery_rate: float
    flagged: npt.NDArray[np.bool_]

    def __repr__(self) -> str:
        return (
            f"GoodnessOfFit({np.count_nonzero(self.flagged):,} of {self.flagged.size:,} patterns flagged "
            f"at a false discovery rate of {self.false_discovery_rate:g})"
        )


def goodness_of_fit(
    reconstruction: Reconstruction,
    patterns: Patterns,
    *,
    false_discovery_rate: float = 0.01,
    n_simulated: int = 40_000,
    seed: int = 0,
    threads: int | None = None,
) -> GoodnessOfFit:
    """Compare each pattern with what the fitted model predicts, and flag those that it does not explain.

    A posterior-predictive check with the master held at its estimate. The number of photons has an exact distribution,
    and the log-likelihood at a given number of photons is compared with simulated patterns, weighted so that p-values
    far below 1 / `n_simulated` are right too.

    Parameters
    ----------
    reconstruction : Reconstruction
        What was fitted.
    patterns : Patterns
        N patterns of its shape: those that it was fitted to, or others.
    false_discovery_rate : float
        Expected share of false alarms among the flagged patterns; when the model is right, also the chance that any
        pattern is flagged at all.
    n_simulated : int
        Patterns drawn from the model for its predictive distribution, but at least 500 at each of a dozen brightnesses;
        fewer of all where they hold very many photons.
    seed : int
        Of the simulation.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    GoodnessOfFit

    Raises
    ------
    TypeError
        If an argument is of another type; the message names it.
    ValueError
        If the patterns have another shape, or are such as the noise model can not have made; if the rate is not between
        0 and 1, or `n_simulated` is below 1000.

    Notes
    -----
    What it can not see: errors that change neither the number of photons nor their likelihood. The master is taken as
    known, so from fewer patterns than some ten a pixel the scores are too good.

    Examples
    --------
    >>> from motes import Patterns, reconstruct, simulate
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 12.0)
    >>> photons = simulate.patterns(master, 4000, seed=2)
    >>> patterns = Patterns.from_coo(photons.rows, photons.cols, shape=(9, 9), n_patterns=4000)
    >>> fit = reconstruct(patterns)
    >>> goodness_of_fit(fit, patterns)
    GoodnessOfFit(0 of 4,000 patterns flagged at a false discovery rate of 0.01)
    >>> bright = Patterns.from_dense(patterns[:1].to_dense() | patterns[1:2].to_dense() | patterns[2:3].to_dense())
    >>> bool(goodness_of_fit(fit, bright).flagged[0])
    True
    """
    from motes.reconstruction.result import Reconstruction

    if not isinstance(reconstruction, Reconstruction):
        raise TypeError(f"reconstruction: expected motes.Reconstruction, got {kind_of(reconstruction)}")
    if positive("false_discovery_rate", false_discovery_rate) >= 1:
        raise ValueError(f"false_discovery_rate: expected a rate below 1, got {false_discovery_rate}")
    n_simulated = whole("n_simulated", n_simulated, 1000)
    photons, log_likelihood = observed(reconstruction, patterns, threads)
    predictive = Predictive.of(reconstruction, n_simulated, whole("seed", seed, 0))
    few, many = predictive.photon_tails(photons)
    expected, spread = predictive.by_photons.at(photons)
    good, bad = predictive.deviance_tails(predictive.by_photons.score(photons, log_likelihood))
    told = spread > TELLING  # not without photons (there is one such pattern only), nor far beyond the usual
    p_photons, p_deviance = _two_sided(few, many), np.where(told, _two_sided(good, bad), 1.0)
    p_value = fisher(p_photons, p_deviance)
    return GoodnessOfFit(
        photons=photons,
        log_likelihood=log_likelihood,
        deviance=2 * (expected - log_likelihood),
        z_photons=_score(few, many),
        z_deviance=np.where(told, _score(good, bad), 0.0),
        p_photons=p_photons,
        p_deviance=p_deviance,
        p_value=p_value,
        false_discovery_rate=float(false_discovery_rate),
        flagged=benjamini_hochberg(p_value, false_discovery_rate),
    )


def observed(
    reconstruction: Reconstruction, patterns: Patterns, threads: int | None = None
) -> tuple[npt.NDArray[np.int64], FloatArray]:
    """Photons on good pixels, and ln p(x) of the mixture with the ln x! that a Poisson likelihood has: (N,) each."""
    good = reconstruction.good.ravel()
    photons, log_likelihood = np.zeros(len(patterns), np.int64), np.zeros(len(patterns))
    for block in blocks(patterns):
        part = patterns[block]
        log_likelihood[block] = reconstruction.assign(part, threads=threads).log_likelihood - log_factorials(part, good)
        photons[block] = part.photons_per_pattern() if good.all() else part.to_scipy() @ good.astype(np.int64)
    return photons, log_likelihood


def log_factorials(patterns: Patterns, good: npt.NDArray[np.bool_]) -> FloatArray:
    """Sum of ln x! over the good pixels of each pattern: (N,); only pixels with several photons have any."""
    from scipy.special import gammaln

    first, last = np.searchsorted(patterns.multi_position, (patterns.indptr[0], patterns.indptr[-1]))
    position, extra = patterns.multi_position[first:last], patterns.multi_extra[first:last]
    owner = np.searchsorted(patterns.indptr, position, side="right") - 1
    terms = np.where(good[patterns.pixels[position]], gammaln(extra + 2.0), 0.0)
    return np.bincount(owner, terms, len(patterns)).astype(np.float64)  # of no photons at all, integers


def fisher(p: FloatArray, q: FloatArray) -> FloatArray:
    """Fisher's combination of two independent p-values: the chance that their product is as small.

    Examples
    --------
    >>> fisher(np.array([1.0, 0.1]), np.array([1.0, 0.1])).round(4)
    array([1.    , 0.0561])
    """
    product = p * q
    combined: FloatArray = product * (1 - np.log(np.maximum(product, 1e-300)))
    return combined


def benjamini_hochberg(p_value: FloatArray, rate: float) -> npt.NDArray[np.bool_]:
    """Which hypotheses to reject so that at most `rate` of the rejections are expected to be wrong.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.5, 0.001, 0.02, 0.7]), 0.05)
    array([False,  True,  True, False])
    """
    ordered = np.sort(p_value)
    below = np.flatnonzero(ordered <= rate * np.arange(1, ordered.size + 1) / max(ordered.size, 1))
    if not below.size:
        return np.zeros(p_value.size, np.bool_)
    return np.asarray(p_value <= ordered[below[-1]])


def _two_sided(low: FloatArray, high: FloatArray) -> FloatArray:
    p_value: FloatArray = np.minimum(1.0, 2 * np.minimum(low, high))
    return p_value


def _score(low: FloatArray, high: FloatArray) -> FloatArray:
    """Standard normal score from both tails, each with the value itself, hence half of it each."""
    from scipy.special import ndtri

    low, high = np.maximum(low, 1e-300), np.maximum(high, 1e-300)
    shared = np.maximum(low + high - 1, 0.0) / 2
    below, above = np.maximum(low - shared, 1e-300), np.maximum(high - shared, 1e-300)
    score: FloatArray = np.where(below < above, ndtri(below), -ndtri(above))
    return score
