"""The overview of simulated micrographs."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection

from motes import simulate
from motes.plotting import simulated


def rings(axes):
    return [len(each.get_offsets()) for each in axes.collections if isinstance(each, EllipseCollection)]


@pytest.mark.parametrize("shape", [(300, 300), (200, 400), (400, 200)])
def test_the_truth_is_drawn_on_the_filtered_image(shape, tmp_path):
    drawn = simulate.micrographs(
        "crowded", 2, seed=1, shape=shape, diameter=30, particles=5, n_decoys=3, aggregates=1, min_distance=0.5
    )
    figure = simulated(list(drawn), title="two")
    above, below = figure.axes[0], figure.axes[1]
    assert rings(above) == []
    clumped = len(drawn[0].aggregates)
    assert rings(below) == [5, 3, clumped]
    assert above.get_xlim() == (-0.5, shape[1] - 0.5)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["particles", "decoys", "in aggregates"]
    assert {"two", "crowded_001", "crowded_002"} <= {text.get_text() for text in figure.texts}
    figure.savefig(tmp_path / "a.png")


def test_without_particles_there_is_no_legend():
    drawn = simulate.micrographs("seed", 1, shape=(100, 100), diameter=20, particles=0)
    figure = simulated(list(drawn))
    assert not figure.legends
    assert np.isfinite(figure.axes[1].images[0].get_array()).all()
