"""Every kind of bad file for every reader: one line that names the file, the place and what was expected."""

from __future__ import annotations

import errno
import os
import re
import tracemalloc
import warnings

import numpy as np
import pytest

import motes
from coordinates import HEIGHT, WIDTH, write
from motes.picks import FORMATS

STAR = "data_\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n_rlnAutopickFigureOfMerit #4\n{}"
CBOX = "data_cryolo\n\nloop_\n_CoordinateX #1\n_CoordinateY #2\n_Width #3\n_Height #4\n_Confidence #5\n{}"
TOPAZ = "image_name\tx_coord\ty_coord\tscore\n{}"
CSV = "X-Coordinate,Y-Coordinate,Diameter\n{}"

# name of a text format: a sound file, and the same with the value of a coordinate, a size and a score left open
SOUND = {
    "a.star": STAR.format("a.mrc 10 20 0.5\n"),
    "a.box": "10\t20\t8\t8\t0.5\n",
    "a.cbox": CBOX.format("10 20 8 8 0.5\n"),
    "a.txt": TOPAZ.format("a\t10\t20\t0.5\n"),
    "a.csv": CSV.format("10,20,8\n"),
}
END = {"a.cbox": "data_cryolo_include\n\nloop_\n_slice_index #1\n"}  # of a whole file
LAST = {name: len(text.splitlines()) for name, text in SOUND.items()}
BAD_NUMBERS = ["nan", "inf", "-inf", "1e400", "x", "1_0", "0x10", "\u0661", "1e16", "--1"]
PARTS = {  # which tokens of the last line are a coordinate, a score, a size
    "a.star": {"coordinate": "20", "score": "0.5"},
    "a.box": {"coordinate": "20", "score": "0.5", "size": "8"},
    "a.cbox": {"coordinate": "20", "score": "0.5", "size": "8"},
    "a.txt": {"coordinate": "20", "score": "0.5"},
    "a.csv": {"coordinate": "20", "size": "8"},
}


def refused(path, content, message, **options):
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(motes.FormatError) as caught:
        motes.read_picks(path, **options)
    text = str(caught.value)
    assert text.startswith(str(path)), text
    assert re.search(message, text), text
    assert "\n" not in text


each_text = pytest.mark.parametrize("name", SOUND)


@each_text
def test_the_pattern_itself_is_sound(tmp_path, name):
    (tmp_path / name).write_text(SOUND[name] + END.get(name, ""))
    assert len(motes.read_picks(tmp_path / name)) == 1


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize(("name", "part"), [(name, part) for name in PARTS for part in PARTS[name]])
def test_numbers(tmp_path, name, part, bad):
    lines = SOUND[name].splitlines(keepends=True)
    head, token, tail = lines[-1].rpartition(PARTS[name][part])
    assert token
    refused(tmp_path / name, "".join(lines[:-1]) + head + bad + tail, f"line {LAST[name]}: .*{re.escape(repr(bad))}")


@pytest.mark.parametrize("name", ["a.box", "a.cbox", "a.csv"])
@pytest.mark.parametrize("bad", ["0", "-8", "-0.0"])
def test_sizes_of_nothing(tmp_path, name, bad):
    head, _, tail = SOUND[name].rpartition("8")
    refused(tmp_path / name, head + bad + tail, f"line {LAST[name]}: .*'{bad}', expected a positive number")


@each_text
def test_bytes(tmp_path, name):
    path, text = tmp_path / name, SOUND[name]
    refused(path, "", "is empty")
    refused(path, b"\xef\xbb\xbf" + text.encode(), "byte-order mark")
    refused(path, text.encode("utf-16"), "zero byte|not UTF-8")
    refused(path, text.encode() + b"\xff\n", "is not UTF-8")
    refused(path, text.encode() + b"\0\n", "zero byte")
    refused(path, text + text.splitlines()[-1] + "\r\n", "mixes line ends")
    refused(path, b"\x93NUMPY\x01\x00" + bytes(100), "zero byte|not UTF-8")


