"""Written and read, every format gives back the circles that it can hold, and says what it can not."""

from __future__ import annotations

import re
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import motes
from coordinates import HEIGHT, WIDTH, circles, path_of, write
from motes.picks import FORMATS, stem

each_format = pytest.mark.parametrize("name", FORMATS)


@each_format
@pytest.mark.parametrize("y_origin", [None, "top", "bottom"])
def test_circles_come_back(tmp_path, one, two, name, y_origin):
    picks = one if FORMATS[name].single else two
    path = path_of(tmp_path, name)
    with pytest.warns(UserWarning, match="does not hold") if not name.endswith("box") else nullcontext():
        motes.write_picks(path, picks, name, y_origin=y_origin, height=HEIGHT, width=WIDTH)
    again = motes.read_picks(path, name, y_origin=y_origin, height=HEIGHT)
    tolerance = WIDTH * 2.0**-24 if name == "cryosparc" else 0  # fractions in float32
    np.testing.assert_allclose(circles(again), circles(picks), rtol=0, atol=tolerance)
    assert [stem(each) for each in again.micrographs] == list(picks.micrographs)
    if again.score is not None:
        np.testing.assert_allclose(again.score, picks.score, rtol=2.0**-24 if name == "cryosparc" else 0)
    if again.radius is not None:
        np.testing.assert_array_equal(again.radius, picks.radius)
    assert (again.score is None) == (name == "cryoppp")
    assert (again.radius is None) == (name in ("star", "star30", "topaz", "cryosparc"))
    before = path.read_bytes()
    motes.write_picks(path, again, name, y_origin=y_origin, height=HEIGHT, width=WIDTH)
    assert path.read_bytes() == before


finite = st.floats(-1e9, 1e9)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@pytest.mark.parametrize("name", ["star", "star30", "cbox", "topaz", "cryoppp"])
@given(rows=st.lists(st.tuples(finite, finite, st.floats(-1e9, 1e9)), max_size=8))
def test_any_numbers_come_back(tmp_path, name, rows):
    x, y, score = np.array(rows).reshape(-1, 3).T
    kept = motes.Picks(
        x,
        y,
        radius=np.full(x.size, 0.1) if name == "cryoppp" else 3.0 if name == "cbox" else None,
        score=None if name == "cryoppp" else score,
        micrographs=("grid1",),
    )
    path = path_of(tmp_path, name)
    if len(kept) or FORMATS[name].single:
        motes.write_picks(path, kept, name)
        again = motes.read_picks(path, name)
        # Corners of boxes are half a size away: as many digits as that leaves.
        np.testing.assert_allclose(circles(again), circles(kept), rtol=1e-15, atol=1e-14 if name != "cbox" else 2e-7)
        if kept.score is not None and not (name.startswith("star") and np.all(kept.score == -999)):
            np.testing.assert_array_equal(again.score, kept.score)


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.single])
def test_no_picks_at_all(tmp_path, name):
    none = motes.Picks([], [], radius=[], micrographs=("grid1",))
    motes.write_picks(tmp_path / f"grid1{FORMATS[name].suffix}", none)
    assert len(motes.read_picks(tmp_path / f"grid1{FORMATS[name].suffix}")) == 0


@pytest.mark.parametrize("name", ["star", "star30", "topaz", "cryosparc"])
def test_micrographs_without_picks_are_told(tmp_path, name):
    picks = motes.Picks([5], [6], micrographs=("grid1", "grid2"), index=[1])
    with pytest.warns(UserWarning, match="1 micrograph without picks"):
        motes.write_picks(path_of(tmp_path, name), picks, name, height=HEIGHT, width=WIDTH)


def test_box_says_what_it_moves(tmp_path):
    picks = motes.Picks([10.25], [20], radius=[4.5], micrographs=("grid1",))
    with pytest.warns(UserWarning, match=r"moved by up to half a pixel\); odd .* changed by up to a pixel\)"):
        motes.write_picks(tmp_path / "grid1.box", picks)
    x, y, width, height = map(int, (tmp_path / "grid1.box").read_text().split())
    assert width % 2 == height % 2 == 0
    assert abs(x + width / 2 - 10.25) <= 0.5
    assert abs(y + height / 2 - 20) <= 0.5


@pytest.mark.parametrize("name", ["box", "cbox"])
def test_oblong_boxes_survive(tmp_path, name):
    square = motes.Picks([50, 80], [60, 90], radius=10, micrographs=("grid1",))
    path = write(tmp_path, square, name)
    text = path.read_text().replace("20.0 20.0", "20.0 32.0").replace("20\t20", "20\t32")
    path.write_text(text)
    picks = motes.read_picks(path)
    np.testing.assert_array_equal(picks.y, [66, 96])
    np.testing.assert_array_equal(picks.radius, [10, 10])
    motes.write_picks(path, picks)
    assert motes.read_picks(path) == picks


