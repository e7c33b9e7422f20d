"""What the commands that read and write coordinates share: their options, and how tables are written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from motes import Picks
    from motes.picks import Format, Origin

NAMES = "star, star30, box, cbox, topaz, cryoppp or cryosparc"
TOLD = 5  # micrographs in a note

Output: TypeAlias = Annotated[
    Path,
    typer.Option("-o", "--out", help="File to write, or a folder for formats of one micrograph a file.", metavar="OUT"),
]
Source: TypeAlias = Annotated[
    str | None, typer.Option("--from", help=f"Format of the input: {NAMES}; by default its suffix tells.")
]
Target: TypeAlias = Annotated[
    str | None, typer.Option("--to", help="Format of the output; by default its suffix tells.")
]
FlipY: TypeAlias = Annotated[
    bool, typer.Option("--flip-y", help="The input counts y from the other end than its format has it.")
]
Height: TypeAlias = Annotated[float | None, typer.Option(help="Rows of the micrographs, for a flip and for .cs.")]
Width: TypeAlias = Annotated[float | None, typer.Option(help="Columns of the micrographs, for .cs.")]
OneMicrograph: TypeAlias = Annotated[
    Path | None, typer.Option("--micrograph", help="A micrograph that tells height and width.", metavar="FILE")
]
Radius: TypeAlias = Annotated[
    float | None, typer.Option(help="Of every circle, pixels; by default what the files hold.")
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Threads; all by default. The result does not depend on it.")
]


def size_of(
    micrograph: Path | None, height: float | None = None, width: float | None = None
) -> tuple[float | None, float | None]:
    """Height and width: as they were given, else those of the micrograph."""
    from motes import read_micrograph

    if micrograph is None:
        return height, width
    rows, columns = read_micrograph(micrograph).shape
    return height or rows, width or columns


def checked_origin(origin: str | None, option: str) -> Origin | None:
    """The word of an option."""
    if origin is None or origin == "top" or origin == "bottom":
        return origin  # type: ignore[return-value]
    raise ValueError(f"{option}: expected top or bottom, got {origin!r}")


def target_of(output: Path, to: str | None, picks: Picks) -> Format:
    """The format to write: as asked, as the suffix tells, and in a folder without either as the input was."""
    from motes.picks import FORMATS, format_of

    if to is None and not output.suffix and picks.format in FORMATS:
        return FORMATS[picks.format]
    return format_of(output, to)


def write_table(
    output: Path,
    picks: Picks,
    to: str | None,
    *,
    y_origin: Origin | None = None,
    height: float | None = None,
    width: float | None = None,
) -> None:
    """Write coordinates to a file, or to a folder that is made where it is missing; say what was written."""
    from motes import write_picks
    from motes.cli.outputs import output_folder
    from motes.picks import stem

    form = target_of(output, to, picks)
    if output.suffix.lower() == form.suffix and not output.is_dir():
        write_picks(output, picks, to, y_origin=y_origin, height=height, width=width)
    elif not form.single:
        raise ValueError(f"-o: {form.title} is one file of all micrographs, expected a name that ends in {form.suffix}")
    else:
        with output_folder(output, [f"{stem(name)}{form.suffix}" for name in picks.micrographs]):
            write_picks(output, picks, form.name, y_origin=y_origin, height=height, width=width)
    typer.echo(f"{output}: {len(picks):,} picks on {len(picks.micrographs):,} micrographs, {form.title}")


def tell_missing(missing: Mapping[str, tuple[str, ...]], counted: bool) -> None:
    """Name the micrographs that some table lacks."""
    tables = {name for names in missing.values() for name in names}
    for table in sorted(tables):
        names = [micrograph for micrograph, lacking in missing.items() if table in lacking]
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        fate = "counted as empty" if counted else "left out"
        typer.echo(f"motes: note: {fate}, not in {table}: {', '.join(names[:TOLD])}{more}", err=True)
