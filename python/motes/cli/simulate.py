"""``motes simulate``: data with known truth."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from motes.cli.arguments import RANDOM, n_patterns_of
from motes.cli.micrographs import micrographs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from motes import DensePatterns, Patterns
    from motes.cli.mixtures import Asked
    from motes.reconstruction.mixture.templates import Source

STORED_AT_ONCE = 250_000  # patterns drawn together where they go to a store

simulate = typer.Typer(help="Make data with known truth.", rich_markup_mode="rich")


simulate.command(
    epilog="Examples: [bold]motes simulate micrographs --preset faint --seed 1 -o faint[/bold]   "
    "[bold]motes simulate micrographs --preset seed --count 2 --dose 30 --defocus 0.8 1.6 -o dose[/bold]"
)(micrographs)


@simulate.command(
    epilog="Examples: [bold]motes simulate patterns --task 7 --contrast 0.5 -o endeavor.npz --truth truth.npz[/bold]   "
    "[bold]motes simulate patterns --side 64 --photons 400 --patterns 5e4 --rotations any --fluence-spread 0.3 "
    "-o turned.npz --truth truth.npz[/bold]   "
    "[bold]motes simulate patterns --task 7 --patterns 1e7 -o run.zarr --truth truth.npz[/bold]"
)
def patterns(
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--out",
            help="File to write: .npz for the challenge's layout (without a task SciPy's), or .npy, .emc or .h5; "
            "Gaussian noise: .npy. Or .zarr, a store of as many patterns of a task as the disk holds.",
            metavar="FILE",
        ),
    ],
    truth: Annotated[
        Path | None,
        typer.Option(
            help="File for the truth: arrays master and labels, and more. By default beside -o: run-truth.npz for "
            "run.zarr.",
            metavar="TRUTH.npz",
        ),
    ] = None,
    task: Annotated[
        int | None, typer.Option(help="Task of the challenge whose layout is wanted: 1, 2, 3, 4, 6 or 7.")
    ] = None,
    image: Annotated[
        list[Path] | None,
        typer.Option(
            help="Picture to hide, or a square .npy of brightness; by default the task's own. Several: a class each.",
            metavar="FILE",
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
    side: Annotated[int | None, typer.Option(help="Pixels along one edge; by default the task's.", min=1)] = None,
    rotations: Annotated[
        str | None,
        typer.Option(
            help="Turns of a pattern: by default C4; any: by random angles, from a picture four times as fine.",
            metavar="C1|C4|D4|in-plane:K|any",
        ),
    ] = None,
    noise: Annotated[
        str | None,
        typer.Option(help="By default the task's, poisson without a task.", metavar="bernoulli|poisson|gaussian"),
    ] = None,
    sigma: Annotated[float | None, typer.Option(help="Standard deviation of a pixel under Gaussian noise.")] = None,
    fluence_spread: Annotated[
        float | None, typer.Option(help="Standard deviation of ln fluence, 0.3, say: brightness differs.", min=0)
    ] = None,
    background: Annotated[
        float | None, typer.Option(help="Mean photons that every pixel gets beside, whatever the fluence.", min=0)
    ] = None,
    class_weights: Annotated[
        str | None, typer.Option(help="How frequent each --image is; by default equally.", metavar="W,W,...")
    ] = None,
    empty: Annotated[
        float | None, typer.Option(help="Share of patterns that show nothing but the background.", metavar="SHARE")
    ] = None,
    seed: Annotated[int, typer.Option(help=RANDOM + "The same seed gives the same data.", min=0)] = 0,
) -> None:
    """Draw photon patterns from a picture that is known, and keep the truth beside them."""
    from motes.cli.mixtures import Asked

    if truth is None:
        truth = output.with_name(f"{output.stem}-truth.npz")
    if truth.suffix != ".npz":
        raise ValueError(f"--truth: expected a name that ends in .npz, got {truth}")
    if truth.resolve() == output.resolve():
        raise ValueError(f"--truth: needs another file than -o, got {truth} for both")
    asked = Asked(
        task, image or [], contrast, n_patterns, photons, side, rotations, noise, sigma, fluence_spread, background,
        class_weights, empty, seed,
    )  # fmt: skip
    if asked.beyond_the_challenge:
        _write_mixture(asked, output, truth)
    else:
        _write_task(asked, output, truth)


def _write_task(asked: Asked, output: Path, truth: Path) -> None:
    """Patterns exactly as one task of the challenge holds them."""
    from motes import Patterns
    from motes.io.atomic import atomic_path
    from motes.simulate import task_patterns
    from motes.truth import Truth, write_truth

    assert asked.task is not None
    if output.suffix == ".zarr":
        _write_store(asked, output, truth)
        return
    image = _image(asked.images[0], asked.task) if asked.images else None
    drawn = task_patterns(
        asked.task, image=image, n_patterns=asked.n_patterns, photons=asked.photons, contrast=asked.contrast,
        seed=asked.seed,
    )  # fmt: skip
    made = Patterns.from_coo(
        drawn.rows, drawn.cols, shape=drawn.master.shape, n_patterns=drawn.n_patterns, counts=drawn.counts
    )
    with atomic_path(truth) as staged:
        write_truth(staged, Truth(drawn.master, drawn.labels))
        _write(output, made, asked.task)
    _tell(output, made)
    typer.echo(f"{truth}: the truth: the picture (master, photons a pixel) and how each pattern is turned (labels)")


def _write_store(asked: Asked, output: Path, truth: Path) -> None:
    """Patterns of a task, as many as were asked for, a few in memory at a time."""
    from collections.abc import Iterator

    import numpy as np

    from motes import Patterns, open_patterns
    from motes.cli.observers import steps
    from motes.io.atomic import atomic_path
    from motes.simulate import challenge_task, patterns, task_patterns
    from motes.storing import write_store
    from motes.truth import Truth, write_truth

    assert asked.task is not None
    if output.exists():
        raise ValueError(f"{output}: is there already; a store is never replaced, give another name or remove it")
    model, rng = challenge_task(asked.task), np.random.default_rng(asked.seed)
    n_patterns = model.n_patterns if asked.n_patterns is None else asked.n_patterns
    image = _image(asked.images[0], asked.task) if asked.images else None
    drawn = task_patterns(
        asked.task, image=image, n_patterns=0, photons=asked.photons, contrast=asked.contrast, seed=rng
    )
    shape, labels = drawn.master.shape, np.empty(n_patterns, np.int8)

    def parts() -> Iterator[Patterns]:
        for first in steps(range(0, n_patterns, STORED_AT_ONCE), "drawing patterns"):
            n = min(STORED_AT_ONCE, n_patterns - first)
            part = patterns(drawn.master, n, noise=model.noise, seed=rng)
            labels[first : first + n] = part.labels
            yield Patterns.from_coo(part.rows, part.cols, shape=shape, n_patterns=n, counts=part.counts)

    with atomic_path(truth) as staged:
        write_store(output, shape, parts())
        write_truth(staged, Truth(drawn.master, labels))
    _tell(output, open_patterns(output))
    typer.echo(f"{truth}: the truth: the picture (master, photons a pixel) and how each pattern is turned (labels)")


def _write_mixture(asked: Asked, output: Path, truth: Path) -> None:
    """Patterns of what no task of the challenge has."""
    from motes.cli.mixtures import draw_mixture
    from motes.io.atomic import atomic_path
    from motes.known_mixture import write_known_mixture

    made, known = draw_mixture(asked)
    with atomic_path(truth) as staged:
        write_known_mixture(staged, known)
        _write(output, made, asked.task)
    _tell(output, made)
    typer.echo(
        f"{truth}: the truth: the pictures (masters), and of each pattern its class, rotation, angle and fluence "
        "(classes, rotations, angles, fluence)"
    )


def _write(output: Path, made: Patterns | DensePatterns, task: int | None) -> None:
    from motes import Patterns, write_patterns
    from motes.dense import write_dense

    if isinstance(made, Patterns):
        write_patterns(output, made, task=task if output.suffix == ".npz" else None)
    else:
        write_dense(output, made)


def _tell(output: Path, made: Source) -> None:
    from motes import DensePatterns
    from motes.reconstruction.result import many

    n, (rows, columns) = many(len(made), "pattern"), made.shape
    if isinstance(made, DensePatterns):
        typer.echo(f"{output}: {n} of {rows}x{columns} real numbers")
        return
    typer.echo(f"{output}: {many(made.n_photons, 'photon')} in {n} of {rows}x{columns} pixels")
    if not made.n_photons:
        typer.echo("motes: note: not one photon was drawn: these patterns tell nothing", err=True)


def _image(path: Path, task: int) -> NDArray[Any]:
    from motes.cli.arguments import picture_of, read_array
    from motes.simulate import challenge_task

    return read_array(path) if path.suffix == ".npy" else picture_of(path, challenge_task(task).side)
