"""`motes suppress` and `motes consensus`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes as library
from gpus import gpu
from motes.errors import DeviceError


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two pickers on two micrographs of 100 x 200 pixels, radius 5."""
    monkeypatch.chdir(tmp_path)
    for folder in ("one", "two"):
        Path(folder).mkdir()
    Path("one/a.box").write_text("10 10 10 10 0.5\n11 10 10 10 0.9\n100 50 10 10 0.2\n")
    Path("one/b.box").write_text("2 40 10 10 0.7\n")
    Path("two/a.box").write_text("12 10 10 10 30\n150 50 10 10 20\n")
    Path("two/b.box").write_text("\n")
    return tmp_path


@pytest.mark.parametrize("by", [["--iou", 0.5], ["--distance", 3], ["--iou", 0.5, "--radius", 5, "--threads", 1]])
def test_the_best_stays(here, motes, by):
    result = motes("suppress", "one", "-o", "kept", *by)
    assert result.exit_code == 0, result.stderr
    diameter = {"--distance": [], "--iou": ["diameter 10 pixels, from one"]}[by[0]]
    assert result.stdout.splitlines() == [
        "kept: 3 picks on 2 micrographs, EMAN box",
        "written as centre = corner of the box + half its size, y from the first stored row",
        "1 of 4 picks dropped",
        *(["diameter 10 pixels, from --radius"] if "--radius" in by else diameter),
    ]
    assert Path("kept/a.box").read_text() == "11\t10\t10\t10\t0.9\n100\t50\t10\t10\t0.2\n"
    assert Path("kept/b.box").read_text() == "2\t40\t10\t10\t0.7\n"


def test_the_order_of_the_file_and_its_columns_stay(here, motes):
    Path("in.star").write_text(
        "data_\n\nloop_\n_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\n_rlnAutopickFigureOfMerit\n_mine\n"
        "b/x.mrc 5 5 0.1 p\na/x.mrc 5 5 0.2 q\nb/x.mrc 6 5 0.3 r\na/x.mrc 50 5 0.9 s\n"
    )
    assert motes("suppress", "in.star", "-o", "out.star", "--distance", 3).exit_code == 0
    kept = library.read_picks("out.star")
    assert kept.extra["mine"].tolist() == ["q", "r", "s"]  # two micrographs of one stem are two
    assert kept.score.tolist() == [0.2, 0.3, 0.9]


def test_edges_come_first(here, motes):
    Path("a.box").write_text("4 40 10 10 0.9\n7 40 10 10 0.8\n185 40 10 10 0.7\n100 85 10 10 0.6\n")
    Image.fromarray(np.zeros((100, 200), np.uint8)).save("a.png")
    for size in (["--micrograph", "a.png"], ["--height", 100, "--width", 200]):
        # Centres 9, 12, 190 and, in y, 90, seen from edges at -1/2, 199.5 and 99.5.
        done = motes("suppress", "a.box", "-o", "kept.cbox", "--edge", 9.5, "--distance", 5, *size)
        assert done.exit_code == 0, done.stderr
        assert library.read_picks("kept.cbox").x.tolist() == [9, 190, 105]
        assert motes("suppress", "a.box", "-o", "kept.cbox", "--edge", 9.6, "--distance", 5, *size).exit_code == 0
        assert library.read_picks("kept.cbox").x.tolist() == [12]


def test_older_files_of_a_folder_stay_and_are_counted(here, motes):
    words = ("suppress", "one", "-o", "kept", "--iou", 0.5)
    for older, note in (
        ([], ""),
        (["c.box"], "motes: note: kept: 1 coordinate file from before stays\n"),
        (["d.cbox", "notes.md"], "motes: note: kept: 2 coordinate files that were there before stay\n"),
    ):
        for name in older:
            Path("kept", name).write_text("\n")
        assert motes(*words).stderr == note


