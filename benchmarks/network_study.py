"""What pickers that learn reach on real micrographs with few labels: `python -m benchmarks.network_study EMPIAR10017`.

The folder holds `micrographs/*.jpg` and `particles/*.csv`, 14 of each. Of each fold four micrographs are for testing
and the first ten others by name for training; labels are a random subset of the particles on these. Circles of radius
54, one-to-one by score, IoU above 0.5. Every row is added to `results/networks.json` as soon as it is there, and rows
that are there are not measured again.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import motes
from benchmarks.empiar10017 import DIAMETER, labels_of, read
from benchmarks.results import load, save
from motes import Circles, picking
from motes.pickers import CombinedPicker, Labelled

TRAINING = 10
FOLDS = {"last": (10, 11, 12, 13), "first": (0, 1, 2, 3), "middle": (4, 5, 6, 7), "mixed": (1, 6, 8, 12)}
ALL = 0  # labels


def rows_of(
    micrographs: list[motes.Micrograph], truth: list[Circles], fold: str, n: int, seed: int
) -> list[dict[str, Any]]:
    """One fit of the combined picker, tested with its two parts: fitted alone they would be the same, bit for bit."""
    test = FOLDS[fold]
    training = [m for m in range(len(micrographs)) if m not in test][:TRAINING]
    labelled = Labelled(
        [micrographs[m] for m in training], labels_of([truth[m] for m in training], None if n == ALL else n, seed)
    )
    combined, clock = CombinedPicker(DIAMETER), Clock()
    combined.bank.fit(labelled, seed)  # the first: features are computed
    first = clock.lap()
    combined.fit(labelled, seed)
    fit = {"filter bank": first, "combined": clock.lap()}
    rows = []
    for name, picker in (("filter bank", combined.bank), ("compact", combined.compact), ("combined", combined)):
        clock.lap()
        found = picker.predict([micrographs[m] for m in test])
        seconds = {"fit": fit.get(name), "predict": clock.lap() / len(test)}
        score = picking.evaluate(found.circles, Circles.concatenate([truth[m] for m in test]), iou=0.5, n_bootstrap=0)
        rows.append(
            {
                "picker": name,
                "fold": fold,
                "labels": n,
                "seed": seed,
                "average_precision": score.average_precision.value,
                "best_f1": score.best_f1.value,
                "seconds": seconds,
            }
        )
    return rows


class Clock:
    """Seconds between calls."""

    def __init__(self) -> None:
        self._last = time.perf_counter()

    def lap(self) -> float:
        """Since the call before."""
        before, self._last = self._last, time.perf_counter()
        return self._last - before


def main() -> None:
    """All that is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="micrographs/ and particles/ of EMPIAR-10017")
    parser.add_argument("--folds", nargs="+", choices=FOLDS, default=["last"])
    parser.add_argument("--labels", nargs="+", type=int, default=[70, 200, 600, ALL], help="0: all")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    micrographs, truth = read(asked.folder)
    stored = load("networks")
    rows: list[dict[str, Any]] = [] if stored is None else stored["figures"]
    wanted = [(fold, seed, n) for seed in range(asked.seeds) for fold in asked.folds for n in asked.labels]
    for fold, seed, n in wanted:
        if (fold, seed, n) not in {(one["fold"], one["seed"], one["labels"]) for one in rows}:
            rows += rows_of(micrographs, truth, fold, n, seed)
            for one in rows[-3:]:
                print(one, flush=True)
            save("networks", rows)


if __name__ == "__main__":
    main()
