"""A study's folder: what it is, and a file for each run that is finished."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from motes.errors import CheckpointError, FormatError
from motes.io.atomic import atomic_path
from motes.study.cellresult import Cell, CellResult
from motes.study.plan import Plan

STATE, CELLS, DATA, CACHE, LOCK = "state.json", "runs", "data", "cache", "lock"
# A study that goes on may compare more, or otherwise: runs that are there stay what they are.
MAY_DIFFER = ("name", "description", "strategies", "seeds", "settings", "statistics", "baseline", "resolution")


class Store:
    """Finished runs of one plan in one folder.

    Parameters
    ----------
    folder : path
        Made where it is missing.
    plan : Plan
        What is run.
    resume : bool
        Go on with the study that is there.

    Raises
    ------
    ValueError
        If a study is there and it is not to be gone on with.
    CheckpointError
        If it is another: data, picker, parts, or the version have changed.
    FormatError
        If the folder holds runs, but nothing that says of what.
    """

    def __init__(self, folder: str | os.PathLike[str], plan: Plan, *, resume: bool = False) -> None:
        self.folder, self.plan = Path(folder), plan
        state, runs = self.folder / STATE, self.folder / CELLS
        if state.exists():
            there = _read_state(state)
            if not resume:
                n = len(list(runs.glob("*.npz"))) if runs.is_dir() else 0
                raise ValueError(
                    f"{self.folder}: holds a study already, {n:,} runs of it; resume it (--resume), or name another "
                    "folder"
                )
            _check_same(state, there, plan.state())
        elif runs.is_dir() and any(runs.iterdir()):
            raise FormatError(f"{self.folder}: a study's runs, but no {STATE} that says of what; name another folder")
        runs.mkdir(parents=True, exist_ok=True)
        for left in (*self.folder.glob(".motes-*"), *runs.glob(".motes-*")):
            if left.is_file():  # of a write that was cut short
                left.unlink(missing_ok=True)
        with atomic_path(state) as temporary:
            temporary.write_text(json.dumps(plan.state(), indent=2) + "\n", encoding="utf-8")

    def path(self, cell: Cell) -> Path:
        """Where a run belongs: a name that can be read, and is no other run's."""
        print_ = sha256(f"{cell.setting}/{cell.strategy}/{self.plan.fingerprint(cell)}".encode()).hexdigest()[:8]
        name = re.sub(r"[^\w.-]+", "_", f"{cell.strategy}-seed{cell.seed}-part{cell.fold}")
        return self.folder / CELLS / f"{name}-{print_}.npz"

    def save(self, result: CellResult) -> None:
        """Keep a finished run."""
        result.save(self.path(result.cell), self.plan.fingerprint(result.cell))

    def load(self, cell: Cell) -> CellResult | None:
        """A finished run; None where there is none, or only a damaged one, which is to be run again."""
        try:
            found = CellResult.load(self.path(cell), self.plan.fingerprint(cell))
        except (FileNotFoundError, FormatError):
            return None
        return found if found.cell == cell else None

    def missing(self) -> list[Cell]:
        """Runs that are still to be made."""
        return [cell for cell in self.plan.cells if self.load(cell) is None]

    def results(self) -> Iterator[CellResult]:
        """Every finished run, in the plan's order."""
        yield from filter(None, map(self.load, self.plan.cells))


def _read_state(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(told, dict) or not {"version", "data", "config"} <= told.keys():
            raise ValueError("something is missing")
    except (ValueError, RecursionError) as error:
        raise FormatError(f"{path}: does not say what study this is ({error})") from error
    return told


def _check_same(path: Path, there: Mapping[str, Any], here: Mapping[str, Any]) -> None:
    """Name what has changed."""
    for name in ("version", "code", "data"):
        if there.get(name) != here[name]:
            raise CheckpointError(
                f"{path}: {name} was {there.get(name)}, is {here[name]}: another study; name another folder"
            )
    for key, value in here["config"].items():
        if key in MAY_DIFFER or (key == "folds" and _but_run(value) == _but_run(there["config"].get(key, {}))):
            continue
        if value != there["config"].get(key):
            told = f"{key} was {json.dumps(there['config'].get(key))}, is {json.dumps(value)}"
            raise CheckpointError(f"{path}: {told}: another study; name another folder")


def _but_run(folds: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in folds.items() if key != "run"}
