"""Picks of many micrographs, suppressed and evaluated on workers: the results of `motes.picking`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from motes.circles import Circles, Indices
from motes.distributed.dispatch import Dispatcher, Piece
from motes.distributed.each import PER_WORKER, Each
from motes.kernels.matching import Rule, match
from motes.picking import Evaluation
from motes.picking import suppress as suppress_here
from motes.picking.evaluation import evaluation_of

if TYPE_CHECKING:
    from distributed import Client


def evaluate(
    picks: Circles,
    truth: Circles,
    *,
    client: Client,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
    rule: Rule = "greedy",
    confidence: float = 0.95,
    n_bootstrap: int = 1000,
    seed: int = 0,
    threads: int | None = None,
) -> Evaluation:
    """What `motes.picking.evaluate` gives, with its intervals from samples that workers count.

    Picks are matched here: to send them takes longer than to match them.

    Parameters
    ----------
    picks, truth, iou, box_iou, distance, rule, confidence, n_bootstrap, seed, threads
        As of `motes.picking.evaluate`.
    client : distributed.Client
        Of the workers: `motes.distributed.connect`, or one's own.

    Returns
    -------
    Evaluation
        With the same bits.

    Raises
    ------
    TypeError, ValueError
        As `motes.picking.evaluate` does.
    ClusterError
        If a worker does not fit, or the cluster is lost.

    Examples
    --------
    >>> from motes.distributed import connect
    >>> truth = Circles(np.array([[0.0, 0], [30, 0]]), 5.0, indptr=[0, 1, 2])
    >>> picks = Circles(np.array([[1.0, 0], [30, 0]]), 5.0, np.array([0.9, 0.7]), indptr=[0, 1, 2])
    >>> with connect("local:1") as client:
    ...     evaluate(picks, truth, client=client)
    Evaluation(2 picks, 2 particles, greedy: average precision 1 (1 to 1), best F1 1 (1 to 1))
    """
    matches = match(picks, truth, iou=iou, box_iou=box_iou, distance=distance, rule=rule, threads=threads)
    return evaluation_of(matches, confidence=confidence, n_bootstrap=n_bootstrap, seed=seed, each=Each(client))


def suppress(
    circles: Circles,
    *,
    client: Client,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
) -> Indices:
    """Greedy non-maximum suppression, each micrograph for itself, on workers.

    To send circles takes longer than to suppress them: it is for those that are too many for one machine's memory
    bandwidth, or for a machine that has better to do (docs/distributed.md).

    Parameters
    ----------
    circles, iou, box_iou, distance
        As of `motes.picking.suppress`.
    client : distributed.Client
        Of the workers: `motes.distributed.connect`, or one's own.

    Returns
    -------
    int64 array
        Indices that stay, those of `motes.picking.suppress`.

    Raises
    ------
    ValueError
        If there are no scores, or not exactly one threshold in its range.
    ClusterError
        If a worker does not fit, or the cluster is lost.
    """
    circles.require_here()
    suppress_here(circles[:0], iou=iou, box_iou=box_iou, distance=distance)  # refuses what workers would refuse
    dispatcher = Dispatcher(client)
    bounds = _balanced(circles.indptr, PER_WORKER * max(1, len(dispatcher.workers())))
    parts = [_micrographs(circles, first, last) for first, last in pairwise(bounds)]
    pieces = [Piece(part, max(len(part), 1)) for part in parts]
    kept = dict(dispatcher.run(_Suppression(iou, box_iou, distance), pieces))
    starts = circles.indptr[bounds]
    return np.concatenate([np.zeros(0, np.int64), *(kept[k] + starts[k] for k in range(len(pieces)))])


@dataclass(frozen=True)
class _Suppression:
    iou: float | None
    box_iou: float | None
    distance: float | None

    def unfit(self) -> str | None:
        return None

    def __call__(self, circles: Circles, turn: AbstractContextManager[Any], threads: int) -> Indices:
        with turn:
            return suppress_here(circles, iou=self.iou, box_iou=self.box_iou, distance=self.distance, threads=threads)


def _balanced(indptr: Indices, most: int) -> Sequence[int]:
    """Bounds of runs of micrographs with about as many circles each."""
    n = len(indptr) - 1
    wanted = indptr[-1] * np.arange(1, most) // most
    inner = np.unique(np.searchsorted(indptr, wanted, side="left"))
    return [0, *(int(bound) for bound in inner if 0 < bound < n), n]


def _micrographs(circles: Circles, first: int, last: int) -> Circles:
    """Circles of some micrographs that follow each other, as the first, second, ... of them."""
    rows = slice(circles.indptr[first], circles.indptr[last])
    scores = None if circles.scores is None else circles.scores[rows]
    indptr = circles.indptr[first : last + 1] - circles.indptr[first]
    return Circles(circles.centres[rows], circles.radii[rows], scores, indptr=indptr)
