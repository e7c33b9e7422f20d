"""What watches a fit: a progress bar for a person, a log for a program."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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
            where = f"sweep {record['sweeps']}" if record["sweeps"] else "on a sample"
            told = f"{where}, log-likelihood {record['log_likelihood']:.6f}"
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
def counting(description: str) -> Iterator[Callable[[int, int], None]]:
    """What is told how many of how many are done; a bar on stderr where a person looks on."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task(description, total=None)

        def tell(done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)

        yield tell


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


class EMCLog:
    """Dragonfly's text log, a line for each iteration; a file of that name is replaced when the first is written.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    rotations : str
        Of the run, by name.
    told : mapping
        What was asked for, for its head.
    resume : bool
        Go on at the end of the file, if it is there.
    """

    def __init__(self, path: Path, rotations: str, told: Mapping[str, object], resume: bool) -> None:
        from motes.rotations import rotations_of

        self.path, self.told, self.resume = path, told, resume
        self.n_rotations = rotations_of(rotations).n
        self._before: float | None = None

    def __call__(self, record: Mapping[str, Any], /) -> None:
        """Write one iteration."""
        from motes.dragonfly.log import header, line

        begins = self._before is None
        seconds = record["seconds"] - (self._before or 0.0)
        self._before = record["seconds"]
        goes_on = not begins or (self.resume and self.path.exists())
        with self.path.open("a" if goes_on else "w", encoding="utf-8") as file:
            file.write(("" if goes_on else header(self.told)) + line(record, seconds, self.n_rotations))


@contextmanager
def observers(
    *, tolerance: float, quiet: bool, log: Path | None, emc_log: Observer | None = None
) -> Iterator[Observer]:
    """Everything that was asked to watch, as one callback."""
    with progress_bar(tolerance, quiet) as bar, json_lines(log) as lines:
        watching = [observer for observer in (bar, lines, emc_log) if observer is not None]

        def observe(record: Mapping[str, Any], /) -> None:
            for observer in watching:
                observer(record)

        yield observe