def oblong(folder: Path, name: str) -> Path:
    """Two boxes, one of them 40 x 60; in a .cbox with the picker's estimate of a width."""
    path = folder / "grid1.box"
    path.write_text("10\t20\t40\t60\t0.5\n100\t80\t20\t20\t0.75\n")
    if name == "cbox":
        picks = motes.read_picks(path)
        path = folder / "grid1.cbox"
        motes.write_picks(path, picks)
        path.write_text(path.read_text().replace("<NA> <NA> 0.5", "41.5 <NA> 0.5"))
    return path


@pytest.mark.parametrize("name", ["box", "cbox"])
def test_scaled_oblong_boxes(tmp_path, name):
    path = oblong(tmp_path, name)
    motes.write_picks(tmp_path / f"half.{name}", motes.read_picks(path).scaled(0.5))
    half = motes.read_picks(tmp_path / f"half.{name}")
    np.testing.assert_array_equal(half.box_size, [[20, 30], [10, 10]])
    np.testing.assert_array_equal([half.x, half.y], [[15, 55], [25, 45]])
    np.testing.assert_array_equal(half.radius, [10, 5])
    if name == "cbox":
        assert half.extra["EstWidth"].tolist() == ["20.75", "<NA>"]
    whole = half.scaled(2)
    np.testing.assert_array_equal(whole.box_size, motes.read_picks(path).box_size)


@pytest.mark.parametrize("name", ["box", "cbox"])
def test_another_radius_makes_oblong_boxes_square(tmp_path, name):
    path = oblong(tmp_path, name)
    motes.write_picks(path, motes.read_picks(path).with_radius(25))
    again = motes.read_picks(path)
    assert again.box_size is None
    np.testing.assert_array_equal(again.radius, [25, 25])
    np.testing.assert_array_equal([again.x, again.y], [[30, 110], [50, 90]])


def test_oblong_boxes_go_between_formats_that_hold_them(tmp_path):
    picks = motes.read_picks(oblong(tmp_path, "cbox"))
    motes.write_picks(tmp_path / "back.box", motes.Picks(picks.x, picks.y, box_size=picks.box_size))
    np.testing.assert_array_equal(motes.read_picks(tmp_path / "back.box").box_size, picks.box_size)
    with pytest.warns(UserWarning, match="boxes that are no squares"):
        motes.write_picks(tmp_path / "a.csv", picks)


def records(folder: Path) -> Path:
    """Two picks on oblong micrographs of two sizes, at (50, 75) and (40, 150)."""
    fields = [("location/micrograph_path", "S9"), ("location/micrograph_shape", "<u4", (2,))]
    fields += [("location/center_x_frac", "<f4"), ("location/center_y_frac", "<f4")]
    fields += [("location/micrograph_psize_A", "<f4")]
    rows = [(b"a.mrc", (100, 200), 0.25, 0.25, 1.5), (b"b.mrc", (300, 400), 0.1, 0.5, 1.5)]
    with (folder / "a.cs").open("wb") as file:
        np.save(file, np.array(rows, fields))
    return folder / "a.cs"


@pytest.mark.parametrize("factor", [0.5, 2, 1.7])
def test_scaled_records(tmp_path, factor):
    path = records(tmp_path)
    picks = motes.read_picks(path)
    motes.write_picks(tmp_path / "b.cs", picks.scaled(factor))
    again = motes.read_picks(tmp_path / "b.cs")
    np.testing.assert_allclose([again.x, again.y], factor * np.array([[50, 40], [75, 150]]), rtol=1e-6)
    before, after = np.load(path), np.load(tmp_path / "b.cs")
    np.testing.assert_array_equal(after["location/micrograph_shape"], before["location/micrograph_shape"] * factor)
    np.testing.assert_allclose(after["location/center_x_frac"], before["location/center_x_frac"], rtol=1e-6)
    np.testing.assert_allclose(after["location/center_y_frac"], before["location/center_y_frac"], rtol=1e-6)
    np.testing.assert_allclose(after["location/micrograph_psize_A"], 1.5 / factor, rtol=1e-6)


