"""Maps of the strategies beside each other: does resolution tell them apart, where F1 of the same picks does not?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from motes.cached import cached_property
from motes.study.maps import MapFigures
from motes.study.statistics import Comparison, FloatArray, compare_seeds

WHAT = (
    "Orientations are the true ones, and false picks get random ones: so this resolution measures number, purity and "
    "centring of the picks, and nothing else."
)
BESIDE = ("f1", "average_precision")  # of the same picks, beside the resolution


@dataclass(frozen=True, eq=False)
class Mapped:
    """Maps of every strategy after one round.

    Attributes
    ----------
    round : int
        From 0.
    baseline : str
        What the others are compared with.
    maps : mapping of str to list of list of MapFigures
        By strategy: of each seed, its parts; the same for all.
    longest : float, angstrom
        What a map without resolution counts as.
    threshold : float
        Correlation of the half maps that ends the resolution.
    confidence : float
        That all intervals of one kind hold.
    """

    round: int
    baseline: str
    maps: Mapping[str, Sequence[Sequence[MapFigures]]]
    longest: float
    threshold: float
    confidence: float

    @property
    def others(self) -> tuple[str, ...]:
        """All but the baseline."""
        return tuple(name for name in self.maps if name != self.baseline)

    def per_seed(self, strategy: str, what: str) -> FloatArray:
        """(S,): resolution, n_images, n_true, or a metric, over the parts of each seed."""
        return np.array([np.mean([self._value(each, what) for each in parts]) for parts in self.maps[strategy]])

    def mean(self, strategy: str, what: str) -> float:
        """Over seeds."""
        return float(self.per_seed(strategy, what).mean())

    def without(self, strategy: str) -> int:
        """Maps that have no resolution."""
        return sum(not np.isfinite(each.resolution) for parts in self.maps[strategy] for each in parts)

    def curve(self, strategy: str) -> tuple[FloatArray, FloatArray]:
        """Frequency, and the mean correlation of the half maps; empty where no map was made."""
        made = [each for parts in self.maps[strategy] for each in parts if each.frequency]
        if not made:
            return np.zeros(0), np.zeros(0)
        return np.array(made[0].frequency), np.mean([each.correlation for each in made], axis=0)

    @cached_property
    def finer(self) -> dict[str, Comparison]:
        """By how many angstrom each strategy's resolution is finer than the baseline's."""
        return self._compared("resolution", -1)

    @cached_property
    def beside(self) -> dict[str, dict[str, Comparison]]:
        """The same comparison of the metrics of the same picks, by metric and strategy."""
        return {what: self._compared(what) for what in BESIDE}

    def sentence(self, strategy: str) -> str:
        """One plain sentence: whether its maps are finer, and what F1 of the same picks says."""
        found, f1 = self.finer[strategy], self.beside["f1"][strategy]
        known = "cannot be told from" if np.isnan(found.low) else "are not distinguishable from"
        words = {"better": "are finer than", "worse": "are coarser than", "not distinguishable": known}
        reached = f"{self.mean(strategy, 'resolution'):.1f} Å, finer by {_told(found, 2)} Å"
        return (
            f"{strategy}'s maps {words[found.verdict]} {self.baseline}'s: {reached}; by F1 of the same picks it is "
            f"{f1.verdict}: {_told(f1, 3)}."
        )

    def answer(self) -> str:
        """Whether resolution tells apart what F1 does not."""
        by_map, by_f1 = (
            {name for name, one in found.items() if one.verdict != "not distinguishable"}
            for found in (self.finer, self.beside["f1"])
        )
        if any(np.isnan(one.low) for one in self.finer.values()):
            return "One seed has no interval, so whether resolution tells strategies apart cannot be said."
        alone, missed = ([name for name in self.others if name in part] for part in (by_map - by_f1, by_f1 - by_map))
        both = len(by_map & by_f1)
        if alone:
            told = f"Resolution tells {_listed(alone)} from {self.baseline} where F1 does not"
        else:
            told = f"Resolution tells no strategy from {self.baseline} that F1 does not"
        if missed:
            told += f"; F1 tells {_listed(missed)} where resolution does not"
        return f"{told}; both tell {both} of {len(self.others)}."

    def _value(self, made: MapFigures, what: str) -> float:
        if what == "resolution":
            return min(made.resolution, self.longest)
        value = getattr(made, what) if hasattr(made, what) else made.figures[what]
        return float(np.nan_to_num(value))  # no picks: no precision, and no map

    def _compared(self, what: str, sign: int = 1) -> dict[str, Comparison]:
        base = self.per_seed(self.baseline, what)
        differences = [sign * (self.per_seed(name, what) - base) for name in self.others]
        found = compare_seeds(np.reshape(differences, (len(self.others), len(base))), confidence=self.confidence)
        return dict(zip(self.others, found, strict=True))


def _told(found: Comparison, digits: int) -> str:
    if np.isnan(found.low):
        return f"{found.difference:+.{digits}f}"
    return f"{found.difference:+.{digits}f} ({found.low:+.{digits}f} to {found.high:+.{digits}f})"


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))
