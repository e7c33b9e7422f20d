"""Advice that is followed to the letter gives the right patterns."""

from __future__ import annotations

import re

import numpy as np
import pytest

import motes

FRAME, ROW, COL = np.array([0, 0, 2, 1]), np.array([3, 0, 1, 3]), np.array([4, 0, 2, 4])
HEIGHT, WIDTH = 4, 5
PIXEL = ROW * WIDTH + COL


@pytest.mark.parametrize(
    "columns",
    [
        {"frame": FRAME, "row": ROW, "col": COL},
        {"Frames": FRAME, "y": ROW, "x": COL},
        {"event": FRAME, "pix": PIXEL},
        {"row": FRAME, "col": PIXEL},
        {"patterns": FRAME, "pixels": PIXEL, "counts": np.ones(4, int)},
    ],
    ids=lambda columns: ",".join(columns),
)
def test_a_list_of_photons(tmp_path, columns):
    np.savez(tmp_path / "photons.npz", **columns)
    with pytest.raises(motes.FormatError, match="a list of photons") as caught:
        motes.read_patterns(tmp_path / "photons.npz")
    (call,) = re.findall(r"motes\.Patterns\.from_coo\(.*\)(?= and)", str(caught.value))
    known = {"motes": motes, "height": HEIGHT, "width": WIDTH}
    found = eval(call.replace("...", "(height, width)"), known, columns)
    assert found == motes.Patterns.from_coo(FRAME, PIXEL, shape=(HEIGHT, WIDTH))


@pytest.mark.parametrize("names", ["x y", "a b", "frame row", "frame x", "row y"])
def test_names_that_tell_too_little(tmp_path, names):
    np.savez(tmp_path / "photons.npz", **dict.fromkeys(names.split(), FRAME))
    with pytest.raises(motes.FormatError, match=r"for a list of photons see .*from_coo in docs/formats\.md"):
        motes.read_patterns(tmp_path / "photons.npz")
