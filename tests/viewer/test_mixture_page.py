"""The page of a mixture: what is in it, and that it is written from the command line."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from motes import Patterns, Rotations, plotting, reconstruct, simulate
from motes.cli import app
from motes.viewer import mixture_page


@pytest.fixture(scope="module")
def result():
    turns = Rotations.in_plane(8)
    master = np.where(turns.support((9, 9)), simulate.creature(9, seed=1) + 0.1, 0.0)
    stack = turns.expand(simulate.scaled(master, 60.0))
    drawn = simulate.mixture([stack, np.full((1, 9, 9), 0.3)], 300, fluence_spread=0.3, seed=2)
    patterns = Patterns.from_coo(drawn.rows, drawn.cols, counts=drawn.counts, shape=(9, 9), n_patterns=300)
    return reconstruct(patterns, turns, "poisson", still_classes=1, fluence="estimate", max_iterations=3)


def test_the_page_holds_everything_and_asks_for_nothing(result):
    html = mixture_page(result, name="a <b> & c", command="motes reconstruct 'x'")
    assert html.startswith("<!doctype html>")
    assert "<h1>a &lt;b&gt; &amp; c</h1>" in html
    assert len(re.findall(r'<img class="plot" alt="[^"]+" src="data:image/png;base64,', html)) == 3
    assert not re.search(r'(src|href)="(?!data:)', html)
    assert "<script" not in html
    assert f"{result.n_patterns:,}" in html
    assert f"{result.error_bound:.4g}" in html
    assert all(note.split(":")[0] in html for note in result.notes)


def test_patterns_are_drawn_by_class_angle_and_fluence(result):
    figure = plotting.occupancy(result)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == ["Patterns of each class", "By angle", "By fluence"]
    heights = [bar.get_height() for bar in figure.axes[0].patches]
    assert heights == np.bincount(result.labels[:, 0], minlength=2).tolist()
    stairs = figure.axes[1].patches[0].get_data()
    assert stairs.values.sum() == (result.labels[:, 0] == 0).sum()
    np.testing.assert_array_equal(stairs.values, result.counts[0])


def test_mirror_images_are_counted_at_the_angle_that_they_share(result):
    turns = Rotations.in_plane(8, mirrored=True)
    labels = np.stack([np.zeros(160, int), np.arange(160) % 16], axis=1)
    weights = np.full((1, 16), 1 / 16)
    mirrored = replace(
        result, maps=(turns,), labels=labels, weights=weights, class_weights=np.ones(1), masters=result.masters[:1],
        std_error=result.std_error[:1], fluence=None,
    )  # fmt: skip
    steps = plotting.occupancy(mirrored).axes[1].patches[0].get_data()
    assert steps.values.tolist() == [20] * 8


def test_names_of_classes_stand_above_the_steps(result):
    turns = Rotations.in_plane(8)
    two = replace(
        result, maps=(turns, turns), labels=np.stack([np.arange(160) % 2, np.arange(160) % 8], axis=1),
        weights=np.full((2, 8), 1 / 8), class_weights=np.full(2, 0.5), fluence=None,
    )  # fmt: skip
    figure = plotting.occupancy(two)
    axes = figure.axes[1]
    figure.draw_without_rendering()
    lowest = axes.get_legend().get_window_extent().y0
    highest = axes.transData.transform([0, max(patch.get_data().values.max() for patch in axes.patches)])[1]
    assert highest < lowest


def test_it_is_written_from_the_command_line(result, tmp_path):
    result.save(tmp_path / "reconstruction.npz")
    (tmp_path / "report.json").write_text(json.dumps({"command": "motes reconstruct photons.npz"}))
    found = CliRunner().invoke(app, ["view", str(tmp_path), "--no-open"])
    assert found.exit_code == 0, found.output
    html = (tmp_path / "view.html").read_text(encoding="utf-8")
    assert "motes reconstruct photons.npz" in html
    assert html.count("data:image/png") == 3
