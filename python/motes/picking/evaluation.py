"""Picks beside truth: every metric at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from motes.circles import Circles
from motes.kernels.matching import Matches, Rule, match
from motes.picking.curve import Curve, area, at_threshold, best, grid_area, precision_recall, ranked
from motes.picking.overlap import mean_iou
from motes.picking.ranking import Estimate, FloatArray, Map, Tally


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How good picks are.

    Attributes
    ----------
    matches : Matches
        Which pick found which particle, of all picks.
    curve : Curve
        Precision over recall.
    average_precision : Estimate
        Exact area below the curve.
    auc_grid : Estimate or None
        By the seed's rule; None where scores are not within 0 to 1.
    best_threshold, best_f1 : Estimate
        Where F1 is highest.
    precision, recall, mean_iou : Estimate
        At that threshold; mean IoU over the particles found.
    """

    matches: Matches
    curve: Curve
    average_precision: Estimate
    auc_grid: Estimate | None
    best_threshold: Estimate
    best_f1: Estimate
    precision: Estimate
    recall: Estimate
    mean_iou: Estimate

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers: counts, and each metric as `{"value", "low", "high"}`, these None where there is no number."""
        metrics = ("average_precision", "auc_grid", "best_f1", "best_threshold", "precision", "recall", "mean_iou")
        counts = {"n_picks": self.curve.n_picks, "n_truth": self.curve.n_truth}
        return counts | {name: _plain(getattr(self, name)) for name in metrics}

    def __repr__(self) -> str:
        return (
            f"Evaluation({self.curve.n_picks} picks, {self.curve.n_truth} particles, {self.matches.rule}: "
            f"average precision {self.average_precision}, best F1 {self.best_f1})"
        )


def _plain(estimate: Estimate | None) -> dict[str, float | None]:
    values = {name: np.nan if estimate is None else getattr(estimate, name) for name in ("value", "low", "high")}
    return {name: None if np.isnan(value) else value for name, value in values.items()}


def evaluate(
    picks: Circles,
    truth: Circles,
    *,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
    rule: Rule = "greedy",
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
    threads: int | None = None,
) -> Evaluation:
    """Match picks to particles and count.

    Parameters
    ----------
    picks, truth : Circles
        Of the same micrographs; picks with scores, at least one.
    iou, box_iou, distance, rule, threads
        As in `match`.
    confidence, n_bootstrap, seed : float, int, int
        Of the intervals, by resampling whole micrographs.

    Returns
    -------
    Evaluation

    Examples
    --------
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0)
    >>> picks = Circles(np.array([[1.0, 0], [15, 0], [30, 0]]), 5.0, np.array([0.9, 0.8, 0.7]))
    >>> evaluate(picks, truth).as_dict()["best_f1"]["value"]
    0.8
    """
    matches = match(picks, truth, iou=iou, box_iou=box_iou, distance=distance, rule=rule, threads=threads)
    return evaluation_of(matches, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)


def evaluation_of(matches: Matches, *, confidence: float, n_bootstrap: int, seed: int, each: Map = map) -> Evaluation:
    """Count what was matched; `each` is who counts bootstrap samples, which takes the time."""
    options: dict[str, Any] = {"confidence": confidence, "n_bootstrap": n_bootstrap, "seed": seed}
    ranking = ranked(matches)
    on_grid = bool(((ranking.scores >= 0) & (ranking.scores <= 1)).all())

    def statistics(tally: Tally) -> list[FloatArray]:
        return [*best(tally, beta=1.0), area(tally), *([grid_area(tally)] if on_grid else [])]

    threshold, f1, average_precision, *auc_grid = ranking.estimates(statistics, each=each, **options)
    at_best = at_threshold(matches, threshold.value, **options)
    return Evaluation(
        matches,
        precision_recall(matches),
        average_precision,
        auc_grid[0] if on_grid else None,
        threshold,
        f1,
        at_best.precision,
        at_best.recall,
        mean_iou(matches, threshold=threshold.value, **options),
    )