def test_lowest_score(here, motes):
    assert motes("suppress", "one/a.box", "-o", "kept.box", "--min-score", 0.5).exit_code == 0
    assert library.read_picks("kept.box").score.tolist() == [0.5, 0.9]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["one", "-o", "kept"], "nothing was asked for"),
        (["one", "-o", "kept", "--iou", "0.5", "--distance", "3"], "--iou, --distance: expected one of them"),
        (["one", "-o", "kept", "--iou", "2"], "iou"),
        (["one", "-o", "kept", "--distance", "nan"], "'--distance': expected 0 or more, got nan"),
        (["one", "-o", "kept", "--distance", "-3"], "'--distance': expected 0 or more, got -3"),
        (["one", "-o", "kept", "--iou", "0.5", "--radius", "0"], "'--radius': expected a finite number above 0, got 0"),
        (["one", "-o", "kept", "--iou", "0.5", "--height", "-9"], "'--height': expected a finite number above 0"),
        (["one", "-o", "kept", "--min-score", "nan"], "--min-score: expected a finite number"),
        (["one", "-o", "kept", "--edge", "5"], "--height and --width, or --micrograph: needed"),
        (
            ["one", "-o", "kept", "--edge", "-5", "--height", "9", "--width", "9"],
            "'--edge': expected 0 or more, got -5",
        ),
        (
            ["one", "-o", "kept", "--edge", "5", "--height", "100", "--width", "80"],
            "pick 3 of 4 is at x = 105, expected",
        ),
        (
            ["one", "-o", "kept", "--iou", "0.5", "--height", "40"],
            "0 to 40: 2 lie beyond what --height or --micrograph says",
        ),
        (["one/a.box", "-o", "one/a.box", "--iou", "0.5"], "-o: needs another file than the input, got one/a.box for"),
        (["one", "-o", "two/../one", "--iou", "0.5"], "-o: needs another file than the input, got two/../one/a.box"),
        (["one/a.box", "-o", "one", "--iou", "0.5"], "-o: needs another file than the input, got one/a.box"),
        (["one", "-o", "kept.xyz", "--iou", "0.5"], "suffix '.xyz' tells no format"),
        (["a.csv", "-o", "kept", "--iou", "0.5"], "hold no scores"),
        (["a.txt", "-o", "kept.txt", "--iou", "0.5"], "a.txt: the picks hold no radius; give --radius"),
        (["none.box", "-o", "kept.box", "--iou", "0.5"], "none.box: no such file"),
    ],
)
def test_suppress_refuses(here, refused, words, message):
    Path("a.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n15,15,10\n")
    Path("a.txt").write_text("image_name\tx_coord\ty_coord\tscore\na\t15\t15\t2\n")
    assert message in refused(here, "suppress", *words)


def test_where_pickers_agree(here, motes):
    result = motes("consensus", "one", "two", "-o", "agreed.star")
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines()[2:] == [
        "diameter 10 pixels, from one",
        "diameter 10 pixels, from two",
        "         1 of 2 pickers",
        "         4 of 1 picker",
    ]
    agreed = library.read_picks("agreed.star")
    both = agreed[agreed.extra["motesPickers"] == "2"]
    assert (both.x.tolist(), both.y.tolist()) == ([16.5], [15.0])
    assert both.score.tolist() == [pytest.approx((3.5 / 4 + 1.5 / 2) / 2)]
    assert motes("consensus", "one", "two", "-o", "agreed", "--to", "cbox", "--min-pickers", 2).exit_code == 0
    assert library.read_picks("agreed/a.cbox").extra["NumBoxes"].tolist() == ["2"]
    assert len(library.read_picks("agreed/b.cbox")) == 0


