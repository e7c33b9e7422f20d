"""Fourier shell correlation."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.map_work import SIDES
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", [one for name in SIDES for one in contenders(name)], ids=str)
def bench_fsc(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
