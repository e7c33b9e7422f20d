"""`motes convert`, and `motes info` of coordinates and micrographs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motes as library

SAMPLE = Path(library.sample.__file__).parent
IMAGE = SAMPLE / f"{library.sample.NAME}.jpg"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a box file of two micrographs."""
    monkeypatch.chdir(tmp_path)
    Path("boxes").mkdir()
    Path("boxes/a.box").write_text("10\t20\t8\t8\t0.5\n30\t40\t8\t8\t0.75\n")
    Path("boxes/b.box").write_text("50\t60\t8\t8\t0.25\n")
    return tmp_path


def test_one_file(here, motes):
    result = motes("convert", "boxes/a.box", "-o", "a.cbox")
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    corners = "centre = corner of the box + half its size, y from the first stored row"
    assert result.stdout.splitlines() == [
        "a.cbox: 2 picks on 1 micrograph, crYOLO CBOX",
        f"written as {corners}",
        f"read as {corners}",
        "diameter 8 pixels, from boxes/a.box",
    ]
    assert library.read_picks("a.cbox").x.tolist() == [14, 34]


@pytest.mark.parametrize("flip", [["--flip-y"], ["--y-origin", "bottom"]])
def test_flip_and_what_is_lost(here, motes, flip):
    result = motes("convert", "boxes", "-o", "all.star", *flip, "--height", 100)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == "motes: note: all.star: RELION STAR, 3.1 does not hold the radius\n"
    picks = library.read_picks("all.star")
    assert picks.micrographs == ("a", "b")
    assert picks.y.tolist() == [76, 56, 36]
    assert "written as centres in pixels, y from the first stored row\n" in result.stdout
    turned = ", y turned over as asked" if "--flip-y" in flip else ""
    assert f"half its size, y from the last stored row of 100{turned}\n" in result.stdout


@pytest.fixture
def records(here):
    """A folder with a .cs file of the boxes on micrographs of 100 x 200 pixels, and their circles."""
    boxes = library.read_picks("boxes")
    Path("records").mkdir()
    with pytest.warns(UserWarning, match="the radius"):
        library.write_picks("records/all.cs", boxes, height=100, width=200)
    return boxes


@pytest.mark.parametrize("source", ["records", "records/all.cs"])
def test_flip_of_records(records, motes, source):
    flipped = motes("convert", source, "-o", "flipped.star", "--flip-y")
    assert flipped.exit_code == 0, flipped.stderr
    assert "y from the first stored row" in flipped.stdout
    np.testing.assert_allclose(library.read_picks("flipped.star").y, 100 - records.y, atol=1e-4)


def test_flip_of_a_folder_of_two_formats(here, motes):
    """Each file is turned against its own format, which counts from the last row in .cs and from the first in .star."""
    Path("mixed").mkdir()
    for name, suffix in (("a", "cs"), ("b", "star")):
        library.write_picks(
            f"mixed/{name}.{suffix}", library.Picks([5], [20], micrographs=(name,)), height=100, width=200
        )
    found = motes("convert", "mixed", "-o", "flipped.star", "--flip-y", "--height", 100)
    assert found.exit_code == 0, found.stderr
    np.testing.assert_allclose(library.read_picks("flipped.star").y, [100 - 20, 99 - 20], atol=1e-4)


def test_scaled_records(records, motes):
    assert motes("convert", "records/all.cs", "-o", "half.cs", "--scale", 0.5).exit_code == 0
    half = library.read_picks("half.cs")
    np.testing.assert_allclose([half.x, half.y], [records.x / 2, records.y / 2], atol=1e-4)
    np.testing.assert_array_equal(half.image_shape, [[50, 100]] * 3)


@pytest.mark.parametrize(
    ("words", "row"), [(["--scale", 0.5], "20\t30\t20\t40"), (["--diameter", 50], "35\t75\t50\t50")]
)
def test_oblong_boxes_are_resized(here, motes, words, row):
    Path("oblong.box").write_text("40\t60\t40\t80\n")
    result = motes("convert", "oblong.box", "-o", "new.box", *words)
    assert result.exit_code == 0, result.stderr
    assert Path("new.box").read_text().rstrip() == row


