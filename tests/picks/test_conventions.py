"""What a coordinate means in each format, from numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

import motes

CBOX_END = "data_cryolo_include\n\nloop_\n_slice_index #1\n"
CBOX = "data_cryolo\n\nloop_\n_CoordinateX #1\n_CoordinateY #2\n_Width #3\n_Height #4\n_Confidence #5\n{}\n" + CBOX_END
FILES = {  # text, and the centre that it means counted from the top, and from the bottom of 100 rows
    "a.star": ("data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n10 20\n", (10, 20), (10, 79)),
    "a.box": ("10\t20\t8\t8\t0.5\n", (14, 24), (14, 76)),
    "a.cbox": (CBOX.format("10 20 9 9 0.5"), (14.5, 24.5), (14.5, 75.5)),
    "a.txt": ("image_name\tx_coord\ty_coord\na\t10\t20\n", (10, 20), (10, 79)),
    "a.csv": ("X-Coordinate,Y-Coordinate,Diameter\n10,20,8\n", (10, 20), (10, 79)),
}


@pytest.mark.parametrize("name", FILES)
def test_centres(tmp_path, name):
    text, top, bottom = FILES[name]
    (tmp_path / name).write_text(text)
    for origin, expected in ((None, top), ("top", top), ("bottom", bottom)):
        picks = motes.read_picks(tmp_path / name, y_origin=origin, height=100)
        assert (picks.x[0], picks.y[0]) == expected
        assert f"y from the {'last' if origin == 'bottom' else 'first'} stored row" in picks.convention
    with pytest.raises(ValueError, match="height: needed"):
        motes.read_picks(tmp_path / name, y_origin="bottom")


def test_flipped_box_covers_the_same_pixels(tmp_path):
    (tmp_path / "a.box").write_text("10\t20\t8\t8\n")
    image = np.zeros((100, 50))
    image[20:28, 10:18] = 1
    flipped = motes.read_picks(tmp_path / "a.box", y_origin="bottom", height=100)
    motes.write_picks(tmp_path / "b.box", flipped)
    x, y, width, height = map(int, (tmp_path / "b.box").read_text().split())
    assert image[::-1][y : y + height, x : x + width].sum() == image.sum()


@pytest.mark.parametrize(("origin", "expected"), [(None, 75), ("bottom", 75), ("top", 25)])
def test_cryosparc_counts_against_relion(tmp_path, origin, expected):
    fields = [("location/micrograph_path", "S5"), ("location/micrograph_shape", "<u4", (2,))]
    fields += [("location/center_x_frac", "<f4"), ("location/center_y_frac", "<f4")]
    with (tmp_path / "a.cs").open("wb") as file:
        np.save(file, np.array([(b"a.mrc", (100, 400), 0.5, 0.25)], fields))
    picks = motes.read_picks(tmp_path / "a.cs", y_origin=origin)
    assert (picks.x[0], picks.y[0], picks.score) == (200, expected, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.box", "10 20 8 8 -3\n11 21 8 8 -3\n"),
        ("a.cbox", CBOX.format("10 20 8 8 <NA>")),
        ("a.star", "data_\nloop_\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnAutopickFigureOfMerit\n1 2 -999\n"),
    ],
)
def test_marks_of_no_score(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert motes.read_picks(tmp_path / name).score is None


def test_windows_line_ends_and_blank_lines(tmp_path):
    (tmp_path / "a.box").write_bytes(b"10\t20\t8\t8\r\n\r\n11\t21\t8\t8\r\n")
    assert motes.read_picks(tmp_path / "a.box").x.tolist() == [14, 15]


def test_a_name_may_look_like_a_block(tmp_path):
    text = "data_\n\nloop_\n_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\ndata_1.mrc 1 2\n"
    (tmp_path / "a.star").write_text(text)
    picks = motes.read_picks(tmp_path / "a.star")
    assert picks.micrographs == ("data_1.mrc",)
    motes.write_picks(tmp_path / "b.star", picks)
    assert motes.read_picks(tmp_path / "b.star") == picks
