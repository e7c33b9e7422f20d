"""`motes extract`."""

from __future__ import annotations

import resource
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes as library
from motes.particles import extract

mrcfile = pytest.importorskip("mrcfile", reason="stacks are MRC")
starfile = pytest.importorskip("starfile", reason="their tables are STAR")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two micrographs of 100 x 120 pixels, 1.5 angstrom, and picks of them as boxes."""
    monkeypatch.chdir(tmp_path)
    Path("mics").mkdir()
    Path("boxes").mkdir()
    rng = np.random.default_rng(0)
    for name in ("a", "b"):
        with mrcfile.new(f"mics/{name}.mrc") as file:
            file.set_data(rng.standard_normal((100, 120)).astype(np.float32))
            file.voxel_size = 1.5
    Path("boxes/a.box").write_text("40 40 20 20 0.9\n70 60 20 20 0.4\n0 0 8 8 0.8\n")
    Path("boxes/b.box").write_text("30 30 21 21 0.7\n")
    return tmp_path


def test_a_stack_and_its_table(here, motes):
    words = ("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24, "--invert")
    result = motes(*words, "--voltage", 300, "--cs", 2.7)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.splitlines() == [
        "particles.mrcs: 3 of 4 picks, 24 x 24 pixels of 1.5 angstrom",
        "particles.star: RELION 3.1, centre = rlnCoordinate - rlnOriginAngst / pixel size",
    ]
    assert result.stderr.splitlines() == [
        "motes: note: 1 dropped, at an edge",
        "motes: note: refinement will ask for rlnAmplitudeContrast, rlnDefocusU; "
        "--voltage, --cs, --amplitude-contrast and --ctf say them",
    ]
    files = {name: f"mics/{name}.mrc" for name in "ab"}
    extract(library.read_picks("boxes"), files, "again.mrcs", box=24, invert=True)
    assert Path("again.mrcs").read_bytes() == Path("particles.mrcs").read_bytes()
    tables = starfile.read("particles.star")
    assert list(tables["particles"]["rlnMicrographName"]) == ["mics/a.mrc", "mics/a.mrc", "mics/b.mrc"]
    assert list(tables["particles"]["rlnAutopickFigureOfMerit"]) == [0.9, 0.4, 0.7]
    assert tables["optics"]["rlnVoltage"][0] == 300


def test_a_folder_that_is_missing_is_made(here, motes, refused):
    words = ("extract", "boxes", "--micrographs", "mics", "-o", "a/b/p.mrcs", "--box")
    assert "box: expected" in refused(here, *words, 23)
    assert not Path("a").exists()
    assert motes(*words, 24).exit_code == 0
    assert sorted(path.name for path in Path("a/b").iterdir()) == ["p.mrcs", "p.star"]


def test_options(here, motes):
    words = ("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24, "--pixel-size", 3)
    more = (
        "--downsample",
        12,
        "--edge",
        "pad",
        "--centring",
        "shift",
        "--no-ramp",
        "--background",
        10,
        "--min-score",
        0.5,
    )
    result = motes(*words, *more)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("particles.mrcs: 3 of 3 picks, 12 x 12 pixels of 6 angstrom\n")
    assert mrcfile.read("particles.mrcs").shape == (3, 12, 12)
    assert list(starfile.read("particles.star")["particles"]["rlnCoordinateX"]) == [50, 4, 40.5]
    note = f"note: --pixel-size overrules {Path('mics', 'a.mrc')}, which tells 1.5 angstrom; 1 more tells another too"
    assert note in result.stderr
    as_told = ("extract", "boxes", "--micrographs", "mics", "-o", "told.mrcs", "--box", 24, "--pixel-size", 1.5)
    assert "overrules" not in motes(*as_told).stderr


def test_info_knows_stacks_and_volumes(here, motes):
    words = ("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24)
    assert motes(*words).exit_code == 0
    told = motes("info", "particles.mrcs")
    assert told.stdout == "particles.mrcs: stack of 3 images of 24 x 24 pixels, float32, 1.5 A a pixel, MRC\n", (
        told.stderr
    )
    with mrcfile.new("map.mrc") as file:
        file.set_data(np.ones((6, 5, 4), np.float32))
    assert motes("info", "map.mrc").stdout == "map.mrc: volume, or stack, of 6 sections of 5 x 4 pixels, float32, MRC\n"
    assert "100 x 120 pixels" in motes("info", "mics/a.mrc").stdout


def test_micrographs_that_are_not_there(here, motes):
    Path("mics/b.mrc").unlink()
    result = motes("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24)
    assert "motes: note: no image of b; their picks are left out" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--box", "25"], "--box: expected an even number, as RELION asks for, got 25"),
        (["--box", "24", "--downsample", "48"], "--downsample: expected at most the box, 24, got 48"),
        (["--box", "24", "--background", "13"], "--background: expected at most half the box, 12, got 13"),
        (["--box", "24", "--edge", "wrap"], "--edge: expected one of drop, pad, got 'wrap'"),
        (["--box", "24", "--centring", "x"], "--centring: expected one of nearest, shift, got 'x'"),
        (["--box", "200"], "picks: none of 4 is left, 4 at an edge, 0 with a flat background"),
        (["--box", "24", "--ctf", "none.star"], "none.star: no such file or directory"),
        (["--box", "24", "-o", "out.mrc"], "-o: expected a name that ends in .mrcs, got out.mrc"),
        (["--box", "24", "-o", "mics/a.mrc/out.mrcs"], "mics/a.mrc: is a file, not a folder"),
        (["--box", "24", "--pixel-size", "-1"], "'--pixel-size': expected a finite number above 0, got -1"),
    ],
)
def test_refusals(here, refused, words, message):
    assert message in refused(here, "extract", "boxes", "--micrographs", "mics", "-o", "out.mrcs", *words)


def test_a_score_that_no_pick_has_and_micrographs_that_do_not_exist(here, refused):
    words = ("extract", "boxes", "-o", "out.mrcs", "--box", 24, "--micrographs")
    line = refused(here, *words, "mics", "--min-score", 2)
    assert "--min-score 2 leaves none of 4 picks (scores 0.4 to 0.9)" in line
    assert "--micrographs nosuch: no such file or directory" in refused(here, *words, "nosuch")


def test_the_picks_are_never_overwritten(here, refused):
    Path("out.star").write_text("data_\n\nloop_\n_rlnMicrographName\n_rlnCoordinateX\n_rlnCoordinateY\na.mrc 50 50\n")
    words = ("extract", "out.star", "--micrographs", "mics", "-o", "out.mrcs", "--box", 24)
    assert "-o: out.mrcs: its table would overwrite out.star, which is read" in refused(here, *words)


@pytest.mark.parametrize(
    ("out", "what"), [("ctf", "its table would overwrite ctf.star"), ("mics/a", "it would overwrite mics/a.mrcs")]
)
def test_nothing_that_is_read_is_overwritten(here, refused, out, what):
    Path("mics/a.mrc").rename("mics/a.mrcs")
    Path("ctf.star").write_text("data_\n\nloop_\n_rlnMicrographName\n_rlnDefocusU\na.mrcs 9000\nb.mrc 9000\n")
    words = ("extract", "boxes", "--micrographs", "mics", "-o", f"{out}.mrcs", "--box", 24, "--ctf", "ctf.star")
    assert f"-o: {out}.mrcs: {what}, which is read" in refused(here, *words)


def test_pictures_of_micrographs_are_passed_over(here, motes):
    words = ("extract", "boxes", "--micrographs", "mics", "--box", 24, "-o")
    assert motes(*words, "one.mrcs").exit_code == 0
    for name in ("a", "b"):
        Image.fromarray(np.zeros((100, 120), np.uint8)).save(f"mics/{name}.png")
    assert motes(*words, "two.mrcs").exit_code == 0
    assert Path("one.mrcs").read_bytes() == Path("two.mrcs").read_bytes()


def test_a_full_disk_leaves_nothing(here, motes_process):
    """A file may not grow beyond 5 kB here."""

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))

    words = ("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24)
    process = motes_process(*words, preexec_fn=limit)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 2, stderr
    assert stderr.startswith("motes: error: particles.mrcs: file too large; no results were written")
    assert sorted(path.name for path in here.iterdir()) == ["boxes", "mics"]


def test_interrupted_in_the_middle(here, motes_process):
    """The old stack and its table stay, nothing else does."""
    Path("particles.mrcs").write_text("old")
    Path("particles.star").write_text("older")
    many = "".join(f"{x} {y} 20 20 0.5\n" for x in range(20, 80) for y in range(20, 70)) * 20
    Path("boxes/a.box").write_text(many)
    before = {path for path in here.rglob("*") if not path.name.startswith(".")}
    words = ("extract", "boxes", "--micrographs", "mics", "-o", "particles.mrcs", "--box", 24)
    process = motes_process(*words)
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size > 100_000 for path in here.glob(".motes-*.mrcs")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert stderr == "motes: interrupted: nothing was written\n"
    assert set(here.rglob("*")) == before
    assert (Path("particles.mrcs").read_text(), Path("particles.star").read_text()) == ("old", "older")
