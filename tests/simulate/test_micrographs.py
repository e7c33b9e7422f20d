"""What simulated micrographs promise: the SNR, the truth, the same bytes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motes import simulate
from motes.simulate.cryoem.background import coloured_noise
from motes.simulate.cryoem.optics import ctf
from motes.simulate.cryoem.particles import uniform_angles
from motes.simulate.cryoem.projection import rotation
from motes.simulate.cryoem.simulation import support

SMALL = {"shape": (400, 440), "diameter": 40, "particles": 12, "n": 3}


def small(preset="seed", **changes):
    return simulate.micrographs(preset, **(SMALL | {"seed": 5, "pixel_size": 4.0} | changes))


def window(image, centre, side):
    x, y = np.rint(centre).astype(int) - side // 2
    return image[y : y + side, x : x + side]


# -- signal and noise -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("species", ["ribosome", "tetramer", "ring", "rod"])
@pytest.mark.parametrize("noise", [{"snr": 0.05}, {"snr": 2.0, "coloured": 0.3}, {"dose": 20.0, "coloured": 0.1}])
def test_the_snr_is_what_was_asked_for(species, noise):
    drawn = small(species=species, shape=(1000, 1000), particles=100, n=2, **noise)
    inside = support(41, 40)
    variances = []
    for i in range(2):
        signal = drawn.signal(i)
        variances += [window(signal, centre, 41)[inside].var() for centre in drawn[i].particles.centres]
    noise_variance = np.mean([drawn.noise(i).var() for i in range(2)])
    assert np.mean(variances) / noise_variance == pytest.approx(drawn.settings.snr_equivalent, rel=0.08)


def test_dose_and_snr_say_the_same():
    by_snr = small(snr=0.2).settings
    by_dose = small(dose=by_snr.dose_equivalent).settings
    assert by_dose.snr_equivalent == pytest.approx(0.2)
    assert by_dose.electrons == pytest.approx(by_dose.dose * 16)
    # (1 - coloured) dose pixel_size^2 contrast^2
    coloured = small(dose=30.0, coloured=0.25, contrast=0.04, pixel_size=2.0).settings
    assert coloured.snr_equivalent == pytest.approx(0.75 * 30 * 4 * 0.04**2)


def test_shot_noise_is_counted():
    drawn = small(dose=0.5, particles=0)[0].data  # 8 electrons a pixel
    assert (drawn == np.rint(drawn)).all()
    assert drawn.min() >= 0
    assert drawn.mean() == pytest.approx(8, rel=0.01)
    assert drawn.var() == pytest.approx(8, rel=0.02)


@pytest.mark.parametrize("shape", [(256, 256), (255, 201), (200, 301)])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_coloured_noise_has_its_variance_and_its_power_law(shape, exponent):
    longest, n = 60.0, 12
    power = np.zeros(shape)
    for seed in range(n):
        noise = coloured_noise(shape, 2.5, exponent, longest, np.random.default_rng(seed))
        power += np.abs(np.fft.fft2(noise)) ** 2 / noise.size**2 / n
    assert power.sum() == pytest.approx(2.5, rel=0.1)
    ky, kx = np.meshgrid(np.fft.fftfreq(shape[0]), np.fft.fftfreq(shape[1]), indexing="ij")
    expected = (kx**2 + ky**2 + longest**-2) ** (-exponent / 2)
    expected[0, 0] = 0
    expected *= 2.5 / expected.sum()
    ring = np.rint(np.hypot(kx, ky) * 60).astype(int)
    for r in range(1, 20):
        assert power[ring == r].mean() == pytest.approx(expected[ring == r].mean(), rel=0.3)
    # the columns that are their own mirror images, too
    assert power[1:, 0].mean() == pytest.approx(expected[1:, 0].mean(), rel=0.5)


def test_ice_grows_thicker_across():
    drawn = small(particles=40, ice_gradient=1.5, snr=1e4, n=1)[0]
    quarters = [
        drawn.data[:100].mean(),
        drawn.data[-100:].mean(),
        drawn.data[:, :100].mean(),
        drawn.data[:, -100:].mean(),
    ]
    assert max(quarters) > 1.05 * min(quarters)
    contrast = drawn.particles.contrast
    local = np.array([window(drawn.data, centre, 11).mean() for centre in drawn.particles.centres])
    assert np.corrcoef(contrast, local)[0, 1] > 0.5  # thin ice is bright, and shows particles best


# -- truth -----------------------------------------------------------------------------------------------------------


def test_coordinates_sit_on_the_particles():
    """The projection by the truth's angles is found at the truth's coordinates, to a fraction of a pixel."""
    drawn = small(species=("ribosome", "rod"), abundance=(0.5, 0.5), particles=15, min_distance=1.3)
    signal, one = drawn.signal(1), drawn[1]
    for centre, angles, species in zip(one.particles.centres, one.particles.angles, one.particles.species, strict=True):
        engine = drawn._species[drawn.settings.species[species]].engine
        side = 61
        found = window(np.pad(signal, side), centre + side, side)
        offset, scale = centre - np.rint(centre), drawn._species[drawn.settings.species[species]].scale
        scale *= drawn.settings.contrast
        assert (
            np.corrcoef(found.ravel(), engine.image(angles, offset, side).ravel())[0, 1] > 0.97
        )  # neighbours reach in

        steps = [(0, 0), (0.3, 0), (-0.3, 0), (0, 0.3), (0, -0.3)]
        misfits = [np.sum((found - scale * engine.image(angles, offset + step, side)) ** 2) for step in steps]
        assert misfits[0] < 0.5 * min(misfits[1:])


def test_the_micrograph_is_the_projections_through_the_ctf():
    """By the formulas alone: project, multiply the transform by -CTF, add, for every particle with its own defocus."""
    drawn = small(snr=1e5, defocus_spread=0.2, astigmatism=0.2, coloured=0.0, particles=6, n=1)
    one, settings = drawn[0], drawn.settings
    height, width = one.data.shape
    kx, ky = np.fft.rfftfreq(width, 4.0), np.fft.fftfreq(height, 4.0)[:, None]
    expected = np.ones((height, width))
    for i in range(len(one.particles)):
        engine = drawn._species["ribosome"]
        whole = np.rint(one.particles.centres[i]).astype(int)
        image = engine.engine.image(one.particles.angles[i], one.particles.centres[i] - whole) * engine.scale * 0.03
        side = len(image)
        canvas = np.zeros((height + 2 * side, width + 2 * side))
        x, y = whole + side - side // 2
        canvas[y : y + side, x : x + side] = image
        alone = canvas[side:-side, side:-side]
        transfer = ctf(kx, ky, *one.particles.defocus[i], settings.optics)
        expected -= np.fft.irfft2(np.fft.rfft2(alone) * transfer, s=alone.shape)
    inner = np.s_[60:-60, 60:-60]  # fringes that leave are periodic here
    contrast = (one.data / settings.electrons - 1)[inner]
    assert np.abs(contrast).max() > 0.05
    np.testing.assert_allclose(contrast, (expected - 1)[inner], atol=2e-3)


def test_one_ctf_for_all_is_each_with_the_same():
    shared = small(snr=1e5, coloured=0.0, n=1)
    apart = small(snr=1e5, coloured=0.0, n=1, defocus_spread=1e-9)
    np.testing.assert_allclose(shared[0].data, apart[0].data, rtol=2e-3)


def test_particles_are_dark():
    one = small(snr=1e5, coloured=0.0, defocus=(3.0, 3.0), particles=8, n=1)[0]
    middles = [window(one.data, centre, 9).mean() for centre in one.particles.centres]
    assert np.mean(middles) < np.median(one.data)


@pytest.mark.parametrize("min_distance", [0.0, 0.7, 1.0, 1.5])
def test_distances_are_kept(min_distance):
    one = small("crowded", snr=1.0, particles=15, n_decoys=5, aggregates=0, min_distance=min_distance)[0]
    centres = np.concatenate([one.particles.centres, one.decoys.centres])
    assert (len(one.particles), len(one.decoys)) == (15, 5)
    apart = np.hypot(*(centres[:, None] - centres[None]).transpose(2, 0, 1))[~np.eye(20, dtype=bool)]
    assert apart.min() >= min_distance * 40
    assert (centres >= 20).all()
    assert (centres <= np.array([439, 399]) - 20).all()


def test_nothing_is_labelled_on_carbon_dirt_or_aggregates():
    drawn = small("contaminated", carbon=1.0, particles=10, shape=(600, 600), n=4)
    for i, one in enumerate(drawn):
        layout = drawn._scene(i).layout
        assert np.hypot(*(one.particles.centres - layout.hole.centre).T).max() < layout.hole.radius
        for place, radius in zip(layout.dirt, layout.dirt_radius, strict=True):
            assert np.hypot(*(one.particles.centres - place).T).min() > radius
        for member in one.aggregates.centres:
            assert np.hypot(*(one.particles.centres - member).T).min() >= one.diameter
        dark = one.data.mean() * 0.97
        y, x = np.mgrid[:600, :600]
        carbon = np.hypot(x - layout.hole.centre[0], y - layout.hole.centre[1]) > layout.hole.radius + one.diameter
        assert one.data[carbon].mean() < dark


def test_abundance_is_kept():
    drawn = small(species=("ribosome", "rod"), abundance=(3, 1), particles=40, min_distance=0.2, n=10)
    species = np.concatenate([drawn._scene(i).particles.species for i in range(10)])
    assert np.mean(species == 1) == pytest.approx(0.25, abs=0.07)


def test_orientations_are_uniform():
    views = rotation(uniform_angles(20000, np.random.default_rng(1)))
    np.testing.assert_allclose(views.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(
        np.einsum("nij,nkl->ijkl", views, views)[0, 0] / 20000, [[1 / 3, 0, 0], [0] * 3, [0] * 3], atol=0.02
    )


def test_defocus_is_in_its_range():
    drawn = small(defocus=(1.0, 2.0), astigmatism=0.3, defocus_spread=0.1, n=30)
    tables = [drawn._scene(i).particles.defocus for i in range(30)]
    means = np.array([table[:, :2].mean() for table in tables]) / 1e4
    assert 0.9 < means.min() < 1.2 < 1.8 < means.max() < 2.1
    for table in tables:
        assert (table[:, 0] >= table[:, 1]).all()
        assert (table[0, 0] - table[0, 1]) <= 3000 + 1e-6
        assert len(np.unique(table[:, 0])) == len(table)


# -- seeds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("preset", ["seed", "contaminated"])
def test_the_same_seed_gives_the_same_bytes_in_any_order(preset):
    first, again = small(preset), small(preset)
    last = again[2].data.tobytes()
    assert first[2].data.tobytes() == last
    assert [one.data.tobytes() for one in first][2] == last
    assert first[1].data.tobytes() != last
    assert small(preset, seed=6)[2].data.tobytes() != last
    assert [one.name for one in first[1:]] == first.names()[1:]
    assert first[-1].name == f"{preset}_003"


def test_another_snr_leaves_everything_in_its_place():
    one, other = small(snr=0.1)[0], small(snr=5.0)[0]
    np.testing.assert_array_equal(one.particles.centres, other.particles.centres)
    np.testing.assert_array_equal(one.particles.angles, other.particles.angles)


def test_presets_draw():
    for name in simulate.PRESETS:
        drawn = simulate.micrographs(name, 1, shape=(700, 700), diameter=30, particles=5, n_decoys=0)
        assert np.isfinite(drawn[0].data).all()
        assert drawn[0].data.dtype == np.float32


# -- refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"snr": -1.0}, "snr: expected a positive, finite number, got -1.0"),
        ({"snr": 0.0}, "snr: expected a positive"),
        ({"snr": np.nan}, "snr: expected a positive, finite number, got nan"),
        ({"dose": np.inf}, "dose: expected a positive, finite number, got inf"),
        ({"snr": 1e-300, "contrast": 1e200}, "snr: 1e-300 leaves no finite noise"),
        ({"snr": 0.1, "dose": 20.0}, "snr, dose: two ways to say the same"),
        ({"snr": None}, "snr, dose: expected one of them"),
        ({"diameter": 500.0}, "diameter: 500 pixels do not fit into a micrograph of 400 x 440"),
        ({"diameter": 2.0}, "diameter: expected 4 pixels or more, got 2"),
        ({"diameter": np.nan}, "diameter: expected 0 to 32768, got nan"),
        ({"diameter": 0.0}, "diameter: needed to scale ribosome"),
        ({"shape": (10**9, 10**9)}, "shape: expected at most 268435456 pixels"),
        ({"shape": (0, 100)}, "shape: expected 1 or more, got 0"),
        ({"particles": -1}, "particles: expected 0 or more, got -1"),
        ({"particles": 10**9}, "particles: expected at most 100000, got 1000000000"),
        ({"particles": 200}, r"particles: only \d+ of 200, decoys included, found a place 1 diameters from each other"),
        ({"species": "dragon"}, "species: expected ribosome, .* or the path of an .mrc file, got 'dragon'"),
        ({"species": ()}, "species: expected at least one"),
        ({"pixel_size": 0.1}, "pixel_size: at 0.1 angstrom the CTF spreads .* pixels, expected at most 2048"),
        ({"abundance": (1, 2)}, "abundance: expected 1, one a species, got 2"),
        ({"n_decoys": 3}, "n_decoys: 3 of them, but decoys names none"),
        (
            {"defocus": (2.0, 1.0)},
            "defocus: expected smallest, then largest, within -10 to 10 micrometres, got 2 and 1",
        ),
        (
            {"defocus": (1.0, np.nan)},
            "defocus: expected smallest, then largest, within -10 to 10 micrometres, got 1 and nan",
        ),
        ({"coloured": 1.0}, "coloured: expected 0 to 0.999, got 1.0"),
        ({"carbon": -0.1}, "carbon: expected 0 to 1, got -0.1"),
        ({"pixel_size": 0.0}, "pixel_size: expected a positive"),
        ({"n": 0}, "n_micrographs: expected 1 or more, got 0"),
        ({"seed": -1}, "seed: expected 0 or more, got -1"),
        ({"engine": "magic"}, "engine: expected one of motes, aspire, got 'magic'"),
        ({"preset": "easy"}, "preset: expected one of seed, crowded, faint, contaminated, got 'easy'"),
    ],
)
def test_refuses(changes, message):
    with pytest.raises(ValueError, match=message):
        small(**changes)[0]


@pytest.mark.parametrize(("changes", "message"), [({"snr": "high"}, "snr: .*'high'"), ({"ice": 3}, "ice: no setting")])
def test_refuses_types(changes, message):
    with pytest.raises(TypeError, match=message):
        small(**changes)


def test_no_such_micrograph():
    with pytest.raises(IndexError):
        small()[3]


def test_repr_tells_what_it_is():
    assert re.fullmatch(r"<SimulatedMicrograph seed_001: 400 x 440 pixels, 12 particles>", repr(small()[0]))


def test_the_margin_is_as_wide_as_the_fringes():
    """Twice the defocus, where the lens has no aberration, spreads twice as far, however far that is."""
    one, two = (
        simulate.Settings(snr=0.1, pixel_size=0.8, spherical_aberration=0.0, defocus=(0, defocus)).fringes - 8
        for defocus in (2, 4)
    )
    assert one > 256
    assert two == pytest.approx(2 * one, abs=1)
