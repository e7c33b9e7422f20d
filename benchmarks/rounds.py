"""How long a round of active learning takes, and how much of it is our own: `python -m benchmarks.rounds [FOLDER]`.

The default picker on ten simulated micrographs of 4096 x 4096 pixels, 600 particles of 108 on each, all processors;
every strategy, 20 labels a round. A round ends when the next questions are there: it holds the oracle's answers to
those of the round before, the label book-keeping, training, proposing, suppression and the query. The first also
computes the features. Micrographs are simulated into FOLDER, and used again if they are there (by default into one that
is removed). Writes `results/rounds.json` and the table between the marks of docs/active.md; `--tables` makes the table
alone, `--small` measures 1024 x 1024 pixels and writes nothing: it only shows that all of it runs.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import active
from motes.active.strategies import STRATEGIES
from motes.pickers import Committee, FeatureCache, FilterBankPicker, Labelled
from motes.study.cell import Clock, timed
from motes.study.data import DataSet, load_data
from motes.study.sources import SimulatedData

PAGE = Path(__file__).parent.parent / "docs" / "active.md"
TRAINING, VALIDATION = 10, 2  # micrographs; the others tell T_opt to the strategy that takes it
INITIAL, PER_ROUND, ROUNDS, MEMBERS = 10, 20, 5, 5
SIDE, SMALL = 4096, 1024
# `faint` with finer pixels: a particle is as wide as those of EMPIAR-10017, and as visible as a whole.
FINER = 108 / 48
SCENE: dict[str, Any] = {"diameter": 108.0, "pixel_size": 4.0 / FINER, "snr": 0.4 / FINER**2}
CROWD = 600 / SIDE**2  # particles a pixel
TARGETS = {"first": 30.0, "later": 10.0, "own": 0.05}  # seconds, seconds, share of a round


def scene(side: int, folder: Path) -> DataSet:
    """Simulated micrographs, made where they are not there yet."""
    options = SCENE | {"shape": (side, side), "particles": round(CROWD * side**2)}
    return load_data(SimulatedData("faint", TRAINING + VALIDATION, 0, options), folder)


@dataclass
class Laps:
    """Called in each round when its questions are there: where its seconds went."""

    clock: Clock
    began: float = field(default_factory=time.perf_counter)
    laps: list[dict[str, float]] = field(default_factory=list)

    def __call__(self, *_: object) -> Mapping[str, Any]:
        """Nothing is measured on other micrographs: nobody does who only labels."""
        spent, now = self.clock.read(), time.perf_counter()
        total = now - self.began
        self.laps.append(spent | {"own": total - sum(spent.values()), "total": total})
        self.began = now
        return {}


def measure(strategy: str, data: DataSet, rounds: int) -> dict[str, Any]:
    """One run from nothing, its features too."""
    training, validation = range(TRAINING), range(TRAINING, TRAINING + VALIDATION)
    needs, clock = STRATEGIES[strategy].needs, Clock()
    picker = FilterBankPicker(data.diameter, cache=FeatureCache())
    micrographs, truth = data.micrographs(training), data.particles(training)[0]
    known = Labelled(data.micrographs(validation), data.particles(validation)[0]) if "threshold" in needs else None
    laps = Laps(clock)
    history = active.run(
        micrographs,
        active.GroundTruth(truth),
        timed(Committee(picker, MEMBERS) if "members" in needs else picker, clock),
        strategy,
        initial=INITIAL,
        n=PER_ROUND,
        rounds=rounds,
        validation=known,
        callback=laps,
    )
    first, *later = laps.laps
    parts = {name: median(lap[name] for lap in later) for name in first}
    own = sum(lap["own"] for lap in later) / sum(lap["total"] for lap in later)
    return {
        "strategy": strategy,
        "first": first,
        "later": parts | {"worst": max(lap["total"] for lap in later), "share": own},
        "questions": len(history.questions) / len(later),
        "pool": history.rounds[-1].pool,
    }


def table_of(figures: list[dict[str, Any]]) -> str:
    """Markdown, seconds."""
    rows = []
    for one in figures:
        later = one["later"]
        rows.append([
            f"`{one['strategy']}`",
            f"{one['questions']:.0f}",
            f"{one['first']['total']:.1f}",
            f"{later['total']:.2f} ({later['worst']:.2f})",
            f"{later['train']:.2f}",
            f"{later['predict']:.2f}",
            f"{later['own']:.3f}",
            f"{100 * later['share']:.1f}%",
        ])  # fmt: skip
    header = ("strategy", "questions", "first round", "later (worst)", "learning", "proposing", "all else", "its share")
    return table(header, rows)


def sentence_of(figures: list[dict[str, Any]]) -> str:
    """Which targets are met, and by which strategy one is not."""
    reached = {
        "first": {one["strategy"]: one["first"]["total"] for one in figures},
        "later": {one["strategy"]: one["later"]["worst"] for one in figures},
        "own": {one["strategy"]: one["later"]["share"] for one in figures},
    }
    told = {
        "first": f"a first round under {TARGETS['first']:g} s",
        "later": f"later ones under {TARGETS['later']:g} s",
        "own": f"all else under {TARGETS['own']:.0%}",
    }
    lines = []
    for name, found in reached.items():
        over = [f"`{strategy}`" for strategy, value in found.items() if value >= TARGETS[name]]
        missed = f"missed by {', '.join(over)}" if over else "met by all"
        lines.append(f"- asked for: {told[name]}; {missed}\n")
    return "".join(lines)


def write_tables() -> None:
    """Put them between the marks of the page."""
    figures = figures_of("rounds")
    fill(PAGE, {"rounds": table_of(figures), "rounds targets": sentence_of(figures)})


def main() -> None:
    """Measure and write, or write alone."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="where simulated micrographs are kept")
    parser.add_argument("--strategies", nargs="+", choices=tuple(STRATEGIES), default=list(STRATEGIES))
    parser.add_argument("--small", action="store_true", help="a trial: nothing is written")
    parser.add_argument("--tables", action="store_true", help="only make the table again")
    asked = parser.parse_args()
    if not asked.tables:
        place = nullcontext(asked.folder) if asked.folder else tempfile.TemporaryDirectory()
        with place as folder:
            data = scene(SMALL if asked.small else SIDE, Path(folder))
            figures = []
            for strategy in asked.strategies:
                figures.append(measure(strategy, data, ROUNDS))
                print(figures[-1], flush=True)
        if asked.small:
            print(table_of(figures) + sentence_of(figures))
            return
        save("rounds", figures)
    write_tables()


if __name__ == "__main__":
    main()
