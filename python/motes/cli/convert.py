"""``motes convert``: particle coordinates from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motes.cli.coordinates import (
    FlipY,
    Height,
    OneMicrograph,
    Output,
    Source,
    Target,
    Width,
    above_zero,
    checked_origin,
    of_micrograph,
    size_of,
    tell_diameters,
    write_table,
)


def convert(
    picks: Annotated[Path, typer.Argument(help="A file of coordinates, or a folder of them.")],
    output: Output,
    source: Source = None,
    to: Target = None,
    flip_y: FlipY = False,
    y_origin: Annotated[
        str | None, typer.Option(help="Where y of the input counts from: top (first stored row) or bottom.")
    ] = None,
    to_y_origin: Annotated[str | None, typer.Option(help="Where y of the output counts from: top or bottom.")] = None,
    height: Height = None,
    width: Width = None,
    micrograph: OneMicrograph = None,
    scale: Annotated[
        float,
        typer.Option(
            help="Multiply coordinates and sizes, as from a down-sampled image to the micrograph.", callback=above_zero
        ),
    ] = 1.0,
    diameter: Annotated[
        float | None,
        typer.Option(
            help="Diameter of every circle in the output, pixels; instead of the input's own.", callback=above_zero
        ),
    ] = None,
    threads: Annotated[
        int | None, typer.Option(min=1, help="As everywhere; a conversion needs no more than one.")
    ] = None,
) -> None:
    """Convert particle coordinates; what the new format does not hold is said."""
    from motes import read_picks
    from motes.picks import files_of, format_of

    format_of(output, to)  # before the work
    height, width = size_of(micrograph, height, width)
    found = read_picks(picks, source, y_origin=checked_origin(y_origin, "--y-origin"), flip_y=flip_y, height=height)
    found = of_micrograph(picks, found, micrograph)
    if scale != 1:
        found = found.scaled(scale)
        height, width = (None if side is None else side * scale for side in (height, width))
    if diameter is not None:
        found = found.with_radius(diameter / 2)
    origin = checked_origin(to_y_origin, "--to-y-origin")
    sources = files_of(picks, source)
    write_table(output, found, to, sources=sources, y_origin=origin, height=height, width=width)
    typer.echo(f"read as {found.convention}{', y turned over as asked' if flip_y else ''}")
    tell_diameters({str(picks): found.radius}, diameter, "--diameter")
