"""Figures of correlation over frequency."""

from __future__ import annotations

import numpy as np
import pytest

from motes import plotting
from motes.resolution import fsc, resolution_at, soft_sphere, threshold


@pytest.fixture(scope="module")
def maps():
    signal, *noise = np.random.default_rng(0).standard_normal((3, 24, 24, 24))
    for axis in range(3):
        signal = 2 * signal + np.roll(signal, 1, axis) + np.roll(signal, -1, axis)
    return signal + 9 * noise[0], signal + 9 * noise[1]


def labels(figure):
    return [text.get_text() for text in figure.axes[0].get_legend().get_texts()]


def test_one_curve_with_those_behind_it(maps):
    curve = fsc(*maps, voxel_size=1.5, mask=soft_sphere((24, 24, 24), 8))
    figure = plotting.shell_curves({"mine": curve}, ["0.143", "half-bit"])
    axes = figure.axes[0]
    assert labels(figure) == [
        "without the mask",
        "masked",
        "masked, random phases",
        f"mine, masked and corrected: {resolution_at(curve).value:.3g} Å",
    ]
    drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
    np.testing.assert_array_equal(drawn["without the mask"], curve.unmasked[1:])
    np.testing.assert_array_equal(drawn[labels(figure)[-1]], curve.correlation[1:])
    dots = [line for line in axes.get_lines() if line.get_marker() == "o"]
    for dot, rule in zip(dots, ("0.143", "half-bit"), strict=True):
        (x,), (y,) = dot.get_data()
        assert x == pytest.approx(1 / resolution_at(curve, rule).value)
        assert y == pytest.approx(np.interp(x, curve.frequency, threshold(curve, rule)))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("spatial frequency (1/Å)", "FSC")
    assert axes.get_xlim()[1] == pytest.approx(curve.frequency[-1])


def test_several_curves_without_a_unit(maps):
    curve, same = fsc(*maps, voxel_size=None), fsc(maps[0], maps[0], voxel_size=None)
    figure = plotting.shell_curves({"one": curve, "two": same})
    assert labels(figure) == [f"one: {resolution_at(curve).value:.3g} voxels", "two: 2 voxels or better"]
    assert figure.axes[0].get_xlabel() == "spatial frequency (cycles per voxel)"


def test_refusals(maps):
    curve = fsc(*maps, voxel_size=None)
    for n in (0, 5):
        with pytest.raises(ValueError, match=f"curves: expected 1 to 4, got {n}"):
            plotting.shell_curves({str(i): curve for i in range(n)})
    with pytest.raises(ValueError, match="curves: expected all in angstrom"):
        plotting.shell_curves({"a": curve, "b": fsc(*maps, voxel_size=1.0)})