def test_scaled_micrographs_that_come_out_fractional(tmp_path):
    picks = motes.read_picks(records(tmp_path)).scaled(0.333)
    motes.write_picks(tmp_path / "b.cs", picks)
    again = motes.read_picks(tmp_path / "b.cs")
    np.testing.assert_array_equal(again.image_shape, [[33, 67], [100, 133]])
    np.testing.assert_allclose([again.x, again.y], [picks.x, picks.y], rtol=1e-6)


def test_a_size_that_is_given_wins_over_that_of_the_file(tmp_path):
    picks = motes.read_picks(records(tmp_path))
    motes.write_picks(tmp_path / "b.cs", picks, height=1000)
    again = motes.read_picks(tmp_path / "b.cs")
    np.testing.assert_array_equal(again.image_shape, [[1000, 200], [1000, 400]])
    np.testing.assert_allclose([again.x, again.y], [picks.x, picks.y], rtol=1e-4)
    with pytest.warns(UserWarning, match="the shapes of the micrographs"):
        motes.write_picks(tmp_path / "a.star", picks)


RELION_31 = """
# version 30001

data_optics

loop_
_rlnOpticsGroupName #1
_rlnOpticsGroup #2
_rlnVoltage #3
opticsGroup1            1   300.000000


# version 30001

data_particles

loop_
_rlnCoordinateX #1
_rlnCoordinateY #2
_rlnClassNumber #3
_myOwnColumn #4
_rlnMicrographName #5
_rlnOpticsGroup #6
  1.500000  2.250000  007  "two words"  'my grid/a.mrc'  1
 10.000000 20.000000  008  x#y          b.mrc            1

"""


def test_what_motes_does_not_know_survives_in_star(tmp_path):
    (tmp_path / "a.star").write_text(RELION_31)
    picks = motes.read_picks(tmp_path / "a.star")
    assert picks.micrographs == ("my grid/a.mrc", "b.mrc")
    motes.write_picks(tmp_path / "b.star", picks)
    again = motes.read_picks(tmp_path / "b.star")
    assert again == picks
    assert again.extra["rlnClassNumber"].tolist() == ["007", "008"]
    assert again.extra["myOwnColumn"].tolist() == ['"two words"', "x#y"]
    assert dict(again.blocks[0].columns) == dict(picks.blocks[0].columns)
    assert "300.000000" in (tmp_path / "b.star").read_text()
    part = picks[picks.x > 5]
    motes.write_picks(
        tmp_path / "b.star", motes.Picks.concatenate([next(p for _, p in part.by_micrograph() if len(p))])
    )
    assert motes.read_picks(tmp_path / "b.star").extra["rlnClassNumber"].tolist() == ["008"]


def test_version_30_stays_30_unless_told(tmp_path):
    (tmp_path / "a.star").write_text(
        "data_\n\nloop_\n_rlnCoordinateX #1\n_rlnCoordinateY #2\n_rlnAnglePsi #3\n1 2 90\n"
    )
    picks = motes.read_picks(tmp_path / "a.star")
    assert picks.micrographs == ("a",)
    assert picks.score is None
    motes.write_picks(tmp_path / "b.star", picks)
    assert "optics" not in (tmp_path / "b.star").read_text()
    motes.write_picks(tmp_path / "c.star", picks, "star")
    upgraded = motes.read_picks(tmp_path / "c.star")
    assert upgraded.extra["rlnAnglePsi"].tolist() == ["90"]
    assert [block.name for block in upgraded.blocks] == ["optics"]
    with pytest.warns(UserWarning, match="optics groups"):
        motes.write_picks(tmp_path / "d.star", upgraded, "star30")


@pytest.mark.parametrize("name", ["star", "star30", "cbox"])
def test_starfile_reads_what_we_write(tmp_path, one, name):
    starfile = pytest.importorskip("starfile")
    path = write(tmp_path, one, name)
    tables = starfile.read(path, always_dict=True)
    if name == "cbox":
        table = tables["cryolo"]
        np.testing.assert_array_equal(table["CoordinateX"] + table["Width"] / 2, one.x)
        np.testing.assert_array_equal(table["Confidence"], one.score)
        assert tables["global"]["cbox_format_version"] == 1.0
        return
    table = tables["particles" if name == "star" else ""]
    np.testing.assert_array_equal(table["rlnCoordinateX"], one.x)
    np.testing.assert_array_equal(table["rlnCoordinateY"], one.y)
    np.testing.assert_array_equal(table["rlnAutopickFigureOfMerit"], one.score)


