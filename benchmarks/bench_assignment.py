"""k-means: one iteration, and a whole fit; exact matching, which is one iteration and a check."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("assignment"), ids=str)
def bench_assignment(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("k-means"), ids=str)
def bench_kmeans(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("match"), ids=str)
def bench_match(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
