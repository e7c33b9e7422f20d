"""``motes suppress``: of picks that are one, the best stays; and none too close to an edge."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.arguments import Where
from motes.cli.cluster import Scheduler, TlsCa, TlsCert, TlsKey, cluster
from motes.cli.coordinates import (
    Height,
    OneMicrograph,
    Output,
    Radius,
    Source,
    Target,
    Threads,
    Width,
    of_micrograph,
    size_of,
    target_of,
    tell_diameters,
    write_table,
    zero_or_more,
)

if TYPE_CHECKING:
    from distributed import Client
    from numpy.typing import NDArray

    from motes import Circles, Picks
    from motes.devices import Device


def suppress(
    picks: Annotated[Path, typer.Argument(help="A file of coordinates, or a folder of them.")],
    output: Output,
    iou: Annotated[float | None, typer.Option(help="Picks are one if the IoU of their circles is above this.")] = None,
    distance: Annotated[
        float | None,
        typer.Option(help="Picks are one if their centres are closer than this, pixels.", callback=zero_or_more),
    ] = None,
    edge: Annotated[
        float | None,
        typer.Option(
            metavar="DISTANCE",
            help="First drop picks whose centre is closer than this to an edge of the micrograph.",
            callback=zero_or_more,
        ),
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="First drop picks of a lower score.")] = None,
    radius: Radius = None,
    source: Source = None,
    to: Target = None,
    height: Height = None,
    width: Width = None,
    micrograph: OneMicrograph = None,
    threads: Threads = None,
    device: Where = "cpu",
    scheduler: Scheduler = None,
    tls_ca: TlsCa = None,
    tls_cert: TlsCert = None,
    tls_key: TlsKey = None,
) -> None:
    """Keep the best of picks that are one, in order of score; or drop those near an edge, or of a low score.

    What stays keeps its order, and within one format all its columns.
    """
    import numpy as np

    from motes import read_picks
    from motes.devices import device_of
    from motes.picking import away_from_edges
    from motes.picks import files_of

    if iou is distance is edge is min_score is None:
        raise ValueError("expected --iou or --distance, --edge or --min-score: nothing was asked for")
    if iou is not None and distance is not None:
        raise ValueError("--iou, --distance: expected one of them")
    if min_score is not None and not np.isfinite(min_score):
        raise ValueError(f"--min-score: expected a finite number, got {min_score}")
    if scheduler is not None and device != "cpu":
        raise ValueError(f"--scheduler: workers compute with processors, got --device {device} too; leave out one")
    place = device_of(device)
    height, width = size_of(micrograph, height, width)
    found = of_micrograph(picks, read_picks(picks, source, height=height), micrograph)
    _refuse_outside(picks, found, height, width)
    target_of(output, to, found)  # before the work
    if radius is not None:
        found = found.with_radius(radius)
    before = len(found)
    if found.score is None:
        if len(found) and not (min_score is iou is distance is None):
            raise ValueError(f"{picks}: the picks hold no scores, so none is the best")
    elif min_score is not None:
        found = found[np.asarray(found.score >= min_score)]
    if edge is not None:
        if height is None or width is None:
            raise ValueError("shape: needed to know where the edges are")
        shape = (height, width)
        found = _those(picks, found, lambda circles: away_from_edges(circles, shape, edge))
    if iou is not None or distance is not None:
        with cluster(scheduler, threads, tls_ca=tls_ca, tls_cert=tls_cert, tls_key=tls_key) as client:
            best_of = _suppression(client, threads, place)
            found = _those(picks, found, lambda circles: best_of(circles, iou=iou, distance=distance), iou)
    write_table(output, found, to, sources=files_of(picks, source), height=height, width=width)
    typer.echo(f"{before - len(found):,} of {before:,} picks dropped")
    if iou is not None:
        tell_diameters({str(picks): found.radius}, radius and 2 * radius)


def _suppression(client: Client | None, threads: int | None, device: Device) -> Callable[..., NDArray[Any]]:
    """What suppresses: workers, or this process."""
    if client is not None:
        from motes import distributed

        return partial(distributed.suppress, client=client)
    from motes.picking import suppress as best_of

    return partial(best_of, threads=threads, device=device)


def _refuse_outside(path: Path, picks: Picks, height: float | None, width: float | None) -> None:
    """Picks that are not on the micrograph tell that its size is another; by corners or by centres makes a pixel."""
    import numpy as np

    for axis, values, side, option in (("x", picks.x, width, "--width"), ("y", picks.y, height, "--height")):
        outside = np.zeros(len(picks), bool) if side is None else (values < -1) | (values > side)
        if outside.any():
            row = int(np.argmax(outside))
            raise ValueError(
                f"{path}: pick {row + 1} of {len(picks)} is at {axis} = {values[row]:g}, expected 0 to {side:g}: "
                f"{np.count_nonzero(outside):,} lie beyond what {option} or --micrograph says"
            )


def _those(path: Path, picks: Picks, choose: Callable[[Circles], NDArray[Any]], iou: float | None = None) -> Picks:
    """The rows whose circles are chosen, in their order; without an IoU any radius does."""
    import numpy as np

    from motes.picking import circles_of

    if iou is not None and picks.radius is None and len(picks):
        raise ValueError(f"{path}: the picks hold no radius; give radius")
    circles, rows = circles_of(picks, radius=1.0 if iou is None else None)
    return picks[np.sort(rows[choose(circles)])]
