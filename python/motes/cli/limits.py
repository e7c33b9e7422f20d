"""``motes limits``: what a measurement can tell, before it is made."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli import arguments
from motes.cli.outputs import output_folder

if TYPE_CHECKING:
    from motes import Patterns, StoredPatterns
    from motes.limits import Plan

RESULTS = ("limits.json", "limits.png")


def limits(
    context: typer.Context,
    image: Annotated[
        Path,
        typer.Option(help="Picture to be found, or a square .npy of brightness.", metavar="FILE"),
    ],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help="Folder for limits.json and limits.png.")],
    photons: Annotated[float | None, typer.Option(help="Mean photons a pattern.")] = None,
    n_patterns: Annotated[
        int | None,
        typer.Option(
            "--patterns",
            parser=arguments.n_patterns_of,
            metavar="N",
            help="Number of patterns to be measured: 1e5, say.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Patterns that were measured, a file or a store (.zarr): their photons, number and shape, where these "
            "are not given.",
        ),
    ] = None,
    contrast: Annotated[float, typer.Option(help="1 shows the picture as it is, 0 makes it flat.")] = 1.0,
    shape: Annotated[
        str | None,
        typer.Option(metavar="LxL", help="Pixels of a pattern, a square; 25x25 for a picture, a .npy keeps its own."),
    ] = None,
    rotations: Annotated[
        str,
        typer.Option(
            metavar="C4|D4|in-plane:K", help="Quarter turns (C4), mirror images too (D4), or K angles (in-plane:36)."
        ),
    ] = "C4",
    noise: Annotated[
        str,
        typer.Option(
            metavar="bernoulli|poisson", help="bernoulli: a pixel catches one photon or none; poisson: any number."
        ),
    ] = "bernoulli",
    target_error: Annotated[
        float | None, typer.Option(help="How many patterns it takes to come to this error, relative to the contrast.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help=arguments.RANDOM + "The same seed gives the same figures.")] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all by default. The result does not depend on it.")
    ] = None,
) -> None:
    """Say what photon patterns of a picture can and can not tell, before they are measured.

    The least error that a reconstruction can have, and whether maximum likelihood reaches it; how surely orientations
    are told; how many patterns a target takes. Errors are relative to ||master - mean(master)||.
    """
    from motes import plotting
    from motes.limits import plan
    from motes.limits.master import master_and_taken
    from motes.noise import noise_of
    from motes.report import to_json
    from motes.rotations import rotations_of
    from motes.stored import is_store

    began = time.perf_counter()
    if is_store(image):
        raise ValueError(
            f"--image: {image} is a store of patterns, expected the picture to be found; --data {image} takes the "
            "photons, number and shape of its patterns"
        )
    group, model = rotations_of(rotations), noise_of(noise)
    side = _side(shape)
    if data is not None:
        measured = _measured(data)
        photons = measured.n_photons / len(measured) if photons is None else photons
        n_patterns = len(measured) if n_patterns is None else n_patterns
        side = _side("x".join(map(str, measured.shape))) if side is None else side
    for name, value in (("--photons", photons), ("--patterns", n_patterns)):
        if value is None:
            raise ValueError(f"{name}: expected a number, or --data FILE with patterns that were measured")
    assert photons is not None
    assert n_patterns is not None
    master, taken = master_and_taken(image, photons, contrast, side)
    if model.name == "bernoulli" and master.max() > 1:
        raise ValueError(
            f"--photons {photons:g} at --contrast {contrast:g}: a pixel has the mean {master.max():.3g}, but with "
            "--noise bernoulli it catches at most 1 photon; ask for fewer photons, less contrast or --noise poisson"
        )
    with output_folder(out, RESULTS) as staging:
        found = plan(master, n_patterns, group, model, target_error=target_error, seed=seed, threads=threads)
        told = _report(found, context.obj) | {"photons": photons, "contrast": contrast, "seed": seed}
        told["image"] = {"file": str(image), "size": taken.size, "start": taken.start, "edge": min(taken.size)}
        told["seconds"] = time.perf_counter() - began
        (staging / "limits.json").write_text(to_json(told, indent=2) + "\n", encoding="utf-8")
        plotting.limits(found).savefig(staging / "limits.png")
    typer.echo(_table(found, str(taken)))


def _measured(path: Path) -> Patterns | StoredPatterns:
    """Patterns of a file, of a store what it says of them."""
    from motes import open_patterns, read_patterns
    from motes.stored import is_store

    found = open_patterns(path) if is_store(path) else read_patterns(path)
    if not len(found):
        raise ValueError(f"{path}: holds no pattern")
    return found


def _side(shape: str | None) -> int | None:
    rows_columns = arguments.shape_of(shape)
    if rows_columns is None:
        return None
    if rows_columns[0] != rows_columns[1]:
        raise ValueError(f"--shape: expected a square, since patterns are turned by quarters, got {shape}")
    return rows_columns[0]


def _report(found: Plan, command: str) -> dict[str, object]:
    from motes import __version__

    return {"version": __version__, "command": command, **found.figures()}


def _table(found: Plan, taken: str) -> str:
    """Names and figures in two columns."""
    from motes.reconstruction.result import many

    ratio, least, error = found.likelihood_ratio[0][1:].min(), found.solvable_from, found.bound.relative_error
    degrees = found.angular_resolution
    doubt = "" if found.solvable else ", not sure to be reached" if error < float("inf") else ": no bound"
    rows = {
        "the picture": taken,
        "least error (Cramer-Rao)": f"{error:.4g}{doubt}",
        "of the part that turns": f"{found.bound.asymmetric_error:.4g}",
        "solvable with": "no number of patterns" if least is None else f"{many(least, 'pattern')} or more",
        "labels right": _labels_right(found),
        "labels right were the master known": f"{found.expected_accuracy_known_master:.4f}",
        **({} if degrees is None else {"angle of one pattern, the master known": f"± {degrees:.3g} degrees"}),
        "information on the orientation": f"{found.mutual_information:.4g} nats a pattern",
        "likelihood ratio to the next orientation": f"{ratio:.4g} nats expected",
        "log-likelihood of a pattern": f"{found.log_likelihood.mean:.2f} ± {found.log_likelihood.std:.2f} nats",
        "error left after a sweep of EM": f"{found.bound.missing_information:.4g}",
    }
    if found.patterns_needed is not None:
        rows[f"for an error of {found.target_error:g}"] = many(found.patterns_needed, "pattern")
    width = max(map(len, rows))
    return "\n".join([*(f"{name:<{width}}  {value}" for name, value in rows.items()), found.reason])


def _labels_right(found: Plan) -> str:
    """The accuracy, where it is foreseen."""
    if not found.solvable:
        return "not foreseen, since not solvable"
    return f"{found.expected_accuracy:.4f}" if found.expected_accuracy >= 0 else "not foreseen for in-plane turns"
