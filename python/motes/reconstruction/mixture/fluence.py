"""Poisson patterns of unequal fluence: the E step, the fluences in turn, and how well each is known.

Pixel i of pattern p, if it shows template t, has the mean phi_p s_ti + b_i: fluence times signal (correction times
template), and a known background. With gamma the responsibilities and a_pti = phi_p s_ti / (phi_p s_ti + b_i) the
share of a photon that the signal can claim, one step of expectation maximisation has

    planes    P_ti  = sum_p gamma_pt a_pti x_pi       photons of the signal, by the template they are thought to show
    fluence   phi_p = sum_ti gamma_pt a_pti x_pi / sum_t gamma_pt S_t,    S_t = sum_i s_ti over good pixels
    exposure  g_t   = sum_p gamma_pt phi_p            with the new fluences

and the master's own step takes P and g as if there were no background. Each of the two, fluences and then master, is
the best for the other as it stands, so the likelihood never falls. Only phi s is seen: the mean fluence is kept at 1,
and the master takes up the scale. Without a background a = 1: scores are linear in the photons, and the kernels give
them; with one, each photon needs a logarithm for each template (`photonwise.py`), which takes many times as long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.foreign import array_of
from motes.kernels.backrotation import back_rotated_planes
from motes.kernels.likelihood import scores_of
from motes.noise import LinearModel, Poisson, linear_model
from motes.patterns import Patterns
from motes.reconstruction.mixture.blockwise import Posteriors, in_order, posteriors
from motes.reconstruction.mixture.estep import Sums
from motes.reconstruction.mixture.photonwise import Lit

FloatArray: TypeAlias = npt.NDArray[np.float64]

AT_ONCE = 1 << 20  # responsibilities, or logarithms, of one block: 8 MB in double precision
_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class FluenceModel:
    """Templates of patterns whose fluence differs.

    Attributes
    ----------
    signal : (T, M) float64 array
        Mean photons a pixel at fluence 1, without the background; positive.
    good : (M,) bool array
        Pixels that templates and fluences are told from.
    background : (M,) float64 array or None
        Known mean photons a pixel.
    dtype : float32 or float64
        Of the kernels' scores, where there is no background.
    """

    signal: FloatArray
    good: npt.NDArray[np.bool_]
    background: FloatArray | None = None
    dtype: type[np.float32] | type[np.float64] = np.float32

    @cached_property
    def linear(self) -> LinearModel:
        """Logarithms of s, as the kernels take it; its base is not used, since it scales with the fluence."""
        return linear_model(Poisson(), self.signal, good=self.good, dtype=self.dtype)

    @cached_property
    def photons(self) -> FloatArray:
        """(T,): photons that each template puts on good pixels at fluence 1."""
        return np.asarray(self.signal[:, self.good].sum(axis=1))

    @cached_property
    def background_photons(self) -> float:
        """Photons of the background on good pixels."""
        return 0.0 if self.background is None else float(self.background[self.good].sum())

    def lit(self, patterns: Patterns, fluence: FloatArray) -> Lit | None:
        """Lit pixels under every template, where there is a background."""
        return None if self.background is None else Lit.of(patterns, fluence, self.signal, self.background)

    def scores(self, patterns: Patterns, fluence: FloatArray, lit: Lit | None = None) -> FloatArray:
        """Log-likelihood of each pattern under each template, without ln x!: (N, T) float64 nats.

        `lit` is that of the patterns, where it is at hand.
        """
        base = -fluence[:, None] * self.photons - self.background_photons
        lit = self.lit(patterns, fluence) if lit is None else lit
        if lit is not None:
            told: FloatArray = base + lit.per_pattern(np.where(self.good[lit.pixel, None], np.log(lit.means), 0.0))
            return told
        nothing = np.zeros(len(self.signal), self.dtype)
        linear = scores_of(patterns, self.linear.weights, nothing, threads=1)
        common = patterns.to_scipy() @ self.linear.common_weight
        # Of fluence 0, no photon comes: a pattern that has some is as good as impossible there, one without is certain.
        common += np.log(np.maximum(fluence, _TINY)) * self.photons_of(patterns)
        scores: FloatArray = base + linear + common[:, None]
        return scores

    def photons_of(self, patterns: Patterns) -> FloatArray:
        """(N,): photons of each pattern on good pixels."""
        return np.asarray(patterns.to_scipy() @ self.good.astype(np.float64))

    def parts(self, patterns: Patterns) -> list[slice]:
        """Blocks of patterns that fit the memory, always the same ones."""
        wide = len(self.signal)
        lit = np.diff(patterns.indptr) if self.background is not None else np.ones(len(patterns), np.int64)
        ends = np.concatenate([[0], np.cumsum(np.maximum(lit, 1))]) * wide
        parts, first = [], 0
        while first < len(patterns):
            last = int(np.searchsorted(ends, ends[first] + AT_ONCE, side="right")) - 1
            last = min(max(last, first + 1), len(patterns))
            parts.append(slice(first, last))
            first = last
        return parts


class _Part(NamedTuple):
    """What one block comes to."""

    value: float
    expected: float
    planes: FloatArray
    weights: FloatArray
    exposure: FloatArray
    fluence: FloatArray


def fluence_sums(
    patterns: Patterns,
    model: FluenceModel,
    log_prior: FloatArray,
    fluence: FloatArray,
    *,
    beta: float,
    estimate: bool,
    threads: int,
) -> Sums:
    """The E step of patterns with a fluence each; with `estimate`, the fluences' own step before the master's.

    Parameters
    ----------
    patterns : Patterns
        N patterns.
    model : FluenceModel
        Templates.
    log_prior : (T,) float64 array
        ln of each template's probability.
    fluence : (N,) float64 array
        Of each pattern, 0 or more.
    beta : float
        Power on the likelihood, 0 to 1.
    estimate : bool
        Whether fluences are stepped; else they are known.
    threads : int
        Of no effect on the result.

    Returns
    -------
    Sums
        `planes` are photons of the signal alone, and `exposure` is of the new fluences: the master's step is the one
        without a background. `rest` are the new fluences, of mean 1; empty where they are known.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[3, 0, 0, 0], [0, 1, 0, 0]])
    >>> model = FluenceModel(np.array([[1.5, 0.5, 1e-3, 1e-3]]), np.ones(4, bool))
    >>> sums = fluence_sums(patterns, model, np.zeros(1), np.ones(2), beta=1.0, estimate=True, threads=1)
    >>> sums.rest.round(3), sums.exposure.round(3)
    (array([1.5, 0.5]), array([2.]))
    """

    def work(part: slice) -> _Part:
        some, phi = patterns[part], fluence[part]
        lit = model.lit(some, phi)
        found = posteriors(model.scores(some, phi, lit), log_prior, beta)
        planes, claimed = _claimed(some, model, lit, found)
        after = claimed / np.maximum(found.gamma @ model.photons, _TINY) if estimate else phi
        weights, exposure = found.gamma.sum(axis=0), after @ found.gamma
        return _Part(float(found.value.sum()), found.expected, planes, weights, exposure, after)

    n_templates, n_pixels = model.signal.shape
    value = expected = 0.0
    planes = np.zeros((n_templates, n_pixels))
    weights, exposure, after = np.zeros(n_templates), np.zeros(n_templates), np.zeros(len(patterns))
    parts = model.parts(patterns)
    for part, done in zip(parts, in_order(work, parts, threads=threads), strict=True):
        value += done.value
        expected += done.expected
        planes += done.planes
        weights += done.weights
        exposure += done.exposure
        after[part] = done.fluence
    rest = np.zeros(0)
    if estimate:
        mean = float(after.mean()) if after.size and after.any() else 1.0
        rest, exposure = after / mean, exposure / mean
    return Sums(value, planes.reshape(-1, *patterns.shape), weights, exposure, expected, rest)


def _claimed(
    patterns: Patterns, model: FluenceModel, lit: Lit | None, found: Posteriors
) -> tuple[FloatArray, FloatArray]:
    """Planes of what the signal claims, (T, M), over all pixels; and of each pattern on good ones, (n,)."""
    if lit is None:
        return back_rotated_planes(patterns, found.gamma, threads=1).T, model.photons_of(patterns)
    claims = found.gamma[lit.pattern] * lit.signal / lit.means
    planes = lit.per_pixel(claims, model.good.size)
    return planes.T, lit.per_pattern(model.good[lit.pixel] * claims.sum(axis=1))


def fluence_responsibilities(
    patterns: Patterns, model: FluenceModel, log_prior: FloatArray, fluence: FloatArray
) -> npt.NDArray[np.float32]:
    """Posterior probability of each template for some patterns: (n, T) float32."""
    return posteriors(model.scores(patterns, fluence), log_prior, 1.0).gamma.astype(np.float32)


def fluence_std_error(
    patterns: Patterns, model: FluenceModel, log_prior: FloatArray, fluence: FloatArray, *, threads: int
) -> FloatArray:
    """Standard error of each fluence, the master as good as known: (N,), relative to the mean fluence of 1.

    The observed information of a fluence is what its pattern would have if the template were known, less what the
    unknown template hides (Louis, J. R. Stat. Soc. B 44 (1982) 226). Without a background that is n / phi^2 less the
    variance of S_t over the posterior, and the standard error close to phi / sqrt(n), n the photons of the pattern.
    Fluences are relative to their mean, so that the errors of all of them enter each, but for its own share.

    Parameters
    ----------
    patterns, model, log_prior, fluence, threads
        As of `fluence_sums`; the fluences are the estimated ones.

    Returns
    -------
    (N,) float64 array
        NaN where a pattern tells nothing of its fluence: no photon that the signal can claim.
    """

    def work(part: slice) -> FloatArray:
        some, phi = patterns[part], fluence[part]
        lit = model.lit(some, phi)
        gamma = posteriors(model.scores(some, phi, lit), log_prior, 1.0).gamma
        per = np.where(phi > 0, phi, 1.0)  # a pattern of fluence 0 has no error, whatever comes out here
        if lit is None:
            known = model.photons_of(some) / per**2
            score = np.broadcast_to(-model.photons, gamma.shape)  # but for what all templates share
        else:
            slope = model.good[lit.pixel, None] * lit.signal / lit.means / per[lit.pattern, None]
            known = (gamma * lit.per_pattern(slope**2)).sum(axis=1)
            score = lit.per_pattern(slope) - model.photons
        mean = (gamma * score).sum(axis=1, keepdims=True)
        return np.asarray(known - (gamma * (score - mean) ** 2).sum(axis=1))

    parts = model.parts(patterns)
    told = np.concatenate([np.zeros(0), *in_order(work, parts, threads=threads)])
    variance = np.full(told.size, np.nan)
    some = (told > 0) & (fluence > 0)
    variance[some] = 1 / told[some]
    n = max(told.size, 1)
    of_mean = float(np.nansum(variance)) / n**2
    return np.sqrt(np.maximum(variance * (1 - 2 * fluence / n) + fluence**2 * of_mean, 0.0))


def fitted_fluence(
    patterns: Patterns, model: FluenceModel, log_prior: FloatArray, *, threads: int, rounds: int = 20
) -> FloatArray:
    """The likeliest fluence of each pattern under templates that are known: (N,), not scaled to any mean.

    Without a background two rounds are enough, and one where all templates have as many photons.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[3, 0, 0, 0], [0, 1, 0, 0]])
    >>> model = FluenceModel(np.array([[1.5, 0.5, 1e-3, 1e-3]]), np.ones(4, bool))
    >>> fitted_fluence(patterns, model, np.zeros(1), threads=1).round(2)
    array([1.5, 0.5])
    """

    def work(part: slice) -> FloatArray:
        some = patterns[part]
        phi: FloatArray = model.photons_of(some) / model.photons.mean()
        for _ in range(rounds):
            lit = model.lit(some, phi)
            found = posteriors(model.scores(some, phi, lit), log_prior, 1.0)
            before, phi = phi, _claimed(some, model, lit, found)[1] / np.maximum(found.gamma @ model.photons, _TINY)
            if (np.abs(phi - before) <= 1e-6 * phi).all():
                break
        return phi

    return np.concatenate([np.zeros(0), *in_order(work, model.parts(patterns), threads=threads)])


def check_fluence(fluence: object, n_patterns: int) -> FloatArray:
    """Known fluences as (N,) float64 of mean 1, or an error that names the first that can be none.

    Examples
    --------
    >>> check_fluence(np.array([1.0, 3.0]), 2)
    array([0.5, 1.5])
    """
    given = array_of("fluence", fluence)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"fluence: expected real numbers, got dtype {given.dtype}")
    if given.shape != (n_patterns,):
        raise ValueError(f"fluence: expected one for each of {n_patterns} patterns, got shape {given.shape}")
    values = given.astype(np.float64)
    good = np.isfinite(values) & (values > 0)
    if not good.all():
        p = int(np.argmin(good))
        raise ValueError(f"fluence: pattern {p} has {values[p]:g}, expected a positive, finite number")
    with np.errstate(over="ignore"):
        mean = float(values.mean()) if values.size else 1.0
    if not np.isfinite(mean):
        raise ValueError(f"fluence: up to {values.max():g}, too large to have a mean")
    return np.asarray(values / mean)
