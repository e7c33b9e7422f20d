"""What the commands that read and write coordinates share: their options, and how tables are written."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from motes import Picks
    from motes.picks import Format, Origin

NAMES = "star, star30, box, cbox, topaz, cryoppp or cryosparc"
TOLD = 10  # micrographs in a note


def above_zero(value: float | None) -> float | None:
    """What an option says, which has to be finite and above 0."""
    if value is not None and not 0 < value < inf:
        raise typer.BadParameter(f"expected a finite number above 0, got {value:g}")
    return value


def zero_or_more(value: float | None) -> float | None:
    """What an option says, which has to be finite and not below 0."""
    if value is not None and not 0 <= value < inf:
        raise typer.BadParameter(f"expected 0 or more, got {value:g}")
    return value


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
Height: TypeAlias = Annotated[
    float | None, typer.Option(help="Rows of the micrographs, for a flip and for .cs.", callback=above_zero)
]
Width: TypeAlias = Annotated[
    float | None, typer.Option(help="Columns of the micrographs, for .cs.", callback=above_zero)
]
OneMicrograph: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--micrograph", help="A micrograph that tells height and width, and the name of picks of one.", metavar="FILE"
    ),
]
Radius: TypeAlias = Annotated[
    float | None,
    typer.Option(help="Of every circle, pixels, half a diameter; by default what the files hold.", callback=above_zero),
]
Threads: TypeAlias = Annotated[
    int | None, typer.Option(min=1, help="Threads; all by default. The result does not depend on it.")
]


def size_of(
    micrograph: Path | None, height: float | None = None, width: float | None = None
) -> tuple[float | None, float | None]:
    """Height and width: those of the micrograph, which must be what was given; without one, what was given."""
    from motes import read_micrograph

    if micrograph is None:
        return height, width
    shape = read_micrograph(micrograph).shape
    for option, given, own in (("--height", height, shape[0]), ("--width", width, shape[1])):
        if given not in (None, own):
            raise ValueError(f"{option}: {given:g}, but {micrograph} has {own}")
    return shape


def of_micrograph(path: Path, picks: Picks, micrograph: Path | None) -> Picks:
    """Picks that no more than the name of their file says to be of a micrograph, under that of the one named."""
    if micrograph is None or not _named_by_file(path, picks):
        return picks
    return replace(picks, micrographs=(micrograph.name,))


def images_at(path: Path) -> dict[str, Path]:
    """A micrograph, or those of a folder, by the stems of their names."""
    from motes.micrograph import images_of

    if path.is_dir():
        return images_of(path)
    if not path.exists():
        told = (
            "expected a file or a folder, got a pattern" if set("*?[") & set(str(path)) else "no such file or directory"
        )
        raise ValueError(f"--micrographs {path}: {told}")
    return {path.stem: path}


def paired(
    paths: Sequence[Path], tables: Mapping[str, Picks], images: Collection[str] = ()
) -> tuple[dict[str, Picks], str]:
    """Files of one micrograph each are of the same, whatever the files are called; and a note that says so, or none.

    It is called as a table itself says, else after a file that is called as one of `images`, the only image, any file.
    """
    from motes.picks import stem

    own = {path: picks for path, picks in zip(paths, tables.values(), strict=True) if len(picks.micrographs) == 1}
    if len(own) < len(tables) or not all(path.is_file() for path in own):
        return dict(tables), ""
    names = {path: stem(*picks.micrographs) for path, picks in own.items()}
    said = {names[path] for path, picks in own.items() if not _named_by_file(path, picks)}
    if len(set(names.values())) == 1 or len(said) > 1:
        return dict(tables), ""
    pictured = [name for name in names.values() if name in images]
    name = [*said, *pictured, *(images if len(images) == 1 else ()), *names.values()][0]
    note = f"motes: note: {' and '.join(map(str, paths))} are taken to be of one micrograph, {name}"
    return {table: replace(picks, micrographs=(name,)) for table, picks in tables.items()}, note


def _named_by_file(path: Path, picks: Picks) -> bool:
    return path.is_file() and picks.micrographs == (path.stem,)


def tell_diameters(radii: Mapping[str, NDArray[Any] | None], asked: float | None, option: str = "--radius") -> None:
    """Say which diameter is used, and where it is from: an option, or each table itself."""
    if asked is not None:
        typer.echo(f"diameter {asked:g} pixels, from {option}")
        return
    for table, values in radii.items():
        if values is None or not values.size:
            typer.echo(f"diameter unknown, {table} holds none")
        else:
            low, high = 2 * float(values.min()), 2 * float(values.max())
            typer.echo(f"diameter {low:g}{f' to {high:g}' if low < high else ''} pixels, from {table}")


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
    sources: Iterable[Path],
    y_origin: Origin | None = None,
    height: float | None = None,
    width: float | None = None,
) -> None:
    """Write coordinates to a file, or to a folder that is made where it is missing; say what was written.

    None of the files that were read, `sources`, is overwritten.
    """
    from motes import write_picks
    from motes.cli.outputs import output_folder
    from motes.picks import FORMATS, files_of, stem

    form = target_of(output, to, picks)
    if output.suffix.lower() == form.suffix and not output.is_dir():
        _refuse_same([output], sources)
        write_picks(output, picks, to, y_origin=y_origin, height=height, width=width)
    elif not form.single:
        raise ValueError(f"-o: {form.title} is one file of all micrographs, expected a name that ends in {form.suffix}")
    elif not output.is_dir() and output.suffix.lower() in {other.suffix for other in FORMATS.values()}:
        raise ValueError(f"-o {output}: for {form.title} expected a name that ends in {form.suffix}, or a folder")
    else:
        names = [f"{stem(name)}{form.suffix}" for name in picks.micrographs]
        _refuse_same([output / name for name in names], sources)
        with output_folder(output, names):
            write_picks(output, picks, form.name, y_origin=y_origin, height=height, width=width)
        if older := sum(file.name not in names for file in files_of(output)):
            what = "coordinate files that were there before stay" if older > 1 else "coordinate file from before stays"
            typer.echo(f"motes: note: {output}: {older:,} {what}", err=True)
    n = len(picks.micrographs)
    typer.echo(f"{output}: {len(picks):,} picks on {n:,} micrograph{'s' * (n != 1)}, {form.title}")
    typer.echo(f"written as {form.convention(y_origin, height)}")


def _refuse_same(targets: Iterable[Path], sources: Iterable[Path]) -> None:
    """Refuse to overwrite what was read."""
    read = {source.resolve() for source in sources}
    for target in targets:
        if target.resolve() in read:
            raise ValueError(f"-o: needs another file than the input, got {target} for both")


def tell_missing(missing: Mapping[str, tuple[str, ...]], counted: bool) -> None:
    """Name the micrographs that some table lacks."""
    tables = {name for names in missing.values() for name in names}
    for table in sorted(tables):
        names = [micrograph for micrograph, lacking in missing.items() if table in lacking]
        more = f" and {len(names) - TOLD} more" if len(names) > TOLD else ""
        fate = "counted as empty" if counted else "left out"
        typer.echo(f"motes: note: {fate}, not in {table}: {', '.join(names[:TOLD])}{more}", err=True)
