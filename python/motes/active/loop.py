"""The loop of seed 001: train, predict, suppress, leave out what was asked, query, correct, and again."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from motes._core import version
from motes.active.log import LAYOUT, Log, Record, open_log, plain
from motes.active.oracle import Answer, Oracle
from motes.active.pool import Pool
from motes.active.queries import Query
from motes.active.replay import History, history_of
from motes.active.settings import Budget, Rejections, Settings, resolve
from motes.active.state import State
from motes.active.threshold import optimal_threshold
from motes.circles import Circles, Indices
from motes.micrograph import Micrograph
from motes.pickers import Labelled, Picker, WarmPicker
from motes.picking import near_pairs

Measure: TypeAlias = Callable[[int, Picker, Pool, Query | None, Labelled], Mapping[str, Any] | None]
"""Called in each round with its number, the trained picker, pool, query, and what the picker was trained with."""

SAME_CANDIDATE = 0.9  # IoU above which a candidate is one that was asked about
WORDS = {int(answer): answer.word for answer in Answer}


def run(
    micrographs: Sequence[Micrograph],
    oracle: Oracle,
    picker: Picker,
    strategy: str | Callable[..., Query],
    *,
    initial: int | Circles,
    n: int,
    rounds: int,
    budget: Budget = "labels",
    max_questions: int | None = None,
    rejections: Rejections = "negative",
    warm_start: bool = False,
    cold_start: Picker | None = None,
    validation: Labelled | None = None,
    iou: float = 0.3,
    min_probability: float = 0.0,
    beta: float = 1.0,
    strategy_options: Mapping[str, Any] | None = None,
    seed: int = 0,
    folder: str | os.PathLike[str] | None = None,
    callback: Measure | None = None,
) -> History:
    """Run an active learning loop.

    In each round a picker is trained on all labels so far and proposes candidates; of each place the best stays, places
    that were asked about are left out, and a strategy says which are asked next. After the last round nothing is asked:
    `rounds` pickers are trained and `rounds - 1` queries answered, as the seed counts.

    Parameters
    ----------
    micrographs : sequence of Micrograph
        M, with different names.
    oracle : Oracle
        Who answers, on the same M micrographs.
    picker : Picker
        Trained anew in each round, in place.
    strategy : str or callable
        A name of `motes.active.STRATEGIES`, or a function `(pool, n, *, seed)` that gives a `Query`. When a
        round has to ask more than it thought, it is called again with a larger n and the same seed, and places that
        were asked already are passed over: a strategy that ranks goes on down its ranking.
    initial : int or Circles
        Labels to begin with: so many of the oracle's particles by lot, the same for every strategy; or these. 0 needs a
        picker that can do without, or `cold_start`.
    n : int
        Labels gained in each round, or questions asked.
    rounds : int
        Pickers that are trained.
    budget : "labels" or "questions"
        What n counts. The seed counts labels: a round asks until it has gained n, or nothing is left to ask.
    max_questions : int, optional
        A round asks no more than this, however few labels it has gained.
    rejections : "negative" or "drop"
        Whether a place that holds no particle teaches the picker. In either case it is not asked about again.
    warm_start : bool
        Learn on from the last round's picker, which must be a `WarmPicker`, instead of from scratch; the first round
        begins from scratch in either case.
    cold_start : Picker, optional
        Takes the picker's place while there is no label.
    validation : Labelled, optional
        Micrographs on which every particle is labelled, for strategies that need a threshold; these are charged for
        their labels, others do not look at them.
    iou : float
        Circles that overlap by more are of one place: of candidates, the best stays, and no candidate at a label or an
        asked place is asked about.
    min_probability : float
        Candidates below it are never asked about.
    beta : float
        T_opt maximises F-beta: 1 for F1, 2 for F2.
    strategy_options : mapping, optional
        Further arguments of the strategy.
    seed : int
        Of everything that is drawn by lot. The same seed gives the same log, byte for byte.
    folder : path, optional
        Where to write `log.jsonl`, one line a question, written before the next batch is asked, and on the disk before
        the next picker is trained. A run that was cut off goes on from there, to the same log that it would have
        written undisturbed: pickers of rounds that are complete are not trained again, unless each learns from the
        last.
    callback : callable, optional
        Called in each round as `callback(round, picker, pool, query, labelled)` once its picker is trained; the query
        is None where nothing will be asked, and else what is asked first. The numbers that it returns by name are
        written to the log, and found in the history. Not called for rounds that the log holds already.

    Returns
    -------
    History

    Raises
    ------
    ValueError, TypeError
        If an argument does not fit, before anything is written; or what picker, oracle or strategy raise.
    FormatError
        If the log is damaged.
    CheckpointError
        If the log is of another run or version, another process writes to it, or what is done again comes out
        differently.

    Notes
    -----
    - A pool smaller than the query: all of it is asked.
    - A pool that is empty ends the run, after a round without questions; the history says so.
    - A round that confirms nothing: the next one asks about other candidates, with the rejections as negatives or with
      the same labels again. Where a question was off centre, one that is shifted may be asked about, but never the same
      again (an IoU above 0.9).
    """
    options = dict(strategy_options or {})
    name, ask, needs = resolve(strategy, options)
    settings = Settings(
        name, ask, needs, initial, n, rounds, budget, max_questions, rejections, warm_start, iou, min_probability, beta,
        seed, validation, options,
    )  # fmt: skip
    loop = _Loop(tuple(micrographs), oracle, picker, cold_start, settings, callback)
    header: Record = {"kind": "run", "layout": LAYOUT, "version": version}
    header |= {"settings": settings.describe(loop.micrographs, oracle, picker, cold_start)}
    first = loop.initial()
    with open_log(folder, header) as log:
        loop.go(log, first)
        return history_of(log.records)


class _Loop:
    """A run at work: everything it knows beside the log is in its state, which is built from the log."""

    def __init__(
        self,
        micrographs: tuple[Micrograph, ...],
        oracle: Oracle,
        picker: Picker,
        cold_start: Picker | None,
        settings: Settings,
        callback: Measure | None,
    ) -> None:
        self.micrographs, self.oracle, self.picker, self.cold_start = micrographs, oracle, picker, cold_start
        self.settings, self.callback = settings, callback
        self.names = tuple(micrograph.name for micrograph in micrographs)
        self.shapes = tuple(micrograph.shape for micrograph in micrographs)
        self.state = State(self.names)
        self._taught = False
        Labelled(micrographs, self.state.particles.circles())  # refuses none, or two of one name
        if oracle.n_micrographs != len(micrographs):
            raise ValueError(f"oracle: knows {oracle.n_micrographs} micrographs, expected {len(micrographs)}")
        if settings.warm_start and not isinstance(picker, WarmPicker):
            raise TypeError(f"warm_start: {type(picker).__name__} learns from scratch only")
        if settings.validation is not None:
            names = {micrograph.name for micrograph in settings.validation.micrographs}
            if both := sorted(names & set(self.names)):
                raise ValueError(f"validation: {both[0]} is one of the micrographs that are learned from")

    def initial(self) -> list[Record]:
        """Labels to begin with, as lines of the log."""
        given = self.settings.initial
        if isinstance(given, Circles):
            Labelled(self.micrographs, given)  # refuses labels outside, or of other micrographs
            circles, centres, particle = given, given.centres, self.oracle.answer(given).particle
        else:
            circles, particle = self.oracle.examples(given, self.settings.seed_of("initial"))
            centres = self._inside(circles.centres, circles.micrograph)
        columns = (circles.micrograph, centres, circles.radii, particle)
        rows = zip(*(column.tolist() for column in columns), strict=True)
        return [
            {"kind": "initial", "micrograph": self.names[m], "x": x, "y": y, "radius": radius, "particle": number}
            for m, (x, y), radius, number in rows
        ]

    def go(self, log: Log, initial: list[Record]) -> None:
        """All rounds; those that the log holds are read from it."""
        self._say(log, initial)
        if log.has("end"):
            self._say(log, log.records[log.at :])
            return
        for index in range(self.settings.rounds):
            complete = log.has("round", index + 1)
            if not complete or self.settings.warm_start:
                self._train(index)
            if complete:
                self._say(log, log.rest_of_round())
            elif not self._round(log, index):
                self._say(log, [{"kind": "end", "reason": "pool"}])
                return
        self._say(log, [{"kind": "end", "reason": "rounds"}])

    def _say(self, log: Log, records: list[Record]) -> None:
        log.say(records)
        for record in records:
            self.state.apply(record)

    def _labelled(self) -> Labelled:
        particles = self.state.particles
        if self.settings.rejections == "drop":  # confirmed ones alone are no answers that scores can be learned from
            return Labelled(self.micrographs, particles.circles())
        rejected = self.state.rejected.circles()
        return Labelled(self.micrographs, particles.circles(), rejected, asked=particles.asked())

    def _train(self, index: int) -> None:
        if self._cold:
            return
        warm = self.settings.warm_start and self._taught
        with _warm(self.picker, warm):
            self.picker.fit(self._labelled(), self.settings.seed_of("fit", index))
        self._taught = True

    @property
    def _cold(self) -> bool:
        return self.cold_start is not None and len(self.state.particles) == 0

    def _round(self, log: Log, index: int) -> bool:
        """One round with its trained picker; False if there is nothing left to ask though there should be."""
        settings, labelled = self.settings, self._labelled()
        picker = self.cold_start if self._cold and self.cold_start is not None else self.picker
        detections = picker.predict(self.micrographs)
        if detections.micrographs != self.names:
            raise ValueError(f"picker: proposed on {detections.micrographs[:3]}..., expected {self.names[:3]}...")
        fresh = detections[~self._was_off_centre(detections.circles)]
        pool = Pool.from_detections(
            fresh, labelled=labelled.particles, rejected=self.state.closed.circles(), iou=settings.iou,
            min_probability=settings.min_probability, opened=self.state.opened, shapes=self.shapes,
        )  # fmt: skip
        asks = index + 1 < settings.rounds and len(pool) > 0
        ask = self._asker(index, picker) if asks else None
        query = ask(pool, min(settings.n, len(pool))) if ask else None
        state, written = self.state, log.peek()
        record = {"kind": "round", "round": index, "labels": len(state.particles), "rejected": len(state.rejected)}
        record |= {"questions": state.n_questions, "opened": int(state.opened.sum()), "pool": len(pool)}
        record["t"] = None if query is None else _number(query.t)
        if written is not None and written["kind"] == "round":
            record["measures"] = written["measures"]
        else:
            told = self.callback(index, picker, pool, query, labelled) if self.callback else None
            record["measures"] = plain(told or {})
        self._say(log, [record])
        if query is not None and ask is not None:
            self._ask(log, index, pool, query, ask)
        log.sync()
        return asks or index + 1 == settings.rounds

    def _was_off_centre(self, circles: Circles) -> Any:
        """(N,) bool: candidates that were asked about and off centre. One that is shifted is another question."""
        same = np.zeros(len(circles), bool)
        near, _, _ = near_pairs(
            circles.astype(float), self.state.off_centre.circles().astype(float), iou=SAME_CANDIDATE
        )
        same[near] = True
        return same

    def _asker(self, index: int, picker: Picker) -> Callable[[Pool, int], Query]:
        """The strategy with all that it needs, but for the pool and the number of questions."""
        settings, options = self.settings, dict(self.settings.strategy_options)
        seed = settings.seed_of("query", index)
        if settings.uses_validation:
            assert settings.validation is not None
            found, truth = picker.predict(settings.validation.micrographs), settings.validation.particles
            samples = 1000 if options.get("bootstrap") else 0  # for a strategy that asks how far T_opt is known
            options["threshold"] = optimal_threshold(
                found, truth, beta=settings.beta, n_bootstrap=samples, seed=settings.seed_of("threshold", index)
            )
        return partial(settings.ask, seed=seed, **options)

    def _ask(self, log: Log, index: int, pool: Pool, query: Query, ask: Callable[[Pool, int], Query]) -> None:
        """Questions and answers of one round, batch by batch, until the budget is spent or the pool is."""
        settings, asked, gained = self.settings, 0, 0
        passed = np.zeros(len(pool), bool)
        while True:
            waiting = query.chosen[~passed[query.chosen]]
            while len(waiting):
                left = settings.n - (gained if settings.budget == "labels" else asked)
                if settings.max_questions is not None:
                    left = min(left, settings.max_questions - asked)
                if left <= 0:
                    return
                rows, waiting = waiting[:left], waiting[left:]
                passed[rows] = True
                records = self._answered(index, pool, query, rows)
                self._say(log, records)
                asked += len(rows)
                gained += sum(record["label"] is not None for record in records)
            # Further down the ranking; micrographs that were opened for it cost nothing more.
            if (pool.opened != self.state.opened).any():
                pool = Pool(pool.detections, self.state.opened, pool.known, pool.shapes)
            query = ask(pool, min(2 * int(passed.sum()), len(pool)))
            if passed[query.chosen].all():
                return

    def _answered(self, index: int, pool: Pool, query: Query, rows: Indices) -> list[Record]:
        """Lines of the log for one batch of questions, in the order they are asked."""
        questions = pool.circles[rows]
        answers = self.oracle.answer(questions, self.state.labelled_particles)
        # Circles come micrograph after micrograph: where among them each question is that is asked.
        at = np.argsort(np.argsort(pool.circles.micrograph[rows], kind="stable"))
        positions = self._inside(answers.position, questions.micrograph)
        micrograph, confirmed = questions.micrograph[at], answers.confirmed[at]
        places = np.column_stack([positions, answers.radius])[at].tolist()
        opened, n_opened = self.state.opened.copy(), []
        for m in micrograph:
            opened[m] = True
            n_opened.append(int(opened.sum()))
        head = {"kind": "question", "round": index, "strategy": query.strategy, "t": _number(query.t)}
        columns = {
            "micrograph": [self.names[m] for m in micrograph],
            "x": questions.centres[at, 0].tolist(),
            "y": questions.centres[at, 1].tolist(),
            "radius": questions.radii[at].tolist(),
            "probability": pool.probability[rows].tolist(),
            "uncertainty": [_number(value) for value in query.uncertainty[rows].tolist()],
            "answer": [WORDS[answer] for answer in answers.answer[at].tolist()],
            "label": [place if gained else None for place, gained in zip(places, confirmed, strict=True)],
            "particle": answers.particle[at].tolist(),
            "questions": (self.state.n_questions + np.arange(1, len(rows) + 1)).tolist(),
            "labels": (len(self.state.particles) + np.cumsum(confirmed)).tolist(),
            "opened": n_opened,
        }
        return [head | dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _inside(self, centres: Any, micrograph: Indices) -> Any:
        """Positions moved onto their micrographs: a hand that trembles at the edge does not click beside it."""
        sides = np.array([shape[::-1] for shape in self.shapes])[micrograph]
        return np.clip(centres, 0, sides - 1)


@contextmanager
def _warm(picker: Picker, warm: bool) -> Iterator[None]:
    """The run says whether a picker learns on or from scratch, whatever the picker was made with."""
    if not isinstance(picker, WarmPicker):
        yield
        return
    made, picker.warm_start = picker.warm_start, warm
    try:
        yield
    finally:
        picker.warm_start = made


def _number(value: float | None) -> float | None:
    """As JSON has it."""
    return None if value is None or not np.isfinite(value) else float(value)