def test_two_files_are_of_one_micrograph_whatever_their_names(here, motes):
    Path("theirs.box").write_text("12 10 10 10 30\n")
    Image.fromarray(np.zeros((100, 200), np.uint8)).save("grid1.png")
    for more, name in (([], "a"), (["--micrograph", "grid1.png"], "grid1.png")):
        result = motes("consensus", "one/a.box", "theirs.box", "-o", "agreed.star", "--min-pickers", 2, *more)
        assert result.exit_code == 0, result.stderr
        note = "note: one/a.box and theirs.box are taken to be of one micrograph, a\n"
        assert (note in result.stderr) is (not more)
        assert library.read_picks("agreed.star").micrographs == (name,)


def test_every_format_says_how_many_agree_or_that_it_can_not(here, motes):
    size = ("--height", 100, "--width", 200)
    for name, column in (("agreed.txt", "pickers"), ("agreed.cs", "motes/pickers")):
        assert motes("consensus", "one", "two", "-o", name, *size).exit_code == 0
        assert sorted(map(int, library.read_picks(name).extra[column])) == [1, 1, 1, 1, 2]
    result = motes("consensus", "one", "two", "-o", "boxes", "--to", "box")
    assert "EMAN box does not hold" in result.stderr
    assert "columns pickers" in result.stderr


def test_micrographs_that_a_picker_lacks(here, motes):
    Path("two/b.box").unlink()
    result = motes("consensus", "one", "two", "-o", "agreed.txt")
    assert "left out, not in two: b" in result.stderr
    assert library.read_picks("agreed.txt").micrographs == ("a",)
    assert motes("consensus", "one", "two", "-o", "agreed.txt", "--missing", "count").exit_code == 0
    assert library.read_picks("agreed.txt").micrographs == ("a", "b")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["one", "-o", "out.star"], "expected two pickers or more"),
        (["one", "one", "-o", "out.star"], "expected two pickers or more"),
        (["one", "two", "-o", "out"], "tells no format"),
        (["one", "two", "-o", "out.star", "--min-pickers", "3"], "--min-pickers: expected 1 to 2"),
        (["one", "two", "-o", "out.star", "--iou", "0.5", "--distance", "3"], "expected one of them"),
        (["one", "two", "-o", "two", "--to", "box"], "-o: needs another file than the input, got two/a.box"),
        (["one", "a.csv", "-o", "out.star"], "a.csv: the picks hold no scores"),
        (["one/a.box", "three", "-o", "out.star"], "no micrograph is in every table"),
    ],
)
def test_consensus_refuses(here, refused, words, message):
    Path("three").mkdir()
    Path("three/b.box").write_text("12 10 10 10 30\n")
    Path("a.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n15,15,10\n")
    assert message in refused(here, "consensus", *words)


@pytest.mark.gpu
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "auto"])
def test_a_gpu_keeps_what_the_processor_keeps(here, motes, device):
    gpu()
    assert motes("suppress", "one", "-o", "there", "--iou", 0.5, "--device", device).exit_code == 0
    assert motes("suppress", "one", "-o", "here", "--iou", 0.5).exit_code == 0
    for name in ("a.box", "b.box"):
        assert Path("there", name).read_text() == Path("here", name).read_text()


@pytest.mark.parametrize(
    ("device", "told"),
    [
        ("gpu", "motes: error: --device: expected cpu, cuda, cuda:N or auto, got 'gpu'"),
        ("cuda", "motes: error: --device: CUDA: no NVIDIA driver on this machine"),
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ("suppress", "one", "-o", "kept", "--iou", 0.5),
        ("reconstruct", "patterns.npy", "-o", "kept"),
        ("challenge", "endeavor.npz", "-o", "kept"),
        ("demo", "-o", "kept"),
    ],
)
def test_a_device_that_is_not_there_in_one_line(here, motes, monkeypatch, command, device, told):
    from motes.devices import names

    def none_here():
        raise DeviceError("CUDA: no NVIDIA driver on this machine")

    monkeypatch.setattr(names, "cuda_extension", none_here)
    result = motes(*command, "--device", device)
    assert (result.exit_code, result.stderr.splitlines(), Path("kept").exists()) == (2, [told], False)
