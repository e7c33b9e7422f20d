"""Picks to particles."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("matching"), ids=str)
def bench_matching(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
