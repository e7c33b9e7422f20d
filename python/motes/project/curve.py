"""A learning curve through a few uncertain points: what more labels are worth, and how surely.

F1 after n labels is taken to follow a power law that levels off,

    F(n) = a - b (n / n_1)^-c,        0 <= a <= 1, 0 <= b <= a, 0.25 <= c <= 1.5,

n_1 being the labels at the first point. All curves of a grid are weighed by how well they pass through the points, each
with its standard error; what is told is the mean over the curves, and the range of their middle 95%. With one point, or
two, the range is wide: that is what is known.

Source of the power law: Hestness et al., Deep learning scaling is predictable, empirically, arXiv 1712.00409 (2017);
its exponents lie between 0.07 and 0.35 for networks, those of classifiers with few parameters nearer to 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.picking import Estimate

LEAST_ERROR = 0.005  # of a point: no estimate is surer than the law itself
SURE, WORTH = 0.9, 0.01  # stop if the chance is at least SURE that the next labels gain less than WORTH


@dataclass(frozen=True)
class Worth:
    """What the next labels are worth.

    Attributes
    ----------
    n_labels : int
        How many more.
    gain : Estimate
        Of F1.
    chance_of_less : float
        That the gain is below `WORTH`.
    stop : bool
        Whether that chance is `SURE` or more: then more labels are hardly worth their cost.
    """

    n_labels: int
    gain: Estimate
    chance_of_less: float
    stop: bool


def worth(points: Sequence[tuple[int, float, float]], n_now: int, n_labels: int = 50) -> Worth | None:
    """What the next labels are worth.

    Parameters
    ----------
    points : sequence of (int, float, float)
        Labels that a picker was trained on, its F1, and the standard error of that; at least one label each.
    n_now : int
        Labels that there are.
    n_labels : int
        How many more.

    Returns
    -------
    Worth or None
        None without a point.

    Examples
    --------
    >>> told = worth([(20, 0.60, 0.02), (70, 0.78, 0.02), (200, 0.82, 0.02)], 200)
    >>> round(told.gain.value, 3), told.stop
    (0.006, False)
    """
    sound = [point for point in points if point[0] > 0 and np.isfinite(point[1:]).all()]
    if not sound:
        return None
    n, f, error = np.array(sorted(sound), np.float64).T
    top, drop, power = np.meshgrid(
        np.linspace(0, 1, 101), np.linspace(0, 1, 101), np.linspace(0.25, 1.5, 26), indexing="ij"
    )
    allowed = drop <= top
    a, b, c = top[allowed], drop[allowed], power[allowed]
    misfit = np.zeros(len(a))
    for labels, value, std_error in zip(n, f, error, strict=True):
        misfit += ((a - b * (labels / n[0]) ** -c - value) / max(std_error, LEAST_ERROR)) ** 2 / 2
    weights = np.exp(misfit.min() - misfit)
    weights /= weights.sum()
    now = max(n_now, 1)
    gain = b * ((now / n[0]) ** -c - ((now + n_labels) / n[0]) ** -c)
    low, high = _quantiles(gain, weights, (0.025, 0.975))
    less = float(weights[gain < WORTH].sum())
    return Worth(n_labels, Estimate(float(weights @ gain), low, high), less, less >= SURE)


def _quantiles(
    values: npt.NDArray[np.float64], weights: npt.NDArray[np.float64], shares: Sequence[float]
) -> list[float]:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    rows = np.minimum(np.searchsorted(reached, shares), len(values) - 1)
    return [float(value) for value in values[order][rows]]
