"""What published picks score on real micrographs: `python -m benchmarks.picking_study EMPIAR10017`.

The folder holds `particles/*.csv` and `picks/{crYOLO,topaz,deepPicker}/*.box`. Every picker by every convention of
matching, both ways to turn y over, and the consensus of the three. Writes `results/picking.json`, the tables between
the marks of docs/picking.md and its figure. `--tables` makes the tables from the figures that are there.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import motes
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import Circles, Picks, picking, plotting

PAGE = Path(__file__).parent.parent / "docs" / "picking.md"
FIGURE = PAGE.parent / "images" / "picking.png"
POOLED = "all pooled"
PICKERS = {"crYOLO": "crYOLO", "Topaz": "topaz", "DeepPicker": "deepPicker"}
HEIGHT, RADIUS = 4096, 54.0
SETTINGS = {"strict": (RADIUS, 0.5), "loose": (90.0, 0.3)}  # radius, IoU; 90 is that of the published boxes

# Who may claim what.
CONVENTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "greedy": ("one-to-one, by score; the default", {"rule": "greedy"}),
    "optimal": ("one-to-one, most pairs", {"rule": "optimal"}),
    "topaz": ("one-to-one, Topaz's", {"rule": "topaz"}),
    "best": ("several may claim one", {"rule": "best"}),
    "first": ("several may claim one, the first by index: seed 001's", {"rule": "first"}),
    "boxes": ("`best` by IoU of boxes: crYOLO's", {"rule": "best"}),
}


def read(folder: Path) -> dict[str, Picks]:
    """The particles and every picker's picks, y from the first row."""
    tables = {"truth": motes.read_picks(folder / "particles")}
    for name, place in PICKERS.items():
        tables[name] = motes.read_picks(folder / "picks" / place, y_origin="bottom", height=HEIGHT)
    return tables


def scores(picks: Circles, truth: Circles, **options: Any) -> dict[str, Any]:
    """One row: every metric with its interval over micrographs."""
    return picking.evaluate(picks, truth, **options).as_dict()


def conventions(tables: dict[str, Picks]) -> list[dict[str, Any]]:
    """Every picker, and all of them pooled, by every convention, at two thresholds."""
    rows = []
    for setting, (radius, threshold) in SETTINGS.items():
        circles = picking.align(tables, radius=radius).circles
        circles[POOLED] = picking.pool([circles[name] for name in PICKERS])
        for name in (*PICKERS, POOLED):
            for convention, (_, options) in CONVENTIONS.items():
                near = {"box_iou" if convention == "boxes" else "iou": threshold}
                row = scores(circles[name], circles["truth"], n_bootstrap=0, **near, **options)
                figures = {metric: row[metric]["value"] for metric in ("average_precision", "best_f1")}
                rows.append({"setting": setting, "picker": name, "convention": convention, **figures})
    return rows


def turned(tables: dict[str, Picks]) -> list[dict[str, Any]]:
    """Both ways to turn y over: boxes by their corners, as they are read, and centres, which lie one pixel less."""
    rows = []
    for way, shift in (("corners", 0), ("centres", -1)):
        moved = {name: replace(picks, y=picks.y + shift * (name != "truth")) for name, picks in tables.items()}
        circles = picking.align(moved, radius=RADIUS).circles
        rows += [{"picker": name, "turned": way, **scores(circles[name], circles["truth"])} for name in PICKERS]
    return rows


def agreement(circles: dict[str, Circles]) -> list[dict[str, Any]]:
    """The consensus of the three, of one picker or more, of two or more, of all."""
    rows = []
    for k in range(1, len(PICKERS) + 1):
        found = picking.consensus([circles[name] for name in PICKERS], min_pickers=k)
        rows.append({"pickers": k, **scores(found.circles, circles["truth"])})
    return rows


def draw(circles: dict[str, Circles]) -> None:
    """Curves of the three and of their consensus."""
    every = {name: circles[name] for name in PICKERS}
    every["two or more"] = picking.consensus(list(every.values()), min_pickers=2).circles
    curves = {name: picking.evaluate(picks, circles["truth"], n_bootstrap=0) for name, picks in every.items()}
    plotting.precision_recall(curves).savefig(FIGURE)


def told(figure: dict[str, float]) -> str:
    """A figure and its interval."""
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"


def short(row: dict[str, Any], *names: str) -> tuple[str, ...]:
    """Figures alone."""
    values = [row[name]["value"] for name in names]
    return tuple("" if value is None else f"{value:.3f}" for value in values)


def tables_of(figures: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Each table by its mark in the page."""
    points = ("best_f1", "precision", "recall", "mean_iou")
    default = [row for row in figures["turned"] if row["turned"] == "corners"]
    agreed = [
        (
            f"{row['pickers']} or more" if row["pickers"] < len(PICKERS) else "all three",
            f"{row['n_picks']:,}",
            told(row["average_precision"]),
            *short(row, *points),
        )
        for row in figures["consensus"]
    ]
    flips = [(row["picker"], row["turned"], *short(row, "average_precision", *points)) for row in figures["turned"]]
    return {
        "pickers": table(
            ("picker", "picks", "AP", "best F1", "precision", "recall", "AP on the grid", "mean IoU", "threshold"),
            [
                (
                    row["picker"],
                    f"{row['n_picks']:,}",
                    *(told(row[name]) for name in ("average_precision", "best_f1", "precision", "recall")),
                    *short(row, "auc_grid", "mean_iou", "best_threshold"),
                )
                for row in default
            ],
        ),
        **{setting: convention_table(figures["conventions"], setting) for setting in SETTINGS},
        "consensus": table(("pickers that agree", "picks", "AP", "best F1", "precision", "recall", "mean IoU"), agreed),
        "turned": table(
            ("picker", "turned by", "AP", "best F1", "precision", "recall", "mean IoU"), sorted(flips, key=str)
        ),
    }


def convention_table(rows: list[dict[str, Any]], setting: str) -> str:
    """Conventions down, pickers across."""
    found = {
        (row["convention"], row["picker"]): f"{row['average_precision']:.3f} / {row['best_f1']:.3f}"
        for row in rows
        if row["setting"] == setting
    }
    names = (*PICKERS, POOLED)
    lines: list[tuple[object, ...]] = [
        (meaning if rule == "boxes" else f"`{rule}`: {meaning}", *(found[rule, name] for name in names))
        for rule, (meaning, _) in CONVENTIONS.items()
    ]
    return table(("AP / best F1", *names), lines)


def write_tables() -> None:
    """Put the tables between the marks of the page."""
    figures = figures_of("picking", "name the folder")
    fill(PAGE, tables_of(figures))


def main() -> None:
    """All of it, or the tables alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="particles/ and picks/ of EMPIAR-10017")
    parser.add_argument("--tables", action="store_true", help="only make the tables again")
    asked = parser.parse_args()
    if not asked.tables:
        if asked.folder is None:
            parser.error("name the folder, or say --tables")
        tables = read(asked.folder)
        circles = picking.align(tables, radius=RADIUS).circles
        figures = {
            "conventions": conventions(tables), "turned": turned(tables), "consensus": agreement(circles),
        }  # fmt: skip
        save("picking", figures)
        draw(circles)
    write_tables()


if __name__ == "__main__":
    main()
