"""Matched picks in order of score: what every curve, threshold and interval is counted from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from motes.cached import cached_property
from motes.circles import Indices
from motes.kernels.matching import Matches

Item = TypeVar("Item")
Result = TypeVar("Result")
FloatArray: TypeAlias = npt.NDArray[np.float64]
CHUNK = 1 << 17  # numbers in any one array while resampling; one sample may need more


class Map(Protocol):
    """The built-in `map`, or one that has others do the work."""

    def __call__(self, function: Callable[[Item], Result], items: Iterable[Item], /) -> Iterable[Result]:
        """The function of each item, in their order."""


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


def f_beta(precision: FloatArray, recall: FloatArray, beta: float) -> FloatArray:
    """(1 + beta^2) P R / (beta^2 P + R); 0 where both are 0."""
    below = beta**2 * precision + recall
    return ratio((1 + beta**2) * precision * recall, below, 0.0)


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

    @cached_property
    def precision(self) -> FloatArray:
        """Hits / picks; 1 without picks: nothing that was said is wrong."""
        return ratio(self.hits, self.picks, 1.0)

    @cached_property
    def recall(self) -> FloatArray:
        """Found / truth; 1 without particles: nothing was missed."""
        return ratio(self.found, self.truth[..., None], 1.0)


class Ranking:
    """Matched picks, highest score first; equal scores are one threshold.

    Parameters
    ----------
    matches : Matches
        Picks without scores count as equal.
    """

    def __init__(self, matches: Matches) -> None:
        picks = matches.picks
        scores = np.zeros(len(picks)) if picks.scores is None else picks.scores.astype(np.float64)
        self._rank(scores, picks.micrograph, matches.particle, np.diff(matches.truth.indptr))

    @classmethod
    def from_hits(cls, scores: FloatArray, micrograph: Indices, particle: Indices, n_truth: Indices) -> Ranking:
        """Of N picks by their scores, micrographs and the particles that they found (-1: none), of (M,) particles."""
        ranking = cls.__new__(cls)
        ranking._rank(scores, micrograph, particle, n_truth)
        return ranking

    def _rank(self, scores: FloatArray, micrograph: Indices, particle: Indices, n_truth: Indices) -> None:
        order = np.argsort(-scores, kind="stable")
        particle = particle[order]
        self.scores = scores[order]
        self.micrograph = micrograph[order]
        self.hit = particle >= 0
        self.first = np.zeros(len(scores), bool)  # several picks may claim one particle: the first of them found it
        claimed, where = np.unique(particle, return_index=True)
        self.first[where[claimed >= 0]] = True
        self.n_truth = n_truth
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

    def estimates(
        self,
        statistics: Callable[[Tally], Sequence[FloatArray]],
        *,
        confidence: float,
        n_bootstrap: int,
        seed: int,
        each: Map = map,
    ) -> list[Estimate]:
        """Statistics of the counts, and their bootstrap intervals over micrographs: each sample is tallied once."""
        return resampled(
            lambda weights: statistics(self.tally(weights)),
            self.n_micrographs,
            len(self.scores),
            confidence=confidence,
            n_bootstrap=n_bootstrap,
            seed=seed,
            each=each,
        )


def ratio(above: FloatArray, below: FloatArray, otherwise: float) -> FloatArray:
    """Quotients, and what is said instead of 0/0."""
    quotient: FloatArray = np.divide(above, below, out=np.full_like(above, otherwise), where=below > 0)
    return quotient


def resampled(
    statistics: Callable[[FloatArray], Sequence[FloatArray]],
    n_micrographs: int,
    size: int,
    *,
    confidence: float,
    n_bootstrap: int,
    seed: int,
    each: Map = map,
) -> list[Estimate]:
    """Statistics of the micrographs, with their percentiles over bootstrap samples of these.

    `statistics` takes how often each micrograph counts, (B, M), and gives (B,) for each; samples without a number, NaN,
    do not count. `size` is how many numbers one sample needs at a time. `each` is who does it, the built-in `map` or
    one over workers.
    """
    values, samples = bootstrap(statistics, n_micrographs, size, n_bootstrap=n_bootstrap, seed=seed, each=each)
    return [summary(value, drawn, confidence) for value, drawn in zip(values, samples, strict=True)]


def bootstrap(
    statistics: Callable[[FloatArray], Sequence[FloatArray]],
    n_micrographs: int,
    size: int,
    *,
    n_bootstrap: int,
    seed: int,
    each: Map = map,
) -> tuple[list[float], FloatArray]:
    """S statistics of the micrographs, and (S, B) of bootstrap samples of these; none of fewer than two micrographs."""
    if n_bootstrap < 0:
        raise ValueError(f"n_bootstrap: expected 0 or more, got {n_bootstrap}")
    values = [float(value[0]) for value in statistics(np.ones((1, n_micrographs)))]
    if n_micrographs < 2 or n_bootstrap == 0:
        return values, np.zeros((len(values), 0))
    rng = np.random.default_rng(seed)
    chance = np.full(n_micrographs, 1 / n_micrographs)
    step = max(1, CHUNK // max(size, n_micrographs))
    blocks = (
        rng.multinomial(n_micrographs, chance, min(step, n_bootstrap - begin)).astype(np.float64)
        for begin in range(0, n_bootstrap, step)
    )
    parts = [np.stack(drawn) for drawn in each(statistics, blocks)]
    return values, np.concatenate(parts, axis=1)


def summary(value: float, samples: FloatArray, confidence: float) -> Estimate:
    """A figure with the percentiles of its samples."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected above 0 and below 1, got {confidence}")
    if np.isnan(samples).all():
        return Estimate(value, np.nan, np.nan)
    low, high = np.nanquantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Estimate(value, float(low), float(high))
