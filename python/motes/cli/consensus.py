"""``motes consensus``: where several pickers agree."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

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
    paired,
    size_of,
    tell_diameters,
    tell_missing,
    write_table,
    zero_or_more,
)

if TYPE_CHECKING:
    from motes import Picks
    from motes.picking import Aligned, PickerConsensus
    from motes.picks import Format

# Where a format has room for how many pickers agree.
COUNT = {
    "star": "motesPickers",
    "star30": "motesPickers",
    "cbox": "NumBoxes",
    "topaz": "pickers",
    "cryoppp": "pickers",
    "cryosparc": "motes/pickers",
}


def consensus(
    pickers: Annotated[
        list[Path], typer.Argument(help="What each picker found: a file of coordinates, or a folder of them.")
    ],
    output: Output,
    iou: Annotated[
        float | None,
        typer.Option(help="Picks mean the same if the IoU of their circles is above this; 0.5 by default."),
    ] = None,
    distance: Annotated[
        float | None,
        typer.Option(help="Picks mean the same if their centres are closer than this, pixels.", callback=zero_or_more),
    ] = None,
    min_pickers: Annotated[int, typer.Option(min=1, help="Keep only what so many pickers agree on.")] = 1,
    radius: Radius = None,
    missing: Annotated[
        str,
        typer.Option(
            metavar="leave-out|count", help="Micrographs that a picker lacks: leave them out, or count as empty."
        ),
    ] = "leave-out",
    source: Source = None,
    to: Target = None,
    height: Height = None,
    width: Width = None,
    micrograph: OneMicrograph = None,
    threads: Threads = None,
) -> None:
    """Join what several pickers found: mean centres, how many agree, and a score of ranks, which can be compared.

    The score is the sum of each picker's rank, 0 to 1, over the number of pickers.
    """
    from motes import read_picks
    from motes.picking import align
    from motes.picking import consensus as agree
    from motes.picks import files_of, format_of

    if iou is not None and distance is not None:
        raise ValueError("--iou, --distance: expected one of them")
    form = format_of(output, to)
    height, width = size_of(micrograph, height, width)
    tables = {str(path): of_micrograph(path, read_picks(path, source, height=height), micrograph) for path in pickers}
    if len(tables) < 2:
        raise ValueError("expected two pickers or more, each with a file or folder of its own")
    for name, picks in tables.items():
        if picks.score is None and len(picks):
            raise ValueError(f"{name}: the picks hold no scores, which a consensus ranks")
    tables, note = paired(pickers, tables)
    aligned = align(tables, radius=radius, missing=missing)  # type: ignore[arg-type]
    found = agree(list(aligned.circles.values()), iou=iou, distance=distance, min_pickers=min_pickers, threads=threads)
    sources = [file for path in pickers for file in files_of(path, source)]
    write_table(output, _picks(found, aligned, tables, form), to, sources=sources, height=height, width=width)
    if note:
        typer.echo(note, err=True)
    tell_missing(aligned.missing, missing == "count")
    if distance is None:
        tell_diameters({name: circles.radii for name, circles in aligned.circles.items()}, radius and 2 * radius)
    for k in range(len(tables), min_pickers - 1, -1):
        typer.echo(f"  {int((found.n_pickers == k).sum()):8,} of {k} picker{'s' * (k > 1)}")


def _picks(found: PickerConsensus, aligned: Aligned, tables: dict[str, Picks], form: Format) -> Picks:
    """As a table, micrographs called as the first picker that has them calls them."""
    from motes import Picks
    from motes.picks import stem

    names: dict[str, str] = {}
    for picks in tables.values():
        for name in picks.micrographs:
            names.setdefault(stem(name), name)
    circles = found.circles
    room = form.name in COUNT
    count = found.n_pickers if form.name == "cryosparc" else found.n_pickers.astype(str)
    return Picks(
        circles.centres[:, 0],
        circles.centres[:, 1],
        circles.radii,
        circles.scores,
        [names[name] for name in aligned.micrographs],
        circles.micrograph,
        extra={COUNT[form.name] if room else "pickers": count},
        format=form.name if room else "",
    )
