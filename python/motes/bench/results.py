"""A run of the suite, and the file that keeps it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from math import log
from pathlib import Path
from statistics import mean, median
from typing import Any, TypeVar

from motes import FormatError
from motes.bench.bounds import Bound
from motes.bench.yardsticks import UNITS
from motes.checks import positive
from motes.io.atomic import atomic_path
from motes.report import to_json

SCHEMA = 1
KIND = "motes bench"
REFERENCE = "reads"  # the yardstick beside which cases are compared, but for what memory holds

T = TypeVar("T")


@dataclass(frozen=True)
class Conditions:
    """What must be the same for times to be compared, and what is told beside.

    Attributes
    ----------
    version : str
        Of motes.
    machine : dict
        Processor, cores, instruction set, BLAS, versions and date.
    threads : int
        Of every call.
    quick : bool
        Whether the work was a tenth.
    """

    version: str
    machine: dict[str, Any]
    threads: int
    quick: bool


@dataclass(frozen=True)
class Round:
    """What one process measured.

    Attributes
    ----------
    cases : dict of str to list of float
        Seconds of every repetition.
    yardsticks : dict of str to list of float
        Seconds of every look at a yardstick.
    own_shares : list of float
        Of the processors' time, at every look: others had the rest.
    """

    cases: dict[str, list[float]] = field(default_factory=dict)
    yardsticks: dict[str, list[float]] = field(default_factory=dict)
    own_shares: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class PeerRace:
    """motes beside a peer, in turns.

    Attributes
    ----------
    case, peer : str
        Who did what.
    ours, theirs : list of float
        Seconds of every repetition; none where there was trouble.
    trouble : str
        How the peer's result differs, or why there is none; else empty.
    """

    case: str
    peer: str
    ours: list[float]
    theirs: list[float]
    trouble: str = ""

    @property
    def ratio(self) -> float:
        """Their median time over ours."""
        return median(self.theirs) / median(self.ours)


@dataclass(frozen=True, eq=False)
class Run:
    """Times of the suite on this machine.

    Attributes
    ----------
    conditions : Conditions
        Machine, threads, size of the work.
    bounds : dict of str to Bound
        By case: what it was given, and what nobody can do without.
    amounts : dict of str to float
        By yardstick: units in one look at it.
    rounds : list of Round
        Each of a process of its own.
    races : list of PeerRace
        Beside peers.
    absent : dict of str to list of str
        Libraries that are not installed, and the cases that they would have been peers in.
    interrupted : bool
        Ended by Ctrl-C: what was measured until then.
    """

    conditions: Conditions
    bounds: dict[str, Bound] = field(default_factory=dict)
    amounts: dict[str, float] = field(default_factory=dict)
    rounds: list[Round] = field(default_factory=list)
    races: list[PeerRace] = field(default_factory=list)
    absent: dict[str, list[str]] = field(default_factory=dict)
    interrupted: bool = False

    def __repr__(self) -> str:
        size = "a tenth of the work" if self.conditions.quick else "the whole work"
        ended = ", interrupted" if self.interrupted else ""
        n, threads = len(self.rounds), self.conditions.threads
        return f"Run({len(self.bounds)} cases, {n} rounds, {threads} threads, {size}{ended})"

    def seconds(self, case: str) -> list[float]:
        """Median time of a case in each round that has it."""
        return [median(each.cases[case]) for each in self.rounds if case in each.cases]

    def relative(self, case: str, yardstick: str) -> list[float]:
        """Log of a case's median time over a yardstick's, in each round that has the case."""
        return [
            log(median(each.cases[case]) / median(each.yardsticks[yardstick]))
            for each in self.rounds
            if case in each.cases
        ]

    def rates(self) -> dict[str, float]:
        """Units a second of each yardstick: median over all looks."""
        return {
            name: amount / median(taken)
            for name, amount in self.amounts.items()
            if (taken := [one for each in self.rounds for one in each.yardsticks.get(name, ())])
        }

    @property
    def others(self) -> float:
        """Share of the processors' time that other programs had while this was measured."""
        return 1 - mean([one for each in self.rounds for one in each.own_shares] or [1.0])

    def held_by(self, case: str) -> tuple[str, float]:
        """The yardstick that bounds a case, and the share of its rate that the case reaches."""
        least = self.bounds[case].seconds(self.rates())
        name = max(least, key=least.__getitem__)
        return name, least[name] / median(self.seconds(case))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write all of it, every repetition too, as JSON.

        Parameters
        ----------
        path : path
            An existing file is replaced, whole or not at all.
        """
        with atomic_path(path) as temporary:
            temporary.write_text(self.to_json() + "\n", encoding="utf-8")

    def to_json(self) -> str:
        """What `save` writes."""
        conditions = self.conditions
        return to_json({
            "kind": KIND,
            "schema": SCHEMA,
            "version": conditions.version,
            "quick": conditions.quick,
            "threads": conditions.threads,
            "interrupted": self.interrupted,
            "others": self.others,
            "machine": conditions.machine,
            "yardsticks": {
                name: {"unit": UNITS[name], "amount": amount, "per_second": self.rates().get(name)}
                for name, amount in self.amounts.items()
            },
            "cases": {
                name: {"work": bound.work, "bound": bound.amounts, **self._reached(name)}
                for name, bound in self.bounds.items()
            },
            "rounds": [asdict(each) for each in self.rounds],
            "races": [asdict(race) for race in self.races],
            "absent": self.absent,
        }, indent=1)  # fmt: skip

    def _reached(self, case: str) -> dict[str, Any]:
        if not self.seconds(case):
            return {}
        name, share = self.held_by(case)
        return {"median_seconds": median(self.seconds(case)), "held_by": name, "share": share}


def load(path: str | os.PathLike[str]) -> Run:
    """Read what `Run.save` wrote.

    Parameters
    ----------
    path : path
        Of the file.

    Raises
    ------
    FormatError
        If it holds anything else.
    OSError
        If it can not be read.
    """
    try:
        told = json.loads(Path(path).read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: no JSON: {error}") from error
    if not isinstance(told, dict) or told.get("kind") != KIND:
        raise FormatError(f"{path}: expected a run of motes bench, got other JSON")
    if told.get("schema") != SCHEMA:
        raise FormatError(f"{path}: schema: expected {SCHEMA}, got {json.dumps(told.get('schema'))[:40]}")
    try:
        return _run(told)
    except KeyError as error:
        raise FormatError(f"{path}: {error.args[0]}: missing") from error
    except (TypeError, ValueError, AttributeError) as error:
        raise FormatError(f"{path}: a run of motes bench, but damaged: {error}") from error


def _run(told: dict[str, Any]) -> Run:
    bounds = {
        name: Bound(_of(str, case["work"]), {key: _positive(value) for key, value in case["bound"].items()})
        for name, case in told["cases"].items()
    }
    amounts = {name: _positive(one["amount"]) for name, one in told["yardsticks"].items()}
    _known(amounts, UNITS, "yardsticks")
    if REFERENCE not in amounts:
        raise ValueError(f"yardsticks: without {REFERENCE}")
    for name, bound in bounds.items():
        _known(bound.amounts, amounts, f"{name}: bound")
        if not bound.amounts:
            raise ValueError(f"{name}: bound: empty")
    rounds = [
        Round(
            _times(each["cases"], bounds),
            _times(each["yardsticks"], amounts),
            [_positive(one) for one in _of(list, each["own_shares"])],
        )
        for each in told["rounds"]
    ]
    if any(each.cases and set(each.yardsticks) != set(amounts) for each in rounds):
        raise ValueError("rounds: one without yardsticks")
    if never := set(bounds).difference(*(each.cases for each in rounds)):
        raise ValueError(f"rounds: none with {', '.join(sorted(never))}")
    machine = _of(dict, told["machine"])
    for name in ("processor", "instruction_set"):
        _of(str, machine[name])
    return Run(
        Conditions(_of(str, told["version"]), machine, _of(int, told["threads"]), _of(bool, told["quick"])),
        bounds,
        amounts,
        rounds,
        [_race(race) for race in told["races"]],
        {_of(str, library): list(cases) for library, cases in told["absent"].items()},
        _of(bool, told["interrupted"]),
    )


def _race(told: dict[str, Any]) -> PeerRace:
    sides = {"ours": told["ours"], "theirs": told["theirs"]}
    timed = {name: [] for name in sides} if told["trouble"] else _times(sides, sides)
    return PeerRace(_of(str, told["case"]), _of(str, told["peer"]), **timed, trouble=_of(str, told["trouble"]))


def _times(told: dict[str, Any], known: Iterable[str]) -> dict[str, list[float]]:
    """Seconds by name: positive, and some of each."""
    _known(told, known, "rounds")
    found = {name: [_positive(one) for one in _of(list, seconds)] for name, seconds in told.items()}
    if not all(found.values()):
        raise ValueError("a list of no times")
    return found


def _known(names: Iterable[str], known: Iterable[str], where: str) -> None:
    unknown = set(names) - set(known)
    if unknown:
        raise ValueError(f"{where}: {', '.join(sorted(unknown))}: unknown")


def _of(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise TypeError(f"expected {kind.__name__}, got {json.dumps(value)[:40]}")
    return value


def _positive(value: Any) -> float:
    return positive("a time or an amount", value)
