"""Where the Cramer-Rao bound stops being what maximum likelihood reaches: `python -m benchmarks.limits_study`.

Reconstructs simulated patterns over a grid of masters, contrasts, photons, numbers of patterns, groups and noise
models, and sets what was measured beside what `motes.limits` predicts. Writes `results/limits.json`, and the tables
between the marks of docs/limits.md. `--tables` makes these from the figures that are there.
"""

from __future__ import annotations

import argparse
import itertools
import math
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import C4, D4, Bernoulli, Poisson, simulate
from motes.limits.cramer_rao import LARGEST_ASYMMETRIC_ERROR, bound
from motes.limits.known import Known, drawn, known
from motes.limits.orientation import accuracy_when_estimated, accuracy_when_known, information_of_orientation

PAGE = Path(__file__).parent.parent / "docs" / "limits.md"
FEWEST_RUNS, MOST_RUNS, PATTERNS_IN_RUNS = 8, 48, 32_000
CONTRASTS, PHOTONS = (1.0, 0.7, 0.5, 0.35, 0.25), (10.0, 27.4, 80.0)
NUMBERS = (250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000)
BEST, WORST = 0.08, 1.2  # of the asymmetric error: beyond, nothing is in doubt
AGREES, ACCURATE = 1.10, 0.01
MASTERS = {
    "portrait": simulate.portrait,
    "creature": partial(simulate.creature, seed=1),
    "creature 2": partial(simulate.creature, seed=2),
    "creature 3": partial(simulate.creature, seed=3),
}
SIDE, WIDE = 25, ("portrait", "creature")  # of the wide grid
MODELS = (
    ("C4", "bernoulli", CONTRASTS, PHOTONS),
    ("C4", "poisson", (1.0, 0.5), (27.4,)),
    ("D4", "bernoulli", (1.0, 0.5), (27.4,)),
)
NEAR = (0.26, 0.3, 0.34, 0.38)  # asymmetric errors of the grid near the threshold, all with the most runs
NEAR_SIDES, NEAR_CONTRASTS, NEAR_PHOTONS = (11, 15, 25), (1.0, 0.5), (10.0, 27.4)
GROUPS = {"C4": C4, "D4": D4}
NOISES = {"bernoulli": Bernoulli(), "poisson": Poisson()}

# What might say when the bound is reached: small where it is.
CRITERIA = {
    "asymmetric error": lambda row: row["asymmetric_error"],
    "bound": lambda row: row["bound"],
    "pixels / (patterns x mutual information)": lambda row: (
        row["side"] ** 2 / (row["n_patterns"] * row["mutual_information"])
    ),
    "pixels / (patterns x (1 - missing information))": lambda row: (
        row["side"] ** 2 / (row["n_patterns"] * max(1 - row["missing_information"], 1e-3))  # nearer 1: not known
    ),
    "pixels / photons in all": lambda row: row["side"] ** 2 / (row["n_patterns"] * row["photons"]),
    "1 - accuracy with the master known": lambda row: 1 - row["accuracy_known"],
}


def cases() -> Iterator[dict[str, Any]]:
    """What is measured: a wide grid, and one near the threshold."""
    for group, noise, contrasts, photons in MODELS:
        for name, mean, contrast in itertools.product(WIDE, photons, contrasts):
            yield _case("wide", name, SIDE, group, noise, mean, contrast)
    for name, side, mean, contrast in itertools.product(MASTERS, NEAR_SIDES, NEAR_PHOTONS, NEAR_CONTRASTS):
        yield _case("near", name, side, "C4", "bernoulli", mean, contrast)


def _case(grid: str, name: str, side: int, group: str, noise: str, photons: float, contrast: float) -> dict[str, Any]:
    return {
        "grid": grid, "master": name, "side": side, "rotations": group, "noise": noise, "photons": photons,
        "contrast": contrast,
    }  # fmt: skip


def truth_of(case: dict[str, Any]) -> npt.NDArray[np.float64]:
    """Its master."""
    drawing = MASTERS[case["master"]](case["side"])
    return simulate.scaled(simulate.with_contrast(drawing, case["contrast"]), case["photons"])


