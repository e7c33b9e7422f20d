"""Preparation: what pickers look at, and what they refuse."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motes.micrograph import Micrograph, read_micrograph
from motes.pickers import prepare
from motes.pickers.frame import Frame
from motes.pickers.padding import find_border
from motes.pickers.preparation import _means, binning_of
from scenes import DIAMETER, scene, turned
from shared_data import DATA

REAL = sorted((DATA / "empiar10017" / "micrographs").glob("*.jpg"))
needs_data = pytest.mark.skipif(not REAL, reason="the real micrographs are not here")


def padded(micrograph, border):
    """Its outermost lines stretched."""
    top, bottom, left, right = border
    return replace(micrograph, data=np.pad(micrograph.data, [(top, bottom), (left, right)], mode="edge"))


@given(height=st.integers(1, 70), width=st.integers(1, 70), b=st.integers(1, 9), seed=st.integers(0, 5))
def test_means_are_means_of_blocks(height, width, b, seed):
    data = np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)
    means = _means(Micrograph(data, "m", "PNG"), b)
    expected = [
        [data[b * j : b * j + b, b * i : b * i + b].mean() for i in range(width // b)] for j in range(height // b)
    ]
    np.testing.assert_allclose(means, np.reshape(expected, (height // b, width // b)), rtol=1e-14)


def test_strips_change_nothing(monkeypatch):
    micrograph, _ = scene()
    whole = prepare(micrograph, DIAMETER)
    for module in ("preparation", "padding"):
        monkeypatch.setattr(f"motes.pickers.{module}.STRIP_ROWS", 33)
    np.testing.assert_array_equal(prepare(micrograph, DIAMETER).image, whole.image)


def test_image_is_normalised_locally():
    prepared = prepare(scene()[0], DIAMETER)
    assert prepared.image.dtype == prepared.fine.dtype == np.float32
    assert prepared.mask.all()
    assert abs(prepared.image.mean()) < 0.05
    assert 0.8 < prepared.image.std() < 1.1
    assert np.abs(prepared.image).max() <= 5


@pytest.mark.parametrize(("gain", "offset"), [(0.01, 0.0), (30.0, -1e5)])
def test_gain_and_offset_change_nothing(gain, offset):
    micrograph, _ = scene()
    scaled = replace(micrograph, data=micrograph.data.astype(np.float64) * gain + offset)
    np.testing.assert_allclose(prepare(scaled, DIAMETER).image, prepare(micrograph, DIAMETER).image, atol=2e-4)


def test_types_of_the_same_numbers_give_the_same_image():
    data = np.random.default_rng(0).integers(0, 255, (120, 130))
    images = [prepare(Micrograph(data.astype(t), "m", "MRC"), 20).image for t in (np.uint8, np.int16, np.float64)]
    np.testing.assert_array_equal(images[0], images[1])
    np.testing.assert_array_equal(images[0], images[2])


def test_a_mapped_file_gives_the_same_image(tmp_path):
    mrcfile = pytest.importorskip("mrcfile")
    micrograph, _ = scene()
    with mrcfile.new(tmp_path / "scene0.mrc") as file:
        file.set_data(micrograph.data)
    mapped = read_micrograph(tmp_path / "scene0.mrc")
    assert isinstance(mapped.data, np.memmap)
    np.testing.assert_array_equal(prepare(mapped, DIAMETER).image, prepare(micrograph, DIAMETER).image)


@given(
    binning=st.sampled_from([1, 2, 8]),
    x=st.floats(-10, 5000),
    border=st.tuples(*[st.integers(0, 30)] * 4),
)
def test_places_go_there_and_back(binning, x, border):
    frame = Frame((border[2], border[0]), binning, (4096, 4096))
    places = np.array([[x, 2 * x + 1]])
    np.testing.assert_allclose(frame.to_image(frame.to_micrograph(places)), places, atol=1e-9)


def test_a_bright_pixel_is_where_it_was():
    data = np.random.default_rng(0).normal(0, 1, (161, 203)).astype(np.float32)
    data[40:42, 100:102] += 100
    prepared = prepare(Micrograph(data, "m", "MRC"), 20, border=(0, 0, 0, 0))
    y, x = np.unravel_index(prepared.image.argmax(), prepared.image.shape)
    np.testing.assert_array_equal(prepared.to_micrograph(np.array([[x, y]])), [[100.5, 40.5]])
    np.testing.assert_array_equal(prepared.to_prepared(np.array([[100.5, 40.5]])), [[x, y]])


@pytest.mark.parametrize("border", [(0, 0, 0, 0), (40, 0, 0, 0), (30, 50, 20, 60), (0, 0, 64, 64)])
def test_stretched_lines_are_found(border):
    micrograph = padded(scene(shape=(400, 420))[0], border)
    found = find_border(micrograph, DIAMETER)
    for lines, told in zip(found, border, strict=True):
        assert lines == 0 if told == 0 else told <= lines <= told + DIAMETER / 2
    prepared = prepare(micrograph, DIAMETER)
    rows, columns = prepared.inside
    assert prepared.mask[rows, columns].all()
    assert prepared.mask.sum() == prepared.image[rows, columns].size
    assert (prepared.image[~prepared.mask] == 0).all()


def test_padding_is_found_whichever_way_the_micrograph_is_turned():
    micrograph = padded(scene(shape=(400, 420))[0], (30, 50, 20, 60))
    top, bottom, left, right = find_border(micrograph, DIAMETER)
    assert find_border(turned(micrograph, 1), DIAMETER) == (right, left, top, bottom)


def test_padding_makes_no_difference_inside():
    micrograph, _ = scene(shape=(400, 420))
    bare, stretched = (
        prepare(one, DIAMETER, border=border)
        for one, border in ((micrograph, (0, 0, 0, 0)), (padded(micrograph, (40, 40, 40, 40)), (40, 40, 40, 40)))
    )
    np.testing.assert_allclose(stretched.image[stretched.inside], bare.image, atol=1e-5)


@needs_data
def test_padding_of_the_real_micrographs():
    for path in REAL:
        top, bottom, left, right = find_border(read_micrograph(path), 108)
        assert 80 <= top <= 96, path
        assert 90 <= bottom <= 112, path
        assert 60 <= left <= 118, path
        assert 100 <= right <= 128, path


def test_the_diameter_chooses_the_binning():
    assert [binning_of(diameter) for diameter in (4, 19, 27, 54, 108, 216)] == [1, 2, 2, 4, 8, 16]


def edited(change):
    micrograph, _ = scene()
    data = micrograph.data.copy()
    change(data)
    return replace(micrograph, data=data)


def poke(value):
    def change(data):
        data[70, 50] = value

    return change


@pytest.mark.parametrize(
    ("micrograph", "message"),
    [
        (edited(lambda data: data.fill(7)), "scene0: is blank, every pixel is 7"),
        (edited(poke(np.nan)), "scene0: holds values that are no finite numbers, the first near binned pixel (50, 70)"),
        (edited(poke(np.inf)), "scene0: holds values that are no finite numbers"),
        (Micrograph(np.ones((15, 300), np.float32), "tiny", "MRC"), "tiny: 15 x 300 pixels, smaller than a particle"),
        (Micrograph(np.ones((0, 0), np.float32), "none", "MRC"), "none: 0 x 0 pixels, smaller than a particle"),
    ],
)
def test_micrographs_that_are_refused(micrograph, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        prepare(micrograph, DIAMETER)


def test_what_is_no_image_is_refused():
    with pytest.raises(TypeError, match="m: expected real numbers of two dimensions, got complex64"):
        prepare(Micrograph(np.ones((90, 90), np.complex64), "m", "MRC"), 20)


@pytest.mark.parametrize("diameter", [0, -3, 3.9, np.nan, np.inf])
def test_diameters_that_are_refused(diameter):
    with pytest.raises(ValueError, match="diameter: expected"):
        prepare(scene()[0], diameter)


def test_a_diameter_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="diameter: expected a number, got '20'"):
        prepare(scene()[0], "20")


@pytest.mark.parametrize(
    ("border", "error", "message"),
    [
        ((1, 2, 3), TypeError, "border: expected 'auto' or four whole numbers, got (1, 2, 3)"),
        ((1, 2, 3, -4), ValueError, "border: expected 0 or more, got -4"),
        (
            (200, 195, 0, 0),
            ValueError,
            "scene0: 400 x 440 pixels with padding (200, 195, 0, 0), smaller than a particle",
        ),
    ],
)
def test_borders_that_are_refused(border, error, message):
    with pytest.raises(error, match=re.escape(message)):
        prepare(scene()[0], DIAMETER, border=border)
