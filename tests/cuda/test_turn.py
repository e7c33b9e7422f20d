"""A master as its templates, and planes turned home, on a GPU: run on the host, with the bits of their definitions."""

from __future__ import annotations

import numpy as np
import pytest

import phases
from motes import C4, D4


def run(name: str, values: np.ndarray, index: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    def compute(order: int) -> np.ndarray:
        out = np.full(shape, np.nan)
        phases.run("turn", name, np.ascontiguousarray(values), index, *index.shape, out, order=order)
        return out

    return phases.in_every_order(compute)


def any_index(n_templates: int, n_pixels: int) -> np.ndarray:
    """Of templates that show some pixels of the master twice, and others never."""
    return np.random.default_rng(0).integers(0, n_pixels, (n_templates, n_pixels)).astype(np.int32)


@pytest.mark.parametrize(
    "index", [C4.index((5, 5)), D4.index((1, 1)), any_index(7, 300)], ids=["C4", "one pixel", "any"]
)
def test_there_and_back(index):
    rng = np.random.default_rng(1)
    n_templates, n_pixels = index.shape
    master = rng.normal(size=n_pixels)
    np.testing.assert_array_equal(run("expand", master, index, (n_pixels, n_templates)), master[index.T])
    planes = rng.normal(size=(n_pixels, n_templates))
    expected = np.zeros(n_pixels)
    np.add.at(expected, index, planes.T)  # template after template, as the CPU does
    np.testing.assert_array_equal(run("rotate_home", planes, index, (n_pixels,)), expected)
