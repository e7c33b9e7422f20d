"""Precision over recall: the curve, the area below it in two definitions, one point of it, the best threshold."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from motes.kernels.matching import Matches
from motes.picking.ranking import (
    Estimate,
    FloatArray,
    Ranking,
    Tally,
    bootstrap,
    f_beta,
    ratio,
    resampled,
    summary,
)

ROUNDING = 1e-12  # relative: F-beta values that are closer are equal
GRID = np.arange(1000, -1, -1) / 1000  # the seed's thresholds, highest first


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision and recall at each distinct score, highest first.

    Attributes
    ----------
    threshold, precision, recall : (T,) float64 arrays
        Picks with a score of `threshold` or more count as predictions.
    n_picks, n_truth : int
        Picks and particles.
    """

    threshold: FloatArray
    precision: FloatArray
    recall: FloatArray
    n_picks: int
    n_truth: int

    def f_beta(self, beta: float = 1.0) -> FloatArray:
        """(1 + beta^2) P R / (beta^2 P + R) at each threshold; 0 where both are 0."""
        return f_beta(self.precision, self.recall, beta)


def precision_recall(matches: Matches) -> Curve:
    """Precision over recall as the threshold falls.

    Picks are matched once, all of them; a pick that counts as a prediction keeps the particle it then found. Precision
    is the part of the predictions that hit (1 without predictions), recall the part of the particles that were found,
    each counted once (1 without particles). The two differ in what they count under the rules `"best"` and `"first"`,
    by which several picks may claim one particle.

    Parameters
    ----------
    matches : Matches
        Of picks with scores.

    Returns
    -------
    Curve

    Examples
    --------
    >>> from motes.circles import Circles
    >>> from motes.kernels.matching import match
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0)
    >>> picks = Circles(np.array([[1.0, 0], [15, 0], [30, 0]]), 5.0, np.array([0.9, 0.8, 0.7]))
    >>> curve = precision_recall(match(picks, truth))
    >>> curve.precision.round(2), curve.recall
    (array([1.  , 0.5 , 0.67]), array([0.5, 0.5, 1. ]))
    """
    tally = scored(matches).tally()
    return Curve(tally.threshold, tally.precision, tally.recall, len(matches.picks), len(matches.truth))


def average_precision(
    matches: Matches, *, confidence: float = 0.95, n_bootstrap: int = 1000, seed: int = 0
) -> Estimate:
    """Area below the curve, exactly: sum over all distinct thresholds of (R_k - R_k-1) P_k, without interpolation.

    Parameters
    ----------
    matches : Matches
        Of picks with scores.
    confidence, n_bootstrap, seed : float, int, int
        Of the interval, by resampling whole micrographs.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> from motes.circles import Circles
    >>> from motes.kernels.matching import match
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0)
    >>> picks = Circles(np.array([[1.0, 0], [15, 0], [30, 0]]), 5.0, np.array([0.9, 0.8, 0.7]))
    >>> round(average_precision(match(picks, truth)).value, 4)
    0.8333
    """
    (estimate,) = scored(matches).estimates(
        lambda tally: (area(tally),), confidence=confidence, n_bootstrap=n_bootstrap, seed=seed
    )
    return estimate


def auc_grid(matches: Matches, *, confidence: float = 0.95, n_bootstrap: int = 1000, seed: int = 0) -> Estimate:
    """Area below the curve by seed 001's rule, its equation (8): thresholds 1.000, 0.999, ..., 0.000.

    The sum of (R_i - R_i-1) P_i over i = 1 ... 1000, i counting down from threshold 1; a pick counts where its score is
    the threshold or more. What is found at threshold 1 itself is in no term, as the equation is printed.

    Parameters
    ----------
    matches : Matches
        Of picks with scores from 0 to 1; a log-odds has to be turned into a probability first.
    confidence, n_bootstrap, seed : float, int, int
        Of the interval, by resampling whole micrographs.

    Returns
    -------
    Estimate

    Raises
    ------
    ValueError
        If a score is outside 0 to 1.
    """
    ranking = scored(matches)
    outside = ranking.scores[(ranking.scores < 0) | (ranking.scores > 1)]
    if len(outside):
        raise ValueError(f"scores: the grid of thresholds runs from 0 to 1, got {outside[0]}")
    (estimate,) = ranking.estimates(
        lambda tally: (grid_area(tally),), confidence=confidence, n_bootstrap=n_bootstrap, seed=seed
    )
    return estimate


@dataclass(frozen=True)
class Point:
    """One point of the curve.

    Attributes
    ----------
    threshold : float
        Picks of this score or more are predictions.
    precision, recall, f_beta : Estimate
        There; NaN where there is no pick that could be right, or no particle that could be found.
    """

    threshold: float
    precision: Estimate
    recall: Estimate
    f_beta: Estimate


