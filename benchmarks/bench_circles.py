"""Intersection over union of all pairs."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("circle IoU matrix"), ids=str)
def bench_circle_iou(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("circle IoU matrix, polygons"), ids=str)
def bench_circle_iou_polygons(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("circle IoU matrix, all overlap"), ids=str)
def bench_circle_iou_dense(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
