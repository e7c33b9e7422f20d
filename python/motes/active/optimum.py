"""T_opt from weighted answers: the threshold of the highest F-beta, and those that can not be told from it."""

from __future__ import annotations

import numpy as np

from motes.active.queries import FloatArray
from motes.active.weighted import Draw, quantile
from motes.circles import Indices
from motes.picking import Estimate

CHUNK = 1 << 20  # numbers of a table of thresholds and answers at a time


def best_threshold(c: FloatArray, y: FloatArray, draw: Draw, *, beta: float, confidence: float) -> Estimate:
    """Where F-beta, estimated at each probability that was asked about, is highest; of several the highest.

    The interval holds every threshold whose F-beta is below the best by no more than the error of their difference
    allows, and reaches to the next probabilities that were asked about: between two of them nothing is known. F-beta is
    flat at its top and T_opt is then poorly known, however many answers there are; a bootstrap of an argmax would not
    say so (its error is not normal, and shrinks with the cube root of n).

    Parameters
    ----------
    c, y : (n,) float64 arrays
        Probability, and answer, 0 or 1.
    draw : Draw
        Of the n candidates.
    beta : float
        1 for F1.
    confidence : float
        Of the interval.

    Returns
    -------
    Estimate
        NaN, from 0 to 1, where no answer is a particle.

    Examples
    --------
    >>> c, y = np.array([0.1, 0.3, 0.4, 0.8]), np.array([0.0, 0.0, 1.0, 1.0])
    >>> best_threshold(c, y, Draw(np.ones(4), np.zeros(4, np.int64), np.ones(4)), beta=1.0, confidence=0.95)
    0.4 (0.4 to 0.4)
    """
    if not y.any():
        return Estimate(np.nan, 0.0, 1.0)
    order = np.argsort(c, kind="stable")
    thresholds, first = np.unique(c[order], return_index=True)
    passed, found = (np.cumsum(total[order][::-1])[::-1][first] for total in (draw.d, draw.d * y))
    below = beta**2 * found[0] + passed
    f = (1 + beta**2) * found / below
    best = len(f) - 1 - int(np.argmax(f[::-1]))

    def z(k: Indices) -> FloatArray:
        """(K, n): what each answer adds to the error of F-beta at thresholds k."""
        h, at = c >= thresholds[k, None], f[k, None]
        return np.asarray(draw.d * ((1 + beta**2) * y * h - at * (beta**2 * y + h)) / below[k, None])

    at_best, parts = z(np.array([best])), []
    for k in np.array_split(np.arange(len(f)), 1 + len(f) * len(c) // CHUNK):
        v, freedom = draw.variance(at_best - z(k))
        parts.append(f[best] - f[k] <= quantile(freedom, confidence) * np.sqrt(v))
    alike = np.flatnonzero(np.concatenate(parts))
    value = float(thresholds[best])
    if (draw.inclusion == 1).all():
        return Estimate(value, value, value)
    ends = np.concatenate([[0.0], thresholds, [1.0]])
    return Estimate(value, float(ends[alike[0]]), float(ends[alike[-1] + 2]))
