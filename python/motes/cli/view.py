"""``motes view``: a reconstruction in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from motes.cli.results import EVERYTHING
from motes.cli.source import read_command, read_source

PAGE = "view.html"


def view(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that motes reconstruct wrote.")],
    patterns: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where the patterns are, if not where they were reconstructed from."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Page to write; by default DIR/view.html.")
    ] = None,
    no_open: Annotated[bool, typer.Option("--no-open", help="Write the page, and leave the browser alone.")] = False,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all by default. The page does not depend on it.")
    ] = None,
) -> None:
    """Show a reconstruction in the browser: picture, error bars, classes, fit of each pattern, patterns to exclude.

    One page that needs no network. The list of patterns to exclude that it saves is for motes reconstruct --exclude. Of
    several classes or in-plane turns it shows masters, error bars, convergence, classes, angles and fluences.
    """
    from motes.io.atomic import atomic_path
    from motes.reconstruction import MixtureReconstruction, Reconstruction
    from motes.reconstruction.mixture.saved import is_mixture
    from motes.viewer import mixture_page, page

    if not folder.is_dir():
        raise NotADirectoryError(f"{folder}: expected a folder that motes reconstruct wrote")
    if not (folder / EVERYTHING).is_file():
        raise ValueError(f"{folder}: holds no {EVERYTHING}; expected a folder that motes reconstruct wrote")
    target = folder / PAGE if out is None else out
    with atomic_path(target) as temporary:  # before the work: it shows that the page can be written
        name, command = folder.resolve().name, read_command(folder)
        if is_mixture(folder / EVERYTHING):
            html = mixture_page(MixtureReconstruction.load(folder / EVERYTHING), name=name, command=command)
        else:
            result = Reconstruction.load(folder / EVERYTHING)
            found, kept = read_source(folder, result, patterns)
            html = page(result, found, kept, name=name, command=command, threads=threads)
        temporary.write_text(html, encoding="utf-8")
    typer.echo(f"{target}: {len(html.encode()) / 1e6:.1f} MB, open it in any browser")
    if command:
        typer.echo(f"reconstructed by: {command}")
    if not no_open:
        import webbrowser

        webbrowser.open(target.resolve().as_uri())
