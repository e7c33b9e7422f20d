"""Ingest: photons as coordinates become patterns."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("ingest"), ids=str)
def bench_ingest(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("ingest, shuffled"), ids=str)
def bench_ingest_shuffled(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("ingest, 100M photons"), ids=str)
def bench_ingest_100m(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
