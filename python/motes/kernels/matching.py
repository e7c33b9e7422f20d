"""Matching: which pick found which particle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.circles import Circles, Indices
from motes.kernels.circles import check_same_micrographs
from motes.kernels.suppression import nearness
from motes.threads import available_threads

Rule: TypeAlias = Literal["greedy", "optimal", "best", "first", "topaz"]


@dataclass(frozen=True, eq=False)
class Matches:
    """Picks beside particles.

    Attributes
    ----------
    picks, truth : Circles
        N picks and K particles on the same micrographs.
    rule : str
        How they were matched.
    particle : (N,) int64 array
        The particle that each pick found; -1: none.
    overlap : (N,) float64 array
        By the measure of the match: IoU with it (0: none), or distance from it (infinite: none). Under rule `"topaz"`
        a distance in pixels, also where an IoU was asked for.
    """

    picks: Circles
    truth: Circles
    rule: str
    particle: Indices
    overlap: npt.NDArray[np.float64]

    @property
    def hit(self) -> npt.NDArray[np.bool_]:
        """(N,): the pick found a particle."""
        return self.particle >= 0

    def predictions(self, threshold: float = -np.inf) -> npt.NDArray[np.bool_]:
        """(N,): picks with a score of `threshold` or more, compared in float64; by default all, with scores or not."""
        if np.isnan(threshold):
            raise ValueError(f"threshold: expected a number, got {threshold}")
        if threshold == -np.inf:
            return np.ones(len(self.picks), bool)
        if self.picks.scores is None:
            raise ValueError("matches: the picks have no scores")
        return np.asarray(self.picks.scores.astype(np.float64) >= threshold)

    @property
    def n_found(self) -> int:
        """Particles that were found, each counted once."""
        return len(np.unique(self.particle[self.hit]))

    def of_micrograph(self, m: int) -> Matches:
        """What was found on one micrograph."""
        picks, truth = self.picks.of_micrograph(m), self.truth.of_micrograph(m)
        rows = slice(self.picks.indptr[m], self.picks.indptr[m + 1])
        own = self.particle[rows]
        return Matches(picks, truth, self.rule, np.where(own >= 0, own - self.truth.indptr[m], -1), self.overlap[rows])

    def __repr__(self) -> str:
        return (
            f"Matches({self.rule}: {int(self.hit.sum())} of {len(self.picks)} picks hit, "
            f"{self.n_found} of {len(self.truth)} particles found)"
        )


def match(
    picks: Circles,
    truth: Circles,
    *,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
    rule: Rule = "greedy",
    threads: int | None = None,
) -> Matches:
    """Match picks to particles, each micrograph for itself.

    Parameters
    ----------
    picks, truth : Circles
        Of the same micrographs, of one real type.
    iou, box_iou, distance : float
        One of them, by default `iou=0.5`: a pair is possible if its IoU, or that of the squares about the circles, is
        above it; or if the centres are closer than it, in pixels.
    rule : str
        - `"greedy"`: in order of score, each pick the closest particle that no pick has claimed;
        - `"optimal"`: one-to-one, as many pairs as can be, of these the largest total IoU, or least total distance;
        - `"best"`: each pick the closest particle; several may claim one: crYOLO's evaluation;
        - `"first"`: each pick the first possible particle by index; several may claim one: seed 001's correction;
        - `"topaz"`: one-to-one, the largest sum of distance^2 - d^2; an IoU is turned into a distance (equal radii).
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    Matches
        `overlap` is by the measure asked for, save that `"topaz"` gives distances, also for an IoU.

    Raises
    ------
    TypeError, ValueError
        If types or numbers of micrographs differ, a threshold is out of range, or `"topaz"` meets an IoU of different
        radii.

    Examples
    --------
    >>> truth = Circles(np.array([[0.0, 0], [4, 0]]), 5.0)
    >>> picks = Circles(np.array([[1.0, 0], [0, 0]]), 5.0, np.array([0.9, 0.8]))
    >>> match(picks, truth).particle, match(picks, truth, distance=3.5, rule="optimal").particle
    (array([ 0, -1]), array([1, 0]))
    """
    if iou is box_iou is distance is None:
        iou = 0.5
    measure, threshold = nearness(iou, box_iou, distance)
    picks.require_here("picks")
    truth.require_here("truth")
    check_same_micrographs("truth", truth, picks)
    if rule == "topaz" and measure == "iou":
        radii = np.concatenate([picks.radii, truth.radii])
        if len(radii) and (radii != radii[0]).any():
            at = int(np.argmax(radii != radii[0]))
            whose, index = ("picks", at) if at < len(picks) else ("truth", at - len(picks))
            raise ValueError(
                f"rule: topaz matches by distance; an IoU needs equal radii, got {radii[0]:g} and, in {whose} at index "
                f"{index}, {radii[at]:g}"
            )
        measure, threshold = "distance", _core.equal_radii_distance(threshold) * float(radii[0]) if len(radii) else 0.0
    particle, overlap = _core.matching(
        picks.centres, picks.radii, truth.centres, truth.radii, scores=picks.scores, pick_indptr=picks.indptr,
        truth_indptr=truth.indptr, measure=measure, threshold=threshold, rule=rule, threads=available_threads(threads),
    )  # fmt: skip
    return Matches(picks, truth, rule, particle, overlap)


def near_pairs(
    a: Circles,
    b: Circles,
    *,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
    threads: int | None = None,
) -> tuple[Indices, Indices, npt.NDArray[np.float64]]:
    """All pairs that are near, without an N x K matrix.

    Parameters
    ----------
    a, b : Circles
        Of the same micrographs, of one real type.
    iou, box_iou, distance : float
        One of them, as in `match`.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    first, second : (P,) int64 arrays
        Indices into `a`, ascending, and into `b`, ascending for each of `a`.
    overlap : (P,) float64 array
        IoU or distance.

    Examples
    --------
    >>> a = Circles(np.array([[0.0, 0], [1, 0], [50, 0]]), 5.0)
    >>> near_pairs(a, a, distance=2)
    (array([0, 0, 1, 1, 2]), array([0, 1, 0, 1, 2]), array([0., 1., 1., 0., 0.]))
    """
    measure, threshold = nearness(iou, box_iou, distance)
    a.require_here("a")
    b.require_here("b")
    check_same_micrographs("b", b, a)
    indptr, partner, overlap = _core.near_pairs(
        a.centres, a.radii, b.centres, b.radii, pick_indptr=a.indptr, truth_indptr=b.indptr, measure=measure,
        threshold=threshold, threads=available_threads(threads),
    )  # fmt: skip
    return np.repeat(np.arange(len(a), dtype=np.int64), np.diff(indptr)), partner, overlap
