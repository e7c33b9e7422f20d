"""How a pattern comes of a template: counts of equal fluence, counts of a fluence each, or real numbers.

A mixture asks three things of it: the sums of an E step, the posterior of some patterns, and what else than the masters
it estimates. That rest is one vector: nothing; a fluence for each pattern; or the noise's standard deviation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.dense import DensePatterns, check_dense
from motes.detector import Detector
from motes.kernels.posterior import posterior
from motes.noise import Gaussian, Noise
from motes.patterns import Patterns, check_patterns
from motes.reconstruction.blocks import blocks
from motes.reconstruction.mixture.blockwise import Posteriors, posteriors
from motes.reconstruction.mixture.estep import Sums, annealed_model, uniform_sums
from motes.reconstruction.mixture.fluence import FluenceModel, fitted_fluence, fluence_sums
from motes.reconstruction.mixture.gaussian import GaussianModel, gaussian_sums, start_sigma
from motes.threads import one_blas_thread

FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyPatterns: TypeAlias = Patterns | DensePatterns

_AT_ONCE = 1 << 22  # responsibilities of one block where the kernels make them: 16 MB in single precision
_LEAST_SIGMA = 1e-6  # of the data's own spread: a mixture with a class for every pattern has no best sigma
_NOTHING: FloatArray = np.zeros(0)
_NOTHING.flags.writeable = False


class Emission(Protocol):
    """Patterns, and how they scatter; `signal` (T, M) are correction times templates, without the background."""

    def start(self) -> FloatArray:
        """Where the estimate of the rest begins."""

    def inside(self, rest: FloatArray) -> FloatArray:
        """The rest, kept possible."""

    def fitted(self, signal: FloatArray, log_prior: FloatArray) -> FloatArray:
        """The rest that is the most likely for templates that are known."""

    def sums(self, signal: FloatArray, log_prior: FloatArray, rest: FloatArray, beta: float) -> Sums:
        """The E step over all patterns."""

    def parts(self, signal: FloatArray) -> list[slice]:
        """Blocks of patterns whose posterior fits the memory."""

    def posterior(self, part: slice, signal: FloatArray, log_prior: FloatArray, rest: FloatArray) -> Posteriors:
        """Of the patterns of one block."""

    def noise_at(self, rest: FloatArray) -> Noise:
        """The noise model, all in it known."""

    def merging(self, detector: Detector) -> Detector:
        """What the masters' own step has to take into account."""


