"""Fluences of simulated log-normal sets, beside what theory says of them: `python -m benchmarks.fluence_study`.

Portraits at any of 24 angles, of unequal fluence, with and without a known background, reconstructed from the truth's
own master; deviations of the fluences from the truth are set beside the standard errors that are told, and the masters
beside those of a fit that takes all fluences for 1. Writes `results/fluence.json`, and the table and the picture of
docs/fluence.md; `--tables` makes the table from the figures that are there.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.figure import Figure

import motes
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import Detector, Patterns, Rotations, simulate
from motes.plotting.style import BLUE, INK, ORANGE, RC, new_figure, place

PAGE = Path(__file__).parent.parent / "docs" / "fluence.md"
FIGURE = PAGE.parent / "images" / "fluence.png"
SIDE, SEED = 25, 1
TURNS = Rotations.in_plane(24)
CASES = (  # patterns, photons, spread of ln fluence, background a pixel
    (4000, 30.0, 0.3, 0.0),
    (4000, 100.0, 0.3, 0.0),
    (4000, 100.0, 0.8, 0.0),
    (4000, 400.0, 0.3, 0.0),
    (1000, 100.0, 0.3, 0.05),
    (1000, 100.0, 0.3, 0.2),
)
SHOWN = CASES[2]


class Known(NamedTuple):
    """What a set was drawn from."""

    master: np.ndarray
    fluence: np.ndarray


def drawn(case: tuple[int, float, float, float]) -> tuple[Patterns, Known, dict[str, Any]]:
    """One set, its truth, and how it is reconstructed."""
    n_patterns, photons, spread, background = case
    master = simulate.scaled(simulate.portrait(SIDE), photons)
    truth = simulate.mixture(
        [TURNS.expand(master)], n_patterns, fluence_spread=spread, background=background, seed=SEED
    )
    patterns = Patterns.from_coo(
        truth.rows, truth.cols, counts=truth.counts, shape=truth.shape, n_patterns=truth.n_patterns
    )
    detector = Detector.from_mask(np.zeros(truth.shape, int), background=background or None)
    asked = {"detector": detector, "init": master, "acceleration": "squarem", "tolerance": 1e-5, "std_error": False}
    return patterns, Known(master, truth.fluence), asked


def measure(case: tuple[int, float, float, float]) -> dict[str, Any]:
    """What was found of one."""
    patterns, truth, asked = drawn(case)
    found = motes.reconstruct(patterns, TURNS, "poisson", fluence="estimate", **asked)
    equal = motes.reconstruct(patterns, TURNS, "poisson", fluence="uniform", **asked)
    z = (found.fluence - truth.fluence) / found.fluence_std_error(patterns)
    signal = truth.fluence * TURNS.expand(truth.master)[0].sum()
    beside = case[3] * TURNS.support(patterns.shape).sum()
    counting = np.sqrt(signal + beside) / signal
    return {
        **dict(zip(("n_patterns", "photons", "spread", "background"), case, strict=True)),
        "deviation": float(np.sqrt(np.mean((found.fluence / truth.fluence - 1) ** 2))),
        "counting_alone": float(np.sqrt(np.mean(counting**2))),
        "rms_z": float(np.sqrt(np.mean(z**2))), "within_one": float(np.mean(np.abs(z) < 1)),
        "error": _error(found.master, truth.master), "error_if_equal": _error(equal.master, truth.master),
        "nats_won": found.log_likelihood - equal.log_likelihood, "sweeps": found.sweeps,
    }  # fmt: skip


def draw(case: tuple[int, float, float, float]) -> Figure:
    """Fluences beside the true ones, and how many standard errors they are off."""
    patterns, truth, asked = drawn(case)
    found = motes.reconstruct(patterns, TURNS, "poisson", fluence="estimate", **asked)
    std_error = found.fluence_std_error(patterns)
    with matplotlib.rc_context(RC):
        figure = new_figure(8.4, 3.9)
        left, right = place(figure, 0.75, 0.6, 3.3, 2.9), place(figure, 4.9, 0.6, 3.3, 2.9)
        ends = np.array([0.08, 12.0])
        left.errorbar(
            truth.fluence, found.fluence, std_error, fmt="o", color=BLUE, markersize=1.2, elinewidth=0.4, alpha=0.35,
            rasterized=True,
        )  # fmt: skip
        left.plot(ends, ends, color=INK, linewidth=1, zorder=3)
        left.set(xscale="log", yscale="log", xlim=ends, ylim=ends, xlabel="true fluence", ylabel="estimate")
        left.set_title(f"{case[0]:,} patterns of {case[1]:g} photons")
        z = (found.fluence - truth.fluence) / std_error
        at = np.linspace(-4, 4, 201)
        right.hist(z, np.linspace(-4, 4, 41), density=True, color=BLUE, alpha=0.45)
        right.plot(at, np.exp(-(at**2) / 2) / np.sqrt(2 * np.pi), color=ORANGE, linewidth=1.5, label="normal, as told")
        right.set(xlim=(-4, 4), xlabel="(estimate - truth) / standard error", yticks=[])
        right.spines["left"].set_visible(False)
        right.set_title(f"root-mean-square {np.sqrt(np.mean(z**2)):.3f}")
        right.legend(loc="upper left")
    return figure


def _error(estimate: np.ndarray, master: np.ndarray) -> float:
    """Of a master relative to its contrast, after the best turn of those that there are."""
    inside = TURNS.support(master.shape)
    shown = master[inside]
    far = [np.linalg.norm(template[inside] - shown) for template in TURNS.expand(np.nan_to_num(estimate))]
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
            rows.append(measure(case))
            print(rows[-1], flush=True)
        save("fluence", rows)
        draw(SHOWN).savefig(FIGURE)
    figures = figures_of("fluence", "run without --tables")
    fill(PAGE, {"fluence": fluence_table(figures)})


if __name__ == "__main__":
    main()
