"""Disagreement of a committee: ask where members that saw the same labels say different things.

Member k gives probability p_k, the mean is p. By measure:

- `"bald"`: H(p) - mean_k H(p_k), nats: what an answer tells about which member is right. It is also the mean
  Kullback-Leibler divergence of the members from their mean, so that "KL to the consensus" is no other measure.
- `"vote"`: H(v), nats, v the part of the members whose probability is t or more: coarse, with many ties.

A candidate on which all agree is certain by both, also where all say 1/2: that noise no label takes away.
Sources: Seung, Opper and Sompolinsky, COLT 1992 (votes); McCallum and Nigam, ICML 1998 (KL); Houlsby et al., 2011
(BALD).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query, Seed, most_uncertain
from motes.active.strategies.family import Threshold, value_of
from motes.checks import one_of

MEASURES = ("bald", "vote")


def committee(
    pool: Pool,
    n: int,
    *,
    measure: Literal["bald", "vote"] = "bald",
    threshold: Threshold = 0.5,
    seed: Seed = 0,
    allow_fewer: bool = False,
) -> Query:
    """The n candidates on which the members of a committee disagree most.

    Parameters
    ----------
    pool : Pool
        N candidates with members.
    n : int
        Questions.
    measure : str
        `"bald"` or `"vote"`.
    threshold : float, Estimate or BestThreshold
        Of a vote.
    seed : int or numpy.random.Generator
        Of the order of equals.
    allow_fewer : bool
        Ask all where the pool holds fewer than n.

    Returns
    -------
    Query
        `uncertainty` in nats; t only of votes.

    Raises
    ------
    ValueError
        If the candidates have no members, or n is more than the pool holds.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20]]), 8.0, np.array([0.5, 0.5]))
    >>> pool = Pool(Detections(found, ("grid1",), members=np.array([[0.5, 0.5], [0.1, 0.9]])))
    >>> committee(pool, 1).chosen
    array([1])
    """
    members = pool.detections.members
    if members is None:
        raise ValueError("pool: a committee's query needs the members' probabilities, and the candidates have none")
    if members.shape[1] < 2:
        raise ValueError(f"pool: expected two members of the committee or more, got {members.shape[1]}")
    t = None
    if one_of("measure", measure, MEASURES) == "vote":
        t = value_of(threshold)
        uncertainty = entropy((members >= t).mean(axis=1))
    else:
        uncertainty = disagreement(members)
    chosen = most_uncertain(pool, uncertainty, n, seed, allow_fewer=allow_fewer)
    return Query(chosen, uncertainty, "committee", t, {"measure": measure})


def entropy(p: FloatArray) -> FloatArray:
    """Entropy of a yes with probability p, nats; 0 at the ends."""
    both = np.stack([p, 1 - p])
    terms: FloatArray = both * np.log(both, out=np.zeros_like(both), where=both > 0)
    return np.asarray(-terms.sum(axis=0))


def disagreement(members: FloatArray) -> FloatArray:
    """(N,): entropy of the mean less the mean entropy, nats; rounding does not take it below 0."""
    gained: FloatArray = np.maximum(entropy(members.mean(axis=1)) - entropy(members).mean(axis=1), 0.0)
    return gained
