"""Micrographs and their particles, from folders, from CryoPPP, simulated, and cut from the sample."""

from __future__ import annotations

import json
import shutil
import warnings
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from motes import sample, simulate
from motes.errors import FormatError
from motes.picks import Picks, write_picks
from motes.simulate.cryoem.writing import write_micrographs
from motes.study import load_data
from motes.study.sources import CryoPPPData, FolderData, SampleData, SimulatedData
from toy_study import toy_config, write_toy


def test_the_folder_of_a_simulation_tells_its_diameter(tmp_path):
    pytest.importorskip("mrcfile", reason="simulations are written as MRC")
    (tmp_path / "sim").mkdir()
    write_micrographs(tmp_path / "sim", simulate.micrographs("seed", 3, 1, shape=(512, 512), particles=2))
    source = FolderData(micrographs=str(tmp_path / "sim"), truth=str(tmp_path / "sim" / "particles.star"))
    told = json.loads((tmp_path / "sim" / "simulation.json").read_text())
    assert load_data(source, tmp_path).diameter == told["diameter"] > 0
    for text in ("{", '{"diameter": "wide"}', "[]"):
        (tmp_path / "sim" / "simulation.json").write_text(text)
        with pytest.raises(FormatError, match="no diameter of particles"):
            load_data(source, tmp_path)
    (tmp_path / "sim" / "simulation.json").unlink()
    with pytest.raises(ValueError, match=r"data\.diameter: needed, under \[data\]"):
        load_data(source, tmp_path)


def test_a_folder(tmp_path):
    home = write_toy(tmp_path / "data", n=4)
    data = load_data(toy_config(home).data, tmp_path)
    assert data.names == ("grid0", "grid1", "grid2", "grid3")
    assert data.name == "data"  # and not "micrographs", the folder of the images
    (home / "micrographs").rename(home / "sim")
    moved = replace(toy_config(home).data, micrographs=str(home / "sim"))
    assert load_data(moved, tmp_path).name == "sim"
    (home / "sim").rename(home / "micrographs")
    assert (len(data.truth), data.diameter) == (32, 8)
    circles, numbers = data.particles((1, 3))
    np.testing.assert_array_equal(numbers, [*range(8, 16), *range(24, 32)])
    np.testing.assert_array_equal(circles.indptr, [0, 8, 16])
    np.testing.assert_array_equal(circles.centres, data.truth.centres[numbers])
    assert [micrograph.name for micrograph in data.micrographs((3, 1))] == ["grid3", "grid1"]
    wider = FolderData(str(home / "micrographs"), str(home / "particles"), diameter=10.0, limit=3)
    fewer = load_data(wider, tmp_path)
    assert (fewer.names, fewer.diameter) == (("grid0", "grid1", "grid2"), 10)
    assert fewer.fingerprint() != data.fingerprint() == load_data(toy_config(home).data, tmp_path).fingerprint()


def test_cryoppp(tmp_path):
    home, toy = tmp_path / "10028", write_toy(tmp_path / "data", n=4)
    (home / "ground_truth").mkdir(parents=True)
    shutil.copytree(toy / "micrographs", home / "micrographs")
    shutil.copytree(toy / "particles", home / "ground_truth" / "particle_coordinates")
    data = load_data(CryoPPPData(str(home)), tmp_path)
    np.testing.assert_array_equal(data.truth.centres, load_data(toy_config(toy).data, tmp_path).truth.centres)
    turned = load_data(CryoPPPData(str(home), flip_y=True), tmp_path)
    np.testing.assert_allclose(turned.truth.centres[:, 1], 79 - data.truth.centres[:, 1])
    shutil.rmtree(home / "ground_truth")
    with pytest.raises(ValueError, match="no ground_truth/particle_coordinates in it"):
        load_data(CryoPPPData(str(home)), tmp_path)
    with pytest.raises(ValueError, match=r"data\.folder: needed"):
        load_data(CryoPPPData(), tmp_path)
    with pytest.raises(NotADirectoryError):
        load_data(CryoPPPData(str(tmp_path / "nowhere")), tmp_path)


