"""Whether error bars hold where fluences scatter and nobody models it: `python -m benchmarks.error_bar_study`.

Poisson patterns in four orientations, each of its own log-normal brightness (mean 1), fitted as if all were equally
bright; beside it the same patterns of one brightness, where the model is right. For each kind of error bar: the share
of pixels within one standard error of the truth and the root mean square of (estimate - truth) / std_error, with 95%
intervals from drawing seeds anew, since all pixels of a seed share its brightness. Writes
`results/error_bar_study.json` and the table between the marks of docs/theory.md; `--tables` makes the table alone,
`--smoke` runs everything once, small, and writes nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.accuracy import errors_of
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import Patterns, simulate
from motes.reconstruction.robust import KINDS

PAGE = Path(__file__).parent.parent / "docs" / "theory.md"
SPREADS = (0.0, 0.5)  # standard deviation of the logarithm of the fluence
DRAWS = 4000  # of the seeds
EXPECTED = 0.683  # of normal errors within one standard error


@dataclass(frozen=True)
class Case:
    """A master, and how many patterns of it."""

    name: str
    side: int
    photons: float
    contrast: float
    n_patterns: int


CASES = (
    Case("bright", 15, 4.0 * 15**2, 0.12, 3000),
    Case("faint", 13, 20.0, 0.7, 12_000),
)
SMOKE = (Case("smoke", 7, 150.0, 0.3, 300),)


def draw(case: Case, spread: float, seed: int) -> tuple[npt.NDArray[np.float64], Patterns]:
    """The truth, and patterns of it."""
    rng = np.random.default_rng([seed, case.side])
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(case.side), case.contrast), case.photons)
    fluence = np.exp(spread * rng.standard_normal(case.n_patterns) - spread**2 / 2)
    templates = simulate.templates(truth)[rng.integers(0, 4, case.n_patterns)]
    return truth, Patterns.from_dense(rng.poisson(fluence[:, None, None] * templates))


def measure(case: Case, spread: float, seeds: int, replicates: int) -> list[dict[str, Any]]:
    """Each kind of error bar."""
    scores: dict[str, list[npt.NDArray[np.float64]]] = {kind: [] for kind in KINDS}
    errors = []
    for seed in range(seeds):
        truth, patterns = draw(case, spread, seed)
        error = np.nan
        for kind in KINDS:
            found = motes.reconstruct(patterns, noise="poisson", error_bars=kind, replicates=replicates, seed=seed)
            error, z = errors_of(found, truth)
            scores[kind].append(z.ravel())
        errors.append(error)
    rows = []
    for kind in KINDS:
        z = np.stack(scores[kind])
        rows.append(
            {
                "case": case.name,
                "pixels": case.side**2,
                "photons": case.photons,
                "contrast": case.contrast,
                "n_patterns": case.n_patterns,
                "spread": spread,
                "error_bars": kind,
                "replicates": replicates if kind == "bootstrap" else 0,
                "seeds": seeds,
                "rms_error": float(np.sqrt(np.mean(np.square(errors)))),
                "within": float((abs(z) < 1).mean()),
                "within_95": over_seeds((abs(z) < 1).mean(axis=1)),
                "rms_z": float(np.sqrt((z**2).mean())),
                "rms_z_95": [float(np.sqrt(end)) for end in over_seeds((z**2).mean(axis=1))],
            }
        )
        print(rows[-1], flush=True)
    return rows


def over_seeds(values: npt.NDArray[np.float64]) -> list[float]:
    """The 95% interval of a mean, seeds drawn anew."""
    chosen = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    return [float(end) for end in np.percentile(values[chosen].mean(axis=1), (2.5, 97.5))]


def table_of(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    header = (
        "patterns", "spread of ln fluence", "error bars", f"within one ({EXPECTED:.3f} if right)", "95%", "rms z",
        "95%",
    )  # fmt: skip
    lines = []
    for row in rows:
        what = f"{row['case']}: {row['n_patterns']:,} of {row['photons']:.0f} photons, {row['pixels']} pixels"
        low, high = row["within_95"]
        least, most = row["rms_z_95"]
        lines.append(
            (
                what, f"{row['spread']:g}", row["error_bars"], f"{row['within']:.3f}", f"{low:.3f} to {high:.3f}",
                f"{row['rms_z']:.2f}", f"{least:.2f} to {most:.2f}",
            )
        )  # fmt: skip
    return table(header, lines)


def write_tables() -> None:
    """Put the table between the marks of the page."""
    figures = figures_of("error_bar_study", "run without --tables")
    fill(PAGE, {"error bars": table_of(figures)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    parser.add_argument("--smoke", action="store_true", help="everything once, small: does it still run?")
    asked = parser.parse_args()
    if asked.smoke:
        print(table_of([row for case in SMOKE for spread in SPREADS for row in measure(case, spread, 2, 5)]))
        return
    if not asked.tables:
        save("error_bar_study", [row for case in CASES for spread in SPREADS for row in measure(case, spread, 24, 40)])
    write_tables()


if __name__ == "__main__":
    main()
