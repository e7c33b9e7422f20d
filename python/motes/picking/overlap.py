"""Mean IoU, in the variants that go by this name."""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.kernels.circles import box_iou, circle_iou
from motes.kernels.matching import Matches
from motes.picking.ranking import Estimate, FloatArray, ratio, resampled

Variant = Literal["matched", "truth", "micrograph"]


def mean_iou(
    matches: Matches,
    *,
    over: Variant = "matched",
    shape: Literal["circle", "box"] = "circle",
    threshold: float = -np.inf,
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> Estimate:
    """Mean over particles of the IoU with the pick that found them; where several did, the best.

    Parameters
    ----------
    matches : Matches
        By any rule and measure.
    over : str
        What the sum is divided by: `"matched"`, the particles found (NaN if none were); `"truth"`, all particles, as
        seed 001's equation (6) divides (1 without any); `"micrograph"`, the particles found on each micrograph, then
        the number of micrographs that have particles (a micrograph with none found counts 0).
    shape : str
        IoU of the circles, or of the squares about them: crYOLO and the seed's evaluation say boxes.
    threshold : float
        Only picks of this score or more, compared in float64.
    confidence, n_bootstrap, seed : float, int, int
        Of the interval, by resampling whole micrographs.

    Returns
    -------
    Estimate

    Examples
    --------
    >>> from motes.kernels.matching import match
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0)
    >>> found = match(Circles(np.array([[0.0, 0]]), 5.0, np.array([0.9])), truth)
    >>> mean_iou(found).value, mean_iou(found, over="truth").value
    (1.0, 0.5)
    """
    if over not in ("matched", "truth", "micrograph"):
        raise ValueError(f"over: expected matched, truth or micrograph, got {over!r}")
    if shape not in ("circle", "box"):
        raise ValueError(f"shape: expected circle or box, got {shape!r}")
    picks, truth = matches.picks, matches.truth
    chosen = np.flatnonzero(matches.hit & matches.predictions(threshold))
    particle = matches.particle[chosen]
    best = np.zeros(len(truth))
    if len(chosen):
        np.maximum.at(best, particle, _iou(picks, chosen, truth, particle, shape))
    n = truth.n_micrographs
    sums = np.bincount(truth.micrograph, best, minlength=n)
    found = np.bincount(truth.micrograph[np.unique(particle)], minlength=n).astype(np.float64)
    n_truth = np.diff(truth.indptr).astype(np.float64)

    def mean(weights: FloatArray) -> tuple[FloatArray]:
        if over == "micrograph":
            each = np.divide(sums, found, out=np.zeros(n), where=found > 0)
            return (ratio(weights @ each, weights @ (n_truth > 0).astype(np.float64), 0.0),)
        if over == "matched":
            return (ratio(weights @ sums, weights @ found, np.nan),)
        return (ratio(weights @ sums, weights @ n_truth, 1.0),)

    (estimate,) = resampled(mean, n, n, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed)
    return estimate


def _iou(
    picks: Circles, i: npt.NDArray[np.int64], truth: Circles, j: npt.NDArray[np.int64], shape: str
) -> npt.NDArray[np.float64]:
    a, b = (
        (side.centres[k].astype(np.float64), side.radii[k].astype(np.float64)) for side, k in ((picks, i), (truth, j))
    )
    if shape == "circle":
        return circle_iou(Circles(*a), Circles(*b)).astype(np.float64)
    squares = [np.column_stack([c - r[:, None], 2 * r, 2 * r]) for c, r in (a, b)]
    return box_iou(*squares).astype(np.float64)
