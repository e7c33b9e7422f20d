"""What our pickers reach on real micrographs: `python -m benchmarks.picker_study EMPIAR10017`.

The folder holds `micrographs/*.jpg` and `particles/*.csv`. Labels are a random subset of the particles of the
micrographs learned from; the others are looked at. Twice: the first ten micrographs by name against the last four, for
comparison with other figures; and rotated, four held out at a time, each micrograph twice. Writes
`results/pickers.json` and the table between the marks of docs/picking.md. `--tables` makes the table from the figures
that are there. Seconds are of the processor, on one thread.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.empiar10017 import DIAMETER, labels_of, read
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import Circles, picking
from motes.pickers import BlobPicker, FeatureCache, FilterBankPicker, Labelled
from motes.pickers.calibration import calibration_error

PAGE = Path(__file__).parent.parent / "docs" / "picking.md"
LABELS = (1, 5, 20, 70, 200, 600, None)  # None: all
SEEDS = range(5)
METRICS = ("average_precision", "best_f1", "calibration_error", "fit_seconds", "predict_seconds")


def splits(n: int) -> dict[str, list[list[int]]]:
    """Which micrographs are held out."""
    return {"last": [list(range(n - 4, n))], "rotated": [[(2 * k + j) % n for j in range(4)] for k in range(n // 2)]}


def one(
    picker: Any, micrographs: list[Any], truth: list[Circles], held_out: list[int], n: int | None, seed: int
) -> dict[str, float]:
    """Fit, predict, and count."""
    train = [m for m in range(len(micrographs)) if m not in held_out]
    asked = Circles.concatenate([truth[m] for m in held_out])
    labels = labels_of([truth[m] for m in train], n, seed)
    labelled = Labelled([micrographs[m] for m in train], labels)
    start = time.process_time()
    picker.fit(labelled, seed)
    fitted = time.process_time()
    found = picker.predict([micrographs[m] for m in held_out])
    done = time.process_time()
    metrics = picking.evaluate(found.circles, asked, iou=0.5, n_bootstrap=0)
    return {
        "average_precision": metrics.average_precision.value,
        "best_f1": metrics.best_f1.value,
        "calibration_error": calibration_error(found.probability, metrics.matches.hit),
        "fit_seconds": fitted - start,
        "predict_seconds": (done - fitted) / len(held_out),
    }


def summary(rows: list[list[dict[str, float]]]) -> dict[str, Any]:
    """Means over seeds and folds, and deviations of one seed and of one fold from them."""
    every = {metric: np.array([[row[metric] for row in seeds] for seeds in rows]) for metric in METRICS}
    ap = every["average_precision"]
    return {
        **{metric: float(values.mean()) for metric, values in every.items()},
        "deviation_of_seeds": float(ap.mean(axis=0).std(ddof=1)) if ap.shape[1] > 1 else None,
        "deviation_of_folds": float(ap.mean(axis=1).std(ddof=1)) if len(ap) > 1 else None,
    }


def measure(folder: Path) -> list[dict[str, Any]]:
    """Every number of labels, on both kinds of splits."""
    micrographs, truth = read(folder)
    cache = FeatureCache()
    for micrograph in micrographs:
        cache.get(micrograph, DIAMETER)
    figures = []
    for split, folds in splits(len(micrographs)).items():
        for n in (0, *LABELS):
            picker = BlobPicker(DIAMETER) if n == 0 else FilterBankPicker(DIAMETER, cache=cache)
            seeds = range(1) if n == 0 else SEEDS  # without labels nothing is random
            rows = [[one(picker, micrographs, truth, fold, n, seed) for seed in seeds] for fold in folds]
            figures.append({"split": split, "labels": n, **summary(rows)})
            print(split, n, figures[-1])
    return figures


def table_of(figures: list[dict[str, Any]]) -> str:
    """Markdown."""
    found = {(row["split"], row["labels"]): row for row in figures}
    lines = []
    for n in (0, *LABELS):
        last, rotated = found["last", n], found["rotated", n]
        name = "none: `BlobPicker`" if n == 0 else "all" if n is None else str(n)
        seed = "" if rotated["deviation_of_seeds"] is None else f"{rotated['deviation_of_seeds']:.3f}"
        lines.append([
            name,
            f"{last['average_precision']:.3f}",
            f"{rotated['average_precision']:.3f}",
            f"{seed}, {rotated['deviation_of_folds']:.3f}".lstrip(", "),
            f"{rotated['best_f1']:.3f}",
            f"{rotated['calibration_error']:.3f}",
            "" if n == 0 else f"{rotated['fit_seconds']:.2f}",
        ])  # fmt: skip
    header = (
        "labels",
        "AP, last four",
        "AP, rotated",
        "a seed, a fold",
        "best F1, rotated",
        "calibration error",
        "fit, s",
    )
    return table(header, lines)


def write_table() -> None:
    """Put the table between the marks of the page."""
    figures = figures_of("pickers", "name the folder")
    fill(PAGE, {"filterbank": table_of(figures)})


def main() -> None:
    """All of it, or the table alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="micrographs/ and particles/ of EMPIAR-10017")
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    asked = parser.parse_args()
    if not asked.tables:
        if asked.folder is None:
            parser.error("name the folder, or say --tables")
        with threadpool_limits(1):
            save("pickers", measure(asked.folder))
    write_table()


if __name__ == "__main__":
    main()
