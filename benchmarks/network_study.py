"""What pickers that learn reach on real micrographs with few labels: `python -m benchmarks.network_study EMPIAR10017`.

The folder holds `micrographs/*.jpg` and `particles/*.csv`, 14 of each. Of each fold four micrographs are for testing
and the first ten others by name for training; labels are a random subset of the particles on these. Circles of radius
54, one-to-one by score, IoU above 0.5. Every row is added to `results/networks.json` as soon as it is there, and rows
that are there are not measured again. In the end the table of docs/picking.md is made anew.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import motes
from benchmarks.empiar10017 import DIAMETER, labels_of, read
from benchmarks.pages import fill, table
from benchmarks.results import load, save
from motes import Circles, picking
from motes.pickers import CombinedPicker, CompactPicker, FeatureCache, FilterBankPicker, Labelled, Picker

TRAINING = 10
FOLDS = {"last": (10, 11, 12, 13), "first": (0, 1, 2, 3), "middle": (4, 5, 6, 7), "mixed": (1, 6, 8, 12)}
ALL = 0  # labels
PAGE = Path(__file__).parent.parent / "docs" / "picking.md"


PICKERS: dict[str, Callable[[FeatureCache], Picker]] = {
    "filter bank": lambda cache: FilterBankPicker(DIAMETER, cache=cache),
    "compact": lambda cache: CompactPicker(DIAMETER),
    "combined": lambda cache: CombinedPicker(DIAMETER, cache=cache),
}


def row_of(
    name: str,
    cache: FeatureCache,
    micrographs: list[motes.Micrograph],
    truth: list[Circles],
    fold: str,
    n: int,
    seed: int,
) -> dict[str, Any]:
    """One fit and what it finds."""
    test = FOLDS[fold]
    training = [m for m in range(len(micrographs)) if m not in test][:TRAINING]
    labels = labels_of([truth[m] for m in training], None if n == ALL else n, seed)
    picker, clock = PICKERS[name](cache), Clock()
    picker.fit(Labelled([micrographs[m] for m in training], labels), seed)
    fit = clock.lap()
    found = picker.predict([micrographs[m] for m in test])
    predict = clock.lap() / len(test)
    score = picking.evaluate(found.circles, Circles.concatenate([truth[m] for m in test]), iou=0.5, n_bootstrap=0)
    return {
        "picker": name,
        "fold": fold,
        "labels": n,
        "seed": seed,
        "average_precision": score.average_precision.value,
        "best_f1": score.best_f1.value,
        "seconds": {"fit": fit, "predict": predict},
    }


def table_of(rows: list[dict[str, Any]], fold: str = "last") -> str:
    """Markdown: means and standard deviations over seeds, by number of labels."""

    def told(name: str, figure: str, n: int) -> str:
        values = [one[figure] for one in rows if (one["picker"], one["fold"], one["labels"]) == (name, fold, n)]
        return f"{statistics.mean(values):.3f} ({statistics.stdev(values):.3f})" if len(values) > 1 else ""

    lines = []
    for n in sorted({one["labels"] for one in rows}, key=lambda n: n or 10**9):
        parts = [told(name, "average_precision", n) for name in ("filter bank", "compact", "combined")]
        fits = [one["seconds"]["fit"] for one in rows if (one["picker"], one["labels"]) == ("combined", n)]
        lines.append([n or "all", *parts, told("combined", "best_f1", n), f"{statistics.median(fits):.0f}"])
    header = ("labels", "AP, filter bank", "AP, networks", "AP, combined", "best F1, combined", "fit of combined, s")
    return table(header, lines)


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
    cache = FeatureCache()
    for seed, fold, n, name in itertools.product(range(asked.seeds), asked.folds, asked.labels, PICKERS):
        if (name, fold, seed, n) not in {(one["picker"], one["fold"], one["seed"], one["labels"]) for one in rows}:
            rows.append(row_of(name, cache, micrographs, truth, fold, n, seed))
            print(rows[-1], flush=True)
            save("networks", rows)
    fill(PAGE, {"networks": table_of(rows)})


if __name__ == "__main__":
    main()
