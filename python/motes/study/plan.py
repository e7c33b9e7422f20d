"""All runs of a study, checked before the first begins."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from motes.cached import cached_property
from motes.study.cellresult import Cell
from motes.study.config import StrategyChoice, StudyConfig
from motes.study.data import DataSet
from motes.study.field import check_field
from motes.study.folds import Fold, folds_of
from motes.study.labels import Labels
from motes.study.pickers import code_versions


@dataclass(frozen=True, eq=False)
class Plan:
    """What is run: every strategy in every setting, with every seed, on every part that the seed tests.

    Strategies of one setting, seed and part share micrographs, initial labels and random numbers: they are paired.

    Parameters
    ----------
    config : StudyConfig
        What is compared.
    data : DataSet
        On what.

    Raises
    ------
    ValueError
        If there are fewer particles than labels asked for, or none to validate or to test on.
    """

    config: StudyConfig
    data: DataSet

    def __post_init__(self) -> None:
        if self.config.resolution is not None:
            check_field(self.config.data, self.config.resolution)
        for cell in self.cells:
            if cell.strategy == self.config.baseline:
                self._check(cell)

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """In the order of the seeds, so that what was run first is complete."""
        return tuple(
            Cell(setting, strategy.label, seed, part)
            for seed in self.config.seeds
            for setting, labels in self.config.settings.items()
            for part in self._turns[labels.validation, seed]
            for strategy in self.config.strategies
        )

    @cached_property
    def _turns(self) -> dict[tuple[int, int], dict[int, Fold]]:
        sizes = {labels.validation for labels in self.config.settings.values()}
        m = len(self.data.paths)
        return {
            (size, seed): folds_of(seed, m, size, self.config.folds) for size in sizes for seed in self.config.seeds
        }

    def labels(self, cell: Cell) -> Labels:
        """Its setting."""
        return self.config.settings[cell.setting]

    def fold(self, cell: Cell) -> Fold:
        """Its micrographs."""
        return self._turns[self.labels(cell).validation, cell.seed][cell.fold]

    def strategy(self, cell: Cell) -> StrategyChoice:
        """Who asks."""
        return next(strategy for strategy in self.config.strategies if strategy.label == cell.strategy)

    def amounts(self, cell: Cell) -> tuple[int, int]:
        """Initial labels, and what a round gains."""
        return self.labels(cell).amounts(len(self.data.particles(self.fold(cell).train)[1]))

    def fingerprint(self, cell: Cell) -> str:
        """All that a run depends on but its seed and part: data, versions, picker, parts, setting, strategy, maps."""
        from motes import __version__

        strategy = self.strategy(cell)
        told = {
            "version": __version__,
            "code": code_versions(),
            "data": self._data,
            "picker": asdict(self.config.picker),
            "folds": {"n": self.config.folds.n, "fixed": self.config.folds.fixed},
            "labels": asdict(self.labels(cell)),
            "strategy": {"name": strategy.name, "options": strategy.options},
        }
        if self.config.resolution is not None:
            told["resolution"] = asdict(self.config.resolution)
        return sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:16]

    @cached_property
    def _data(self) -> str:
        return self.data.fingerprint()

    def state(self) -> dict[str, Any]:
        """What a folder says of the study in it, as JSON has it."""
        from motes import __version__

        config = asdict(self.config)
        config["settings"] = {name: asdict(labels) for name, labels in self.config.settings.items()}
        stated = {"version": __version__, "code": code_versions(), "data": self._data, "config": config}
        told: dict[str, Any] = json.loads(json.dumps(stated))
        return told

    def _check(self, cell: Cell) -> None:
        """What can be known to fail fails before the work."""
        fold, labels = self.fold(cell), self.labels(cell)
        for part, rows in (("to validate on", fold.validation), ("to test on", fold.test)):
            if not len(self.data.particles(rows)[1]):
                names = ", ".join(self.data.names[m] for m in rows)
                raise ValueError(f"seed {cell.seed}, part {cell.fold}: no particle {part}, on {names}")
        n = len(self.data.particles(fold.train)[1])
        initial, per_round = self.amounts(cell)
        final = initial + (labels.rounds - 1) * per_round if labels.budget == "labels" else initial
        if final > n:
            raise ValueError(
                f"labels: {final:,} are asked for, {initial:,} to begin with and {labels.rounds - 1} x {per_round:,}, "
                f"but seed {cell.seed}, part {cell.fold} learns from {n:,} particles"
            )
