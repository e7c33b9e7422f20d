"""`motes evaluate`: figures by hand, files and folders by stem, pictures, and what is refused."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes as library

METRICS = (
    "average_precision", "auc_grid", "best_f1", "best_threshold", "precision", "recall", "mean_iou",
)  # fmt: skip


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Picks on a, b and c, particles on a, b and d: radius 5 throughout."""
    monkeypatch.chdir(tmp_path)
    for folder in ("picks", "truth"):
        Path(folder).mkdir()
    # On a two of two are found, and one pick is nothing; on b one of two, by two picks.
    Path("picks/a.box").write_text("10 10 10 10 0.9\n30 10 10 10 0.8\n60 60 10 10 0.7\n")
    Path("picks/b.box").write_text("10 10 10 10 0.6\n11 10 10 10 0.5\n")
    Path("picks/c.box").write_text("10 10 10 10 0.4\n")
    Path("truth/a.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n15,15,10\n35,16,10\n")
    Path("truth/b.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n15,15,10\n80,80,10\n")
    Path("truth/d.csv").write_text("X-Coordinate,Y-Coordinate,Diameter\n15,15,10\n")
    return tmp_path


def metrics(folder="out"):
    return json.loads(Path(folder, "metrics.json").read_text())


def test_figures_by_hand(here, motes):
    result = motes("evaluate", "--picks", "picks", "--truth", "truth", "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.splitlines() == [
        "motes: note: left out, not in --picks picks: d",
        "motes: note: left out, not in --truth truth: c",
    ]
    told = metrics()
    assert (told["n_picks"], told["n_truth"], told["n_micrographs"]) == (5, 4, 2)
    assert told["missing"]["micrographs"] == {"c": ["truth"], "d": ["picks"]}
    for name in METRICS:
        assert told[name].keys() == {"value", "low", "high"}
        assert told[name]["low"] <= told[name]["value"] <= told[name]["high"]
    # In order of score: hit, hit, miss, hit, miss (its particle is taken), of 4 particles.
    assert told["average_precision"]["value"] == pytest.approx((1 + 1 + 3 / 4) / 4)
    assert told["best_threshold"]["value"] == 0.6
    assert told["best_f1"]["value"] == pytest.approx(0.75)
    assert told["precision"]["value"] == told["recall"]["value"] == pytest.approx(0.75)
    near = library.picking.circle_iou(*(library.Circles(np.array([[0.0, y]]), 5.0) for y in (0.0, 1.0)))[0]
    assert told["mean_iou"]["value"] == pytest.approx((2 + near) / 3)
    assert sorted(path.name for path in Path("out").iterdir()) == [
        "metrics.json",
        "overlay_a.png",
        "overlay_b.png",
        "precision_recall.png",
    ]
    assert "average precision  0.6875" in result.stdout


def test_a_picker_that_claims_a_particle_twice_is_right_twice_by_the_rule_best(here, motes):
    words = ("evaluate", "--picks", "picks", "--truth", "truth", "--no-overlays")
    for rule, precision in (("greedy", 3 / 4), ("best", 4 / 5)):
        done = motes(*words, "--matching", rule, "-o", rule)
        assert done.exit_code == 0, done.stderr
        assert metrics(rule)["matching"] == rule
        assert metrics(rule)["precision"]["value"] == pytest.approx(precision)
        assert metrics(rule)["recall"]["value"] == pytest.approx(3 / 4)
    assert not list(Path("best").glob("overlay*"))


@pytest.mark.parametrize(
    ("rows", "ends"),
    [
        ("10 10 10 10 0.9\n", False),  # one score is no list
        ("10 10 10 10 0.9\n80 80 10 10 0.2\n", False),  # best above the last
        ("80 80 10 10 0.9\n10 10 10 10 0.2\n", True),
        ("10 10 10 10 0.9\n30 11 10 10 0.2\n", False),  # everything is found
    ],
)
def test_a_list_that_ends_where_f1_is_best_is_told(here, motes, rows, ends):
    Path("picks/a.box").write_text(rows)
    told = motes("evaluate", "--picks", "picks/a.box", "--truth", "truth/a.csv", "--no-overlays", "-o", "out")
    assert told.exit_code == 0, told.stderr
    assert ("the best threshold is the least score of the picks" in told.stderr) is ends
    assert told.stderr.count("\n") == ends


