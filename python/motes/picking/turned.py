"""Picks that agree with no particle until y is counted from the other end."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from motes.circles import Circles

MOST = 1000  # picks a micrograph that are asked, the best: more tell no more


def turned_height(picks: Circles, truth: Circles) -> int | None:
    """Rows of the micrographs for which most picks meet a particle once y is counted from the other end.

    A pick and its particle then have one x, and rows that add up to height - 1: each pair within a radius in x votes
    for its sum of rows, and the sum that most vote for wins. All micrographs count together, as of one height.

    Parameters
    ----------
    picks, truth : Circles
        Of the same micrographs.

    Returns
    -------
    int or None
        To a few pixels, as picks are; None where no pick has the x of a particle.

    Examples
    --------
    >>> truth = Circles(np.array([[10.0, 5], [30, 20], [50, 80]]), 4.0)
    >>> upright = np.array([[10.0, 94], [30, 79], [50, 19]])  # of 100 rows
    >>> turned_height(Circles(upright, 4.0), truth)
    100
    """
    sums = [np.zeros(0)]
    for (first, last), (begin, end) in zip(_bounds(picks), _bounds(truth), strict=True):
        rows = np.arange(first, last)
        if picks.scores is not None:
            rows = rows[np.argsort(-picks.scores[rows], kind="stable")]
        own, particles = picks.centres[rows[:MOST]], truth.centres[begin:end]
        one, other = np.nonzero(np.abs(own[:, None, 0] - particles[None, :, 0]) < truth.radii[begin:end])
        sums.append(own[one, 1].astype(np.float64) + particles[other, 1])
    votes = np.sort(np.concatenate(sums))
    if not votes.size:
        return None
    wide = float(np.median(truth.radii))
    many = np.searchsorted(votes, votes + wide, side="right") - np.arange(votes.size)
    best = int(many.argmax())
    return round(float(np.median(votes[best : best + many[best]]))) + 1


def turned(picks: Circles, height: float) -> Circles:
    """Circles with y counted from the other end, on micrographs of so many rows.

    Examples
    --------
    >>> turned(Circles(np.array([[3.0, 0.0]]), 4.0), 100).centres
    array([[ 3., 99.]])
    """
    x, y = picks.centres.T
    return Circles(np.column_stack([x, height - 1 - y]), picks.radii, picks.scores, indptr=picks.indptr)


def _bounds(circles: Circles) -> list[tuple[int, int]]:
    return list(pairwise(circles.indptr.tolist()))
