"""One setting of a study: who is asked how much, and what becomes of the answers."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Literal

from motes.errors import did_you_mean
from motes.study.schema import check, section


@dataclass(frozen=True)
class Labels:
    """One setting: who is asked how much, and what becomes of the answers.

    Attributes
    ----------
    initial, per_round : int or float
        Labels to begin with, and added a round: a whole number, or a fraction of the particles to learn from.
    total : int or float, optional
        Labels at the end, in place of `initial` and `per_round`, with
    ratio : float, optional
        initial : per_round.
    rounds : int
        Models that are trained; between them `rounds - 1` queries are answered.
    budget : str
        What a round gains: `"labels"`, as the seed counts, or `"questions"`.
    rejections : str
        What becomes of a place that is none: `"negative"` or `"drop"`.
    iou : float
        A question is confirmed above this overlap with a particle.
    max_questions : int, optional
        Most that a round asks, however few labels it has gained.
    min_probability : float
        Candidates below it are never asked about.
    validation : int
        Micrographs that tell T_opt.
    beta : float
        T_opt maximises F-beta: 1 for F1, 2 for F2.
    rule : str
        How an oracle tells which particle a question is about: `"optimal"`, `"best"` or `"first"`, as
        `motes.active.GroundTruth` has it.
    warm_start : bool
        Each round's picker learns on from the last one's, instead of from scratch; not every picker can.
    misses, jitter, wrong : float
        An oracle's errors: the share of particles that it rejects, the standard deviation of its clicks in pixels, the
        share of background that it confirms. All 0: it knows the truth.
    """

    initial: int | float = 5
    per_round: int | float = 10
    total: int | float | None = None
    ratio: float | None = None
    rounds: int = 9
    budget: Literal["labels", "questions"] = "labels"
    rejections: Literal["negative", "drop"] = "negative"
    iou: float = 0.3
    max_questions: int | None = None
    min_probability: float = 0.0
    validation: int = 1
    beta: float = 1.0
    rule: Literal["optimal", "best", "first"] = "optimal"
    warm_start: bool = False
    misses: float = 0.0
    jitter: float = 0.0
    wrong: float = 0.0

    def __post_init__(self) -> None:
        for name in ("initial", "per_round", "total"):
            amount = getattr(self, name)
            if isinstance(amount, float) and not 0 < amount <= 1:
                raise ValueError(
                    f"labels.{name}: expected a fraction above 0, at most 1, or a whole number, got {amount}"
                )
            if isinstance(amount, int) and amount < 1:
                raise ValueError(f"labels.{name}: expected 1 or more, got {amount}")
        if (self.total is None) != (self.ratio is None):
            raise ValueError("labels.total and labels.ratio: one needs the other")
        check("labels.rounds", self.rounds, at_least=2)
        check("labels.validation", self.validation, at_least=1)
        for name in ("iou", "misses", "wrong", "min_probability"):
            check(f"labels.{name}", getattr(self, name), at_least=0, below=1)
        check("labels.beta", self.beta, above=0, below=math.inf)
        check("labels.jitter", self.jitter, at_least=0)
        if self.max_questions is not None:
            check("labels.max_questions", self.max_questions, at_least=1)
        if self.ratio is not None:
            check("labels.ratio", self.ratio, above=0)

    def amounts(self, n_particles: int) -> tuple[int, int]:
        """Initial labels and those added a round, of so many particles to learn from.

        Examples
        --------
        >>> Labels(initial=0.05, per_round=0.0875).amounts(7136), Labels(total=85, ratio=0.5).amounts(1000)
        ((357, 624), (5, 10))
        """
        if self.total is None or self.ratio is None:
            return _count(self.initial, n_particles), _count(self.per_round, n_particles)
        total = _count(self.total, n_particles)
        per_round = max(1, round(total / (self.ratio + self.rounds - 1)))
        initial = total - (self.rounds - 1) * per_round
        if initial < 1:
            raise ValueError(
                f"labels.total: {total} labels are too few for {self.rounds} rounds at ratio {self.ratio:g}"
            )
        return initial, per_round


def settings_of(labels: object, axes: object) -> dict[str, Labels]:
    """Every combination of the values on the axes, over the labels that all share."""
    if not isinstance(labels, Mapping) or not isinstance(axes, Mapping):
        raise ValueError("labels, axes: expected tables")
    keys = [entry.name for entry in fields(Labels)]
    for key, values in axes.items():
        if key not in keys:
            raise ValueError(f"axes.{key}: there is no such key{did_you_mean(key, keys)}")
        if not isinstance(values, list | tuple) or not values:
            raise ValueError(f"axes.{key}: expected a list of values, got {values!r}")
        if len(set(map(repr, values))) < len(values):
            raise ValueError(f"axes.{key}: a value comes twice")
    settings = {}
    for values in itertools.product(*axes.values()):
        own = dict(zip(axes, values, strict=True))
        name = ", ".join(f"{key} {value}" for key, value in own.items()) or "setting"
        settings[name] = section(Labels, {**labels, **own}, "labels")
    return settings


def _count(amount: int | float, n_particles: int) -> int:
    return amount if isinstance(amount, int) else max(1, round(amount * n_particles))