@dataclass(frozen=True, eq=False)
class EqualCounts:
    """Counts, or lit pixels, whose fluence is 1: by the fused kernels."""

    patterns: Patterns
    noise: Noise
    good: npt.NDArray[np.bool_]
    background: FloatArray | None
    dtype: type[np.float32] | type[np.float64]
    threads: int

    @cached_property
    def photons(self) -> npt.NDArray[np.int64]:
        """(M,): photons of each good pixel over all patterns."""
        return np.where(self.good, self.patterns.total_image().ravel(), 0)

    def means(self, signal: FloatArray) -> FloatArray:
        """(T, M): with the background, kept within the limits of the noise model."""
        means = signal if self.background is None else signal + self.background
        return np.clip(means, *self.noise.limits(len(self.patterns)))

    def start(self) -> FloatArray:
        """Nothing."""
        return _NOTHING

    def inside(self, rest: FloatArray) -> FloatArray:
        """Nothing."""
        return rest

    def fitted(self, signal: FloatArray, log_prior: FloatArray) -> FloatArray:
        """Nothing."""
        return _NOTHING

    def sums(self, signal: FloatArray, log_prior: FloatArray, rest: FloatArray, beta: float) -> Sums:
        """See `uniform_sums`."""
        return uniform_sums(
            self.patterns, self.noise, self.means(signal), log_prior, self.good, beta=beta, photons=self.photons,
            dtype=self.dtype, threads=self.threads,
        )  # fmt: skip

    def parts(self, signal: FloatArray) -> list[slice]:
        """By lit pixels and responsibilities."""
        return list(blocks(self.patterns, most=max(_AT_ONCE // len(signal), 1)))

    def posterior(self, part: slice, signal: FloatArray, log_prior: FloatArray, rest: FloatArray) -> Posteriors:
        """In single precision."""
        some = self.patterns[part]
        model = annealed_model(self.noise, self.means(signal), log_prior, self.good, 1.0, np.float32)
        found = posterior(some, model, responsibilities=True, evidence=True, threads=self.threads)
        common = np.where(self.good, model.common_weight, 0.0)
        value = found.evidence.astype(np.float64) + some.to_scipy() @ common + model.common_base
        return Posteriors(found.responsibilities, value, np.nan)

    def noise_at(self, rest: FloatArray) -> Noise:
        """As it was given."""
        return self.noise

    def merging(self, detector: Detector) -> Detector:
        """The detector."""
        return detector


@dataclass(frozen=True, eq=False)
class UnequalCounts:
    """Poisson counts with a fluence for each pattern, known or estimated: see `fluence.py`."""

    patterns: Patterns
    noise: Noise
    good: npt.NDArray[np.bool_]
    background: FloatArray | None
    known: FloatArray | None
    dtype: type[np.float32] | type[np.float64]
    threads: int

    def model(self, signal: FloatArray) -> FluenceModel:
        """Templates, kept off 0."""
        least, _ = self.noise.limits(len(self.patterns))
        return FluenceModel(np.maximum(signal, least), self.good, self.background, self.dtype)

    def start(self) -> FloatArray:
        """1, where a fluence is not known."""
        return np.ones(len(self.patterns)) if self.known is None else _NOTHING

    def inside(self, rest: FloatArray) -> FloatArray:
        """0 or more."""
        return np.maximum(rest, 0.0)

    def fitted(self, signal: FloatArray, log_prior: FloatArray) -> FloatArray:
        """In turn with the responsibilities, relative to the fluence that the masters are of."""
        if self.known is not None:
            return _NOTHING
        return fitted_fluence(self.patterns, self.model(signal), log_prior, threads=self.threads)

    def of(self, rest: FloatArray) -> FloatArray:
        """(N,): the fluences."""
        return rest if self.known is None else self.known

    def sums(self, signal: FloatArray, log_prior: FloatArray, rest: FloatArray, beta: float) -> Sums:
        """See `fluence_sums`."""
        return fluence_sums(
            self.patterns, self.model(signal), log_prior, self.of(rest), beta=beta, estimate=self.known is None,
            threads=self.threads,
        )  # fmt: skip

    def parts(self, signal: FloatArray) -> list[slice]:
        """By responsibilities, or logarithms."""
        return self.model(signal).parts(self.patterns)

    def posterior(self, part: slice, signal: FloatArray, log_prior: FloatArray, rest: FloatArray) -> Posteriors:
        """Given the fluences."""
        scores = self.model(signal).scores(self.patterns[part], self.of(rest)[part])
        return posteriors(scores, log_prior, 1.0)

    def noise_at(self, rest: FloatArray) -> Noise:
        """As it was given."""
        return self.noise

    def merging(self, detector: Detector) -> Detector:
        """Without a background: the sums are photons of the signal alone."""
        return replace(detector, background=None)


@dataclass(frozen=True, eq=False)
class DenseNumbers:
    """Real numbers under Gaussian noise, its deviation known or estimated: see `gaussian.py`."""

    patterns: DensePatterns
    noise: Gaussian
    good: npt.NDArray[np.bool_]
    background: FloatArray | None
    threads: int

    @cached_property
    def spread(self) -> float:
        """Of good pixels about their mean over all patterns."""
        return start_sigma(self.patterns, self.good)

    def model(self, signal: FloatArray, rest: FloatArray) -> GaussianModel:
        """Templates and deviation."""
        means = signal if self.background is None else signal + self.background
        return GaussianModel(means, self.good, float(np.sqrt(self.noise_at(rest).variance)))

    def start(self) -> FloatArray:
        """The spread of the data, where sigma is not known."""
        return np.array([self.spread]) if self.noise.sigma is None else _NOTHING

    def inside(self, rest: FloatArray) -> FloatArray:
        """Positive."""
        return np.maximum(rest, max(_LEAST_SIGMA * self.spread, 1e-150)) if rest.size else rest

    def fitted(self, signal: FloatArray, log_prior: FloatArray) -> FloatArray:
        """Nothing: a deviation is the data set's own, not a pattern's."""
        return _NOTHING

    def sums(self, signal: FloatArray, log_prior: FloatArray, rest: FloatArray, beta: float) -> Sums:
        """See `gaussian_sums`."""
        estimate = self.noise.sigma is None
        model = self.model(signal, rest)
        return gaussian_sums(self.patterns, model, log_prior, beta=beta, estimate=estimate, threads=self.threads)

    def parts(self, signal: FloatArray) -> list[slice]:
        """By values, or responsibilities."""
        return self.model(signal, np.ones(1)).parts(self.patterns)

    def posterior(self, part: slice, signal: FloatArray, log_prior: FloatArray, rest: FloatArray) -> Posteriors:
        """By a BLAS of one thread."""
        with one_blas_thread():
            scores = self.model(signal, rest).scores(self.patterns.rows(part))
        return posteriors(scores, log_prior, 1.0)

    def noise_at(self, rest: FloatArray) -> Gaussian:
        """With its deviation."""
        return self.noise if self.noise.sigma is not None else Gaussian(float(rest[0]))

    def merging(self, detector: Detector) -> Detector:
        """The detector."""
        return detector


def check_fits(patterns: object, noise: Noise) -> None:
    """Refuse patterns that a noise model can not have made; the message names `patterns`."""
    if isinstance(noise, Gaussian):
        check_dense(patterns)
    else:
        noise.check(check_patterns(patterns))


def emission_of(
    patterns: AnyPatterns,
    noise: Noise,
    good: npt.NDArray[np.bool_],
    background: npt.NDArray[np.float64] | None,
    fluence: str | FloatArray,
    *,
    dtype: type[np.float32] | type[np.float64],
    threads: int,
) -> Emission:
    """What fits the patterns: `good` and `background` (M,); `fluence` "uniform", "estimate", or known, (N,)."""
    if isinstance(patterns, DensePatterns):
        assert isinstance(noise, Gaussian)
        return DenseNumbers(patterns, noise, good, background, threads)
    if isinstance(fluence, str) and fluence == "uniform":
        return EqualCounts(patterns, noise, good, background, dtype, threads)
    known = None if isinstance(fluence, str) else fluence
    return UnequalCounts(patterns, noise, good, background, known, dtype, threads)