def test_a_table_of_centres_takes_the_diameter_that_is_given(here, motes, refused):
    Path("centres.csv").write_text("X-Coordinate,Y-Coordinate\n40,60\n")
    assert motes("convert", "centres.csv", "-o", "new.box", "--diameter", 50).exit_code == 0
    assert Path("new.box").read_text().rstrip() == "15\t35\t50\t50"
    assert "radius: needed" in refused(here, "convert", "centres.csv", "-o", "other.box").replace(
        "--diameter", "radius"
    )
    words = ("--picks", "new.box", "--truth", "centres.csv", "--no-overlays", "-o", "out")
    assert "centres.csv: hold no radius; give --radius" in refused(here, "evaluate", *words)
    assert motes("evaluate", *words, "--radius", 25).exit_code == 0


def test_there_and_back_through_folders(here, motes):
    assert motes("convert", "boxes", "-o", "all.cs", "--height", 100, "--width", 200).exit_code == 0
    result = motes("convert", "all.cs", "-o", "new/boxes", "--to", "box", "--diameter", 8)
    assert result.exit_code == 0, result.stderr
    for name in ("a.box", "b.box"):
        before, after = (library.read_picks(Path(folder, name)) for folder in ("boxes", "new/boxes"))
        np.testing.assert_array_equal([after.x, after.y], [before.x, before.y])
    assert motes("convert", "all.cs", "-o", "new/boxes", "--to", "box").exit_code == 2
    assert motes("convert", "all.cs", "-o", "other", "--to", "box").exit_code == 2
    assert not Path("other").exists()


def test_scale_output_origin_and_size_from_a_micrograph(here, motes):
    result = motes(
        "convert", "boxes/a.box", "-o", "a.csv", "--scale", 2, "--to-y-origin", "bottom", "--micrograph", IMAGE
    )
    assert result.exit_code == 0, result.stderr
    assert Path("a.csv").read_text().splitlines()[1] == f"28,{2 * 1024 - 1 - 48},16"


@pytest.mark.parametrize("command", [["convert"], ["suppress", "--distance", 1]])
def test_picks_of_one_file_are_called_after_the_micrograph(here, motes, command):
    library.write_picks("in.txt", library.Picks([5], [6], score=[1], micrographs=("grid1",)))
    for source, name in (("boxes/a.box", IMAGE.name), ("in.txt", "grid1")):  # in.txt says what it is of
        result = motes(*command, source, "-o", "out.star", "--micrograph", IMAGE)
        assert result.exit_code == 0, result.stderr
        assert library.read_picks("out.star").micrographs == (name,)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["boxes/none.box", "-o", "a.star"], "boxes/none.box: no such file"),
        (["boxes/a.box", "-o", "boxes/a.box"], "-o: needs another file than the input, got boxes/a.box for both"),
        (["boxes/a.box", "-o", "a.xyz"], "suffix '.xyz' tells no format"),
        (["boxes/a.box", "-o", "a.star", "--to", "moon"], "--from, --to: expected one of star"),
        (["boxes/a.box", "-o", "a.star", "--from", "star"], "expected a STAR file"),
        (["boxes/a.box", "-o", "a.star", "--flip-y"], "--height, or micrographs that tell it: needed"),
        (["boxes/a.box", "-o", "a.star", "--flip-y", "--y-origin", "top"], "two ways to say the same"),
        (["boxes/a.box", "-o", "a.star", "--y-origin", "left"], "--y-origin: expected top or bottom, got 'left'"),
        (["boxes/a.box", "-o", "a.cs"], "--height and --width, or --micrograph: needed"),
        (["boxes/a.box", "-o", "a.star", "--scale", "0"], "'--scale': expected a finite number above 0, got 0"),
        (["boxes/a.box", "-o", "a.star", "--diameter", "-3"], "'--diameter': expected a finite number above 0, got -3"),
        (
            ["boxes/b.box", "-o", "a.star", "--flip-y", "--height", "60"],
            "boxes/b.box: pick 1 of 1 is at y = -4 in stored rows, expected 0 to 60: the height",
        ),
        (
            ["boxes/a.box", "-o", "a.csv", "--to-y-origin", "bottom", "--height", "30"],
            "a.csv: pick 2 of 2 is at y = 44",
        ),
        (["boxes/a.box", "-o", "a.star", "--height", "900", "--micrograph", IMAGE], "--height: 900, but"),
        (["boxes", "-o", "all.box"], "picks of 2 micrographs, but a .box file is of one"),
        (["boxes/a.box", "-o", "out.txt", "--to", "box"], "expected a name that ends in .box, or a folder"),
        (["boxes", "-o", "all", "--to", "topaz"], "expected a name that ends in .txt"),
        (["boxes", "-o", "boxes/a.box/below", "--to", "cbox"], "boxes/a.box"),
    ],
)
def test_refusals(here, refused, words, message):
    assert message in refused(here, "convert", *words)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["boxes/a.box", "--diameter", 50], "diameter 50 pixels, from --diameter"),
        (["oblong.box", "--scale", 2], "diameter 80 to 120 pixels, from oblong.box"),
        (["centres.txt", "--threads", 2], "diameter unknown, centres.txt holds none"),
    ],
)
def test_the_diameter_and_where_it_is_from_are_said(here, motes, words, line):
    Path("oblong.box").write_text("40\t60\t40\t80\n40\t60\t60\t60\n")
    Path("centres.txt").write_text("image_name\tx_coord\ty_coord\tscore\na\t15\t15\t2\n")
    result = motes("convert", *words, "-o", "new.star")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[-1] == line


