"""One whole EM iteration: templates from a master, E step, M step, planes turned home."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("sweep"), ids=str)
def bench_sweep(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