@pytest.mark.parametrize("suffix", [".csv", ".box"])
def test_each_micrograph_is_turned_over_in_its_own_height(tmp_path, suffix):
    """Tables count y from the bottom of micrographs that are 70, 80 and 90 high."""
    tables, images = tmp_path / "particles", tmp_path / "micrographs"
    tables.mkdir()
    images.mkdir()
    for m, height in enumerate((70, 80, 90)):
        Image.fromarray(np.eye(height, 60, dtype=np.uint8)).save(images / f"grid{m}.tif")
        picks = Picks([20.0, 30.0], [10.0, height - 6.0], 5.0, micrographs=(f"grid{m}",))
        write_picks(tables / f"grid{m}{suffix}", picks, y_origin="bottom", height=height)
    data = load_data(FolderData(str(images), str(tables), flip_y=True), tmp_path)
    expected = [[20, 10], [30, 64], [20, 10], [30, 74], [20, 10], [30, 84]]
    np.testing.assert_allclose(data.truth.centres, expected)
    shutil.copy(tables / f"grid2{suffix}", tables / f"grid0{suffix}")
    with pytest.raises(FormatError, match=r"grid0: a particle is at y = -10 in .* its micrograph is not 70"):
        load_data(FolderData(str(images), str(tables), flip_y=True), tmp_path)


def test_other_pixels_are_other_data(tmp_path):
    """Of one name and one size, but not the same micrograph."""
    home = write_toy(tmp_path / "data", n=3)
    before = load_data(toy_config(home).data, tmp_path).fingerprint()
    path = home / "micrographs" / "grid1.tif"
    size, pixels = path.stat().st_size, np.array(Image.open(path))
    pixels[40, 40] += 1
    Image.fromarray(pixels).save(path)
    assert path.stat().st_size == size
    assert load_data(toy_config(home).data, tmp_path).fingerprint() != before


def test_tables_without_a_micrograph_are_told(tmp_path):
    home = write_toy(tmp_path / "data", n=5)
    (home / "micrographs" / "grid1.tif").unlink()
    with pytest.warns(UserWarning, match="no micrograph for grid1: left out"):
        assert load_data(toy_config(home).data, tmp_path).names == ("grid0", "grid2", "grid3", "grid4")


