"""``motes demo``: the main job end to end on a small problem, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motes.cli.observers import observers
from motes.cli.outputs import output_folder
from motes.cli.results import RESULTS, write_results
from motes.cli.summary import summary

STORY = "demo.png"
CONTRAST = 0.5  # a third of the orientations can not be told, and the picture is found none the less


def demo(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option("-o", "--out", metavar="DIR", help="Folder for demo.png and everything that reconstruct writes."),
    ] = Path("motes-demo"),
) -> None:
    """Hide a portrait in 100,000 patterns of 27 photons each, find it again, and draw the story in one figure."""
    from motes import Patterns, plotting
    from motes import reconstruct as fit
    from motes.reconstruction.options import TOLERANCE
    from motes.report import report
    from motes.simulate import task_patterns
    from motes.truth import Truth

    with output_folder(out, (*RESULTS, STORY)) as staging:
        drawn = task_patterns(7, contrast=CONTRAST, seed=7)
        truth = Truth(drawn.master, drawn.labels)
        patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns)
        with observers(tolerance=TOLERANCE, quiet=False, log=None) as callback:
            result = fit(patterns, callback=callback)
        told = report(result, context.obj, truth)
        write_results(staging, result, told, truth)
        plotting.demo(result, patterns, truth).savefig(staging / STORY)
    typer.echo(summary(told))
    typer.echo("the saved master is turned so that the first pattern's label is 0, the figure as the truth is")
    typer.echo(f"look at {out / STORY}")
