"""``motes evaluate``: picks against truth."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.cluster import Scheduler, TlsCa, TlsCert, TlsKey, cluster
from motes.cli.coordinates import (
    FlipY,
    Height,
    Radius,
    Source,
    Threads,
    images_at,
    paired,
    size_of,
    tell_diameters,
    tell_missing,
)
from motes.cli.observers import steps
from motes.cli.outputs import output_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from distributed import Client

    from motes import Circles, Picks
    from motes.picking import Evaluation, Matches
    from motes.picking.ranking import Map

METRICS, CURVE = "metrics.json", "precision_recall.png"
LITTLE = 0.1  # agreement from which on picks are not suspected of being turned over
OF_SCORES = ("average_precision", "auc_grid", "best_threshold")  # what picks without scores do not have


def evaluate(
    context: typer.Context,
    picks: Annotated[Path, typer.Option(help="What a picker found: a file of coordinates, or a folder of them.")],
    truth: Annotated[
        Path, typer.Option(help="The particles: likewise; those of folders are matched by the stems of their names.")
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
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Compare picks with particles: average precision, best F1, precision, recall, mean IoU, each with its interval.

    Intervals are of 95%, by resampling whole micrographs. --flip-y is of the picks. With --scheduler workers count the
    samples, and draw.
    """
    from motes import plotting, read_picks
    from motes.picking import align
    from motes.reconstruction.result import many
    from motes.report import to_json

    images = {} if micrographs is None else images_at(micrographs)
    if flip_y and images:
        height = _height_of_all(images, height)
    found, n_labelled = _found_by_picker(read_picks(picks, source, flip_y=flip_y, height=height))
    particles = read_picks(truth, truth_source)
    scored = found.score is not None or not len(found)
    names = {f"--picks {picks}": "picks", f"--truth {truth}": "truth"}
    tables = dict(zip(names, (found if scored else _alike(found), particles), strict=True))
    tables, note = paired([picks, truth], tables, images)
    if matching == "topaz" and radius is None:
        _refuse_mixed_radii(tables)
    aligned = align(tables, radius=radius, missing=missing)  # type: ignore[arg-type]
    circles = {names[table]: own for table, own in aligned.circles.items()}
    if not len(circles["picks"]):
        raise ValueError(f"{picks}: no picks on {many(len(aligned.micrographs), 'micrograph')}, nothing to evaluate")
    if images and not images.keys() & set(aligned.micrographs):
        raise ValueError(
            f"--micrographs {micrographs}: of {many(len(aligned.micrographs), 'micrograph')} none is there, by its stem"
        )
    if len(circles["truth"]):
        _refuse_sizes(**circles, iou=iou)
    pictures = {name: f"overlay_{name}.png" for name in aligned.micrographs} if overlays else {}
    with (
        output_folder(out, (METRICS, CURVE, *pictures.values())) as staging,
        cluster(scheduler, threads, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key) as client,
    ):
        seen = {name: images[name] if client is None else images[name].resolve() for name in pictures if name in images}
        each = _each(client, seen.values())
        result = _evaluation(client, **circles, iou=iou, rule=matching, threads=threads)
        told = _metrics(result, scored) | {
            "matching": matching,
            "iou": iou,
            "radius": radius,
            "n_micrographs": len(aligned.micrographs),
            "missing": {
                "fate": missing,
                "micrographs": {name: [names[table] for table in lacking] for name, lacking in aligned.missing.items()},
            },
            **_origin(context),
        }
        (staging / METRICS).write_text(to_json(told, indent=2) + "\n", encoding="utf-8")
        plotting.precision_recall({picks.stem: result}).savefig(staging / CURVE)
        threshold = result.best_threshold.value
        to_draw = (
            Overlay(result.matches.of_micrograph(m), seen.get(name), threshold, name) for m, name in enumerate(pictures)
        )
        for name, png in zip(steps(list(pictures), "drawing"), each(draw, to_draw), strict=True):
            (staging / pictures[name]).write_bytes(png)
    if note:
        typer.echo(note, err=True)
    if n_labelled:
        typer.echo(
            f"motes: note: {picks}: a person has labelled {n_labelled:,} of the picks, and may have removed others: "
            "evaluate on micrographs without labels; particles that the picker did not see are left out of the picks",
            err=True,
        )
    if not scored:
        typer.echo("motes: note: the picks hold no scores: all count alike, and there is no threshold", err=True)
    tell_missing(aligned.missing, missing == "count")
    if over := _turned_over(**circles, now=told, flip_y=flip_y, iou=iou, rule=matching):
        typer.echo(f"motes: note: {over}", err=True)
    elif not result.matches.n_found:
        typer.echo("motes: note: no pick is near a particle; motes info tells whether picks are turned over", err=True)
    elif _ends_at_best(circles["picks"], result):
        typer.echo(
            "motes: note: the best threshold is the least score of the picks: others of lower scores, which are not "
            "there, might raise F1, and average precision counts only those that were kept",
            err=True,
        )
    tell_diameters({table: own.radii for table, own in aligned.circles.items()}, radius and 2 * radius)
    typer.echo(_table(told))
    typer.echo(f"look at {out}")


