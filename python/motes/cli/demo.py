"""``motes demo``: the main job end to end on a small problem, in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motes.cli.observers import observers
from motes.cli.outputs import output_folder
from motes.cli.results import RESULTS, write_results
from motes.cli.summary import summary

STORY, MICROGRAPH = "demo.png", "micrograph.png"
RADIUS, IOU = 13.5, 0.5  # of the sample's particles, pixels; of picks that are one
CONTRAST = 0.5  # a third of the orientations can not be told, and the picture is found none the less


def demo(
    context: typer.Context,
    out: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="DIR",
            help="Folder for demo.png, micrograph.png and everything that reconstruct writes.",
        ),
    ] = Path("motes-demo"),
) -> None:
    """Hide a portrait in 100,000 patterns of 27 photons each, find it again, and draw the story in one figure.

    Then a real micrograph: what three pickers found on it, before and after suppression.
    """
    from motes import Patterns, plotting
    from motes import reconstruct as fit
    from motes.reconstruction.options import TOLERANCE
    from motes.report import report
    from motes.simulate import task_patterns
    from motes.truth import Truth

    with output_folder(out, (*RESULTS, STORY, MICROGRAPH)) as staging:
        drawn = task_patterns(7, contrast=CONTRAST, seed=7)
        truth = Truth(drawn.master, drawn.labels)
        patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns)
        with observers(tolerance=TOLERANCE, quiet=False, log=None) as callback:
            result = fit(patterns, callback=callback)
        told = report(result, context.obj, truth)
        write_results(staging, result, told, truth)
        plotting.demo(result, patterns, truth).savefig(staging / STORY)
        told_of_picks = _draw_picks(staging / MICROGRAPH)
    typer.echo(summary(told))
    typer.echo("the saved master is turned so that the first pattern's label is 0, the figure as the truth is")
    typer.echo(told_of_picks)
    typer.echo(f"look at {out / STORY} and {out / MICROGRAPH}")


def _draw_picks(path: Path) -> str:
    """The second half: the sample micrograph, the picks of three pickers in one pool, and what suppression leaves."""
    from motes import plotting, sample
    from motes.picking import align, consensus, evaluate, pool, suppress

    real = sample.load()
    circles = align({"truth": real.particles, **real.picks}, radius=RADIUS).circles
    pickers = [circles[name] for name in real.picks]
    every = pool(pickers)
    kept = every[suppress(every, iou=IOU)]
    before, after, agreed, best = (
        evaluate(picks, circles["truth"]) for picks in (every, kept, consensus(pickers).circles, circles["crYOLO"])
    )
    others = {"consensus": agreed, "crYOLO alone": best}
    plotting.demo_picks(real.micrograph.data, before, after, others).savefig(path)
    rise = " to ".join(f"{evaluation.average_precision.value:.3f}" for evaluation in (before, after))
    return f"{len(every):,} picks on a real micrograph, {len(kept):,} after suppression: average precision {rise}"
