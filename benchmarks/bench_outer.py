"""Second moments: the spectral start's covariance."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("outer"), ids=str)
def bench_outer(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
