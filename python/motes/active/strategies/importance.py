"""Questions drawn by lot with known probabilities, so that their answers say how good the picker is.

A ranking asks where the picker is weakest: what it answers there says nothing about the rest. Here candidate i is asked
with the inclusion probability pi_i > 0, without replacement and for exactly n questions; `active.estimate` then weighs
each answer by 1 / pi_i. The sample is drawn along the order of probability, one candidate of each stretch whose pi sum
to 1, which makes it a fine stratification by probability.

    pi_i ~ (1 - floor) q_i / sum q + floor / N, at most 1

| proposal | q_i |
|---|---|
| `"f_beta"` | sqrt(p (1 - F)^2 + (1 - p) (a F)^2) above the threshold, sqrt(p) (1 - a) F below |
| `"uncertainty"` | 1 - |p - t| / max(t, 1 - t) |
| `"uniform"` | 1 |

The first is Sawade's: of all instrumental distributions that of the least variance of F-beta, a = 1 / (1 + beta^2),
were every probability right; F is what F-beta would then be. The floor is for those that are wrong: no particle is
weighed by more than N / (floor n). The second asks what a ranking asks, and is the worse for estimates.

Sources: Sawade, Landwehr and Scheffer, Active estimation of F-measures, NIPS 2010; Tille, Sampling Algorithms (2006).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query, Seed, lots, size
from motes.active.sampling import inclusion_probabilities, pivotal
from motes.active.strategies.family import Threshold, value_of
from motes.checks import one_of, positive

PROPOSALS = ("f_beta", "uncertainty", "uniform")


def importance(
    pool: Pool,
    n: int,
    *,
    threshold: Threshold = 0.5,
    beta: float = 1.0,
    proposal: Literal["f_beta", "uncertainty", "uniform"] = "f_beta",
    floor: float = 0.3,
    seed: Seed = 0,
    allow_fewer: bool = False,
) -> Query:
    """N candidates drawn with known inclusion probabilities.

    Parameters
    ----------
    pool : Pool
        N candidates.
    n : int
        Questions. All of them have to be answered before they say anything.
    threshold : float, Estimate or BestThreshold
        Candidates of this probability or more are the picker's predictions: T_opt of the round before, chosen without
        these answers.
    beta : float
        How much more recall counts than precision.
    proposal : str
        Where to look: `"f_beta"`, `"uncertainty"` or `"uniform"`.
    floor : float
        Part of the questions that is spread evenly, above 0, at most 1.
    seed : int or numpy.random.Generator
        Of the draw.
    allow_fewer : bool
        Ask all where the pool holds fewer than n.

    Returns
    -------
    Query
        `chosen` in random order; `uncertainty` and `details["inclusion"]`: the (N,) inclusion probabilities; t: the
        threshold; `details["beta"]`.

    Raises
    ------
    ValueError
        If n is more than the pool holds, or an option is out of range.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.01]))
    >>> query = importance(Pool(Detections(found, ("grid1",))), 2)
    >>> query.details["inclusion"].round(3)
    array([0.844, 0.853, 0.303])
    """
    t, beta = value_of(threshold), positive("beta", beta)
    one_of("proposal", proposal, PROPOSALS)
    if not 0 < floor <= 1:
        raise ValueError(f"floor: expected above 0, at most 1, got {floor}")
    n = size(pool, n, allow_fewer=allow_fewer)
    rng = np.random.default_rng(seed)
    order = np.lexsort((lots(pool, rng), pool.probability))
    c = pool.probability[order]
    sizes = {"f_beta": _sawade, "uncertainty": _uncertain, "uniform": _even}[proposal](c, t, beta)
    if not sizes.any():  # nothing of what there is looks worth a question
        sizes = _even(c, t, beta)
    along = inclusion_probabilities((1 - floor) * sizes + floor * sizes.sum() / max(len(c), 1), n)
    chosen = rng.permutation(order[pivotal(along, rng)])
    inclusion = np.empty(len(c))
    inclusion[order] = along
    details = {"inclusion": inclusion, "beta": beta, "proposal": proposal}
    return Query(chosen, inclusion, "importance", t, details)


def _sawade(c: FloatArray, t: float, beta: float) -> FloatArray:
    """The standard deviation of what a candidate adds to the error of F-beta, if its probability is right."""
    a, predicted = 1 / (1 + beta**2), c >= t
    below = a * predicted.sum() + (1 - a) * c.sum()
    f = c[predicted].sum() / below if below > 0 else 0.0
    above: FloatArray = np.sqrt(c * (1 - f) ** 2 + (1 - c) * (a * f) ** 2)
    return np.where(predicted, above, np.sqrt(c) * (1 - a) * f)


def _uncertain(c: FloatArray, t: float, beta: float) -> FloatArray:
    """The family's ranking, 1 at t and 0 at the far end of the probabilities."""
    sizes: FloatArray = np.maximum(1 - np.abs(c - t) / max(t, 1 - t), 0.0)
    return sizes


def _even(c: FloatArray, t: float, beta: float) -> FloatArray:
    return np.ones(len(c))
