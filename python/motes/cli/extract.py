"""``motes extract``: particles cut out of micrographs, as a stack that refinement programs read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli.coordinates import TOLD, FlipY, Height, Source, Threads, above_zero, images_at
from motes.cli.observers import steps
from motes.cli.outputs import made

if TYPE_CHECKING:
    from motes.particles import Extraction


def extract(
    picks: Annotated[Path, typer.Argument(help="A file of coordinates, or a folder of them.")],
    micrographs: Annotated[
        Path,
        typer.Option(help="A micrograph, or a folder of them, found by the stems of their names.", metavar="FILE|DIR"),
    ],
    stack: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="STACK", help="Stack to write, NAME.mrcs; its table becomes NAME.star beside it."
        ),
    ],
    box: Annotated[int, typer.Option(help="Side of the images, pixels of the micrograph; even.")],
    background: Annotated[
        float | None,
        typer.Option(
            help="Radius of the circle whose outside is background, pixels of the micrograph; by default 0.375 boxes.",
            callback=above_zero,
        ),
    ] = None,
    ramp: Annotated[bool, typer.Option(help="Subtract a plane fitted to the background, or its mean alone.")] = True,
    invert: Annotated[bool, typer.Option(help="Make dark particles bright, as refinement programs want them.")] = False,
    downsample: Annotated[
        int | None, typer.Option(help="Side of the images in the stack, pixels; even.", metavar="PIXELS")
    ] = None,
    centring: Annotated[
        str,
        typer.Option(
            metavar="nearest|shift", help="Cut at the nearest pixel, the rest as an origin; or shift by the rest."
        ),
    ] = "nearest",
    edge: Annotated[
        str, typer.Option(metavar="drop|pad", help="Boxes that cross an edge: drop them, or repeat the nearest pixels.")
    ] = "drop",
    pixel_size: Annotated[
        float | None, typer.Option(help="Angstrom; by default what the files tell.", callback=above_zero)
    ] = None,
    voltage: Annotated[float | None, typer.Option(help="Of the electrons, kV.", callback=above_zero)] = None,
    cs: Annotated[float | None, typer.Option(help="Spherical aberration, mm.")] = None,
    amplitude_contrast: Annotated[float | None, typer.Option(help="A share, 0.1 say.")] = None,
    ctf: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="STAR file of the micrographs with their defocus, where the picks tell none."
        ),
    ] = None,
    min_score: Annotated[float | None, typer.Option(help="Leave out picks of a lower score.")] = None,
    source: Source = None,
    flip_y: FlipY = False,
    height: Height = None,
    threads: Threads = None,
) -> None:
    """Cut particles out of micrographs into one normalised stack, with a table that RELION and cryoSPARC read.

    Background: mean 0, standard deviation 1. Scores of the picks become rlnAutopickFigureOfMerit.
    """
    import numpy as np

    from motes import read_picks
    from motes.particles import Optics
    from motes.particles import extract as cut_out
    from motes.particles.extraction import refuse_inputs
    from motes.picks import files_of

    found = read_picks(picks, source, flip_y=flip_y, height=height)
    if min_score is not None:
        if found.score is None:
            raise ValueError(f"{picks}: the picks hold no scores, so --min-score can not choose")
        kept = found[np.asarray(found.score >= min_score)]
        if not len(kept) and len(found):
            scores = f"{found.score.min():.3g} to {found.score.max():.3g}"
            raise ValueError(f"--min-score {min_score:g} leaves none of {len(found):,} picks (scores {scores})")
        found = kept
    refuse_inputs(stack, files_of(picks, source))
    with made(stack.parent):
        result = cut_out(
            found,
            images_at(micrographs),
            stack,
            box=box,
            background=background,
            ramp=ramp,
            invert=invert,
            downsample=downsample,
            centring=centring,  # type: ignore[arg-type]
            edge=edge,  # type: ignore[arg-type]
            pixel_size=pixel_size,
            optics=Optics(voltage, cs, amplitude_contrast),
            ctf=ctf,
            threads=threads,
            follow=lambda items: steps(items, "extracting"),
        )
    _tell(result)


def _tell(result: Extraction) -> None:
    """What became of the picks, and what the table lacks."""
    side = f"{result.side} x {result.side} pixels of {result.pixel_size:.4g} angstrom"
    typer.echo(f"{result.stack}: {result.n:,} of {result.n_picks:,} picks, {side}")
    typer.echo(f"{result.star}: RELION 3.1, centre = rlnCoordinate - rlnOriginAngst / pixel size")
    for count, why in ((result.at_edge, "at an edge"), (result.flat, "on a background that is one number all over")):
        if count:
            typer.echo(f"motes: note: {count:,} dropped, {why}", err=True)
    if result.overruled:
        (file, own), *others = result.overruled.items()
        more = f"; {len(others):,} more tell{'s' * (len(others) == 1)} another too" if others else ""
        typer.echo(f"motes: note: --pixel-size overrules {file}, which tells {own:.4g} angstrom{more}", err=True)
    if result.missing:
        names = ", ".join(result.missing[:TOLD])
        more = f" and {len(result.missing) - TOLD} more" if len(result.missing) > TOLD else ""
        typer.echo(f"motes: note: no image of {names}{more}; their picks are left out", err=True)
    if result.lacking:
        typer.echo(
            f"motes: note: refinement will ask for {', '.join(result.lacking)}; "
            "--voltage, --cs, --amplitude-contrast and --ctf say them",
            err=True,
        )
