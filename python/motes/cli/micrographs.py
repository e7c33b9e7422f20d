"""``motes simulate micrographs``: cryo-EM micrographs with known particles."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from motes.cli.arguments import RANDOM

if TYPE_CHECKING:
    from motes.simulate import Micrographs, SimulatedMicrograph

PICTURE, SHOWN = "micrographs.png", 3
OPTIONS = {  # settings whose options are called otherwise
    "n_micrographs": "--count",
    "shape": "--size",
    "spherical_aberration": "--cs",
    "decoys": "--decoy",
    "n_decoys": "--decoys",
    "snr, dose": "--snr, --dose",
}
Number: TypeAlias = float | None
NOISE, OPTICS, DIRT = "Noise", "Microscope", "Ice and dirt"


def _two_numbers(words: tuple[str, str] | None) -> tuple[str, str] | None:
    """What an option of two numbers got: where there is one only, the next option was taken for the other."""
    try:
        _ = [float(word) for word in words or ()]
    except ValueError:
        told = f"expected two numbers, smallest and largest, such as 0.8 1.6, got {' '.join(words or ())}"
        raise typer.BadParameter(told) from None
    return words


def _option(text: str, panel: str, **told: Any) -> Any:
    return typer.Option(help=text, rich_help_panel=panel, show_default=False, **told)


def micrographs(
    output: Annotated[Path, typer.Option("-o", "--out", help="Folder to write.", metavar="DIR")],
    preset: Annotated[
        str, typer.Option(help="seed, crowded, faint or contaminated; the options below change it.")
    ] = "seed",
    count: Annotated[int | None, typer.Option(help="Number of micrographs; by default the preset's.")] = None,
    seed: Annotated[int, typer.Option(help=RANDOM + "The same seed gives the same bytes.", min=0)] = 0,
    size: Annotated[
        str | None, typer.Option(help="Rows and columns, 1024x1280, or one number for a square.", metavar="SIZE")
    ] = None,
    pixel_size: Annotated[Number, typer.Option(help="Angstrom.")] = None,
    diameter: Annotated[
        Number, typer.Option(help="Of the particles, pixels; 0: as large as the volume says.", show_default=False)
    ] = None,
    particles: Annotated[int | None, typer.Option(help="Particles on each micrograph.")] = None,
    species: Annotated[
        list[str] | None,
        typer.Option(help="ribosome, tetramer, ring, rod, or an MRC volume; may be given several times."),
    ] = None,
    abundance: Annotated[
        list[float] | None, typer.Option(help="How frequent each species is, as often as --species.")
    ] = None,
    decoy: Annotated[list[str] | None, typer.Option(help="A species that is none to be picked; likewise.")] = None,
    decoys: Annotated[int | None, typer.Option(help="Decoys on each micrograph.")] = None,
    aggregates: Annotated[int | None, typer.Option(help="Clumps of particles on each micrograph.")] = None,
    min_distance: Annotated[
        Number, typer.Option(help="Between particles, diameters; below 1 they overlap.", show_default=False)
    ] = None,
    snr: Annotated[
        Number,
        _option("Variance of the particle over its disc, before the CTF, over the variance of the noise.", NOISE),
    ] = None,
    dose: Annotated[Number, _option("Electrons per square angstrom, instead of --snr.", NOISE)] = None,
    contrast: Annotated[Number, _option("Deviation of the particle over its disc over the mean.", NOISE)] = None,
    contrast_spread: Annotated[Number, _option("Of the particles, of its logarithm.", NOISE)] = None,
    coloured: Annotated[Number, _option("Share of the noise's variance that follows a power law.", NOISE)] = None,
    exponent: Annotated[Number, _option("Of that power law.", NOISE)] = None,
    defocus: Annotated[
        tuple[str, str] | None,
        _option(
            "Smallest and largest underfocus of micrographs, micrometres.",
            OPTICS,
            metavar="MIN MAX",
            callback=_two_numbers,
        ),
    ] = None,
    defocus_spread: Annotated[Number, _option("Of particles about it, micrometres.", OPTICS)] = None,
    astigmatism: Annotated[Number, _option("Largest, micrometres.", OPTICS)] = None,
    voltage: Annotated[Number, _option("kV.", OPTICS)] = None,
    cs: Annotated[Number, _option("Spherical aberration, mm.", OPTICS)] = None,
    amplitude_contrast: Annotated[Number, _option("Share of the contrast that amplitude makes.", OPTICS)] = None,
    b_factor: Annotated[Number, _option("Of the envelope, square angstrom.", OPTICS)] = None,
    ice_gradient: Annotated[Number, _option("Of thickness across a micrograph, over the mean.", DIRT)] = None,
    ice_spread: Annotated[Number, _option("Of thickness between micrographs, of its logarithm.", DIRT)] = None,
    carbon: Annotated[Number, _option("Share of micrographs that show the hole's edge.", DIRT)] = None,
    contamination: Annotated[Number, _option("Mean number of crystals on a micrograph.", DIRT)] = None,
    engine: Annotated[str, typer.Option(help="Who projects: motes, or aspire (extra).")] = "motes",
) -> None:
    """Simulate cryo-EM micrographs whose particles are known: positions, orientations, defocus."""
    from motes.cli.outputs import output_folder
    from motes.simulate import micrographs as simulated
    from motes.simulate import write_micrographs
    from motes.simulate.cryoem.writing import files_of, refuse_second

    refuse_second(output)
    changes: dict[str, Any] = {
        "shape": _shape_of(size), "pixel_size": pixel_size, "diameter": diameter, "particles": particles,
        "species": species, "abundance": abundance, "decoys": decoy, "n_decoys": decoys, "aggregates": aggregates,
        "min_distance": min_distance, "snr": snr, "dose": dose, "contrast": contrast,
        "contrast_spread": contrast_spread, "coloured": coloured, "exponent": exponent,
        "defocus": defocus and (float(defocus[0]), float(defocus[1])),
        "defocus_spread": defocus_spread, "astigmatism": astigmatism, "voltage": voltage, "spherical_aberration": cs,
        "amplitude_contrast": amplitude_contrast, "b_factor": b_factor, "ice_gradient": ice_gradient,
        "ice_spread": ice_spread, "carbon": carbon, "contamination": contamination,
    }  # fmt: skip
    with _options_named():
        planned = simulated(
            preset, count, seed, engine=engine, **{name: value for name, value in changes.items() if value is not None}
        )
        shown: list[SimulatedMicrograph] = []
        with output_folder(output, [*files_of(planned), PICTURE]) as staging:
            write_micrographs(staging, planned, drawn=_watched(planned, shown))
            _draw(planned, shown, staging / PICTURE)
    settings = planned.settings
    n, each = len(planned), settings.particles
    typer.echo(
        f"{output}: {n:,} micrograph{'s' * (n != 1)} of {settings.shape[0]} x {settings.shape[1]} pixels, "
        f"{each:,} particle{'s' * (each != 1)} on each"
    )
    typer.echo(
        f"SNR {settings.snr_equivalent:.4g}, {settings.dose_equivalent:.4g} electrons per square angstrom, "
        f"diameter {planned.diameter:.4g} pixels; the truth is in particles.star"
    )


def _watched(planned: Micrographs, shown: list[SimulatedMicrograph]) -> Iterator[SimulatedMicrograph]:
    """Draw one after the other, with a bar; the first are kept for the picture."""
    from motes.cli.observers import steps

    for i in steps(range(len(planned)), "simulating"):
        one = planned[i]
        if i < SHOWN:
            shown.append(one)
        yield one


def _draw(planned: Micrographs, shown: list[SimulatedMicrograph], path: Path) -> None:
    from motes.plotting import simulated

    settings = planned.settings
    title = f"{planned.name}: SNR {settings.snr_equivalent:.3g}"
    simulated(shown, title=title).savefig(path, metadata={"Software": None})


def _shape_of(text: str | None) -> tuple[int, int] | None:
    """Rows and columns from ``1024x1280`` or ``1024``."""
    if text is None:
        return None
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isascii() and part.isdecimal() and len(part) < 10 for part in parts):
        raise ValueError(f"--size: expected rows and columns, such as 1024x1280, or one number, got {text!r}")
    return int(parts[0]), int(parts[-1])


@contextmanager
def _options_named() -> Iterator[None]:
    """Name the option where an error names the setting."""
    from dataclasses import fields

    from motes.simulate import Settings

    try:
        yield
    except ValueError as error:
        name, colon, rest = str(error).partition(": ")
        known = {field.name: f"--{field.name.replace('_', '-')}" for field in fields(Settings)}
        known |= {other: f"--{other}" for other in ("preset", "engine")} | OPTIONS
        if not colon or name not in known:
            raise
        raise type(error)(f"{known[name]}: {rest}") from error
