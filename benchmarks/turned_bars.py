"""Error bars and bounds where angles are free: `python -m benchmarks.turned_bars`.

Patterns of masters turned by equally likely angles, drawn at the templates of the estimator's own map and fitted from
the truth (any other start may end in another of the frames that explain the patterns as well). For each case, over
seeds: the error after the best turn and names of classes beside the Cramer-Rao bound at the estimate, across the turn;
the share of pixels within one standard error; the root mean square of (estimate - truth) / std_error; 95% intervals
from drawing seeds anew. Writes `results/turned_bars.json` and the table between the marks of docs/theory.md;
`--tables` makes the table alone, `--smoke` runs everything once, small, and writes nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.error_bar_study import EXPECTED, over_seeds
from benchmarks.mixture_study import within_disc
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import DensePatterns, Gaussian, Patterns, Rotations, simulate
from motes.known_mixture import KnownMixture
from motes.limits import cramer_rao
from motes.mixture_truth import compare_mixture

PAGE = Path(__file__).parent.parent / "docs" / "theory.md"
SEEDS = 8


@dataclass(frozen=True)
class Case:
    """What is drawn, and how it is fitted."""

    name: str
    side: int
    n_angles: int
    photons: float
    n_patterns: int
    contrast: float = 0.7
    noise: Literal["poisson", "bernoulli", "gaussian"] = "poisson"
    spread: float = 0.0
    classes: int = 1

    def masters(self) -> list[npt.NDArray[np.float64]]:
        """The portrait, and creatures."""
        pictures = [simulate.portrait(self.side), *(simulate.creature(self.side, seed=k) for k in range(1, 3))]
        return [within_disc(picture, self.photons, self.contrast) for picture in pictures[: self.classes]]


CASES = (
    Case("12 angles", 16, 12, 200.0, 4000),
    Case("36 angles", 24, 36, 100.0, 8000),
    Case("36 angles, near the limit", 16, 36, 40.0, 8000),
    Case("Bernoulli", 16, 36, 60.0, 8000, noise="bernoulli"),
    Case("Gaussian, sigma estimated", 16, 24, 150.0, 3000, noise="gaussian"),
    Case("fluences estimated", 16, 24, 150.0, 4000, spread=0.5),
    Case("two classes", 16, 24, 300.0, 4000, classes=2),
)
SIGMA = 0.8


def fitted(case: Case, seed: int) -> tuple[motes.MixtureReconstruction, KnownMixture]:
    """One data set, its masters found, and the truth."""
    turns, masters = Rotations.in_plane(case.n_angles), case.masters()
    sigma = SIGMA if case.noise == "gaussian" else None
    drawn = simulate.mixture(
        [turns.expand(master) for master in masters], case.n_patterns, noise=case.noise, sigma=sigma,
        fluence_spread=case.spread, seed=seed,
    )  # fmt: skip
    angles = turns.angles[drawn.rotations]
    known = KnownMixture(np.stack(masters), drawn.classes, drawn.rotations, angles, drawn.fluence, drawn.background)
    if drawn.values is not None:
        patterns: Patterns | DensePatterns = DensePatterns(drawn.values)
    else:
        assert drawn.rows is not None
        assert drawn.cols is not None
        patterns = Patterns.from_coo(
            drawn.rows, drawn.cols, counts=drawn.counts, shape=drawn.shape, n_patterns=drawn.n_patterns
        )
    found = motes.reconstruct(
        patterns, turns, Gaussian(None) if case.noise == "gaussian" else case.noise, classes=case.classes,
        fluence="estimate" if case.spread else "uniform", init=np.stack(masters) if case.classes > 1 else masters[0],
        tolerance=1e-7,
    )  # fmt: skip
    assert isinstance(found, motes.MixtureReconstruction)
    return found, known


def measure(case: Case, seeds: int) -> dict[str, Any]:
    """One row."""
    errors, bounds, within, squares = [], [], [], []
    for seed in range(seeds):
        found, known = fitted(case, seed)
        compared = compare_mixture(found, known)
        z = (found.masters - compared.masters) / found.std_error
        z = z[np.isfinite(z)]
        errors.append(compared.error)
        bounds.append(found.error_bound)
        within.append((abs(z) < 1).mean())
        squares.append((z**2).mean())
    ratio = np.square(errors) / np.mean(np.square(bounds))
    row = {
        "case": case.name,
        "side": case.side,
        "n_angles": case.n_angles,
        "photons": case.photons,
        "n_patterns": case.n_patterns,
        "noise": case.noise,
        "spread": case.spread,
        "classes": case.classes,
        "seeds": seeds,
        "error": float(np.sqrt(np.mean(np.square(errors)))),
        "bound": float(np.mean(bounds)),
        "ratio": float(np.sqrt(ratio.mean())),
        "ratio_95": [float(np.sqrt(end)) for end in over_seeds(ratio)],
        "within": float(np.mean(within)),
        "within_95": over_seeds(np.array(within)),
        "rms_z": float(np.sqrt(np.mean(squares))),
        "rms_z_95": [float(np.sqrt(end)) for end in over_seeds(np.array(squares))],
    }
    if case.classes == 1 and not case.spread and case.noise != "gaussian":
        turns = Rotations.in_plane(case.n_angles)
        limit = cramer_rao(case.masters()[0], case.n_patterns, turns, case.noise)
        row |= {"bound_at_the_truth": limit.relative_error, "asymmetric_error": limit.asymmetric_error}
    print(row, flush=True)
    return row


def table_of(rows: list[dict[str, Any]]) -> str:
    """Markdown."""
    header = (
        "case", "patterns", "error", "bound", "error / bound", "95%", f"within one ({EXPECTED:.3f} if right)", "95%",
        "rms z", "95%",
    )  # fmt: skip
    lines = []
    for row in rows:
        (low, high), (least, most), (few, many) = row["ratio_95"], row["within_95"], row["rms_z_95"]
        what = f"{row['n_patterns']:,} of {row['photons']:.0f} photons, {row['side']}x{row['side']}"
        lines.append(
            (
                row["case"], what, f"{row['error']:.3f}", f"{row['bound']:.3f}", f"{row['ratio']:.2f}",
                f"{low:.2f} to {high:.2f}", f"{row['within']:.3f}", f"{least:.3f} to {most:.3f}",
                f"{row['rms_z']:.2f}", f"{few:.2f} to {many:.2f}",
            )
        )  # fmt: skip
    return table(header, lines)


def write_tables() -> None:
    """Put the table between the marks of the page."""
    figures = figures_of("turned_bars", "run without --tables")
    fill(PAGE, {"turned bars": table_of(figures)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    parser.add_argument("--smoke", action="store_true", help="everything once, small: does it still run?")
    asked = parser.parse_args()
    if asked.smoke:
        small = [replace(case, side=11, n_angles=8, n_patterns=400) for case in CASES]
        print(table_of([measure(case, 2) for case in small]))
        return
    if not asked.tables:
        save("turned_bars", [measure(case, SEEDS) for case in CASES])
    write_tables()


if __name__ == "__main__":
    main()