def test_we_read_what_starfile_writes(tmp_path):
    starfile = pytest.importorskip("starfile")
    import pandas

    table = pandas.DataFrame(
        {
            "rlnMicrographName": ["a b.mrc", "c.mrc"],
            "rlnCoordinateX": [1.5, 2.0],
            "rlnCoordinateY": [3.0, 4.25],
            "rlnAnglePsi": [0.5, -999.0],
        }
    )
    optics = pandas.DataFrame({"rlnOpticsGroup": [1], "rlnVoltage": [300.0]})
    starfile.write({"optics": optics, "particles": table}, tmp_path / "a.star")
    picks = motes.read_picks(tmp_path / "a.star")
    assert picks.micrographs == ("a b.mrc", "c.mrc")
    np.testing.assert_array_equal(picks.x, table["rlnCoordinateX"])
    np.testing.assert_array_equal(picks.y, table["rlnCoordinateY"])


def test_other_columns_survive_in_tables_and_records(tmp_path):
    (tmp_path / "a.csv").write_text('X-Coordinate,Y-Coordinate,Diameter,Note\n1,2,10,"a,b"\n3,4,10,\n')
    (tmp_path / "a.txt").write_text("image_name\tx_coord\ty_coord\tscore\tgroup\na\t1\t2\t0.5\tk\n")
    fields = [("uid", "<u8"), ("location/micrograph_path", "S9"), ("location/micrograph_shape", "<u4", (2,))]
    fields += [("location/center_x_frac", "<f4"), ("location/center_y_frac", "<f4"), ("pick/pose", "<f4", (3,))]
    records = np.zeros(2, fields)
    records["uid"] = [2**63 + 1, 5]
    records["location/micrograph_path"] = [b"a.mrc", b"b.mrc"]
    records["location/micrograph_shape"] = [[100, 200], [300, 400]]
    records["location/center_x_frac"] = [0.25, 0.1]
    records["location/center_y_frac"] = [0.25, 1]
    records["pick/pose"] = 0.5
    with (tmp_path / "a.cs").open("wb") as file:
        np.save(file, records)
    picks = motes.read_picks(tmp_path / "a.cs")
    np.testing.assert_allclose(picks.x, [50, 40], atol=1e-5)
    np.testing.assert_allclose(picks.y, [75, 0])
    for name in ("a.csv", "a.txt", "a.cs"):
        picks = motes.read_picks(tmp_path / name)
        motes.write_picks(tmp_path / f"again{Path(name).suffix}", picks)
        again = motes.read_picks(tmp_path / f"again{Path(name).suffix}")
        assert again.extra.keys() == picks.extra.keys() != set()
        for key, values in picks.extra.items():
            np.testing.assert_array_equal(again.extra[key], values)
    np.testing.assert_array_equal(
        np.load(tmp_path / "again.cs")[records.dtype.names[3]], records["location/center_x_frac"]
    )


def test_columns_of_another_format_are_told(tmp_path):
    (tmp_path / "a.star").write_text(RELION_31)
    picks = motes.read_picks(tmp_path / "a.star")
    columns = "columns rlnClassNumber, myOwnColumn, rlnOpticsGroup; blocks data_optics"
    with pytest.warns(UserWarning, match=re.escape(columns)):
        motes.write_picks(tmp_path / "a.txt", picks)


def test_folder_of_one_file_a_micrograph(tmp_path, two):
    (tmp_path / "boxes").mkdir()
    motes.write_picks(tmp_path / "boxes", two, "cbox")
    assert sorted(path.name for path in (tmp_path / "boxes").iterdir()) == ["grid1.cbox", "grid2.cbox"]
    again = motes.read_picks(tmp_path / "boxes")
    np.testing.assert_array_equal(circles(again), circles(two))
    with pytest.raises(ValueError, match=r"picks of 2 micrographs, but a \.cbox file is of one"):
        motes.write_picks(tmp_path / "grid.cbox", two)
    (tmp_path / "boxes" / "grid1.box").write_text("1 2 4 4\n")
    with pytest.raises(motes.FormatError, match=r"grid1\.box and grid1\.cbox are of one micrograph"):
        motes.read_picks(tmp_path / "boxes")


def test_no_name_of_a_micrograph_leaves_the_folder(tmp_path):
    (tmp_path / "boxes").mkdir()
    picks = motes.Picks([5, 6], [5, 6], radius=2, micrographs=("../../grid1.mrc", ".."), index=[0, 1])
    with pytest.raises(ValueError, match=r"'\.\.' can not name a file"):
        motes.write_picks(tmp_path / "boxes", picks, "box")
    motes.write_picks(tmp_path / "boxes", next(part for _, part in picks.by_micrograph()), "box")
    assert [path.name for path in (tmp_path / "boxes").iterdir()] == ["grid1.box"]
