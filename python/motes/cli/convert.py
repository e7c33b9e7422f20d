"""``motes convert``: particle coordinates from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motes import Picks
    from motes.picks import Format, Origin

NAMES = "star, star30, box, cbox, topaz, cryoppp or cryosparc"


def convert(
    picks: Annotated[Path, typer.Argument(help="A file of coordinates, or a folder of them.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            help="File to write; with --to, a folder for formats of one micrograph a file.",
            metavar="OUT",
        ),
    ],
    source: Annotated[
        str | None, typer.Option("--from", help=f"Format of the input: {NAMES}; by default its suffix tells.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="Format of the output; by default its suffix tells.")] = None,
    flip_y: Annotated[
        bool, typer.Option("--flip-y", help="The input counts y from the other end than its format has it.")
    ] = False,
    y_origin: Annotated[
        str | None, typer.Option(help="Where y of the input counts from: top (first stored row) or bottom.")
    ] = None,
    to_y_origin: Annotated[str | None, typer.Option(help="Where y of the output counts from: top or bottom.")] = None,
    height: Annotated[float | None, typer.Option(help="Rows of the micrographs, for a flip and for .cs.")] = None,
    width: Annotated[float | None, typer.Option(help="Columns of the micrographs, for .cs.")] = None,
    micrograph: Annotated[
        Path | None, typer.Option(help="A micrograph that tells height and width.", metavar="FILE")
    ] = None,
    scale: Annotated[
        float, typer.Option(help="Multiply coordinates and sizes, as from a down-sampled image to the micrograph.")
    ] = 1.0,
    diameter: Annotated[
        float | None, typer.Option(help="Diameter of every circle in the output, pixels; instead of the input's own.")
    ] = None,
) -> None:
    """Convert particle coordinates; what the new format does not hold is said."""
    from motes import read_micrograph, read_picks, write_picks
    from motes.picks import format_of

    if micrograph is not None:
        rows, columns = read_micrograph(micrograph).shape
        height, width = height or rows, width or columns
    target = format_of(output, to)
    found = read_picks(picks, source, y_origin=_checked(y_origin, "--y-origin"), flip_y=flip_y, height=height)
    if scale != 1:
        found = found.scaled(scale)
        height, width = (None if side is None else side * scale for side in (height, width))
    if diameter is not None:
        found = found.with_radius(diameter / 2)
    origin = _checked(to_y_origin, "--to-y-origin")
    if output.suffix.lower() == target.suffix and not output.is_dir():
        write_picks(output, found, to, y_origin=origin, height=height, width=width)
    else:
        _write_folder(output, found, target, origin, height, width)
    typer.echo(f"{output}: {len(found):,} picks on {len(found.micrographs):,} micrographs, {target.title}")
    typer.echo(f"read as {found.convention}")


def _write_folder(
    folder: Path, picks: Picks, form: Format, y_origin: Origin | None, height: float | None, width: float | None
) -> None:
    """One file a micrograph, in a folder that is made where it is missing."""
    from motes import write_picks
    from motes.cli.outputs import output_folder
    from motes.picks import stem

    if not form.single:
        raise ValueError(f"-o: {form.title} is one file of all micrographs, expected a name that ends in {form.suffix}")
    with output_folder(folder, [f"{stem(name)}{form.suffix}" for name in picks.micrographs]):
        write_picks(folder, picks, form.name, y_origin=y_origin, height=height, width=width)


def _checked(origin: str | None, option: str) -> Origin | None:
    if origin is None or origin == "top" or origin == "bottom":
        return origin  # type: ignore[return-value]
    raise ValueError(f"{option}: expected top or bottom, got {origin!r}")
