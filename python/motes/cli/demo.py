"""``motes demo``: the main job end to end on a small problem, in seconds."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli.arguments import RANDOM, Where
from motes.cli.coordinates import Threads
from motes.cli.observers import observers
from motes.cli.outputs import output_folder
from motes.cli.results import RESULTS, write_results
from motes.cli.source import source
from motes.cli.summary import summary

if TYPE_CHECKING:
    from motes.devices import Device

STORY, MICROGRAPH, PATTERNS, TRUTH = "demo.png", "micrograph.png", "patterns.npz", "truth.npz"
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
            help=f"Folder for {STORY}, {MICROGRAPH}, {PATTERNS}, {TRUTH} and everything that reconstruct writes.",
        ),
    ] = Path("motes-demo"),
    seed: Annotated[
        int, typer.Option(min=0, help=RANDOM + "Another seed draws other patterns of the same picture.")
    ] = 7,
    threads: Threads = None,
    device: Where = "cpu",
) -> None:
    """Hide a portrait in 100,000 patterns of 27 photons each, find it again, and draw the story in one figure.

    Then a real micrograph: what three pickers found on it, before and after suppression.
    """
    import numpy as np

    from motes import Patterns, plotting, write_patterns
    from motes import reconstruct as fit
    from motes.devices import device_of
    from motes.reconstruction.options import TOLERANCE
    from motes.report import report
    from motes.simulate import task_patterns
    from motes.truth import Truth, write_truth

    place = device_of(device)
    file, truth_file = out / PATTERNS, out / TRUTH
    with output_folder(out, (*RESULTS, STORY, MICROGRAPH, PATTERNS, TRUTH)) as staging:
        drawn = task_patterns(7, contrast=CONTRAST, seed=seed)
        truth = Truth(drawn.master, drawn.labels)
        patterns = Patterns.from_coo(drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns)
        with observers(tolerance=TOLERANCE, quiet=False, log=None) as callback:
            result = fit(patterns, threads=threads, device=place, callback=callback)
        told = report(result, context.obj, truth)
        told["input"] = source([file], None, False, np.ones(len(patterns), np.bool_), patterns)
        told["device"] = str(place)
        write_results(staging, result, told, truth)
        plotting.demo(result, patterns, truth).savefig(staging / STORY)
        told_of_picks = _draw_picks(staging / MICROGRAPH, threads, place)
        write_patterns(staging / PATTERNS, patterns)
        write_truth(staging / TRUTH, truth)
    typer.echo(summary(told))
    typer.echo("the saved master is turned so that the first pattern's label is 0, the figure as the truth is")
    again = ["motes", "reconstruct", str(file), "--truth", str(truth_file), "-o", str(out / "again")]
    typer.echo(f"the same reconstruction, from the file of patterns: {shlex.join(again)}")
    typer.echo(told_of_picks)
    typer.echo(f"look at {out / STORY} and {out / MICROGRAPH}")


def _draw_picks(path: Path, threads: int | None, device: Device) -> str:
    """The second half: the sample micrograph, the picks of three pickers in one pool, and what suppression leaves."""
    from motes import plotting, sample
    from motes.picking import align, consensus, evaluate, pool, suppress

    real = sample.load()
    circles = align({"truth": real.particles, **real.picks}, radius=RADIUS).circles
    pickers = [circles[name] for name in real.picks]
    every = pool(pickers)
    kept = every[suppress(every, iou=IOU, threads=threads, device=device)]
    before, after, agreed, best = (
        evaluate(picks, circles["truth"], threads=threads)
        for picks in (every, kept, consensus(pickers).circles, circles["crYOLO"])
    )
    others = {"consensus": agreed, "crYOLO alone": best}
    weaker = agreed.average_precision.value < best.average_precision.value
    remark = "Two weaker pickers do not add to the best." if weaker else ""
    plotting.demo_picks(real.micrograph.data, before, after, others, remark).savefig(path)
    was, now = (f"{evaluation.average_precision.value:.3f}" for evaluation in (before, after))
    return (
        f"{len(every):,} picks on a real micrograph, {len(kept):,} after suppression: "
        f"average precision {was} before, {now} after"
    )
