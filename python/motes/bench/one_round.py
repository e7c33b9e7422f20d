"""One round of the suite in a process of its own: it reads what is asked for, and writes a line of JSON a result.

A fresh process has its data at other addresses and its pages elsewhere, which moves times by a few percent for as long
as it lives. So repetitions inside one are alike, and what is compared are rounds.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any, TextIO

from motes.bench.bounds import bound_of
from motes.bench.environment import fixed_threads, prepare_process
from motes.bench.kernels import kernel
from motes.bench.peers import OURS, Contender, Prepared, contenders
from motes.bench.timing import Side, assert_same, in_turns, repeated
from motes.bench.workloads import Work
from motes.bench.yardsticks import Yardstick, own_share, yardsticks

BETWEEN = 2  # cases from one look at the yardsticks to the next


def main() -> None:
    """Answer one request."""
    prepare_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches both: whoever asked ends this process
    with os.fdopen(os.dup(1), "w") as answers:
        os.dup2(2, 1)  # what a library prints is no answer
        request = json.load(sys.stdin)
        work, threads = Work(request["patterns"]), request["threads"]
        with fixed_threads(threads):
            measure = _races if request["peers"] else _cases
            measure(request["cases"], work, threads, request["seconds"], _teller(answers))


def _teller(to: TextIO) -> Callable[..., None]:
    """What writes answers, each at once; times to six digits, since more are of the clock's making."""

    def tell(**told: Any) -> None:
        short = {
            name: [float(f"{seconds:.6g}") for seconds in value] if isinstance(value, list) else value
            for name, value in told.items()
        }
        print(json.dumps(short), file=to, flush=True)

    return tell


def _cases(names: list[str], work: Work, threads: int, seconds: float, tell: Callable[..., None]) -> None:
    """Every case for a while; the yardsticks before, between and after."""
    sticks = yardsticks(threads)
    for k, name in enumerate(names):
        if k % BETWEEN == 0:
            _measure(sticks, threads, tell)
        call = ours(name).prepare(work, threads).call
        result, taken = repeated(call, seconds)
        bound = bound_of(name, work, result)
        tell(case=name, seconds=taken, work=bound.work, amounts=bound.amounts)
    _measure(sticks, threads, tell)


def _measure(sticks: tuple[Yardstick, ...], threads: int, tell: Callable[..., None]) -> None:
    tell(
        yardsticks={one.name: one.time() for one in sticks},
        amounts={one.name: one.amount for one in sticks},
        own_share=own_share(threads),
    )


def _races(names: list[str], work: Work, threads: int, seconds: float, tell: Callable[..., None]) -> None:
    """Every case beside each peer that is there: results compared, then both in turns."""
    for name in names:
        own = ours(name).prepare(work, threads)
        for peer in present(name):
            told = {"case": name, "peer": peer.name}
            try:
                theirs = _agreeing(peer, own, work, threads)
            except Exception as error:  # of a library that is there but does not work, whatever it raises
                tell(**told, trouble=f"{type(error).__name__}: {' '.join(str(error).split())}")
                continue
            sides = Side(theirs.call), Side(own.call)
            in_turns(*sides, seconds)
            tell(**told, theirs=sides[0].seconds, ours=sides[1].seconds)


def _agreeing(peer: Contender, own: Prepared, work: Work, threads: int) -> Prepared:
    """The peer's call, once its result was found to be ours."""
    theirs, rules = peer.prepare(work, threads), kernel(peer.kernel)
    expected = theirs.expected() if theirs.expected else own.read(own.call())
    assert_same(theirs.read(theirs.call()), expected, rules.rtol, rules.atol)
    return theirs


def ours(name: str) -> Contender:
    """What motes does of a kernel."""
    return next(entry for entry in contenders(name) if entry.name == OURS)


def present(name: str) -> list[Contender]:
    """The peers of a kernel whose libraries are installed."""
    return [entry for entry in contenders(name) if entry.name != OURS and not entry.missing]


if __name__ == "__main__":
    main()
