"""Figures of picks: what is drawn where, in colours that everybody tells apart."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.collections import EllipseCollection
from matplotlib.colors import to_hex, to_rgb

import motes
from motes import Circles, picking, plotting
from motes.plotting.overlay import FALSE, FOUND, MISSED

TRUTH = Circles(np.array([[20.0, 20], [60, 20], [20, 20], [80, 30]]), 8.0, indptr=[0, 2, 4])
PICKS = Circles(
    np.array([[21.0, 20], [22, 20], [90, 40], [60, 21], [80, 31]]), 8.0, np.array([0.9, 0.8, 0.7, 0.2, 0.6]),
    indptr=[0, 4, 5],
)  # fmt: skip


def rings(figure):
    """Centres of the circles of the first axes, by their colour."""
    found = [each for each in figure.axes[0].collections if isinstance(each, EllipseCollection)]
    return {to_hex(each.get_edgecolor()[0]).upper(): each.get_offsets().tolist() for each in found}


@pytest.mark.parametrize("image", [None, np.arange(50 * 100, dtype=np.uint8).reshape(50, 100)])
def test_found_missed_and_false_by_hand(image):
    matches = picking.match(PICKS, TRUTH)
    assert rings(plotting.overlay(matches, 0, image, threshold=0.5)) == {
        FOUND: [[21, 20]],
        MISSED: [[60, 20]],
        FALSE: [[22, 20], [90, 40]],
    }
    assert rings(plotting.overlay(matches, 0, image)) == {FOUND: [[21, 20], [60, 21]], FALSE: [[22, 20], [90, 40]]}
    second = plotting.overlay(matches, 1, image, title="grid2")
    assert rings(second) == {FOUND: [[80, 31]], MISSED: [[20, 20]]}
    legend = [text.get_text() for text in second.axes[0].get_legend().get_texts()]
    assert legend == ["found 1", "missed 1", "false 0"]
    with pytest.raises(IndexError, match="micrograph 2 of 2"):
        plotting.overlay(matches, 2, image)


def test_circles_lie_on_their_pixels():
    image = np.zeros((3000, 2000), np.uint16)
    axes = plotting.overlay(picking.match(PICKS, TRUTH), 0, image).axes[0]
    assert (axes.get_xlim(), axes.get_ylim()) == ((-0.5, 1999.5), (2999.5, -0.5))
    (drawn,) = axes.images
    assert drawn.get_extent() == [-0.5, 1999.5, 2999.5, -0.5]
    assert max(drawn.get_array().shape) <= 1500


def test_a_micrograph_without_anything():
    nothing = Circles(np.zeros((0, 2)), 1.0, np.zeros(0))
    assert rings(plotting.overlay(picking.match(nothing, nothing))) == {}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


# Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), severity 1.
VISION = {
    "full": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def lab(rgb):
    """CIE L*a*b* (D65) of linear RGB."""
    x, y, z = np.cbrt(XYZ @ rgb.clip(0, 1) / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("vision", VISION)
def test_colours_are_told_apart_with_every_vision(vision):
    for one, other in combinations((FOUND, MISSED, FALSE), 2):
        seen = [lab(np.array(VISION[vision]) @ linear(colour)) for colour in (one, other)]
        assert np.linalg.norm(seen[0] - seen[1]) > 20  # 2.3 is a just noticeable difference


def test_curves():
    evaluation = picking.evaluate(PICKS, TRUTH)
    (axes,) = plotting.precision_recall({"mine": evaluation, "again": evaluation}).axes
    curves = [line for line in axes.lines if len(line.get_xdata()) == evaluation.curve.recall.size]
    assert len(curves) == 2
    np.testing.assert_array_equal(curves[0].get_xdata(), evaluation.curve.recall)
    np.testing.assert_array_equal(curves[0].get_ydata(), evaluation.curve.precision)
    assert axes.get_legend().get_texts()[0].get_text() == (
        f"mine: average precision {evaluation.average_precision.value:.3f}"
    )
    with pytest.raises(ValueError, match="evaluations: expected up to 4, got 5"):
        plotting.precision_recall({str(i): evaluation for i in range(5)})


def test_without_ranks_there_is_a_dot_and_no_area():
    alike = Circles(PICKS.centres, PICKS.radii, np.zeros(len(PICKS)), indptr=PICKS.indptr)
    evaluation = picking.evaluate(alike, TRUTH)
    (axes,) = plotting.precision_recall({"mine": evaluation}).axes
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["mine: no scores to rank by"]
    (dot,) = (line for line in axes.lines if line.get_zorder() > 1)
    assert (dot.get_linestyle(), dot.get_clip_on()) == ("None", False)
    np.testing.assert_array_equal(dot.get_xydata(), [[3 / 4, 3 / 5]])


def test_labels_of_equal_f1_are_beside_the_axes():
    (axes,) = plotting.precision_recall({"mine": picking.evaluate(PICKS, TRUTH)}).axes
    axes.figure.draw_without_rendering()
    assert [text.get_text() for text in axes.texts] == ["F1 0.2", "F1 0.4", "F1 0.6", "F1 0.8"]
    for text in axes.texts:
        box = text.get_window_extent()
        assert axes.get_window_extent().x1 < box.x0 < box.x1 < axes.figure.bbox.x1


def test_demo_picks():
    sample = motes.sample.load()
    circles = picking.align({"picks": sample.picks["crYOLO"], "truth": sample.particles}, radius=13.5).circles
    before = picking.evaluate(**circles)
    after = picking.evaluate(circles["picks"][:300], circles["truth"])
    figure = plotting.demo_picks(sample.micrograph.data, before, after, {"third": after})
    titles = [axes.get_title("left") for axes in figure.axes]
    assert titles == [
        "Before suppression: 719 picks",
        "After: 300 picks",
        "Precision over recall; a dot where F1 is best",
    ]
    assert sum(map(len, rings(figure).values())) == 719 + int(len(circles["truth"]) - before.matches.n_found)
