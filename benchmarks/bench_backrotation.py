"""Back-rotation: the likelihood's transpose."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("back-rotation"), ids=str)
def bench_back_rotation(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
