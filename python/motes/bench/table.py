"""A run and a comparison as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median
from typing import TYPE_CHECKING

from motes.bench.compare import BUSY, Comparison
from motes.bench.results import Run
from motes.bench.yardsticks import UNITS

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

COLOURS = {"slower": "bold red", "faster": "bold green", "same": "", "unclear": "dim"}


def tables(run: Run, comparison: Comparison | None = None) -> Iterator[RenderableType]:
    """Everything that a run tells, and what a comparison adds."""
    yield _head(run)
    if run.bounds:
        yield _cases(run)
        rates = ", ".join(_amount(rate, name) for name, rate in run.rates().items())
        yield f"The machine, a second: {rates}."
    threads, cores = run.conditions.threads, run.conditions.machine.get("cores")
    if isinstance(cores, int) and threads > cores:
        yield f"Note: {threads} threads on {cores} processor{'s' * (cores != 1)}."
    elif run.others > BUSY:
        yield f"Note: others had {run.others:.0%} of the processors: these are figures of a busy machine."
    if run.races:
        yield _races(run)
    if run.absent:
        told = "; ".join(f"{library} ({', '.join(cases)})" for library, cases in run.absent.items())
        extras = "bench,aspire" if "aspire" in run.absent else "bench"
        yield f"Not installed: {told}. pip install 'motes[{extras}]' brings them."
    if comparison is not None:
        yield _changes(comparison)
        yield from _told(comparison)


def _head(run: Run) -> str:
    now, n = run.conditions, len(run.rounds)
    size = "a tenth of the work" if now.quick else "the whole work"
    threads = f"{now.threads} thread{'s' * (now.threads != 1)}"
    told = f"motes {now.version}, {now.machine['processor']}, {now.machine['instruction_set']}, {threads}, {size}"
    return f"{told}, {n} round{'s' * (n != 1)}{', interrupted: a part' * run.interrupted}"


def _table(*columns: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        right = column in ("ms", "least - most", "reached", "peer, ms", "motes, ms", "ratio", "change", "95% interval")
        table.add_column(column, justify="right" if right else "left", no_wrap=right)
    return table


def _cases(run: Run) -> Table:
    """Median over rounds of each round's median; least and most of these; the bound, and the share of it."""
    table = _table("case", "ms", "least - most", "held by", "reached")
    for case, bound in run.bounds.items():
        seconds = run.seconds(case)
        name, share = run.held_by(case)
        reached = f"{share:.0%}" if share >= 0.005 else "<1%"
        span = f"{_ms(min(seconds))} - {_ms(max(seconds))}"
        table.add_row(case, _ms(median(seconds)), span, _amount(bound.amounts[name], name), reached)
    return table


def _races(run: Run) -> Table:
    table = _table("case", "peer", "peer, ms", "motes, ms", "ratio")
    for race in run.races:
        if race.trouble:
            table.add_row(race.case, race.peer, "", "", race.trouble[:60])
        else:
            times = (_ms(median(race.theirs)), _ms(median(race.ours)))
            table.add_row(race.case, race.peer, *times, f"{race.ratio:.3g}")
    return table


def _changes(comparison: Comparison) -> Table:
    confidence = f"{1 - comparison.level:.0%} interval"
    table = _table("case", "change", confidence, "verdict")
    for change in comparison.changes:
        colour = COLOURS[change.verdict]
        span = f"{_percent(change.low)} to {_percent(change.high)}"
        table.add_row(change.case, _percent(change.ratio), span, change.verdict, style=colour)
    return table


def _told(comparison: Comparison) -> Iterator[str]:
    changed = comparison.slower + comparison.faster
    for change in changed:
        yield str(change)
    margin, level = f"{comparison.margin:.0%}", f"{comparison.level:.0%}"
    n = len(comparison.changes)
    nothing = "" if changed else f"No case changed significantly by more than {margin}. "
    yield (
        f"{nothing}Slower and faster: by more than {margin}, of {n} case{'s' * (n != 1)} in all with a {level} risk of "
        f"any false alarm (Holm); same: the interval lies within {margin}. Each interval is for its case alone: "
        "one that lies beyond the margin may still be unclear among so many."
    )
    machine = ", ".join(f"{name} {_percent(ratio)}" for name, ratio in comparison.machine.items())
    beside = "taken in turns" if comparison.in_turns else "compared relative to them"
    yield f"The machine's own times: {machine}; cases are {beside}."
    for case, reason in comparison.left_out.items():
        yield f"Not compared: {case}: {reason}."
    for note in comparison.notes:
        yield f"Note: {note}."


def _ms(seconds: float) -> str:
    milliseconds = 1e3 * seconds
    return f"{milliseconds:.0f}" if milliseconds >= 99.5 else f"{milliseconds:.3g}"


def _amount(number: float, yardstick: str) -> str:
    """Three digits, a prefix, and the yardstick's unit.

    Examples
    --------
    >>> _amount(2_736_353, "reads"), _amount(5.1e10, "memory"), _amount(640, "cache")
    ('2.74 M random reads of 16 B', '51 GB copied in memory', '640 B copied in caches')
    """
    factor, prefix = next(
        (found for found in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")) if number >= found[0]), (1.0, "")
    )
    unit = UNITS[yardstick]
    return " ".join(f"{number / factor:.3g} {prefix}{'' if unit.startswith('B ') else ' '}{unit}".split())


def _percent(ratio: float) -> str:
    return f"{100 * (ratio - 1):+.0f}%"
