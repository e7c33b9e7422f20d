"""Matched picks in order of score: what every curve, threshold and interval is counted from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.kernels.matching import Matches

FloatArray: TypeAlias = npt.NDArray[np.float64]
CHUNK = 1 << 21  # numbers held at once while resampling


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval over micrographs.

    Attributes
    ----------
    value : float
        On all micrographs.
    low, high : float
        Bootstrap percentiles; NaN with fewer than two micrographs, or where no interval was asked for.
    """

    value: float
    low: float
    high: float

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        return f"{self.value:.4g} ({self.low:.4g} to {self.high:.4g})"


@dataclass(frozen=True, eq=False)
class Tally:
    """Counts at each distinct score, highest first, for one or more weightings of the micrographs.

    Attributes
    ----------
    threshold : (T,) float64 array
        Picks of this score or more count as predictions.
    picks, hits, found : (..., T) float64 arrays
        Predictions, predictions that are near a particle, particles that a prediction found.
    truth : (...) float64 array
        Particles.
    """

    threshold: FloatArray
    picks: FloatArray
    hits: FloatArray
    found: FloatArray
    truth: FloatArray

    @property
    def precision(self) -> FloatArray:
        """Hits / picks; 1 without picks: nothing that was said is wrong."""
        return ratio(self.hits, self.picks, 1.0)

    @property
    def recall(self) -> FloatArray:
        """Found / truth; 1 without particles: nothing was missed."""
        return ratio(self.found, self.truth[..., None], 1.0)

    def f_beta(self, beta: float) -> FloatArray:
        """(1 + beta^2) P R / (beta^2 P + R); 0 where both are 0."""
        p, r = self.precision, self.recall
        return ratio((1 + beta**2) * p * r, beta**2 * p + r, 0.0)


class Ranking:
    """Matched picks, highest score first; equal scores are one threshold.

    Parameters
    ----------
    matches : Matches
        Picks without scores count as equal.
    """

    def __init__(self, matches: Matches) -> None:
        picks, truth = matches.picks, matches.truth
        scores = np.zeros(len(picks)) if picks.scores is None else picks.scores.astype(np.float64)
        order = np.argsort(-scores, kind="stable")
        particle = matches.particle[order]
        self.scores = scores[order]
        self.micrograph = picks.micrograph[order]
        self.hit = particle >= 0
        self.first = np.zeros(len(picks), bool)  # several picks may claim one particle: the first of them found it
        claimed, where = np.unique(particle, return_index=True)
        self.first[where[claimed >= 0]] = True
        self.n_truth = np.diff(truth.indptr)
        self.last = np.flatnonzero(np.diff(self.scores, append=-np.inf) != 0)  # of each run of equal scores

    @property
    def n_micrographs(self) -> int:
        """Number of micrographs."""
        return len(self.n_truth)

    def tally(self, weights: FloatArray | None = None) -> Tally:
        """Counts, with micrographs counted as often as `weights` (..., M) says; each once by default."""
        times = np.ones(self.n_micrographs) if weights is None else weights
        each = times[..., self.micrograph]
        picks, hits, found = (
            np.cumsum(np.where(kind, each, 0.0), axis=-1)[..., self.last] for kind in (True, self.hit, self.first)
        )
        return Tally(self.scores[self.last], picks, hits, found, times @ self.n_truth)

    def estimate(
        self, statistic: Callable[[Tally], FloatArray], *, confidence: float, n_bootstrap: int, seed: int
    ) -> Estimate:
        """A statistic of the counts, and its bootstrap interval over micrographs."""
        value = float(statistic(self.tally()))
        return resampled(
            value,
            lambda weights: statistic(self.tally(weights)),
            self.n_micrographs,
            len(self.scores),
            confidence=confidence,
            n_bootstrap=n_bootstrap,
            seed=seed,
        )


def ratio(above: FloatArray, below: FloatArray, otherwise: float) -> FloatArray:
    """Quotients, and what is said instead of 0/0."""
    quotient: FloatArray = np.divide(above, below, out=np.full_like(above, otherwise), where=below > 0)
    return quotient


def resampled(
    value: float,
    of_weights: Callable[[FloatArray], FloatArray],
    n_micrographs: int,
    size: int,
    *,
    confidence: float,
    n_bootstrap: int,
    seed: int,
) -> Estimate:
    """`value` with the percentiles of `of_weights` (B, M) -> (B,) over bootstrap samples of the micrographs.

    Samples without a number, NaN, do not count. `size` is how many numbers one sample needs at a time.
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected above 0 and below 1, got {confidence}")
    if n_bootstrap < 0:
        raise ValueError(f"n_bootstrap: expected 0 or more, got {n_bootstrap}")
    if n_micrographs < 2 or n_bootstrap == 0:
        return Estimate(value, np.nan, np.nan)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(n_micrographs, np.full(n_micrographs, 1 / n_micrographs), n_bootstrap).astype(np.float64)
    parts = np.array_split(weights, max(1, min(n_bootstrap, n_bootstrap * size // CHUNK)))
    values = np.concatenate([np.atleast_1d(of_weights(part)) for part in parts])
    if np.isnan(values).all():
        return Estimate(value, np.nan, np.nan)
    low, high = np.nanquantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(low), float(high))
