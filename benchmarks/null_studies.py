"""How often a study calls a copy of random different: `python -m benchmarks.null_studies`.

Studies without any effect are made up, a thousand of each kind of noise: eleven copies of the baseline, ten seeds and
fourteen micrographs, the table complete or with one of three parts a seed. Counted is in how many some copy is called
better or worse, at 5%, by `motes.study.statistics.compare` and by plain percentiles of the same bootstrap; and, of four
copies with one figure a seed, by `compare` over seeds alone and by `compare_seeds`. Writes `results/null_studies.json`
and the table between the marks of docs/study.md; `--tables` makes the table alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes.study.statistics import Comparison, compare, compare_seeds

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

import contributions

PAGE = Path(__file__).parent.parent / "docs" / "study.md"
SAMPLES = 500  # of each bootstrap
NOISES: dict[str, dict[str, Any]] = {
    "models": {"model": 1, "pair": 0.3},
    "models, heavy tails": {"model": 1, "pair": 0.3, "heavy": True},
    "models and micrographs": {"model": 0.5, "micrograph": 0.7, "pair": 0.3},
    "micrographs": {"micrograph": 1, "pair": 0.3},
    "pairs": {"pair": 1},
}
COPIES, SEEDS = 4, 10  # of studies with one figure a seed


def different(found: list[Comparison]) -> bool:
    """Some copy is called better or worse."""
    return any(one.verdict != "not distinguishable" for one in found)


def measure(studies: int) -> dict[str, Any]:
    """Shares of all studies."""
    crossed = []
    for name, noise in NOISES.items():
        for complete in (True, False):
            rng = np.random.default_rng(11)
            wrong = np.zeros((studies, 2))
            for k in range(studies):
                x = contributions.table(rng, every_fold=complete, **noise)
                wrong[k, 0] = different(compare(x, n_bootstrap=SAMPLES, seed=k))
                wrong[k, 1] = contributions.different_by_percentiles(x, rng, SAMPLES)
            ours, percentiles = wrong.mean(axis=0).tolist()
            crossed.append({"noise": name, "complete": complete, "compare": ours, "percentiles": percentiles})
            print(crossed[-1], flush=True)
    rng = np.random.default_rng(12)
    wrong = np.zeros((studies, 2))
    for k in range(studies):
        x = rng.normal(size=(COPIES, SEEDS)) - rng.normal(size=SEEDS)
        wrong[k, 0] = different(compare(x[:, :, None], n_bootstrap=SAMPLES, seed=k, given_micrographs=True))
        wrong[k, 1] = different(compare_seeds(x))
    bootstrap, seeds = wrong.mean(axis=0).tolist()
    return {"studies": studies, "crossed": crossed, "seeds": {"compare": bootstrap, "compare_seeds": seeds}}


def told(figures: dict[str, Any]) -> str:
    """Markdown."""
    rows = [
        (
            one["noise"],
            "complete" if one["complete"] else "one part a seed",
            f"{100 * one['compare']:.1f}%",
            f"{100 * one['percentiles']:.1f}%",
        )
        for one in figures["crossed"]
    ]
    alone = figures["seeds"]
    rows.append((
        f"one figure a seed, {COPIES} copies",
        "",
        f"{100 * alone['compare_seeds']:.1f}%",
        f"{100 * alone['compare']:.1f}% by the bootstrap over seeds",
    ))  # fmt: skip
    return table(("noise by", "table", "called different", "by plain percentiles"), rows)


def write_tables() -> None:
    """Put the table between the marks of the page."""
    figures = figures_of("null_studies")
    fill(PAGE, {"null studies": told(figures)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    asked = parser.parse_args()
    if not asked.tables:
        with threadpool_limits(1):
            save("null_studies", measure(asked.studies))
    write_tables()


if __name__ == "__main__":
    main()
