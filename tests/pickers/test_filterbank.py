"""FilterBankPicker: what it finds, what changes nothing, what it refuses."""

from __future__ import annotations

import re
import weakref
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

import gpus
import motes
import motes.pickers.filterbank as module
from motes import Circles, FormatError, picking
from motes.io.npz import open_archive
from motes.micrograph import Micrograph
from motes.pickers import FeatureCache, FilterBankPicker, Labelled, NotFittedError, Picker
from motes.pickers.saved import write_picker
from scenes import DIAMETER, circles, scene, turned, turned_places

CACHE = FeatureCache()
SCENES = [scene(seed) for seed in range(4)]
MICROGRAPHS = [micrograph for micrograph, _ in SCENES]
TRAIN, TEST = MICROGRAPHS[:2], MICROGRAPHS[2:]


def labelled(n=10, **options):
    return Labelled(TRAIN, circles(*(centres[:n] for _, centres in SCENES[:2])), **options)


def fitted(*args, **options):
    return FilterBankPicker(DIAMETER, cache=CACHE, **options).fit(labelled(*args))


def average_precision(detections, which=slice(2, 4)):
    truth = circles(*(centres for _, centres in SCENES[which]))
    return picking.evaluate(detections.circles, truth, iou=0.5, n_bootstrap=0).average_precision.value


def assert_same(one, other):
    np.testing.assert_array_equal(one.circles.centres, other.circles.centres)
    np.testing.assert_array_equal(one.circles.indptr, other.circles.indptr)
    np.testing.assert_array_equal(one.probability, other.probability)
    np.testing.assert_array_equal(one.appearance, other.appearance)


def test_it_is_a_picker():
    assert isinstance(FilterBankPicker(DIAMETER), Picker)


@pytest.mark.parametrize(("n", "least"), [(1, 0.8), (10, 0.95)])
def test_discs_are_found(n, least):
    found = fitted(n).predict(TEST)
    assert average_precision(found) > least
    assert found.micrographs == ("scene2", "scene3")
    assert (found.circles.radii == DIAMETER / 2).all()


@pytest.mark.gpu
def test_maps_on_a_gpu_hold_the_same_candidates(tmp_path):
    gpus.gpu()
    here, there = fitted(), fitted(device="cuda")
    assert_same(there.predict(TEST), here.predict(TEST))
    here.save(tmp_path / "picker.npz")
    again = FilterBankPicker.load(tmp_path / "picker.npz", cache=CACHE, device="auto")
    assert_same(again.predict(TEST), here.predict(TEST))


def test_a_device_that_is_none():
    with pytest.raises(ValueError, match="device: expected cpu, cuda, cuda:N or auto, got 'gpu'"):
        FilterBankPicker(DIAMETER, device="gpu")


def test_of_a_device_that_is_none_the_file_is_not_to_blame(tmp_path):
    fitted().save(tmp_path / "picker.npz")
    with pytest.raises(ValueError, match=r"^device: expected cpu, cuda, cuda:N or auto, got 'gpu'$"):
        FilterBankPicker.load(tmp_path / "picker.npz", device="gpu")


def test_one_label_in_all_is_enough():
    few = Labelled(TRAIN, circles(SCENES[0][1][:1], np.zeros((0, 2))))
    assert average_precision(FilterBankPicker(DIAMETER, cache=CACHE).fit(few).predict(TEST)) > 0.7