def rows_of(case: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Predictions and measurements for every number of patterns that leaves something in doubt."""
    truth = truth_of(case)
    sample = known(truth, GROUPS[case["rotations"]], NOISES[case["noise"]], None, 0, None)
    if case["grid"] == "near":
        there = bound(sample, 10_000).asymmetric_error  # falls as the root of the number of patterns
        for asymmetric_error in NEAR:
            n_patterns = math.ceil(10_000 * (there / asymmetric_error) ** 2)
            yield case | row_of(sample, truth, n_patterns, MOST_RUNS)
        return
    for n_patterns in NUMBERS:
        if BEST <= bound(sample, n_patterns).asymmetric_error <= WORST:
            runs = min(max(PATTERNS_IN_RUNS // n_patterns, FEWEST_RUNS), MOST_RUNS)
            yield case | row_of(sample, truth, n_patterns, runs)


def row_of(sample: Known, truth: npt.NDArray[np.float64], n_patterns: int, n_seeds: int) -> dict[str, Any]:
    """One of them."""
    found = bound(sample, n_patterns)
    measured = [measure(sample, truth, n_patterns, 1000 + seed) for seed in range(n_seeds)]
    errors, accuracies = np.array(measured).T
    return {
        "n_patterns": n_patterns,
        "bound": found.relative_error,
        "asymmetric_error": found.asymmetric_error,
        "missing_information": found.missing_information,
        "mutual_information": information_of_orientation(sample),
        "solvable": found.solvable,
        "seeds": n_seeds,
        "error": float(np.sqrt((errors**2).mean())),
        "worst_error": float(errors.max()),
        "accuracy_known": accuracy_when_known(sample),
        "accuracy_predicted": accuracy_when_estimated(sample, n_patterns),
        "accuracy": float(accuracies.mean()),
    }


def measure(sample: Known, truth: npt.NDArray[np.float64], n_patterns: int, seed: int) -> tuple[float, float]:
    """Error and accuracy of one reconstruction, as `motes reconstruct` makes it."""
    problem = sample.problem
    group = problem.rotations
    fresh = drawn(truth, group, problem.noise, n_patterns, seed, None)
    found = motes.reconstruct(fresh.problem.patterns, group, problem.noise, std_error=False)
    distances = [float(np.linalg.norm(template - found.master)) for template in group.expand(truth)]
    turn = int(np.argmin(distances))
    accuracy = float((group.relabel(fresh.labels, turn) == found.labels).mean())
    return distances[turn] / problem.contrast(truth.ravel()), accuracy


def judged(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How well each criterion, at its own best threshold, tells where the error is within 10% of the bound."""
    reached = np.array([row["error"] <= AGREES * row["bound"] for row in rows])
    verdicts = []
    for name, criterion in CRITERIA.items():
        values = np.array([criterion(row) for row in rows])
        order = np.argsort(values)
        # With the k smallest called reached: those among them that are not, and those beyond that are.
        wrong = np.concatenate([[0], np.cumsum(~reached[order])]) + reached.sum()
        wrong = wrong - np.concatenate([[0], np.cumsum(reached[order])])
        k = int(np.argmin(wrong))
        threshold = float(values[order][max(k - 1, 0)])
        safe = np.flatnonzero(~reached[order])
        below = int(safe[0]) if safe.size else len(rows)
        verdicts.append({"criterion": name, "threshold": threshold, "wrong": int(wrong[k]), "never_wrong_for": below})
    return sorted(verdicts, key=lambda verdict: verdict["wrong"])


def criteria_table(rows: list[dict[str, Any]]) -> str:
    """Which variable tells."""
    reached = sum(row["error"] <= AGREES * row["bound"] for row in rows)
    header = (
        "criterion",
        "best threshold",
        f"wrong, of {len(rows)}",
        f"right before the first wrong one, of {reached}",
    )
    return table(
        header, ((v["criterion"], f"{v['threshold']:.2g}", v["wrong"], v["never_wrong_for"]) for v in judged(rows))
    )


def steps_table(rows: list[dict[str, Any]]) -> str:
    """What becomes of error and accuracy as the asymmetric error grows."""
    edges = (BEST, 0.15, 0.2, 0.25, LARGEST_ASYMMETRIC_ERROR, 0.35, 0.4, 0.45, 0.5, 0.6, 0.8, WORST)
    lines = []
    for low, high in itertools.pairwise(edges):
        inside = [row for row in rows if low < row["asymmetric_error"] <= high]
        if not inside:
            continue
        ratios = np.array([row["error"] / row["bound"] for row in inside])
        off = np.array([row["accuracy_predicted"] - row["accuracy"] for row in inside])
        lost = np.array([row["accuracy_known"] - row["accuracy"] for row in inside])
        lines.append(
            (
                f"{low:g} to {high:g}",
                "yes" if high <= LARGEST_ASYMMETRIC_ERROR else "no",
                len(inside),
                f"{ratios.mean():.3f}",
                f"{ratios.min():.3f} to {ratios.max():.3f}",
                f"{abs(off).max():.4f}",
                f"{lost.max():.3f}",
            )
        )
    header = (
        "asymmetric error", "solvable", "cases", "error / bound", "from, to", "accuracy: furthest from prediction",
        "furthest from known master",
    )  # fmt: skip
    return table(header, lines)


def write_tables() -> None:
    """Put the tables between the marks of the page."""
    figures = figures_of("limits", "run without --tables")
    fill(PAGE, {"criteria": criteria_table(figures), "steps": steps_table(figures)})


def main() -> None:
    """The whole grid, or its tables alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", action="store_true", help="only make the tables again")
    if not parser.parse_args().tables:
        rows = []
        for case in cases():
            for row in rows_of(case):
                rows.append(row)
                print(row, flush=True)
        save("limits", rows)
    write_tables()


if __name__ == "__main__":
    main()