def test_info_says_where_names_differ(here, motes):
    library.write_picks("other.cbox", library.sample.load().picks["topaz"])
    for words, diameter in ((["--diameter", 27], "27 pixels, from --diameter"), ([], "45 pixels, from other.cbox")):
        result = motes("info", "--picks", "other.cbox", "--micrograph", IMAGE, *words)
        assert result.exit_code == 0, result.stderr
        assert result.stderr == f"motes: note: other.cbox is of other, the micrograph is {library.sample.NAME}\n"
        assert f"diameter {diameter}\n" in result.stdout


def test_info_of_picks_and_micrographs(here, motes):
    result = motes("info", "boxes/a.box")
    assert result.stdout.splitlines() == [
        "a.box: EMAN box; Picks: 2 on 1 micrograph, radius 4, scores 0.5 to 0.75",
        "  read as centre = corner of the box + half its size, y from the first stored row",
        "  centres x 14 to 34, y 24 to 44",
    ]
    result = motes("info", IMAGE, "--threads", 1)
    assert result.stdout.endswith(": 1024 x 1024 pixels, uint8, JPEG\n")


def test_info_reports_the_flip_and_flips_nothing(here, motes, monkeypatch):
    read = []
    for name in ("read_picks", "read_micrograph"):
        own = getattr(library, name)
        monkeypatch.setattr(library, name, lambda path, name=name, own=own: read.append(name) or own(path))
    flipped = here / f"{library.sample.NAME}.cbox"
    sample = library.sample.load().picks["topaz"]
    library.write_picks(flipped, sample, y_origin="bottom", height=1024)
    before = flipped.read_bytes()
    for picks, answer in ((SAMPLE / "topaz.cbox", "as they are"), (flipped, "flip y")):
        result = motes("info", "--picks", picks, "--micrograph", IMAGE, "--diameter", 27)
        assert result.exit_code == 0, result.stderr
        likely = next(line for line in result.stdout.splitlines() if line.startswith("likely:"))
        assert likely.startswith(f"likely: {answer} (over a million times as likely as ")
        assert "nothing was flipped" in result.stdout
    assert read == 2 * ["read_picks", "read_micrograph"]
    assert flipped.read_bytes() == before


def test_info_asks_for_the_diameter_of_a_particle_where_the_flip_can_not_be_told(motes):
    for words, answer in (([], "can not be told"), (["--diameter", 27], "as they are")):
        result = motes("info", "--picks", SAMPLE / "deepPicker.cbox", "--micrograph", IMAGE, *words)
        (likely,) = (line for line in result.stdout.splitlines() if line.startswith("likely:"))
        assert likely.startswith(f"likely: {answer} (")
        assert ("give --diameter of a particle" in likely) is (not words)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected a file, or --picks and --micrograph"),
        (["boxes/none.star"], "boxes/none.star: no such file"),
        (["--picks", "boxes", "--micrograph", IMAGE], "0 of its 2 micrographs are named"),
        (["--picks", "boxes/b.box", "--micrograph", IMAGE], "three or more"),
    ],
)
def test_info_refuses(here, motes, words, message):
    result = motes("info", *words)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1
