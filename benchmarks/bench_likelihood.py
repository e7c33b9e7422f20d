"""Log-likelihood of every pattern under every template, and the responsibilities that follow."""

from __future__ import annotations

import pytest

from benchmarks.race import Race
from motes.bench.peers import Contender, contenders


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("likelihood"), ids=str)
def bench_likelihood(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("likelihood, R = 1024"), ids=str)
def bench_likelihood_many(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("contender", contenders("posterior"), ids=str)
def bench_posterior(race: Race, contender: Contender, threads: int) -> None:
    race(contender, threads)
