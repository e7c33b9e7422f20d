"""Sums of whole numbers that int64 may not hold."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def whole_sum(values: npt.NDArray[np.int64]) -> int:
    """The sum of numbers of 0 or more, fewer than 2^31 of them.

    Examples
    --------
    >>> whole_sum(np.full(3, 2**62)) == 3 * 2**62
    True
    """
    return (int((values >> 32).sum()) << 32) + int((values & 0xFFFFFFFF).sum())


def squares_of(extra: npt.NDArray[np.int32]) -> int:
    """What pixels of several photons, `extra` beyond the first of each, add to the sum of squared counts.

    A pixel of 1 + e photons adds e (e + 2) to the 1 of being lit.

    Examples
    --------
    >>> squares_of(np.array([1, 2**31 - 1], np.int32)) == 3 + 2**62 - 1
    True
    """
    wide = extra.astype(np.int64)
    return whole_sum(wide * (wide + 2))
