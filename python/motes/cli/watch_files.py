"""The files of ``motes watch``: of each update, and of the last."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from motes.cli.mixture_fit import FILES, mixture_summary, write_mixture
from motes.cli.outputs import output_folder
from motes.cli.results import RESULTS, write_results
from motes.cli.summary import summary

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure
    from numpy.typing import NDArray

    from motes.live import Update
    from motes.live.turning import Found

PAGE, PROGRESS = "watch.html", "progress.png"
EACH = ("master.npy", "std_error.npy", "report.json", "master.png", PROGRESS, PAGE)
LAST = (*RESULTS, PROGRESS, PAGE)
ANY = (*RESULTS, *FILES)  # of a reconstruction, of whatever rotations
MOST_RECORDS = 500  # of updates, that are kept: beyond, of older ones every other goes
ENDED = {
    "closed": "complete: the writer closed the store",
    "target": "the target is reached",
    "patience": "ended: no pattern came any more",
    "interrupted": "interrupted",
    "failed": "ended by an error",
}


def ended_in_words(update: Update, ended: str) -> str:
    """How it ended; a store of which sections could not be read is not complete."""
    from motes.reconstruction.result import many

    n = len(update.left_out)
    if ended != "closed" or not n:
        return ENDED[ended]
    return f"the writer closed the store, and {many(n, 'section')} of it can not be read: not complete"


def record_of(update: Update) -> dict[str, Any]:
    """One update in figures: a line of the log, a point of the progress."""
    return {
        "seconds": update.seconds,
        "took": update.took,
        "n_patterns": update.n_patterns,
        "rate": update.rate,
        "error": update.outlook.error,
        "error_bound": update.result.error_bound,
        "needed": update.outlook.needed,
        "still_needed": update.still_needed,
        "seconds_needed": update.seconds_needed,
        "log_likelihood": update.result.log_likelihood,
        "begun_anew": update.begun_anew,
        "ended": update.ended,
    }


class WatchFiles:
    """Results in a folder, each file replaced whole at each update.

    Parameters
    ----------
    folder : pathlib.Path
        Where they belong.
    source : pathlib.Path
        What is watched.
    command : str
        The command line.
    target_error : float or None
        What was asked for.
    every : float
        Seconds from one update to the next.
    """

    def __init__(self, folder: Path, source: Path, command: str, target_error: float | None, every: float) -> None:
        self.folder, self.source, self.command = folder, source, command
        self.target_error, self.every = target_error, every
        self._records: list[dict[str, Any]] = []

    def probe(self) -> None:
        """See that they can be written, before any work."""
        with output_folder(self.folder, LAST):
            pass

    def write(self, update: Update) -> None:
        """The files of an update; of an earlier run those that only the end brings are removed, they are of another."""
        self._take_note(update)
        if update.last:
            self.finish(update, str(update.ended))
            return
        from motes.io.npy import array_table, write_table
        from motes.report import to_json

        told = self._told(update, update.result, None)
        with output_folder(self.folder, EACH) as staging:
            for name in ("master", "std_error"):
                with (staging / f"{name}.npy").open("wb") as file:
                    write_table(file, array_table(getattr(update.result, name)))
            picture_of(update.result).savefig(staging / "master.png")
            (staging / "report.json").write_text(to_json(told, indent=2) + "\n", encoding="utf-8")
            self._show(staging, update, told, None)
            self._remove(set(ANY) - set(EACH))

    def finish(self, update: Update, ended: str) -> None:
        """All files, of the last update, turned by convention; `ended` says why it is the last."""
        from motes import Reconstruction
        from motes.live import by_convention

        result = by_convention(update.result)
        told = self._told(update, result, ended)
        with output_folder(self.folder, (*LAST, *FILES)) as staging:
            if isinstance(result, Reconstruction):
                write_results(staging, result, told, None, update.kept)
            else:
                write_mixture(staging, result, told, _kept(update))
            self._show(staging, update, told, ended)
            self._remove(set(ANY) - {file.name for file in staging.iterdir()})

    def _remove(self, names: set[str]) -> None:
        for name in names:
            (self.folder / name).unlink(missing_ok=True)

    def _take_note(self, update: Update) -> None:
        if len(self._records) >= MOST_RECORDS:
            self._records = [*self._records[:-1:2], self._records[-1]]
        self._records.append(record_of(update))

    def _told(self, update: Update, result: Found, ended: str | None) -> dict[str, Any]:
        """The report."""
        from motes.cli.source import source
        from motes.report import plain

        told = report_of(result, self.command)
        told["input"] = source([self.source], None, False, _kept(update), update.store)
        told["device"] = "cpu"
        told["notes"] = [*told["notes"], *update.notes]
        told["watch"] = plain(
            {
                "ended": ended,
                "closed": update.closed,
                "left_out": update.left_out,
                "target_error": self.target_error,
                "updates": self._records,
            }
        )
        return told

    def _show(self, staging: Path, update: Update, told: dict[str, Any], ended: str | None) -> None:
        """The error over patterns, and the page."""
        from motes import plotting
        from motes.viewer.watch import watch_page

        numbers, errors = ([record[name] for record in self._records] for name in ("n_patterns", "error"))
        drawn = plotting.progress(numbers, errors, target_error=self.target_error, needed=update.outlook.needed)
        drawn.savefig(staging / PROGRESS)
        state = "patterns are arriving" if ended is None else ended_in_words(update, ended)
        good = ended == "target" or (ended == "closed" and not update.left_out)
        page = watch_page(
            figures_of(update, self.target_error),
            {
                "The reconstruction and its standard error": (staging / "master.png").read_bytes(),
                "The error as patterns arrived": (staging / PROGRESS).read_bytes(),
            },
            name=self.source.name,
            state=f"{state}, {time.strftime('%H:%M:%S')}",
            kind="" if ended is None else "ended" if good else "stopped",
            notes=told["notes"],
            command=self.command,
            seconds=self.every if ended is None else None,
        )
        (staging / PAGE).write_text(page, encoding="utf-8")


def _kept(update: Update) -> NDArray[np.bool_]:
    import numpy as np

    return np.broadcast_to(np.bool_(True), len(update.store)) if update.kept is None else update.kept


def report_of(result: Found, command: str) -> dict[str, Any]:
    """What `report.json` says of a result."""
    from motes import Reconstruction
    from motes.report import report, report_mixture

    return report(result, command) if isinstance(result, Reconstruction) else report_mixture(result, command)


def picture_of(result: Found) -> Figure:
    """The master with its standard errors."""
    from motes import Reconstruction, plotting

    return plotting.master(result) if isinstance(result, Reconstruction) else plotting.masters(result)


def told_at_the_end(update: Update, ended: str, page: Path) -> str:
    """The last update in a few lines."""
    from motes import Reconstruction
    from motes.live import by_convention

    told = report_of(by_convention(update.result), "")
    told["notes"] = [*told["notes"], *update.notes]
    lines = summary(told) if isinstance(update.result, Reconstruction) else mixture_summary(told)
    return "\n".join([ended_in_words(update, ended), lines, f"look at {page}"])


def figures_of(update: Update, target_error: float | None) -> dict[str, str]:
    """An update in words, by what they are of."""
    rate, left, seconds = update.rate, update.still_needed, update.seconds_needed
    told = {
        "patterns": f"{update.n_patterns:,}",
        "a second": "unknown" if rate is None else f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}",
        "relative error": f"{update.outlook.error:.3g}" if update.outlook.told else "no picture yet",
    }
    if target_error is not None:
        told[f"still needed for {target_error:g}"] = (
            "not to be told yet" if left is None else f"{float(f'{left:.2e}'):,.0f}"
        )
        told["at this rate"] = "unknown" if seconds is None else duration(seconds)
    return told


def duration(seconds: float) -> str:
    """Time as a person says it.

    Examples
    --------
    >>> duration(9.7), duration(125), duration(7300), duration(4e5)
    ('10 s', '2 min 5 s', '2 h 1 min', '4 d 15 h')
    """
    whole = round(min(seconds, 1e12))
    for size, name, part, parts in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            return f"{whole // size:,} {name} {whole % size // part} {parts}"
    return f"{whole} s"