@each_text
def test_rows_cut_short_or_too_long(tmp_path, name):
    row = SOUND[name].splitlines()[-1]
    separator = {"a.txt": "\t", "a.csv": ","}.get(name, " ")
    cut = separator.join(row.replace("\t", separator).split(separator)[:2]) + "\n"
    refused(tmp_path / name, SOUND[name] + cut, f"line {LAST[name] + 1}: 2 values")
    refused(tmp_path / name, SOUND[name] + row + separator + "1\n", f"line {LAST[name] + 1}: ")


@each_text
def test_a_last_line_without_end_is_told(tmp_path, name):
    (tmp_path / name).write_text(SOUND[name].rstrip("\n"))
    with pytest.warns(UserWarning, match="may have been cut short"):
        motes.read_picks(tmp_path / name)


@each_text
def test_cut_anywhere_is_refused_or_told(tmp_path, name):
    text, end = SOUND[name] + END.get(name, ""), END.get(name, "").partition("\n")[0]
    whole_lines = {i + 1 for i, character in enumerate(text) if character == "\n" and end in text[:i]}
    for size in range(len(text)):
        (tmp_path / name).write_text(text[:size])
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                motes.read_picks(tmp_path / name)
            except motes.FormatError:
                continue
        assert size in whole_lines or told, size


@each_text
@pytest.mark.parametrize("other", SOUND)
def test_a_file_of_another_kind(tmp_path, name, other):
    if name != other:
        refused(tmp_path / name, SOUND[other], "expected|has no column")


@pytest.mark.parametrize("name", [*SOUND, "a.cs"])
def test_what_is_no_file(tmp_path, name):
    with pytest.raises(FileNotFoundError):
        motes.read_picks(tmp_path / name)
    (tmp_path / name).mkdir()
    with pytest.raises(motes.FormatError, match="a folder without coordinates"):
        motes.read_picks(tmp_path / name)


STAR_CASES = {
    "text before blocks": ("hello\n", "line 1: 'hello', expected a STAR file"),
    "nothing but comments": ("# hello\n", "holds no block"),
    "a block without labels": ("data_a\n\ndata_b\n_x 1\n", "line 1: block data_a ends before its first label"),
    "a loop without labels": ("data_\nloop_\n", "ends before its first label"),
    "a row without loop": ("data_\n_x 1\n1 2\n", "line 3: 2 values"),
    "two loops": ("data_\nloop_\n_x\nloop_\n", "line 4: a second loop_"),
    "a label twice": ("data_\nloop_\n_x #1\n_x #2\n", "line 4: label '_x' is named twice"),
    "an empty label": ("data_\nloop_\n_ #1\n", "line 3: label '_' is empty"),
    "a label among rows": ("data_\nloop_\n_x\n1\n_y\n", "line 5: label '_y' among the rows"),
    "a label without value": ("data_\n_x\n", "line 2: expected a label and its value"),
    "a block twice": ("data_a\n_x 1\ndata_a\n_x 1\n", "2 blocks data_a"),
    "no coordinates": ("data_\nloop_\n_rlnCoordinateX\n1\n", "0 tables with rlnCoordinateX and rlnCoordinateY"),
    "an empty name": (STAR.format('"" 1 2 3\n'), "line 8: rlnMicrographName is empty"),
    "two tables": (
        STAR.format("a 1 2 3\n") + STAR.format("a 1 2 3\n").replace("data_", "data_more"),
        "2 tables with rlnCoordinateX",
    ),
}


@pytest.mark.parametrize("case", STAR_CASES)
def test_star(tmp_path, case):
    refused(tmp_path / "a.star", *STAR_CASES[case])