@dataclass(frozen=True)
class Overlay:
    """A picture that is to be drawn: picks and particles of one micrograph, on it where it is at hand."""

    matches: Matches
    image: Path | None
    threshold: float
    title: str


def draw(overlay: Overlay) -> bytes:
    """The picture, as PNG."""
    from io import BytesIO

    from motes import plotting, read_micrograph

    image = None if overlay.image is None else read_micrograph(overlay.image).data
    figure = plotting.overlay(overlay.matches, 0, image, threshold=overlay.threshold, title=overlay.title)
    png = BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()


def _each(client: Client | None, files: Iterable[Path]) -> Map:
    """Who draws: this process, or workers that see these files."""
    if client is None:
        return map
    from motes.distributed.each import Each
    from motes.distributed.files import Files
    from motes.distributed.libraries import DRAWING

    return Each(client, Files.of(files), libraries=DRAWING)


def _evaluation(client: Client | None, picks: Circles, truth: Circles, **options: Any) -> Evaluation:
    """Of this process, or of workers."""
    if client is None:
        from motes.picking import evaluate as compare

        return compare(picks, truth, **options)
    from motes import distributed

    return distributed.evaluate(picks, truth, client=client, **options)


def _found_by_picker(picks: Picks) -> tuple[Picks, int]:
    """Picks without those that a person added to a picker's; and how many a person has labelled."""
    from motes.picks.relion import LABELLED, UNLABELLED, UNSEEN

    said = picks.extra.get(LABELLED)
    if said is None:
        return picks, 0
    return picks[said != UNSEEN], int((said != UNLABELLED).sum())


def _ends_at_best(picks: Circles, result: Evaluation) -> bool:
    """Whether F1 is best with all the picks, of several scores, and misses particles that more picks might find."""
    scores = picks.scores
    if scores is None or not result.matches.n_found or scores.min() == scores.max():
        return False
    return bool(result.best_threshold.value <= scores.min()) and result.recall.value < 1


def _alike(picks: Picks) -> Picks:
    """Picks without scores count alike: all have the same."""
    import numpy as np

    return replace(picks, score=np.zeros(len(picks)))


def _refuse_mixed_radii(tables: dict[str, Picks]) -> None:
    """Topaz matches by one distance: the first circle of another radius is named, by micrograph and row of its file."""
    import numpy as np

    one = next((picks.radius[0] for picks in tables.values() if picks.radius is not None and len(picks)), None)
    for table, picks in tables.items():
        for name, part in picks.by_micrograph():
            if part.radius is not None and (part.radius != one).any():
                row = int(np.argmax(part.radius != one))
                raise ValueError(
                    f"{table}: {name}, row {row + 1}: radius {part.radius[row]:g}, where the first has {one:g}; "
                    "--matching topaz needs one for all, give --radius"
                )


def _refuse_sizes(picks: Circles, truth: Circles, iou: float) -> None:
    """Circles that differ so much in size that none can match."""
    small, large = sorted((picks.radii, truth.radii), key=lambda radii: float(radii.max()))
    most = (float(small.max()) / float(large.min())) ** 2
    if most < 1 and most <= iou:
        raise ValueError(
            f"circles of these sizes have an IoU of {most:.3g} at most, and none above {iou:g}: "
            "give --radius of a particle, for both"
        )


def _turned_over(picks: Circles, truth: Circles, *, now: Mapping[str, Any], flip_y: bool, iou: float, rule: str) -> str:
    """What picks that agree with little would reach with y counted from the other end, if that is much more."""
    from motes.picking import evaluate as compare
    from motes.picking.turned import turned, turned_height

    name = "best_f1" if now["average_precision"]["value"] is None else "average_precision"
    reached = now[name]["value"]
    if reached is None or reached >= LITTLE or (height := turned_height(picks, truth)) is None:
        return ""
    result = compare(turned(picks, height), truth, iou=iou, rule=rule)  # type: ignore[arg-type]
    better = result.as_dict()[name]["value"]
    if better < 2 * LITTLE:
        return ""
    way = "without --flip-y" if flip_y else f"with --flip-y and --height, about {height},"
    return f"picks look turned over: {way} the {name.replace('_', ' ')} would be {better:.2g}, not {reached:.2g}"


def _height_of_all(images: Mapping[str, Path], asked: float | None) -> float | None:
    """The rows of every image: picks are turned over in one height."""
    (first, rows), *others = ((path, size_of(path, asked)[0]) for path in images.values())
    for other, own in others:
        if own != rows:
            told = f"--flip-y: {first} has {rows} rows, {other} has {own}; evaluate those of one height together"
            raise ValueError(told)
    return rows


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
