"""What `motes watch` foretells, and its page: `python -m benchmarks.watching` (`--tables`, `--picture`: only that).

The portrait, quarter turns and in-plane rotations: the bound of all patterns (`motes.limits`) is the target, and a part
of them says how many it takes. Then a store is written at some rate while `motes watch` looks on; its page is the
picture of docs/watch.md. That one needs a Chromium. `--noise` prints what fits of noise win, which the limit of
`motes/live/evidence.py` comes from: six minutes.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

import motes
from benchmarks.pages import fill, table
from benchmarks.results import figures_of, save
from motes import simulate
from motes.live import evidence, outlook
from motes.rotations import rotations_of

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from browser import Browser, executable

PAGE = Path(__file__).parent.parent / "docs" / "watch.md"
PICTURE = PAGE.parent / "images" / "watch.png"
SEEDS, CONTRASTS, PARTS = (1, 2, 3, 4), (1.0, 0.5, 0.3), (0.02, 0.05, 0.1, 0.2, 0.5)
A_SECOND, TARGET, SHOWN_AT, PATIENCE = 2000, 0.05, 60_000, 120.0  # of the picture


@dataclass(frozen=True)
class Kind:
    """Patterns of the portrait."""

    side: int
    photons: float
    n_patterns: int
    rotations: str
    noise: Literal["bernoulli", "poisson"]

    def truth(self, contrast: float) -> npt.NDArray[np.float64]:
        """The master, within what its rotations show."""
        inside = rotations_of(self.rotations).support((self.side, self.side))
        picture = np.where(inside, simulate.with_contrast(simulate.portrait(self.side), contrast), 0.0)
        return simulate.scaled(picture, self.photons)

    def drawn(self, contrast: float, seed: int) -> motes.Patterns:
        """Its patterns."""
        truth = self.truth(contrast)
        templates = rotations_of(self.rotations).expand(truth)
        found = simulate.mixture([templates], self.n_patterns, noise=self.noise, seed=seed)
        assert found.rows is not None
        assert found.cols is not None
        return motes.Patterns.from_coo(
            found.rows, found.cols, counts=found.counts, shape=truth.shape, n_patterns=self.n_patterns
        )


KINDS = (Kind(25, 27.4, 100_000, "C4", "bernoulli"), Kind(16, 100.0, 20_000, "in-plane:36", "poisson"))


def measure(kind: Kind, contrast: float, seed: int) -> list[dict[str, Any]]:
    """How many patterns a part of them says it takes, beside how many it does."""
    patterns = kind.drawn(contrast, seed)
    truth, how = kind.truth(contrast), {"n_simulated": 200_000 if kind.rotations == "C4" else 40_000}
    bound = motes.limits.cramer_rao(truth, kind.n_patterns, kind.rotations, kind.noise, **how)
    takes = motes.limits.patterns_needed(truth, bound.relative_error, kind.rotations, kind.noise, **how)
    rows = []
    for part in PARTS:
        some = patterns[: int(part * kind.n_patterns)]
        result = motes.reconstruct(some, rotations_of(kind.rotations), kind.noise)
        early = outlook(result, bound.relative_error, some)
        needed = None if early.needed is None else early.needed / takes
        told = {"contrast": contrast, "part": part, "seed": seed, "target": bound.relative_error, "foretold": needed}
        rows.append({"rotations": kind.rotations} | told)
        print(rows[-1], flush=True)
    return rows


def foretold_table(rows: list[dict[str, Any]]) -> str:
    """Foretold over real numbers of patterns, least to most over the seeds."""
    lines = []
    for kind, contrast in itertools.product(KINDS, CONTRASTS):
        of_case = [row for row in rows if (row["rotations"], row["contrast"]) == (kind.rotations, contrast)]
        cells = []
        for part in PARTS:
            found = [row["foretold"] for row in of_case if row["part"] == part]
            told = [one for one in found if one is not None]
            cell = f"{min(told):.2f} to {max(told):.2f}" if told else ""
            untold = len(found) - len(told)
            cells.append(cell + (f"{', ' if cell else ''}{untold} not told" if untold else ""))
        lines.append((kind.rotations, f"{contrast:g}", f"{of_case[0]['target']:.3f}", *cells))
    return table(("rotations", "contrast", "target", *(f"from {part:.0%}" for part in PARTS)), lines)


def noise_wins(seconds: float, seed: int = 1) -> None:
    """What fits of noise win over a mean for each pixel, of in-plane rotations: printed."""
    rng, until, found = np.random.default_rng(seed), time.monotonic() + seconds, []
    while time.monotonic() < until:
        side, n, photons = int(rng.choice([7, 9, 11, 13, 15, 19, 25])), int(rng.choice([300, 1000, 3000, 8000])), 8.0
        turns = motes.Rotations.in_plane(int(rng.choice([8, 12, 18, 24, 36])), mirrored=bool(rng.random() < 0.2))
        photons *= float(rng.choice([0.25, 1, 3, 10]))
        away = np.hypot(*(np.indices((side, side)) - (side - 1) / 2)) / ((side - 1) / 2)
        bright = np.where(turns.support((side, side)), 0.3 + np.exp(-3 * away**2) if rng.random() < 0.5 else 1.0, 0.0)
        bright *= photons / bright.sum()
        counts = rng.poisson(bright, (n, side, side))
        noise = "poisson" if rng.random() < 0.5 or bright.max() > 0.7 else "bernoulli"
        patterns = motes.Patterns.from_dense(np.minimum(counts, 1) if noise == "bernoulli" else counts)
        result = motes.reconstruct(patterns, turns, noise)
        assert isinstance(result, motes.MixtureReconstruction)
        n_pixels = int(result.good.sum())
        found.append((evidence.evidence_of_turns(result, patterns) - evidence.SPREAD * n_pixels**0.5) / n_pixels)
    shares = np.percentile(found, [50, 95, 99, 100]).round(2)
    print(f"{len(found)} fits of noise, (evidence - {evidence.SPREAD:g} sqrt(n)) / n: median, 95%, 99%, most {shares}")


def draw() -> None:
    """The page while patterns arrive."""
    patterns = KINDS[0].drawn(0.5, 1)
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
    parser.add_argument("--noise", action="store_true", help="only see what fits of noise win")
    only = parser.parse_args()
    if only.noise:
        noise_wins(360.0)
        return
    if not (only.tables or only.picture):
        cases = itertools.product(KINDS, CONTRASTS, SEEDS)
        save("watching", [row for case in cases for row in measure(*case)])
    if executable() and not only.tables:
        draw()
    fill(PAGE, {"foretold": foretold_table(figures_of("watching"))})


if __name__ == "__main__":
    main()
