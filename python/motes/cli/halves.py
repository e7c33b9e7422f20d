"""The files that two half reconstructions leave: their masters, and how they correlate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from motes.noise import Noise
    from motes.reconstruction.halves import Halves
    from motes.reconstruction.mixture.templates import Source

FILES = ("half1.npy", "half2.npy", "frc.csv", "frc.json", "frc.png")
RULES = ("0.143", "0.5", "half-bit")

Wanted: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--halves",
        rich_help_panel="Output",
        help="Reconstruct from the odd and from the even patterns as well, and correlate the two: half1.npy, "
        "half2.npy, frc.csv, frc.json and frc.png.",
    ),
]


def fit_halves(
    patterns: Source,
    rotations: str,
    noise: Noise,
    asked: dict[str, Any],
    *,
    tolerance: float,
    quiet: bool,
) -> Halves | None:
    """Two half reconstructions, watched by a progress bar; None where Ctrl-C ended them."""
    from motes import reconstruct_halves
    from motes.cli.observers import progress_bar

    try:
        with progress_bar(tolerance, quiet) as bar:
            return reconstruct_halves(patterns, rotations, noise, **asked | {"std_error": False}, callback=bar)
    except KeyboardInterrupt:
        return None


def write_halves(folder: Path, halves: Halves) -> dict[str, Any]:
    """Write the files that `FILES` names.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    halves : Halves
        Two reconstructions.

    Returns
    -------
    dict
        What a report says of them: the resolution of each class by each rule, and how the second half was aligned.
    """
    from motes.cli.resolution import columns_of
    from motes.io.delimited import write_delimited
    from motes.io.npy import array_table, write_table
    from motes.report import to_json

    for name, masters in zip(FILES[:2], halves.masters, strict=True):
        with (folder / name).open("wb") as file:
            write_table(file, array_table(masters if len(masters) > 1 else masters[0]))
    told: dict[str, Any] = {
        "resolution": [[found.as_dict() for found in halves.resolution(rule)] for rule in RULES],
        "n_patterns": [halves.odd.n_patterns, halves.even.n_patterns],
        "seeds": [halves.odd.seed, halves.even.seed],
        "classes": halves.classes,
        "degrees": halves.degrees,
        "mirrored": halves.mirrored,
    }
    told["resolution"] = [list(of_class) for of_class in zip(*told["resolution"], strict=True)]
    curves = halves.named_curves
    record = told | {"curves": {name: curve.as_dict() for name, curve in curves.items()}}
    (folder / "frc.json").write_text(to_json(record, indent=2) + "\n", encoding="utf-8")
    write_delimited(folder / "frc.csv", columns_of(curves), ",")
    halves.plot().savefig(folder / "frc.png")
    return told


def summary_of(halves: Halves) -> list[str]:
    """A line for each class."""
    found = zip(halves.named_curves, halves.resolution(), strict=True)
    return [f"{name}: {resolution}" for name, resolution in found]
