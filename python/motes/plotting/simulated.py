"""Simulated micrographs: as they are, and filtered with their truth on them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from motes.circles import Circles
from motes.plotting.overlay import draw_circles, show_micrograph
from motes.plotting.style import MUTED, RC, new_figure, place, write

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from motes.simulate import Particles, SimulatedMicrograph

SIDE, GAP, MARGIN, HEAD, FOOT = 3.6, 0.12, 0.25, 0.62, 0.42  # inches
KINDS = {
    "particles": "#56B4E9",
    "decoys": "#E69F00",
    "aggregates": "#F0E442",
}  # as in `overlay`: they stand out on grey
BAND = (0.06, 1.0)  # diameters: what is finer is noise, what is coarser ice


def simulated(micrographs: Sequence[SimulatedMicrograph], *, title: str = "") -> Figure:
    """Draw some simulated micrographs: above as they are, below filtered, with circles around what is on them.

    Parameters
    ----------
    micrographs : sequence of SimulatedMicrograph
        At least one; all of one ratio of width to height.
    title : str
        In words.

    Returns
    -------
    matplotlib.figure.Figure
        Not shown, not saved.
    """
    import matplotlib
    import scipy.ndimage

    n = len(micrographs)
    height, width = micrographs[0].data.shape
    across, up = SIDE * min(1.0, width / height), SIDE * min(1.0, height / width)
    total = max(n * across + (n - 1) * GAP, 5.0)
    with matplotlib.rc_context(RC):
        figure = new_figure(total + 2 * MARGIN, 2 * up + GAP + HEAD + FOOT)
        top = 2 * up + GAP + FOOT
        write(figure, MARGIN, top + 0.3, title, 11, weight="bold")
        present = [kind for kind in KINDS if any(len(getattr(one, kind)) for one in micrographs)]
        for i, one in enumerate(micrographs):
            left = MARGIN + i * (across + GAP)
            blur, local = (scipy.ndimage.gaussian_filter(one.data, sigma * one.diameter) for sigma in BAND)
            smooth = blur - local
            for bottom, image in ((FOOT + up + GAP, one.data), (FOOT, smooth)):
                axes = place(figure, left, bottom, across, up)
                show_micrograph(axes, image, (float(one.data.shape[1]), float(one.data.shape[0])))
                if image is smooth:
                    for kind in present:
                        circles = _circles(getattr(one, kind), one.diameter)
                        draw_circles(axes, circles, KINDS[kind], dashed=kind != "particles")
            write(figure, left, top + 0.06, one.name, 8.5, color=MUTED)
        if present:
            _legend(figure, present)
    return figure


def _circles(particles: Particles, diameter: float) -> Circles:
    return Circles(np.array(particles.centres), diameter / 2)


def _legend(figure: Figure, kinds: Sequence[str]) -> None:
    """Say what the circles are; dashes tell it without colour."""
    from matplotlib.lines import Line2D

    words = {"particles": "particles", "decoys": "decoys", "aggregates": "in aggregates"}
    handles = [
        Line2D([], [], color=KINDS[kind], linewidth=2, linestyle="-" if kind == "particles" else "--") for kind in kinds
    ]
    figure.legend(
        handles, [words[kind] for kind in kinds], loc="lower left", ncols=3, fontsize=9,
        bbox_to_anchor=(MARGIN / figure.get_size_inches()[0], 0.05 / figure.get_size_inches()[1]),
        bbox_transform=figure.transFigure, facecolor="#3A3A3A", labelcolor="white", frameon=True, framealpha=1,
        edgecolor="none", borderaxespad=0.0,
    )  # fmt: skip
