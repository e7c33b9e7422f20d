"""Published picks on real micrographs (EMPIAR-10017): the figures of the data's README. Skipped without it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from motes import Circles
from motes.picking import evaluate

DATA = Path(__file__).parents[3] / "shared" / "data" / "empiar10017"
HEIGHT, BOX, RADIUS = 4096, 180, 54.0

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason=f"{DATA} is not there")


def picks_and_truth(picker: str) -> tuple[Circles, Circles]:
    files = sorted((DATA / "picks" / picker).glob("*.box"))
    picks, truth = [], []
    for file in files:
        rows = np.loadtxt(file, ndmin=2)
        x, y = rows[:, 0] + BOX / 2, HEIGHT - 1 - (rows[:, 1] + BOX / 2)
        picks.append(Circles(np.column_stack([x, y]), RADIUS, rows[:, 4].copy()))
        particles = np.loadtxt(DATA / "particles" / f"{file.stem}.csv", delimiter=",", skiprows=1, usecols=(0, 1))
        truth.append(Circles(particles, RADIUS))
    return Circles.concatenate(picks), Circles.concatenate(truth)


@pytest.mark.parametrize(
    ("picker", "n_picks", "average_precision", "best_f1", "precision", "recall"),
    [
        ("crYOLO", 5791, 0.872, 0.887, 0.843, 0.935),
        ("topaz", 6325, 0.693, 0.769, 0.752, 0.787),
        ("deepPicker", 2663, 0.112, 0.310, 0.459, 0.234),
    ],
)
def test_figures_of_the_published_picks(picker, n_picks, average_precision, best_f1, precision, recall):
    picks, truth = picks_and_truth(picker)
    assert (len(picks), len(truth), picks.n_micrographs) == (n_picks, 5205, 8)
    found = evaluate(picks, truth, n_bootstrap=100)
    assert found.average_precision.value == pytest.approx(average_precision, abs=0.003)
    assert found.best_f1.value == pytest.approx(best_f1, abs=0.003)
    assert found.precision.value == pytest.approx(precision, abs=0.003)
    assert found.recall.value == pytest.approx(recall, abs=0.003)
    assert found.average_precision.low < average_precision < found.average_precision.high
