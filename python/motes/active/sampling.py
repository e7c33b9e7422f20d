"""Samples without replacement whose inclusion probabilities are known exactly: what unbiased estimates rest on."""

from __future__ import annotations

import numpy as np

from motes.active.queries import FloatArray
from motes.circles import Indices


def inclusion_probabilities(sizes: FloatArray, n: int) -> FloatArray:
    """Probabilities proportional to sizes, at most 1, that sum to n.

    Parameters
    ----------
    sizes : (N,) float64 array
        Above 0, finite.
    n : int
        0 to N.

    Returns
    -------
    (N,) float64 array
        min(1, a * sizes) with a such that the sum is n.

    Examples
    --------
    >>> inclusion_probabilities(np.array([1.0, 1.0, 2.0, 16.0]), 2)
    array([0.25, 0.25, 0.5 , 1.  ])
    """
    order = np.argsort(-sizes, kind="stable")
    largest = sizes[order]
    rest = np.cumsum(largest[::-1])[::-1]  # of this size and all below it
    # The k largest are certain: k is the first at which the next one's share of what is left to draw is below 1.
    k = np.arange(len(sizes))
    fits = (n - k) * largest < rest
    certain = int(np.argmax(fits)) if fits.any() else len(sizes)
    probabilities = np.ones(len(sizes))
    if n < len(sizes):
        probabilities[order[certain:]] = (n - certain) * largest[certain:] / rest[certain]
    return probabilities


def pivotal(probabilities: FloatArray, rng: np.random.Generator) -> Indices:
    """A sample in which unit i is with `probabilities[i]` exactly, by the ordered pivotal method.

    Units meet one after the other. Two that together are likelier than not to hold less than one draw let one of them
    take the other's probability; else one is drawn and the other keeps what is left. So the sample holds one unit of
    about every stretch of the order whose probabilities sum to 1: it is stratified along the order, finely.

    Parameters
    ----------
    probabilities : (N,) float64 array
        0 to 1, of an integer sum: the size of the sample.
    rng : numpy.random.Generator
        Draws.

    Returns
    -------
    (n,) int64 array
        Indices, ascending.

    Notes
    -----
    Deville and Tille, Biometrika 85 (1998) 89-101; Chauvet, Bernoulli 18 (2012) 1320-1340, by whom it is Deville's
    systematic sampling.

    Examples
    --------
    >>> pivotal(np.array([1.0, 0.5, 0.5, 0.0, 1.0]), np.random.default_rng(0)).size
    3
    """
    taken = np.zeros(len(probabilities), bool)
    lot = rng.random(len(probabilities)).tolist()
    holder, held = -1, 0.0  # the unit that is neither drawn nor out yet, and its probability
    for i, (p, u) in enumerate(zip(probabilities.tolist(), lot, strict=True)):
        if p >= 1.0:
            taken[i] = True
            continue
        both = held + p
        if both < 1.0:
            if u * both >= held:  # also where nothing is held: u * p >= 0
                holder = i
            held = both
        else:
            # One is drawn, the other keeps both - 1: the newcomer is drawn with (1 - held) / (2 - both).
            newcomer = u * (2.0 - both) < 1.0 - held
            taken[i if newcomer else holder] = True
            holder, held = (holder, both - 1.0) if newcomer else (i, both - 1.0)
    if held > 0.5:  # the sum is an integer but for rounding: what is left is 0 or 1
        taken[holder] = True
    return np.flatnonzero(taken).astype(np.int64)