def test_a_limit_leaves_out_nothing_that_is_told(tmp_path):
    home = write_toy(tmp_path / "data", n=5)
    source = FolderData(str(home / "micrographs"), str(home / "particles"), limit=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert load_data(source, tmp_path).names == ("grid0", "grid1", "grid2")


def test_two_tables_of_one_micrograph_are_refused(tmp_path):
    home = write_toy(tmp_path / "data", n=3)
    names = ("grid0.mrc", "grid1.mrc", "grid2.mrc", "job2/grid1.mrc")
    write_picks(tmp_path / "all.star", Picks.concatenate([Picks([20], [20], micrographs=(name,)) for name in names]))
    with pytest.raises(ValueError, match=r"data: two tables of particles for grid1, expected one; job2/grid1\.mrc is"):
        load_data(FolderData(str(home / "micrographs"), str(tmp_path / "all.star"), diameter=8.0), tmp_path)


def test_simulated_micrographs_are_drawn_once(tmp_path):
    source = SimulatedData("faint", n=3, seed=4, options={"shape": [128, 160], "particles": 3})
    data = load_data(source, tmp_path)
    drawn = simulate.micrographs("faint", 3, 4, shape=(128, 160), particles=3)
    assert data.diameter == drawn.diameter
    for m, micrograph in enumerate(data.micrographs(range(3))):
        np.testing.assert_array_equal(micrograph.data, drawn[m].data)
        np.testing.assert_allclose(data.truth.of_micrograph(m).centres, drawn[m].particles.centres, atol=1e-3)
    written = {path: path.stat().st_mtime_ns for path in data.paths}
    assert load_data(source, tmp_path).fingerprint() == data.fingerprint()
    assert written == {path: path.stat().st_mtime_ns for path in data.paths}
    other = load_data(SimulatedData("faint", n=3, seed=5, options=source.options), tmp_path)
    assert other.paths[0] != data.paths[0]
    with pytest.raises(ValueError, match=r"data\.preset: 'fant'; did you mean faint\?"):
        load_data(SimulatedData("fant"), tmp_path)
    with pytest.raises(ValueError, match=r"data\.options: "):
        load_data(SimulatedData("faint", options={"colour": 1}), tmp_path)


def test_tiles_of_the_sample(tmp_path):
    data = load_data(SampleData(tiles=3), tmp_path)
    assert len(data.paths) == 9
    assert 600 < len(data.truth) <= len(sample.load().particles)
    assert data.diameter == 27
    whole, tile = sample.load().micrograph.data, data.micrographs((5,))[0].data
    rows, columns = tile.shape
    np.testing.assert_array_equal(tile, whole[24 + rows : 24 + 2 * rows, 30 + 2 * columns : 30 + 3 * columns])
    back = data.truth.of_micrograph(5).centres + np.array([30 + 2 * columns, 24 + rows])
    particles = sample.load().particles
    nearest = np.hypot(back[:, :1] - particles.x, back[:, 1:] - particles.y).min(axis=1)
    np.testing.assert_allclose(nearest, 0, atol=1e-3)


def test_other_tiles_are_other_files(tmp_path):
    shapes = [load_data(SampleData(tiles=n), tmp_path).micrographs((0,))[0].shape for n in (3, 2)]
    rows, columns = sample.load().micrograph.shape
    assert shapes == [((rows - 48) // n, (columns - 60) // n) for n in (3, 2)]


def test_what_a_picker_would_refuse_is_refused_before_the_work(tmp_path):
    home = write_toy(tmp_path / "data", n=4)
    image = home / "micrographs" / "grid2.tif"
    pixels = np.array(Image.open(image), np.float32)
    for values, message in (
        (np.where(np.arange(80) == 7, np.nan, pixels), r"grid2\.tif: holds values that are no finite numbers$"),
        (np.full_like(pixels, 3), r"grid2\.tif: is blank, every pixel is 3$"),
        (pixels[:40, :40], r"particles: label \d of grid2 is at \(.*\), outside its 40 x 40 pixels$"),
    ):
        Image.fromarray(values).save(image)
        with pytest.raises(ValueError, match=message):
            load_data(toy_config(home).data, tmp_path)


def test_what_is_missing_is_told(tmp_path):
    home = write_toy(tmp_path / "data", n=4)
    (home / "particles" / "grid2.csv").unlink()
    with pytest.warns(UserWarning, match="no table of particles for grid2: left out"):
        assert load_data(toy_config(home).data, tmp_path).names == ("grid0", "grid1", "grid3")
    (home / "particles" / "grid1.csv").unlink()
    with pytest.raises(ValueError, match="2 of 4 micrographs have a table of particles"):
        load_data(toy_config(home).data, tmp_path)
    with pytest.raises(ValueError, match="a folder without micrographs"):
        load_data(FolderData(str(home / "particles"), str(home / "particles")), tmp_path)


def test_centres_alone_need_a_diameter(tmp_path):
    home = write_toy(tmp_path / "data", n=3)
    parts = [Picks([20, 40], [20, 40], micrographs=(f"grid{m}",)) for m in range(3)]
    write_picks(tmp_path / "centres.star", Picks.concatenate(parts))
    source = FolderData(str(home / "micrographs"), str(tmp_path / "centres.star"))
    with pytest.raises(ValueError, match=r"data\.diameter: needed"):
        load_data(source, tmp_path)
    assert len(load_data(FolderData(source.micrographs, source.truth, diameter=8.0), tmp_path).truth) == 6


def test_of_a_micrograph_in_two_formats_one_is_taken(tmp_path):
    home = write_toy(tmp_path / "data", n=3)
    Image.fromarray(np.zeros((80, 80), np.uint8)).save(home / "micrographs" / "grid0.png")
    assert len(load_data(toy_config(home).data, tmp_path).paths) == 3
