"""How the commands answer: a mistake in one line on stderr and exit status 2, Ctrl-C with 130."""

from __future__ import annotations

import errno
import re
import shlex
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TextIO

import typer
from typer.core import TyperGroup

BAD_INPUT, INTERRUPTED = 2, 130
STOPPED = "motes: interrupted: nothing was written"
ADVICE = {
    errno.ENOSPC: "no results were written; free some space or choose another place",
    errno.EFBIG: "no results were written; choose a place that takes larger files",
    errno.EDQUOT: "no results were written; free some space or choose another place",
    errno.ENOENT: "check the path",
    errno.EACCES: "choose a place that you may use",
    errno.EPERM: "choose a place that you may use",
    errno.EROFS: "choose a place that you may write",
    errno.EEXIST: "choose another name",
    errno.ENOTDIR: "choose another path",
}

OF_ONE_NAME = (
    "acceleration|background|beta|classes|coarse|detector|fluence|box|centring|confidence|contrast|downsample|edge|image|init|iou|mask|missing|method|noise|photons|rotations|sigma|task|tolerance"
    "|truth|weights|diameter|preset|strategy|threshold|device|scheduler"
)
OTHERWISE = {"--y-origin": "--flip-y", "--micrograph": "--micrographs"}  # what other commands call it
SPELLING = {  # what a message of the library advises, and the option that does it
    r"\bn_patterns=(\d+)": r"--patterns \1",
    r"\bn_patterns\b": "--patterns",
    r"\bshape=\((\d+), (\d+)\)": r"--shape \1x\2",
    r"\bshape=\(rows, columns\)": "--shape ROWSxCOLUMNS",
    r"\brotations=C1\b": "--rotations C1",
    r"\bnoise=Poisson\(\)": "--noise poisson",
    r"\bbinarise=True": "--binarise",
    r"\btask=(\d+)": r"--task \1",
    r"\btarget_error\b": "--target-error",
    r"^pixel_size: ": "--pixel-size: ",
    r"\bpixel_size says": "--pixel-size says",
    r"^randomise_from: ": "--randomise-from: ",
    r"^rule: ": "--matching: ",
    r"^error_bars: ": "--error-bars: ",
    r"^still_classes: ": "--still-classes: ",
    r"^class_weights: ": "--class-weights: ",
    r"^stack: ": "-o: ",
    r"^min_pickers: ": "--min-pickers: ",
    r"^tls_(ca|cert|key)\b": r"--tls-\1",
    r"\b(tls)_(ca|cert|key)\b": r"--\1-\2",
    r"^before: ": "--against: ",
    r"^beside: ": "--beside: ",
    r"^only: ": "--only: ",
    r"^radius: needed": "--diameter: needed",
    r"\bgive radius$": "give --radius, half a particle's diameter in pixels",
    r"^shape: needed": "--height and --width, or --micrograph: needed",
    r"^height: needed": "--height, or micrographs that tell it: needed",
    r"^height, width: needed": "--height and --width, or --micrograph: needed",
    r"^flip_y, y_origin:": "--flip-y, --y-origin:",
    r"^format: expected": "--from, --to: expected",
    r"\bwithout resume\b": "without --resume",
    r"\bshape: (?=\d+ x \d+ does|\d+ pixels are)": "--shape: ",  # other shapes are of arrays in a file
    rf"^({OF_ONE_NAME}): ": r"--\1: ",
}


class Commands(TyperGroup):
    """A group of commands that turns what a user can get wrong into one line; other errors keep their traceback."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Read the command line; Ctrl-C is told, where Typer would end without a word."""
        with _told_when_interrupted():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; Ctrl-C that it has no answer of its own to ends it."""
        with _told_when_interrupted():
            return super().invoke(ctx)

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        windows_expand_args: bool = True,
        **extra: Any,
    ) -> Any:
        """Parse and run; the command line as it can be typed again is kept in the context, for reports."""
        words = sys.argv[1:] if args is None else list(args)
        extra.setdefault("obj", shlex.join(["motes", *words]))
        run = partial(super().main, words, prog_name, complete_var, False, windows_expand_args, **extra)
        if not standalone_mode:
            return run()
        with warnings.catch_warnings():
            warnings.filterwarnings("always", category=UserWarning, module="motes")
            warnings.showwarning = _tell_warning
            try:
                status = run()
            except typer.Abort:
                typer.echo(STOPPED, err=True)
                status = INTERRUPTED
            except Exception as error:
                line = explanation(error)
                if line is None:
                    raise
                typer.echo(f"motes: error: {line}", err=True)
                status = BAD_INPUT
        sys.exit(status)


@contextmanager
def _told_when_interrupted() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt:
        typer.echo(STOPPED, err=True)
        raise typer.Exit(INTERRUPTED) from None


def explanation(error: Exception) -> str | None:
    """What went wrong and what to do next, in one line; None for an error that is not the user's.

    Examples
    --------
    >>> explanation(FileNotFoundError(2, "No such file or directory", "photons.npz"))
    'photons.npz: no such file or directory; check the path'
    >>> explanation(KeyError("x")) is None
    True
    """
    from motes.errors import DeviceError

    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename is not None else ""
        advice = ADVICE.get(error.errno or 0)
        text = f"{where}{error.strerror[0].lower()}{error.strerror[1:]}" + (f"; {advice}" if advice else "")
    elif hasattr(error, "format_message"):  # what Typer finds wrong with the command line
        text = f"{error.format_message()}{_typed(error)}{_meant(error)} (see --help)"
    elif isinstance(error, MemoryError):
        text = "not enough memory; try fewer patterns" + (f" ({error})" if str(error) else "")
    elif isinstance(error, (ValueError, OSError)) or (isinstance(error, ImportError) and error.name is None):
        text = str(error)  # an ImportError without a name is the library's own: an extra that is not installed
    elif isinstance(error, DeviceError):
        text = f"--device: {error}"
    else:
        return None
    return _one_line(text)


def _typed(error: Exception) -> str:
    """What was typed where a number is out of its range: the parser's message leaves it out."""
    faults: list[dict[str, Any]] = getattr(error.__cause__, "errors", list)()
    return f", got {faults[0]['input']}" if faults and "input" in faults[0] else ""


def _meant(error: Exception) -> str:
    """The option of this command that does what another command calls otherwise."""
    other = OTHERWISE.get(getattr(error, "option_name", ""))
    command = getattr(getattr(error, "ctx", None), "command", None)
    known = {name for parameter in getattr(command, "params", ()) for name in parameter.opts}
    return f"; did you mean {other}?" if other in known else ""


def _tell_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """A warning as one line, without the place in the source, which a user has no use for."""
    typer.echo(f"motes: note: {_one_line(str(message))}", err=True)


def _one_line(text: str) -> str:
    """A message of the library in one line, its ways out as they are typed here."""
    for argument, option in SPELLING.items():
        text = re.sub(argument, option, text)
    return " ".join(text.split())
