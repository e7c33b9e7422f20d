"""One run: a strategy asks, round by round, and each round's model is measured on micrographs that nobody saw."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes import active
from motes.active import GroundTruth, History, NoisyOracle, Oracle, Pool, Query
from motes.active.pool import SAME_PLACE
from motes.active.settings import resolve
from motes.circles import Circles
from motes.kernels.matching import Matches
from motes.micrograph import Micrograph
from motes.pickers import Committee, Detections, FeatureCache, Labelled, Picker, WarmPicker
from motes.picking import best_threshold, match, suppress
from motes.study.cellresult import Cell, CellResult, Costs, Found, Round, Seconds
from motes.study.data import DataSet
from motes.study.field import Field
from motes.study.labels import Labels
from motes.study.maps import MapFigures
from motes.study.plan import Plan

PickerOf: TypeAlias = Callable[..., Picker]
HIT = 0.5  # IoU above which a pick has found a particle
SEED = 0x57D1


def run_cell(
    plan: Plan, cell: Cell, picker_of: PickerOf, cache: str | os.PathLike[str], field: Field | None = None
) -> CellResult:
    """Make one run.

    Parameters
    ----------
    plan : Plan
        Of which it is one.
    cell : Cell
        Which.
    picker_of : callable
        Gives a picker by name, diameter, options and a `FeatureCache`.
    cache : path
        Folder of features, shared by all processes.
    field : Field, optional
        Micrographs for maps, where the study makes some.

    Returns
    -------
    CellResult
    """
    fold, labels, strategy, data = plan.fold(cell), plan.labels(cell), plan.strategy(cell), plan.data
    truth, numbers = data.particles(fold.train)
    initial, per_round = plan.amounts(cell)
    choice = plan.config.picker
    features = FeatureCache(memory=0, folder=cache)  # mapped from the folder that all processes share

    def new() -> Picker:
        return picker_of(choice.name, data.diameter, choice.options, cache=features)

    clock = Clock()
    plain = timed(new(), clock)
    _, _, needs = resolve(strategy.name, strategy.options)
    asking = timed(Committee(new(), choice.members), clock) if "members" in needs else plain
    maps = None if field is None else _Maps(field, labels.rounds, cell.seed)
    watch = _Watch(plain, asking, clock, _Part(data, fold.validation), _Part(data, fold.test), maps, labels.beta)
    history = active.run(
        data.micrographs(fold.train),
        _oracle(truth, labels, cell.seed),
        asking,
        strategy.name,
        initial=initial,
        n=per_round,
        rounds=labels.rounds,
        budget=labels.budget,
        max_questions=labels.max_questions,
        rejections=labels.rejections,
        warm_start=labels.warm_start,
        validation=Labelled(watch.validation.micrographs, watch.validation.truth),
        iou=SAME_PLACE,
        min_probability=labels.min_probability,
        beta=labels.beta,
        strategy_options=strategy.options,
        seed=int(np.random.SeedSequence([SEED, cell.seed, cell.fold]).generate_state(1)[0]),
        callback=watch,
    )
    rounds = tuple(
        Round(
            Costs(each.labels, each.questions, each.opened, history.charged["labels"], history.charged["opened"]),
            measured.found.t_opt,
            each.t,
            measured.seconds,
            measured.found.probability,
            measured.found.micrograph,
            measured.found.particle,
            measured.found.iou,
            measured.map,
        )
        for each, measured in zip(history.rounds, watch.measured, strict=True)
    )
    return CellResult(
        cell,
        fold.test,
        tuple(np.diff(watch.test.truth.indptr).tolist()),
        len(truth),
        _gained(history, numbers),
        rounds,
    )


def _gained(history: History, numbers: npt.NDArray[np.int64]) -> tuple[tuple[int, ...], ...]:
    """Particles that each round's model was the first to learn from."""
    known: set[int] = set()
    gained = []
    for each in history.rounds:
        asked = (question for question in history.questions if question["round"] == each.index - 1)
        told = {record["particle"] for record in (history.initial if each.index == 0 else asked)}
        new = {number for number in told - known if number >= 0}
        known |= new
        gained.append(tuple(sorted(numbers[sorted(new)].tolist())))
    return tuple(gained)


def _oracle(truth: Circles, labels: Labels, seed: int) -> Oracle:
    if labels.misses == labels.jitter == labels.wrong == 0:
        return GroundTruth(truth, iou=labels.iou, rule=labels.rule)
    errors = {"misses": labels.misses, "jitter": labels.jitter, "wrong": labels.wrong}
    return NoisyOracle(truth, iou=labels.iou, rule=labels.rule, seed=seed, **errors)


