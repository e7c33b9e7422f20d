"""Where random starts stick, and whether annealing gets them out: `python -m benchmarks.annealing_study [case ...]`.

Every data set is drawn anew and climbed once from noise in each of three ways: without annealing, through the powers of
`beta="auto"` without shaking the masters (as it was before, and as a list of powers still is), and by `beta="auto"`. A
climb is right where it ends within 0.05 nats a pattern of the best that is known of its data set: of these ends, and of
those from the truth and from the spectral start. Intervals are Wilson's, 95%; `restarts`
is the chance of the best of as many starts without annealing as cost as many sweeps. Writes `results/annealing.json`, a
case anew and the others kept; `--smoke` runs each once and writes nothing.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.mixture_study import drawn, within_disc
from benchmarks.results import load, save
from motes import Patterns, Rotations, simulate
from motes.in_plane import InPlane

NAME = "annealing"
NEAR = 0.05  # nats a pattern
Z = 1.96


@dataclass(frozen=True)
class Case:
    """What is drawn."""

    side: int
    angles: int
    photons: float
    patterns: int
    classes: int
    contrast: float
    data_sets: int

    @property
    def masters(self) -> list[npt.NDArray[np.float64]]:
        """The portrait, then creatures; of six, blocks."""
        if self.classes == 6:
            rng, block = np.random.default_rng(5), self.side // 4
            pictures = [np.exp(rng.standard_normal((4, 4))).repeat(block, 0).repeat(block, 1) for _ in range(6)]
        else:
            pictures = [simulate.portrait(self.side), *(simulate.creature(self.side, seed=k) for k in (1, 2))]
        return [within_disc(picture, self.photons, self.contrast) for picture in pictures[: self.classes]]


CASES = {
    "six patterns": Case(24, 36, 1000.0, 6, 1, 1.0, 40),
    "ten patterns": Case(24, 36, 300.0, 10, 1, 1.0, 40),
    "many patterns": Case(24, 36, 500.0, 200, 1, 1.0, 20),
    "three classes": Case(20, 24, 500.0, 300, 3, 0.9, 20),
    "six classes": Case(16, 4, 500.0, 1200, 6, 1.0, 20),
}


def climbs(case: Case, seed: int) -> dict[str, tuple[float, int]]:
    """Log-likelihood and sweeps of each way; and of the two that know more."""
    turns, masters = Rotations.in_plane(case.angles), case.masters
    patterns, _ = drawn(masters, turns, case.patterns, seed=seed)
    powers = auto_powers(patterns, turns, case.classes, seed)
    truth = np.stack(masters) if case.classes > 1 else masters[0]
    ways: dict[str, dict[str, Any]] = {
        "none": {"init": "random", "beta": 1.0},
        "unshaken": {"init": "random", "beta": powers},
        "auto": {"init": "random", "beta": "auto"},
        "truth": {"init": truth},
        "spectral": {},
    }
    found = {}
    for name, asked in ways.items():
        result = motes.reconstruct(
            patterns, turns, "poisson", classes=case.classes, seed=seed, tolerance=1e-5, std_error=False, **asked
        )
        found[name] = (result.log_likelihood, result.sweeps)
    return found


def auto_powers(patterns: Patterns, turns: InPlane, classes: int, seed: int) -> list[float]:
    """What `beta="auto"` chooses, read off the history of its climb."""
    told: list[float] = []

    def observe(record: Any) -> bool:
        told.append(record["beta"])
        return bool(record["beta"] == 1.0)

    motes.reconstruct(
        patterns, turns, "poisson", classes=classes, init="random", seed=seed, beta="auto", tolerance=1e-12,
        std_error=False, callback=observe,
    )  # fmt: skip
    return told


def wilson(right: int, n: int) -> list[float]:
    """Interval of a share, 95%."""
    share = right / n
    middle = share + Z**2 / (2 * n)
    half = Z * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return [float(np.clip((middle + sign * half) / (1 + Z**2 / n), 0, 1)) for sign in (-1, 1)]


def study(case: Case) -> dict[str, Any]:
    """All data sets of a case."""
    every = [climbs(case, seed) for seed in range(case.data_sets)]
    best = np.array([max(value for value, _ in found.values()) for found in every])
    rows: dict[str, Any] = {}
    for way in every[0]:
        value, sweeps = np.array([found[way] for found in every]).T
        right = int((value > best - NEAR).sum())
        rows[way] = {
            "right": right, "interval": wilson(right, len(every)),
            "mean_sweeps": float(sweeps.mean()), "mean_loss": float((best - value).mean()),
        }  # fmt: skip
    starts = rows["auto"]["mean_sweeps"] / rows["none"]["mean_sweeps"]
    rows["none"]["restarts"] = 1 - (1 - rows["none"]["right"] / len(every)) ** starts
    both = np.array([[found[way][0] for way in ("none", "auto")] for found in every]) > best[:, None] - NEAR
    only = {"only_auto": int((both[:, 1] & ~both[:, 0]).sum()), "only_none": int((both[:, 0] & ~both[:, 1]).sum())}
    return vars(case) | {"ways": rows} | only


def main() -> None:
    """Run the cases that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="case", help=", ".join(CASES))
    parser.add_argument("--smoke", action="store_true")
    asked = parser.parse_args()
    figures = {} if (before := load(NAME)) is None else before["figures"]
    for name in asked.cases or CASES:
        case = CASES[name]
        figures[name] = study(Case(**(vars(case) | {"data_sets": 1})) if asked.smoke else case)
        print(name, figures[name], flush=True)
        if not asked.smoke:
            save(NAME, figures)


if __name__ == "__main__":
    main()
