"""Passes over the patterns until the maximum is reached: `python -m benchmarks.passes_study`.

Patterns of 25x25 pixels and 27.4 photons in four orientations, of the portrait at several contrasts. Counted are all
passes: samples drawn for start, information and error bars, sweeps, labels; to within 1e-5 nat a pattern of the
maximum, and to where each method says that it has converged. The maximum is the highest that any of them reached, or
SQUAREM from there with a tolerance of 1e-10. Beside what `motes.reconstruct` offers stands mini-batch EM with a
variance-reduced finish (Chen, Zhu, Teh and Zhang, NeurIPS 31, 2018), in the best of four settings and ended where it is
within 1e-5, which it can not know itself. Of `sampled` also: what it predicts is left, beside what is; its error bars
beside its errors; and passes for other pictures. Writes `results/passes.json` and the tables between the marks of
docs/scaling.md; `--tables` makes the tables alone, `--smoke` runs everything once, small, and writes nothing.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.accuracy import errors_of
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import C4, Bernoulli, Patterns, simulate
from motes.bench.workloads import as_patterns, portrait
from motes.reconstruction import sampled
from motes.reconstruction.legs import Legs
from motes.reconstruction.problem import FloatArray, Problem
from motes.reconstruction.sampled import Sampled, with_pool
from motes.reconstruction.state import State
from motes.threads import available_threads

PAGE = Path(__file__).parent.parent / "docs" / "scaling.md"
CONTRASTS = (1.0, 0.5, 0.3, 0.2)
CLOSE = 1e-5  # nats a pattern
METHODS = ("sampled", "squarem", "fisher")
BATCHES, RATES = (2000, 10_000), (0.1, 0.5)  # of the mini-batches
MOST_ROUNDS = 8  # two passes each
TOLD = {
    "sampled": "`sampled`",
    "squarem": "`squarem`",
    "fisher": "`fisher`",
    "vr": "mini-batch EM, variance-reduced",
    "vr from sample": "the same from the sample's maximum",
}


def problem_of(patterns: Patterns, seed: int) -> Problem:
    """As `motes.reconstruct` poses it, with a sample in memory."""
    good = np.ones(patterns.n_pixels, np.bool_)
    problem = Problem(patterns, C4, Bernoulli(), good, False, np.float32, available_threads(None))
    return with_pool(problem, seed)


def climbed(legs: Legs) -> State:
    """The maximum of the sample."""
    state = legs.begin(0, ())
    while not state.converged:
        state = legs.step(state)
    return state


def variance_reduced(
    problem: Problem, start: FloatArray, batch: int, rate: float, seed: int
) -> Iterator[tuple[int, float]]:
    """Rounds of two passes, one for the sums at an anchor and one in mini-batches: passes, and nats a pattern there.

    A mini-batch moves the sums towards those of all patterns at the anchor plus the difference that it sees between its
    own at the iterate and at the anchor, which vanishes with their distance.
    """
    n_patterns, rng = len(problem.patterns), np.random.default_rng([seed, batch])
    edges = np.linspace(0, n_patterns, max(n_patterns // batch, 1) + 1).astype(int)
    anchor = problem.evaluate(start, problem.uniform)
    for k in itertools.count(1):
        sums, iterate = anchor.em_master, anchor.em_master
        for b in rng.permutation(len(edges) - 1):
            part = problem.patterns[edges[b] : edges[b + 1]]
            here, _ = problem.sums_of_part(iterate, problem.uniform, part, hard=False)
            there, _ = problem.sums_of_part(anchor.master, problem.uniform, part, hard=False)
            sums = sums + rate * (anchor.em_master + (here - there) / len(part) - sums)
            iterate = problem.inside(sums)
        anchor = problem.evaluate(iterate, problem.uniform)
        yield 2 * k + 1, anchor.log_likelihood


def of_package(
    patterns: Patterns, acceleration: str, seed: int
) -> tuple[motes.Reconstruction, list[tuple[int, float]]]:
    """A reconstruction; passes in all, had it ended there, and nats a pattern, of each of its iterations."""
    found = motes.reconstruct(patterns, acceleration=acceleration, seed=seed)
    beside = found.passes - found.sweeps
    return found, [(r["sweeps"] + beside, r["log_likelihood"]) for r in found.history if r["sweeps"]]


def of_batches(problem: Problem, start: FloatArray, goal: float, grid: bool, setting: Any, seed: int) -> Any:
    """The best setting of mini-batches, and its passes and nats: a sample, its rounds, labels."""
    tried = {}
    for batch, rate in itertools.product(BATCHES, RATES) if grid else [setting]:
        rounds = []
        for passes, value in itertools.islice(variance_reduced(problem, start, batch, rate, seed), MOST_ROUNDS):
            rounds.append((passes + 2, value))
            if not value < goal - CLOSE:
                break
        tried[batch, rate] = rounds
    best = min(tried, key=lambda one: (len(tried[one]), -tried[one][-1][1]))
    return best, tried[best]


def predictions(problem: Problem, state: State, seed: int) -> list[tuple[float, float]]:
    """Nats a pattern at each of the points of `sampled` on all patterns, and what it says is left."""
    legs = Legs(problem, Sampled(1e-9), "spectral", seed, 1)
    on_all = legs.begin(1, (state,))
    points = []
    while True:
        points.append((on_all.point.log_likelihood, float(on_all.memory["left"])))
        if on_all.converged or len(points) > MOST_ROUNDS:
            return points
        on_all = legs.step(on_all)


def measure(contrast: float, n_patterns: int, seed: int, settings: dict[str, Any], everything: bool) -> dict[str, Any]:
    """All methods on one set of patterns."""
    truth = portrait(contrast)
    patterns = as_patterns(simulate.patterns(truth, n_patterns, seed=seed))
    found, courses = {}, {}
    for name in METHODS if everything else METHODS[:2]:
        found[name], courses[name] = of_package(patterns, name, seed)
    error, z = errors_of(found["sampled"], truth)
    problem = problem_of(patterns, seed)
    legs = Legs(problem, Sampled(1e-7), "spectral", seed, 1)
    start, state = legs.begin(0, ()), climbed(legs)
    points = predictions(problem, state, seed)
    tight = motes.reconstruct(
        patterns, acceleration="squarem", tolerance=1e-10, std_error=False,
        init=max(found.values(), key=lambda one: one.log_likelihood).master,
    )  # fmt: skip
    best = max(tight.log_likelihood, *(value for course in courses.values() for _, value in course))
    if everything:
        for name, begin in (("vr", start), ("vr from sample", state)):
            settings[name], courses[name] = of_batches(
                problem, begin.point.master, best, name not in settings, settings.get(name), seed
            )
    rows = {}
    for name, course in courses.items():
        close = [passes for passes, value in course if best - value < CLOSE]
        rows[name] = {
            "to_close": close[0] if close else None,
            "in_all": course[-1][0] if name in found else None,
            "gap": best - course[-1][1],
        }
    return {
        "contrast": contrast, "n_patterns": n_patterns, "seed": seed, "methods": rows, "settings": dict(settings),
        "predicted": [[best - value, left] for value, left in points],
        "error": error, "bound": found["sampled"].error_bound,
        "within": float((abs(z) < 1).mean()), "rms_z": float(np.sqrt((z**2).mean())),
    }  # fmt: skip


def study(sizes: dict[int, tuple[tuple[float, ...], int]]) -> list[dict[str, Any]]:
    """Numbers of patterns, with the contrasts and seeds of each."""
    rows = []
    for n_patterns, (contrasts, seeds) in sizes.items():
        for contrast in contrasts:
            settings: dict[str, Any] = {}
            for seed in range(seeds):
                rows.append(measure(contrast, n_patterns, seed, settings, everything=n_patterns == min(sizes)))
                print(rows[-1], flush=True)
    return rows


@dataclass(frozen=True)
class Picture:
    """Another master, and how many patterns of it."""

    name: str
    master: FloatArray  # (L, L)
    n_patterns: int


def pictures(small: bool = False) -> Iterator[Picture]:
    """More pixels, dark ones, and pictures of which the patterns tell little or nothing."""
    for side, contrast, photons in ((50, 0.5, 40), (50, 0.3, 40), (100, 0.5, 60)):
        picture = simulate.with_contrast(simulate.portrait(side // 4 if small else side), contrast)
        yield Picture(f"portrait, contrast {contrast:g}", simulate.scaled(picture, photons), 500_000)
    creature = simulate.creature(25, seed=1)
    for photons in (27.4, 10, 3):
        yield Picture("creature on black", simulate.scaled(creature - creature.min(), photons), 1_000_000)
    yield Picture("portrait, contrast 0.1", portrait(0.1), 1_000_000)
    yield Picture("nothing", np.full((25, 25), 27.4 / 625), 500_000)


def of_pictures(chosen: Iterable[Picture], n_patterns: int | None = None) -> list[dict[str, Any]]:
    """Passes of `sampled` and of SQUAREM, and what lies between them in the end."""
    rows = []
    for picture in chosen:
        n = n_patterns or picture.n_patterns
        patterns = as_patterns(simulate.patterns(picture.master, n, seed=1))
        ours, theirs = (motes.reconstruct(patterns, acceleration=name) for name in METHODS[:2])
        rows.append(
            {
                "picture": picture.name, "side": len(picture.master), "photons": float(picture.master.sum()),
                "n_patterns": n, "sampled": ours.passes, "squarem": theirs.passes,
                "higher": ours.log_likelihood - theirs.log_likelihood,
                "converged": [ours.converged, theirs.converged],
            }
        )  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def pictures_table(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    lines = [
        (
            row["picture"], f"{row['side']}x{row['side']}", f"{row['photons']:g}", f"{row['n_patterns']:,}",
            row["sampled"], row["squarem"], f"{row['higher']:+.0e}",
        )
        for row in rows
    ]  # fmt: skip
    header = ("picture", "pixels", "photons", "patterns", "`sampled`", "`squarem`", "nats higher than `squarem`")
    return table(header, lines)


def passes_table(rows: list[dict[str, Any]]) -> str:
    """Markdown: a line for each contrast and method, over seeds."""
    lines = []
    for (n_patterns, contrast), some in grouped(rows):
        for name in some[0]["methods"]:
            told = [row["methods"][name] for row in some]
            close = [one["to_close"] for one in told]
            reached = [passes for passes in close if passes is not None]
            within = span(reached) if len(reached) == len(close) else f"{len(reached)} of {len(close)} runs"
            gap = max(one["gap"] for one in told)
            in_all = span([one["in_all"] for one in told]) if told[0]["in_all"] else ""
            lines.append((f"{n_patterns:,}", f"{contrast:g}", TOLD[name], within, in_all, f"{max(gap, 0):.0e}"))
    return table(("patterns", "contrast", "method", "passes to 1e-5", "passes in all", "largest gap in the end"), lines)


def quality_table(rows: list[dict[str, Any]]) -> str:
    """Markdown: what `sampled` says of its answer, beside what is."""
    lines = []
    for (n_patterns, contrast), some in grouped(rows):
        ratios = [left / gap for row in some for gap, left in row["predicted"] if gap > 1e-6]
        within, rms_z = (float(np.mean([row[name] for row in some])) for name in ("within", "rms_z"))
        errors = float(np.sqrt(np.mean([row["error"] ** 2 for row in some])))
        bound = float(np.mean([row["bound"] for row in some]))
        predicted = f"{min(ratios):.2f} to {max(ratios):.2f}"
        figures = f"{errors:.4f}", f"{bound:.4f}", f"{within:.3f}", f"{rms_z:.2f}"
        lines.append((f"{n_patterns:,}", f"{contrast:g}", len(some), predicted, *figures))
    header = ("patterns", "contrast", "seeds", "predicted gap / gap", "error", "bound", "within one (0.683)", "rms z")
    return table(header, lines)


def grouped(rows: list[dict[str, Any]]) -> Iterator[tuple[tuple[int, float], list[dict[str, Any]]]]:
    """By number of patterns and contrast, as they come."""
    return (
        (key, list(some)) for key, some in itertools.groupby(rows, lambda row: (row["n_patterns"], row["contrast"]))
    )


def span(values: list[int]) -> str:
    """Least to most."""
    return f"{min(values)}" if min(values) == max(values) else f"{min(values)} to {max(values)}"


def write_tables() -> None:
    """Put the tables between the marks of the page."""
    figures = figures_of("passes", "run without --tables")
    rows, others = figures["portrait"], figures["pictures"]
    tables = {"passes": passes_table(rows), "passes quality": quality_table(rows)}
    fill(PAGE, tables | {"passes pictures": pictures_table(others)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only make the tables again")
    parser.add_argument("--smoke", action="store_true", help="everything once, small: does it still run?")
    asked = parser.parse_args()
    if asked.smoke:
        sampled.SAMPLE = 20_000
        rows = study({40_000: ((1.0,), 1)})
        others = of_pictures(itertools.islice(pictures(small=True), 5), 40_000)
        print(passes_table(rows) + quality_table(rows) + pictures_table(others))
        return
    if not asked.tables:
        rows = study({10**6: (CONTRASTS, 3), 10**7: (CONTRASTS[:3], 1)})
        save("passes", {"portrait": rows, "pictures": of_pictures(pictures())})
    write_tables()


if __name__ == "__main__":
    main()
