"""The whole reconstruction, in memory. It has no peer: accuracy and end-to-end times are in scripts of their own."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("reconstruct"), ids=str)
def bench_reconstruct(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
