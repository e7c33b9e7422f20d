"""What hypothesis draws: circles of every awkward kind."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

KINDS = ("scattered", "grid", "duplicates", "concentric", "scales", "far")


def layout(kind: str, rng: np.random.Generator, n: int) -> np.ndarray:
    """(n, 3): x, y, r."""
    centres = rng.uniform(0, 40, (n, 2))
    radii = rng.uniform(2, 8, n)
    if kind == "grid":  # integers, many ties
        centres, radii = rng.integers(0, 8, (n, 2)).astype(float), np.full(n, 2.0)
    elif kind == "duplicates" and n:
        centres, radii = centres[rng.integers(0, max(n // 3, 1), n)], np.full(n, 5.0)
    elif kind == "concentric":
        centres = np.full((n, 2), 7.0)
    elif kind == "scales":
        radii = 10.0 ** rng.uniform(-5, 5, n)
        centres *= 10.0 ** rng.uniform(-5, 3)
    elif kind == "far":
        centres, radii = centres + 1e9, np.full(n, 5.0)
    return np.column_stack([centres, radii])


@st.composite
def circle_layouts(draw, max_size: int = 14, kinds=KINDS) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) circles, and (n,) scores with ties; n may be 0."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n = draw(st.integers(0, max_size))
    circles = layout(draw(st.sampled_from(kinds)), rng, n)
    return circles, rng.integers(-3, 6, n) / draw(st.sampled_from([1.0, 3.0]))


@st.composite
def measures(draw) -> tuple[str, float]:
    """A measure and a threshold at which no draw of `layout` sits exactly, but for the ends of the range."""
    measure = draw(st.sampled_from(["iou", "box_iou", "distance"]))
    if measure == "distance":
        return measure, draw(st.sampled_from([0.0, 1.0, 2.0, 5.5, 1000.0]))
    return measure, draw(st.sampled_from([0.0, 0.05, 0.31, 0.517, 0.9, 1.0]))
