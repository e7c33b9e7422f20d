"""``motes challenge``: all seven tasks of one archive, and the page that a judge reads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from motes.cli.arguments import RANDOM, Where, n_patterns_of
from motes.cli.commands import INTERRUPTED
from motes.cli.outputs import output_folder

if TYPE_CHECKING:
    from motes.challenge import Answer, Solution

ANSWERS, PAGE = "answers.json", "report.html"


def challenge(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The challenge's archive, endeavor.npz, or one of some of its tasks.")],
    out: Annotated[Path, typer.Option("-o", "--out", metavar="DIR", help=f"Folder for {ANSWERS} and {PAGE}.")],
    tasks: Annotated[
        list[int] | None,
        typer.Option("--task", metavar="N", help="Answer this task; may be given again. By default all, 1 to 7."),
    ] = None,
    truth: Annotated[
        Path | None,
        typer.Option(metavar="TRUTH.npz", help="The truth, to compare with: master1, labels1 and so on."),
    ] = None,
    n_patterns: Annotated[
        int | None,
        typer.Option(
            "--patterns",
            parser=n_patterns_of,
            metavar="N",
            help="Patterns of --task 6 or 7, if the last ones hold no photon.",
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help=RANDOM + "The same seed gives the same answers.")] = 0,
    threads: Annotated[
        int | None, typer.Option(min=1, help="Threads; all by default. The answers do not depend on it.")
    ] = None,
    device: Where = "cpu",
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress bar and no summary.")] = False,
) -> None:
    """Answer all tasks of the challenge, and make one page of it that needs no network.

    A file that holds only some tasks is answered for those; task 5 is a calculation and needs no data.

    Ctrl-C keeps the tasks that are finished and says which are not (exit status 130).

    Bad input is told in one line (exit status 2), and nothing is written.
    """
    from motes.challenge import solve

    with output_folder(out, (ANSWERS, PAGE)) as staging, _progress(quiet) as tell:
        began = time.perf_counter()
        solution = solve(
            file,
            tasks=tasks,
            truth=truth,
            n_patterns=n_patterns,
            seed=seed,
            threads=threads,
            device=device,
            progress=tell,
        )
        (staging / ANSWERS).write_text(_answers(solution), encoding="utf-8")
        solved = time.perf_counter()
        drawn = _draw(solution, staging / PAGE, context.obj, tell)
        ended = time.perf_counter()
    if not drawn:
        (out / PAGE).unlink(missing_ok=True)  # an older one would show other answers
    if not quiet:
        for answer in solution.answers:
            typer.echo(_line(answer))
        if drawn:
            typer.echo(f"answered in {solved - began:.1f} s, drawn in {ended - solved:.1f} s; look at {out / PAGE}")
    if solution.interrupted:
        left = ", ".join(map(str, solution.unanswered))
        verb = "is task" if len(solution.unanswered) == 1 else "are tasks"
        typer.echo(f"motes: interrupted: unanswered {verb} {left}", err=True)
    if not drawn:
        typer.echo(f"motes: interrupted: {out / ANSWERS} is whole, {PAGE} was not made", err=True)
    if solution.interrupted or not drawn:
        raise typer.Exit(INTERRUPTED)


def _draw(solution: Solution, path: Path, command: str, tell: Callable[[int, str], None]) -> bool:
    """Make the page; False if Ctrl-C came, and there is none then."""
    from motes.challenge import page

    try:
        html = page(solution, command=command, drawing=lambda task: tell(task, "drawing its pictures"))
        path.write_text(html, encoding="utf-8", errors="replace")
    except KeyboardInterrupt:
        path.unlink(missing_ok=True)
        return False
    return True


def _answers(solution: Solution) -> str:
    """JSON, one line for each thing that is told of a task: labels by the hundred thousand stay on one."""
    from motes.report import to_json

    tasks = []
    for answer in solution.answers:
        told = ",\n".join(f"    {to_json(name)}: {to_json(value)}" for name, value in answer.record().items())
        tasks.append(f'  "task{answer.task}": {{\n{told}\n  }}')
    return "{\n" + ",\n".join(tasks) + "\n}\n"


def _line(answer: Answer) -> str:
    """An answer in a line."""
    told = [f"task {answer.task}:"]
    if answer.counts is not None:
        told.append(" + ".join(f"{count:,}" for count in answer.counts))
    if answer.mean_photons is not None:
        told.append(f"({answer.mean_photons:,.3f} photons a pattern)")
    told.append(f"{answer.method}, {answer.seconds:.2f} s")
    if answer.details.get("accuracy") is not None:
        told.append(f"({answer.details['accuracy']:.2%} of the labels right)")
    return " ".join(told)


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, str], None]]:
    """Says on stderr what is done now, where a person looks on."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield lambda task, doing: None
        return
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=console, transient=True
    ) as progress:
        line = progress.add_task("reading")
        yield lambda task, doing: progress.update(line, description=f"task {task}: {doing}")
