"""``motes study``: query strategies compared, paired, with intervals; resumed after any interruption."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli.arguments import PickerWhere
from motes.cli.cluster import Scheduler, TlsCa, TlsCert, TlsKey, cluster
from motes.cli.commands import INTERRUPTED

if TYPE_CHECKING:
    from motes.study import StudyConfig


def study(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG.toml", help="What to compare, and on what; see docs/study.md.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="DIR", help="Folder for study.csv, study.json, curves.png, report.html and the runs."
        ),
    ] = None,
    preset: Annotated[
        str | None, typer.Option(metavar="NAME", help="In place of CONFIG.toml: a study that comes with the package.")
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="Name the presets, and their files.")] = False,
    data: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The CryoPPP data set, for studies that read one.")
    ] = None,
    processes: Annotated[
        int | None,
        typer.Option(min=1, help="Processes, one thread each; as many as there are threads by default."),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the study in DIR: finished runs are kept.")
    ] = False,
    device: PickerWhere = None,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar and no summary.")] = False,
) -> None:
    """Compare query strategies: each asks, learns and is measured on micrographs that it never saw, seed by seed.

    Every finished run is kept: after Ctrl-C (exit status 130), or a kill, --resume goes on. --resume with more seeds,
    strategies or settings in the configuration runs what is missing.

    Bad input is told in one line (exit status 2), and nothing is run.
    """
    from motes.study import read_config, read_preset, run_study, write_outputs
    from motes.study.mapped import WHAT
    from motes.study.presets import on_data, on_device

    if listed:
        _list()
        return
    if (config is None) == (preset is None):
        raise ValueError("CONFIG.toml: give one, or --preset NAME (--list names them)")
    if out is None:
        raise ValueError("-o: needed, the folder of the study")
    chosen = read_preset(preset, data) if preset is not None else on_data(read_config(config or Path()), data)
    chosen = on_device(chosen, device)
    if scheduler is not None and processes is not None:
        raise ValueError("--processes: is of this machine; give --scheduler or it (--scheduler local:N: N processes)")
    counted = [0, 0]
    try:
        with (
            cluster(scheduler, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key) as client,
            _progress(chosen, quiet) as tell,
        ):

            def count(done: int, total: int) -> None:
                counted[:] = done, total
                tell(done, total)

            if client is None:
                store = run_study(chosen, out, processes=processes, resume=resume, progress=count)
            else:
                from motes import distributed

                store = distributed.study(chosen, out, client=client, resume=resume, progress=count)
        settings = write_outputs(store, command=context.obj)
    except KeyboardInterrupt:
        done, total = counted
        typer.echo(
            f"motes: interrupted: {done} of {total} runs are kept in {shlex.quote(str(out))}; go on with --resume",
            err=True,
        )
        raise typer.Exit(INTERRUPTED) from None
    if not quiet:
        for setting in settings:
            if len(settings) > 1:
                typer.echo(f"{setting.name}:")
            for strategy in setting.others:
                typer.echo(setting.sentence(strategy))
            for made in setting.mapped[-1:]:
                typer.echo(f"{made.answer()} {WHAT}")
        for caution in dict.fromkeys(setting.caution for setting in settings if setting.caution):
            typer.echo(f"motes: note: {caution}", err=True)
        typer.echo(f"look at {out / 'report.html'}")


def _list() -> None:
    from motes.study import presets, read_config
    from motes.study.presets import THESIS

    for name, path in presets().items():
        typer.echo(f"{name:<10}  {read_config(path).description}\n{'':<10}  {path}")
    typer.echo(f"the thesis: {THESIS}")


@contextmanager
def _progress(config: StudyConfig, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr where a person looks on; elsewhere, in a log, a line for each run that is finished."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True)
    if quiet:
        yield lambda done, total: None
        return
    if not console.is_terminal:
        yield lambda done, total: typer.echo(f"motes: {done} of {total} runs", err=True)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task(config.name, total=None)
        yield lambda done, total: progress.update(bar, completed=done, total=total)
