"""``motes convert``: photon patterns, or particle coordinates, from one format to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.coordinates import (
    FlipY,
    Height,
    OneMicrograph,
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

if TYPE_CHECKING:
    from collections.abc import Sequence

COORDINATES, PATTERNS = "Particle coordinates", "Photon patterns"


def convert(
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="A file of coordinates, or a folder of them; or photon patterns, several of which follow each other.",
        ),
    ],
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            metavar="OUT",
            help="File to write; its suffix tells the format. Of patterns .zarr, a store for what is larger than "
            "memory, .emc, .h5, .npz or .npy; for coordinates of one micrograph a file also a folder.",
        ),
    ],
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
        float | None,
        typer.Option(
            help="Multiply coordinates and sizes, as from a down-sampled image to the micrograph.", callback=above_zero
        ),
    ] = None,
    diameter: Annotated[
        float | None,
        typer.Option(
            help="Diameter of every circle in the output, pixels; instead of the input's own.", callback=above_zero
        ),
    ] = None,
    task: Annotated[
        int | None, typer.Option(rich_help_panel=PATTERNS, help="Task of the challenge, of an archive with several.")
    ] = None,
    shape: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=PATTERNS,
            metavar="HxW",
            help="Rows and columns of the images, where the file does not tell; by default a square.",
        ),
    ] = None,
    n_patterns: Annotated[
        int | None,
        typer.Option(
            "--patterns", min=1, rich_help_panel=PATTERNS, help="Number of patterns, which photon pairs do not tell."
        ),
    ] = None,
    section_bytes: Annotated[
        str | None,
        typer.Option(
            rich_help_panel=PATTERNS,
            metavar="BYTES",
            help="Of a store: what a section takes in memory, about, such as 16MiB, the default.",
        ),
    ] = None,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            rich_help_panel=PATTERNS,
            help="Replace a store (.zarr) that is there, once the new one is complete. Without it that is an error, "
            "unless the store is what is converted; other files are replaced as everywhere.",
        ),
    ] = False,
    skip_damaged: Annotated[
        bool,
        typer.Option(
            "--skip-damaged",
            rich_help_panel=PATTERNS,
            help="Leave out sections of a store that are damaged or missing, and name them: patterns behind them get "
            "other numbers. By default they are an error. Reads the whole store once more.",
        ),
    ] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="As everywhere; a conversion needs no more than one.")
    ] = None,
) -> None:
    """Convert photon patterns, part by part, so that they may be larger than memory; or particle coordinates.

    Of coordinates, what the new format does not hold is said.
    """
    of_coordinates = {
        "--from": source, "--to": to, "--flip-y": flip_y or None, "--y-origin": y_origin, "--to-y-origin": to_y_origin,
        "--height": height, "--width": width, "--micrograph": micrograph, "--scale": scale, "--diameter": diameter,
    }  # fmt: skip
    of_patterns = {
        "--task": task, "--shape": shape, "--patterns": n_patterns, "--section-bytes": section_bytes,
        "--overwrite": overwrite or None, "--skip-damaged": skip_damaged or None,
    }  # fmt: skip
    if _are_patterns(files, output, to):
        _refuse(of_coordinates, "particle coordinates, and these are photon patterns")
        _require_leave([] if skip_damaged else files, output, overwrite)
        asked: dict[str, Any] = {"task": task, "shape": shape, "n_patterns": n_patterns, "skip_damaged": skip_damaged}
        _patterns(files, output, section_bytes=section_bytes, **asked)
        return
    _refuse(of_patterns, "photon patterns, and these are particle coordinates")
    if len(files) > 1:
        raise ValueError(f"FILE: of coordinates expected one file, or a folder of them; got {len(files)}")
    from motes import read_picks
    from motes.picks import files_of, format_of

    picks = files[0]
    format_of(output, to)  # before the work
    height, width = size_of(micrograph, height, width)
    found = read_picks(picks, source, y_origin=checked_origin(y_origin, "--y-origin"), flip_y=flip_y, height=height)
    found = of_micrograph(picks, found, micrograph)
    if scale is not None:
        found = found.scaled(scale)
        height, width = (None if side is None else side * scale for side in (height, width))
    if diameter is not None:
        found = found.with_radius(diameter / 2)
    origin = checked_origin(to_y_origin, "--to-y-origin")
    sources = files_of(picks, source)
    write_table(output, found, to, sources=sources, y_origin=origin, height=height, width=width)
    typer.echo(f"read as {found.convention}{', y turned over as asked' if flip_y else ''}")
    tell_diameters({str(picks): found.radius}, diameter, "--diameter")


def _are_patterns(files: Sequence[Path], output: Path, to: str | None) -> bool:
    """Whether patterns are to be converted, by the suffixes: formats of patterns and of coordinates share none."""
    from motes.conversion import SUFFIXES
    from motes.stored import is_store

    known = any(path.suffix.lower() in SUFFIXES for path in (*files, output)) or any(map(is_store, files))
    return to is None and known


def _refuse(options: dict[str, Any], kind: str) -> None:
    for name, given in options.items():
        if given is not None:
            raise ValueError(f"{name}: is for {kind}")


def _require_leave(files: Sequence[Path], output: Path, overwrite: bool) -> None:
    """Refuse to replace a store, which may have taken hours, unless that was asked for or it is what is converted."""
    from motes.stored import SUFFIX

    is_there = output.suffix.lower() == SUFFIX and output.is_dir() and any(output.iterdir())
    if is_there and not overwrite and not any(path.exists() and path.samefile(output) for path in files):
        raise ValueError(f"{output}: is there already; --overwrite replaces it, or give another name")


def _patterns(
    files: Sequence[Path],
    output: Path,
    *,
    task: int | None,
    shape: str | None,
    n_patterns: int | None,
    section_bytes: str | None,
    skip_damaged: bool,
) -> None:
    from motes.cli.arguments import shape_of
    from motes.cli.observers import counting
    from motes.conversion import convert_patterns
    from motes.errors import DamagedSection, FormatError
    from motes.memory import memory_bytes
    from motes.writing import SECTION_BYTES

    if n_patterns is not None and len(files) > 1:
        raise ValueError(f"--patterns: is for one file, got {len(files)}")
    size = SECTION_BYTES if section_bytes is None else memory_bytes(section_bytes, "--section-bytes")
    with counting(f"writing {output.name}") as tell:
        try:
            done = convert_patterns(
                files, output, task=task, shape=shape_of(shape), n_patterns=n_patterns, section_bytes=size,
                skip_damaged=skip_damaged, callback=tell,
            )  # fmt: skip
        except DamagedSection as error:
            if "--skip-damaged" in str(error):
                raise
            raise FormatError(f"{error}; --skip-damaged leaves its patterns out") from error
    height, width = done.shape
    typer.echo(
        f"{output.name}: {done.n_patterns:,} patterns of {height}x{width} pixels, {done.n_photons:,} photons, "
        f"from {', '.join(path.name for path in files)}"
    )
    for note in done.notes:
        typer.echo(f"motes: note: {note}", err=True)
