"""``motes watch``: a picture that is brought up to date while patterns still arrive."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli import arguments
from motes.cli.cluster import Scheduler, TlsCa, TlsCert, TlsKey, cluster
from motes.cli.commands import INTERRUPTED
from motes.cli.observers import json_lines
from motes.cli.outputs import made
from motes.cli.stored import Memory
from motes.cli.watch_files import PAGE, WatchFiles, record_of, told_at_the_end
from motes.cli.watch_screen import screen

if TYPE_CHECKING:
    from distributed import Client

    from motes.distributed import DaskEngine
    from motes.live import Update

DATA, MODEL, FIT, OUTPUT, WHEN = "Data", "Model", "Fit", "Output", "When"


def watch(
    context: typer.Context,
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE",
            show_default=False,
            help="A store of patterns (.zarr) that a writer appends to, motes.PatternWriter; it need not be there yet.",
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            rich_help_panel=OUTPUT,
            help="Folder for master.npy, std_error.npy, report.json, master.png, progress.png and watch.html, each "
            "replaced whole at each update; at the end also labels.npy, reconstruction.npz and convergence.png.",
        ),
    ],
    target_error: Annotated[
        float | None,
        typer.Option(
            "--target-error",
            metavar="E",
            rich_help_panel=WHEN,
            help="End once the error is this small, relative to the contrast; how many patterns that takes is told.",
        ),
    ] = None,
    every: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", rich_help_panel=WHEN, help="From one picture to the next, at least."),
    ] = 5.0,
    first: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            rich_help_panel=WHEN,
            help="Patterns that the first picture waits for; two a pixel by default, from 100 to 10,000.",
        ),
    ] = None,
    wait: Annotated[
        float,
        typer.Option(min=0, metavar="SECONDS", rich_help_panel=WHEN, help="To wait for a SOURCE that is not there."),
    ] = 600.0,
    patience: Annotated[
        float,
        typer.Option(
            min=0,
            metavar="SECONDS",
            rich_help_panel=WHEN,
            help="To wait for more patterns of a writer that has not closed SOURCE; then the last update comes.",
        ),
    ] = 600.0,
    mask: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.npy",
            rich_help_panel=DATA,
            help="Bad pixels: an array of the shape, True or 1 where bad, False or 0 where good.",
        ),
    ] = None,
    rotations: Annotated[
        str,
        typer.Option(
            metavar="C1|C4|D4|in-plane:K",
            rich_help_panel=MODEL,
            help="Quarter turns (C4), mirror images too (D4), none (C1), or K equal angles (in-plane:36; in-plane:36m "
            "with mirror images).",
        ),
    ] = "C4",
    noise: Annotated[
        str,
        typer.Option(
            metavar="bernoulli|poisson",
            rich_help_panel=MODEL,
            help="bernoulli: a pixel catches one photon or none; poisson: any number.",
        ),
    ] = "bernoulli",
    weights: Annotated[
        str,
        typer.Option(
            metavar="uniform|estimate",
            rich_help_panel=MODEL,
            help="Whether all orientations are equally frequent, or it is to be found out how frequent each is.",
        ),
    ] = "uniform",
    seed: Annotated[
        int, typer.Option(min=0, rich_help_panel=FIT, help=arguments.RANDOM + "The same seed gives the same result.")
    ] = 0,
    threads: Annotated[
        int | None,
        typer.Option(min=1, rich_help_panel=FIT, help="Threads; all by default. The result does not depend on it."),
    ] = None,
    memory: Memory = None,
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
    quiet: Annotated[bool, typer.Option("--quiet", rich_help_panel=OUTPUT, help="No table and no summary.")] = False,
    log: Annotated[
        Path | None,
        typer.Option(metavar="FILE", rich_help_panel=OUTPUT, help="Write one JSON object a line for each update."),
    ] = None,
) -> None:
    """Reconstruct while patterns still arrive: picture, error bars and patterns still needed, every few seconds.

    Ends when the writer closes SOURCE, at the target error, or when nothing comes any more. The last update has the
    bits of motes reconstruct SOURCE; until then each picture is turned as the one before.

    Sections that can not be read are waited for; those that still can not after the patience are left out, and named.

    Ctrl-C keeps the last picture (exit status 130).

    Bad input is told in one line (exit status 2), and nothing is written.
    """
    from motes.live.follow import follow, followed_rotations
    from motes.noise import noise_of

    turns, model, bad = followed_rotations(rotations), noise_of(noise), arguments.read_mask(mask)
    files = WatchFiles(out, source, context.obj, target_error, every)
    last: Update | None = None
    ended = ""
    with made(out), cluster(scheduler, threads, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key) as client:
        files.probe()
        try:
            with json_lines(log) as lines, screen(target_error, quiet) as shown:
                updates = follow(
                    source, turns, model, every=every, target_error=target_error, first=first, wait=wait,
                    patience=patience, weights=weights, mask=bad, seed=seed, threads=threads, memory=memory,
                    engine=_engine(client), notify=shown.notice,
                )  # fmt: skip
                for update in updates:
                    last = update
                    files.write(update)
                    shown.update(update)
                    if lines is not None:
                        lines(record_of(update))
                    ended = update.ended or ""
        except KeyboardInterrupt:
            if last is None:
                raise
            ended = ended or "interrupted"
            files.finish(last, ended)
        except Exception:
            if last is not None:
                files.finish(last, "failed")
            raise
    assert last is not None
    if not quiet:
        typer.echo(told_at_the_end(last, ended, out / PAGE))
    if ended == "interrupted":
        raise typer.Exit(INTERRUPTED)


def _engine(client: Client | None) -> DaskEngine | None:
    """What has the workers of a cluster make the passes."""
    if client is None:
        return None
    from motes.distributed import DaskEngine

    return DaskEngine(client)
