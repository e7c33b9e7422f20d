"""What a study found: curves over rounds, paired differences to the baseline, distinctness, and a sentence each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motes.cached import cached_property
from motes.picking import distinctness
from motes.study.areas import common_range, mean_over
from motes.study.cellresult import SECONDS, CellResult
from motes.study.config import Statistics
from motes.study.field import longest
from motes.study.mapped import Mapped
from motes.study.maps import MapFigures, MapSettings
from motes.study.metrics import METRICS, Values, contributions
from motes.study.plan import Plan
from motes.study.statistics import Comparison, FloatArray, caution, compare

AXES = {
    "labels": "label",
    "labels_paid": "label, those of the validation micrographs included",
    "questions": "question",
    "opened": "micrograph opened, those for validation included",
}
NONE = Comparison(np.nan, np.nan, np.nan, np.nan)


class Run:
    """One run with its figures.

    Attributes
    ----------
    result : CellResult
        What was kept of it.
    values : dict of str to (R, M) float64 array
        Each metric: what each test micrograph contributes in each round; the mean over micrographs is the metric.
    """

    def __init__(self, result: CellResult) -> None:
        self.result = result
        each = [contributions(round_, result.n_truth) for round_ in result.rounds]
        self.values: Values = {name: np.stack([values[name] for values in each]) for name in METRICS}

    def cost(self, axis: str) -> FloatArray:
        """(R,): what had been paid when each model was trained."""
        paid = [each.costs for each in self.result.rounds]
        amounts = {
            "labels": [each.labels for each in paid],
            "labels_paid": [each.labels + each.validation_labels for each in paid],
            "questions": [each.questions for each in paid],
            "opened": [each.opened + each.validation_opened for each in paid],
        }
        return np.array(amounts[axis], np.float64)

    def mean(self, metric: str) -> FloatArray:
        """(R,): the metric on all of its test micrographs."""
        mean: FloatArray = self.values[metric].mean(axis=1)
        return mean


@dataclass(frozen=True, eq=False)
class Setting:
    """One setting of a study.

    Attributes
    ----------
    name : str
        Of the setting.
    strategies : tuple of str
        Labels; the baseline is one of them.
    baseline : str
        What the others are compared with.
    statistics : Statistics
        How.
    runs : dict of str to list of Run
        By strategy; of all seeds and parts that every strategy has run, in one order.
    resolution : (MapSettings, float) or None
        How maps were made, and the longest period that they show, angstrom; None: there are none.
    """

    name: str
    strategies: tuple[str, ...]
    baseline: str
    statistics: Statistics
    runs: dict[str, list[Run]]
    resolution: tuple[MapSettings, float] | None = None

    @property
    def others(self) -> tuple[str, ...]:
        """All but the baseline."""
        return tuple(strategy for strategy in self.strategies if strategy != self.baseline)

    @property
    def seeds(self) -> tuple[int, ...]:
        """In the order of the runs."""
        return tuple(dict.fromkeys(run.result.cell.seed for run in self.runs[self.baseline]))

    @property
    def caution(self) -> str:
        """What to keep in mind where seeds are few; empty where they are not."""
        return caution(len(self.seeds))

    @property
    def n_rounds(self) -> int:
        """Rounds that every run has made."""
        return min(len(run.result.rounds) for runs in self.runs.values() for run in runs)

    def curve(self, strategy: str, what: str) -> FloatArray:
        """(R,): mean over runs of a metric, or of a cost, in each round that all have made."""
        rows = [(run.cost(what) if what in AXES else run.mean(what))[: self.n_rounds] for run in self.runs[strategy]]
        return _mean(np.stack(rows))

    def t_opt(self, strategy: str) -> FloatArray:
        """(R,): mean T_opt of the validation micrographs."""
        rows = [[each.t_opt for each in run.result.rounds[: self.n_rounds]] for run in self.runs[strategy]]
        return _mean(np.array(rows, np.float64))

    def seconds(self, strategy: str) -> dict[str, float]:
        """Of a round, on average."""
        every = [each.seconds for run in self.runs[strategy] for each in run.result.rounds]
        return {name: float(np.mean([getattr(each, name) for each in every])) for name in SECONDS}

    def confirmed(self, strategy: str) -> float:
        """Labels gained per question; NaN without questions."""
        gained = questions = 0
        for run in self.runs[strategy]:
            first, last = run.result.rounds[0].costs, run.result.rounds[-1].costs
            gained += last.labels - first.labels
            questions += last.questions
        return gained / questions if questions else float("nan")

    def over(self, axis: str, metric: str | None = None) -> dict[str, Comparison]:
        """Difference of each strategy's area under its cost curve to the baseline's, per unit of cost.

        Each run is compared with the baseline's of the same seed and part, over the costs that both cover. Where some
        seed has no such range, there is no comparison.
        """
        name = metric or self.statistics.metric
        tables = {strategy: self._differences(strategy, axis, name) for strategy in self.others}
        whole = [strategy for strategy, table in tables.items() if table is not None]
        found = self._compared([tables[strategy] for strategy in whole])
        return dict.fromkeys(self.others, NONE) | dict(zip(whole, found, strict=True))

    def by_round(self, metric: str | None = None) -> dict[str, list[Comparison]]:
        """Difference of the metric to the baseline's in each round, each round's intervals for itself."""
        name = metric or self.statistics.metric
        rounds = []
        for r in range(self.n_rounds):
            tables = [
                self._table(
                    [
                        one.values[name][r] - base.values[name][r]
                        for one, base in zip(self.runs[strategy], self.runs[self.baseline], strict=True)
                    ]
                )
                for strategy in self.others
            ]
            rounds.append(self._compared(tables))
        return {strategy: [found[k] for found in rounds] for k, strategy in enumerate(self.others)}

    @cached_property
    def primary(self) -> dict[str, Comparison]:
        """What the sentences say: over the labels gained."""
        return self.over("labels")

    @cached_property
    def by_question(self) -> dict[str, Comparison]:
        """The same over questions asked: a label may take one question or many."""
        return self.over("questions")

    @cached_property
    def by_labels_paid(self) -> dict[str, Comparison]:
        """The same over all labels, those of the validation micrographs charged to who uses them."""
        return self.over("labels_paid")

    def range_of(self, strategy: str, axis: str) -> tuple[float, float]:
        """Lowest and highest cost over which a strategy is compared, means over runs; NaN where some run has none."""
        low, high = np.mean([covered or (np.nan, np.nan) for covered in self._ranges(strategy, axis)], axis=0)
        return float(low), float(high)

    def validation_labels(self, strategy: str) -> float:
        """Labels on validation micrographs that a run of it used, on average."""
        return float(np.mean([run.result.rounds[-1].costs.validation_labels for run in self.runs[strategy]]))

    def sentence(self, strategy: str) -> str:
        """One plain sentence: better, worse, or not distinguishable from the baseline, by each cost that it has."""
        found = self.primary[strategy]
        metric = self.statistics.metric.replace("_", " ")
        if np.isnan(found.difference):
            return (
                f"{strategy}: nothing can be said of its {metric} over labels: in some run it has no range of them in "
                f"common with {self.baseline}."
            )
        low, high = self.range_of(strategy, "labels")
        what = f"{metric} over {low:.0f} to {high:.0f} labels"
        if np.isnan(found.low):
            return f"{strategy}: nothing can be said of its {what}: one seed or one micrograph has no interval."
        than = "from" if found.verdict == "not distinguishable" else "than"
        spent = f"; by questions asked {_by(self.by_question[strategy])}"
        validation = self.validation_labels(strategy)
        if validation > 0:
            spent += (
                f"; it also used {validation:,.0f} validation labels: with these charged "
                f"{_by(self.by_labels_paid[strategy])}"
            )
        return f"{strategy} is {found.verdict} {than} {self.baseline} in {what}: {told(found)}{spent}."

    @cached_property
    def mapped(self) -> list[Mapped]:
        """Maps of the picks, for each round after which they were made; none where the study makes none."""
        if self.resolution is None:
            return []
        settings, longest = self.resolution
        found = []
        for r in settings.made_after(self.n_rounds):
            maps = {
                strategy: [[_made(run, r) for run in runs if run.result.cell.seed == seed] for seed in self.seeds]
                for strategy, runs in self.runs.items()
            }
            found.append(Mapped(r, self.baseline, maps, longest, settings.threshold, self.statistics.confidence))
        return found

    def distinctness(self) -> tuple[FloatArray, FloatArray]:
        """(S, S) labels of the row's strategy that are not the column's, at the end; and those by chance; means."""
        counts, chances = [], []
        for every in zip(*(self.runs[strategy] for strategy in self.strategies), strict=True):
            found = distinctness(
                [run.result.labelled for run in every],
                pool=every[0].result.n_particles,
                common=every[0].result.initial,
            )
            counts.append(found.count)
            chances.append(found.chance)
        return np.mean(counts, axis=0), np.mean(chances, axis=0)

    def _compared(self, tables: Sequence[FloatArray | None]) -> list[Comparison]:
        whole = [table for table in tables if table is not None]
        if not whole:
            return []
        options = self.statistics
        return compare(
            np.stack(whole), confidence=options.confidence, n_bootstrap=options.n_bootstrap, seed=options.seed
        )

    def _differences(self, strategy: str, axis: str, metric: str) -> FloatArray | None:
        rows = []
        pairs = zip(self.runs[strategy], self.runs[self.baseline], strict=True)
        for pair, covered in zip(pairs, self._ranges(strategy, axis), strict=True):
            if covered is None:
                return None
            mine, theirs = (mean_over(run.cost(axis), run.values[metric], *covered) for run in pair)
            rows.append(mine - theirs)
        return self._table(rows)

    def _ranges(self, strategy: str, axis: str) -> list[tuple[float, float] | None]:
        """Costs that each run and the baseline's of the same seed and part both cover."""
        pairs = zip(self.runs[strategy], self.runs[self.baseline], strict=True)
        return [common_range(one.cost(axis), base.cost(axis)) for one, base in pairs]

    def _table(self, rows: Sequence[FloatArray]) -> FloatArray:
        """(seeds, micrographs): rows of contributions where they belong; NaN for what was not run."""
        runs = self.runs[self.baseline]
        seeds = sorted(self.seeds)
        table = np.full((len(seeds), 1 + max(max(run.result.test) for run in runs)), np.nan)
        for run, row in zip(runs, rows, strict=True):
            table[seeds.index(run.result.cell.seed), list(run.result.test)] = row
        return table


