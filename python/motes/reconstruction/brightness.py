"""How many photons patterns of known means hold: exact tails, deep into both."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


def poisson_tails(means: FloatArray, photons: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """P(n <= photons) and P(n >= photons) of Poisson pixels: n is a Poisson number itself.

    Examples
    --------
    >>> few, many = poisson_tails(np.array([0.5, 1.5]), np.array([0, 3, 100_000]))
    >>> few.round(4), many.round(4)
    (array([0.1353, 0.8571, 1.    ]), array([1.    , 0.3233, 0.    ]))
    """
    from scipy.special import gammainc, gammaincc

    mean = means.sum()
    many = np.where(photons > 0, gammainc(np.maximum(photons, 1.0), mean), 1.0)
    return np.asarray(gammaincc(photons + 1.0, mean), np.float64), np.asarray(many, np.float64)


def bernoulli_tails(means: FloatArray, photons: npt.NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
    """P(n <= photons) and P(n >= photons) of pixels that are lit or not: summed pixel by pixel.

    Forty standard deviations above its mean, where less than 1e-100 is left, n is followed no further: from there on,
    the second is the chance of coming so far, hence not too small.

    Examples
    --------
    >>> few, many = bernoulli_tails(np.array([0.5, 0.5, 0.5]), np.array([0, 1, 3]))
    >>> few, many
    (array([0.125, 0.5  , 1.   ]), array([1.   , 0.875, 0.125]))
    """
    usual = means.sum()
    last = int(min(means.size, np.ceil(usual + 40 * np.sqrt(usual) + 40)))
    chance = np.zeros(last + 1)
    chance[0] = 1.0
    for mean in means:
        moved = chance[:-1] * mean
        chance[:-1] -= moved
        chance[1:] += moved  # the last takes all that comes so far, and keeps it
    at = np.minimum(photons, last)
    return np.cumsum(chance)[at], np.cumsum(chance[::-1])[::-1][at]
