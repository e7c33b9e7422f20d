"""Precision over recall: the curve, the area below it in two definitions, one point of it, the best threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.kernels.matching import Matches
from motes.picking.ranking import Estimate, FloatArray, Ranking, Tally, ratio

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
        below = beta**2 * self.precision + self.recall
        above = (1 + beta**2) * self.precision * self.recall
        return np.divide(above, below, out=np.zeros_like(below), where=below > 0)


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

    def area(tally: Tally) -> FloatArray:
        if tally.threshold.size == 0:
            return np.where(tally.truth > 0, 0.0, 1.0)
        area: FloatArray = (np.diff(tally.recall, prepend=0.0, axis=-1) * tally.precision).sum(axis=-1)
        return area

    return scored(matches).estimate(area, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)


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

    def area(tally: Tally) -> FloatArray:
        # How many thresholds of the curve are at or above each threshold of the grid; 0: no pick yet.
        at = np.searchsorted(-tally.threshold, -GRID, side="right")
        recall, precision = (
            np.concatenate([np.full((*values.shape[:-1], 1), first), values], axis=-1)[..., at]
            for values, first in ((tally.recall, 0.0), (tally.precision, 1.0))
        )
        area: FloatArray = (np.diff(recall, axis=-1) * precision[..., 1:]).sum(axis=-1)
        return area

    return ranking.estimate(area, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)


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
        By default all picks.
    beta : float
        How much more recall counts than precision.
    confidence, n_bootstrap, seed : float, int, int
        Of the intervals, by resampling whole micrographs. The threshold stays as it is.

    Returns
    -------
    Point
    """
    ranking = Ranking(matches) if threshold == -np.inf else scored(matches)

    def point(tally: Tally) -> Tally:
        at = int(np.searchsorted(-tally.threshold, -threshold, side="right")) - 1
        counts = [
            v[..., [at]] if at >= 0 else np.zeros((*v.shape[:-1], 1)) for v in (tally.picks, tally.hits, tally.found)
        ]
        return Tally(np.array([threshold]), counts[0], counts[1], counts[2], tally.truth)

    options = {"confidence": confidence, "n_bootstrap": n_bootstrap, "seed": seed}
    return Point(
        threshold,
        ranking.estimate(lambda t: ratio(point(t).hits, point(t).picks, np.nan)[..., 0], **options),  # type: ignore[arg-type]
        ranking.estimate(lambda t: ratio(point(t).found[..., 0], t.truth, np.nan), **options),  # type: ignore[arg-type]
        ranking.estimate(lambda t: point(t).f_beta(beta)[..., 0], **options),  # type: ignore[arg-type]
    )


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
    """

    threshold: Estimate
    f_beta: Estimate
    beta: float


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
    if not beta > 0:
        raise ValueError(f"beta: expected above 0, got {beta}")
    ranking = scored(matches)
    if len(ranking.scores) == 0:
        raise ValueError("matches: no picks, so no threshold")
    options = {"confidence": confidence, "n_bootstrap": n_bootstrap, "seed": seed}
    return BestThreshold(
        ranking.estimate(lambda t: t.threshold[t.f_beta(beta).argmax(axis=-1)], **options),  # type: ignore[arg-type]
        ranking.estimate(lambda t: t.f_beta(beta).max(axis=-1), **options),  # type: ignore[arg-type]
        beta,
    )


def scored(matches: Matches) -> Ranking:
    """The ranking of picks that have scores."""
    if matches.picks.scores is None:
        raise ValueError("matches: the picks have no scores")
    return Ranking(matches)
