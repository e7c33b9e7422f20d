"""What ``motes watch`` shows of updates: a table that grows where a person looks on, else lines."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import typer

from motes.cli.watch_files import figures_of

if TYPE_CHECKING:
    from motes.live import Update

ROWS = 8  # updates that the table shows


class Screen(Protocol):
    """Where updates and notices are shown."""

    def update(self, update: Update, /) -> None:
        """Show one update."""

    def notice(self, text: str, /) -> None:
        """Say something."""


class _Silent:
    def update(self, update: Update, /) -> None:
        pass

    def notice(self, text: str, /) -> None:
        pass


class _Lines:
    def __init__(self, target_error: float | None) -> None:
        self._target_error = target_error

    def update(self, update: Update, /) -> None:
        figures = figures_of(update, self._target_error)
        told = ", ".join(f"{what} {value}" for what, value in figures.items())
        typer.echo(f"{update.seconds:.1f} s: {told}")

    def notice(self, text: str, /) -> None:
        typer.echo(f"motes: note: {text}", err=True)


class _Table:
    """Drawn anew several times a second: the last updates, and how long ago they were."""

    def __init__(self, live: Any, target_error: float | None) -> None:
        self._live, self._target_error = live, target_error
        self._rows: deque[tuple[str, ...]] = deque(maxlen=ROWS)
        self._heads: tuple[str, ...] = ()
        self._since = time.monotonic()
        self._waiting = "looking for patterns"

    def update(self, update: Update, /) -> None:
        figures = figures_of(update, self._target_error)
        self._heads = ("seconds", *figures)
        self._rows.append((f"{update.seconds:.0f}", *figures.values()))
        self._since, self._waiting = time.monotonic(), "last picture"
        self._live.refresh()

    def notice(self, text: str, /) -> None:
        self._live.console.print(f"motes: note: {text}", markup=False, highlight=False)

    def __rich__(self) -> Any:
        from rich.console import Group
        from rich.spinner import Spinner
        from rich.table import Table
        from rich.text import Text

        waited = Text(f"{self._waiting}: {time.monotonic() - self._since:.0f} s ago; Ctrl-C ends, and keeps it")
        if not self._rows:
            return Spinner("dots", Text(f"{self._waiting}, {time.monotonic() - self._since:.0f} s"))
        table = Table(*self._heads, box=None, pad_edge=False, header_style="bold")
        for column in table.columns:
            column.justify = "right"
        for i, row in enumerate(self._rows):
            table.add_row(*row, style="" if i == len(self._rows) - 1 else "dim")
        return Group(table, Spinner("dots", waited))


@contextmanager
def screen(target_error: float | None, quiet: bool) -> Iterator[Screen]:
    """What suits whoever looks on: a table on a terminal, lines to a pipe or file, nothing if that was asked."""
    from rich.console import Console
    from rich.live import Live

    if quiet:
        yield _Silent()
        return
    console = Console(stderr=True)
    if not console.is_terminal:
        yield _Lines(target_error)
        return
    with Live(console=console, auto_refresh=True, transient=True) as live:
        table = _Table(live, target_error)
        live.update(table)
        yield table
