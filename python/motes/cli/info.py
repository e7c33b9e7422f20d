"""``motes info``: what is in this file, and which way up picks are."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli.coordinates import Threads, above_zero, tell_diameters
from motes.cli.info_patterns import in_words, store_lines
from motes.cli.results import EVERYTHING

if TYPE_CHECKING:
    from motes import Picks
    from motes.micrograph import Micrograph


def info(
    file: Annotated[
        Path | None,
        typer.Argument(
            help="Photon patterns, coordinates or a micrograph in any format, or a folder of motes reconstruct."
        ),
    ] = None,
    picks: Annotated[
        Path | None, typer.Option(help="Coordinates to be held against --micrograph.", metavar="FILE")
    ] = None,
    micrograph: Annotated[
        Path | None, typer.Option(help="Tell which flip of --picks this micrograph makes likely.", metavar="FILE")
    ] = None,
    diameter: Annotated[
        float | None,
        typer.Option(help="Of a particle, pixels; by default of the picks' boxes, often larger.", callback=above_zero),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Of a store of patterns: what its headers say, without reading it.")
    ] = False,
    threads: Threads = None,
) -> None:
    """Say what a file holds: patterns, coordinates, a micrograph, a reconstruction. All of it is read and checked.

    With --picks and --micrograph: the likely flip of the picks. It is a report, and nothing is flipped.
    """
    if file is None and picks is None and micrograph is None:
        raise ValueError("expected a file, or --picks and --micrograph")
    from motes import read_micrograph, read_picks
    from motes.picks import stem
    from motes.threads import at_most

    if file is not None:
        with at_most(threads):
            _tell(_lines(file, quick))
    if picks is not None:
        found = read_picks(picks)
        _tell(_of_picks(picks, found))
    if micrograph is not None:
        image = read_micrograph(micrograph)
        _tell(_of_micrograph(micrograph, image))
    if picks is not None and micrograph is not None:
        part = _on(picks, found, image)
        lines = _flip(part, image, diameter)
        tell_diameters({str(picks): part.radius}, diameter, "--diameter")
        _tell(lines)
        (name,) = part.micrographs
        if stem(name) != image.name:
            typer.echo(f"motes: note: {picks} is of {stem(name)}, the micrograph is {image.name}", err=True)


def _tell(lines: list[str]) -> None:
    for line in lines:
        typer.echo(line)


def _lines(path: Path, quick: bool) -> list[str]:
    from motes import describe, read_micrograph, read_picks
    from motes.micrograph import MRC_SUFFIXES as MRC
    from motes.micrograph import SUFFIXES as IMAGES
    from motes.picks import SUFFIXES as COORDINATES
    from motes.stored import is_store

    suffix = path.suffix.lower()
    if is_store(path):
        return store_lines(path, quick)
    if quick:
        raise ValueError(f"--quick: is for a store of patterns, {path} is none")
    if (path / EVERYTHING).is_file():
        return _of_reconstruction(path)
    if suffix in COORDINATES or path.is_dir():
        return _of_picks(path, read_picks(path))
    if suffix in MRC and (told := _of_sections(path)):
        return [told]
    if suffix in IMAGES:
        return _of_micrograph(path, read_micrograph(path))
    if suffix == ".npy" and (dense := _of_dense(path)):
        return dense
    return [f"{found.name or path.name}: {', '.join(in_words(found))}" for found in describe(path)]


def _of_dense(path: Path) -> list[str]:
    """Real numbers, as Gaussian noise has them; nothing where the array is another."""
    import numpy as np

    from motes import read_dense
    from motes.errors import FormatError

    try:
        patterns = read_dense(path)
    except FormatError:
        return []
    if not len(patterns) or all((patterns.rows(part) % 1 == 0).all() for part in patterns.blocks()):
        return []  # whole numbers are counts, whatever their type
    sums = [(rows.min(), rows.max(), rows.sum()) for rows in map(patterns.rows, patterns.blocks())]
    least, most, total = (np.array(column) for column in zip(*sums, strict=True))
    height, width = patterns.shape
    return [
        f"{path.name}: dense {patterns.values.dtype}, {len(patterns):,} patterns of {height}x{width} pixels, mean "
        f"{total.sum() / patterns.values.size:.4g}, {least.min():.4g} to {most.max():.4g}; "
        "motes reconstruct --noise gaussian"
    ]


def _of_reconstruction(folder: Path) -> list[str]:
    from motes.cli.mixture_fit import mixture_summary
    from motes.cli.source import read_command
    from motes.cli.summary import summary
    from motes.io.npz import open_archive
    from motes.reconstruction import MixtureReconstruction, Reconstruction
    from motes.report import report, report_mixture

    file, command = folder / EVERYTHING, read_command(folder)
    with open_archive(file) as archive:
        mixture = "masters" in archive.names
    if mixture:
        told = report_mixture(MixtureReconstruction.load(file), command)
        kind, turns, lines = "mixture", ", ".join(dict.fromkeys(told["maps"])), mixture_summary(told)
    else:
        told = report(Reconstruction.load(file), command)
        kind, turns, lines = "reconstruction", told["rotations"], summary(told)
    return [
        f"{folder}: a {kind} by {told['method']}, {told['noise']}, {turns}; motes view {folder} shows it",
        *lines.splitlines(),
        *([f"reconstructed by: {told['command']}"] if told["command"] else []),
    ]


def _of_micrograph(path: Path, image: Micrograph) -> list[str]:
    return [f"{path.name}: {repr(image)[1:-1]}"]


def _of_sections(path: Path) -> str:
    """A volume, or a stack of images; empty for one image."""
    from motes.io.mrc import read_mrc

    mrc = read_mrc(path)
    n, height, width = mrc.data.shape
    if n == 1:
        return ""
    size = "" if mrc.pixel_size is None else f", {mrc.pixel_size:.4g} A a pixel"
    told = f"stack of {n:,} images of" if path.suffix.lower() == ".mrcs" else f"volume, or stack, of {n:,} sections of"
    return f"{path.name}: {told} {height} x {width} pixels, {mrc.data.dtype}{size}, MRC"


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


def _on(path: Path, found: Picks, micrograph: Micrograph) -> Picks:
    """The picks on a micrograph: those under its name, or all where the file is of one."""
    from motes.picks import stem

    parts = dict(found.by_micrograph())
    named = [name for name in parts if stem(name) == micrograph.name]
    if len(parts) > 1 and len(named) != 1:
        raise ValueError(f"{path}: {len(named)} of its {len(parts)} micrographs are named {micrograph.name}")
    return parts[named[0]] if named else found


def _flip(part: Picks, micrograph: Micrograph, diameter: float | None) -> list[str]:
    from motes.picks import likely_flip

    report = likely_flip(part, micrograph.data, radius=None if diameter is None else diameter / 2)
    gains = zip(report.flips, report.log_likelihood, strict=True)
    unsure = not report.clear and diameter is None
    return [
        f"likely: {report}{'; boxes are often too large: give --diameter of a particle' * unsure}",
        *(f"  {gain:10.1f} nats  {flip}" for flip, gain in gains),
        "nats are those of the likelihood gained over picks at random; nothing was flipped",
    ]