def test_centres_are_precise():
    found = fitted().predict(TEST[:1])
    truth = SCENES[2][1]
    best = found.circles.centres[np.argsort(-found.probability)[: len(truth) // 2]]
    nearest = np.hypot(*(best[:, None] - truth[None]).transpose(2, 0, 1)).min(axis=1)
    assert np.median(nearest) < DIAMETER / 12


def test_candidates_reach_down_to_improbable_ones_and_none_is_tied():
    found = fitted().predict(TEST)
    assert found.probability.min() < 0.01
    assert found.probability.max() > 0.9
    assert len(np.unique(found.probability)) == len(found)
    for m in range(2):
        own = found.circles.of_micrograph(m).centres
        apart = np.hypot(*(own[:, None] - own[None]).transpose(2, 0, 1)) + 1e9 * np.eye(len(own))
        assert apart.min() > 0.46 * DIAMETER - 2 * 2**0.5


@pytest.mark.parametrize("k", [1, 2, 3])
def test_turning_micrographs_turns_detections(k):
    picker = fitted()
    before, after = picker.predict(TEST[:1]), picker.predict([turned(TEST[0], k)])
    expected = Circles(turned_places(before.circles.centres, TEST[0].shape, k), DIAMETER / 2, before.probability)
    likely = before.probability > 0.2
    matched = picking.match(expected[likely], after.circles, distance=0.5)
    assert matched.hit.all()
    np.testing.assert_allclose(after.probability[matched.particle], before.probability[likely], atol=0.02)


def test_learning_from_turned_micrographs_finds_as_much():
    centres = [turned_places(centres[:10], micrograph.shape, 1) for micrograph, centres in SCENES[:2]]
    other = FilterBankPicker(DIAMETER).fit(Labelled([turned(one, 1) for one in TRAIN], circles(*centres)))
    assert average_precision(other.predict(TEST)) > 0.95


def test_stored_from_the_other_end_is_the_same():
    """Formats differ in where y begins: micrograph and labels turned over give detections turned over."""
    over = [replace(one, data=one.data[::-1].copy()) for one in MICROGRAPHS]
    height = TRAIN[0].shape[0]
    centres = [np.stack([c[:10, 0], height - 1 - c[:10, 1]], axis=1) for _, c in SCENES[:2]]
    found = FilterBankPicker(DIAMETER).fit(Labelled(over[:2], circles(*centres))).predict(over[2:])
    back = np.stack([found.circles.centres[:, 0], height - 1 - found.circles.centres[:, 1]], axis=1)
    again = Circles(back, DIAMETER / 2, found.probability, indptr=found.circles.indptr)
    assert average_precision(replace(found, circles=again)) > 0.95


def test_order_of_micrographs_changes_nothing():
    marks = labelled()
    there = np.zeros((0, 2))
    one = FilterBankPicker(DIAMETER, cache=CACHE).fit(marks)
    places = [marks.particles.of_micrograph(m).centres for m in (1, 0)]
    other = FilterBankPicker(DIAMETER, cache=CACHE).fit(Labelled(TRAIN[::-1], circles(*places), circles(there, there)))
    assert_same(one.predict(TEST), other.predict(TEST))
    forth, back = one.predict(TEST), one.predict(TEST[::-1])
    np.testing.assert_array_equal(forth.circles.of_micrograph(0).centres, back.circles.of_micrograph(1).centres)


def test_seeds_differ_and_the_same_seed_does_not():
    runs = [FilterBankPicker(DIAMETER, cache=CACHE).fit(labelled(), seed=seed).predict(TEST) for seed in (0, 0, 1)]
    assert_same(runs[0], runs[1])
    assert not np.array_equal(runs[0].probability, runs[2].probability)


def test_threads_change_no_bit():
    runs = []
    for threads in (1, 2, 4):
        with threadpool_limits(threads):
            runs.append(FilterBankPicker(DIAMETER).fit(labelled()).predict(TEST))
    assert_same(runs[0], runs[1])
    assert_same(runs[0], runs[2])


def test_few_micrographs_are_held_at_a_time(monkeypatch):
    """However many there are: without a cache, no more features live than threads and the one that is looked at."""
    picker, alive, most = FilterBankPicker(DIAMETER, cache=FeatureCache(memory=0)), weakref.WeakSet(), []
    compute = picker.cache.get

    def noting(*args):
        found = compute(*args)
        alive.add(found)
        most.append(len(alive))
        return found

    monkeypatch.setattr(picker.cache, "get", noting)
    parts = [scene(seed, shape=(100, 110), n=3) for seed in range(12)]
    micrographs = [one for one, _ in parts]
    with threadpool_limits(2), monkeypatch.context() as patch:
        patch.setattr(module, "available_threads", lambda: 2)
        picker.fit(Labelled(micrographs, circles(*(centres for _, centres in parts)))).predict(micrographs)
    assert len(most) == 12 + 10 + 12
    assert max(most) <= 3


def test_a_second_fit_forgets_the_first():
    picker = fitted(3)
    again = picker.fit(labelled())
    assert again is picker
    assert_same(picker.predict(TEST), fitted().predict(TEST))


def test_rejected_places_lose():
    picker = fitted(3)
    before = picker.predict(TRAIN)
    truth = circles(*(centres for _, centres in SCENES[:2]))
    wrong = np.flatnonzero(~picking.match(before.circles, truth, iou=0.3).hit)
    wrong = np.sort(wrong[np.argsort(-before.probability[wrong], kind="stable")[:20]])
    places = before.circles[wrong]
    rejected = Circles(places.centres, places.radii, indptr=places.indptr)
    after = FilterBankPicker(DIAMETER, cache=CACHE).fit(labelled(3, rejected=rejected)).predict(TRAIN)
    there = picking.match(after.circles, rejected, distance=4.0)
    assert there.hit.sum() >= 10
    assert after.probability[there.hit].mean() < 0.8 * before.probability[wrong].mean()


def test_complete_micrographs_calibrate():
    every = circles(*(centres for _, centres in SCENES[:2]))
    picker = FilterBankPicker(DIAMETER, cache=CACHE).fit(Labelled(TRAIN, every, complete=np.array([True, True])))
    found = picker.predict(TEST)
    expected = sum(len(centres) for _, centres in SCENES[2:])
    assert found.probability.sum() == pytest.approx(expected, rel=0.25)


def test_appearance_tells_discs_from_the_rest():
    found = fitted().predict(TEST)
    assert found.appearance.shape == (len(found), 16)
    assert found.appearance.dtype == np.float32
    discs, rest = (found.appearance[which] for which in (found.probability > 0.9, found.probability < 0.05))
    own, between = (
        np.hypot.reduce(discs[:, None] - other[None], axis=2).mean() for other in (discs, rest)
    )  # fmt: skip
    assert between > own


def test_micrographs_of_different_sizes():
    odd, centres = scene(7, shape=(301, 377), n=15)
    small = Micrograph(MICROGRAPHS[2].data[:70, :90].copy(), "small", "MRC")
    picker = FilterBankPicker(DIAMETER).fit(Labelled([TRAIN[0], odd], circles(SCENES[0][1][:5], centres[:5])))
    found = picker.predict([odd, small, TEST[0]])
    truth = circles(centres)
    own = found.circles.of_micrograph(0)
    assert picking.evaluate(own, truth, iou=0.5, n_bootstrap=0).average_precision.value > 0.9
    inside = found.circles.of_micrograph(1).centres
    assert ((inside > DIAMETER / 2 - 1) & (inside < np.array([90, 70]) - DIAMETER / 2)).all()


@pytest.mark.parametrize("edge", [0.0, 35.0])
def test_no_centre_lies_closer_to_an_edge(edge):
    found = fitted(edge=edge).predict(TEST)
    height, width = TEST[0].shape
    x, y = found.circles.centres.T
    nearest = np.min([x + 0.5, y + 0.5, width - 0.5 - x, height - 0.5 - y])
    assert edge <= nearest < edge + 6


def test_labels_tell_how_close_to_an_edge_to_look():
    near = FilterBankPicker(DIAMETER, cache=CACHE).fit(
        Labelled(TRAIN, circles(*(centres for _, centres in SCENES[:2])))
    )
    assert 0.5 * DIAMETER <= near._edge <= 1.2 * DIAMETER
    inner = [centres[(np.abs(centres - 210) < 120).all(axis=1)] for _, centres in SCENES[:2]]
    far = FilterBankPicker(DIAMETER, cache=CACHE).fit(Labelled(TRAIN, circles(*inner)))
    assert far._edge == pytest.approx(1.2 * DIAMETER)


# -- saved and read ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("border", [None, (0, 4, 8, 0)])
def test_saved_and_read_it_predicts_the_same(tmp_path, border):
    picker = fitted(border=border)
    picker.save(tmp_path / "picker.npz")
    again = FilterBankPicker.load(tmp_path / "picker.npz")
    assert again.border == border
    assert_same(picker.predict(TEST), again.predict(TEST))


@pytest.mark.parametrize("edge", [None, 0.0, 25.0])
def test_a_saved_picker_that_learns_again_learns_as_a_new_one(tmp_path, edge):
    inner = [centres[(np.abs(centres - 210) < 120).all(axis=1)] for _, centres in SCENES[:2]]
    picker = FilterBankPicker(DIAMETER, cache=CACHE, edge=edge).fit(Labelled(TRAIN, circles(*inner)))
    picker.save(tmp_path / "picker.npz")
    again = FilterBankPicker.load(tmp_path / "picker.npz", cache=CACHE)
    assert again.edge == edge
    assert again._edge == picker._edge
    new = FilterBankPicker(DIAMETER, cache=CACHE, edge=edge).fit(labelled(30))
    assert (new._edge == picker._edge) == (edge is not None)
    assert_same(again.fit(labelled(30)).predict(TEST), new.predict(TEST))


def changed(path, **changes):
    with open_archive(path) as archive:
        arrays = {name: archive.array(name) for name in archive.names}
    np.savez(path, **(arrays | changes))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:500]), "truncated or damaged"),
        (lambda path: path.write_bytes(b""), "picker.npz"),
        (lambda path: np.savez(path, other=np.zeros(3)), "holds no picker"),
        (lambda path: changed(path, version=np.array([99])), "version 99 of filter bank"),
        (lambda path: changed(path, linear=np.zeros(5, np.float32)), "linear: expected finite floats of shape (73,)"),
        (lambda path: changed(path, intercept=np.array([np.nan])), "intercept: expected finite floats"),
        (lambda path: changed(path, calibration=np.zeros(2)), "calibration"),
        (lambda path: changed(path, numbers=np.zeros(7)), "diameter: expected"),
        (lambda path: write_picker(path, "blobs", 1, {}), "holds a picker of kind 'blobs', expected 'filter bank'"),
    ],
)
def test_damaged_files_are_told(tmp_path, damage, message):
    path = tmp_path / "picker.npz"
    fitted().save(path)
    damage(path)
    with pytest.raises(FormatError, match=re.escape(message)):
        FilterBankPicker.load(path)


