"""Log-likelihood of every pattern under every template."""

from __future__ import annotations

import pytest

from benchmarks.peers import Contender, contenders
from benchmarks.race import Race


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("likelihood"), ids=str)
def bench_likelihood(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("likelihood, R = 1024"), ids=str)
def bench_likelihood_many(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
