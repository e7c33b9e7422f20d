"""``motes fsc`` and ``motes frc``: resolution of two maps, or of two images."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from motes.cli import arguments
from motes.cli.coordinates import Threads, above_zero
from motes.cli.outputs import output_folder

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from motes.resolution import ShellCurve

EDGE = 5.0
SAME = 1e-3  # relative difference of voxel sizes that are one
ALIKE = 1e-6  # correlation that maps which are not the same lack: what float32 loses
MOST = 4  # curves that one figure holds

Out: TypeAlias = Annotated[
    Path | None,
    typer.Option("-o", "--out", metavar="DIR", help="Folder for the curve (CSV), the figure and the figures as JSON."),
]
Mask: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|soft:RADIUS[:EDGE]",
        help=f"A file of values from 0 to 1, or a ball with a cosine edge, both in voxels (edge {EDGE:g}). What the "
        "mask itself makes alike is taken out by randomised phases.",
    ),
]


def _rules(names: list[str] | None) -> list[str] | None:
    """Thresholds that there are."""
    from motes.resolution.rules import level

    try:
        for name in names or []:
            level(name)
    except ValueError as error:
        raise typer.BadParameter(str(error).removeprefix("rule: ")) from None
    return names


Threshold: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        metavar="0.143|0.5|half-bit|NUMBER", help="May be given several times; 0.143 by default.", callback=_rules
    ),
]
From: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, metavar="SHELL", help="Randomise phases from here on; where the curve is below 0.8."),
]
Correct: TypeAlias = Annotated[bool, typer.Option(help="Take out what the mask makes alike.")]
Confidence: TypeAlias = Annotated[float, typer.Option(help="Of the band of the curve, point by point.")]
Seed: TypeAlias = Annotated[int, typer.Option(min=0, help=arguments.RANDOM + "Of the randomised phases.")]


def fsc(
    context: typer.Context,
    halves: Annotated[
        list[Path],
        typer.Argument(
            metavar="HALF1 HALF2 ...", help="Two half maps (MRC or .npy), or two for each of several curves."
        ),
    ],
    out: Out = None,
    mask: Mask = None,
    threshold: Threshold = None,
    voxel_size: Annotated[
        float | None, typer.Option(help="Angstrom; by default what the files tell.", callback=above_zero)
    ] = None,
    randomise_from: From = None,
    correct: Correct = True,
    confidence: Confidence = 0.95,
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Fourier shell correlation of half maps: their resolution, the curve with its band, a figure."""
    from motes.resolution import fsc as correlate
    from motes.resolution.files import read_map

    curve_of = partial(
        correlate, randomise_from=randomise_from, correct=correct, confidence=confidence, seed=seed, threads=threads
    )
    read = partial(read_map, size_known=voxel_size is not None)
    curves = _curves(halves, read, curve_of, "voxel", voxel_size, mask)
    _tell(context, curves, threshold or ["0.143"], out)


def frc(
    context: typer.Context,
    images: Annotated[
        list[Path],
        typer.Argument(
            metavar="A B ...", help="Two images (.npy, MRC, TIFF, PNG or JPEG), or two for each of several curves."
        ),
    ],
    out: Out = None,
    mask: Mask = None,
    threshold: Threshold = None,
    pixel_size: Annotated[
        float | None,
        typer.Option(help="Angstrom; by default what the files tell, or else pixels.", callback=above_zero),
    ] = None,
    randomise_from: From = None,
    correct: Correct = True,
    confidence: Confidence = 0.95,
    seed: Seed = 0,
    threads: Threads = None,
) -> None:
    """Fourier ring correlation of two images: their resolution, the curve with its band, a figure."""
    from motes.resolution import frc as correlate
    from motes.resolution.files import read_flat

    curve_of = partial(
        correlate, randomise_from=randomise_from, correct=correct, confidence=confidence, seed=seed, threads=threads
    )
    read = partial(read_flat, size_known=pixel_size is not None)
    curves = _curves(images, read, curve_of, "pixel", pixel_size, mask)
    _tell(context, curves, threshold or ["0.143"], out)


def _curves(
    paths: list[Path],
    read: Callable[[Path], tuple[NDArray[Any], float | None]],
    curve_of: Callable[..., ShellCurve],
    what: str,
    size: float | None,
    mask: str | None,
) -> dict[str, tuple[tuple[Path, Path], ShellCurve]]:
    """The curve of each pair of files, by a name that tells it from the others."""
    from motes.reconstruction.result import many

    if len(paths) % 2 or len(paths) > 2 * MOST:
        raise ValueError(
            f"expected two files for each curve, and at most {MOST} curves, got {many(len(paths), 'file')}"
        )
    pairs = list(zip(paths[::2], paths[1::2], strict=True))
    curves = {}
    for name, pair in zip(_names(pairs), pairs, strict=True):
        (first, size1), (second, size2) = (read(path) for path in pair)
        window = _mask(mask, first.shape, read)
        sized = {f"{what}_size": size or _one_size(pair, (size1, size2), what)}
        try:
            curve = curve_of(first, second, mask=window, **sized)
        except ValueError as error:  # which names an argument: here it is a file
            told = {"1": str(pair[0]), "2": str(pair[1])}
            raise ValueError(re.sub(r"\b(?:half|image)([12])\b", lambda m: told[m[1]], str(error))) from error  # noqa: B023
        _tell_sizes(pair, (size1, size2), size, what)
        curves[name] = (pair, curve)
    return curves


