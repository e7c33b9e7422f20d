"""Non-maximum suppression of circles and maps."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders

WORKS = ("1e3", "1e4", "1e5", "1e3 unequal", "1e4 unequal", "1e5 unequal", "1000 x 1000")


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", [one for work in WORKS for one in contenders(f"suppression, {work}")], ids=str)
def bench_suppression(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("map suppression"), ids=str)
def bench_map_suppression(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
