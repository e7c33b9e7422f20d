"""Fourier shell and ring correlation: the definition, an analytic case, a second implementation, refusals."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from motes.resolution import frc, fsc, resolution_at, soft_sphere
from motes.resolution.masks import alike
from motes.resolution.shells import Shells


def pair(shape, seed=0, noise=1.0):
    """A signal that fades towards high frequencies, twice with noise of its own."""
    rng = np.random.default_rng(seed)
    signal, *noises = rng.standard_normal((3, *shape))
    for axis in range(len(shape)):
        signal = (2 * signal + np.roll(signal, 1, axis) + np.roll(signal, -1, axis)) / 2
    return signal + noise * noises[0], signal + noise * noises[1]


shapes = st.lists(st.integers(2, 9), min_size=2, max_size=3).map(tuple)


@given(shape=shapes, seed=st.integers(0, 5), offset=st.sampled_from([0.0, 3.0]))
@settings(max_examples=60, deadline=None)
def test_it_is_its_definition(shape, seed, offset):
    """Odd and even sides, and sides that differ."""
    first, second = (values + offset for values in pair(shape, seed))
    curve = fsc(first, second, voxel_size=None) if len(shape) == 3 else frc(first, second)
    expected, count = reference.shell_correlation(first, second)
    np.testing.assert_array_equal(curve.n_voxels, count)
    np.testing.assert_allclose(curve.correlation, expected, rtol=0, atol=2e-6)
    np.testing.assert_allclose(curve.frequency, np.arange(len(count)) / max(shape))


@pytest.mark.parametrize("shape", [(32, 32, 32), (33, 33, 33), (24, 32, 40), (64, 64), (63, 65)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int16, np.float16, ">f4"])
def test_to_a_millionth_in_every_type(shape, dtype):
    first, second = (np.rint(100 * values).astype(dtype) for values in pair(shape))
    curve = fsc(first, second, voxel_size=1.2) if len(shape) == 3 else frc(first, second)
    expected, _ = reference.shell_correlation(first.astype(float), second.astype(float))
    np.testing.assert_allclose(curve.correlation, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("offset", [1e3, 1e6, -1e9])
def test_a_large_mean_hides_nothing(offset):
    """What float64 keeps beside it counts, also under a mask of the whole box and where phases are random."""
    first, second = (values + offset for values in pair((24, 24, 24), noise=3.0))
    expected, _ = reference.shell_correlation(first - first.mean(), second - second.mean())
    plain = fsc(first, second, voxel_size=1)
    np.testing.assert_allclose(plain.correlation[1:], expected[1:], rtol=0, atol=1e-6)
    masked = [
        fsc(*maps, voxel_size=1, mask=np.ones((24, 24, 24)), randomise_from=4)
        for maps in ((first, second), (first - first.mean(), second - second.mean()))
    ]
    np.testing.assert_allclose(masked[0].masked[1:], expected[1:], rtol=0, atol=1e-6)
    np.testing.assert_allclose(masked[0].randomised[1:], masked[1].randomised[1:], rtol=0, atol=1e-6)


def test_scale_offset_and_sign():
    first, second = pair((20, 20, 20))
    curve = fsc(first, second, voxel_size=1)
    for scaled in (1e30 * first, 1e-30 * first, (1e-4 * first + 5e-4).astype(np.float32)):
        np.testing.assert_allclose(fsc(scaled, second, voxel_size=1).correlation[1:], curve.correlation[1:], atol=1e-5)
    np.testing.assert_allclose(fsc(-first, second, voxel_size=1).correlation, -curve.correlation, atol=1e-6)
    assert fsc(first, first, voxel_size=1).correlation == pytest.approx(np.ones(11), abs=1e-7)
    assert fsc(first + 5, second + 5, voxel_size=1).correlation[0] == pytest.approx(1)


def test_an_offset_a_thousand_times_the_signal_costs_nothing():
    first, second = pair((20, 20, 20))
    curve = fsc(first + 1000, second - 1000, voxel_size=1)
    expected, _ = reference.shell_correlation(first, second)
    np.testing.assert_allclose(curve.correlation[1:], expected[1:], atol=1e-4)  # float32 keeps 3e-5 of such a signal


@pytest.mark.parametrize("shape", [(30, 30, 30), (31, 31, 31), (64, 48)])
def test_the_same_bits_for_any_number_of_threads(shape):
    first, second = pair(shape)
    mask = soft_sphere(shape, 8)
    run = (
        (lambda **more: fsc(first, second, voxel_size=1, **more))
        if len(shape) == 3
        else lambda **m: frc(first, second, **m)
    )
    for options in ({}, {"mask": mask}):
        curves = [run(threads=threads, **options) for threads in (1, 2, 5)]
        for other in curves[1:]:
            for name in ("correlation", "low", "high"):
                np.testing.assert_array_equal(getattr(other, name), getattr(curves[0], name))


@pytest.mark.parametrize("shape", [(40, 40, 40), (41, 41, 41), (128, 128), (127, 129)])
def test_the_truth_is_within_the_band(shape):
    """White signal through a known filter, with independent noise: rho = H^2 / (H^2 + sigma^2) in every shell."""
    shells = Shells(shape)
    n = max(shape)
    radius = np.sqrt(sum(np.ix_(*[(np.fft.fftfreq(side) * n) ** 2 for side in shape])))
    transfer = np.exp(-((np.rint(radius) / (0.25 * n)) ** 2))  # constant within a shell, as the statistics ask
    sigma = 0.5
    of_shell = np.exp(-((np.arange(shells.n) / (0.25 * n)) ** 2)) ** 2
    rho = of_shell / (of_shell + sigma**2)
    within, n_seeds = np.zeros(shells.n), 40
    z = []
    for seed in range(n_seeds):
        rng = np.random.default_rng(seed)
        signal, *noise = rng.standard_normal((3, *shape))
        signal = np.fft.ifftn(np.fft.fftn(signal) * transfer).real
        halves = [signal + sigma * each for each in noise]
        curve = fsc(*halves, voxel_size=1) if len(shape) == 3 else frc(*halves)
        within += (curve.low <= rho) & (rho <= curve.high)
        z.append((np.arctanh(curve.correlation[4:]) - np.arctanh(rho[4:])) * np.sqrt(curve.n_voxels[4:]))
    tried = n_seeds * (shells.n - 1)
    covered = within[1:].sum() / tried
    assert abs(covered - 0.95) < 4 * np.sqrt(0.95 * 0.05 / tried), covered
    assert np.std(z) == pytest.approx(1, abs=0.06)
    assert abs(np.mean(z)) < 0.15


@pytest.mark.parametrize(("shape", "radius", "edge"), [((36, 36, 36), 9, 4), ((36, 36, 36), 12, 0), ((64, 64), 14, 5)])
def test_a_mask_leaves_fewer_independent_voxels(shape, radius, edge):
    """White noise under a mask: the variance of its correlation is 1 over twice the number stated."""
    mask = soft_sphere(shape, radius, edge)
    correlations = []
    for seed in range(60 if len(shape) == 3 else 600):
        first, second = np.random.default_rng(seed).standard_normal((2, *shape), dtype=np.float32)
        options = {"mask": mask, "correct": False}
        curve = fsc(first, second, voxel_size=1, **options) if len(shape) == 3 else frc(first, second, **options)
        correlations.append(curve.correlation)
    inside = slice(5, shape[0] // 2 - 1)  # at Nyquist and below the mask's own width shells are not alike
    measured = np.mean(np.var(correlations, axis=0)[inside] * 2 * curve.n_independent[inside])
    assert measured == pytest.approx(1, abs=0.1)
    assert curve.n_independent[8] < 0.8 * curve.n_voxels[8] / 2
    covered = np.mean(
        [(np.abs(np.arctanh(c[inside])) < 1.96 / np.sqrt(2 * curve.n_independent[inside] - 2)) for c in correlations]
    )
    assert covered == pytest.approx(0.95, abs=0.02)


def test_without_a_mask_all_voxels_are_independent():
    assert alike(np.ones((12, 12, 12), np.float32), Shells((12, 12, 12)), workers=1) == pytest.approx(1, abs=1e-6)


def masked_pair(shape=(48, 48, 48)):
    """A particle in the middle, noise all over; the mask is sharp and of its own shape, as a tight one is."""
    rng = np.random.default_rng(4)
    fine = rng.standard_normal((3, *shape))
    shell = np.rint(np.sqrt(sum(np.ix_(*[(np.fft.fftfreq(side) * side) ** 2 for side in shape]))))
    signal = np.fft.ifftn(np.fft.fftn(fine[0]) * (shell < 10)).real * soft_sphere(shape, 10, 2)
    mask = soft_sphere(shape, 6, 1) + np.roll(soft_sphere(shape, 6, 1), 8, 0)
    signal *= 40
    return signal + fine[1], signal + fine[2], np.minimum(mask, 1).astype(np.float32)


def test_what_a_mask_makes_alike_is_taken_out():
    """Chen et al.: the masked curve is high by the mask alone beyond the signal, the corrected one is not."""
    first, second, mask = masked_pair()
    curve = fsc(first, second, voxel_size=1.5, mask=mask, randomise_from=14)
    assert curve.randomised_from == 14
    np.testing.assert_array_equal(curve.correlation[:16], curve.masked[:16])
    chance = np.clip(curve.randomised[16:], 0, None)
    np.testing.assert_allclose(curve.correlation[16:], (curve.masked[16:] - chance) / (1 - chance), atol=1e-12)
    plain = fsc(first, second, voxel_size=1.5)
    np.testing.assert_array_equal(curve.unmasked, plain.correlation)
    by_hand = fsc(first * mask, second * mask, voxel_size=1.5)
    np.testing.assert_allclose(curve.masked, by_hand.correlation, atol=1e-6)
    uncorrected = fsc(first, second, voxel_size=1.5, mask=mask, correct=False)
    np.testing.assert_array_equal(uncorrected.correlation, curve.masked)
    assert uncorrected.randomised is None


def test_the_default_shell_is_the_first_below_08():
    first, second = pair((40, 40, 40), noise=2.0)
    curve = fsc(first, second, voxel_size=1, mask=soft_sphere((40, 40, 40), 14))
    assert curve.unmasked[curve.randomised_from] < 0.8
    assert (curve.unmasked[1 : curve.randomised_from] >= 0.8).all()


def test_maps_that_agree_everywhere_need_no_correction():
    first, _ = pair((20, 20, 20))
    curve = fsc(first, first, voxel_size=1, mask=soft_sphere((20, 20, 20), 6))
    assert curve.randomised_from is None
    assert curve.correlation == pytest.approx(np.ones(11), abs=1e-6)


def test_randomised_phases_keep_the_amplitudes_and_follow_the_seed():
    from motes.resolution.correlation import _randomised

    for shape in ((16, 16, 16), (15, 15, 15)):
        volume = pair(shape)[0].astype(np.float32)
        shells = Shells(shape)
        changed = [_randomised(volume, shells, 4, seed, 0, 1) for seed in (0, 0, 1)]
        np.testing.assert_array_equal(changed[0], changed[1])
        assert np.abs(changed[0] - changed[2]).max() > 0.01
        before, after = (np.fft.rfftn(values) for values in (volume / np.abs(volume).max(), changed[0]))
        np.testing.assert_allclose(abs(after), abs(before), atol=1e-4 * abs(before).max())
        low = np.concatenate([numbers < 4 for numbers in shells.numbers()]).reshape(before.shape)
        np.testing.assert_allclose(after[low], before[low], atol=1e-5 * abs(before).max())
        independent = fsc(volume, changed[0], voxel_size=1)
        assert (independent.correlation[1:4] > 0.9999).all()
        assert np.abs(independent.correlation[5:]).max() < 0.35


@pytest.mark.parametrize("shape", [(32, 32, 32), (33, 33, 33), (64, 64), (65, 65)])
def test_beside_aspire(shape, monkeypatch):
    """The same shells, but for Nyquist's, which ASPIRE leaves out.

    For even sides ASPIRE 0.14 measures radii from a point half a voxel off the transform's origin (`shifted=True`); it
    is told the origin here, and the test below holds that this is the whole difference.
    """
    estimation = pytest.importorskip("aspire.utils.resolution_estimation", reason="pip install aspire")
    for name in ("grid_2d", "grid_3d"):
        grid = getattr(estimation, name)
        monkeypatch.setattr(estimation, name, lambda n, grid=grid, **how: grid(n, **how | {"shifted": False}))
    first, second = pair(shape)
    curve, theirs = beside(estimation, first, second)
    correlation = np.ravel(theirs.correlations)
    last = 1 + (max(shape) - 1) // 2
    np.testing.assert_allclose(curve.correlation[1:last], correlation[: last - 1], atol=1e-6)
    # Theirs is the first ring that is not above, by its number from 0: no interpolation, and one shell coarser.
    below = int(np.argmax(curve.correlation[1:] <= 0.5)) + 1
    assert float(theirs.analyze_correlations(0.5).item()) == pytest.approx(max(shape) * 1.5 / (below - 1))
    assert max(shape) * 1.5 / below <= resolution_at(curve, "0.5").value <= max(shape) * 1.5 / (below - 1)


@pytest.mark.parametrize("shape", [(33, 33, 33), (65, 65)])
def test_beside_aspire_as_it_is(shape):
    """Odd sides: nothing is changed."""
    estimation = pytest.importorskip("aspire.utils.resolution_estimation", reason="pip install aspire")
    curve, theirs = beside(estimation, *pair(shape))
    np.testing.assert_allclose(curve.correlation[1:], np.ravel(theirs.correlations), atol=1e-6)


def beside(aspire, first, second):
    """Both programs' curves, 1.5 angstrom a voxel."""
    if first.ndim == 3:
        return fsc(first, second, voxel_size=1.5), aspire.FourierShellCorrelation(first, second, pixel_size=1.5)
    return frc(first, second, pixel_size=1.5), aspire.FourierRingCorrelation(first, second, pixel_size=1.5)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"half2": pair((4, 4, 5))[0]}, ValueError, "half2: expected shape (4, 4, 4), as half1's, got (4, 4, 5)"),
        ({"half1": np.zeros((4, 4, 4))}, ValueError, "half1: all values are 0, expected a map"),
        ({"half2": np.full((4, 4, 4), 2)}, ValueError, "half2: all values are 2, expected a map"),
        ({"half1": np.ones((4, 4))}, ValueError, "half1: expected 3 axes of 2 or more, got shape (4, 4)"),
        ({"half1": np.ones((1, 4, 4))}, ValueError, "half1: expected 3 axes of 2 or more, got shape (1, 4, 4)"),
        ({"half1": [[[1.0]]]}, TypeError, "half1: expected an array of real numbers, got list"),
        ({"half2": np.ones((4, 4, 4), complex)}, TypeError, "half2: expected an array of real numbers, got complex128"),
        ({"voxel_size": (1.0, 1.0, 1.1)}, ValueError, "voxel_size: anisotropic, 1 x 1 x 1.1 angstrom"),
        ({"voxel_size": (1.0, 1.0)}, ValueError, "voxel_size: expected one number or 3, got 2"),
        ({"voxel_size": 0.0}, ValueError, "voxel_size: expected a positive, finite number, got 0"),
        ({"voxel_size": "1"}, TypeError, "voxel_size: expected a number"),
        ({"mask": np.zeros((4, 4, 4))}, ValueError, "mask: hides everything"),
        ({"mask": np.ones((4, 4, 3))}, ValueError, "mask: expected shape (4, 4, 4), as the maps', got (4, 4, 3)"),
        ({"mask": np.full((4, 4, 4), 1.5)}, ValueError, "mask: expected values from 0 to 1, got 1.5 to 1.5"),
        ({"mask": np.full((4, 4, 4), np.nan)}, ValueError, "mask: expected values from 0 to 1, got nan"),
        ({"mask": "soft"}, TypeError, "mask: expected an array of real numbers, got str"),
        ({"mask": np.ones((4, 4, 4)), "randomise_from": 3}, ValueError, "randomise_from: expected a shell of 1 to 2"),
        ({"confidence": 1.0}, ValueError, "confidence: expected a number between 0 and 1, got 1"),
        ({"threads": 0}, ValueError, "threads: expected 1 to 1024, got 0"),
    ],
)
def test_refusals(change, error, message):
    first, second = pair((4, 4, 4))
    arguments = {"half1": first, "half2": second, "voxel_size": 1.0} | change
    with pytest.raises(error, match=re.escape(message)):
        fsc(arguments.pop("half1"), arguments.pop("half2"), **arguments)


def test_what_is_not_finite_is_named_by_its_place():
    first, second = pair((4, 4, 4))
    second[1, 2, 3] = np.nan
    with pytest.raises(ValueError, match=re.escape("half2: not finite at (1, 2, 3)")):
        fsc(first, second, voxel_size=1)
    with pytest.raises(ValueError, match=re.escape("image2: not finite at (2, 3)")):
        frc(first[1], second[1])


def test_nothing_left_under_the_mask():
    first, second = pair((8, 8, 8))
    mask = np.zeros((8, 8, 8))
    mask[:2] = 1
    first[:2] = 0
    with pytest.raises(ValueError, match="half1: nothing is left under the mask"):
        fsc(first, second, voxel_size=1, mask=mask)


def test_voxel_sizes_within_a_thousandth_are_one():
    first, second = pair((6, 6, 6))
    assert fsc(first, second, voxel_size=(1.5, 1.5, 1.5004)).voxel_size == 1.5
    assert frc(first[0], second[0], pixel_size=np.array([2.0, 2.0])).unit == "angstrom"
