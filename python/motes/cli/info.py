"""``motes info``: what is in this file, and which way up picks are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motes import Picks
    from motes.files import Finding


def info(
    file: Annotated[
        Path | None,
        typer.Argument(help="A file of photon patterns, coordinates or a micrograph, in any format that motes reads."),
    ] = None,
    picks: Annotated[
        Path | None, typer.Option(help="Coordinates to be held against --micrograph.", metavar="FILE")
    ] = None,
    micrograph: Annotated[
        Path | None, typer.Option(help="Tell which flip of --picks this micrograph makes likely.", metavar="FILE")
    ] = None,
    diameter: Annotated[
        float | None, typer.Option(help="Of a particle, pixels; needed where the picks tell none.")
    ] = None,
) -> None:
    """Say what a file holds: patterns, coordinates or a micrograph. The whole file is read and checked.

    With --picks and --micrograph: the likely flip of the picks. It is a report, and nothing is flipped.
    """
    if file is None and picks is None and micrograph is None:
        raise ValueError("expected a file, or --picks and --micrograph")
    for path in (file, picks, micrograph):
        if path is not None:
            for line in _lines(path):
                typer.echo(line)
    if picks is not None and micrograph is not None:
        _tell_flip(picks, micrograph, diameter)


def _lines(path: Path) -> list[str]:
    from motes import describe, read_micrograph, read_picks
    from motes.micrograph import SUFFIXES as IMAGES
    from motes.picks import SUFFIXES as COORDINATES

    suffix = path.suffix.lower()
    if suffix in COORDINATES or path.is_dir():
        return _of_picks(path, read_picks(path))
    if suffix in IMAGES:
        return [f"{path.name}: {repr(read_micrograph(path))[1:-1]}"]
    return [f"{found.name or path.name}: {', '.join(_told(found))}" for found in describe(path)]


def _of_picks(path: Path, picks: Picks) -> list[str]:
    from motes.picks import FORMATS

    form = FORMATS[picks.format].title if picks.format in FORMATS else "several formats"
    lines = [f"{path.name}: {form}; {repr(picks)[1:-1]}", f"  read as {picks.convention}"]
    if len(picks):
        x, y = (f"{values.min():.6g} to {values.max():.6g}" for values in (picks.x, picks.y))
        lines.append(f"  centres x {x}, y {y}")
    if picks.extra:
        lines.append(f"  further columns: {', '.join(picks.extra)}")
    return lines


def _tell_flip(path: Path, image: Path, diameter: float | None) -> None:
    from motes import read_micrograph, read_picks
    from motes.picks import likely_flip, stem

    micrograph = read_micrograph(image)
    found = read_picks(path)
    parts = dict(found.by_micrograph())
    named = [name for name in parts if stem(name) == micrograph.name]
    if len(parts) > 1 and len(named) != 1:
        raise ValueError(f"{path}: {len(named)} of its {len(parts)} micrographs are named {micrograph.name}")
    part = parts[named[0]] if named else found
    report = likely_flip(part, micrograph.data, radius=None if diameter is None else diameter / 2)
    typer.echo(f"likely: {report}")
    for flip, gain in zip(report.flips, report.log_likelihood, strict=True):
        typer.echo(f"  {gain:10.1f} nats  {flip}")
    typer.echo("nats are those of the likelihood gained over picks at random; nothing was flipped")


def _told(found: Finding) -> list[str]:
    if found.n_patterns is None:
        return [found.kind]
    pixels = "x".join(map(str, found.shape)) if found.shape else f"{found.n_pixels:,}"
    told = [found.kind, f"{found.n_patterns:,} patterns of {pixels} pixels"]
    if found.n_photons is not None:
        mean = "" if found.mean_photons is None else f" ({found.mean_photons:.3f} a pattern)"
        told.append(f"{found.n_photons:,} photons{mean}")
        told.append(f"at most {found.max_count:,} in a pixel")
        told.append(f"{found.n_empty:,} patterns without any")
    return told
