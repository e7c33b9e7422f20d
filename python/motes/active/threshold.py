"""T_opt from validation micrographs: the decision boundary of a picker, and how far it is known."""

from __future__ import annotations

from motes.circles import Circles
from motes.pickers import Detections
from motes.picking import BestThreshold, best_threshold, match, suppress


def optimal_threshold(
    detections: Detections,
    truth: Circles,
    *,
    beta: float = 1.0,
    iou: float = 0.5,
    suppression: float | None = 0.3,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> BestThreshold:
    """The probability at which F-beta is highest on validation micrographs.

    Parameters
    ----------
    detections : Detections
        Of the validation micrographs, by the picker that is asked about.
    truth : Circles
        Every particle of the same micrographs: labels that are charged to whoever uses T_opt.
    beta : float
        1: F1, the seed's; 2: F2, which its future work proposes as steadier.
    iou : float
        A candidate hits if its IoU with a particle is above it; one-to-one, by probability.
    suppression : float or None
        Of two candidates whose IoU is above it the better stays; None: they are suppressed already.
    n_bootstrap, confidence, seed : int, float, int
        Of the interval, by resampling whole micrographs. One micrograph has none.

    Returns
    -------
    BestThreshold
        With the T_opt of each bootstrap sample.

    Raises
    ------
    ValueError
        If the validation micrographs hold no particles, nothing was found on them, or numbers of micrographs differ.

    Examples
    --------
    >>> import numpy as np
    >>> truth = Circles(np.array([[10.0, 20], [50, 20]]), 8.0)
    >>> found = Circles(np.array([[11.0, 20], [50, 21], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> optimal_threshold(Detections(found, ("grid1",)), truth).threshold.value
    0.4
    """
    m = len(detections.micrographs)
    if truth.n_micrographs != m:
        raise ValueError(f"truth: of {truth.n_micrographs} micrographs, expected {m}")
    if len(truth) == 0:
        told = "validation micrograph holds" if m == 1 else f"{m} validation micrographs hold"
        raise ValueError(f"truth: the {told} no particle, so no threshold")
    if len(detections) == 0:
        raise ValueError("detections: nothing was found on the validation micrographs, so no threshold")
    circles = detections.circles
    if suppression is not None:
        circles = circles[suppress(circles, iou=suppression)]
    matches = match(circles, truth.astype(circles.centres.dtype), iou=iou)
    return best_threshold(matches, beta=beta, n_bootstrap=n_bootstrap, confidence=confidence, seed=seed)
