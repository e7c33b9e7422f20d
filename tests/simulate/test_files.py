"""Simulated micrographs as files: what other programs, and motes itself, read back."""

from __future__ import annotations

import json
import warnings

import numpy as np
import pytest

import motes
import reference
from motes import simulate
from motes.simulate.cryoem.densities import blobs_of
from motes.simulate.cryoem.optics import ctf

pytest.importorskip("mrcfile")
PLACE = {"shape": (300, 340), "diameter": 40, "particles": 6, "n": 2, "seed": 4}


def drawn(preset="crowded", **changes):
    return simulate.micrographs(preset, **(PLACE | {"n_decoys": 3, "aggregates": 0} | changes))


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_what_is_written_is_read_back(tmp_path):
    made = drawn(defocus_spread=0.05, astigmatism=0.2)
    simulate.write_micrographs(tmp_path, made)
    picks = motes.read_picks(tmp_path / "particles.star")
    assert picks.micrographs == ("crowded_001.mrc", "crowded_002.mrc")
    for (name, own), one in zip(picks.by_micrograph(), made, strict=True):
        micrograph = motes.read_micrograph(tmp_path / name)
        np.testing.assert_array_equal(micrograph.data, one.data)
        assert micrograph.pixel_size == pytest.approx(one.pixel_size)
        np.testing.assert_array_equal(np.stack([own.x, own.y], axis=1), one.particles.centres)
        for columns, values in (
            (("rlnAngleRot", "rlnAngleTilt", "rlnAnglePsi"), one.particles.angles),
            (("rlnDefocusU", "rlnDefocusV", "rlnDefocusAngle"), one.particles.defocus),
            (("rlnClassNumber",), one.particles.species[:, None] + 1),
        ):
            read = np.stack([own.extra[column].astype(float) for column in columns], axis=1)
            np.testing.assert_array_equal(read, values)
    decoys = motes.read_picks(tmp_path / "decoys.star")
    assert len(decoys) == 6
    assert not (tmp_path / "aggregates.star").exists()


def test_the_star_is_relions(tmp_path):
    starfile = pytest.importorskip("starfile")
    made = drawn(voltage=200.0, spherical_aberration=1.4, amplitude_contrast=0.07, b_factor=60.0, pixel_size=3.0)
    simulate.write_micrographs(tmp_path, made)
    blocks = starfile.read(tmp_path / "particles.star", always_dict=True)
    optics = blocks["optics"].iloc[0]
    for name, value in (
        ("rlnVoltage", 200),
        ("rlnSphericalAberration", 1.4),
        ("rlnAmplitudeContrast", 0.07),
        ("rlnMicrographPixelSize", 3.0),
        ("rlnMicrographOriginalPixelSize", 3.0),
        ("rlnOpticsGroup", 1),
    ):
        assert optics[name] == value
    assert (blocks["particles"]["rlnOpticsGroup"] == 1).all()
    assert (blocks["particles"]["rlnCtfBfactor"] == 60).all()


