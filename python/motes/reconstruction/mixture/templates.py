"""A mixture's templates beside patterns: what all, or some, of them come to, whatever their noise and their fluence."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.dense import DensePatterns
from motes.kernels.posterior import posterior
from motes.noise import Gaussian, LinearModel, Noise
from motes.patterns import Patterns
from motes.reconstruction.blocks import blocks
from motes.reconstruction.mixture.blockwise import posteriors
from motes.reconstruction.mixture.estep import Sums, annealed_model, uniform_sums
from motes.reconstruction.mixture.fluence import (
    FluenceModel,
    fitted_fluence,
    fluence_responsibilities,
    fluence_std_error,
    fluence_sums,
)
from motes.reconstruction.mixture.gaussian import GaussianModel, gaussian_responsibilities, gaussian_sums
from motes.stored import StoredPatterns
from motes.threads import one_blas_thread

FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyPatterns: TypeAlias = Patterns | DensePatterns
Source: TypeAlias = AnyPatterns | StoredPatterns

_AT_ONCE = 1 << 22  # responsibilities held together: 16 MB in single precision


@dataclass(frozen=True, eq=False)
class Templates:
    """T templates with their prior, as patterns are scored by them.

    Attributes
    ----------
    signal : (T, M) float64 array
        Mean photons a pixel at fluence 1, without the background.
    background : (M,) float64 array or None
        Known mean photons a pixel.
    log_prior : (T,) float64 array
        ln of each template's probability.
    good : (M,) bool array
        Pixels that templates are told apart by.
    noise : Noise
        Gaussian noise with its sigma.
    limits : (float, float)
        Means are kept within.
    dtype : float32 or float64
        Of the kernels' scores.
    threads : int
        Of no effect on results.
    """

    signal: FloatArray
    background: FloatArray | None
    log_prior: FloatArray
    good: npt.NDArray[np.bool_]
    noise: Noise
    limits: tuple[float, float]
    dtype: type[np.float32] | type[np.float64]
    threads: int

    @cached_property
    def means(self) -> FloatArray:
        """(T, M): of each pixel at fluence 1."""
        means = self.signal if self.background is None else self.signal + self.background
        return np.clip(means, *self.limits)

    @cached_property
    def _of_fluence(self) -> FluenceModel:
        return FluenceModel(np.clip(self.signal, *self.limits), self.good, self.background, self.dtype)

    @cached_property
    def _gaussian(self) -> GaussianModel:
        assert isinstance(self.noise, Gaussian)
        assert self.noise.sigma is not None
        return GaussianModel(self.means, self.good, self.noise.sigma)

    @cached_property
    def _linear(self) -> LinearModel:
        return annealed_model(self.noise, self.means, self.log_prior, self.good, 1.0, np.float32)

    def with_threads(self, threads: int) -> Templates:
        """The same, by so many threads; models that were made stay."""
        other = copy.copy(self)
        object.__setattr__(other, "threads", threads)
        return other

    def prepared(self) -> Templates:
        """These, with their model made here: where they are sent, another NumPy may round its logarithms otherwise."""
        _ = self._linear
        return self

    def sums(
        self,
        patterns: Source,
        *,
        beta: float,
        fluence: FloatArray | None,
        estimate: bool,
        photons: npt.NDArray[np.int64] | None,
    ) -> Sums:
        """The E step over all patterns, and the step of what is estimated beside the masters.

        Parameters
        ----------
        patterns : Patterns, StoredPatterns or DensePatterns
            N patterns.
        beta : float
            Power on the likelihood, 0 to 1.
        fluence : (N,) float64 array or None
            Of each pattern; None where all are 1.
        estimate : bool
            Whether fluences, or Gaussian noise's sigma, are estimated.
        photons : (M,) int64 array or None
            Of each good pixel over all patterns; not needed for dense ones.
        """
        if isinstance(patterns, DensePatterns):
            return gaussian_sums(
                patterns, self._gaussian, self.log_prior, beta=beta, estimate=estimate, threads=self.threads
            )
        if fluence is not None:
            assert isinstance(patterns, Patterns)
            return fluence_sums(
                patterns, self._of_fluence, self.log_prior, fluence, beta=beta, estimate=estimate, threads=self.threads
            )
        assert photons is not None
        return uniform_sums(
            patterns, self.noise, self.means, self.log_prior, self.good, beta=beta, photons=photons, dtype=self.dtype,
            threads=self.threads,
        )  # fmt: skip

    def parts(self, patterns: Source, fluence: FloatArray | None) -> list[slice]:
        """Blocks of patterns whose responsibilities fit the memory, always the same ones."""
        if fluence is not None and isinstance(patterns, Patterns):
            return self._of_fluence.parts(patterns)
        return list(blocks(patterns, most=max(_AT_ONCE // len(self.signal), 1)))

    def responsibilities(self, patterns: AnyPatterns, fluence: FloatArray | None) -> npt.NDArray[np.float32]:
        """Posterior probability of each template for some patterns: (n, T) float32."""
        if isinstance(patterns, DensePatterns):
            return gaussian_responsibilities(patterns, self._gaussian, self.log_prior)
        if fluence is not None:
            return fluence_responsibilities(patterns, self._of_fluence, self.log_prior, fluence)
        return posterior(patterns, self._linear, responsibilities=True, threads=self.threads).responsibilities

    def log_likelihood(self, patterns: AnyPatterns, fluence: FloatArray | None) -> FloatArray:
        """Of some patterns, over all templates: (n,) nats, for Poisson without ln x!."""
        if isinstance(patterns, DensePatterns):
            with one_blas_thread():
                scores = self._gaussian.scores(patterns.rows(slice(0, len(patterns))))
            return posteriors(scores, self.log_prior, 1.0).value
        if fluence is not None:
            return posteriors(self._of_fluence.scores(patterns, fluence), self.log_prior, 1.0).value
        common = np.where(self.good, self._linear.common_weight, 0.0)
        whole = posterior(patterns, self._linear, evidence=True, threads=self.threads).evidence.astype(np.float64)
        return np.asarray(whole + patterns.to_scipy() @ common + self._linear.common_base)

    def likely_fluence(self, patterns: Patterns) -> FloatArray:
        """The likeliest fluence of each pattern: (n,)."""
        return fitted_fluence(patterns, self._of_fluence, self.log_prior, threads=self.threads)

    def fluence_std_error(self, patterns: Patterns, fluence: FloatArray) -> FloatArray:
        """Standard errors of fluences that were estimated, relative to their mean: (n,)."""
        return fluence_std_error(patterns, self._of_fluence, self.log_prior, fluence, threads=self.threads)