def test_cbox(tmp_path):
    path, row = tmp_path / "a.cbox", "10 20 8 8 0.5\n"
    refused(path, "data_global\n_cbox_format_version 2.0\n" + CBOX.format(row), "cbox_format_version '2.0'")
    refused(
        path, CBOX.format(row) + "data_cryolo_include\nloop_\n_slice_index #1\n3\n", "line 13: slices of a tomogram"
    )
    refused(path, CBOX.format(row + "10 20 8 8 <NA>\n"), "line 10: Confidence is '<NA>'")
    refused(path, "data_global\n_cbox_format_version 1.0\n", "expected the table data_cryolo")
    refused(path, CBOX.replace("_Width", "_Breadth").format(row), "has no column Width")


def test_delimited(tmp_path):
    refused(tmp_path / "a.csv", "\n\n", "expected a header")
    refused(tmp_path / "a.csv", "x,x\n1,2\n", "line 1: a column is named twice")
    refused(tmp_path / "a.csv", CSV.format('"10,20,8\n'), "line 2: ")
    refused(tmp_path / "a.csv", "X-Coordinate,Diameter\n1,2\n", "has no column Y-Coordinate")
    refused(tmp_path / "a.txt", TOPAZ.format("\t1\t2\t3\n"), "line 2: image_name is empty")
    refused(tmp_path / "a.csv", CSV.format("1" * 200_000 + ",1,1\n"), "line 2: ")


FIELDS = [
    ("location/micrograph_path", "S5"),
    ("location/micrograph_shape", "<u4", (2,)),
    ("location/center_x_frac", "<f4"),
    ("location/center_y_frac", "<f4"),
    ("pick_stats/ncc_score", "<f4"),
]
GOOD = (b"a.mrc", (100, 200), 0.5, 0.25, 0.5)


def records(folder, *rows, fields=FIELDS):
    path = folder / "made.npy"
    np.save(path, np.array(list(rows), fields))
    return path.read_bytes()


def changed(i, value):
    return (*GOOD[:i], value, *GOOD[i + 1 :])


CS_CASES = {
    "path": (changed(0, b""), "row 1: location/micrograph_path is b''"),
    "path that is no UTF-8": (changed(0, b"\xff"), "row 1: location/micrograph_path"),
    "no rows of pixels": (changed(1, (0, 200)), "row 1: location/micrograph_shape"),
    "x": (changed(2, np.nan), "row 1: location/center_x_frac is nan"),
    "x outside": (changed(2, 1.5), "row 1: location/center_x_frac is 1.5"),
    "y": (changed(3, -0.25), "row 1: location/center_y_frac is -0.25"),
    "score": (changed(4, np.inf), "row 1: pick_stats/ncc_score is inf"),
}


@pytest.mark.parametrize("case", CS_CASES)
def test_values_of_records(tmp_path, case):
    row, message = CS_CASES[case]
    refused(tmp_path / "a.cs", records(tmp_path, GOOD, row), message)


def test_layouts_of_records(tmp_path):
    path, sound = tmp_path / "a.cs", records(tmp_path, GOOD)
    refused(path, b"", "is empty")
    refused(path, sound[:-1], "needs 25 bytes, but 24")
    refused(path, sound[:40], "ends inside the header")
    refused(path, sound + b"\0", "needs 25 bytes, but 26")
    refused(path, b"\x94CSDAT" + sound, "expected a .cs file that NumPy wrote")
    refused(path, SOUND["a.box"], "expected a .cs file that NumPy wrote")
    for i, field in enumerate(FIELDS[:4]):
        refused(path, records(tmp_path, (*GOOD[:i], *GOOD[i + 1 :]), fields=FIELDS[:i] + FIELDS[i + 1 :]), field[0])
    refused(path, records(tmp_path, fields=[(*FIELDS[0][:1], "<U5"), *FIELDS[1:]]), "field location/micrograph_path")
    plain = tmp_path / "plain.npy"
    np.save(plain, np.zeros((3, 2)))
    refused(path, plain.read_bytes(), "field location/micrograph_path: none")
    np.save(plain, np.array([(1,)], [("a", object)]), allow_pickle=True)
    refused(path, plain.read_bytes(), "never unpickled")


