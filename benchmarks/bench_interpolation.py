"""Turns by many angles: there, home, and a whole iteration with them."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("interpolation"), ids=str)
def bench_interpolation(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("interpolation, home"), ids=str)
def bench_interpolation_home(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("sweep, R = 36"), ids=str)
def bench_step_at_many_angles(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
