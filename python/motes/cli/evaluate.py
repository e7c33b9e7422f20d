"""``motes evaluate``: picks against truth."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.coordinates import FlipY, Height, Radius, Source, Threads, tell_missing
from motes.cli.observers import steps
from motes.cli.outputs import output_folder

if TYPE_CHECKING:
    from motes import Picks
    from motes.picking import Aligned, Evaluation

METRICS, CURVE = "metrics.json", "precision_recall.png"
OF_SCORES = ("average_precision", "auc_grid", "best_threshold")  # what picks without scores do not have


def evaluate(
    context: typer.Context,
    picks: Annotated[Path, typer.Option(help="What a picker found: a file of coordinates, or a folder of them.")],
    truth: Annotated[
        Path, typer.Option(help="The particles: likewise; micrographs are matched by the stems of their names.")
    ],
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="DIR", help=f"Folder for {METRICS}, {CURVE} and an overlay for each micrograph."
        ),
    ],
    radius: Radius = None,
    iou: Annotated[
        float, typer.Option(help="A pick is near a particle if the IoU of their circles is above this.")
    ] = 0.5,
    source: Source = None,
    truth_source: Annotated[str | None, typer.Option("--truth-from", help="Format of the particles, likewise.")] = None,
    flip_y: FlipY = False,
    height: Height = None,
    matching: Annotated[
        str,
        typer.Option(
            metavar="greedy|optimal|best|topaz|first",
            help="greedy: one-to-one, by score. best: several picks may claim one particle, as crYOLO counts. "
            "topaz: one-to-one, as Topaz counts.",
        ),
    ] = "greedy",
    missing: Annotated[
        str,
        typer.Option(
            metavar="leave-out|count", help="Micrographs that lack picks or truth: leave them out, or count as empty."
        ),
    ] = "leave-out",
    micrographs: Annotated[
        Path | None, typer.Option(help="A micrograph, or a folder of them, to draw picks on.", metavar="FILE|DIR")
    ] = None,
    overlays: Annotated[bool, typer.Option(help="Draw a picture for each micrograph.")] = True,
    threads: Threads = None,
) -> None:
    """Compare picks with particles: average precision, best F1, precision, recall, mean IoU, each with its interval.

    Intervals are of 95%, by resampling whole micrographs. --flip-y is of the picks.
    """
    from motes import plotting, read_micrograph, read_picks
    from motes.picking import align
    from motes.picking import evaluate as compare
    from motes.report import to_json

    found = read_picks(picks, source, flip_y=flip_y, height=height)
    particles = read_picks(truth, truth_source)
    scored = found.score is not None or not len(found)
    tables = {"picks": found if scored else _alike(found), "truth": particles}
    aligned = align(tables, radius=radius, missing=missing)  # type: ignore[arg-type]
    if not len(aligned.circles["picks"]):
        raise ValueError(f"{picks}: no picks on {len(aligned.micrographs)} micrographs, nothing to evaluate")
    images = {} if micrographs is None or not overlays else _images(micrographs, aligned)
    pictures = {name: f"overlay_{name}.png" for name in aligned.micrographs} if overlays else {}
    with output_folder(out, (METRICS, CURVE, *pictures.values())) as staging:
        result = compare(**aligned.circles, iou=iou, rule=matching, threads=threads)  # type: ignore[arg-type]
        told = _metrics(result, scored) | {
            "matching": matching,
            "iou": iou,
            "radius": radius,
            "n_micrographs": len(aligned.micrographs),
            "missing": {"fate": missing, "micrographs": aligned.missing},
            **_origin(context),
        }
        (staging / METRICS).write_text(to_json(told, indent=2) + "\n", encoding="utf-8")
        plotting.precision_recall({picks.stem: result}).savefig(staging / CURVE)
        for name in steps(list(pictures), "drawing"):
            image = read_micrograph(images[name]).data if name in images else None
            m, threshold = aligned.micrographs.index(name), result.best_threshold.value
            figure = plotting.overlay(result.matches, m, image, threshold=threshold, title=name)
            figure.savefig(staging / pictures[name])
    tell_missing(aligned.missing, missing == "count")
    if not result.matches.n_found:
        typer.echo("motes: note: no pick is near a particle; motes info tells whether picks are turned over", err=True)
    typer.echo(_table(told))
    typer.echo(f"look at {out}")


def _alike(picks: Picks) -> Picks:
    typer.echo("motes: note: the picks hold no scores: all count alike, and there is no threshold", err=True)
    import numpy as np

    return replace(picks, score=np.zeros(len(picks)))


def _images(path: Path, aligned: Aligned) -> dict[str, Path]:
    """Where each micrograph's image is."""
    from motes.micrograph import SUFFIXES

    files = [file for file in sorted(path.iterdir()) if file.suffix.lower() in SUFFIXES] if path.is_dir() else [path]
    images = {file.stem: file for file in files if file.stem in aligned.micrographs}
    if not images:
        raise ValueError(f"{path}: none of the {len(aligned.micrographs)} micrographs is there, by its stem")
    return images


def _metrics(result: Evaluation, scored: bool) -> dict[str, Any]:
    nothing = {"value": None, "low": None, "high": None}
    return result.as_dict() | ({} if scored else dict.fromkeys(OF_SCORES, nothing))


def _origin(context: typer.Context) -> dict[str, str]:
    from motes import __version__

    return {"version": __version__, "command": context.obj}


def _table(told: dict[str, Any]) -> str:
    """Names and figures in two columns."""
    rows = {"picks": f"{told['n_picks']:,}", "particles": f"{told['n_truth']:,}"}
    rows["micrographs"] = f"{told['n_micrographs']:,}"
    for name, figure in told.items():
        if isinstance(figure, dict) and figure.get("value") is not None:
            low, high = figure["low"], figure["high"]
            interval = "" if low is None else f"   {low:.4f} to {high:.4f}"
            rows[name.replace("_", " ")] = f"{figure['value']:.4f}{interval}"
    width = max(map(len, rows))
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows.items())
