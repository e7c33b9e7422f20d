"""The picture of a study: verdicts by colour and mark, names that do not lie on each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_hex

from motes import plotting
from motes.plotting.study import GREY, Curves, apart, colour_of
from motes.plotting.style import BLUE, INK, ORANGE

LABELS = np.array([5.0, 15, 25])
FOUND = {"good": (0.02, 0.01, 0.03), "bad": (-0.02, -0.03, -0.01), "same": (0.0, -0.01, 0.01), "unknown": (np.nan,) * 3}


@pytest.fixture
def setting():
    """A setting with one strategy of each verdict."""
    names = ("random", *FOUND)
    reached = {name: 0.5 + 0.1 * np.arange(3) + 0.01 * k for k, name in enumerate(names)}
    return Curves("hard", dict.fromkeys(names, LABELS), reached, "random", FOUND)


def test_colours_and_marks_say_the_verdict(setting):
    curves, differences = plotting.study([setting], metric="average precision", title="A study").axes
    colours = [to_hex(line.get_color()).upper() for line in curves.lines]
    assert colours == [BLUE.upper(), ORANGE.upper(), GREY, GREY, INK.upper()]
    assert [line.get_linestyle() for line in curves.lines][1] == "--"
    names = [label.get_text() for label in differences.get_yticklabels()]
    assert names == ["unknown", "bad", "same", "good"]  # the best at the top
    marks = {line.get_marker(): line.get_xdata()[0] for line in differences.lines if line.get_marker() != "None"}
    assert marks == {"o": 0.0, "v": -0.02, "^": 0.02}


def test_a_row_for_each_setting(setting):
    assert len(plotting.study([setting, setting], metric="f1", title="Two").axes) == 4
    with pytest.raises(ValueError, match="expected at least one"):
        plotting.study([], metric="f1", title="None")


def test_colours_by_hand():
    assert [colour_of(*ends) for ends in ((0.1, 0.2), (-0.2, -0.1), (-0.1, 0.1), (np.nan, np.nan))] == [
        BLUE, ORANGE, GREY, GREY,
    ]  # fmt: skip


@given(st.lists(st.floats(0, 10), min_size=1, max_size=12), st.floats(0.1, 0.8))
def test_names_keep_their_order_and_their_distance(places, gap):
    moved = apart(places, gap, 0, 10)
    order = np.argsort(places, kind="stable")
    steps = np.diff(np.array(moved)[order])
    assert (steps >= gap - 1e-9).all()
    assert min(moved) >= -1e-9
    assert max(moved) <= 10 + 1e-9
    if (np.diff(np.sort(places)) >= gap + 1e-9).all():
        np.testing.assert_allclose(moved, places, atol=1e-9)