def _names(pairs: list[tuple[Path, Path]]) -> list[str]:
    """The stem of each first file; all of its path where stems are alike; a number where that is, too."""
    names = [first.stem for first, _ in pairs]
    if len(set(names)) < len(names):
        names = [str(first.with_suffix("")) for first, _ in pairs]
    if len(set(names)) < len(names):
        names = [f"{name} ({i})" for i, name in enumerate(names, 1)]
    return names


def _one_size(paths: tuple[Path, Path], sizes: tuple[float | None, float | None], what: str) -> float | None:
    """The size that both files tell, or the one of them that tells it."""
    known = [size for size in sizes if size is not None]
    if len(known) == 2 and abs(known[0] - known[1]) > SAME * max(known):
        told = " and ".join(f"{size:g} angstrom in {path}" for path, size in zip(paths, known, strict=True))
        raise ValueError(f"sizes of a {what} differ: {told}; --{what}-size says which it is")
    return known[0] if known else None


def _tell_sizes(
    paths: tuple[Path, Path], sizes: tuple[float | None, float | None], asked: float | None, what: str
) -> None:
    """Say where the size of a voxel is not that which every file tells."""
    if asked is not None:
        from motes.resolution.files import told_sizes

        for path in paths:
            own = told_sizes(path, 3 if what == "voxel" else 2)
            if any(abs(size - asked) > SAME * asked for size in own):
                told = " x ".join(f"{size:g}" for size in (own if max(own) > (1 + SAME) * min(own) else own[:1]))
                typer.echo(f"motes: note: --{what}-size overrules {path}, which tells {told} angstrom", err=True)
    elif (sizes[0] is None) != (sizes[1] is None):
        lacking, telling = paths if sizes[0] is None else paths[::-1]
        known = sizes[0] or sizes[1]
        typer.echo(f"motes: note: {lacking} tells no size of a {what}, taken to be {known:g} as {telling}'s", err=True)


def _mask(
    text: str | None, shape: tuple[int, ...], read: Callable[[Path], tuple[NDArray[Any], float | None]]
) -> NDArray[Any] | None:
    """The mask that an option names."""
    from motes.resolution import soft_sphere

    if text is None:
        return None
    if not text.startswith("soft:") and (text != "soft" or Path(text).exists()):
        return read(Path(text))[0]
    try:
        radius, *edge = [float(part) for part in text.removeprefix("soft:").split(":")]
        edge = edge or [EDGE]
        (width,) = edge
    except ValueError:
        raise ValueError(f"--mask: expected a file or soft:RADIUS[:EDGE] in voxels, got {text!r}") from None
    if not 0 < radius <= max(shape) / 2:
        size = " x ".join(map(str, shape))
        raise ValueError(
            f"--mask {text}: expected a radius above 0 and at most {max(shape) / 2:g}, half of {size} voxels"
        )
    try:
        return soft_sphere(shape, radius, width)
    except ValueError as error:  # of the edge
        raise ValueError(f"--mask: {text}: {error}") from None


def _tell(
    context: typer.Context, curves: dict[str, tuple[tuple[Path, Path], ShellCurve]], rules: list[str], out: Path | None
) -> None:
    """Say the resolution by each rule, and write what there is to write."""
    from motes import __version__, plotting
    from motes.io.delimited import write_delimited
    from motes.report import to_json
    from motes.resolution import resolution_at

    found = {name: [resolution_at(curve, rule) for rule in rules] for name, (_, curve) in curves.items()}
    table, report, figure = (f"{context.info_name}.{suffix}" for suffix in ("csv", "json", "png"))
    if out is not None:
        with output_folder(out, (table, report, figure)) as staging:
            told = [
                {
                    "name": name,
                    "files": [str(path) for path in pair],
                    "resolution": [resolution.as_dict() for resolution in found[name]],
                    **curve.as_dict(),
                }
                for name, (pair, curve) in curves.items()
            ]
            command = {"version": __version__, "command": context.obj, "options": _options(context)}
            (staging / report).write_text(to_json(command | {"curves": told}, indent=2) + "\n", encoding="utf-8")
            write_delimited(staging / table, columns_of({name: curve for name, (_, curve) in curves.items()}), ",")
            drawn = plotting.shell_curves({name: curve for name, (_, curve) in curves.items()}, rules)
            drawn.savefig(staging / figure)
    for name, (_, curve) in curves.items():
        if curve.voxel_size is None:
            typer.echo(f"motes: note: {name}: no file tells the size of a {curve.voxel}", err=True)
        told = curve.correlation[curve.correlation != 0]  # 0: no power
        if (told > 1 - ALIKE).all():
            typer.echo(f"motes: note: {name}: both are the same map, so they are no independent halves", err=True)
        for resolution in found[name]:
            typer.echo(f"{name}: {resolution}")
    if out is not None:
        typer.echo(f"look at {out / figure}")


def _options(context: typer.Context) -> dict[str, Any]:
    """What was asked for, as it changes the result."""
    left_out = ("halves", "images", "out", "threads")
    return {name: value for name, value in context.params.items() if name not in left_out}


def columns_of(curves: dict[str, ShellCurve]) -> dict[str, list[str]]:
    """One row for each shell of each curve; empty where a curve lacks a column."""
    tables = {name: curve.columns() for name, curve in curves.items()}
    columns = {"curve": [name for name, curve in curves.items() for _ in range(len(curve))]}
    for column in dict.fromkeys(column for table in tables.values() for column in table):
        cells: list[str] = []
        for name, table in tables.items():
            cells += (
                [f"{value:.9g}" for value in table[column].tolist()] if column in table else [""] * len(curves[name])
            )
        columns[column] = cells
    return columns
