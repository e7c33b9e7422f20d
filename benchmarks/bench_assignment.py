"""k-means: one iteration, and a whole fit."""

from __future__ import annotations

import pytest

from benchmarks.peers import Contender, contenders
from benchmarks.race import Race


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("assignment"), ids=str)
def bench_assignment(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("k-means"), ids=str)
def bench_kmeans(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
