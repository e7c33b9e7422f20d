"""Consensus of several pickers: where they agree, and how many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.circles import Circles, Indices
from motes.kernels.matching import near_pairs

CHUNK = 4096  # pairs that are looked at together


@dataclass(frozen=True, eq=False)
class PickerConsensus:
    """Groups of picks, at most one of each picker.

    Attributes
    ----------
    circles : Circles
        K groups: the mean centre and radius of the members; the score is the sum of the members' ranks over the number
        of pickers, 0 to 1.
    n_pickers : (K,) int64 array
        Pickers that agree.
    members : (K, P) int64 array
        The pick of each picker; -1: none.
    """

    circles: Circles
    n_pickers: Indices
    members: Indices


def consensus(
    pickers: Sequence[Circles],
    *,
    iou: float | None = None,
    distance: float | None = None,
    min_pickers: int = 1,
    threads: int | None = None,
) -> PickerConsensus:
    """Group picks of several pickers that mean the same particle.

    Pairs of picks of different pickers that are near are joined, the closest first, unless the group would then hold
    two picks of one picker. Scores of different pickers can not be compared, so each is replaced by its rank among the
    picker's own: (rank + 1/2) / N over all micrographs, ties sharing their mean, 1 being the best.

    All E near pairs are held and sorted, in O(E) memory and O(E log E) time: a few times as many as picks where those
    of one picker keep their distance, up to the product of two pickers' picks where all overlap.

    Parameters
    ----------
    pickers : sequence of Circles
        At least one; of the same micrographs, with scores, of one real type.
    iou, distance : float
        One of them, by default `iou=0.5`; as in `match`.
    min_pickers : int
        Only groups of so many pickers.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    PickerConsensus
        Micrograph after micrograph, in descending order of score.

    Examples
    --------
    >>> one = Circles(np.array([[0.0, 0], [40, 0]]), 5.0, np.array([0.9, 0.2]))
    >>> two = Circles(np.array([[1.0, 0]]), 5.0, np.array([7.0]))
    >>> found = consensus([one, two])
    >>> found.n_pickers, found.circles.centres[0], found.circles.scores
    (array([2, 1]), array([0.5, 0. ]), array([0.625, 0.125]))
    """
    if not pickers:
        raise ValueError("pickers: expected at least one")
    if not 1 <= min_pickers <= len(pickers):
        raise ValueError(f"min_pickers: expected 1 to {len(pickers)}, got {min_pickers}")
    if iou is None and distance is None:
        iou = 0.5
    nothing = Circles(np.empty((0, 2)), 1.0)
    near_pairs(nothing, nothing, iou=iou, distance=distance)  # refuses a threshold also where there is but one picker
    starts = np.cumsum([0, *(len(picks) for picks in pickers)])
    group = _groups(pickers, starts, iou, distance, threads)
    picker = np.repeat(np.arange(len(pickers)), np.diff(starts))
    names, group = np.unique(group, return_inverse=True)
    size = np.bincount(group, minlength=len(names))

    def mean(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.bincount(group, values, minlength=len(names)) / size

    centres = np.concatenate([picks.centres for picks in pickers]).astype(np.float64)
    radii = np.concatenate([picks.radii for picks in pickers]).astype(np.float64)
    micrograph = np.concatenate([picks.micrograph for picks in pickers])[names]
    score = mean(np.concatenate([_ranks(picks) for picks in pickers])) * size / len(pickers)
    members = np.full((len(names), len(pickers)), -1, np.int64)
    members[group, picker] = np.arange(starts[-1]) - starts[picker]
    order = np.lexsort([names, -score, micrograph])
    order = order[size[order] >= min_pickers]
    counts = np.bincount(micrograph[order], minlength=pickers[0].n_micrographs)
    merged = np.column_stack([mean(centres[:, 0]), mean(centres[:, 1])])[order]
    circles = Circles(merged, mean(radii)[order], score[order], indptr=np.concatenate([[0], np.cumsum(counts)]))
    return PickerConsensus(circles, size[order].astype(np.int64), members[order])


def _groups(
    pickers: Sequence[Circles],
    starts: npt.NDArray[np.int64],
    iou: float | None,
    distance: float | None,
    threads: int | None,
) -> Indices:
    """For every pick of every picker the lowest of its group."""
    edges = []
    for a in range(len(pickers)):
        for b in range(a + 1, len(pickers)):
            first, second, overlap = near_pairs(pickers[a], pickers[b], iou=iou, distance=distance, threads=threads)
            edges.append((-overlap if distance is None else overlap, first + starts[a], second + starts[b]))
    group = np.arange(starts[-1])
    if not edges:
        return group
    cost, first, second = (np.concatenate(each) for each in zip(*edges, strict=True))
    order = np.lexsort([second, first, cost])
    # A bit for each picker of a group's members. Groups only grow: a pair that can not be joined never can.
    bits = np.packbits(np.eye(len(pickers), dtype=bool), axis=1)
    holds = bits[np.repeat(np.arange(len(pickers)), np.diff(starts))]
    parts = [[i] for i in range(starts[-1])]
    for begin in range(0, len(order), CHUNK):
        chunk = order[begin : begin + CHUNK]
        one, other = first[chunk], second[chunk]
        apart = ~(holds[group[one]] & holds[group[other]]).any(axis=1)
        for x, y in zip(one[apart].tolist(), other[apart].tolist(), strict=True):
            i, j = sorted((int(group[x]), int(group[y])))
            if not (holds[i] & holds[j]).any():
                group[parts[j]] = i
                parts[i] += parts[j]
                holds[i] |= holds[j]
    return group


def _ranks(picks: Circles) -> npt.NDArray[np.float64]:
    """0 to 1, the best highest; ties share their mean."""
    if picks.scores is None:
        raise ValueError("pickers: scores are needed")
    _, which, counts = np.unique(picks.scores, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: npt.NDArray[np.float64] = (ends - counts / 2) / max(len(picks), 1)
    return middle[which]
