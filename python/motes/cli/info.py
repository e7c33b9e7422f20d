"""``motes info``: what is in this file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motes.files import Finding


def info(
    file: Annotated[Path, typer.Argument(help="A file of photon patterns, in any format that motes reads.")],
) -> None:
    """Say what a file holds: formats, tasks, patterns, photons. The whole file is read and checked."""
    from motes import describe

    for found in describe(file):
        typer.echo(f"{found.name or file.name}: {', '.join(_told(found))}")


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
