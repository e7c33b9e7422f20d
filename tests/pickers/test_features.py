"""The filter bank: its filters by their definitions, and what turning a micrograph does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from motes.pickers.features import BANDS, DEVIATIONS, ENERGIES, EXTREMES, N_PLANES, SCALES, SHAPES, features
from motes.pickers.preparation import BINNED_DIAMETER, prepare
from scenes import DIAMETER, scene, turned


@pytest.fixture(scope="module")
def prepared():
    return prepare(scene()[0], DIAMETER)


@pytest.fixture(scope="module")
def planes(prepared):
    return features(prepared, DIAMETER).planes


@pytest.fixture
def unit(prepared):
    return DIAMETER / prepared.binning / BINNED_DIAMETER


def test_planes_are_counted_finite_and_of_the_image(prepared, planes):
    assert planes.shape == (N_PLANES, *prepared.image.shape)
    assert planes.dtype == np.float32
    assert np.isfinite(planes).all()


@pytest.mark.parametrize("k", range(2, len(SCALES) - 1))
def test_bands_are_differences_of_gaussians(prepared, planes, unit, k):
    narrow, wide = (
        ndimage.gaussian_filter(prepared.image.astype(np.float64), scale * unit, truncate=6)
        for scale in SCALES[k : k + 2]
    )
    np.testing.assert_allclose(planes[k], narrow - wide, atol=4e-3)


def test_deviations_are_of_gaussian_windows(prepared, planes, unit):
    first = len(SCALES) - 1 + 3 * len(SHAPES)
    image = prepared.image.astype(np.float64)
    for k, width in enumerate(DEVIATIONS[1:], 1):
        mean, square = (ndimage.gaussian_filter(values, width * unit, truncate=6) for values in (image, image**2))
        np.testing.assert_allclose(planes[first + k], np.sqrt(square - mean**2), atol=0.03)


def test_extremes_are_of_odd_windows(prepared, planes, unit):
    first = len(SCALES) - 1 + 3 * len(SHAPES) + len(DEVIATIONS)
    side = 2 * round((EXTREMES[0] * unit - 1) / 2) + 1
    padded = np.pad(prepared.image, side // 2, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    np.testing.assert_array_equal(planes[first], windows.min(axis=(2, 3)))
    np.testing.assert_array_equal(planes[first + 1], windows.max(axis=(2, 3)))


def test_energies_are_local_means_of_squared_bands(planes, unit):
    first = N_PLANES - (BANDS + 4) * len(ENERGIES)
    band = planes[2].astype(np.float64)
    for k, width in enumerate(ENERGIES):
        expected = np.sqrt(ndimage.gaussian_filter(band**2, width * unit, truncate=6))
        np.testing.assert_allclose(planes[first + 2 * len(ENERGIES) + k], expected, atol=2e-3)


@pytest.mark.parametrize("k", [1, 2, 3])
def test_no_filter_knows_a_direction(planes, k):
    micrograph, _ = scene()
    other = features(prepare(turned(micrograph, k), DIAMETER), DIAMETER).planes
    expected = np.rot90(planes, k, axes=(1, 2))
    scale = planes.std(axis=(1, 2), keepdims=True)
    assert (np.abs(other - expected) <= 0.01 * scale + 1e-4).mean() > 0.999


def test_filters_grow_with_the_particle():
    """A micrograph of twice the size with particles of twice the diameter looks the same."""
    micrograph, _ = scene(diameter=27.0, n=10)
    large = type(micrograph)(micrograph.data.repeat(2, axis=0).repeat(2, axis=1), "large", "MRC")
    one, two = (features(prepare(m, d), d).planes for m, d in ((micrograph, 27.0), (large, 54.0)))
    assert one.shape == two.shape
    same = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one[:50], two[:50], strict=True)]
    assert min(same) > 0.99
