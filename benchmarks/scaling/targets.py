"""What out-of-core work and workers were to reach, beside what was measured."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from benchmarks.scaling.model import exponent

LARGE, LARGEST = 10_000_000, 30_000_000
CACHED, COLD, OVERHEAD, SECONDS, GROWTH, LITTLE = 1.25, 0.8, 0.10, 0.020, 1.03, 300e6
BUSY = 0.2  # of a processor, taken by others


@dataclass(frozen=True)
class Target:
    """One line."""

    what: str
    asked: str
    found: str
    reached: bool


def runs_of(rows: dict[str, Any], part: str, n_patterns: int | None = None, **point: Any) -> list[dict[str, Any]]:
    """Runs of the one point of a part that is like this; none if it was not measured."""
    for row in rows.values():
        if row["part"] != part or any(row["point"][key] != value for key, value in point.items()):
            continue
        if row["runs"] and n_patterns in (None, row["runs"][0].get("n_patterns")):
            runs: list[dict[str, Any]] = row["runs"]
            return runs
    return []


def median(runs: list[dict[str, Any]], key: str = "seconds") -> float | None:
    """Over the runs."""
    return statistics.median(run[key] for run in runs) if runs else None


def growth(rows: dict[str, Any], part: str, memory: str) -> tuple[float, float] | None:
    """Exponent and its standard error, over all sizes of a part."""
    found = {}
    for row in rows.values():
        if row["part"] == part and row["point"]["memory"] == memory and row["runs"]:
            found[row["runs"][0]["n_patterns"]] = median(row["runs"])
    return exponent(list(found), [s for s in found.values() if s]) if len(found) > 2 else None


def targets(rows: dict[str, Any]) -> list[Target]:
    """Those whose figures are there."""
    found = [*_cached(rows), *_cold(rows), *_largest(rows), *_overhead(rows)]
    names = {"sizes": "a sweep", "fits": "a whole reconstruction"}
    for part, what in names.items():
        for memory, how in (("all", "in memory"), ("300MB", "from a store in 300 MB")):
            told = growth(rows, part, memory)
            if told:
                value = f"{told[0]:.3f} ± {told[1]:.3f}"
                name = f"exponent of growth with N, {what} {how}"
                found.append(Target(name, f"at most {GROWTH}", value, told[0] <= GROWTH))
    return found


def _cached(rows: dict[str, Any]) -> list[Target]:
    inside = median(runs_of(rows, "sizes", LARGE, memory="all"))
    outside = median(runs_of(rows, "sizes", LARGE, memory="300MB"))
    if not inside or not outside:
        return []
    told = f"{outside / inside:.2f} ({outside:.3f} s; {inside:.3f} s)"
    what = f"a sweep over {LARGE:.0e} patterns from a store in 300 MB, cached, beside one in memory"
    return [Target(_power(what), f"at most {CACHED} times", told, outside <= CACHED * inside)]


def _cold(rows: dict[str, Any]) -> list[Target]:
    runs = runs_of(rows, "cold", LARGE)
    if not runs:
        return []
    plain, read, sweep = (median(runs, f"cold {name}") or 1.0 for name in ("plain", "read", "sweep"))
    rate = runs[0]["file_bytes"] / plain / 1e6
    found = []
    for what, seconds in (("reading alone", read), ("a sweep", sweep)):
        told = f"{plain / seconds:.0%} ({runs[0]['file_bytes'] / seconds / 1e6:.0f} MB/s; {rate:.0f} MB/s)"
        name = f"rate of {what} from a cold disk, beside plain sequential reads of the same files"
        found.append(Target(name, f"at least {COLD:.0%}", told, plain / seconds >= COLD))
    return found


def _largest(rows: dict[str, Any]) -> list[Target]:
    runs = runs_of(rows, "fits", LARGEST, memory="300MB")
    if not runs:
        return []
    peak, own = (max(run[key] for run in runs) / 1e6 for key in ("peak", "own_peak"))
    told = f"{median(runs):.1f} s; peak {peak:.0f} MB, {own:.0f} MB without the mapped file of labels"
    done = all(run["converged"] for run in runs) and own <= LITTLE / 1e6
    return [Target(f"{_power(f'{LARGEST:.0e}')} patterns in 300 MB", "completes", told, done)]


def _overhead(rows: dict[str, Any]) -> list[Target]:
    here = median(runs_of(rows, "workers", LARGE, kind="sweep", workers=0, threads=2))
    there = median(runs_of(rows, "workers", LARGE, kind="sweep", workers=1))
    if not here or not there:
        return []
    told = f"{(there - here) * 1e3:+.0f} ms, {there / here - 1:+.1%} ({there:.3f} s; {here:.3f} s)"
    what = f"a sweep over {LARGE:.0e} patterns by one worker with two threads, beside two threads here"
    asked = f"at most {OVERHEAD:.0%} and {SECONDS * 1e3:.0f} ms more"
    return [Target(_power(what), asked, told, there <= (1 + OVERHEAD) * here + SECONDS)]


def _power(text: str) -> str:
    """1e+07 as people write it."""
    return text.replace("1e+07", "10⁷").replace("3e+07", "3 · 10⁷")


def machine_of(rows: dict[str, Any]) -> str:
    """How busy the machine was, in a sentence."""
    runs = [run for row in rows.values() for run in row["runs"]]
    others, dates = [run["others"] for run in runs], sorted(run["date"][:10] for run in runs)
    when = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
    share = f"others took {statistics.median(others):.2f} of its processors meanwhile (at most {max(others):.2f})"
    if statistics.median(others) > BUSY:
        return f"**A busy machine**, {when}: {share}; the figures are provisional."
    return f"Measured on {when}; {share}."
