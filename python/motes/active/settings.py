"""What a run is told, checked before anything is done, and in plain values so that a log can tell runs apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from hashlib import blake2b
from inspect import signature
from typing import Any, Literal

import numpy as np

from motes.active.log import plain
from motes.active.oracle import Oracle
from motes.active.queries import Query
from motes.active.strategies import STRATEGIES
from motes.checks import one_of, whole
from motes.circles import Circles
from motes.micrograph import Micrograph
from motes.pickers import Labelled, Picker

Budget = Literal["labels", "questions"]
Rejections = Literal["negative", "drop"]
SAMPLED_ROWS = 64  # of a micrograph that go into its mark: enough to tell two apart without reading all of a large set


@dataclass(frozen=True, eq=False)
class Settings:
    """Everything about a run but its micrographs, oracle and picker; see `motes.active.run`."""

    strategy: str
    ask: Callable[..., Query]
    needs: tuple[str, ...]
    initial: int | Circles
    n: int
    rounds: int
    budget: Budget
    max_questions: int | None
    rejections: Rejections
    warm_start: bool
    iou: float
    min_probability: float
    beta: float
    seed: int
    validation: Labelled | None
    strategy_options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        whole("n", self.n, least=1)
        whole("rounds", self.rounds, least=1)
        whole("seed", self.seed, least=0)
        one_of("budget", self.budget, ("labels", "questions"))
        one_of("rejections", self.rejections, ("negative", "drop"))
        if not isinstance(self.initial, Circles):
            whole("initial", self.initial, least=0)
        if self.max_questions is not None:
            whole("max_questions", self.max_questions, least=1)
        if not 0 <= self.min_probability <= 1:
            raise ValueError(f"min_probability: expected 0 to 1, got {self.min_probability}")
        if not 0 < self.iou < 1:
            raise ValueError(f"iou: expected above 0 and below 1, got {self.iou}")
        if self.uses_validation:
            if self.validation is None:
                raise ValueError(f"validation: needed by {self.strategy}, whose threshold comes from it")
            if len(self.validation.particles) == 0:
                raise ValueError("validation: holds no particle, so no threshold can be found on it")

    @property
    def uses_validation(self) -> bool:
        """Whether the query takes T_opt from validation micrographs, and so has to pay for their labels."""
        return "threshold" in self.needs and "threshold" not in self.strategy_options

    def seed_of(self, purpose: Literal["initial", "fit", "query", "threshold"], index: int = 0) -> int:
        """A seed for one purpose in one round: the same for every strategy, so that runs can be compared in pairs."""
        number = ("initial", "fit", "query", "threshold").index(purpose)
        return int(np.random.SeedSequence(self.seed, spawn_key=(number, index)).generate_state(1)[0])

    def describe(
        self, micrographs: Sequence[Micrograph], oracle: Oracle, picker: Picker, cold_start: Picker | None
    ) -> dict[str, Any]:
        """All of a run in plain values."""
        names = ("strategy", "n", "rounds", "budget", "max_questions", "rejections", "warm_start", "iou")
        told: dict[str, Any] = {name: getattr(self, name) for name in (*names, "min_probability", "beta", "seed")}
        initial = self.initial if isinstance(self.initial, int) else self.initial.fingerprint()
        charged = {}
        if self.uses_validation:
            assert self.validation is not None
            charged = {"labels": len(self.validation.particles), "opened": len(self.validation.micrographs)}
            told["validation"] = [_mark(self.validation.micrographs), self.validation.particles.fingerprint()]
        told |= {"initial": initial, "strategy_options": self.strategy_options, "charged": charged}
        told |= {"picker": _description(picker), "oracle": oracle.describe(), "data": _mark(micrographs)}
        told["cold_start"] = None if cold_start is None else _description(cold_start)
        told["micrographs"] = [micrograph.name for micrograph in micrographs]
        return {str(key): plain(value) for key, value in told.items()}


def resolve(
    strategy: str | Callable[..., Query], options: Mapping[str, Any]
) -> tuple[str, Callable[..., Query], tuple[str, ...]]:
    """Name, function and needs of a strategy, which may be one of the user's own."""
    if callable(strategy):
        return getattr(strategy, "__qualname__", type(strategy).__qualname__), strategy, ()
    known = STRATEGIES[one_of("strategy", strategy, tuple(STRATEGIES))]
    base = STRATEGIES.get(options.get("base", ""))
    needs = known.needs + (() if base is None else base.needs)
    return strategy, partial(known.function, allow_fewer=True), needs


def _description(picker: Picker) -> dict[str, Any]:
    """Class, and what it was made with: arguments that the picker keeps by their names, where these are plain."""
    kind = type(picker)
    told: dict[str, Any] = {"class": f"{kind.__module__}.{kind.__qualname__}", "diameter": float(picker.diameter)}
    for name in signature(kind).parameters:
        value = getattr(picker, name, None)
        if isinstance(value, bool | int | float | str | tuple) and name != "warm_start":  # which the run decides
            told[name] = value
        elif isinstance(value, Picker):  # of a committee
            told[name] = _description(value)
    return told


def _mark(micrographs: Sequence[Micrograph]) -> str:
    """Of names, shapes, types and some rows of each."""
    mark = blake2b(digest_size=8)
    for micrograph in micrographs:
        data = micrograph.data
        rows = data[:: max(1, len(data) // SAMPLED_ROWS)]
        mark.update(repr((micrograph.name, data.shape, data.dtype.str)).encode() + np.ascontiguousarray(rows).tobytes())
    return mark.hexdigest()
