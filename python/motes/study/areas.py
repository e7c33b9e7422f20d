"""Area under a cost curve: what a strategy reaches on average over a range of costs."""

from __future__ import annotations

import numpy as np

from motes.study.statistics import FloatArray


def common_range(*costs: FloatArray) -> tuple[float, float] | None:
    """Costs that every curve covers; None where there is no such range.

    Examples
    --------
    >>> common_range(np.array([5, 15, 25.0]), np.array([10, 20, 30.0]))
    (10.0, 25.0)
    """
    low, high = max(float(cost[0]) for cost in costs), min(float(cost[-1]) for cost in costs)
    return (low, high) if low < high else None


def mean_over(cost: FloatArray, values: FloatArray, low: float, high: float) -> FloatArray:
    """Mean of a curve between two costs, straight between its points: the area below it by the width.

    Where several points have one cost, as when a round opened no further micrograph, the last of them counts: it is the
    model that is had for that cost.

    Parameters
    ----------
    cost : (R,) array
        Of each round; ascending, some may be equal.
    values : (R, ...) array
        What was reached.
    low, high : float
        Within the costs, low below high.

    Returns
    -------
    (...) array

    Raises
    ------
    ValueError
        If costs descend, or the range is empty or not covered.

    Examples
    --------
    >>> float(mean_over(np.array([0.0, 10.0]), np.array([0.5, 0.7]), 0.0, 10.0))
    0.6
    """
    if (np.diff(cost) < 0).any():
        raise ValueError("cost: expected not to descend")
    if not cost[0] <= low < high <= cost[-1]:
        raise ValueError(f"low, high: expected a range within {cost[0]:g} to {cost[-1]:g}, got {low:g} to {high:g}")
    last = np.append(np.diff(cost) > 0, True)
    knots, reached = cost[last], values[last].reshape(int(last.sum()), -1)
    grid = np.unique(np.concatenate([[low, high], knots[(knots > low) & (knots < high)]]))
    curves = np.stack([np.interp(grid, knots, column) for column in reached.T], axis=-1)
    area = (np.diff(grid)[:, None] * (curves[1:] + curves[:-1]) / 2).sum(axis=0)
    mean: FloatArray = (area / (high - low)).reshape(values.shape[1:])
    return mean
