"""The races on circles: NumPy, numba, SciPy and Topaz."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.bench import circle_work as circles
from motes.bench.peers import Prepared, contender
from motes.bench.peers.circles_with_motes import SUPPRESSED, suppressed
from motes.bench.workloads import Work


def _numpy_matrix(depth: float, work: Work, threads: int) -> Prepared:
    given = circles.scattered(work.scaled(2000, power=2), equal=False, depth=depth)
    (x, y), r = given.centres.T, given.radii

    def call() -> npt.NDArray[Any]:
        d = np.hypot(x[:, None] - x, y[:, None] - y)
        r1, r2 = r[:, None], r
        with np.errstate(invalid="ignore", divide="ignore"):
            a1 = np.arccos(np.clip((d**2 + r1**2 - r2**2) / (2 * d * r1), -1, 1))
            a2 = np.arccos(np.clip((d**2 + r2**2 - r1**2) / (2 * d * r2), -1, 1))
        lens = r1**2 * (a1 - np.sin(2 * a1) / 2) + r2**2 * (a2 - np.sin(2 * a2) / 2)
        lens = np.where(d >= r1 + r2, 0, np.where(d <= np.abs(r1 - r2), np.pi * np.minimum(r1, r2) ** 2, lens))
        return lens / (np.pi * (r1**2 + r2**2) - lens)

    return Prepared(call)


def _numba_matrix(depth: float, work: Work, threads: int) -> Prepared:
    from motes.bench.peers import numba_circles

    given = circles.scattered(work.scaled(2000, power=2), equal=False, depth=depth)
    return Prepared(lambda: numba_circles.iou_matrix(given.centres, given.radii))


for _kernel, _depth in (("circle IoU matrix", circles.DEPTH), ("circle IoU matrix, all overlap", 1e5)):
    contender(_kernel, "NumPy", needs="numpy")(functools.partial(_numpy_matrix, _depth))
    contender(_kernel, "numba", needs="numba")(functools.partial(_numba_matrix, _depth))


@contender("circle IoU matrix, polygons", "shapely", needs="shapely")
def shapely_matrix(work: Work, threads: int) -> Prepared:
    import shapely

    given = circles.scattered(work.scaled(circles.N_POLYGONS, power=2), equal=False, depth=circles.DEPTH)
    discs = shapely.buffer(shapely.points(given.centres), given.radii, quad_segs=32)

    def call() -> npt.NDArray[Any]:
        common = shapely.area(shapely.intersection(discs[:, None], discs))
        areas = shapely.area(discs)
        return common / (areas[:, None] + areas - common)

    return Prepared(call)


def _numba_greedy(name: str, work: Work, threads: int) -> Prepared:
    from motes.bench.peers import numba_circles

    given = suppressed(name, work)
    return Prepared(
        lambda: numba_circles.suppress(given.centres, given.radii, given.scores, given.indptr, circles.IOU), np.sort
    )


for _name in (*SUPPRESSED, "1000 x 1000"):
    contender(f"suppression, {_name}", "numba, greedy O(n^2)", needs="numba")(functools.partial(_numba_greedy, _name))


def _tree(name: str, work: Work, threads: int) -> Prepared:
    """All pairs near enough from a k-d tree, then greedy over each one's neighbours: for equal radii."""
    from scipy.spatial import cKDTree

    given = suppressed(name, work)
    scores = given.scores
    assert scores is not None
    reach = 0.5298641692051897 * circles.RADIUS  # IoU 0.5 of equal circles

    def call() -> npt.NDArray[Any]:
        first, second = cKDTree(given.centres).query_pairs(reach, output_type="ndarray").T
        order = np.argsort(-scores, kind="stable")
        rank = np.empty(len(order), np.int64)
        rank[order] = np.arange(len(order))
        swap = rank[first] > rank[second]
        better, worse = np.where(swap, second, first), np.where(swap, first, second)
        by = np.argsort(better, kind="stable")
        ends = np.searchsorted(better[by], np.arange(len(order) + 1))
        worse, left = worse[by], np.ones(len(order), bool)
        for i in order:
            if left[i]:
                left[worse[ends[i] : ends[i + 1]]] = False
        return np.flatnonzero(left)

    return Prepared(call)


for _name in ("1e3", "1e4", "1e5"):
    contender(f"suppression, {_name}", "SciPy cKDTree pairs, then greedy", needs="scipy")(
        functools.partial(_tree, _name)
    )


@contender("map suppression", "Topaz non_maximum_suppression", needs="topaz")
def topaz_map(work: Work, threads: int) -> Prepared:
    from topaz.algorithms import non_maximum_suppression

    given = circles.score_map(work.scaled(circles.MAP_SIDE, power=2))
    return Prepared(lambda: non_maximum_suppression(given, circles.MAP_RADIUS, threshold=0), lambda found: found[1])


@contender("matching", "Topaz match_coordinates", needs="topaz")
def topaz_matching(work: Work, threads: int) -> Prepared:
    from topaz.algorithms import match_coordinates

    given = circles.matched(work.scaled(circles.N_MATCHED))
    return Prepared(
        lambda: match_coordinates(given.truth.centres, given.picks.centres, given.radius), lambda found: found[0]
    )
