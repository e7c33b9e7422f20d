"""What watches a fit: a progress bar for a person, a log for a program."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol, TextIO, TypeVar

Item = TypeVar("Item")


class Observer(Protocol):
    """Called with a record of each iteration."""

    def __call__(self, record: Mapping[str, Any], /) -> None:
        """Take note of one iteration."""


@contextmanager
def progress_bar(tolerance: float, quiet: bool) -> Iterator[Observer | None]:
    """A bar on stderr that fills as the gain of an iteration falls to the tolerance; None unless a person looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("finding a start", total=1.0)
        first, filled = 0.0, 0.0

        def observe(record: Mapping[str, Any], /) -> None:
            nonlocal first, filled
            gain = record["gain"] or 0.0
            first = max(first, gain)
            if first > gain > 0 and first > tolerance > 0:
                filled = max(filled, min(1.0, math.log(first / gain) / math.log(first / tolerance)))
            told = f"sweep {record['sweeps']}, log-likelihood {record['log_likelihood']:.6f}"
            if "replicate" in record:
                told, filled = "error bars by bootstrap", record["replicate"] / record["replicates"]
            progress.update(bar, completed=filled, description=told)

        yield observe


def steps(items: Sequence[Item], description: str) -> Iterator[Item]:
    """The items one by one, a bar on stderr where a person looks on."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    yield from track(items, description, console=console, transient=True, disable=not console.is_terminal)


@contextmanager
def json_lines(path: Path | None) -> Iterator[Observer | None]:
    """A log of one JSON object a line; a file of that name is replaced when the first line is written."""
    from motes.report import to_json

    if path is None:
        yield None
        return
    existed = path.exists()
    if path.is_file() or not existed:
        path.open("a").close()  # a log that can not be written is found out before the work
    with ExitStack() as closing:
        log: TextIO | None = None

        def observe(record: Mapping[str, Any], /) -> None:
            nonlocal log
            if log is None:
                log = closing.enter_context(path.open("w", encoding="utf-8", buffering=1))
            log.write(to_json({"time": time.time(), **record}) + "\n")

        try:
            yield observe
        finally:
            if log is None and not existed:
                path.unlink()


@contextmanager
def observers(*, tolerance: float, quiet: bool, log: Path | None) -> Iterator[Observer]:
    """Everything that was asked to watch, as one callback."""
    with progress_bar(tolerance, quiet) as bar, json_lines(log) as lines:
        watching = [observer for observer in (bar, lines) if observer is not None]

        def observe(record: Mapping[str, Any], /) -> None:
            for observer in watching:
                observer(record)

        yield observe
