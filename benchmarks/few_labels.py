"""The picture of docs/picking.md: what 20 labels give. `python -m benchmarks.few_labels EMPIAR10017`.

The folder holds `micrographs/*.jpg` and `particles/*.csv`. `FilterBankPicker` learns from 20 random particles on the
first ten micrographs by name; shown are these, and what it picks, above a probability of one half, on a micrograph that
it never saw.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib
import numpy as np

import motes
from benchmarks.empiar10017 import DIAMETER, RADIUS, labels_of, read
from motes import Circles, picking
from motes.pickers import FilterBankPicker, Labelled
from motes.plotting.overlay import FALSE, FOUND, MISSED, draw_circles, found_missed_false, show_micrograph
from motes.plotting.style import RC, new_figure, place, within, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "few-labels.png"
TRAINING, SHOWN, SEED = 10, 11, 0
N, COLUMNS = 20, 4
CORNER, SIDE = 1024, 2048  # of the part of the micrograph that is shown, pixels
THUMB, GAP, PART, MARGIN, HEAD, FOOT = 0.98, 0.06, 5.1, 0.25, 0.95, 0.35  # inches


def crops(micrographs: list[motes.Micrograph], labels: Circles) -> list[np.ndarray]:
    """A square of 1.5 diameters around each label, averaged over 4 x 4 pixels."""
    half = int(0.75 * DIAMETER) // 4 * 4
    found = []
    for (x, y), m in zip(labels.centres.round().astype(int), labels.micrograph, strict=True):
        square = micrographs[m].data[y - half : y + half, x - half : x + half].astype(float)
        found.append(square.reshape(half // 2, 4, half // 2, 4).mean(axis=(1, 3)))
    return found


def draw(labels: list[np.ndarray], image: np.ndarray, kinds: dict[str, Circles], told: str) -> Figure:
    """Labels on the left, picks on the right."""
    rows = -(-len(labels) // COLUMNS)
    left = COLUMNS * THUMB + (COLUMNS - 1) * GAP
    with matplotlib.rc_context(RC):
        figure = new_figure(left + PART + 3 * MARGIN, PART + HEAD + FOOT)
        top = PART + FOOT
        for i, crop in enumerate(labels):
            row, column = divmod(i, COLUMNS)
            at = MARGIN + column * (THUMB + GAP), top - THUMB - row * (PART - THUMB) / (rows - 1)
            axes = place(figure, *at, THUMB, THUMB)
            axes.imshow(crop, "gray", **within(crop))
            axes.set(xticks=[], yticks=[])
            axes.spines[:].set_visible(False)
        axes = place(figure, left + 2 * MARGIN, FOOT, PART, PART)
        show_micrograph(axes, image, (SIDE, SIDE))
        for name, colour in (("found", FOUND), ("missed", MISSED), ("false", FALSE)):
            shifted = kinds[name]
            part = Circles(shifted.centres - CORNER, RADIUS) if len(shifted) else shifted
            draw_circles(axes, part, colour, dashed=name == "missed", crossed=name == "false")
        write(figure, MARGIN, top + 0.55, f"{N} labels ...", 13, weight="bold")
        write(figure, MARGIN, top + 0.2, "random particles on ten micrographs: all that is learned from", 9.5)
        write(figure, left + 2 * MARGIN, top + 0.55, "... and what they find", 13, weight="bold")
        write(figure, left + 2 * MARGIN, top + 0.2, "on a micrograph that was not learned from (a quarter of it)", 9.5)
        write(figure, left + 2 * MARGIN, 0.1, told, 9.5)
    return figure


def main() -> None:
    """Learn, pick, draw."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="micrographs/ and particles/ of EMPIAR-10017")
    folder = parser.parse_args().folder
    micrographs, truth = read(folder)
    labels = labels_of(truth[:TRAINING], N, SEED)
    picker = FilterBankPicker(DIAMETER)
    labelled = Labelled(micrographs[:TRAINING], labels)
    picker.fit(labelled, SEED)  # features are computed
    began = time.perf_counter()
    picker.fit(labelled, SEED)
    seconds = time.perf_counter() - began
    found = picker.predict([micrographs[SHOWN]]).circles
    score = picking.evaluate(found, truth[SHOWN], iou=0.5, n_bootstrap=0)
    at = picking.at_threshold(score.matches, 0.5, n_bootstrap=0)
    kinds = {}
    for name, circles in found_missed_false(score.matches, 0, 0.5).items():
        inside = ((circles.centres > CORNER) & (circles.centres < CORNER + SIDE)).all(axis=1)
        kinds[name] = circles[inside]
    counted = ", ".join(f"{name} {len(kinds[name])}" for name in ("found", "missed", "false"))
    print(f"fit {seconds:.2f} s, average precision {score.average_precision.value:.3f}, {counted}, {at}")
    image = np.asarray(micrographs[SHOWN].data)[CORNER : CORNER + SIDE, CORNER : CORNER + SIDE]
    told = f"Blue: {len(kinds['found'])} found. Yellow, dashed: {len(kinds['missed'])} missed. "
    told += f"Red, crossed: {len(kinds['false'])} false."
    draw(crops(micrographs, labels), image, kinds, told).savefig(PICTURE)


if __name__ == "__main__":
    main()
