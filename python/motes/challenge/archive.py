"""The tasks of an archive and, where it is known, the truth behind them: read and checked before any work."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import isqrt

from motes.errors import FormatError
from motes.files import read_patterns
from motes.io.challenge import tasks
from motes.io.npz import open_archive
from motes.patterns import Patterns
from motes.truth import Truth, read_truth

WITH_DATA = (1, 2, 3, 4, 6, 7)
SPARSE = (6, 7)  # a list of photons each
CALCULATED = 5  # the task that has no data


@dataclass(frozen=True)
class TaskData:
    """The patterns of one task.

    Attributes
    ----------
    task : int
        1 to 7, but not 5.
    patterns : Patterns
        N square patterns, N at least 1.
    truth : Truth or None
        What they were made from, where that is known.
    seconds : float
        It took to read them.
    """

    task: int
    patterns: Patterns
    truth: Truth | None
    seconds: float


def read_tasks(
    path: str | os.PathLike[str],
    wanted: Sequence[int] | None = None,
    truth: str | os.PathLike[str] | None = None,
    n_patterns: int | None = None,
) -> list[TaskData]:
    """Read the tasks of an archive.

    Parameters
    ----------
    path : path
        The challenge's archive, or one that holds only some of its tasks.
    wanted : sequence of int, optional
        Which tasks; all that are there by default. Task 5 has no data and is passed over.
    truth : path, optional
        An archive of ``master1``, ``labels1`` and so on.
    n_patterns : int, optional
        Of task 6 or 7, whichever is wanted alone: the last patterns may hold no photon, and leave no trace in the file.

    Returns
    -------
    list of TaskData
        In the order of their numbers.

    Raises
    ------
    FormatError, OSError
        If a file can not be read, holds no task, or not those that are wanted; if patterns are no squares.
    ValueError
        If `wanted` names something else than tasks 1 to 7, or the truth does not fit the patterns.
    """
    for task in wanted or ():
        if task not in (*WITH_DATA, CALCULATED):
            raise ValueError(f"task: expected one of 1 to 7, got {task}")
    with open_archive(path) as archive:
        held = tasks(archive)
        there = [task for task in WITH_DATA if task in held]
        names = ", ".join(archive.names) or "nothing"
    asked = there if wanted is None else [task for task in WITH_DATA if task in wanted]
    absent = [task for task in asked if task not in there]
    if absent or not (there or wanted):
        missing = f"task {absent[0]}" if absent else "a task of the challenge (task1 to task4, task6a and task6b, ...)"
        raise FormatError(f"{os.fspath(path)}: holds {names}; expected {missing}")
    if n_patterns is not None and (len(asked) != 1 or asked[0] not in SPARSE):
        raise ValueError("n_patterns: can be given for one task alone, 6 or 7")
    truths = {} if truth is None else _truths(truth, asked)
    return [_read(path, task, truths.get(task), n_patterns) for task in asked]


def _read(path: str | os.PathLike[str], task: int, truth: Truth | None, n_patterns: int | None) -> TaskData:
    began = time.perf_counter()
    place = f"{os.fspath(path)}: task{task}"
    _require_squares(path, task, place)
    patterns = read_patterns(path, task=task, n_patterns=n_patterns)
    if not len(patterns):
        raise FormatError(f"{place}: holds no pattern, expected at least one")
    height, width = patterns.shape
    if height != width or height == 0:
        raise FormatError(f"{place}: patterns of {height}x{width} pixels; quarter turns need squares")
    if truth is not None:
        try:
            truth.require(patterns.shape, len(patterns))
        except ValueError as error:
            raise ValueError(f"task {task}: {error}") from error
    return TaskData(task, patterns, truth, time.perf_counter() - began)


def _require_squares(path: str | os.PathLike[str], task: int, place: str) -> None:
    """Of flattened patterns, the shape is for the solver to infer."""
    with open_archive(path) as archive:
        name = f"task{task}"
        extents = archive.header(name).shape if name in archive.names else ()
    if len(extents) == 2 and isqrt(extents[1]) ** 2 != extents[1]:
        raise FormatError(f"{place}: {extents[1]} pixels are no square, so their shape can not be inferred")


def _truths(path: str | os.PathLike[str], asked: Sequence[int]) -> dict[int, Truth]:
    """The truths of those tasks that have one; a plain ``master`` is that of the only task."""
    with open_archive(path) as archive:
        names = archive.names
    known = [task for task in asked if f"master{task}" in names]
    if not known and len(asked) == 1 and "master" in names:
        known = list(asked)
    if asked and not known:
        expected = ", ".join(f"master{task}" for task in asked)
        raise FormatError(f"{os.fspath(path)}: holds {', '.join(names) or 'nothing'}; expected {expected}")
    return {task: read_truth(path, task) for task in known}
