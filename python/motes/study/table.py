"""`study.csv`, one line a round of a run, and `study.json`, what was found."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from motes.picking import distinctness
from motes.study.cellresult import COSTS, SECONDS, CellResult
from motes.study.mapped import BESIDE, WHAT, Mapped
from motes.study.maps import MapFigures
from motes.study.metrics import METRICS
from motes.study.plan import Plan
from motes.study.statistics import Comparison
from motes.study.summary import AXES, Setting

MAPS = ("map_images", "map_true", "map_f1", "map_average_precision")
COLUMNS = (
    "setting",
    "strategy",
    "seed",
    "part",
    "round",
    "n_test",
    *COSTS,
    "t",
    "t_opt",
    "distinct",
    "distinct_by_chance",
    *METRICS,
    *(f"seconds_{name}" for name in SECONDS),
    "resolution",
    *MAPS,
)


def to_csv(settings: Sequence[Setting]) -> str:
    """Every round of every run, in the columns that docs/study.md explains; nothing where there is no number."""
    text = io.StringIO()
    rows = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    rows.writeheader()
    for setting in settings:
        for strategy in setting.strategies:
            for run, base in zip(setting.runs[strategy], setting.runs[setting.baseline], strict=True):
                cell = run.result.cell
                own = {"setting": cell.setting, "strategy": strategy, "seed": cell.seed, "part": cell.fold}
                means = {name: run.mean(name) for name in METRICS}
                for r, each in enumerate(run.result.rounds):
                    numbers: dict[str, Any] = asdict(each.costs) | {"t": each.t, "t_opt": each.t_opt}
                    numbers |= {name: mean[r] for name, mean in means.items()}
                    numbers |= _distinct(run.result, base.result, r)
                    numbers |= {f"seconds_{name}": value for name, value in asdict(each.seconds).items()}
                    numbers |= _of_map(each.map)
                    told = {name: _number(value) for name, value in numbers.items()}
                    rows.writerow(own | {"round": r, "n_test": len(run.result.test)} | told)
    return text.getvalue()


def _of_map(made: MapFigures | None) -> dict[str, float]:
    if made is None:
        return {}
    told = (made.n_images, made.n_true, *(made.figures[name] for name in BESIDE))
    return {"resolution": made.resolution, **dict(zip(MAPS, told, strict=True))}


def _distinct(result: CellResult, base: CellResult, round_: int) -> dict[str, int | float | None]:
    """Labels of a run that the baseline's of the same turn has not in this round; nothing for the baseline itself."""
    count = chance = None
    if result.cell != base.cell and round_ < len(base.rounds):
        selections = [result.labelled_in(round_), base.labelled_in(round_)]
        found = distinctness(selections, pool=result.n_particles, common=result.initial)
        count, chance = int(found.count[0, 1]), float(found.chance[0, 1])
    return {"distinct": count, "distinct_by_chance": chance}


def _number(value: float | None) -> str:
    if value is None or not np.isfinite(value):
        return ""
    return f"{value:.6g}"


def to_dict(plan: Plan, settings: Sequence[Setting], command: str = "") -> dict[str, Any]:
    """What was found, as JSON has it."""
    return plan.state() | {
        "command": command,
        "data": {
            "name": plan.data.name,
            "fingerprint": plan.state()["data"],
            "n_micrographs": len(plan.data.paths),
            "n_particles": len(plan.data.truth),
            "diameter": plan.data.diameter,
        },
        "n_runs": {
            "finished": sum(len(runs) for one in settings for runs in one.runs.values()),
            "all": len(plan.cells),
        },
        "settings": {setting.name: _setting(setting) for setting in settings},
    }


def _setting(setting: Setting) -> dict[str, Any]:
    count, chance = setting.distinctness()
    seeds = {run.result.cell.seed for run in setting.runs[setting.baseline]}
    differences = {axis: setting.over(axis) for axis in AXES}
    return {
        "n_seeds": len(seeds),
        "n_runs_per_strategy": len(setting.runs[setting.baseline]),
        "metric": setting.statistics.metric,
        "strategies": {
            strategy: {
                "curves": {name: setting.curve(strategy, name).tolist() for name in (*AXES, *METRICS)}
                | {"t_opt": setting.t_opt(strategy).tolist()},
                "confirmed": setting.confirmed(strategy),
                "seconds_a_round": setting.seconds(strategy),
            }
            | (
                {}
                if strategy == setting.baseline
                else {
                    "sentence": setting.sentence(strategy),
                    "verdict": setting.primary[strategy].verdict,
                    "difference": {axis: _comparison(found[strategy]) for axis, found in differences.items()},
                }
            )
            for strategy in setting.strategies
        },
        "distinctness": {
            "strategies": list(setting.strategies),
            "labels": count.tolist(),
            "by_chance": chance.tolist(),
        },
    } | ({"maps": [_maps(made) for made in setting.mapped]} if setting.mapped else {})


def _maps(made: Mapped) -> dict[str, Any]:
    return {
        "round": made.round,
        "what": WHAT,
        "answer": made.answer(),
        "threshold": made.threshold,
        "counted_without": made.longest,
        "strategies": {
            strategy: {
                "resolution": made.per_seed(strategy, "resolution").tolist(),
                "without_resolution": made.without(strategy),
                **{name: made.mean(strategy, name) for name in ("n_images", "n_true", "n_truth", *METRICS)},
                "curve": dict(zip(("frequency", "correlation"), map(list, made.curve(strategy)), strict=True)),
            }
            | (
                {}
                if strategy == made.baseline
                else {
                    "sentence": made.sentence(strategy),
                    "verdict": made.finer[strategy].verdict,
                    "finer": _comparison(made.finer[strategy]),
                    "beside": {name: _comparison(found[strategy]) for name, found in made.beside.items()},
                }
            )
            for strategy in made.maps
        },
    }


def _comparison(found: Comparison) -> dict[str, float]:
    return asdict(found)
