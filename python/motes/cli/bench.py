"""``motes bench``: how fast motes is on this machine, and whether that has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.commands import INTERRUPTED

if TYPE_CHECKING:
    from motes.bench import Comparison, Run

SLOWER = 1  # exit status
PAGE = 120  # characters a line, where no terminal says otherwise


def bench(
    quick: Annotated[bool, typer.Option("--quick", help="A tenth of the work, in some 20 seconds.")] = False,
    peers: Annotated[
        bool, typer.Option("--peers", help="Also beside the libraries that are installed and do the same work.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A case, or a family of cases; may be given several times (--list)."),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the cases, and what bounds them.")] = False,
    threads: Annotated[int | None, typer.Option(min=1, help="Threads, of peers too; all by default.")] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="Processes that measure, one after the other: 15, or 6 with --quick.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Keep every repetition's time, as JSON.")
    ] = None,
    against: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Compare with a run that was kept: what is slower now.")
    ] = None,
    beside: Annotated[
        str | None,
        typer.Option(
            metavar="PYTHON", help="Another environment's Python: its motes and this one in turns, and compared."
        ),
    ] = None,
    margin: Annotated[
        float, typer.Option(min=0.001, help="Changes up to this share are not looked for: 0.05 is five percent.")
    ] = 0.05,
    fail_slower: Annotated[
        bool, typer.Option("--fail-slower", help="Exit status 1 if --against or --beside finds something slower.")
    ] = False,
    show: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Show a run that was kept; nothing is measured.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar and no tables.")] = False,
) -> None:
    """Measure every kernel and the whole calls on this machine, in some two minutes.

    Each time stands beside what the machine's memory, caches and arithmetic allow at most, measured in the same run.
    --against says what is significantly slower or faster than in an earlier run on the same machine, --beside the same
    of two installations, round by round in turns, which sees more on a busy machine.

    Ctrl-C ends it: what was measured is shown, and kept if -o asks for it (exit status 130).

    Bad input is told in one line (exit status 2), and nothing is measured.
    """
    if listed:
        _list()
        return
    if sum(given is not None for given in (against, beside)) + (show is not None and beside is not None) > 1:
        raise ValueError("--beside: measures both, so without --against and --show")
    if peers and beside is not None:
        raise ValueError("--beside: without --peers")
    if show is not None and (only or peers or threads or rounds or out is not None):
        raise ValueError("--show: measures nothing, so without --only, --peers, --threads, --rounds and -o")
    if fail_slower and against is None and beside is None:
        raise ValueError("--fail-slower: needs --against FILE or --beside PYTHON")
    from motes.bench import compare, load
    from motes.bench.compare import check_comparable
    from motes.bench.suite import cases_of, conditions_now

    earlier = None if against is None else load(against)
    cases_of(only or ())
    if show is not None:
        found = load(show)
    else:
        if earlier is not None:
            check_comparable(earlier.conditions, conditions_now(quick=quick, threads=threads))
        asked = {"quick": quick, "only": only or [], "threads": threads, "rounds": rounds}
        found, other = _measured(asked, peers, beside, out, quiet)
        earlier = other or earlier
    stopped = found.interrupted and show is None
    comparison = None
    if earlier is not None and not stopped:
        comparison = compare(earlier, found, in_turns=beside is not None, margin=margin)
    if not quiet:
        _show(found, comparison)
    if stopped:
        kept = f"kept in {out}" if out is not None else "not kept"
        typer.echo(f"motes: interrupted: what was measured until then is {kept}", err=True)
        raise typer.Exit(INTERRUPTED)
    if fail_slower and comparison is not None and comparison.slower:
        raise typer.Exit(SLOWER)


def _measured(
    asked: dict[str, Any], peers: bool, beside: str | None, out: Path | None, quiet: bool
) -> tuple[Run, Run | None]:
    """Run the suite, and the other installation's; a file that can not be written is found out before it."""
    from motes import bench
    from motes.io.atomic import atomic_path

    with ExitStack() as stack:
        to = None if out is None else stack.enter_context(atomic_path(out))
        asked = asked | {"progress": stack.enter_context(_progress(quiet))}
        other = None
        if beside is None:
            found = bench.run(peers=peers, **asked)
        else:
            other, found = bench.run_beside(beside, **asked)
        if to is not None:
            to.write_text(found.to_json() + "\n", encoding="utf-8")
    return found, other


def _list() -> None:
    from motes.bench.kernels import kernel
    from motes.bench.suite import WITH_PEERS

    for name in WITH_PEERS:
        typer.echo(f"{name:<31} {kernel(name).work}: {kernel(name).bound}")


def _show(found: Run, comparison: Comparison | None) -> None:
    from rich.console import Console

    from motes.bench.table import tables

    console = Console(markup=False, highlight=False)
    if not console.is_terminal:
        console.width = PAGE
    for part in tables(found, comparison):
        console.print(part)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int, str], None] | None]:
    """A bar on stderr where a person looks on."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("starting", total=None)
        yield lambda done, total, what: progress.update(bar, completed=done, total=total, description=what)
