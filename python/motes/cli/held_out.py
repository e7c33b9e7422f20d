"""`motes reconstruct --held-out`: how many classes the patterns support, and the files that say so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from motes.cli.observers import progress_bar

if TYPE_CHECKING:
    from motes.noise import Noise
    from motes.reconstruction import HeldOut
    from motes.reconstruction.mixture.templates import AnyPatterns

FILES = ("held_out.json", "held_out.png")

Numbers: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--held-out",
        metavar="K,K,...",
        rich_help_panel="Output",
        help="How many classes the patterns support: fit half of them with each number of classes (such as 1,2,3) as "
        "well, and score the other half: held_out.json and held_out.png.",
    ),
]


def numbers_of(text: str | None) -> list[int] | None:
    """Numbers of classes with commas between them.

    Examples
    --------
    >>> numbers_of("1,2,3")
    [1, 2, 3]
    """
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdecimal() and len(part) < 7 for part in parts):
        raise ValueError(f"--held-out: expected numbers of classes with commas between them, got {text!r}")
    if len(set(parts)) < 2:
        raise ValueError(f"--held-out: expected two numbers of classes or more, to compare them, got {text!r}")
    return [int(part) for part in dict.fromkeys(parts)]


def fit_held_out(
    patterns: AnyPatterns,
    rotations: str,
    noise: Noise,
    asked: dict[str, Any],
    numbers: list[int],
    *,
    tolerance: float,
    quiet: bool,
) -> HeldOut | None:
    """A fit for each number of classes, watched by a progress bar; None where Ctrl-C ended them."""
    from motes import held_out

    own = {name: value for name, value in asked.items() if name != "classes"} | {"std_error": False}
    try:
        with progress_bar(tolerance, quiet) as bar:
            return held_out(patterns, rotations, noise, classes=numbers, callback=bar, **own)
    except KeyboardInterrupt:
        return None


def write_held_out(folder: Path, found: HeldOut) -> dict[str, Any]:
    """Write the files that `FILES` names.

    Parameters
    ----------
    folder : pathlib.Path
        An empty folder.
    found : HeldOut
        The comparison.

    Returns
    -------
    dict
        What the file, and a report, say of it.
    """
    from motes.report import plain, to_json

    told: dict[str, Any] = plain(
        {
            "supported": found.best,
            "classes": found.classes,
            "log_likelihood": found.log_likelihood,
            "less_than_best": found.less_than_best,
            "std_error": found.std_error,
            "maps": [[turns.name for turns in result.maps] for result in found.results],
            "n_fitted": found.results[0].n_patterns,
            "converged": [result.converged for result in found.results],
        }
    )
    (folder / FILES[0]).write_text(to_json(told, indent=2) + "\n", encoding="utf-8")
    found.plot().savefig(folder / FILES[1])
    return told


def doubt_of(found: HeldOut, classes: int) -> list[str]:
    """A note where the fit has another number of classes than the patterns support."""
    if found.best == classes:
        return []
    n = found.best
    kinds = f"{n} class{'es' * (n != 1)} that rotate{'s' * (n == 1)}"
    return [f"patterns held out support {kinds}, this fit has {classes}: --classes {n} makes the other"]


def table_of(found: HeldOut) -> list[str]:
    """A line for each number of classes."""
    rows = zip(found.classes, found.log_likelihood, found.less_than_best, found.std_error, strict=True)
    lines = ["held out: classes   nats a pattern   less than the best"]
    for k, value, lost, error in rows:
        beside = f"{lost:.6f} +- {error:.6f}" if lost > 0 else "the best"
        lines.append(f"{k:17d} {value:16.6f}   {beside}{', supported' if k == found.best else ''}")
    return lines
