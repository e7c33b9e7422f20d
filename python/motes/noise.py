"""Noise models: how what one pixel holds scatters about its mean.

All are exponential families with the pixel's value as their statistic, so that a log-likelihood is linear in them,

    L[p, r] = base[r] + sum_i x[p, i] w[i, r],

and the score of a master mu, seen without rotation, is `precision(mu) * (x - mu)`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.dense import LARGEST
from motes.errors import kind_of

FloatArray: TypeAlias = npt.NDArray[np.float64]


class Counted(Protocol):
    """Patterns, wherever they are."""

    @property
    def max_count(self) -> int:
        """The most photons in one pixel of one pattern."""


class Noise(Protocol):
    """What a noise model gives; arrays have any shape, element by element."""

    @property
    def name(self) -> str:
        """`bernoulli`, `poisson`, `gaussian`."""

    def check(self, patterns: Counted) -> None:
        """Raise ValueError for patterns that the model can not have made."""

    def weight(self, mean: FloatArray) -> FloatArray:
        """Log-likelihood that one photon adds, in nats."""

    def base(self, mean: FloatArray) -> FloatArray:
        """Log-likelihood of no photon, in nats."""

    def precision(self, mean: FloatArray) -> FloatArray:
        """Fisher information about the mean in one look: 1 / variance."""

    def limits(self, n_patterns: int) -> tuple[float, float]:
        """Means that estimates are kept within, too close to the ends for `n_patterns` patterns to tell."""


@dataclass(frozen=True)
class Bernoulli:
    """A pixel fires or not: P(x = 1) = mean. Exact for any mean from 0 to 1.

    Examples
    --------
    >>> Bernoulli().weight(np.array([0.5]))
    array([0.])
    """

    name: str = "bernoulli"
    """As options and reports have it."""

    def check(self, patterns: Counted) -> None:
        """Refuse pixels that caught more than one photon."""
        if patterns.max_count > 1:
            raise ValueError(
                f"patterns: a pixel caught {patterns.max_count} photons, which one-photon (Bernoulli) data can not; "
                "use noise=Poisson(), or binarise=True to count a lit pixel once"
            )

    def weight(self, mean: FloatArray) -> FloatArray:
        """ln(mean) - ln(1 - mean)."""
        with np.errstate(divide="ignore"):
            return np.log(mean) - np.log1p(-mean)

    def base(self, mean: FloatArray) -> FloatArray:
        """ln(1 - mean)."""
        with np.errstate(divide="ignore"):
            return np.log1p(-mean)

    def precision(self, mean: FloatArray) -> FloatArray:
        """1 / (mean (1 - mean))."""
        return 1 / (mean * (1 - mean))

    def limits(self, n_patterns: int) -> tuple[float, float]:
        """A thousandth of a photon in all patterns from 0, and from 1."""
        margin = 1e-3 / max(n_patterns, 1)
        return margin, 1 - margin


@dataclass(frozen=True)
class Poisson:
    """A pixel counts photons: P(x) = mean^x exp(-mean) / x!.

    Examples
    --------
    >>> Poisson().base(np.array([0.5]))
    array([-0.5])
    """

    name: str = "poisson"
    """As options and reports have it."""

    def check(self, patterns: Counted) -> None:
        """Nothing to refuse: a container holds whole, non-negative counts."""

    def weight(self, mean: FloatArray) -> FloatArray:
        """ln(mean)."""
        with np.errstate(divide="ignore"):
            return np.log(mean)

    def base(self, mean: FloatArray) -> FloatArray:
        """-mean; ln(x!) is left out, since it knows no template."""
        return -mean

    def precision(self, mean: FloatArray) -> FloatArray:
        """1 / mean."""
        return 1 / mean

    def limits(self, n_patterns: int) -> tuple[float, float]:
        """A thousandth of a photon in all patterns from 0."""
        return 1e-3 / max(n_patterns, 1), np.inf


@dataclass(frozen=True)
class Gaussian:
    """A pixel holds a real number: the mean and a normal deviate of one standard deviation everywhere.

    Parameters
    ----------
    sigma : float, optional
        Standard deviation of a pixel; None to have it estimated.

    Raises
    ------
    TypeError, ValueError
        If it is no number of 1e-60 to 1e60.

    Examples
    --------
    >>> Gaussian(2.0).weight(np.array([1.0]))
    array([0.25])
    """

    sigma: float | None = None
    name: str = "gaussian"
    """As options and reports have it."""

    def __post_init__(self) -> None:
        if self.sigma is not None:
            sigma = checks.positive("sigma", self.sigma)
            if not 1 / LARGEST <= sigma <= LARGEST:
                raise ValueError(f"sigma: expected a number of {1 / LARGEST:g} to {LARGEST:g}, got {sigma:g}")
            object.__setattr__(self, "sigma", sigma)

    @property
    def variance(self) -> float:
        """sigma^2; a ValueError as long as it is not known."""
        if self.sigma is None:
            raise ValueError("sigma: not known yet, expected a positive number")
        return self.sigma**2

    def check(self, patterns: Counted) -> None:
        """Nothing to refuse: any finite value can come of any mean."""

    def weight(self, mean: FloatArray) -> FloatArray:
        """Mean / sigma^2."""
        return mean / self.variance

    def base(self, mean: FloatArray) -> FloatArray:
        """-mean^2 / (2 sigma^2); what knows no template, -x^2 / (2 sigma^2) - ln(sigma sqrt(2 pi)), is left out."""
        return -(mean**2) / (2 * self.variance)

    def precision(self, mean: FloatArray) -> FloatArray:
        """1 / sigma^2."""
        return np.full(np.shape(mean), 1 / self.variance)

    def limits(self, n_patterns: int) -> tuple[float, float]:
        """None: a mean may be anything."""
        return -np.inf, np.inf


def noise_of(noise: object) -> Noise:
    """A noise model of photons as a user may give it: itself, its name, or None for Bernoulli.

    Raises
    ------
    TypeError, ValueError
        If it is none; the message names the argument `noise`.

    Examples
    --------
    >>> noise_of("poisson")
    Poisson(name='poisson')
    """
    models: dict[str, Noise] = {"bernoulli": Bernoulli(), "poisson": Poisson()}
    if noise is None:
        return models["bernoulli"]
    if isinstance(noise, Bernoulli | Poisson):
        return noise
    if isinstance(noise, Gaussian):
        raise ValueError("noise: Gaussian noise is for motes.DensePatterns; photons need Bernoulli() or Poisson()")
    if not isinstance(noise, str):
        raise TypeError(f"noise: expected motes.Bernoulli() or motes.Poisson(), got {kind_of(noise)}")
    if noise.lower() not in models:
        raise ValueError(f"noise: expected bernoulli or poisson, got {noise!r}")
    return models[noise.lower()]


def noise_text(noise: Noise) -> str:
    """A noise model in words: `poisson`, `gaussian:0.5`.

    Examples
    --------
    >>> noise_text(Gaussian(0.5)), noise_named("gaussian:0.5")
    ('gaussian:0.5', Gaussian(sigma=0.5, name='gaussian'))
    """
    return f"gaussian:{noise.sigma!r}" if isinstance(noise, Gaussian) and noise.sigma else noise.name


def noise_named(text: str) -> Noise:
    """The noise model of a text: `poisson`, `gaussian` (its sigma to be estimated), `gaussian:0.5`.

    Raises
    ------
    ValueError
        If it names none.
    """
    kind, _, sigma = text.partition(":")
    if kind.lower() != "gaussian":
        return noise_of(text)
    try:
        return Gaussian(float(sigma) if sigma else None)
    except ValueError as error:
        raise ValueError(f"noise: expected gaussian or gaussian:SIGMA, got {text!r}") from error


@dataclass(frozen=True)
class LinearModel:
    """Templates as the kernels take them, split so that float32 holds what matters.

    What is common to all templates can not tell orientations apart, but would cost digits: it is taken out of the
    float32 weights and added back, in float64, to the sum over all patterns.

    Attributes
    ----------
    weights : (M, R) float32 or float64 array
        w[i, r] less its mean over r; 0 where `good` is False.
    base : (R,) array of the same dtype
        base[r] with ln prior[r], less its mean over r.
    common_weight : (M,) float64 array
        What was taken out, for each photon.
    common_base : float
        What was taken out, for each pattern.
    """

    weights: npt.NDArray[np.floating]
    base: npt.NDArray[np.floating]
    common_weight: FloatArray
    common_base: float

    def log_likelihood(self, of_kernel: float, photons: npt.NDArray[np.int64], n_patterns: int) -> float:
        """Add the common part to the kernel's sum over patterns: nats of all of them.

        Parameters
        ----------
        of_kernel : float
            Sum over patterns of the centred log-likelihood.
        photons : (M,) int64 array
            Photons of each pixel over the same patterns.
        n_patterns : int
            Number of patterns.
        """
        return of_kernel + float(photons @ self.common_weight) + n_patterns * self.common_base


def linear_model(
    noise: Noise,
    templates: FloatArray,
    *,
    log_prior: FloatArray | None = None,
    good: npt.NDArray[np.bool_] | None = None,
    dtype: type[np.float32] | type[np.float64] = np.float32,
) -> LinearModel:
    """Weights and bases of templates under a noise model.

    Parameters
    ----------
    noise : Noise
        The noise model.
    templates : (R, M) float64 array
        Mean photons a pixel, inside the model's `limits`.
    log_prior : (R,) float64 array, optional
        ln of each template's probability.
    good : (M,) bool array, optional
        False for bad pixels: they say nothing.
    dtype : float32 or float64
        Of the kernels' arrays.

    Returns
    -------
    LinearModel

    Examples
    --------
    >>> model = linear_model(Poisson(), np.array([[1.0, 2.0], [2.0, 1.0]]))
    >>> model.weights.sum(axis=1)
    array([0., 0.], dtype=float32)
    """
    weights = noise.weight(templates)
    bases = noise.base(templates)
    if good is not None:
        weights = np.where(good, weights, 0.0)
        bases = np.where(good, bases, 0.0)
    base = bases.sum(axis=1)
    common_weight = weights.mean(axis=0)
    common_base = float(base.mean())
    base = base - common_base
    if log_prior is not None:
        base = base + log_prior
    return LinearModel(
        np.ascontiguousarray((weights - common_weight).T, dtype), base.astype(dtype), common_weight, common_base
    )
