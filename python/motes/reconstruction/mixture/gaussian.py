"""Dense patterns under Gaussian noise: E step and sums by blocks, sigma in turn.

ln L_pt = -|x_p - m_t|^2 / (2 sigma^2) - G ln(sigma sqrt(2 pi)), over the G good pixels, m_t = correction * template +
background. Products are those of matrices, by a BLAS of one thread, blocks of a fixed size in parallel, their sums
taken in order: the same bits for any number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.dense import DensePatterns
from motes.reconstruction.mixture.blockwise import in_order, posteriors
from motes.reconstruction.mixture.estep import Sums
from motes.threads import one_blas_thread

FloatArray: TypeAlias = npt.NDArray[np.float64]

AT_ONCE = 1 << 20  # values, or responsibilities, of one block: 8 MB
LEAST_SIGMA = 1e-3  # of the first one: a class for every pattern has no best sigma, and its distances are rounding
_ALIKE = 1e-12  # of the largest value: a smaller spread is the rounding of a mean


@dataclass(frozen=True, eq=False)
class GaussianModel:
    """Templates of dense patterns.

    Attributes
    ----------
    means : (T, M) float64 array
        Of each pixel of each template, background and correction in it.
    good : (M,) bool array
        Pixels that templates are told from.
    sigma : float
        Standard deviation of a pixel.
    """

    means: FloatArray
    good: npt.NDArray[np.bool_]
    sigma: float

    @cached_property
    def shown(self) -> FloatArray:
        """(T, M): the means on good pixels, 0 elsewhere."""
        return np.where(self.good, self.means, 0.0)

    @cached_property
    def squares(self) -> FloatArray:
        """(T,): sum of the squared means over good pixels."""
        return np.asarray((self.shown**2).sum(axis=1))

    def distances(self, rows: FloatArray) -> FloatArray:
        """|x_p - m_t|^2 over good pixels: (n, T) of patterns (n, M)."""
        own = np.einsum("pi,pi->p", rows, rows * self.good)
        return np.asarray(own[:, None] - 2 * (rows @ self.shown.T) + self.squares)

    def scores(self, rows: FloatArray) -> FloatArray:
        """Log-likelihood of patterns (n, M) under each template: (n, T), nats."""
        return self.scores_at(self.distances(rows))

    def scores_at(self, distances: FloatArray) -> FloatArray:
        """The same of squared distances."""
        width = self.good.sum() * (np.log(self.sigma) + 0.5 * np.log(2 * np.pi))
        return np.asarray(-0.5 / self.sigma**2 * distances - width)

    def parts(self, patterns: DensePatterns) -> list[slice]:
        """Blocks of patterns that fit the memory, always the same ones."""
        widest = max(len(self.means), patterns.n_pixels)
        return list(patterns.blocks(AT_ONCE * patterns.n_pixels // widest))


class _Part(NamedTuple):
    """What one block comes to."""

    value: float
    expected: float
    planes: FloatArray
    weights: FloatArray
    spread: float


def gaussian_sums(
    patterns: DensePatterns,
    model: GaussianModel,
    log_prior: FloatArray,
    *,
    beta: float,
    estimate: bool,
    threads: int,
) -> Sums:
    """The E step of dense patterns; with `estimate`, sigma's own step before the master's.

    Parameters
    ----------
    patterns : DensePatterns
        N patterns.
    model : GaussianModel
        Templates and sigma.
    log_prior : (T,) float64 array
        ln of each template's probability.
    beta : float
        Power on the likelihood, 0 to 1.
    estimate : bool
        Whether sigma is stepped; else it is known.
    threads : int
        Of no effect on the result.

    Returns
    -------
    Sums
        `rest` is the new sigma, (1,): sigma^2 = sum_pt gamma_pt |x_p - m_t|^2 / (N G); empty where it is known.

    Examples
    --------
    >>> patterns = DensePatterns(np.array([[[1.0, -1.0]], [[2.0, 0.0]]]))
    >>> model = GaussianModel(np.array([[1.0, 0.0]]), np.ones(2, bool), 3.0)
    >>> gaussian_sums(patterns, model, np.zeros(1), beta=1.0, estimate=True, threads=1).rest.round(4)
    array([0.7071])
    """

    def work(part: slice) -> _Part:
        rows = patterns.rows(part)
        distances = model.distances(rows)
        found = posteriors(model.scores_at(distances), log_prior, beta)
        spread = float((found.gamma * distances).sum())
        return _Part(float(found.value.sum()), found.expected, found.gamma.T @ rows, found.gamma.sum(axis=0), spread)

    n_templates, n_pixels = model.means.shape
    value = expected = spread = 0.0
    planes, weights = np.zeros((n_templates, n_pixels)), np.zeros(n_templates)
    with one_blas_thread():
        for done in in_order(work, model.parts(patterns), threads=threads):
            value += done.value
            expected += done.expected
            spread += done.spread
            planes += done.planes
            weights += done.weights
    looks = len(patterns) * int(model.good.sum())
    rest = np.array([np.sqrt(max(spread / max(looks, 1), 1e-300))]) if estimate else np.zeros(0)
    return Sums(value, planes.reshape(-1, *patterns.shape), weights, weights, expected, rest)


def gaussian_responsibilities(
    patterns: DensePatterns, model: GaussianModel, log_prior: FloatArray
) -> npt.NDArray[np.float32]:
    """Posterior probability of each template for some patterns: (n, T) float32."""
    with one_blas_thread():
        scores = model.scores(patterns.rows(slice(0, len(patterns))))
    return posteriors(scores, log_prior, 1.0).gamma.astype(np.float32)


def start_sigma(patterns: DensePatterns, good: npt.NDArray[np.bool_]) -> float:
    """The spread of good pixels about their mean over all patterns: where an estimate of sigma begins.

    Raises
    ------
    ValueError
        If there is none to estimate: no two patterns that differ.

    Examples
    --------
    >>> start_sigma(DensePatterns(np.array([[[1.0, 2.0]], [[3.0, 4.0]]])), np.ones(2, bool))
    1.0
    """
    looks = max(len(patterns) * int(good.sum()), 1)
    squares = largest = 0.0
    mean = patterns.total_image().ravel()[good] / max(len(patterns), 1)
    for part in patterns.blocks():
        rows = patterns.rows(part)[:, good]
        squares += float(((rows - mean) ** 2).sum())  # about the mean: squares of the values would cancel
        largest = max(largest, float(np.abs(rows).max(initial=0.0)))
    sigma = float(np.sqrt(squares / looks))
    if sigma <= _ALIKE * largest:
        raise ValueError("noise: no two patterns differ, so sigma can not be estimated; give motes.Gaussian(sigma)")
    return sigma
