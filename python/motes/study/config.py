"""What a study compares, and on what: the configuration, from TOML or from Python."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

from motes.errors import did_you_mean
from motes.study.labels import Labels, settings_of
from motes.study.maps import MapSettings
from motes.study.schema import check, section, value_of
from motes.study.sources import Data, data_of
from motes.study.strategies import asks_members, asks_samples, check_strategy

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

KEYS = (
    *("name", "description", "baseline", "strategies", "seeds"),
    *("data", "labels", "axes", "picker", "folds", "statistics", "resolution"),
)
Metric: TypeAlias = Literal["average_precision", "auc_grid", "best_f1", "f1"]


@dataclass(frozen=True)
class PickerChoice:
    """A picker by its name, its options, and how many of it make a committee, for strategies that ask one."""

    name: str = "filterbank"
    options: dict[str, Any] = field(default_factory=dict)
    members: int = 5

    def __post_init__(self) -> None:
        check("picker.members", self.members, at_least=2)


@dataclass(frozen=True)
class StrategyChoice:
    """A strategy by its name, what it is called in tables, and its options."""

    name: str
    label: str = ""
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "label", self.label or self.name)


@dataclass(frozen=True)
class Folds:
    """Parts of the micrographs.

    Each seed shuffles the micrographs into `n` parts; part k tests, micrographs of those after it validate, the rest
    are learned from. Of the n turns a seed makes `run`: seed s begins with part s, so that all take their turn. With
    `fixed` nothing is shuffled: the last part by name tests, always.
    """

    n: int = 5
    run: int = 1
    fixed: bool = False


@dataclass(frozen=True)
class Statistics:
    """Of the comparison: the metric whose area under the cost curve decides, how sure, samples, their seed."""

    metric: Metric = "average_precision"
    confidence: float = 0.95
    n_bootstrap: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        check("statistics.confidence", self.confidence, above=0, below=1)
        check("statistics.n_bootstrap", self.n_bootstrap, at_least=2)


@dataclass(frozen=True)
class StudyConfig:
    """A whole study.

    Attributes
    ----------
    name, description : str
        For the report.
    data : FolderData, CryoPPPData, SimulatedData or SampleData
        Micrographs with their particles.
    strategies : tuple of StrategyChoice
        To be compared with the baseline, which is added where it is missing.
    seeds : tuple of int
        Each with initial labels and parts of its own, the same for every strategy.
    settings : dict of str to Labels
        By the names that tables use: the combinations of the axes.
    picker, folds, statistics : PickerChoice, Folds, Statistics
        What learns, on which micrographs, and how it is told apart.
    baseline : str
        The label of the strategy to compare with.
    resolution : MapSettings or None
        How maps are made from the picks; None: they are not.
    """

    name: str
    data: Data
    strategies: tuple[StrategyChoice, ...]
    seeds: tuple[int, ...]
    settings: dict[str, Labels]
    description: str = ""
    picker: PickerChoice = field(default_factory=PickerChoice)
    folds: Folds = field(default_factory=Folds)
    statistics: Statistics = field(default_factory=Statistics)
    baseline: str = "random"
    resolution: MapSettings | None = None

    def __post_init__(self) -> None:
        names = [strategy.label for strategy in self.strategies]
        for twice in {name for name in names if names.count(name) > 1}:
            raise ValueError(f"strategies: {twice} comes twice; give one of them another label")
        if self.baseline not in names:
            if self.baseline not in known_strategies():
                raise ValueError(
                    f"baseline: {self.baseline!r} is no strategy of this study{did_you_mean(self.baseline, names)}"
                )
            object.__setattr__(self, "strategies", (StrategyChoice(self.baseline), *self.strategies))
        if len(self.strategies) < 2:
            raise ValueError(f"strategies: expected at least one beside {self.baseline}")
        if not self.seeds or len(set(self.seeds)) < len(self.seeds) or min(self.seeds) < 0:
            raise ValueError(f"seeds: expected one or more different numbers, 0 or more, got {list(self.seeds)}")
        if not self.settings:
            raise ValueError("settings: expected at least one")
        if self.folds.n < 2 or not 1 <= self.folds.run <= (1 if self.folds.fixed else self.folds.n):
            most = "1 where they are fixed" if self.folds.fixed else f"{self.folds.n}"
            raise ValueError(
                f"folds: expected n of 2 or more and run of 1 to {most}, got {self.folds.n} and {self.folds.run}"
            )
        known = known_strategies()
        for strategy in self.strategies:
            if strategy.name not in known:
                raise ValueError(f"strategies: {strategy.name!r} is none{did_you_mean(strategy.name, known)}")
            check_strategy(strategy.name, strategy.label, strategy.options)
        from motes.study.pickers import LEARN_ON, PICKERS

        if self.picker.name not in PICKERS:
            raise ValueError(f"picker.name: {self.picker.name!r} is none{did_you_mean(self.picker.name, PICKERS)}")
        if self.resolution is not None:
            for labels in self.settings.values():
                self.resolution.made_after(labels.rounds)
        if self.picker.name == "external":
            if self.resolution is not None:
                raise ValueError("resolution: picks of another program are on no other micrographs, which maps need")
            for strategy in self.strategies:
                if strategy.name == "diverse_appearance" or asks_members(strategy.name, strategy.options):
                    raise ValueError(
                        f"strategies: {strategy.label}: picks of another program have no appearance and no committee"
                    )
        for labels in self.settings.values():
            if labels.warm_start and self.picker.name not in LEARN_ON:
                told = f"{self.picker.name} learns from scratch only (those that do not: {', '.join(LEARN_ON)})"
                raise ValueError(f"labels.warm_start: {told}")
            for strategy in self.strategies:
                if labels.warm_start and asks_members(strategy.name, strategy.options):
                    raise ValueError(f"labels.warm_start: {strategy.label} asks a committee, which learns from scratch")
                if labels.validation < 2 and asks_samples(strategy.options):
                    raise ValueError(
                        f"labels.validation: {strategy.label} with options.bootstrap needs 2 micrographs or more to "
                        f"validate on, got {labels.validation}"
                    )


def known_strategies() -> tuple[str, ...]:
    """Names of all strategies."""
    from motes.active.strategies import STRATEGIES

    return tuple(STRATEGIES)


def read_config(path: str | os.PathLike[str]) -> StudyConfig:
    """Read the configuration of a study from TOML.

    Parameters
    ----------
    path : path
        Paths in it are relative to its own folder.

    Returns
    -------
    StudyConfig

    Raises
    ------
    ValueError
        If it is no TOML, a key is unknown or missing, or a value is not as it should be; the message names file and
        key.
    OSError
        If it can not be read.
    """
    place = Path(path)
    try:
        table = tomllib.loads(place.read_bytes().decode("utf-8"))
        return parse_config(table, folder=place.parent, name=place.stem)
    except (ValueError, RecursionError) as error:  # not UTF-8 and not TOML are the first
        raise ValueError(f"{place}: {error}") from error


def parse_config(table: Mapping[str, Any], *, folder: Path = Path(), name: str = "study") -> StudyConfig:
    """Build the configuration of a study from nested tables, as TOML has them.

    Parameters
    ----------
    table : mapping
        See docs/study.md.
    folder : path
        What relative paths of the data are relative to.
    name : str
        Where the table has none.

    Returns
    -------
    StudyConfig

    Raises
    ------
    ValueError
        As in `read_config`.

    Examples
    --------
    >>> config = parse_config({"strategies": ["low_confidence"], "seeds": 2, "data": {"source": "sample"}})
    >>> [strategy.label for strategy in config.strategies], config.seeds
    (['random', 'low_confidence'], (0, 1))
    """
    for key in table:
        if key not in KEYS:
            raise ValueError(f"{key}: there is no such key{did_you_mean(key, KEYS)}")
    sections: dict[str, Any] = {
        key: section(cls, table[key], key)
        for key, cls in (("folds", Folds), ("statistics", Statistics))
        if key in table
    }
    if "picker" in table:
        sections["picker"] = _picker(table["picker"], folder)
    texts = {key: value_of(str, table[key], key) for key in ("description", "baseline") if key in table}
    return StudyConfig(
        name=value_of(str, table.get("name", name), "name"),
        data=data_of(table.get("data"), folder),
        strategies=_strategies(table.get("strategies", "all")),
        seeds=_seeds(table.get("seeds", 10)),
        settings=settings_of(table.get("labels", {}), table.get("axes", {})),
        resolution=_resolution(table.get("resolution", False)),
        **texts,
        **sections,
    )


def _strategies(given: object) -> tuple[StrategyChoice, ...]:
    if given == "all":
        return tuple(map(StrategyChoice, known_strategies()))
    if not isinstance(given, list | tuple) or not given:
        raise ValueError(f'strategies: expected "all" or a list, got {given!r}')
    return tuple(
        StrategyChoice(entry) if isinstance(entry, str) else section(StrategyChoice, entry, f"strategies[{i}]")
        for i, entry in enumerate(given)
    )


def _resolution(given: object) -> MapSettings | None:
    if isinstance(given, bool):
        return MapSettings() if given else None
    if not isinstance(given, Mapping):
        raise ValueError(f"resolution: expected true, false or a table, got {given!r}")
    return section(MapSettings, given, "resolution")


def _picker(table: object, folder: Path) -> PickerChoice:
    """A picker; picks of another program are named beside it, by a path relative to the configuration."""
    if not isinstance(table, Mapping) or table.get("name") != "external":
        return section(PickerChoice, table, "picker")
    from motes.study.pickers import OF_FILES

    choice = section(PickerChoice, {key: value for key, value in table.items() if key not in OF_FILES}, "picker")
    reading = {key: table[key] for key in OF_FILES if key in table}
    if "picks" not in reading:
        raise ValueError("picker.picks: needed by external, a file of coordinates with scores, or a folder of them")
    reading["picks"] = str(folder / value_of(str, reading["picks"], "picker.picks"))
    return replace(choice, options=choice.options | reading)


def _seeds(given: object) -> tuple[int, ...]:
    if isinstance(given, list | tuple):
        return tuple(value_of(tuple[int, ...], given, "seeds"))
    n = value_of(int, given, "seeds")
    check("seeds", n, at_least=1)
    return tuple(range(n))
