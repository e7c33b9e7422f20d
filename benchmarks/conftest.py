"""`pytest benchmarks/`: every contender is compared with motes, then both are timed in turns."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any

import pytest

from motes.bench.environment import fixed_threads, machine, prepare_process

prepare_process()  # before any peer is imported

from benchmarks.race import Race  # noqa: E402
from motes.bench.kernels import kernel  # noqa: E402
from motes.bench.peers import OURS, Contender, contenders  # noqa: E402
from motes.bench.timing import Side, assert_same, rounds_for  # noqa: E402
from motes.bench.workloads import N_PATTERNS, Work  # noqa: E402

N_SMOKE = 2_000


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--smoke", action="store_true", help="2,000 patterns, everything once: does it still run?")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("python_files", "bench_*.py")
    config.addinivalue_line("python_functions", "bench_*")
    if config.getoption("--smoke"):
        config.option.benchmark_disable = True


def pytest_benchmark_update_machine_info(config: pytest.Config, machine_info: dict[str, Any]) -> None:
    machine_info["motes"] = machine()


@functools.cache
def _work(n_patterns: int, repeats: int) -> Work:
    return Work(n_patterns, repeats)


@functools.lru_cache(maxsize=2)
def _ours(name: str, work: Work, threads: int) -> Any:
    return next(entry for entry in contenders(name) if entry.name == OURS).prepare(work, threads)


@pytest.fixture
def work_for(request: pytest.FixtureRequest) -> Callable[[str], Work]:
    """The work of a kernel."""
    smoke = request.config.getoption("--smoke")
    size = N_SMOKE if smoke else N_PATTERNS
    return lambda name: _work(size, 37 if name == "ingest, 100M photons" and not smoke else 1)


@pytest.fixture
def race(request: pytest.FixtureRequest, benchmark: Any, work_for: Callable[[str], Work]) -> Race:
    """Compare a contender with motes, then time both in turns; what is kept is in `extra_info`."""

    def run(contender: Contender, threads: int) -> None:
        rules, work = kernel(contender.kernel), work_for(contender.kernel)
        benchmark.group = f"{contender.kernel}, {threads} thread{'s' * (threads > 1)}"
        benchmark.extra_info |= {"kernel": contender.kernel, "contender": contender.name, "threads": threads}
        benchmark.extra_info |= {"load": os.getloadavg()[0]}
        if contender.missing:
            benchmark.disabled = True
            benchmark(lambda: None)
            pytest.skip(f"{contender.name}: {contender.needs} is not installed")
        ours, theirs = _ours(contender.kernel, work, threads), contender.prepare(work, threads)
        with fixed_threads(threads):
            expected = theirs.expected() if theirs.expected else ours.read(ours.call())
            assert_same(theirs.read(theirs.call()), expected, rules.rtol, rules.atol)
            sides = Side(theirs.call), Side(ours.call)
            if contender.name == OURS:
                sides = (sides[1], sides[1])
            _time_in_turns(benchmark, *sides, once=request.config.getoption("--smoke"))

    return run


def _time_in_turns(benchmark: Any, theirs: Side, ours: Side, *, once: bool) -> None:
    for side in (theirs, ours):
        side.time()
    # Every side is called twice a round: once to warm its caches, once on the clock.
    rounds = 1 if once else rounds_for(2 * (theirs.seconds[0] + ours.seconds[0]))
    theirs.seconds.clear()
    ours.seconds.clear()

    def our_turn() -> None:
        if ours is not theirs:
            ours.warm()
            ours.time()
        theirs.warm()

    benchmark.pedantic(theirs.time, setup=our_turn, rounds=rounds, iterations=1)
    benchmark.extra_info |= {"theirs": theirs.summary(), "ours": ours.summary(), "rounds": rounds}
