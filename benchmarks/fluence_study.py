"""Fluences of simulated log-normal sets, beside what theory says of them: `python -m benchmarks.fluence_study`.

Portraits at any of 24 angles, of unequal fluence, with and without a known background, reconstructed from the truth's
own master; deviations of the fluences from the truth are set beside the standard errors that are told, and the masters
beside those of a fit that takes all fluences for 1. Writes `results/fluence.json` and the table of docs/fluence.md;
`--tables` makes that from the figures that are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.pages import fill, table
from benchmarks.results import load, save
from motes import Detector, Patterns, Rotations, simulate

PAGE = Path(__file__).parent.parent / "docs" / "fluence.md"
SIDE, ANGLES, SEED = 25, 24, 1
CASES = (  # patterns, photons, spread of ln fluence, background a pixel
    (4000, 30.0, 0.3, 0.0),
    (4000, 100.0, 0.3, 0.0),
    (4000, 100.0, 0.8, 0.0),
    (4000, 400.0, 0.3, 0.0),
    (1000, 100.0, 0.3, 0.05),
    (1000, 100.0, 0.3, 0.2),
)


def measure(n_patterns: int, photons: float, spread: float, background: float) -> dict[str, Any]:
    """One set."""
    turns = Rotations.in_plane(ANGLES)
    master = simulate.scaled(simulate.portrait(SIDE), photons)
    truth = simulate.mixture(
        [turns.expand(master)], n_patterns, fluence_spread=spread, background=background, seed=SEED
    )
    patterns = Patterns.from_coo(
        truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=truth.n_patterns
    )
    detector = Detector.from_mask(np.zeros(truth.shape, int), background=background or None)
    asked = {"detector": detector, "init": master, "acceleration": "squarem", "tolerance": 1e-5}
    found = motes.reconstruct(patterns, turns, "poisson", fluence="estimate", **asked)
    equal = motes.reconstruct(patterns, turns, "poisson", fluence="uniform", **asked)
    z = (found.fluence - truth.fluence) / found.fluence_std_error(patterns)
    signal = truth.fluence * turns.expand(master)[0].sum()
    beside = background * turns.support(truth.shape).sum()
    ideal = truth.fluence * np.sqrt(signal + beside) / signal
    return {
        "n_patterns": n_patterns, "photons": photons, "spread": spread, "background": background,
        "deviation": float(np.sqrt(np.mean((found.fluence / truth.fluence - 1) ** 2))),
        "counting_alone": float(np.sqrt(np.mean((ideal / truth.fluence) ** 2))),
        "rms_z": float(np.sqrt(np.mean(z**2))), "within_one": float(np.mean(np.abs(z) < 1)),
        "error": _error(turns, found.master, master), "error_if_equal": _error(turns, equal.master, master),
        "nats_won": found.log_likelihood - equal.log_likelihood, "sweeps": found.sweeps,
    }  # fmt: skip


def _error(turns: motes.InPlane, estimate: np.ndarray, master: np.ndarray) -> float:
    """Of a master relative to its contrast, after the best turn of those that there are."""
    inside = turns.support(master.shape)
    shown = master[inside]
    far = [np.linalg.norm(template[inside] - shown) for template in turns.expand(np.nan_to_num(estimate))]
    return float(min(far) / np.linalg.norm(shown - shown.mean()))


def fluence_table(rows: list[dict[str, Any]]) -> str:
    """What was found."""
    header = (
        "patterns", "photons", "spread", "background", "deviation / truth", "of counting alone", "rms z",
        "within 1 std. error", "error of the master", "if all were 1",
    )  # fmt: skip
    return table(
        header,
        (
            (
                f"{row['n_patterns']:,}", f"{row['photons']:g}", f"{row['spread']:g}", f"{row['background']:g}",
                f"{row['deviation']:.4f}", f"{row['counting_alone']:.4f}", f"{row['rms_z']:.3f}",
                f"{row['within_one']:.3f}", f"{row['error']:.4f}", f"{row['error_if_equal']:.4f}",
            )
            for row in rows
        ),
    )  # fmt: skip


def main() -> None:
    """All sets, or the table alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", action="store_true", help="only make the table")
    if not parser.parse_args().tables:
        rows = []
        for case in CASES:
            rows.append(measure(*case))
            print(rows[-1], flush=True)
        save("fluence", rows)
    stored = load("fluence")
    if stored is None:
        raise SystemExit("results/fluence.json: not there yet, run without --tables")
    fill(PAGE, {"fluence": fluence_table(stored["figures"])})


if __name__ == "__main__":
    main()