# -- what is refused --------------------------------------------------------------------------------------------------


def test_nothing_is_predicted_or_saved_before_a_fit(tmp_path):
    with pytest.raises(NotFittedError, match="fit or load it"):
        FilterBankPicker(DIAMETER).predict(TEST)
    with pytest.raises(NotFittedError, match="fit it before it is saved"):
        FilterBankPicker(DIAMETER).save(tmp_path / "picker.npz")


def test_a_fit_needs_a_label():
    with pytest.raises(ValueError, match="labelled: expected at least one particle, got none"):
        FilterBankPicker(DIAMETER).fit(labelled(0))


def test_labels_on_padding_alone_are_refused():
    micrograph = Micrograph(np.pad(TRAIN[0].data, [(60, 0), (0, 0)], mode="edge"), "padded", "MRC")
    with pytest.raises(ValueError, match="every particle lies on padding"):
        FilterBankPicker(DIAMETER).fit(Labelled([micrograph], circles(np.array([[100.0, 20.0]]))))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (np.full((200, 200), 3.0, np.float32), "bad: is blank"),
        (np.full((200, 200), np.nan, np.float32), "bad: holds values that are no finite numbers"),
        (np.random.default_rng(0).normal(size=(12, 200)), "bad: 12 x 200 pixels, smaller than a particle"),
    ],
)
def test_bad_micrographs_are_named(data, message):
    bad = Micrograph(data, "bad", "MRC")
    with pytest.raises(ValueError, match=message):
        fitted().predict([TEST[0], bad])
    with pytest.raises(ValueError, match=message):
        FilterBankPicker(DIAMETER, cache=CACHE).fit(
            Labelled([TRAIN[0], bad], circles(SCENES[0][1][:5], np.zeros((0, 2))))
        )


def test_no_micrograph_is_refused():
    with pytest.raises(ValueError, match="micrographs: expected at least one"):
        fitted().predict([])


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"diameter": 0}, ValueError, "diameter: expected"),
        ({"diameter": "big"}, TypeError, "diameter: expected a number"),
        ({"diameter": 20, "edge": -1}, ValueError, "edge: expected a finite number of 0 or more"),
        ({"diameter": 20, "border": (1, 2)}, TypeError, "border: expected"),
    ],
)
def test_options_that_are_refused(options, error, message):
    with pytest.raises(error, match=message):
        FilterBankPicker(**options)


def test_the_sample_that_comes_with_the_package():
    sample = motes.sample.load()
    particles, _ = picking.circles_of(sample.particles, radius=13.5)
    picker = FilterBankPicker(27).fit(Labelled([sample.micrograph], particles[::9]))
    found = picker.predict([sample.micrograph])
    assert picking.evaluate(found.circles, particles, iou=0.5, n_bootstrap=0).average_precision.value > 0.83
    assert repr(picker) == "<FilterBankPicker: diameter 27, fitted>"
