"""The committed studies in docs/study.md: `python -m benchmarks.study_tables [FOLDER ...]`.

Each FOLDER is what `motes study benchmarks/studies/NAME.toml -o FOLDER` has written, and is called NAME. Its figures,
`study.json`, are kept in `results/studies/`, its picture in docs/images/. Without a folder only tables are made again.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import statistics
from pathlib import Path
from typing import Any

from benchmarks.pages import fill, table
from benchmarks.results import FOLDER

PAGE = Path(__file__).parent.parent / "docs" / "study.md"
IMAGES = PAGE.parent / "images"
RESULTS = FOLDER / "studies"
NAMES = ("empiar10017", "faint", "crowded")
MAPS = "resolution"  # the study whose picks became maps
AXES = {"labels": "by labels", "labels_paid": "validation charged", "questions": "by questions"}


def load(name: str) -> dict[str, Any] | None:
    """The figures of a study, or None."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else None


def kept(source: Path, target: Path) -> None:
    """Copy the figures, floats to six digits and without the command's paths."""

    def short(value: Any) -> Any:
        if isinstance(value, float):
            return float(f"{value:.6g}") if math.isfinite(value) else None
        if isinstance(value, dict):
            return {key: short(item) for key, item in value.items() if key != "command"}
        return [short(item) for item in value] if isinstance(value, list) else value

    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(short(json.loads(source.read_text())), separators=(",", ":")) + "\n")


def told(found: dict[str, float | None], scale: float = 1000, digits: int = 0) -> str:
    """A difference, in thousandths, with its interval; bold where 0 is outside."""
    if found["difference"] is None or found["low"] is None or found["high"] is None:
        return "no common range"
    value, low, high = (f"{scale * found[key]:+.{digits}f}" for key in ("difference", "low", "high"))
    text = f"{value} ({low} to {high})"
    return f"**{text}**" if found["low"] > 0 or found["high"] < 0 else text


def table_of(study: dict[str, Any]) -> str:
    """A line for each strategy, the largest difference by labels first."""
    (setting,) = study["settings"].values()
    rows = []
    for name, one in setting["strategies"].items():
        curve = one["curves"]["average_precision"]
        reached = f"{curve[-1]:.3f}"
        found = f"{100 * one['confirmed']:.0f}%"
        cells = [told(one["difference"][axis]) if "difference" in one else "" for axis in AXES]
        order = one["difference"]["labels"]["difference"] if "difference" in one else 0.0
        rows.append((-order, [f"`{name}`", *cells, reached, found]))
    rows.sort(key=lambda row: row[0])
    return table(("strategy", *AXES.values(), "AP in the end", "labels per question"), [row for _, row in rows])


def sentences_of(study: dict[str, Any]) -> str:
    """A plain sentence for each strategy."""
    (setting,) = study["settings"].values()
    return "".join(f"- {one['sentence']}\n" for one in setting["strategies"].values() if "sentence" in one)


def maps_of(study: dict[str, Any]) -> str:
    """Two tables, after some labels and after all: what the maps resolve, and F1 of the same picks beside it."""
    (setting,) = study["settings"].values()
    header = ("strategy", "resolution, A", "finer than random's, A", "true picks", "precision", "F1", "F1, difference")
    parts = []
    for maps in setting["maps"]:
        rows = []
        for name, one in maps["strategies"].items():
            beside = [told(one["finer"], 1, 1), told(one["beside"]["f1"])] if "finer" in one else ["", ""]
            resolution = f"{statistics.mean(one['resolution']):.1f}"
            counted = [f"{one['n_true']:.0f}", f"{one['precision']:.2f}", f"{one['f1']:.3f}"]
            rows.append([f"`{name}`", resolution, beside[0], *counted, beside[1]])
        parts.append(f"After round {maps['round'] + 1}. {maps['answer']}\n\n{table(header, rows)}")
    return "\n".join(parts)


def main() -> None:
    """Keep what was found, and put it into the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = (*NAMES, MAPS)
    parser.add_argument("folder", type=Path, nargs="*", help=f"called one of {', '.join(known)}")
    for folder in parser.parse_args().folder:
        if folder.name not in known:
            parser.error(f"{folder}: expected a folder called one of {', '.join(known)}")
        kept(folder / "study.json", RESULTS / f"{folder.name}.json")
        if folder.name in NAMES:
            shutil.copyfile(folder / "curves.png", IMAGES / f"study-{folder.name}.png")
    tables = {}
    for name in NAMES:
        study = load(name)
        if study is not None:
            tables |= {f"study {name}": table_of(study), f"sentences {name}": sentences_of(study)}
    maps = load(MAPS)
    if maps is not None:
        tables["maps"] = maps_of(maps)
    fill(PAGE, tables)


if __name__ == "__main__":
    main()
