"""The small network: what it learns, what it refuses, and that its bits are always the same."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from discs import DIAMETER, circles, discs
from motes import FormatError, picking
from motes.io.npy import array_table
from motes.io.npz import open_archive, write_npz
from motes.pickers import CompactPicker, Labelled, NotFittedError, Picker

torch = pytest.importorskip("torch", reason="torch is an extra")

from motes.pickers.networks import lanes as lanes_module  # noqa: E402

TINY = {"networks": 1, "steps": 25, "widths": (4, 8)}


@pytest.fixture(scope="module")
def data():
    """Two micrographs to learn from, with every second particle labelled, and one to be tested on."""
    (first, at), (second, there), test = discs(1), discs(2, shape=(170, 210)), discs(3)
    return Labelled([first, second], circles(at[::2], there[::2])), test


@pytest.fixture(scope="module")
def fitted(data):
    return CompactPicker(DIAMETER, **TINY).fit(data[0], seed=3)


def average_precision(found, truth):
    return picking.evaluate(found.circles, truth, iou=0.3, n_bootstrap=0).average_precision.value


def assert_same(some, other):
    np.testing.assert_array_equal(some.circles.centres, other.circles.centres)
    np.testing.assert_array_equal(some.probability, other.probability)
    np.testing.assert_array_equal(some.appearance, other.appearance)


def test_it_learns_discs_it_has_not_seen(fitted, data):
    micrograph, places = data[1]
    found = fitted.predict([micrograph])
    assert isinstance(fitted, Picker)
    assert found.micrographs == ("discs3",)
    assert average_precision(found, circles(places)) > 0.9


def test_candidates_have_distinct_probabilities_and_an_appearance(fitted, data):
    found = fitted.predict([data[1][0]])
    assert len(np.unique(found.probability)) == len(found)
    assert found.probability.min() > 0
    assert found.probability.max() < 1
    assert found.appearance.dtype == np.float32
    assert found.appearance.shape == (len(found), TINY["widths"][-1])
    assert (found.appearance.std(axis=0) > 0).any()


@pytest.mark.parametrize("threads", [1, 3])
def test_any_number_of_threads_gives_the_same_bits(fitted, data, threads, monkeypatch):
    monkeypatch.setattr(lanes_module, "available_threads", lambda _: threads)
    before = torch.get_num_threads()
    again = CompactPicker(DIAMETER, **TINY).fit(data[0], seed=3)
    assert_same(again.predict([data[1][0]]), fitted.predict([data[1][0]]))
    assert torch.get_num_threads() == before


def test_fits_leave_the_random_numbers_of_torch_alone(data):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    CompactPicker(DIAMETER, networks=1, steps=2, widths=(2, 2)).fit(data[0])
    torch.testing.assert_close(torch.rand(3), expected, rtol=0, atol=0)


def test_every_step_is_told_and_watching_changes_nothing(fitted, data):
    told = []
    again = CompactPicker(DIAMETER, observer=told.append, **TINY).fit(data[0], seed=3)
    assert [record["step"] for record in told] == list(range(1, TINY["steps"] + 1))
    assert {(record["steps"], record["network"]) for record in told} == {(TINY["steps"], 0)}
    assert told[-1]["loss"] < told[0]["loss"]
    assert_same(again.predict([data[1][0]]), fitted.predict([data[1][0]]))


def test_a_fit_that_is_interrupted_leaves_the_picker_as_it_was(fitted, data):
    def interrupt(record):
        raise KeyboardInterrupt

    picker = CompactPicker(DIAMETER, **TINY).fit(data[0], seed=3)
    picker.observer = interrupt
    before = torch.get_num_threads()
    with pytest.raises(KeyboardInterrupt):
        picker.fit(data[0], seed=9)
    assert torch.get_num_threads() == before
    assert_same(picker.predict([data[1][0]]), fitted.predict([data[1][0]]))


def test_another_seed_gives_another_picker(fitted, data):
    other = CompactPicker(DIAMETER, **TINY).fit(data[0], seed=4)
    found, expected = other.predict([data[1][0]]), fitted.predict([data[1][0]])
    assert len(found) != len(expected) or (found.probability != expected.probability).any()


def test_the_order_of_micrographs_does_not_matter(fitted, data):
    labelled = data[0]
    parts = [labelled.particles.of_micrograph(m).centres for m in (1, 0)]
    turned = Labelled(labelled.micrographs[::-1], circles(*parts))
    again = CompactPicker(DIAMETER, **TINY).fit(turned, seed=3)
    assert_same(again.predict([data[1][0]]), fitted.predict([data[1][0]]))


def test_a_saved_picker_predicts_the_same(fitted, data, tmp_path):
    fitted.save(tmp_path / "picker.npz")
    assert_same(CompactPicker.load(tmp_path / "picker.npz").predict([data[1][0]]), fitted.predict([data[1][0]]))


@pytest.mark.parametrize("edge", [None, 9.0])
def test_a_saved_picker_knows_the_edge_it_was_given_from_the_one_it_learned(data, tmp_path, edge):
    picker = CompactPicker(DIAMETER, edge=edge, networks=1, steps=2, widths=(2, 2)).fit(data[0])
    picker.save(tmp_path / "picker.npz")
    again = CompactPicker.load(tmp_path / "picker.npz")
    assert (again.edge, again._edge) == (edge, picker._edge)
    middle = Labelled([data[0].micrographs[0]], circles([[90.0, 100.0]]))
    assert (again.fit(middle)._edge == picker._edge) == (edge is not None)


def test_a_warm_start_goes_on_and_a_cold_one_forgets(data):
    few = Labelled([data[0].micrographs[0]], circles(data[0].particles.of_micrograph(0).centres[:2]))
    cold = CompactPicker(DIAMETER, **TINY)
    assert_same(
        cold.fit(data[0]).fit(few).predict([data[1][0]]),
        CompactPicker(DIAMETER, **TINY).fit(few).predict([data[1][0]]),
    )
    warm = CompactPicker(DIAMETER, warm_start=True, **TINY).fit(data[0]).fit(data[0], seed=1)
    assert average_precision(warm.predict([data[1][0]]), circles(data[1][1])) > 0.9
    again = CompactPicker(DIAMETER, **TINY).fit(data[0], seed=1)
    assert (warm.predict([data[1][0]]).probability[:5] != again.predict([data[1][0]]).probability[:5]).all()


def test_a_rejected_place_falls(data):
    """Places that look like particles, but are said to be none, become less probable."""
    micrograph, places = discs(4)
    said, rejected = places[:8], places[8:16]
    without = CompactPicker(DIAMETER, **TINY).fit(Labelled([micrograph], circles(said)))
    informed = CompactPicker(DIAMETER, **TINY).fit(Labelled([micrograph], circles(said), circles(rejected)))

    def mean_probability(picker):
        found = picker.predict([micrograph]).circles
        near = np.hypot(*(found.centres[:, None] - rejected[None]).transpose(2, 0, 1)).argmin(axis=0)
        return found.scores[near].mean()

    assert mean_probability(informed) < mean_probability(without)


def test_one_label_is_enough(data):
    micrograph = data[0].micrographs[0]
    one = Labelled([micrograph], circles(data[0].particles.of_micrograph(0).centres[:1]))
    assert len(CompactPicker(DIAMETER, networks=1, steps=2, widths=(2, 2)).fit(one).predict([micrograph]))


def test_no_label_is_refused(data):
    nothing = Labelled(data[0].micrographs, circles([], []))
    with pytest.raises(ValueError, match="labelled: expected at least one particle, got none"):
        CompactPicker(DIAMETER).fit(nothing)


def test_it_has_to_be_fitted_first(data, tmp_path):
    picker = CompactPicker(DIAMETER)
    with pytest.raises(NotFittedError, match="fit or load it before it predicts"):
        picker.predict([data[1][0]])
    with pytest.raises(NotFittedError, match="fit it before it is saved"):
        picker.save(tmp_path / "picker.npz")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((90, 90), np.float32), "grid7: is blank"),
        (np.full((90, 90), np.nan, np.float32), "grid7: holds values that are no finite numbers"),
        (np.ones((9, 9), np.float32), "grid7: 9 x 9 pixels, smaller than a particle"),
    ],
)
def test_micrographs_without_a_picture_are_named(fitted, data, image, message):
    bad = replace(data[1][0], data=image, name="grid7")
    with pytest.raises(ValueError, match=message):
        fitted.predict([bad])
    with pytest.raises(ValueError, match=message):
        CompactPicker(DIAMETER, **TINY).fit(Labelled([bad], circles([[4.0, 4.0]])))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"networks": 0}, "networks: expected 1 or more, got 0"),
        ({"steps": 1}, "steps: expected 2 or more, got 1"),
        ({"widths": (8,)}, "widths: expected at least two levels, got 1"),
        ({"widths": (8, 0)}, "widths: expected 1 or more, got 0"),
        ({"device": "tpu"}, "device: expected cpu, cuda, cuda:N or auto, got 'tpu'"),
        ({"edge": -1.0}, "edge: expected a positive, finite number, got -1.0"),
    ],
)
def test_options_out_of_range_are_named(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        CompactPicker(DIAMETER, **options)


@pytest.mark.skipif(torch.cuda.is_available(), reason="a GPU is here")
def test_a_gpu_that_is_not_there_is_told(data):
    with pytest.raises(ValueError, match="device: cuda was asked for, but torch finds no GPU"):
        CompactPicker(DIAMETER, device="cuda", **TINY).fit(data[0])


def spoil(name, table):
    """Tables with one replaced, or left out."""

    def change(tables):
        return {**tables, name: table} if table is not None else {k: v for k, v in tables.items() if k != name}

    return change


def with_number(at, value):
    """Tables with one of the numbers replaced."""

    def change(tables):
        numbers = tables["numbers"].copy()
        numbers[at] = value
        return {**tables, "numbers": numbers}

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (spoil("picker", None), "holds no picker"),
        (spoil("picker", np.array("blob")), "holds a picker of kind 'blob', expected 'compact'"),
        (spoil("version", np.array([99])), "version 99 of compact, expected 2"),
        (spoil("looks", None), "lacks looks"),
        (spoil("0.head.bias", None), "lacks 0.head.bias"),
        (spoil("0.head.bias", np.zeros(2, np.float32)), "0.head.bias: expected finite floats of shape (1,)"),
        (spoil("0.head.bias", np.array([np.nan], np.float32)), "0.head.bias: expected finite floats"),
        (with_number(0, -5.0), "diameter: expected a positive, finite number"),
        (with_number(1, 1e15), "looks: expected finite floats of shape (2, 8000000000000000), got float32, (2, 8)"),
        (with_number(4, 3.0), "widths: expected finite floats of shape (3,)"),
        (spoil("calibration", np.zeros(2)), "calibration: expected a slope above 0, got 0"),
        (spoil("widths", np.array([1e9, 8.0])), "Storage size calculation overflowed"),
        (spoil("numbers", np.zeros(0)), "numbers: expected finite floats of shape (10,)"),
        (spoil("looks", np.zeros((1, 8), np.float32)), "looks: expected finite floats of shape (2, 8)"),
    ],
)
def test_damaged_files_are_told(fitted, tmp_path, change, message):
    fitted.save(tmp_path / "fine.npz")
    with open_archive(tmp_path / "fine.npz") as archive:
        tables = {name: archive.array(name) for name in archive.names}
    write_npz(tmp_path / "bad.npz", {name: array_table(table) for name, table in change(tables).items()})
    with pytest.raises(FormatError, match=re.escape(message)):
        CompactPicker.load(tmp_path / "bad.npz")


def test_a_truncated_file_is_told(fitted, tmp_path):
    fitted.save(tmp_path / "fine.npz")
    content = (tmp_path / "fine.npz").read_bytes()
    (tmp_path / "bad.npz").write_bytes(content[: len(content) // 2])
    with pytest.raises(FormatError, match=r"bad\.npz"):
        CompactPicker.load(tmp_path / "bad.npz")
