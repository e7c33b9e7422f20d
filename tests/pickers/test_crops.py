"""Crops, turns and what is taught where: the same place on image and labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from discs import DIAMETER, circles, discs
from motes.pickers import Labelled, prepare
from motes.pickers.networks.crops import Crop, Jitter, choose_crops, turned, turned_back
from motes.pickers.networks.targets import EMPTY, PARTICLE, REJECTED, UNLABELLED, Hints, teach, weights

TURNS = range(8)


@pytest.mark.parametrize("turn", TURNS)
def test_a_turn_is_undone(turn):
    image = np.arange(24).reshape(2, 3, 4)
    np.testing.assert_array_equal(turned_back(turned(image, turn), turn), image)


def test_the_eight_turns_differ():
    image = np.arange(9).reshape(3, 3)
    assert len({turned(image, turn).tobytes() for turn in TURNS}) == 8


@given(
    x=st.integers(0, 19), y=st.integers(0, 14), top=st.integers(-6, 12), left=st.integers(-6, 16),
    turn=st.integers(0, 7),
)  # fmt: skip
def test_a_place_is_where_its_pixel_is(x, y, top, left, turn):
    image = np.zeros((15, 20))
    image[y, x] = 1
    crop = Crop(0, top, left, 8, turn)
    part = crop.cut(image)
    [(column, row)] = crop.place(np.array([[float(x), float(y)]]))
    assert part.shape == (8, 8)
    if 0 <= column < 8 and 0 <= row < 8:
        assert part[int(row), int(column)] == 1
    else:
        assert part.sum() == 0


def test_half_of_the_crops_hold_a_place_and_none_the_padding():
    insides = [(slice(10, 190), slice(20, 180)), (slice(0, 100), slice(0, 300))]
    places = [np.array([[150.0, 60.0]]), np.zeros((0, 2))]
    crops = choose_crops(np.random.default_rng(0), 400, 40, insides, places)
    near = crops[::2]
    assert all(((crop.place(places[0]) >= 0) & (crop.place(places[0]) < 40)).all() for crop in near)
    assert {crop.micrograph for crop in near} == {0}
    counts = np.bincount([crop.micrograph for crop in crops[1::2]])
    assert counts[1] / counts.sum() == pytest.approx(300 / (160 * 180 / 100 + 300), abs=0.1)  # by area
    for crop in crops:
        rows, columns = insides[crop.micrograph]
        assert rows.start <= crop.top <= rows.stop - 40
        assert columns.start <= crop.left <= columns.stop - 40
    assert {crop.turn for crop in crops} == set(TURNS)


def test_jitter_changes_the_first_channel_alone_and_each_crop_for_itself():
    images = np.random.default_rng(0).normal(size=(5, 3, 6, 6)).astype(np.float32)
    changed = Jitter(noise=0)(images, np.random.default_rng(1))
    np.testing.assert_array_equal(changed[:, 1:], images[:, 1:])
    fits = [np.polyfit(images[k, 0].ravel(), changed[k, 0].ravel(), 1) for k in range(5)]
    assert len({round(float(gain), 4) for gain, _ in fits}) == 5
    np.testing.assert_allclose(changed[0, 0], np.polyval(fits[0], images[0, 0]), atol=1e-5)


@pytest.fixture(scope="module")
def micrograph():
    return discs(1)


@pytest.mark.parametrize("complete", [False, True])
def test_pixels_are_taught_by_their_distance(micrograph, complete):
    """Pixel after pixel."""
    image, places = micrograph
    particles, rejected = places[:6], places[10:13]
    labelled = Labelled([image], circles(particles), circles(rejected), np.array([complete]))
    [taught] = teach(labelled, lambda one: prepare(one, DIAMETER))
    classes = taught.pixels(DIAMETER / taught.prepared.binning)
    assert taught.prepared.binning == 1
    for y in range(0, 200, 3):
        for x in range(0, 180, 3):
            to_particle, to_rejected = (np.hypot(*(some - (x, y)).T).min() for some in (particles, rejected))
            expected = None
            if taught.prepared.mask[y, x]:
                if to_particle <= 0.15 * DIAMETER:
                    expected = PARTICLE
                elif to_particle > 0.28 * DIAMETER:
                    expected = REJECTED if to_rejected <= 0.15 * DIAMETER else EMPTY if complete else UNLABELLED
            assert np.flatnonzero(classes[:, y, x]).tolist() == ([] if expected is None else [expected])


@pytest.mark.parametrize("complete", [False, True])
def test_hints_stand_in_for_labels_where_nobody_has_spoken(micrograph, complete):
    """Pixel after pixel; the first of the likely and of the doubtful places were rejected by a person."""
    image, places = micrograph
    particles, rejected, likely, doubtful = places[:4], places[8:11], places[[8, 4, 5]], places[[9, 6]]
    labelled = Labelled([image], circles(particles), circles(rejected), np.array([complete]))
    hints = Hints(circles(likely), circles(doubtful))
    [taught] = teach(labelled, lambda one: prepare(one, DIAMETER), hints)
    [without] = teach(labelled, lambda one: prepare(one, DIAMETER))
    classes, plain = (one.pixels(DIAMETER / one.prepared.binning) for one in (taught, without))
    if complete:
        np.testing.assert_array_equal(classes, plain)
        return
    rows, columns = np.indices(classes.shape[1:])

    def distance(some):
        return np.min([np.hypot(columns - x, rows - y) for x, y in some], axis=0)

    taken = np.concatenate([particles, likely[1:]])
    np.testing.assert_array_equal(classes[PARTICLE], (distance(taken) <= 0.15 * DIAMETER) & taught.prepared.mask)
    near_hints = distance(np.concatenate([likely[1:], doubtful[1:]])) <= 0.28 * DIAMETER
    np.testing.assert_array_equal(classes[REJECTED:], plain[REJECTED:] & ~near_hints)
    assert (classes[REJECTED] == plain[REJECTED]).all(), "rejections stay"


@pytest.mark.parametrize(
    ("counts", "shares"),
    [
        ((3, 0, 0, 9), (0.5, 0, 0, 0.5)),
        ((3, 2, 0, 7), (0.5, 0.125, 0, 0.375)),
        ((3, 0, 4, 5), (0.5, 0, 0.25, 0.25)),
        ((3, 2, 4, 3), (0.5, 0.125, 0.1875, 0.1875)),
        ((0, 0, 12, 0), (0, 0, 0.5, 0)),
        ((0, 0, 0, 0), (0, 0, 0, 0)),
    ],
)
def test_the_halves_of_the_loss_do_not_depend_on_numbers(counts, shares):
    kinds = np.repeat(np.arange(5), [*counts, 12 - sum(counts)])
    classes = (kinds == np.arange(4)[:, None]).reshape(1, 4, 3, 4)
    particle, background = weights(classes)[0]
    for kind, share in enumerate(shares):
        table = particle if kind == PARTICLE else background
        assert table[classes[0, kind]].sum() == pytest.approx(share)


def test_every_label_on_padding_is_told(micrograph):
    image, _ = micrograph
    labelled = Labelled([image], circles([[2.0, 100.0]]))
    with pytest.raises(ValueError, match="labelled: every particle lies on padding"):
        teach(labelled, lambda one: prepare(one, DIAMETER, border=(0, 0, 9, 0)))
