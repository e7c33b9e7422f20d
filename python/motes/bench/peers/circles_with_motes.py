"""Our side of the races on circles."""

from __future__ import annotations

import functools

import numpy as np

from motes import Circles
from motes.bench import circle_work as circles
from motes.bench.peers import OURS, Prepared, contender
from motes.bench.workloads import Work
from motes.kernels.circles import pairwise_circle_iou
from motes.kernels.matching import match
from motes.kernels.suppression import suppress, suppress_map

SUPPRESSED = {f"{size}{radii}": int(float(size)) for radii in ("", " unequal") for size in ("1e3", "1e4", "1e5")}


def suppressed(name: str, work: Work) -> Circles:
    """The circles of a race."""
    if name == "1000 x 1000":
        return circles.batch(work.scaled(1000), 1000)
    return circles.scattered(work.scaled(SUPPRESSED[name]), equal="unequal" not in name)


def _suppression(name: str, work: Work, threads: int) -> Prepared:
    given = suppressed(name, work)
    return Prepared(lambda: suppress(given, iou=circles.IOU, threads=threads), np.sort)


for _name in (*SUPPRESSED, "1000 x 1000"):
    contender(f"suppression, {_name}", OURS, needs="motes")(functools.partial(_suppression, _name))


def _matrix(depth: float, work: Work, threads: int, n: int = 2000) -> Prepared:
    given = circles.scattered(work.scaled(n, power=2), equal=False, depth=depth)
    return Prepared(lambda: pairwise_circle_iou(given, given, threads=threads)[0])


contender("circle IoU matrix", OURS, needs="motes")(functools.partial(_matrix, circles.DEPTH))
contender("circle IoU matrix, all overlap", OURS, needs="motes")(functools.partial(_matrix, 1e5))
contender("circle IoU matrix, polygons", OURS, needs="motes")(
    functools.partial(_matrix, circles.DEPTH, n=circles.N_POLYGONS)
)


@contender("map suppression", OURS, needs="motes")
def map_suppression(work: Work, threads: int) -> Prepared:
    given = circles.score_map(work.scaled(circles.MAP_SIDE, power=2))
    return Prepared(
        lambda: suppress_map(given, circles.MAP_RADIUS, threshold=0, threads=threads)[0], lambda found: found[0]
    )


@contender("matching", OURS, needs="motes")
def matching(work: Work, threads: int) -> Prepared:
    given = circles.matched(work.scaled(circles.N_MATCHED))
    return Prepared(
        lambda: match(given.picks, given.truth, distance=given.radius, rule="topaz", threads=threads),
        lambda found: found.hit.astype(np.float32),
    )
