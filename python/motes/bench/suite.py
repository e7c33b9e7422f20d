"""The suite: every kernel family and the whole calls, round after round, each in a process of its own."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from motes.bench.bounds import Bound
from motes.bench.environment import machine
from motes.bench.kernels import kernel
from motes.bench.peers import OURS, contenders
from motes.bench.processes import answers, conditions_of
from motes.bench.results import Conditions, PeerRace, Round, Run
from motes.bench.workloads import N_PATTERNS
from motes.checks import whole
from motes.threads import available_threads

SUITE = (
    "ingest", "ingest, shuffled", "likelihood", "likelihood, R = 1024", "posterior", "back-rotation", "sweep",
    "interpolation", "interpolation, home", "assignment", "outer", "circle IoU matrix",
    "circle IoU matrix, all overlap", "suppression, 1e5", "suppression, 1e5 unequal", "suppression, 1000 x 1000",
    "map suppression", "matching", "FSC, 129", "k-means", "match", "reconstruct",
)  # fmt: skip
WITH_PEERS = (*SUITE, "circle IoU matrix, polygons")  # that one is there for a peer's sake

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Plan:
    """How much is measured.

    Attributes
    ----------
    patterns : int
        Of the reference work; everything else shrinks with them.
    rounds : int
        Processes.
    seconds, race_seconds : float
        For a case in a round, and for a race with a peer.
    """

    patterns: int
    rounds: int
    seconds: float
    race_seconds: float


FULL = Plan(N_PATTERNS, 15, 0.25, 2.0)
QUICK = Plan(N_PATTERNS // 10, 6, 0.03, 0.25)


def cases_of(only: Sequence[str] = ()) -> list[str]:
    """Names of the cases: those asked for, whole or by their family, or all.

    Examples
    --------
    >>> cases_of(["ingest", "sweep"])
    ['ingest', 'ingest, shuffled', 'sweep']
    >>> cases_of(["speed"])
    Traceback (most recent call last):
        ...
    ValueError: only: there is no case speed; there are ingest, likelihood, posterior, back-rotation, sweep, \