def at_threshold(
    matches: Matches,
    threshold: float = -np.inf,
    *,
    beta: float = 1.0,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Point:
    """Precision, recall and F-beta of the picks with a score of `threshold` or more.

    Parameters
    ----------
    matches : Matches
        With a threshold, of picks with scores.
    threshold : float
        By default all picks; compared in float64.
    beta : float
        How much more recall counts than precision.
    confidence, n_bootstrap, seed : float, int, int
        Of the intervals, by resampling whole micrographs. The threshold stays as it is.

    Returns
    -------
    Point

    Raises
    ------
    ValueError
        If `threshold` is NaN, or there is one and the picks have no scores.
    """
    _check_beta(beta)
    picks, truth, n = matches.picks, matches.truth, matches.truth.n_micrographs
    chosen = matches.predictions(threshold)
    hits = chosen & matches.hit
    found = np.unique(matches.particle[hits])
    counted = (picks.micrograph[chosen], picks.micrograph[hits], truth.micrograph[found], truth.micrograph)
    counts = np.stack([np.bincount(micrograph, minlength=n) for micrograph in counted], axis=1).astype(np.float64)

    def point(weights: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        n_picks, n_hits, n_found, n_truth = (weights @ counts).T
        tally = Tally(np.array([threshold]), n_picks[:, None], n_hits[:, None], n_found[:, None], n_truth)
        f = f_beta(tally.precision[:, 0], tally.recall[:, 0], beta)
        return ratio(n_hits, n_picks, np.nan), ratio(n_found, n_truth, np.nan), f

    return Point(threshold, *resampled(point, n, n, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed))


@dataclass(frozen=True)
class BestThreshold:
    """Where F-beta is highest.

    Attributes
    ----------
    threshold : Estimate
        T_opt, and how far it moves with the choice of micrographs.
    f_beta : Estimate
        F-beta at each sample's own best threshold: as good as it looks, not as it will be on other micrographs.
    beta : float
        1 for F1, 2 for F2.
    samples : (B,) float64 array
        T_opt of each bootstrap sample; none where there is no interval.
    """

    threshold: Estimate
    f_beta: Estimate
    beta: float
    samples: FloatArray = field(default_factory=lambda: np.zeros(0), repr=False, compare=False)


def best_threshold(
    matches: Matches, *, beta: float = 1.0, confidence: float = 0.95, n_bootstrap: int = 1000, seed: int = 0
) -> BestThreshold:
    """The score at which F-beta is highest: T_opt; of several the highest.

    Parameters
    ----------
    matches : Matches
        Of picks with scores, at least one.
    beta : float
        1: F1, the seed's choice; 2: F2, which crYOLO also offers.
    confidence, n_bootstrap, seed : float, int, int
        Of the intervals, by resampling whole micrographs.

    Returns
    -------
    BestThreshold

    Examples
    --------
    >>> from motes.circles import Circles
    >>> from motes.kernels.matching import match
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0)
    >>> picks = Circles(np.array([[1.0, 0], [30, 0], [15, 0]]), 5.0, np.array([0.9, 0.8, 0.7]))
    >>> best_threshold(match(picks, truth)).threshold.value
    0.8
    """
    _check_beta(beta)
    ranking = ranked(matches)
    values, samples = bootstrap(
        lambda weights: best(ranking.tally(weights), beta),
        ranking.n_micrographs,
        len(ranking.scores),
        n_bootstrap=n_bootstrap,
        seed=seed,
    )
    threshold, highest = (summary(value, drawn, confidence) for value, drawn in zip(values, samples, strict=True))
    return BestThreshold(threshold, highest, beta, samples[0])


def area(tally: Tally) -> FloatArray:
    """Exact area below the curve."""
    if tally.threshold.size == 0:
        return np.where(tally.truth > 0, 0.0, 1.0)
    below: FloatArray = (np.diff(tally.recall, prepend=0.0, axis=-1) * tally.precision).sum(axis=-1)
    return below


def grid_area(tally: Tally) -> FloatArray:
    """Area below the curve by the seed's grid of thresholds."""
    # How many thresholds of the curve are at or above each threshold of the grid; 0: no pick yet.
    at = np.searchsorted(-tally.threshold, -GRID, side="right")
    recall, precision = (
        np.concatenate([np.full((*values.shape[:-1], 1), first), values], axis=-1)[..., at]
        for values, first in ((tally.recall, 0.0), (tally.precision, 1.0))
    )
    below: FloatArray = (np.diff(recall, axis=-1) * precision[..., 1:]).sum(axis=-1)
    return below


def best(tally: Tally, beta: float) -> tuple[FloatArray, FloatArray]:
    """The threshold of the highest F-beta, of several the highest threshold; and this F-beta."""
    values = f_beta(tally.precision, tally.recall, beta)
    highest: FloatArray = values.max(axis=-1)
    equal = values >= highest[..., None] * (1 - ROUNDING)
    return tally.threshold[equal.argmax(axis=-1)], highest


def ranked(matches: Matches) -> Ranking:
    """The ranking of at least one pick, so that there is a best threshold."""
    ranking = scored(matches)
    if len(ranking.scores) == 0:
        raise ValueError("matches: no picks, so no threshold")
    return ranking


def _check_beta(beta: float) -> None:
    if not 0 < beta < np.inf:
        raise ValueError(f"beta: expected a finite number above 0, got {beta}")


def scored(matches: Matches) -> Ranking:
    """The ranking of picks that have scores."""
    if matches.picks.scores is None:
        raise ValueError("matches: the picks have no scores")
    return Ranking(matches)
