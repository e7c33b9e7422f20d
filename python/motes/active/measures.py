"""How good a picker is on micrographs that it has not seen: the callback of a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, SupportsFloat

import numpy as np

from motes.active.pool import SAME_PLACE, Pool
from motes.active.queries import Query
from motes.active.threshold import optimal_threshold
from motes.pickers import Labelled, Picker
from motes.picking import at_threshold, auc_grid, average_precision, best_threshold, match, mean_iou, suppress

NAMES = (
    "average_precision", "auc_grid", "best_f1", "best_threshold", "threshold", "precision", "recall", "f1", "mean_iou",
    "mean_iou_truth",
)  # fmt: skip


def measure(
    picker: Picker, test: Labelled, *, threshold: float | None = None, iou: float = 0.5, suppression: float = SAME_PLACE
) -> dict[str, float]:
    """Measure a picker on test micrographs.

    Parameters
    ----------
    picker : Picker
        Fitted.
    test : Labelled
        Micrographs with all their particles.
    threshold : float, optional
        T_opt, of validation micrographs; by default the best on the test micrographs themselves, which flatters.
    iou : float
        A candidate hits if its IoU with a particle is above it; one-to-one, by probability.
    suppression : float
        Of two candidates whose IoU is above it the better stays.

    Returns
    -------
    dict of str to float
        `average_precision` (exact), `auc_grid` (the seed's rule), `best_f1` and `best_threshold` on the test
        micrographs; and at the `threshold`: `precision`, `recall`, `f1`, `mean_iou` over the particles found and
        `mean_iou_truth` over all, as the seed's equation (6). NaN where there is no number.

    Raises
    ------
    ValueError
        If the test micrographs hold no particles.
    """
    if not len(test.particles):
        raise ValueError("test: holds no particle, so that nothing can be found on it")
    found = picker.predict(test.micrographs).circles
    found = found[suppress(found, iou=suppression)]
    if not len(found):
        nothing = {"average_precision": 0.0, "auc_grid": 0.0, "best_f1": 0.0, "recall": 0.0, "f1": 0.0}
        return dict.fromkeys(NAMES, np.nan) | nothing | {"threshold": np.nan if threshold is None else threshold}
    matches = match(found, test.particles.astype(found.centres.dtype), iou=iou)
    best = best_threshold(matches, n_bootstrap=0)
    t = best.threshold.value if threshold is None else threshold
    point = at_threshold(matches, t, n_bootstrap=0)
    values: tuple[SupportsFloat, ...] = (
        average_precision(matches, n_bootstrap=0), auc_grid(matches, n_bootstrap=0), best.f_beta, best.threshold, t,
        point.precision, point.recall, point.f_beta, mean_iou(matches, threshold=t, n_bootstrap=0),
        mean_iou(matches, threshold=t, over="truth", n_bootstrap=0),
    )  # fmt: skip
    return {name: float(value) for name, value in zip(NAMES, values, strict=True)}


def measuring(
    test: Labelled, validation: Labelled | None = None, *, beta: float = 1.0, **options: Any
) -> Callable[[int, Picker, Pool, Query | None, Labelled], dict[str, float]]:
    """A callback for `run`: measures each round's picker on test micrographs.

    Parameters
    ----------
    test : Labelled
        Micrographs with all their particles, none of them learned from.
    validation : Labelled, optional
        Micrographs that T_opt comes from; by default the test micrographs themselves. No strategy is charged for what
        is only measured by.
    beta : float
        T_opt maximises F-beta on `validation`.
    **options
        Of `measure`.

    Returns
    -------
    callable

    Examples
    --------
    >>> import motes
    >>> from motes import active, picking, pickers
    >>> sample = motes.sample.load()
    >>> particles, _ = picking.circles_of(sample.particles, radius=13.5)
    >>> whole = pickers.Labelled([sample.micrograph], particles)
    >>> external = pickers.ExternalPicks(sample.picks["crYOLO"], diameter=27)
    >>> measures = active.measuring(whole)(0, external, None, None, whole)
    >>> round(measures["average_precision"], 2), round(measures["best_f1"], 2)
    (0.93, 0.91)
    """

    def measures(index: int, picker: Picker, pool: Pool, query: Query | None, labelled: Labelled) -> dict[str, float]:
        threshold = None
        if validation is not None:
            found = picker.predict(validation.micrographs)
            best = optimal_threshold(found, validation.particles, beta=beta, n_bootstrap=0)
            threshold = best.threshold.value
        return measure(picker, test, threshold=threshold, **options)

    return measures
