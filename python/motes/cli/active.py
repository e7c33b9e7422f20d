"""``motes active``: particles labelled where a picker asks, one folder a project."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from motes.cli.arguments import RANDOM, PickerWhere
from motes.cli.coordinates import NAMES, TOLD, above_zero, checked_origin

if TYPE_CHECKING:
    from motes.project import Project
    from motes.project.picks import PickSet

FEW = 10  # particles, below which the picker is told to know little

active = typer.Typer(
    help="Label particles where a picker asks: init, query, label, train, pick; status tells when to stop.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)

Folder: TypeAlias = Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")]
Seed: TypeAlias = Annotated[int, typer.Option(help=RANDOM + "The same seed gives the same result.", min=0)]


@active.command(
    epilog="Examples: [bold]motes active init P --micrographs 'mics/*.mrc' --diameter 108[/bold]   "
    "[bold]motes active init P --micrographs 'mics/*.mrc' --diameter 190 --pixel-size 1.77[/bold]"
)
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to begin the project in.")],
    micrographs: Annotated[
        list[str],
        typer.Option(
            help="A folder, or files, as a pattern in quotes: 'mics/*.mrc'. May be given again.", metavar="DIR|GLOB"
        ),
    ],
    diameter: Annotated[
        float,
        typer.Option(help="Of the particles: pixels, or angstrom with --pixel-size.", callback=above_zero),
    ],
    more: Annotated[
        list[str] | None,
        typer.Argument(metavar="FILE", help="More micrographs: those of a pattern that the shell has spread."),
    ] = None,
    pixel_size: Annotated[
        float | None, typer.Option(help="Angstrom a pixel; the diameter is then in angstrom.", callback=above_zero)
    ] = None,
) -> None:
    """Begin a project. The micrographs stay where they are."""
    from motes.cli.observers import steps
    from motes.project import Project
    from motes.reconstruction.result import many

    paths = _matching([*micrographs, *(more or [])])
    project = Project.create(
        folder, paths, diameter, pixel_size=pixel_size, watch=lambda each: steps(each, "reading micrographs")
    )
    unit = "" if pixel_size is None else f" ({diameter:g} A)"
    typer.echo(
        f"{folder}: {many(len(project.sources), 'micrograph')}, particles of {project.diameter:.4g} pixels{unit}"
    )
    typer.echo(f"next: motes active query {folder}")


@active.command(epilog="Example: [bold]motes active query P -n 50[/bold]")
def query(
    folder: Folder,
    n: Annotated[int, typer.Option("-n", "--questions", help="Questions to ask.", min=1)] = 50,
    strategy: Annotated[
        str,
        typer.Option(help="How they are chosen; answers to importance also tell how good the picker is."),
    ] = "importance",
    most_micrographs: Annotated[
        int, typer.Option(help="They come from at most so many micrographs, chosen by lot.", min=1)
    ] = 20,
    threshold: Annotated[
        float | None,
        typer.Option(help="Decision boundary, for strategies that take one; by default what the answers say."),
    ] = None,
    seed: Seed = 0,
    device: PickerWhere = None,
) -> None:
    """Choose what to ask next; before any label, of a picker that needs none."""
    from motes.project.asking import ask, waiting
    from motes.reconstruction.result import many

    with _writing(folder, "query") as project:
        before, n_waiting = waiting(project)
        asked = ask(
            project,
            n,
            strategy=strategy,
            most_micrographs=most_micrographs,
            threshold=threshold,
            seed=seed,
            device=device,
            watch=_watch("looking for particles"),
        )
    if n_waiting:
        typer.echo(
            f"motes: note: {many(n_waiting, 'question')} of query {before} had no answer and are put aside; "
            "its answers do not tell how good its picker is",
            err=True,
        )
    if len(asked.questions) < n:
        typer.echo(f"motes: note: {n:,} were to be asked, but no more candidates are left there", err=True)
    opened = len({question.micrograph for question in asked.questions})
    source = f"picker {asked.model}" if asked.model else "a picker that needs no labels"
    typer.echo(
        f"query {asked.number}: {many(len(asked.questions), 'question')} on {many(opened, 'micrograph')}, "
        f"by {strategy}, of {source}"
    )
    typer.echo(f"next: motes active label {folder}")


@active.command(
    epilog="Examples: [bold]motes active label P[/bold]   "
    "[bold]motes active label P boxes/*.box --y-origin bottom[/bold]   "
    "[bold]motes active label P --picks cryolo --picks topaz[/bold]"
)
def label(
    folder: Folder,
    files: Annotated[
        list[Path] | None,
        typer.Argument(metavar="FILE", help="Coordinate files or folders to take labels from; none: the page."),
    ] = None,
    y_origin: Annotated[
        str | None,
        typer.Option(help="Where y of the files counts from: top (first stored row) or bottom; by default as usual."),
    ] = None,
    complete: Annotated[
        bool,
        typer.Option(
            "--complete", help="The files hold every particle of their micrographs: no question there, no other pick."
        ),
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take back the labels of the files that came last.")] = False,
    picks: Annotated[
        list[Path] | None,
        typer.Option(help="Picks to review on the page, beside the project's own or, given twice, each other."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(help="Of the page's server; 0: any that is free; by default the project's own.", min=0, max=65535),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the page's address, open no browser.")
    ] = False,
) -> None:
    """Label: in the browser, or from coordinate files, which are matched to the micrographs by their stems."""
    from motes.picks.flips import Flip
    from motes.project.labels import import_labels, take_back
    from motes.project.picks import read_set
    from motes.reconstruction.result import many

    origin = checked_origin(y_origin, "--y-origin")
    with _writing(folder, "label") as project:
        if undo:
            if files or picks or complete or y_origin or port is not None or no_browser:
                raise ValueError("--undo: goes with no files and no other option")
            _tell_taken_back(take_back(project))
            _tell_next(project)
            return
        if not files:
            if complete or (origin is not None and not picks):
                raise ValueError("--y-origin, --complete: of files, and none is given")
            if len(picks or []) > 2:
                raise ValueError(f"--picks: expected at most two sets, got {len(picks or [])}")
            _serve(project, [read_set(project, path, y_origin=origin) for path in picks or []], port, no_browser)
            return
        if picks:
            raise ValueError("--picks: of the page, which is not opened when files are given")
        imported = import_labels(project, files, y_origin=origin, complete=complete)
    for told in imported:
        if told.n_here:
            elsewhere = f", {many(len(told.elsewhere), 'micrograph')} not of this project left out"
            typer.echo(
                f"{told.file}: {many(told.n_new, 'label')}, {told.n_known:,} known before"
                f"{elsewhere if told.elsewhere else ''} ({told.convention})"
            )
        if told.flip:
            name, likely = told.flip
            mend = "give the other --y-origin" if likely.likeliest == Flip(y=True) else "turn the file"
            typer.echo(
                f"motes: note: {told.file}: turned over? On {name} the likeliest is {likely}; if so, take them back "
                f"with motes active label {folder} --undo, and {mend}",
                err=True,
            )
    if others := [told.file for told in imported if not told.n_here]:
        more = f" and {len(others) - TOLD:,} more" if len(others) > TOLD else ""
        typer.echo(
            f"motes: note: {many(len(others), 'file')} of micrographs that the project lacks left out: "
            f"{', '.join(others[:TOLD])}{more}",
            err=True,
        )
    _tell_next(project)


@active.command(epilog="Example: [bold]motes active train P[/bold]")
def train(
    folder: Folder,
    picker: Annotated[
        str, typer.Option(help="filterbank, compact, phosaurus or combined; but for the first these need torch.")
    ] = "filterbank",
    seed: Seed = 0,
    device: PickerWhere = None,
) -> None:
    """Train a picker on all labels, from scratch."""
    from motes.project.teaching import train as teach
    from motes.reconstruction.result import many

    with _writing(folder, "train") as project, _busy("training"):
        told = teach(project, picker=picker, seed=seed, device=device)
    typer.echo(
        f"picker {told['number']}: {picker}, {many(told['n_particles'], 'particle')} and "
        f"{many(told['n_rejected'], 'rejected place')}, {told['seconds']:.1f} s"
    )
    if told["n_particles"] < FEW:
        typer.echo(
            f"motes: note: {many(told['n_particles'], 'particle')} to learn from: very few, label {FEW} or more",
            err=True,
        )
    typer.echo(f"next: motes active query {folder}, or motes active pick {folder}")


@active.command(epilog="Examples: [bold]motes active pick P[/bold]   [bold]motes active pick P --format cbox[/bold]")
def pick(
    folder: Folder,
    format: Annotated[str, typer.Option(help=f"Format: {NAMES}.")] = "star",
    threshold: Annotated[
        float | None, typer.Option(help="Least probability of a pick; by default the one of the best expected F1.")
    ] = None,
    device: PickerWhere = None,
) -> None:
    """Find the particles of all micrographs, and write them into the project."""
    from motes.checks import one_of
    from motes.picks import FORMATS
    from motes.project.picks import pick as find
    from motes.reconstruction.result import many

    one_of("--format", format, tuple(FORMATS))
    with _writing(folder, "pick") as project:
        told = find(project, threshold=threshold, format=format, device=device, watch=_watch("picking"))
    chosen = "as asked" if threshold is not None else "where F1 is expected to be best"
    typer.echo(
        f"{told.path}: {many(told.n, 'pick')}: {told.n - told.n_labelled:,} of probability {told.threshold:.3g} "
        f"or more ({chosen}), {told.n_labelled:,} that you labelled"
    )
    if told.n_unseen:
        typer.echo(
            f"motes: note: the picker does not see {told.n_unseen:,} of those; they have probability 0", err=True
        )
    if threshold is None and not told.n_answered:
        typer.echo(
            "motes: note: no question has been answered yet, so the threshold is a guess and may cost many particles: "
            f"motes active query {folder} and label first, or give --threshold",
            err=True,
        )
    typer.echo(f"next: motes active label {folder}, to review them")


@active.command(epilog="Example: [bold]motes active status P[/bold]")
def status(
    folder: Folder, json: Annotated[bool, typer.Option("--json", help="As JSON, for programs.")] = False
) -> None:
    """Labels, what they cost, how good the picker is, what the next labels are worth, and whether to stop."""
    from motes.project import Project
    from motes.project.status import status as stand
    from motes.report import to_json

    told = stand(Project(folder))
    for line in [to_json(told.as_dict(), indent=1)] if json else told.lines():
        typer.echo(line)
    if not json:
        typer.echo(f"next: motes active {told.step} {folder}")


def _tell_next(project: Project) -> None:
    """The command that comes next, as `status` has it."""
    from motes.project.status import status as stand

    typer.echo(f"next: motes active {stand(project).step} {project.folder}")


def _tell_taken_back(actions: list[dict[str, Any]]) -> None:
    from motes.reconstruction.result import many

    for action in actions:
        if action["type"] == "import":
            typer.echo(f"{action['file']}: {many(len(action['places']), 'label')} taken back")
    if n := sum(action["type"] == "complete" for action in actions):
        typer.echo(f"{many(n, 'micrograph')}: no longer said to be complete by these files")


def _serve(project: Project, sets: list[PickSet], port: int | None, no_browser: bool) -> None:
    """The page, until Ctrl-C."""
    import webbrowser

    from motes.labelling import Server
    from motes.project.picks import latest_set
    from motes.reconstruction.result import many

    own = latest_set(project) if len(sets) < 2 else None
    with Server(project, [*([own] if own is not None else []), *sets], port=port) as server:
        typer.echo(server.address)
        typer.echo("label in the browser; Ctrl-C here ends it, and everything is saved as it is done")
        if not no_browser:
            webbrowser.open(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            state = project.state()
            answered = many(len(state.answered), "question")
            typer.echo(f"\n{many(state.n_particles, 'particle')} labelled, {answered} answered")


def _writing(folder: Path, command: str) -> Any:
    """The project, and nobody else writes to it meanwhile."""
    from motes.project import Project

    return Project(folder).writing(f"motes active {command} {folder}")


def _watch(what: str) -> Any:
    from motes.cli.observers import steps

    return lambda names: steps(names, what)


def _busy(what: str) -> Any:
    """A sign of life where a person looks on."""
    from rich.console import Console

    return Console(stderr=True).status(what)


def _matching(patterns: list[str]) -> list[Path]:
    """Files that patterns match, or all micrographs of a folder; one that matches nothing is told."""
    from motes.micrograph import images_of

    found: dict[Path, None] = {}
    for pattern in patterns:
        path = Path(pattern)
        files = list(images_of(path).values()) if path.is_dir() else [one for one in _glob(path) if one.is_file()]
        if not files:
            raise ValueError(f"--micrographs: no file matches {pattern!r}")
        found |= dict.fromkeys(files)
    return list(found)


def _glob(pattern: Path) -> list[Path]:
    """The file of this very name, or those that a pattern matches."""
    if pattern.exists() or not pattern.parts:
        return [pattern]
    root = Path(pattern.anchor)
    return sorted(root.glob(str(pattern.relative_to(pattern.anchor))))
