"""What answers to importance-sampled queries tell: `python -m benchmarks.query_estimates [EMPIAR10017]`.

Queries of pools whose every particle is known are drawn again and again: how far estimates are off, and how often their
95% intervals hold the truth. Three simulated pools, of probabilities that are right and wrong; with the folder of
EMPIAR-10017 (`micrographs/*.jpg`, `particles/*.csv`) also pools of the default picker on its first ten micrographs.
Writes `results/query_estimates.json` and the tables between the marks of docs/active.md; `--tables` the tables alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.empiar10017 import DIAMETER, labels_of, read
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import Circles
from motes.active import Estimates, Pool, combine, estimate, strategies
from motes.pickers import Detections, FilterBankPicker, Labelled

PAGE = Path(__file__).parent.parent / "docs" / "active.md"
SIMULATED = ("right", "too sure", "too modest")
FIGURES = ("f_beta", "precision", "recall", "particles", "threshold")
PROPOSALS = ("f_beta", "uncertainty", "uniform")
QUESTIONS = (25, 50, 100, 250)
N_TRAIN, LABELS = 10, (20, 200)


@dataclass(frozen=True)
class Population:
    """A pool and what is true of it.

    Which candidates are particles, the threshold of predictions, what estimates should be, and, of a real one, the part
    of the micrographs' particles without a label that some candidate covers.
    """

    pool: Pool
    particle: np.ndarray
    at: float
    truth: dict[str, float]
    covered: float | None = None


def known(pool: Pool, particle: np.ndarray, at: float) -> Population:
    """What is true of a pool."""
    c = pool.probability
    order = np.argsort(-c)
    f = 2 * np.cumsum(particle[order]) / (np.arange(1, len(c) + 1) + particle.sum())
    hits = (particle & (c >= at)).sum()
    truth = {
        "f_beta": 2 * hits / (particle.sum() + (c >= at).sum()),
        "precision": hits / (c >= at).sum(),
        "recall": hits / particle.sum(),
        "particles": particle.mean(),
        "threshold": c[order][f.argmax()],
        "best": f.max(),
    }
    return Population(pool, particle, at, {name: float(value) for name, value in truth.items()})


@cache
def simulated(kind: str, n: int = 3000) -> Population:
    """One candidate in fourteen is a particle; probabilities are right, too far from 1/2, or too near to it."""
    rng = np.random.default_rng(5)
    logit = np.where(rng.random(n) < 0.08, rng.normal(1.5, 1.5, n), rng.normal(-5.0, 1.7, n))
    meant = {"right": 1.0, "too sure": 0.6, "too modest": 1.5}[kind]
    c = 1 / (1 + np.exp(-logit))
    particle = rng.random(n) < 1 / (1 + np.exp(-meant * logit + 0.4 * (meant != 1)))
    circles = Circles(rng.uniform(0, 4000, (n, 2)), 5.0, c)
    return known(Pool(Detections(circles, ("simulated",))), particle, 0.4)


def real(folder: Path) -> Iterator[tuple[str, Population]]:
    """Pools of the default picker, trained with few and with more labels."""
    micrographs, truth = (part[:N_TRAIN] for part in read(folder))
    particles = Circles.concatenate(truth)
    picker = FilterBankPicker(DIAMETER)
    for n in LABELS:
        labelled = labels_of(truth, n, 0)
        found = picker.fit(Labelled(micrographs, labelled), seed=0).predict(micrographs)
        pool = Pool.from_detections(found, labelled=labelled)
        of = known(pool, owners(pool, particles), 0.5)
        yield f"real, {n} labels", replace(of, covered=float(of.particle.sum() / (len(particles) - n)))


def owners(pool: Pool, particles: Circles) -> np.ndarray:
    """Candidates that are the nearest of a particle, and near enough to be confirmed."""
    first, second, overlap = motes.picking.near_pairs(particles, pool.circles.astype(float), iou=0.3)
    best = np.lexsort((-overlap, first))
    _, leading = np.unique(first[best], return_index=True)
    return np.isin(np.arange(len(pool)), second[best][leading])


def ask(of: Population, n: int, seed: int, proposal: str = "f_beta") -> Estimates:
    """One query, and what its answers tell."""
    query = strategies.importance(of.pool, n, threshold=of.at, proposal=proposal, seed=seed)
    return estimate(query, of.particle[query.chosen], of.pool)


def values(found: Sequence[Estimates], name: str) -> np.ndarray:
    """One figure of each."""
    return np.array([getattr(one, name).value for one in found])


def covered(found: Sequence[Estimates], name: str, truth: float) -> float:
    """How many intervals hold the truth; a figure that was recomputed may be off in its last bit."""
    figures = [getattr(one, name) for one in found]
    return float(np.mean([figure.low - 1e-12 <= truth <= figure.high + 1e-12 for figure in figures]))


def repeat(name: str, of: Population, draws: int) -> Iterator[dict[str, Any]]:
    """Bias, error, coverage, width, by proposal and number of questions."""
    for proposal in PROPOSALS:
        for n in QUESTIONS:
            found = [ask(of, n, seed, proposal) for seed in range(draws)]
            row: dict[str, Any] = {"pool": name, "proposal": proposal, "questions": n, "draws": draws}
            for figure in FIGURES:
                wrong = values(found, figure) - of.truth[figure]
                row[figure] = {
                    "truth": of.truth[figure],
                    "bias": float(np.nanmean(wrong)),
                    "error": float(np.sqrt(np.nanmean(wrong**2))),
                    "covered": covered(found, figure, of.truth[figure]),
                    "width": float(np.mean([getattr(one, figure).high - getattr(one, figure).low for one in found])),
                }
            c, thresholds = of.pool.probability, values(found, "threshold")
            # A draw that met no particle tells no F1 and no threshold: counted, and worth nothing.
            row["untold"] = float(np.mean(np.isnan(values(found, "f_beta"))))
            reached = [known(of.pool, of.particle, t).truth["f_beta"] if (c >= t).any() else 0.0 for t in thresholds]
            row["lost"] = of.truth["best"] - float(np.mean(reached))
            yield row


def pooled(name: str, of: Population, rounds: int, n: int, draws: int) -> dict[str, Any]:
    """Rounds as one sample, beside averages of their F1 weighted by estimated variance."""
    every = [[ask(of, n, rounds * draw + k) for k in range(rounds)] for draw in range(draws)]
    combined = [combine(found) for found in every]
    weighted = []
    for found in every:
        said = [one.f_beta for one in found if np.isfinite(one.f_beta.value)]
        weights = np.array([1 / max(figure.std_error, 1e-3) ** 2 for figure in said])
        weighted.append(weights @ [figure.value for figure in said] / weights.sum())
    truth = of.truth["f_beta"]
    return {
        "pool": name,
        "rounds": rounds,
        "questions": n,
        "pooled": {
            "bias": float(values(combined, "f_beta").mean() - truth),
            "covered": covered(combined, "f_beta", truth),
        },
        "by variance": {"bias": float(np.mean(weighted) - truth)},
    }


def measure(folder: Path | None, draws: int) -> dict[str, list[dict[str, Any]]]:
    """All of it."""
    pools = [(f"simulated, {kind}", simulated(kind)) for kind in SIMULATED]
    pools += [] if folder is None else real(folder)
    return {
        "pools": [
            of.truth
            | {"pool": name, "candidates": len(of.pool), "particles": int(of.particle.sum())}
            | {"at": of.at, "covered": of.covered}
            for name, of in pools
        ],
        "estimates": [row for name, of in pools for row in repeat(name, of, draws)],
        "rounds": [pooled(name, of, 8, 25, draws // 4) for name, of in pools],
    }


def write_tables() -> None:
    """Put the tables between the marks of the page."""
    figures = figures_of("query_estimates")
    fill(PAGE, tables_of(figures))


def tables_of(figures: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Each table by its mark."""
    rows = {(row["pool"], row["proposal"], row["questions"]): row for row in figures["estimates"]}
    names = [row["pool"] for row in figures["pools"]]
    errors = [
        (name, n, *(f"{rows[name, proposal, n]['f_beta']['error']:.3f}" for proposal in PROPOSALS))
        for name in names
        for n in QUESTIONS
    ]
    held = [
        (
            name,
            n,
            *(f"{100 * rows[name, 'f_beta', n][figure]['covered']:.0f}%" for figure in FIGURES),
            f"{rows[name, 'f_beta', n]['f_beta']['width']:.2f}",
            f"{rows[name, 'f_beta', n]['lost']:.3f}",
            f"{100 * rows[name, 'f_beta', n]['untold']:.1f}%",
        )
        for name in names
        for n in QUESTIONS
    ]
    rounds = [
        (
            row["pool"],
            f"{row['pooled']['bias']:+.3f}",
            f"{100 * row['pooled']['covered']:.0f}%",
            f"{row['by variance']['bias']:+.3f}",
        )
        for row in figures["rounds"]
    ]
    pools = [
        (
            row["pool"],
            f"{row['candidates']:,}",
            f"{row['particles']:,}",
            "" if row["covered"] is None else f"{100 * row['covered']:.1f}%",
            f"{row['f_beta']:.3f}",
            f"{row['precision']:.3f}",
            f"{row['recall']:.3f}",
            f"{row['best']:.3f} at {row['threshold']:.2f}",
        )
        for row in figures["pools"]
    ]
    return {
        "query pools": table(
            ("pool", "candidates", "particles", "covered", "F1", "precision", "recall", "best F1"), pools
        ),
        "query errors": table(("pool", "questions", *(f"`{one}`" for one in PROPOSALS)), errors),
        "query coverage": table(
            (
                "pool",
                "questions",
                "F1",
                "precision",
                "recall",
                "particles",
                "T_opt",
                "width, F1",
                "F1 lost by T_opt",
                "told no F1",
            ),
            held,
        ),
        "query rounds": table(("pool", "bias of F1, pooled", "held", "bias, by variance"), rounds),
    }


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="EMPIAR-10017")
    parser.add_argument("--draws", type=int, default=400)
    parser.add_argument("--tables", action="store_true", help="only make the tables again")
    asked = parser.parse_args()
    if not asked.tables:
        save("query_estimates", measure(asked.folder, asked.draws))
    write_tables()


if __name__ == "__main__":
    main()
