"""What networks reach on real micrographs with few labels: `python -m benchmarks.network_study EMPIAR10017`.

The folder holds `micrographs/*.jpg` and `particles/*.csv`, 14 of each. Of each fold four micrographs are for testing
and the first ten others by name for training; labels are a random subset of the particles on these. Circles of radius
54, one-to-one by score, IoU above 0.5. Every row is added to `results/networks.json` as soon as it is there, and rows
that are there are not measured again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.results import load, save
from motes import Circles, picking
from motes.pickers import CombinedPicker, CompactPicker, FilterBankPicker, Labelled, Picker

DIAMETER, RADIUS, TRAINING = 108.0, 54.0, 10
FOLDS = {"last": (10, 11, 12, 13), "first": (0, 1, 2, 3), "middle": (4, 5, 6, 7), "mixed": (1, 6, 8, 12)}
PICKERS: dict[str, Callable[[], Picker]] = {
    "filter bank": lambda: FilterBankPicker(DIAMETER),
    "compact": lambda: CompactPicker(DIAMETER),
    "combined": lambda: CombinedPicker(DIAMETER),
}
ALL = 0  # labels


def labels_of(truth: list[Circles], n: int, seed: int) -> Circles:
    """A random subset of the particles; all of them for 0."""
    every = Circles.concatenate(truth)
    if n == ALL:
        return every
    return every[np.sort(np.random.default_rng([seed, n]).choice(len(every), n, replace=False))]


def row(
    micrographs: list[motes.Micrograph], truth: list[Circles], fold: str, name: str, n: int, seed: int
) -> dict[str, Any]:
    """One fit, tested."""
    test = FOLDS[fold]
    training = [m for m in range(len(micrographs)) if m not in test][:TRAINING]
    labelled = Labelled([micrographs[m] for m in training], labels_of([truth[m] for m in training], n, seed))
    picker, start = PICKERS[name](), time.perf_counter()
    picker.fit(labelled, seed=seed)
    fitted = time.perf_counter()
    found = picker.predict([micrographs[m] for m in test])
    seconds = {"fit": fitted - start, "predict": (time.perf_counter() - fitted) / len(test)}
    score = picking.evaluate(found.circles, Circles.concatenate([truth[m] for m in test]), iou=0.5, n_bootstrap=0)
    return {
        "picker": name, "fold": fold, "labels": n, "seed": seed, "average_precision": score.average_precision.value,
        "best_f1": score.best_f1.value, "seconds": seconds,
    }  # fmt: skip


def main() -> None:
    """All that is asked for and not there yet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="micrographs/ and particles/ of EMPIAR-10017")
    parser.add_argument("--pickers", nargs="+", choices=PICKERS, default=["compact"])
    parser.add_argument("--folds", nargs="+", choices=FOLDS, default=["last"])
    parser.add_argument("--labels", nargs="+", type=int, default=[70, 200, 600, ALL], help="0: all")
    parser.add_argument("--seeds", type=int, default=3)
    asked = parser.parse_args()
    files = sorted((asked.folder / "micrographs").glob("*.jpg"))
    micrographs = [motes.read_micrograph(file) for file in files]
    tables = [motes.read_picks(asked.folder / "particles" / f"{file.stem}.csv") for file in files]
    truth = [picking.circles_of(table, radius=RADIUS)[0] for table in tables]
    stored = load("networks")
    rows: list[dict[str, Any]] = [] if stored is None else stored["figures"]
    keys = ("fold", "seed", "labels", "picker")
    wanted = [
        (fold, seed, n, name)
        for seed in range(asked.seeds) for fold in asked.folds for n in asked.labels for name in asked.pickers
    ]  # fmt: skip
    for key in wanted:
        if key not in {tuple(one[part] for part in keys) for one in rows}:
            fold, seed, n, name = key
            rows.append(row(micrographs, truth, fold, name, n, seed))
            print({part: rows[-1][part] for part in (*keys, "average_precision", "best_f1", "seconds")}, flush=True)
            save("networks", rows)


if __name__ == "__main__":
    main()
