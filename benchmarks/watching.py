"""What `motes watch` foretells, and its page: `python -m benchmarks.watching` (`--tables`, `--picture`: only that).

The portrait, 25x25 pixels, 27.4 photons a pattern: the error of 100,000 patterns is the target, and a part of them says
how many it takes. Then a store is written at some rate while `motes watch` looks on; its page is the picture of
docs/watch.md. That one needs a Chromium.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import motes
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import simulate
from motes.live import outlook

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import Browser, executable

PAGE = Path(__file__).parent.parent / "docs" / "watch.md"
PICTURE = PAGE.parent / "images" / "watch.png"
N, PHOTONS, SEEDS = 100_000, 27.4, (1, 2, 3, 4)
CONTRASTS, PARTS = (1.0, 0.5, 0.3), (0.02, 0.05, 0.1, 0.2, 0.5)
A_SECOND, TARGET, SHOWN_AT, PATIENCE = 2000, 0.05, 60_000, 120.0  # of the picture


def drawn(contrast: float, seed: int) -> motes.Patterns:
    """Patterns of the portrait."""
    truth = simulate.scaled(simulate.with_contrast(simulate.portrait(25), contrast), PHOTONS)
    found = simulate.patterns(truth, N, seed=seed)
    return motes.Patterns.from_coo(found.rows, found.cols, shape=truth.shape, n_patterns=N)


def measure(contrast: float, part: float, seed: int) -> dict[str, Any]:
    """How many patterns a part of them says it takes, beside how many it did."""
    patterns = drawn(contrast, seed)
    target = outlook(motes.reconstruct(patterns)).error
    early = outlook(motes.reconstruct(patterns[: int(part * N)]), target)
    needed = None if early.needed is None else early.needed / N
    return {"contrast": contrast, "part": part, "seed": seed, "target": target, "foretold": needed}


def foretold_table(rows: list[dict[str, Any]]) -> str:
    """Foretold over real numbers of patterns, least to most over the seeds."""
    lines = []
    for contrast in CONTRASTS:
        of_contrast = [row for row in rows if row["contrast"] == contrast]
        cells = []
        for part in PARTS:
            found = [row["foretold"] for row in of_contrast if row["part"] == part]
            told = [one for one in found if one is not None]
            cell = f"{min(told):.2f} to {max(told):.2f}" if told else ""
            untold = len(found) - len(told)
            cells.append(cell + (f"{', ' if cell else ''}{untold} not told" if untold else ""))
        target = np.mean([row["target"] for row in of_contrast])
        lines.append((f"{contrast:g}", f"{target:.3f}", *cells))
    return table(("contrast", "target", *(f"from {part:.0%}" for part in PARTS)), lines)


def draw() -> None:
    """The page while patterns arrive."""
    patterns = drawn(0.5, 1)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = [
            sys.executable,
            "-m",
            "motes",
            "watch",
            "run.zarr",
            "-o",
            "live",
            "--target-error",
            str(TARGET),
            "--every",
            "2",
        ]
        watching = subprocess.Popen(words, cwd=folder, stdout=subprocess.DEVNULL)
        try:
            with motes.PatternWriter(folder / "run.zarr", patterns.shape) as writer:
                began, sent = time.monotonic(), 0
                while sent < SHOWN_AT:
                    time.sleep(0.25)
                    come = min(SHOWN_AT, int(A_SECOND * (time.monotonic() - began)))
                    writer.append(patterns[sent:come])
                    writer.flush()
                    sent = come
                page, until = folder / "live" / "watch.html", time.monotonic() + PATIENCE
                while not (page.exists() and f"<dd>{SHOWN_AT:,}</dd>" in page.read_text()):
                    assert time.monotonic() < until
                    time.sleep(0.1)
                shutil.copy(page, folder / "shown.html")
        finally:
            watching.kill()
            watching.wait()
        with Browser(width=1440, height=600) as browser:
            browser.open(folder / "shown.html")
            browser.screenshot(PICTURE)


def main() -> None:
    """All of it, or the table alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", action="store_true", help="only make the table")
    parser.add_argument("--picture", action="store_true", help="only make the picture")
    only = parser.parse_args()
    if not (only.tables or only.picture):
        cases = [(contrast, part, seed) for contrast in CONTRASTS for part in PARTS for seed in SEEDS]
        save("watching", [measure(*case) for case in cases])
    if executable() and not only.tables:
        draw()
    fill(PAGE, {"foretold": foretold_table(figures_of("watching"))})


if __name__ == "__main__":
    main()
