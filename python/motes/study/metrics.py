"""Figures of one round, and what each test micrograph contributes to them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.picking.curve import area, best, grid_area
from motes.picking.ranking import Ranking, f_beta, ratio
from motes.study.cellresult import Found, Round
from motes.study.statistics import FloatArray

CHUNK = 1 << 22  # numbers in any one array

METRICS = {
    "average_precision": "area below precision over recall, exactly",
    "auc_grid": "the same by the thesis's grid of thresholds",
    "best_f1": "F1 at the best threshold on the test micrographs themselves",
    "f1": "F1 at T_opt of the validation micrographs",
    "precision": "at T_opt of the validation micrographs",
    "recall": "at T_opt of the validation micrographs",
    "mean_iou_matched": "mean IoU over the particles found at T_opt",
    "mean_iou_truth": "the same sum over all particles: the thesis's equation (6)",
}
Values: TypeAlias = dict[str, FloatArray]


def measure(round_: Round | Found, n_truth: tuple[int, ...], weights: FloatArray) -> Values:
    """Every metric, with the test micrographs counted as often as each row of `weights` says.

    Parameters
    ----------
    round_ : Round
        Picks on M test micrographs.
    n_truth : tuple of int
        Particles on each.
    weights : (B, M) float64 array
        How often each micrograph counts.

    Returns
    -------
    dict of str to (B,) float64 array
        By the names of `METRICS`; NaN where there is no number, as the precision of no picks.
    """
    counts = np.array(n_truth, np.int64)
    ranking = Ranking.from_hits(round_.probability, round_.micrograph, round_.particle, counts)
    sums = _at(round_, counts)
    step = max(1, CHUNK // max(1, len(round_.probability)))
    parts = [_measured(ranking, sums, weights[begin : begin + step]) for begin in range(0, len(weights), step)]
    return {name: np.concatenate([part[name] for part in parts]) for name in METRICS}


def figures(round_: Round | Found, n_truth: tuple[int, ...]) -> dict[str, float]:
    """Every metric, each micrograph counted once."""
    found = measure(round_, n_truth, np.ones((1, len(n_truth))))
    return {name: float(values[0]) for name, values in found.items()}


def contributions(round_: Round | Found, n_truth: tuple[int, ...]) -> Values:
    """What each of M test micrographs contributes to each metric: numbers whose mean is the metric.

    By the jackknife: M times the metric less M - 1 times what it is without this micrograph, shifted so that the mean
    is the metric itself. Of one micrograph, and where a metric has no number, it is the metric.

    Returns
    -------
    dict of str to (M,) float64 array
    """
    m = len(n_truth)
    found = measure(round_, n_truth, np.concatenate([np.ones((1, m)), 1 - np.eye(m)]) if m > 1 else np.ones((1, m)))
    values = {}
    for name, (whole, *without) in found.items():
        left_out = np.array(without)
        apart = (m - 1) * (left_out.mean() - left_out) if m > 1 else np.zeros(1)
        values[name] = whole + np.where(np.isfinite(apart), apart, 0.0)
    return values


def _at(round_: Round | Found, n_truth: npt.NDArray[np.int64]) -> FloatArray:
    """(M, 4): picks at T_opt or above, those that hit, the sum of their IoU, and particles."""
    m = len(n_truth)
    chosen = round_.probability >= round_.t_opt  # none where T_opt is NaN
    hits = chosen & (round_.particle >= 0)
    overlaps = np.bincount(round_.micrograph[hits], round_.iou[hits].astype(np.float64), minlength=m)
    picks, found = (np.bincount(round_.micrograph[which], minlength=m) for which in (chosen, hits))
    return np.stack([picks, found, overlaps, n_truth], axis=1).astype(np.float64)


def _measured(ranking: Ranking, sums: FloatArray, weights: FloatArray) -> Values:
    tally = ranking.tally(weights)
    n_picks, n_found, overlaps, n_truth = (weights @ sums).T
    precision, recall = ratio(n_found, n_picks, np.nan), ratio(n_found, n_truth, np.nan)
    return {
        "average_precision": area(tally),
        "auc_grid": grid_area(tally),
        "best_f1": best(tally, 1.0)[1] if tally.threshold.size else np.zeros(len(weights)),
        "f1": f_beta(np.nan_to_num(precision), np.nan_to_num(recall), 1.0),
        "precision": precision,
        "recall": recall,
        "mean_iou_matched": ratio(overlaps, n_found, np.nan),
        "mean_iou_truth": ratio(overlaps, n_truth, np.nan),
    }