class _Part:
    """Micrographs with their particles."""

    def __init__(self, data: DataSet, rows: Sequence[int]) -> None:
        self.micrographs = data.micrographs(rows)
        self.truth = data.particles(rows)[0]

    def matches(self, picker: Picker) -> Matches:
        """What a picker finds on them, suppressed and matched."""
        found = picker.predict(self.micrographs).circles
        found = found[suppress(found, iou=SAME_PLACE)]
        return match(found, self.truth.astype(found.centres.dtype), iou=HIT)


@dataclass
class Clock:
    """Seconds within pickers, since it was last read."""

    spent: dict[str, float] = field(default_factory=lambda: dict.fromkeys(("train", "predict"), 0.0))

    @contextmanager
    def counting(self, what: str) -> Any:
        """Count what is done within it."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.spent[what] += time.perf_counter() - began

    def read(self) -> dict[str, float]:
        """What was counted; counting begins anew."""
        spent, self.spent = self.spent, dict.fromkeys(self.spent, 0.0)
        return spent


class TimedPicker:
    """A picker that counts its time, and knows what it was last taught."""

    def __init__(self, picker: Picker, clock: Clock) -> None:
        self.picker, self.clock, self.diameter = picker, clock, picker.diameter
        self.taught: tuple[Labelled, int] | None = None

    def fit(self, labelled: Labelled, seed: int = 0) -> TimedPicker:
        """As the picker does."""
        with self.clock.counting("train"):
            self.picker.fit(labelled, seed)
        self.taught = labelled, seed
        return self

    def predict(self, micrographs: Sequence[Micrograph]) -> Detections:
        """As the picker does."""
        with self.clock.counting("predict"):
            return self.picker.predict(micrographs)

    def save(self, path: str | os.PathLike[str]) -> None:
        """As the picker does."""
        self.picker.save(path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> TimedPicker:
        """Not of this class: a picker is loaded by its own."""
        raise TypeError("TimedPicker: load the picker by its own class")


class WarmTimedPicker(TimedPicker):
    """One of a picker that can learn on."""

    picker: WarmPicker

    @property
    def warm_start(self) -> bool:
        """As the picker's."""
        return self.picker.warm_start

    @warm_start.setter
    def warm_start(self, warm: bool) -> None:
        self.picker.warm_start = warm


def timed(picker: Picker, clock: Clock) -> TimedPicker:
    """A picker whose time is counted; it can learn on if the picker can."""
    return (WarmTimedPicker if isinstance(picker, WarmPicker) else TimedPicker)(picker, clock)


@dataclass(frozen=True)
class _Measured:
    found: Found
    seconds: Seconds
    map: MapFigures | None


class _Maps(_Part):
    """Micrographs for maps, and after which rounds."""

    def __init__(self, field: Field, n_rounds: int, seed: int) -> None:
        super().__init__(field.data, field.rows)
        self.field, self.seed = field, seed
        self.rounds = field.settings.made_after(n_rounds)

    def of(self, picker: Picker, t_opt: float) -> MapFigures:
        """What the picker's picks make of a map."""
        return self.field.measure(t_opt, self.matches(picker), self.seed)


class _Watch:
    """Called in each round: measures the model on validation and test micrographs."""

    def __init__(
        self,
        plain: TimedPicker,
        asking: TimedPicker,
        clock: Clock,
        validation: _Part,
        test: _Part,
        maps: _Maps | None,
        beta: float,
    ) -> None:
        self.plain, self.asking, self.clock = plain, asking, clock
        self.validation, self.test, self.maps, self.beta = validation, test, maps, beta
        self.measured: list[_Measured] = []
        self._since = time.perf_counter()

    def __call__(
        self, round_: int, picker: Picker, pool: Pool, query: Query | None, labelled: Labelled
    ) -> Mapping[str, Any]:
        """Measure; what is asked next does not depend on it."""
        spent, began = self.clock.read(), time.perf_counter()
        if self.asking is not self.plain:  # who asks may be a committee: what is measured is the same picker for all
            assert self.asking.taught is not None
            self.plain.fit(*self.asking.taught)
        validation = self.validation.matches(self.plain)
        t_opt = np.nan
        if len(validation.picks):
            t_opt = best_threshold(validation, beta=self.beta, n_bootstrap=0).threshold.value
        found = self.test.matches(self.plain)
        ended = time.perf_counter()
        own = began - self._since - sum(spent.values())
        seconds = Seconds(spent["train"], spent["predict"], ended - began, max(own, 0.0))
        made = self.maps.of(self.plain, float(t_opt)) if self.maps is not None and round_ in self.maps.rounds else None
        self.measured.append(_Measured(Found.from_matches(float(t_opt), found), seconds, made))
        self.clock.read()
        self._since = time.perf_counter()
        return {}
