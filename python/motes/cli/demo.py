"""``motes demo``: the main job end to end on a small problem, in seconds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from motes.cli.arguments import RANDOM
from motes.cli.observers import observers
from motes.cli.outputs import output_folder
from motes.cli.results import RESULTS, write_results
from motes.cli.source import source
from motes.cli.summary import summary

STORY, PATTERNS, TRUTH = "demo.png", "patterns.npz", "truth.npz"
CONTRAST = 0.5  # a third of the orientations can not be told, and the picture is found none the less


def demo(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help=f"Folder for {STORY}, {PATTERNS}, {TRUTH} and everything that reconstruct writes.",
        ),
    ] = Path("motes-demo"),
    seed: Annotated[
        int, typer.Option(min=0, help=RANDOM + "Another seed draws other patterns of the same picture.")
    ] = 7,
) -> None:
    """Hide a portrait in 100,000 patterns of 27 photons each, find it again, and draw the story in one figure."""
    import numpy as np

    from motes import Patterns, plotting, write_patterns
    from motes import reconstruct as fit
    from motes.reconstruction.options import TOLERANCE
    from motes.report import report
    from motes.simulate import task_patterns
    from motes.truth import Truth, write_truth

    file, truth_file = out / PATTERNS, out / TRUTH
    with output_folder(out, (*RESULTS, STORY, PATTERNS, TRUTH)) as staging:
        drawn = task_patterns(7, contrast=CONTRAST, seed=seed)
        truth = Truth(drawn.master, drawn.labels)
        patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns)
        with observers(tolerance=TOLERANCE, quiet=False, log=None) as callback:
            result = fit(patterns, callback=callback)
        told = report(result, context.obj, truth)
        told["input"] = source(file, None, False, np.ones(len(patterns), np.bool_), patterns)
        write_results(staging, result, told, truth)
        plotting.demo(result, patterns, truth).savefig(staging / STORY)
        write_patterns(staging / PATTERNS, patterns)
        write_truth(staging / TRUTH, truth)
    typer.echo(summary(told))
    typer.echo("the saved master is turned so that the first pattern's label is 0, the figure as the truth is")
    again = ["motes", "reconstruct", str(file), "--truth", str(truth_file), "-o", str(out / "again")]
    typer.echo(f"the same reconstruction, from the file of patterns: {shlex.join(again)}")
    typer.echo(f"look at {out / STORY}")
