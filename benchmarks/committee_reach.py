"""What a committee's first member does not see: `python -m benchmarks.committee_reach`.

A committee of five filter banks learns from 5, 20 and 60 labels of the sample micrograph, each five times. Of the
candidates that another member holds for more probable than not, how many have no candidate of the first member within
`REACH` diameters: these the committee can not ask about. Writes `results/committee_reach.json` and the table between
the marks of docs/active.md; `--tables` makes the table alone.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.empiar10017 import labels_of
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import picking, sample
from motes.pickers import Committee, FilterBankPicker, Labelled
from motes.pickers.committee import REACH

PAGE = Path(__file__).parent.parent / "docs" / "active.md"
LABELS, SEEDS, MEMBERS = (5, 20, 60), range(5), 5


def unseen(committee: Committee, micrographs: list[Any]) -> list[float]:
    """Of each other member: the share of its likely candidates that the first one lacks."""
    first, *others = (member.predict(micrographs).circles.astype(float) for member in committee.members)
    shares = []
    for found in others:
        likely = found[found.scores > 0.5]
        near, _, _ = picking.near_pairs(likely, first, distance=REACH * committee.diameter)
        shares.append(1 - len(np.unique(near)) / max(len(likely), 1))
    return shares


def measure() -> list[dict[str, Any]]:
    """Each number of labels."""
    loaded = sample.load()
    radius = float(loaded.particles.radius[0])
    truth = picking.circles_of(loaded.particles, radius=radius)[0]
    figures = []
    for n in LABELS:
        shares = []
        for seed in SEEDS:
            committee = Committee(FilterBankPicker(2 * radius), MEMBERS)
            committee.fit(Labelled([loaded.micrograph], labels_of([truth], n, seed)), seed)
            shares += unseen(committee, [loaded.micrograph])
        figures.append({"labels": n, "mean": float(np.mean(shares)), "worst": max(shares), "members": len(shares)})
        print(figures[-1], flush=True)
    return figures


def table_of(figures: list[dict[str, Any]]) -> str:
    """Markdown."""
    rows = [(one["labels"], f"{100 * one['mean']:.1f}%", f"{100 * one['worst']:.1f}%") for one in figures]
    return table(("labels", "not seen, mean", f"by the worst of {figures[0]['members']} members"), rows)


def write_tables() -> None:
    """Put the table between the marks of the page."""
    figures = figures_of("committee_reach")
    fill(PAGE, {"committee reach": table_of(figures)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    if not parser.parse_args().tables:
        save("committee_reach", measure())
    write_tables()


if __name__ == "__main__":
    main()
