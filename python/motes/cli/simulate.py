"""``motes simulate``: data with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.arguments import RANDOM, n_patterns_of
from motes.cli.micrographs import micrographs

if TYPE_CHECKING:
    from numpy.typing import NDArray

simulate = typer.Typer(help="Make data with known truth.", rich_markup_mode="rich")


simulate.command(
    epilog="Examples: [bold]motes simulate micrographs --preset faint --seed 1 -o faint[/bold]   "
    "[bold]motes simulate micrographs --preset seed --count 2 --dose 30 --defocus 0.8 1.6 -o dose[/bold]"
)(micrographs)


@simulate.command(
    epilog="Example: [bold]motes simulate patterns --task 7 --contrast 0.5 -o endeavor.npz --truth truth.npz[/bold]"
)
def patterns(
    task: Annotated[int, typer.Option(help="Task of the challenge whose layout is wanted: 1, 2, 3, 4, 6 or 7.")],
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--out", help="File to write: .npz for the challenge's layout, or .npy, .emc or .h5.", metavar="FILE"
        ),
    ],
    truth: Annotated[Path, typer.Option(help="File for the truth: arrays master and labels.", metavar="TRUTH.npz")],
    image: Annotated[
        Path | None,
        typer.Option(
            help="Picture to hide, or a square .npy of brightness; by default the task's own.", metavar="FILE"
        ),
    ] = None,
    contrast: Annotated[float, typer.Option(help="1 shows the picture as it is, 0 makes it flat.")] = 1.0,
    n_patterns: Annotated[
        int | None,
        typer.Option(
            "--patterns",
            parser=n_patterns_of,
            metavar="N",
            help="Number of patterns, 1e5, say; by default as in the challenge.",
        ),
    ] = None,
    photons: Annotated[
        float | None, typer.Option(help="Mean photons a pattern; by default as in the challenge.", min=0)
    ] = None,
    seed: Annotated[int, typer.Option(help=RANDOM + "The same seed gives the same data.", min=0)] = 0,
) -> None:
    """Draw photon patterns of the challenge's layout from a picture that is known, and keep the truth beside them."""
    from motes import Patterns, write_patterns
    from motes.io.atomic import atomic_path
    from motes.reconstruction.result import many
    from motes.simulate import task_patterns
    from motes.truth import Truth, write_truth

    if truth.suffix != ".npz":
        raise ValueError(f"--truth: expected a name that ends in .npz, got {truth}")
    if truth.resolve() == output.resolve():
        raise ValueError(f"--truth: needs another file than -o, got {truth} for both")
    drawn = task_patterns(
        task, image=_image(image, task), n_patterns=n_patterns, photons=photons, contrast=contrast, seed=seed
    )
    made = Patterns.from_coo(
        drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns, counts=drawn.counts
    )
    with atomic_path(truth) as staged:
        write_truth(staged, Truth(drawn.master, drawn.labels))
        write_patterns(output, made, task=task if output.suffix == ".npz" else None)
    photons_drawn, n = many(made.n_photons, "photon"), many(len(made), "pattern")
    rows, columns = made.shape
    typer.echo(f"{output}: {photons_drawn} in {n} of {rows}x{columns} pixels")
    typer.echo(f"{truth}: the truth: the picture (master, photons a pixel) and how each pattern is turned (labels)")
    if not made.n_photons:
        typer.echo("motes: note: not one photon was drawn: these patterns tell nothing", err=True)


def _image(path: Path | None, task: int) -> NDArray[Any] | None:
    from motes.cli.arguments import read_array
    from motes.simulate import challenge_task, picture

    if path is None:
        return None
    if path.suffix == ".npy":
        return read_array(path)
    try:
        return picture(path, challenge_task(task).side)
    except OSError as error:
        if error.errno is not None:
            raise
        raise ValueError(f"--image: {path} is no picture that can be read") from error
