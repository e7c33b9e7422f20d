"""A run read back from its log: what it cost, label by label, and what it reached, round by round."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from motes.active.log import Record, decode
from motes.active.oracle import Answer, Answers
from motes.active.state import circles_from
from motes.cached import cached_property
from motes.checks import one_of
from motes.circles import Circles, Indices
from motes.errors import FormatError

Cost = Literal["labels", "questions", "opened"]
CODES = {answer.word: int(answer) for answer in Answer}
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Round:
    """One round: a picker was trained, and what was known when it was.

    Attributes
    ----------
    index : int
        From 0.
    labels, rejected, questions, opened : int
        Labels and rejected places that it was trained with; questions asked, and micrographs opened, until then.
    pool : int
        Candidates that could be asked about.
    t : float or None
        The threshold that the query used; None: none, or nothing was asked after this round.
    measures : dict
        What the callback measured.
    """

    index: int
    labels: int
    rejected: int
    questions: int
    opened: int
    pool: int
    t: float | None
    measures: Mapping[str, float | None]


@dataclass(frozen=True, eq=False, repr=False)
class History:
    """A run, label by label.

    Attributes
    ----------
    settings : dict
        Of the run.
    initial, questions : tuple of dict
        The log's lines: labels to begin with, and questions with their answers, in the order they were asked.
    rounds : tuple of Round
    ended : str or None
        Why: `"rounds"`, all were trained, or `"pool"`, there was nothing left to ask about. None: it was cut off.
    """

    settings: Mapping[str, Any]
    initial: tuple[Record, ...]
    questions: tuple[Record, ...]
    rounds: tuple[Round, ...]
    ended: str | None

    @property
    def charged(self) -> dict[str, int]:
        """What validation cost, of each kind of cost: 0 unless the strategy used it."""
        return {cost: int(self.settings["charged"].get(cost, 0)) for cost in ("labels", "questions", "opened")}

    @property
    def n_labels(self) -> int:
        """Labels at the end, without those charged for validation."""
        return len(self.initial) + sum(question["label"] is not None for question in self.questions)

    @property
    def particles(self) -> Indices:
        """Numbers, by the oracle, of all particles that got a label, ascending: what `picking.distinctness` takes."""
        numbers = [record["particle"] for record in (*self.initial, *self.questions)]
        return np.unique([number for number in numbers if number >= 0]).astype(np.int64)

    @cached_property
    def labels(self) -> Circles:
        """All labels, on the run's micrographs."""
        places = [(r["micrograph"], r["x"], r["y"], r["radius"]) for r in self.initial]
        places += [(r["micrograph"], *r["label"]) for r in self.questions if r["label"] is not None]
        number = {name: m for m, name in enumerate(self.settings["micrographs"])}
        return circles_from([(number[name], x, y, radius) for name, x, y, radius in places], len(number))

    def answers(self, index: int) -> Answers:
        """Answers of one round in the order they were asked: what `active.estimate` takes beside its query and pool."""
        asked = [question for question in self.questions if question["round"] == index]
        labels = [[np.nan] * 3 if question["label"] is None else question["label"] for question in asked]
        places = np.array(labels, np.float64).reshape(-1, 3)
        codes = [CODES[question["answer"]] for question in asked]
        particle = np.array([question["particle"] for question in asked], np.int64)
        return Answers(np.array(codes, np.int8), places[:, :2], places[:, 2], particle)

    def cost(self, per: Cost = "labels", *, charged: bool = True) -> Indices:
        """(R,): what had been paid when each round's picker was trained.

        Parameters
        ----------
        per : "labels", "questions" or "opened"
            Labels (those to begin with too), questions asked, or micrographs opened.
        charged : bool
            With what validation cost, of a strategy that needs it.
        """
        one_of("per", per, ("labels", "questions", "opened"))
        paid = np.array([getattr(each, per) for each in self.rounds], np.int64)
        return paid + (self.charged[per] if charged else 0)

    def curve(self, measure: str, per: Cost = "labels", *, charged: bool = True) -> tuple[Indices, FloatArray]:
        """What was paid, and what was reached for it.

        Parameters
        ----------
        measure : str
            One that the callback returned.
        per, charged
            As in `cost`.

        Returns
        -------
        (R,) int64 array, (R,) float64 array
            NaN where there is no number.

        Raises
        ------
        ValueError
            If a round has no such measure.
        """
        for each in self.rounds:
            if measure not in each.measures:
                told = ", ".join(each.measures) or "none"
                raise ValueError(f"measure: {measure!r} was not measured in round {each.index}; there: {told}")
        values = [np.nan if (value := each.measures[measure]) is None else value for each in self.rounds]
        return self.cost(per, charged=charged), np.array(values, np.float64)

    def spent(self, per: Cost = "labels") -> Indices:
        """(Q,): labels, questions or micrographs opened after each single question; without what was charged."""
        one_of("per", per, ("labels", "questions", "opened"))
        return np.array([question[per] for question in self.questions], np.int64)

    def __repr__(self) -> str:
        gained = self.n_labels - len(self.initial)
        state = {None: "cut off", "rounds": "complete", "pool": "ended by an empty pool"}[self.ended]
        return (
            f"<History: {self.settings['strategy']}, {len(self.rounds)} rounds ({state}), {len(self.questions):,} "
            f"questions, {len(self.initial):,} + {gained:,} labels>"
        )


def replay(log: str | os.PathLike[str]) -> History:
    """Read a run back from its log.

    Parameters
    ----------
    log : path
        The file, or the folder of the run.

    Returns
    -------
    History
        Of a run that was cut off, what there is.

    Raises
    ------
    FormatError
        If a line is damaged, or there is none.
    OSError
        If it can not be opened.
    """
    path = Path(log, "log.jsonl") if Path(log).is_dir() else Path(log)
    records, _, _ = decode(path.read_bytes(), os.fspath(path))
    if not records:
        raise FormatError(f"{path}: holds no whole line of a log")
    return history_of(records)


def history_of(records: Sequence[Record]) -> History:
    """From the lines of a log."""
    of: dict[str, list[Record]] = {kind: [r for r in records if r["kind"] == kind] for kind in _KINDS}
    names = ("labels", "rejected", "questions", "opened", "pool", "t", "measures")
    rounds = tuple(Round(r["round"], *(r[name] for name in names)) for r in of["round"])
    ended = of["end"][0]["reason"] if of["end"] else None
    return History(records[0]["settings"], tuple(of["initial"]), tuple(of["question"]), rounds, ended)


_KINDS = ("initial", "round", "question", "end")