@pytest.mark.parametrize("old", ["(1,)", "(2,)"])
def test_sizes_are_not_believed(tmp_path, old):
    sound = records(tmp_path, GOOD)
    assert old.encode() in sound
    for new in ("(9999999999,)", "(2097153,)", "(-1,)"):
        shape = sound.replace(old.encode(), new.encode())
        length = int.from_bytes(sound[8:10], "little") + len(new) - len(old)
        shape = shape[:8] + length.to_bytes(2, "little") + shape[10:]
        tracemalloc.start()
        try:
            refused(tmp_path / "a.cs", shape, "bytes|sizes|shape")
            assert tracemalloc.get_traced_memory()[1] < 1e6
        finally:
            tracemalloc.stop()


def test_one_long_value_widens_no_other(tmp_path):
    rows = "".join(f"a{i}.mrc 1 2 3 x\n" for i in range(20_000)) + "b.mrc 1 2 3 " + "y" * 100_000 + "\n"
    (tmp_path / "a.star").write_text(STAR.format("").rstrip() + "\n_other #5\n" + rows)
    tracemalloc.start()
    try:
        picks = motes.read_picks(tmp_path / "a.star")
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()
    assert len(picks.extra["other"][-1]) == 100_000


ARGUMENTS = [
    ({"format": "starr"}, "format: expected one of star"),
    ({"y_origin": "up"}, "y_origin: expected 'top' or 'bottom', got 'up'"),
    ({"height": 0}, "height: expected a number above 0"),
    ({"height": np.nan}, "height: expected a number above 0"),
    ({"y_origin": "bottom"}, "height: needed"),
]


@pytest.mark.parametrize(("options", "message"), ARGUMENTS)
def test_arguments(tmp_path, one, options, message):
    (tmp_path / "a.box").write_text(SOUND["a.box"])
    with pytest.raises(ValueError, match=message):
        motes.read_picks(tmp_path / "a.box", **options)
    with pytest.raises(ValueError, match=message):
        motes.write_picks(tmp_path / "a.box", one, **options)
    assert (tmp_path / "a.box").read_text() == SOUND["a.box"]


@pytest.mark.parametrize("name", ["none", "none.xyz", "none.box"])
def test_what_is_not_there_is_told_so_whatever_its_suffix(tmp_path, name):
    with pytest.raises(FileNotFoundError) as told:
        motes.read_picks(tmp_path / name)
    assert told.value.filename == str(tmp_path / name)


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.xyz", {}, "suffix '.xyz' tells no format"),
        ("a.cs", {}, "height, width: needed"),
        ("a.cs", {"height": 100, "width": 1000}, "y: the pick of row 1 is outside its micrograph"),
        ("a.cs", {"height": 500, "width": -1}, "width: expected a number above 0"),
        ("a.box", {"without": "radius"}, "radius: needed for boxes"),
        ("a.csv", {"without": "radius"}, "radius: needed for the column Diameter"),
    ],
)
def test_what_can_not_be_written(tmp_path, one, name, options, message):
    from dataclasses import replace

    options = dict(options)
    picks = replace(one, radius=None) if options.pop("without", None) else one
    (tmp_path / name).write_text("old")
    with pytest.raises(ValueError, match=re.escape(message)):
        motes.write_picks(tmp_path / name, picks, **options)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "old"


def test_names_that_star_can_not_hold(tmp_path):
    with pytest.raises(ValueError, match="both kinds of quotes"):
        motes.write_picks(tmp_path / "a.star", motes.Picks([1], [2], micrographs=("a'\" b",)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("name", FORMATS)
def test_a_file_stays_until_the_new_one_is_whole(tmp_path, one, name, monkeypatch):
    path = write(tmp_path, one, name)
    before = path.read_bytes()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        motes.write_picks(path, one[:2], name, height=HEIGHT, width=WIDTH)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before