interpolation, assignment, outer, circle IoU matrix, suppression, map suppression, matching, FSC, k-means, match, \
reconstruct
    """
    if isinstance(only, str):
        only = (only,)
    if not only:
        return list(SUITE)
    families = dict.fromkeys(name.partition(",")[0] for name in SUITE)
    for asked in only:
        if asked not in families and asked not in WITH_PEERS:
            raise ValueError(f"only: there is no case {asked}; there are {', '.join(families)}")
    return [name for name in WITH_PEERS if name in only or name.partition(",")[0] in only]


def conditions_now(*, quick: bool = False, threads: int | None = None) -> Conditions:
    """What a run would be taken under."""
    from motes import __version__

    return Conditions(__version__, machine(), available_threads(threads), quick)


def run(
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    peers: bool = False,
    threads: int | None = None,
    rounds: int | None = None,
    progress: Progress | None = None,
) -> Run:
    """Measure how fast motes is on this machine, beside what the machine can do at most.

    Every round is a process of its own: all cases in random order, each repeated for a while, and between them the
    yardsticks (copies, random reads and additions, arithmetic). Ctrl-C ends it: what was measured is returned, if
    anything was.

    Parameters
    ----------
    quick : bool
        A tenth of the work, in some 20 seconds; else some two minutes, and 0.8 GB of memory.
    only : sequence of str
        Cases, or families of them, such as "suppression"; by default all.
    peers : bool
        Also beside the libraries that are installed and do the same work: results are compared, then both are timed in
        turns. This takes minutes more.
    threads : int, optional
        Of every call, peers too; by default all that this process may use.
    rounds : int, optional
        15 by default, 6 for a quick run; to be compared, a run needs 3.
    progress : callable, optional
        Called with steps done, steps in all, and what is next.

    Returns
    -------
    Run
        Every repetition's time.

    Raises
    ------
    ValueError
        If there is no such case, or no round.

    Examples
    --------
    >>> found = run(quick=True, only=["matching"], threads=1, rounds=1)
    >>> found
    Run(1 cases, 1 rounds, 1 threads, a tenth of the work)
    >>> found.bounds["matching"].work
    '500 picks, 500 particles'
    """
    plan = plan_of(quick, rounds)
    names = cases_of(only)
    raced = names if only or not peers else list(WITH_PEERS)
    found = Run(conditions_now(quick=quick, threads=threads), absent=_absent(raced) if peers else {})
    steps = Steps(plan.rounds * len(names) + sum(_n_present(name) for name in raced) * peers, progress)
    try:
        for k in range(plan.rounds):
            measure_round(found, names, plan, k, steps)
        if peers:
            told = answers(raced, plan.patterns, plan.race_seconds, found.conditions.threads, peers=True)
            with closing(told) as races:
                for race in races:
                    found.races.append(_race(race))
                    steps.step(f"beside {race['peer']}")
    except KeyboardInterrupt:
        return ended(found, names, interrupted=True)
    return ended(found, names)


def run_beside(
    python: str | os.PathLike[str],
    *,
    quick: bool = False,
    only: Sequence[str] = (),
    threads: int | None = None,
    rounds: int | None = None,
    progress: Progress | None = None,
) -> tuple[Run, Run]:
    """Measure the motes of another Python and this one in turns, round by round: the surest way to compare two.

    Parameters
    ----------
    python : path
        Interpreter of an environment with a motes of its own.
    quick, only, threads, rounds, progress
        As in `run`.

    Returns
    -------
    other, this : Run
        To be given to `compare` with ``in_turns=True``.

    Raises
    ------
    ValueError
        If that is no Python with a motes that has `motes.bench`.
    """
    plan, names = plan_of(quick, rounds), cases_of(only)
    this = Run(conditions_now(quick=quick, threads=threads))
    place = os.fspath(python)
    other = Run(conditions_of(place, quick=quick, threads=this.conditions.threads))
    sides: tuple[tuple[Run, str | None], ...] = ((other, place), (this, None))
    steps = Steps(2 * plan.rounds * len(names), progress)
    interrupted = False
    try:
        for k in range(plan.rounds):
            for side, interpreter in sides if k % 2 else sides[::-1]:  # neither is always the first
                measure_round(side, names, plan, k, steps, interpreter)
    except KeyboardInterrupt:
        interrupted = True
    return ended(other, names, interrupted=interrupted), ended(this, names, interrupted=interrupted)


def plan_of(quick: bool, rounds: int | None) -> Plan:
    """How much is measured."""
    plan = QUICK if quick else FULL
    return plan if rounds is None else replace(plan, rounds=whole("rounds", rounds, 1))


def measure_round(
    found: Run, names: Sequence[str], plan: Plan, k: int, steps: Steps, python: str | None = None
) -> None:
    """Add the k-th round to a run."""
    found.rounds.append(Round())
    order = [names[i] for i in np.random.default_rng(k).permutation(len(names))]
    told = answers(order, plan.patterns, plan.seconds, found.conditions.threads, python=python)
    with closing(told) as results:
        for result in results:
            _enter(result, found)
            if "case" in result:
                steps.step(f"round {k + 1} of {plan.rounds}")


def ended(found: Run, names: Sequence[str], *, interrupted: bool = False) -> Run:
    """The run with its cases in order; a KeyboardInterrupt if it has none."""
    if not found.bounds:
        raise KeyboardInterrupt
    rounds = [each for each in found.rounds if each.cases]
    bounds = {name: found.bounds[name] for name in names if name in found.bounds}
    return replace(found, rounds=rounds, bounds=bounds, interrupted=interrupted)


class Steps:
    """Counts what is done, and tells it."""

    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = -1, total, progress
        self.step("starting")

    def step(self, what: str) -> None:
        """One more is done."""
        self._done += 1
        if self._progress is not None:
            self._progress(self._done, self._total, what)


def _enter(told: dict[str, Any], found: Run) -> None:
    """Put an answer in its place."""
    now = found.rounds[-1]
    if "case" in told:
        now.cases[told["case"]] = told["seconds"]
        found.bounds.setdefault(told["case"], Bound(told["work"], told["amounts"]))
        return
    found.amounts.update(told["amounts"])
    now.own_shares.append(told["own_share"])
    for name, seconds in told["yardsticks"].items():
        now.yardsticks.setdefault(name, []).append(seconds)


def _race(told: dict[str, Any]) -> PeerRace:
    return PeerRace(told["case"], told["peer"], told.get("ours", []), told.get("theirs", []), told.get("trouble", ""))


def _n_present(name: str) -> int:
    return sum(entry.name != OURS and not entry.missing for entry in contenders(name))


def _absent(names: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        for entry in contenders(name):
            if entry.missing:
                found.setdefault(entry.needs, []).append(kernel(name).name)
    return {library: sorted(set(cases)) for library, cases in sorted(found.items())}
