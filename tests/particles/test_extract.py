"""Extraction: each image against its definition, counted out in plain NumPy; the table beside it; refusals."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import motes
from motes.particles import Optics, extract

mrcfile = pytest.importorskip("mrcfile", reason="stacks are MRC")
starfile = pytest.importorskip("starfile", reason="their tables are STAR")

SHAPES = {"grid1": (60, 80), "grid2": (64, 64)}
BOX, RADIUS = 16, 6.0


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Two micrographs of 2 angstrom a pixel, one int16, with a slope."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for (name, shape), dtype in zip(SHAPES.items(), (np.float32, np.int16), strict=True):
        y, x = np.mgrid[: shape[0], : shape[1]]
        data = 100 + 0.3 * x - 0.2 * y + 10 * rng.standard_normal(shape)
        with mrcfile.new(f"{name}.mrc") as file:
            file.set_data(data.astype(dtype))
            file.voxel_size = 2.0
    return tmp_path


FILES = {name: f"{name}.mrc" for name in SHAPES}


def picks_of(**more):
    """Some in the middle, with fractions, one at an edge, one off the micrograph."""
    table = {
        "x": [20.0, 30.4, 41.5, 3.0, 30.0, 25.5, 500.0],
        "y": [20.0, 25.7, 30.49, 30.0, 30.0, 30.5, 30.0],
        "score": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3],
        "micrographs": ("grid1", "grid2"),
        "index": [0, 0, 0, 0, 1, 1, 1],
    }
    return motes.Picks(**table | more)


def expected(name, x, y, *, ramp=True, pad=False):
    """One image, slowly."""
    data = mrcfile.read(f"{name}.mrc").astype(np.float64)
    column, row = int(np.floor(x + 0.5)), int(np.floor(y + 0.5))
    image = np.empty((BOX, BOX))
    background = np.zeros((BOX, BOX), bool)
    for i in range(BOX):
        for j in range(BOX):
            at = row + i - BOX // 2, column + j - BOX // 2
            if pad:
                at = tuple(min(max(k, 0), side - 1) for k, side in zip(at, data.shape, strict=True))
            image[i, j] = data[at]
            background[i, j] = (i - BOX // 2) ** 2 + (j - BOX // 2) ** 2 > RADIUS**2
    rows, columns = np.mgrid[:BOX, :BOX]
    design = np.stack([np.ones(BOX * BOX), columns.ravel(), rows.ravel()], axis=1)[:, : 3 if ramp else 1]
    inside = background.ravel()
    plane = np.linalg.lstsq(design[inside], image.ravel()[inside], rcond=None)[0]
    image -= (design @ plane).reshape(BOX, BOX)
    return image / image[background].std(), background


def stack():
    return mrcfile.read("out.mrcs").reshape(-1, *mrcfile.read("out.mrcs").shape[-2:])


def table(block="particles"):
    return starfile.read("out.star", always_dict=True)[block]


@pytest.mark.parametrize("ramp", [True, False])
def test_images_are_their_definition(here, ramp):
    result = extract(picks_of(), FILES, "out.mrcs", box=BOX, background=RADIUS, ramp=ramp)
    assert (result.n, result.n_picks, result.at_edge, result.flat, result.missing) == (5, 7, 2, 0, ())
    places = [
        ("grid1", 20, 20),
        ("grid1", 30.4, 25.7),
        ("grid1", 41.5, 30.49),
        ("grid2", 30, 30),
        ("grid2", 25.5, 30.5),
    ]
    for image, place in zip(stack(), places, strict=True):
        definition, background = expected(*place, ramp=ramp)
        np.testing.assert_allclose(image, definition, atol=2e-5)
        assert image[background].mean() == pytest.approx(0, abs=1e-5)
        assert image[background].std() == pytest.approx(1, abs=1e-5)


def test_a_micrograph_is_not_overwritten(here):
    Path("grid1.mrc").rename("grid1.mrcs")
    whole = Path("grid1.mrcs").read_bytes()
    with pytest.raises(ValueError, match=r"stack: grid1.mrcs: it would overwrite grid1.mrcs, which is read"):
        extract(picks_of(), FILES | {"grid1": "grid1.mrcs"}, "grid1.mrcs", box=BOX)
    assert Path("grid1.mrcs").read_bytes() == whole


def test_the_table_says_where_they_were(here):
    extract(picks_of(), FILES, "out.mrcs", box=BOX)
    rows = table()
    assert list(rows["rlnImageName"]) == [f"{i:06d}@out.mrcs" for i in range(1, 6)]
    assert list(rows["rlnMicrographName"]) == ["grid1.mrc"] * 3 + ["grid2.mrc"] * 2
    assert list(rows["rlnCoordinateX"]) == [20, 30, 42, 30, 26]
    assert list(rows["rlnCoordinateY"]) == [20, 26, 30, 30, 31]
    # RELION: an origin shifts the image to its centre, so it is subtracted from the coordinate.
    np.testing.assert_allclose(rows["rlnCoordinateX"] - rows["rlnOriginXAngst"] / 2, [20, 30.4, 41.5, 30, 25.5])
    np.testing.assert_allclose(rows["rlnCoordinateY"] - rows["rlnOriginYAngst"] / 2, [20, 25.7, 30.49, 30, 30.5])
    assert list(rows["rlnAutopickFigureOfMerit"]) == [0.9, 0.8, 0.7, 0.5, 0.4]
    assert list(rows["rlnOpticsGroup"]) == [1] * 5
    optics = table("optics").iloc[0]
    assert (optics["rlnImagePixelSize"], optics["rlnImageSize"], optics["rlnImageDimensionality"]) == (2.0, BOX, 2)


def test_the_stack_is_a_sound_mrc_file(here):
    extract(picks_of(), FILES, "out.mrcs", box=BOX)
    assert mrcfile.validate("out.mrcs")
    with mrcfile.open("out.mrcs") as file:
        assert file.is_image_stack()
        assert file.voxel_size.x == file.voxel_size.y == 2.0
        assert file.header.dmin == file.data.min()
        assert file.header.dmax == file.data.max()
        assert file.header.rms == pytest.approx(file.data.std(), rel=1e-4)
    assert motes.read_micrograph("out.mrcs", section=2).shape == (BOX, BOX)


def test_the_table_reads_back_as_picks(here):
    extract(picks_of(), FILES, "out.mrcs", box=BOX)
    picks = motes.read_picks("out.star")
    assert picks.extra["rlnImageName"][0] == "000001@out.mrcs"
    again = extract(picks, FILES, "again.mrcs", box=BOX)
    assert again.n == 5
    np.testing.assert_array_equal(mrcfile.read("again.mrcs"), stack())  # origins moved them to the same places
    assert Path("again.star").read_text() == Path("out.star").read_text().replace("@out.", "@again.")


def test_inverted(here):
    extract(picks_of(), FILES, "out.mrcs", box=BOX)
    extract(picks_of(), FILES, "inverted.mrcs", box=BOX, invert=True)
    np.testing.assert_array_equal(mrcfile.read("inverted.mrcs"), -stack())


def test_padded(here):
    """As RELION does: the nearest pixels are repeated; what has its centre off the micrograph is dropped."""
    result = extract(picks_of(), FILES, "out.mrcs", box=BOX, background=RADIUS, edge="pad")
    assert (result.n, result.at_edge) == (6, 1)
    np.testing.assert_allclose(stack()[3], expected("grid1", 3, 30, pad=True)[0], atol=2e-5)


@pytest.mark.parametrize(("x", "inside"), [(7.4, False), (7.5, True), (72.4, True), (72.5, False)])
def test_the_edge_is_where_the_box_ends(here, x, inside):
    """80 columns: boxes of pixels 0 to 15 and 64 to 79 are the outermost."""
    picks = motes.Picks([x, 40], [30, 30], micrographs=("grid1",))
    assert extract(picks, FILES, "out.mrcs", box=BOX).n == 1 + inside


def test_shifted_by_fractions(here):
    """A wave that the grid can hold arrives where it should, and nothing is left for the origins."""
    y, x = np.mgrid[:64, :64]
    wave = 3 * np.cos(2 * np.pi * x / 16) + np.sin(2 * np.pi * (x - 2 * y) / 16)
    with mrcfile.new("wave.mrc") as file:
        file.set_data(wave.astype(np.float32))
        file.voxel_size = 2.0
    picks = motes.Picks([30.25], [31.6], micrographs=("wave",))
    extract(picks, {"wave": "wave.mrc"}, "out.mrcs", box=BOX, background=7, ramp=False, centring="shift")
    i, j = np.mgrid[:BOX, :BOX] - BOX // 2.0
    moved = 3 * np.cos(2 * np.pi * (j + 30.25) / 16) + np.sin(2 * np.pi * (j + 30.25 - 2 * (i + 31.6)) / 16)
    outside = i**2 + j**2 > 49
    np.testing.assert_allclose(stack()[0], (moved - moved[outside].mean()) / moved[outside].std(), atol=1e-5)
    rows = table()
    assert (rows["rlnOriginXAngst"][0], rows["rlnOriginYAngst"][0]) == (0, 0)
    assert (rows["rlnCoordinateX"][0], rows["rlnCoordinateY"][0]) == (30.25, 31.6)


def test_down_sampled(here):
    """Every second sample of what holds no high frequencies; pixel 8 of 16 becomes pixel 4 of 8."""
    y, x = np.mgrid[:64, :64]
    wave = 3 * np.cos(2 * np.pi * x / 16) + np.sin(2 * np.pi * (x - 2 * y) / 16)
    with mrcfile.new("wave.mrc") as file:
        file.set_data(wave.astype(np.float32))
        file.voxel_size = 2.0
    picks = motes.Picks([30.25], [31.6], micrographs=("wave",))
    extract(picks, {"wave": "wave.mrc"}, "out.mrcs", box=16, downsample=8, background=7, ramp=False)
    sampled = wave[32 - 8 : 32 + 8 : 2, 30 - 8 : 30 + 8 : 2]
    i, j = np.mgrid[:8, :8] - 4
    outside = i**2 + j**2 > 3.5**2
    np.testing.assert_allclose(stack()[0], (sampled - sampled[outside].mean()) / sampled[outside].std(), atol=1e-5)
    rows, optics = table(), table("optics").iloc[0]
    assert (optics["rlnImagePixelSize"], optics["rlnMicrographPixelSize"], optics["rlnImageSize"]) == (4.0, 2.0, 8)
    assert rows["rlnOriginXAngst"][0] == pytest.approx(-0.25 * 2)  # angstrom stay angstrom
    assert rows["rlnOriginYAngst"][0] == pytest.approx(0.4 * 2)


def test_the_same_bits_for_any_number_of_threads(here):
    rng = np.random.default_rng(1)
    picks = motes.Picks(*rng.uniform(10, 50, (2, 40)), micrographs=("grid1",))
    written = []
    for threads in (1, 2, 5):
        extract(picks, FILES, "out.mrcs", box=BOX, downsample=12, centring="shift", threads=threads)
        written.append(Path("out.mrcs").read_bytes())
    assert written[0] == written[1] == written[2]


def test_many_chunks_keep_their_order(here, monkeypatch):
    monkeypatch.setattr("motes.particles.extraction.CHUNK_BYTES", 3 * 4 * BOX**2)
    rng = np.random.default_rng(1)
    picks = motes.Picks(*rng.uniform(10, 50, (2, 40)), micrographs=("grid1", "grid2"), index=np.arange(40) % 2)
    extract(picks, FILES, "out.mrcs", box=BOX, background=RADIUS)
    rows = table()
    for k in (0, 7, 19, 20, 39):
        name = rows["rlnMicrographName"][k].removesuffix(".mrc")
        place = rows["rlnCoordinateX"][k], rows["rlnCoordinateY"][k]
        np.testing.assert_allclose(stack()[k], expected(name, *place)[0], atol=2e-5)


def test_columns_optics_and_ctf_go_along(here):
    Path("picks.star").write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographPixelSize #3\n_rlnVoltage #4\n"
        "_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\nmine 3 2.0 200 1.4 0.07\n\n"
        "data_particles\n\nloop_\n_rlnMicrographName #1\n_rlnCoordinateX #2\n_rlnCoordinateY #3\n_rlnAngleRot #4\n"
        "_rlnDefocusU #5\n_rlnOpticsGroup #6\nMotionCorr/grid2.mrc 30 30 12.5 15000.0 3\n"
    )
    result = extract(motes.read_picks("picks.star"), FILES, "out.mrcs", box=BOX)
    assert result.lacking == ()
    row, optics = table().iloc[0], table("optics").iloc[0]
    assert (row["rlnAngleRot"], row["rlnDefocusU"], row["rlnOpticsGroup"]) == (12.5, 15000, 3)
    assert row["rlnMicrographName"] == "MotionCorr/grid2.mrc"
    assert (optics["rlnOpticsGroupName"], optics["rlnVoltage"], optics["rlnSphericalAberration"]) == ("mine", 200, 1.4)
    other = Optics(voltage=300, spherical_aberration=2.7, amplitude_contrast=0.1)
    extract(motes.read_picks("picks.star"), FILES, "out.mrcs", box=BOX, optics=other)
    assert table("optics").iloc[0]["rlnVoltage"] == 300


def test_ctf_of_the_micrographs(here):
    Path("micrographs_ctf.star").write_text(
        "data_optics\n\nloop_\n_rlnOpticsGroupName #1\n_rlnOpticsGroup #2\n_rlnMicrographPixelSize #3\n_rlnVoltage #4\n"
        "_rlnSphericalAberration #5\n_rlnAmplitudeContrast #6\ngroup1 1 2.0 300 2.7 0.1\n\n"
        "data_micrographs\n\nloop_\n_rlnMicrographName #1\n_rlnOpticsGroup #2\n_rlnDefocusU #3\n_rlnDefocusV #4\n"
        "_rlnDefocusAngle #5\nMotionCorr/grid2.mrc 1 11000 10000 40\nMotionCorr/grid1.mrc 1 21000 20000 50\n"
    )
    result = extract(picks_of(), FILES, "out.mrcs", box=BOX, ctf="micrographs_ctf.star")
    assert result.lacking == ()
    assert list(table()["rlnDefocusU"]) == [21000] * 3 + [11000] * 2
    assert table("optics").iloc[0]["rlnVoltage"] == 300
    without = extract(picks_of(), FILES, "out.mrcs", box=BOX)
    assert without.lacking == ("rlnVoltage", "rlnSphericalAberration", "rlnAmplitudeContrast", "rlnDefocusU")


def ctf_of(*names):
    rows = "".join(f"{name} {9000 + i}\n" for i, name in enumerate(names))
    Path("ctf.star").write_text(f"data_\n\nloop_\n_rlnMicrographName\n_rlnDefocusU\n{rows}")
    return "ctf.star"


def test_a_micrograph_without_picks_needs_no_ctf(here):
    picks = motes.Picks([30.0], [30.0], micrographs=("grid1", "grid2"), index=[1])
    extract(picks, FILES, "out.mrcs", box=BOX, ctf=ctf_of("grid2.mrc"))
    assert list(table()["rlnDefocusU"]) == [9000]


def test_two_micrographs_of_one_stem_have_no_ctf(here):
    picks = motes.Picks([30.0], [30.0], micrographs=("grid1",))
    with pytest.raises(ValueError, match=r"ctf.star: a/grid1.mrc and b/grid1.mrc have one stem, so the CTF"):
        extract(picks, FILES, "out.mrcs", box=BOX, ctf=ctf_of("a/grid1.mrc", "b/grid1.mrc"))
    extract(picks, FILES, "out.mrcs", box=BOX, ctf=ctf_of("grid1.mrc", "a/grid2.mrc", "b/grid2.mrc"))


def test_ctf_for_picks_of_another_program(here):
    """Fields of a .cs file are no columns of a STAR file."""
    shape = np.full((1, 2), 60.0)
    motes.write_picks("picks.cs", motes.Picks([30.0], [30.0], micrographs=("grid1.mrc",), image_shape=shape))
    extract(motes.read_picks("picks.cs"), FILES, "out.mrcs", box=BOX, ctf=ctf_of("grid1.mrc"))
    assert list(table()["rlnDefocusU"]) == [9000]
    assert "uid" not in table().columns


def test_a_flat_background_is_told_and_dropped(here):
    with mrcfile.open("grid1.mrc", "r+") as file:
        file.data[10:30, 10:30] = 7
    result = extract(picks_of(), FILES, "out.mrcs", box=BOX)
    assert (result.n, result.flat) == (4, 1)
    assert list(table()["rlnCoordinateX"]) == [30, 42, 30, 26]


def test_micrographs_without_an_image_are_told(here):
    result = extract(picks_of(), {"grid2": "grid2.mrc"}, "out.mrcs", box=BOX)
    assert (result.n, result.missing) == (2, ("grid1",))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"box": 15}, "box: expected an even number, as RELION asks for, got 15"),
        ({"box": 2}, "box: expected 4 or more, got 2"),
        ({"downsample": 32}, "downsample: expected at most the box, 16, got 32"),
        ({"downsample": 7}, "downsample: expected an even number"),
        ({"background": 9.0}, "background: expected at most half the box, 8, got 9"),
        ({"background": 0.0}, "background: expected a positive, finite number"),
        ({"centring": "middle"}, "centring: expected one of nearest, shift, got 'middle'"),
        ({"edge": "wrap"}, "edge: expected one of drop, pad, got 'wrap'"),
        ({"pixel_size": -1.0}, "pixel_size: expected a positive, finite number, got -1.0"),
        ({"stack": "out.mrc"}, "stack: expected a name that ends in .mrcs, got out.mrc"),
        ({"micrographs": {}}, "micrographs: none is that of any pick, by its stem, such as grid1"),
        ({"picks": motes.Picks([], [])}, "micrographs: none is that of any pick, by its stem, for there are no picks"),
        (
            {"picks": motes.Picks([1.0], [1.0], micrographs=("grid1",))},
            "picks: none of 1 is left, 1 at an edge, 0 with",
        ),
        (
            {"micrographs": FILES | {"grid2": "bare.png"}, "picks": picks_of()[4:5]},
            "pixel_size: needed, neither the picks",
        ),
        ({"micrographs": FILES | {"grid2": "other.mrc"}}, "other.mrc: 3 angstrom a pixel, expected 2; pixel_size says"),
        ({"micrographs": FILES | {"grid2": "nan.tif"}}, "nan.tif: not finite within 16 pixels about x = 30, y = 30"),
        (
            {"picks": picks_of(micrographs=("a/grid1.mrc", "b/grid1.mrc"))},
            "picks: a/grid1.mrc and b/grid1.mrc have one stem",
        ),
        (
            {"picks": picks_of(extra={name: ["1.5"] * 7 for name in ("rlnOriginX", "rlnOriginY")})},
            "picks: hold rlnOriginX in pixels (RELION 3.0)",
        ),
        ({"ctf": "lacking.star"}, "lacking.star: tells nothing of 1 micrographs with picks, such as grid2"),
        ({"ctf": "picks.star"}, "picks.star: 0 tables with rlnMicrographName and rlnDefocusU, expected one"),
    ],
)
def test_refusals_leave_nothing(here, change, message):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (64, 64)).astype(np.uint8)).save("bare.png")
    holes = np.random.default_rng(0).standard_normal((64, 64)).astype(np.float32)
    holes[30, 30] = np.nan
    Image.fromarray(holes).save("nan.tif")
    with mrcfile.new("other.mrc") as file:
        file.set_data(np.zeros((64, 64), np.float32))
        file.voxel_size = 3.0
    Path("lacking.star").write_text("data_\n\nloop_\n_rlnMicrographName\n_rlnDefocusU\ngrid1.mrc 10000\n")
    Path("picks.star").write_text("data_\n\nloop_\n_rlnMicrographName\n_rlnCoordinateX\ngrid1.mrc 10000\n")
    before = {path: path.read_bytes() for path in here.iterdir()}
    arguments = {"picks": picks_of(), "micrographs": FILES, "stack": "out.mrcs", "box": BOX} | change
    with pytest.raises(ValueError, match=re.escape(message)):
        extract(**arguments)
    assert {path: path.read_bytes() for path in here.iterdir()} == before


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_what_was_there_stays_when_it_is_broken_off(here, monkeypatch, error):
    Path("out.mrcs").write_text("old")
    Path("out.star").write_text("older")
    before = {path: path.read_bytes() for path in here.iterdir()}

    def follow(items):
        yield items[0]
        raise error

    with pytest.raises(error if isinstance(error, type) else type(error)):
        extract(picks_of(), FILES, "out.mrcs", box=BOX, follow=follow)
    assert {path: path.read_bytes() for path in here.iterdir()} == before
    assert threading.active_count() < 20


def test_a_damaged_micrograph_in_the_middle(here):
    Path("grid2.mrc").write_bytes(Path("grid2.mrc").read_bytes()[:3000])
    with pytest.raises(motes.FormatError, match=r"grid2\.mrc: 64 x 64 x 1 pixels of mode 1 need 9216 bytes, got 3000"):
        extract(picks_of(), FILES, "out.mrcs", box=BOX)
    assert not Path("out.mrcs").exists()
    assert not Path("out.star").exists()