def test_missing_micrographs_count_as_empty_on_request(here, motes):
    result = motes("evaluate", "--picks", "picks", "--truth", "truth", "--missing", "count", "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert "motes: note: counted as empty, not in --picks picks: d\n" in result.stderr
    told = metrics()
    assert (told["n_picks"], told["n_truth"], told["n_micrographs"]) == (6, 5, 4)
    assert Path("out/overlay_c.png").exists()
    assert Path("out/overlay_d.png").exists()


def test_flip_radius_and_threads(here, motes):
    boxes = library.read_picks("picks/a.box")
    library.write_picks("picks/a.box", boxes, y_origin="bottom", height=100)
    words = ["evaluate", "--picks", "picks/a.box", "--truth", "truth/a.csv", "--no-overlays"]
    flip = ["--flip-y", "--height", 100]
    note = "picks look turned over: with --flip-y and --height, about 10[01], the average precision would be 1, not 0"
    assert re.search(note, motes(*words, "-o", "wrong").stderr)
    assert motes(*words, *flip, "-o", "right", "--threads", 1).exit_code == 0
    assert motes(*words, *flip, "--radius", 0.4, "-o", "small", "--threads", 2).exit_code == 0
    assert [metrics(name)["recall"]["value"] for name in ("wrong", "right", "small")] == [0, 1, 0.5]
    assert metrics("right")["recall"]["low"] is None  # one micrograph: no interval


def test_what_a_flip_would_bring_is_told_only_where_it_brings_much(motes, tmp_path, monkeypatch):
    """The agreement of picks that are turned over is chance, not nothing; other picks that are wrong stay so."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    places = {name: rng.uniform(20, 980, (2, 2000)) for name in ("truth", "other")}
    names = {"micrographs": ("a", "b"), "index": np.arange(2000) % 2, "score": rng.uniform(0, 1, 2000)}
    for name, (x, y) in places.items():
        library.write_picks(f"{name}.star", library.Picks(x, y, **names))
    x, y = places["truth"]
    near = rng.normal(0, 1, (2, 2000))
    library.write_picks("over.star", library.Picks(x + near[0], 999 - y + near[1], **names))
    words = ("--truth", "truth.star", "--radius", 10, "--no-overlays", "-o", "out")
    told = motes("evaluate", "--picks", "over.star", *words)
    found = re.search(
        r"with --flip-y and --height, about (\d+), the average precision would be (\S+), not", told.stderr
    )
    assert found, told.stderr
    assert abs(int(found[1]) - 1000) <= 1
    assert 0 < metrics()["average_precision"]["value"] < 0.1
    assert motes("evaluate", "--picks", "over.star", *words, "--flip-y", "--height", 1000).exit_code == 0
    assert metrics()["average_precision"]["value"] == pytest.approx(float(found[2]), abs=0.02)
    assert "turned over" not in motes("evaluate", "--picks", "other.star", *words).stderr
    assert "without --flip-y" in motes("evaluate", "--picks", "truth.star", *words, "--flip-y", "--height", 1000).stderr


def test_wrong_picks_that_no_flip_mends_are_told_as_before(here, motes):
    Path("picks/a.box").write_text("70 70 10 10 0.9\n")
    told = motes("evaluate", "--picks", "picks/a.box", "--truth", "truth/a.csv", "--no-overlays", "-o", "out")
    assert "note: no pick is near a particle" in told.stderr


def test_micrographs_tell_the_height_of_a_flip(here, motes):
    library.write_picks("picks/a.box", library.read_picks("picks/a.box"), y_origin="bottom", height=100)
    Image.fromarray(np.zeros((100, 160), np.uint8)).save("a.png")
    words = ("evaluate", "--picks", "picks/a.box", "--truth", "truth/a.csv", "--flip-y", "--micrographs", "a.png")
    assert motes(*words, "-o", "out").exit_code == 0
    assert metrics()["recall"]["value"] == 1


def test_micrographs_of_two_heights_are_not_turned_over_in_one(here, refused):
    Path("images").mkdir()
    for name, rows in (("a", 100), ("b", 120)):
        Image.fromarray(np.zeros((rows, 160), np.uint8)).save(f"images/{name}.png")
    line = refused(
        here, "evaluate", "--picks", "picks", "--truth", "truth", "--flip-y", "--micrographs", "images", "-o", "out"
    )
    assert f"--flip-y: {Path('images', 'a.png')} has 100 rows, {Path('images', 'b.png')} has 120;" in line


def test_the_diameter_is_said_and_sizes_that_can_not_match(here, motes, refused):
    words = ("evaluate", "--picks", "picks/a.box", "--truth", "truth/a.csv", "--no-overlays")
    own = motes(*words, "-o", "own")
    assert own.stdout.splitlines()[:2] == [
        "diameter 10 pixels, from --picks picks/a.box",
        "diameter 10 pixels, from --truth truth/a.csv",
    ]
    asked = motes(*words, "--radius", 4, "-o", "asked")
    assert asked.stdout.splitlines()[0] == "diameter 8 pixels, from --radius"
    Path("picks/a.box").write_text("0 0 30 30 0.9\n")
    assert "an IoU of 0.111 at most, and none above 0.5: give --radius" in refused(here, *words, "-o", "large")
    assert motes(*words, "-o", "large", "--iou", 0.1).exit_code == 0
    assert motes(*words, "-o", "large", "--radius", 5).exit_code == 0


def test_two_files_are_of_one_micrograph_whatever_their_names(here, motes):
    Image.fromarray(np.zeros((100, 160), np.uint8)).save("grid1.png")
    words = ("evaluate", "--picks", "picks/a.box", "--truth", "truth/b.csv", "-o")
    for more, name in (([], "a"), (["--micrographs", "grid1.png"], "grid1")):
        result = motes(*words, name, *more)
        assert result.exit_code == 0, result.stderr
        assert f"note: picks/a.box and truth/b.csv are taken to be of one micrograph, {name}\n" in result.stderr
        assert metrics(name)["n_truth"] == 2
        assert Path(name, f"overlay_{name}.png").exists()


def test_names_inside_files_are_believed(here, refused):
    for name in ("x", "y"):
        library.write_picks(f"{name}.txt", library.Picks([1], [2], score=[1], micrographs=(f"grid-{name}",)))
    line = refused(here, "evaluate", "--picks", "x.txt", "--truth", "y.txt", "--radius", 5, "-o", "out")
    assert "no micrograph is in every table" in line


def test_the_examples_of_the_help_work(motes, tmp_path, monkeypatch):
    """On the sample, whose boxes are larger than its particles."""
    sample = library.sample.load()
    monkeypatch.chdir(tmp_path)
    library.write_picks("grid1.cbox", sample.picks["crYOLO"])
    library.write_picks("grid1.csv", sample.particles)
    command = re.search(
        r"motes evaluate (--picks grid1.*?-o out)", " ".join(motes("evaluate", "--help").stdout.split())
    )
    assert command
    words = command[1].split()
    assert "--radius" in words
    words[words.index("--radius") + 1] = "13.5"  # a quarter of the pixels
    assert motes("evaluate", *words, "--no-overlays").exit_code == 0
    assert metrics()["recall"]["value"] > 0.5


def test_scores_beyond_0_to_1_have_no_area_on_the_grid(here, motes):
    Path("picks/a.box").write_text("10 10 10 10 9\n")
    assert motes("evaluate", "--picks", "picks", "--truth", "truth", "-o", "out").exit_code == 0
    assert metrics()["auc_grid"] == {"value": None, "low": None, "high": None}
    assert metrics()["average_precision"]["value"] > 0


def test_picks_without_scores_have_no_curve(here, motes):
    result = motes("evaluate", "--picks", "truth/a.csv", "--truth", "truth/a.csv", "-o", "out")
    assert result.exit_code == 0, result.stderr
    assert "note: the picks hold no scores" in result.stderr
    told = metrics()
    assert told["average_precision"]["value"] is told["best_threshold"]["value"] is told["auc_grid"]["value"] is None
    assert told["best_f1"]["value"] == told["precision"]["value"] == told["mean_iou"]["value"] == 1


def test_overlays_are_drawn_on_micrographs(here, motes):
    Path("images").mkdir()
    Image.fromarray(np.zeros((100, 160), np.uint8)).save("images/a.png")
    words = ("evaluate", "--picks", "picks", "--truth", "truth", "-o", "out")
    result = motes(*words, "--micrographs", "images")
    assert result.exit_code == 0, result.stderr
    with Image.open("out/overlay_a.png") as wide:
        assert wide.width > wide.height


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--picks", "none.box", "--truth", "truth"], "none.box: no such file"),
        (
            ["--picks", "picks/c.box", "--truth", "others"],
            "--picks picks/c.box is of c; --truth others is of d, e; name the files of one micrograph after it",
        ),
        (
            ["--picks", "picks", "--truth", "truth", "--radius", "-1"],
            "'--radius': expected a finite number above 0, got -1",
        ),
        (
            ["--picks", "picks", "--truth", "truth", "--radius", "nan"],
            "'--radius': expected a finite number above 0, got nan",
        ),
        (["--picks", "picks", "--truth", "truth", "--iou", "1.5"], "iou"),
        (["--picks", "picks", "--truth", "truth", "--matching", "worst"], "--matching: expected"),
        (["--picks", "picks", "--truth", "truth", "--missing", "all"], "--missing: expected leave-out or count"),
        (["--picks", "picks", "--truth", "truth", "--flip-y"], "--height, or micrographs that tell it: needed"),
        (["--picks", "picks", "--truth", "truth", "--y-origin", "top"], "--y-origin; did you mean --flip-y? (see"),
        (["--picks", "picks", "--truth", "truth", "--threads", "0"], "greater than or equal to 1, got 0 (see --help)"),
        (["--picks", "picks", "--truth", "truth", "--micrographs", "truth"], "truth: a folder without micrographs"),
        (["--picks", "picks", "--truth", "truth", "--micrographs", "z.png"], "of 2 micrographs none is there"),
        (
            ["--picks", "picks/a.box", "--truth", "truth", "--flip-y", "--height", "50"],
            "a.box: pick 3 of 3 is at y = -15",
        ),
        (
            ["--picks", "picks", "--truth", "truth", "--micrographs", "z.png", "--flip-y", "--height", "90"],
            "--height: 90, but z.png has 100",
        ),
        (
            ["--picks", "mixed.box", "--truth", "truth/a.csv", "--matching", "topaz"],
            "--picks mixed.box: mixed, row 2: radius 6, where the first has 5",
        ),
        (["--picks", "scores.txt", "--truth", "truth"], "--picks scores.txt: hold no radius; give --radius, half"),
        (
            ["--picks", "picks", "--truth", "truth", "--micrographs", "*.png"],
            "expected a file or a folder, got a pattern",
        ),
        (["--picks", "nan.box", "--truth", "truth"], "nan.box: line 2"),
        (["--picks", "picks", "--truth", "truth", "--from", "moon"], "--from, --to: expected one of star"),
        (["--picks", "picks", "--truth", "truth", "--truth-from", "box"], "truth: a folder without coordinates (.box)"),
        (["--picks", "empty/a.box", "--truth", "truth"], "no picks on 1 micrograph,"),
    ],
)
def test_refusals(here, refused, words, message):
    Path("scores.txt").write_text("image_name\tx_coord\ty_coord\tscore\na\t15\t15\t2\n")
    Path("nan.box").write_text("1 1 10 10 1\nnan 1 10 10 1\n")
    Path("others").mkdir()
    for name in "de":
        Path(f"others/{name}.csv").write_text(Path("truth/d.csv").read_text())
    Path("empty").mkdir()
    Path("empty/a.box").write_text("\n")
    Path("mixed.box").write_text("1 1 10 10 1\n9 1 12 12 1\n")
    Image.fromarray(np.zeros((100, 160), np.uint8)).save("z.png")
    assert message in refused(here, "evaluate", *words, "-o", "out")


def test_a_folder_in_the_place_of_a_picture_is_found_out_before_anything_is_written(here, refused):
    Path("out/overlay_b.png").mkdir(parents=True)
    words = ("--picks", "picks", "--truth", "truth", "-o", "out")
    assert "overlay_b.png: is a folder, where a result belongs" in refused(here, "evaluate", *words)


def test_one_of_two_formats_in_a_folder_is_named(here, motes):
    library.write_picks("picks/a.cbox", library.read_picks("picks/a.box"))
    words = ("evaluate", "--picks", "picks", "--truth", "truth", "--no-overlays", "-o", "out")
    assert "are of one micrograph; name a format" in motes(*words).stderr
    assert motes(*words, "--from", "cbox").exit_code == 0
    assert metrics()["n_picks"] == 3
