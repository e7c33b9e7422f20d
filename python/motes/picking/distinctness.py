"""How much two selections of labels differ, beside what chance alone would make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, eq=False)
class Distinctness:
    """Selections, two by two.

    Attributes
    ----------
    count : (S, S) int64 array
        Labels of the row's selection that are not in the column's: the seed's tables 4-5, 4-6, 9-8 and 9-9.
    chance, chance_std : (S, S) float64 arrays
        Mean and standard deviation of that count for independent random selections of these sizes; 0 on the diagonal.
    """

    count: npt.NDArray[np.int64]
    chance: npt.NDArray[np.float64]
    chance_std: npt.NDArray[np.float64]


def distinctness(selections: Sequence[npt.ArrayLike], *, pool: int, common: npt.ArrayLike = ()) -> Distinctness:
    """Count the labels that one selection has and another has not.

    Two random selections of n labels from a pool of P differ by n (1 - n / P) on average: a count near it says that the
    strategies chose as if independently, not that they chose well.

    Parameters
    ----------
    selections : sequence of integer arrays
        Labels, each selection's own without repeats.
    pool : int
        Labels that there were to choose from, the common ones included.
    common : integer array
        Labels that all began with; left out of selections and pool.

    Returns
    -------
    Distinctness

    Raises
    ------
    ValueError
        If there is no selection, one repeats a label, or holds more than the pool.

    Examples
    --------
    >>> found = distinctness([[0, 1, 2], [2, 3, 4]], pool=9)
    >>> found.count.tolist(), float(found.chance[0, 1])
    ([[0, 2], [2, 0]], 2.0)
    """
    if not len(selections):
        raise ValueError("selections: expected at least one, got none")
    shared = np.unique(np.asarray(common, np.int64))
    chosen = []
    for s, selection in enumerate(selections):
        labels = np.asarray(selection, np.int64)
        if len(np.unique(labels)) != labels.size:
            raise ValueError(f"selections: selection {s} repeats a label")
        chosen.append(np.setdiff1d(labels, shared))
    left = pool - len(shared)
    sizes = np.array([len(labels) for labels in chosen])
    if left < sizes.max():
        raise ValueError(f"pool: expected at least {sizes.max() + len(shared)}, got {pool}")
    count = np.array([[len(np.setdiff1d(a, b)) for b in chosen] for a in chosen], np.int64)
    taken = sizes / max(left, 1)
    apart = ~np.eye(len(chosen), dtype=bool)
    chance = np.outer(sizes, 1 - taken) * apart
    spread = np.outer(sizes * (left - sizes), taken * (1 - taken)) / max(left - 1, 1)  # hypergeometric
    return Distinctness(count, chance, np.sqrt(spread) * apart)