def test_a_projection_by_the_stars_angles_is_the_particle(tmp_path):
    """From the files and the conventions alone: blobs turned by the STAR's angles, imaged by its CTF."""
    made = drawn(
        preset="seed", snr=1e5, n_decoys=0, particles=3, pixel_size=4.0, n=1, astigmatism=0.3, min_distance=2.5
    )
    simulate.write_micrographs(tmp_path, made)
    picks = motes.read_picks(tmp_path / "particles.star")
    data = motes.read_micrograph(tmp_path / "seed_001.mrc").data
    optics, side = made.settings.optics, 97
    blobs = blobs_of("ribosome")
    kx, ky = np.fft.rfftfreq(side, 4.0), np.fft.fftfreq(side, 4.0)[:, None]
    flat = np.pad(data - np.median(data), side)
    for i in range(len(picks)):
        values = {name: float(picks.extra[name][i]) for name in picks.extra}
        matrix = reference.euler_zyz(*(values[f"rlnAngle{name}"] for name in ("Rot", "Tilt", "Psi")))
        x, y = int(np.rint(picks.x[i])), int(np.rint(picks.y[i]))
        offset = (picks.x[i] - x, picks.y[i] - y)
        image = reference.project_blobs(blobs.centres * 40, blobs.sigma * 40, blobs.weight, matrix, side, offset)
        transfer = ctf(kx, ky, *(values[f"rlnDefocus{name}"] for name in ("U", "V", "Angle")), optics)
        expected = np.fft.irfft2(np.fft.rfft2(image) * transfer, s=image.shape)
        cut = flat[y + side - side // 2 :, x + side - side // 2 :][:side, :side]
        near = np.hypot(*(np.mgrid[:side, :side] - side // 2)) < 24  # fringes of neighbours beyond
        assert np.corrcoef(cut[near], -expected[near])[0, 1] > 0.99


def test_the_same_seed_writes_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        simulate.write_micrographs(tmp_path / name, drawn(preset="contaminated", species="rod", n_decoys=0))
    assert contents(tmp_path / "a") == contents(tmp_path / "b")


def test_the_description_makes_it_again(tmp_path):
    made = drawn(dose=25.0)
    simulate.write_micrographs(tmp_path, made)
    told = json.loads((tmp_path / "simulation.json").read_text())
    assert told["settings"].pop("n_micrographs") == 2
    again = simulate.micrographs("seed", 2, seed=told["seed"], **told["settings"])
    assert again[1].data.tobytes() == made[1].data.tobytes()
    assert told["snr"] == pytest.approx(made.settings.snr_equivalent)
    assert told["dose"] == pytest.approx(25)


def test_no_second_simulation_in_one_folder(tmp_path):
    simulate.write_micrographs(tmp_path, drawn())
    before = contents(tmp_path)
    with pytest.raises(ValueError, match=r"holds a simulation already \(simulation.json\); choose another folder"):
        simulate.write_micrographs(tmp_path, drawn(preset="contaminated", species="rod", n_decoys=0))
    assert contents(tmp_path) == before


def test_a_name_with_blanks(tmp_path):
    simulate.write_micrographs(tmp_path, simulate.micrographs("seed", name="my grid", **PLACE))
    assert motes.read_picks(tmp_path / "particles.star").micrographs[0] == "my grid_001.mrc"


# -- a user's volume -------------------------------------------------------------------------------------------------


def volume_file(tmp_path, data, voxel=None):
    import mrcfile

    path = tmp_path / "volume.mrc"
    with warnings.catch_warnings(), mrcfile.new(path) as file:
        warnings.simplefilter("ignore")  # of densities that are not finite
        file.set_data(np.asarray(data, np.float32))
        file.set_volume()
        if voxel:
            file.voxel_size = voxel
    return str(path)


def test_a_users_volume(tmp_path):
    z, y, x = np.mgrid[:40, :40, :40] - 20
    inside = (x / 12) ** 2 + (y / 8) ** 2 + (z / 5) ** 2 < 1
    path = volume_file(tmp_path, inside, 3.0)
    made = drawn(preset="seed", species=path, diameter=0, n_decoys=0, snr=1.0, pixel_size=3.0)
    assert made.diameter == pytest.approx(24, abs=2)
    signal = made.signal(0)
    x, y = np.rint(made[0].particles.centres[0]).astype(int)
    assert signal[y, x] > 0.5 * signal.max() * 0.3
    coarse = drawn(preset="seed", species=path, diameter=0, n_decoys=0, snr=1.0, pixel_size=6.0)
    assert coarse.diameter == pytest.approx(12, abs=1)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.ones((4, 5, 6)), r"volume.mrc: expected a cube of 4 to 256 voxels a side, got 6 x 5 x 4"),
        (np.zeros((8, 8, 8)), "volume.mrc: expected a density, got zeros alone"),
        (np.full((8, 8, 8), np.nan), "volume.mrc: expected finite densities"),
    ],
)
def test_refuses_volumes(tmp_path, data, message):
    with pytest.raises(ValueError, match=message):
        drawn(preset="seed", species=volume_file(tmp_path, data), n_decoys=0)


def test_refuses_what_is_no_volume(tmp_path):
    (tmp_path / "text.mrc").write_text("no volume")
    with pytest.raises(motes.FormatError, match="no MRC header"):
        drawn(preset="seed", species=str(tmp_path / "text.mrc"), n_decoys=0)
    with pytest.raises(FileNotFoundError):
        drawn(preset="seed", species=str(tmp_path / "nowhere.mrc"), n_decoys=0)
