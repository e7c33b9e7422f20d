"""What the default picker reaches on simulated presets: `python -m benchmarks.preset_study`.

Fourteen micrographs of each preset (seed 7); random labels of the first ten (all, where there are fewer), three times;
average precision on the last four. Writes `results/presets.json` and the table and sentence between the marks of
docs/simulate.md; `--tables` makes these alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.pages import fill, table
from benchmarks.picker_study import one
from benchmarks.results import figures_of, save
from motes import Circles, Micrograph
from motes.pickers import FeatureCache, FilterBankPicker
from motes.simulate import PRESETS, micrographs

PAGE = Path(__file__).parent.parent / "docs" / "simulate.md"
N, HELD_OUT, SEED = 14, [10, 11, 12, 13], 7
LABELS, DRAWS = (5, 20, 70, 200, 600), range(3)
FEW, MANY = 70, 600  # labels that the sentence compares


def measure() -> list[dict[str, Any]]:
    """Every preset and number of labels."""
    figures = []
    for preset in PRESETS:
        drawn = list(micrographs(preset, N, SEED))
        images = [Micrograph(simulated.data, simulated.name, "MRC") for simulated in drawn]
        diameter = drawn[0].diameter
        truth = [Circles(simulated.particles.centres.astype(float), diameter / 2) for simulated in drawn]
        picker = FilterBankPicker(diameter, cache=FeatureCache())
        most = sum(len(truth[m]) for m in range(N) if m not in HELD_OUT)
        for n in LABELS:
            reached = [one(picker, images, truth, HELD_OUT, min(n, most), draw)["average_precision"] for draw in DRAWS]
            row = {"preset": preset, "labels": n, "mean": float(np.mean(reached))}
            figures.append(row | {"deviation": float(np.std(reached, ddof=1))})
            print(figures[-1], flush=True)
    return figures


def tables_of(figures: list[dict[str, Any]]) -> dict[str, str]:
    """Markdown."""
    found = {(row["preset"], row["labels"]): row for row in figures}
    rows = [
        (n, *(f"{found[preset, n]['mean']:.3f} ± {found[preset, n]['deviation']:.3f}" for preset in PRESETS))
        for n in LABELS
    ]
    few, many = ({preset: found[preset, n]["mean"] for preset in PRESETS} for n in (FEW, MANY))
    left = [many[preset] - few[preset] for preset in PRESETS if preset != "seed"]
    sentence = (
        f"On `seed` the {FEW} labels with which its rounds begin reach {few['seed'] / many['seed']:.0%} of what {MANY} "
        f"do. On the others they leave {min(left):.2f} to {max(left):.2f} to be won.\n"
    )
    return {"presets": table(("labels", *(f"`{preset}`" for preset in PRESETS)), rows), "presets told": sentence}


def write_tables() -> None:
    """Put table and sentence between the marks of the page."""
    figures = figures_of("presets")
    fill(PAGE, tables_of(figures))


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    if not parser.parse_args().tables:
        with threadpool_limits(1):
            save("presets", measure())
    write_tables()


if __name__ == "__main__":
    main()