def summarise(plan: Plan, results: Iterable[CellResult]) -> list[Setting]:
    """Put finished runs together.

    Parameters
    ----------
    plan : Plan
        Of the study.
    results : iterable of CellResult
        Finished runs; seeds and parts that some strategy has not run are left out.

    Returns
    -------
    list of Setting
        Those of which every strategy has at least one run.
    """
    runs = {result.cell: Run(result) for result in results}
    strategies = tuple(strategy.label for strategy in plan.config.strategies)
    chosen = plan.config.resolution
    maps = None if chosen is None else (chosen, longest(plan.config.data, chosen))
    settings = []
    for name in plan.config.settings:
        turns = dict.fromkeys((cell.seed, cell.fold) for cell in plan.cells if cell.setting == name)
        found: dict[tuple[int, int], Mapping[str, Run]] = {}
        for turn in turns:
            of_turn = {
                cell.strategy: run
                for cell, run in runs.items()
                if cell.setting == name and (cell.seed, cell.fold) == turn
            }
            if of_turn.keys() >= set(strategies):
                found[turn] = of_turn
        if found:
            by_strategy = {strategy: [of_turn[strategy] for of_turn in found.values()] for strategy in strategies}
            config = plan.config
            settings.append(Setting(name, strategies, config.baseline, config.statistics, by_strategy, maps))
    return settings


def _made(run: Run, r: int) -> MapFigures:
    made = run.result.rounds[r].map
    assert made is not None  # a run with other maps has another fingerprint
    return made


def told(found: Comparison, *, digits: int = 4) -> str:
    """A difference with its interval.

    Examples
    --------
    >>> told(Comparison(0.0123, -0.001, 0.02, 0.004))
    '+0.0123 (-0.0010 to +0.0200)'
    """
    if np.isnan(found.difference):
        return "no common range"
    if np.isnan(found.low):
        return f"{found.difference:+.{digits}f}"
    return f"{found.difference:+.{digits}f} ({found.low:+.{digits}f} to {found.high:+.{digits}f})"


def _by(found: Comparison) -> str:
    """A verdict by another cost, as a part of a sentence."""
    if np.isnan(found.difference):
        return "no costs are common to both"
    return f"it is {found.verdict}: {told(found)}"


def _mean(rows: FloatArray) -> FloatArray:
    """Over runs, of those that have a number."""
    there = np.isfinite(rows)
    sums = np.where(there, rows, 0.0).sum(axis=0)
    mean: FloatArray = np.divide(sums, there.sum(axis=0), out=np.full(rows.shape[1], np.nan), where=there.any(axis=0))
    return mean
