"""Patterns built on a GPU: of entries there or brought there, fetched when the host needs them, refused as ever."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import motes
from gpus import gpu, on_device
from motes import Patterns
from motes.devices import CPU, Device, held_by

pytestmark = pytest.mark.gpu

SHAPE = (5, 7)


def entries(rng: np.random.Generator, n: int = 3000, n_patterns: int = 200):
    return rng.integers(0, n_patterns, n).astype(np.int32), rng.integers(0, 35, n).astype(np.uint16)


class Interface:
    """A device array of a library that speaks no DLPack."""

    def __init__(self, array) -> None:
        self.array = array
        self.__cuda_array_interface__ = dict(array.__cuda_array_interface__)


@pytest.fixture(autouse=True)
def machine():
    return gpu()


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.sampled_from(["host", "DLPack", "interface", "mixed"]))
def test_patterns_are_those_of_the_processor(seed, counted, held):
    rng = np.random.default_rng(seed)
    rows, cols = entries(rng, int(rng.integers(1, 3000)))
    counts = rng.integers(0, 3, rows.size) if counted else None
    expected = Patterns.from_coo(rows, cols, shape=SHAPE, counts=counts)
    there = [None if array is None else on_device(array) for array in (rows, cols, counts)]
    if held == "host":
        there = [rows, cols, counts]
    elif held == "interface":
        there = [None if array is None else Interface(array) for array in there]
    elif held == "mixed":
        there[1] = cols
    rows, cols, counts = there
    device = "cuda" if held == "host" else None
    found = Patterns.from_coo(rows, cols, shape=SHAPE, counts=counts, device=device)
    assert found.device == Device("cuda")
    assert (len(found), found.n_lit, found.n_photons) == (len(expected), expected.n_lit, expected.n_photons)
    assert repr(found) == repr(expected)
    assert found._place.unfetched is not None, "the story in one line has fetched all photons"
    assert found == expected
    assert found._place.unfetched is None


def test_arrays_are_fetched_once_and_kernels_take_what_is_there():
    rows, cols = entries(np.random.default_rng(0))
    expected = Patterns.from_coo(rows, cols, shape=SHAPE)
    found = Patterns.from_coo(on_device(rows), on_device(cols), shape=SHAPE)
    means, options = np.full((2, *SHAPE), 0.25), {"noise": motes.Poisson()}
    scores = motes.log_likelihood(found, means, **options).to_numpy()
    np.testing.assert_allclose(scores, motes.log_likelihood(expected, means, **options), rtol=1e-5)
    planes = motes.sweep(found, means, **options).planes
    np.testing.assert_array_equal(planes, motes.sweep(expected, means, **options).planes)
    with pytest.raises(ValueError, match=f"a pixel caught {expected.max_count} photons"):
        motes.sweep(found, means)
    np.testing.assert_array_equal(found.mean_image(), expected.mean_image())
    assert found._place.unfetched is found.uploaded(), "all photons were fetched for sums of them"
    assert found.indptr is found.indptr
    there = found.uploaded()
    assert found == expected
    assert found.uploaded() is there
    assert found[3:9] == expected[3:9]
    assert found[3:9].device == found.device
    assert found[[5, 3]] == expected[[5, 3]]
    assert pickle.loads(pickle.dumps(found)) == expected
    assert copy.copy(found) == expected


@pytest.mark.parametrize(("start", "stop"), [(0, 200), (3, 9), (50, 51), (120, 200), (7, 7)])
@pytest.mark.parametrize("binarised", [False, True])
def test_a_slice_is_summed_up_where_it_is(start, stop, binarised):
    rows, cols = entries(np.random.default_rng(2))
    expected = Patterns.from_coo(rows, cols, shape=SHAPE, n_patterns=200)[start:stop]
    found = Patterns.from_coo(on_device(rows), on_device(cols), shape=SHAPE, n_patterns=200)[:200][start:stop]
    if binarised:
        expected, found = expected.binarised(), found.binarised()
    for name in ("n_lit", "n_photons", "max_count"):
        assert getattr(found, name) == getattr(expected, name), name
    np.testing.assert_array_equal(found.total_image(), expected.total_image())
    assert found._place.unfetched is not None, "all photons were fetched for sums of them"
    assert found == expected


def test_binarised_patterns_share_memory():
    rows, cols = entries(np.random.default_rng(3))
    expected = Patterns.from_coo(rows, cols, shape=SHAPE)
    means = np.full((2, *SHAPE), 0.25)
    for found in (Patterns.from_coo(on_device(rows), on_device(cols), shape=SHAPE), expected.to("cuda")):
        held = found.uploaded().nbytes
        once = found.binarised()
        assert once.uploaded().nbytes == held
        scores = motes.log_likelihood(once, means).to_numpy()
        np.testing.assert_array_equal(scores, motes.log_likelihood(expected.binarised(), means))


def test_a_reconstruction_of_what_was_built_there():
    data = motes.simulate.patterns(motes.simulate.scaled(motes.simulate.portrait(9), 20.0), 200, seed=1)
    options = {"shape": (9, 9), "n_patterns": 200}
    found = Patterns.from_coo(on_device(data.rows), on_device(data.cols), **options)
    expected = Patterns.from_coo(data.rows, data.cols, **options)
    masters = [motes.reconstruct(patterns, seed=3, restarts=1).master for patterns in (found, expected)]
    np.testing.assert_array_equal(*masters)


def test_home_and_away():
    rows, cols = entries(np.random.default_rng(1))
    expected = Patterns.from_coo(rows, cols, shape=SHAPE)
    there = on_device(rows), on_device(cols)
    home = Patterns.from_coo(*there, shape=SHAPE, device="cpu")
    assert (home.device, home) == (CPU, expected)
    assert Patterns.from_coo(*there, shape=SHAPE).to("cpu") == expected
    assert Patterns.from_coo(rows, cols, shape=SHAPE, device="auto").device == Device("cuda")
    assert held_by(there[0]) == Device("cuda")


def test_nothing_and_hardly_anything():
    nothing = on_device(np.zeros(0, np.int64))
    assert Patterns.from_coo(nothing, nothing, shape=(2, 2), n_patterns=3) == Patterns.empty((2, 2), 3)
    assert Patterns.from_coo(nothing, nothing, shape=(2, 2), n_patterns=0) == Patterns.empty((2, 2))
    assert Patterns.from_coo(nothing, nothing, shape=(0, 0), n_patterns=2) == Patterns.empty((0, 0), 2)
    one = on_device(np.array([1], np.int8))
    assert Patterns.from_coo(one, one, shape=(2, 2)) == Patterns.from_coo([1], [1], shape=(2, 2))


CASES = [
    ([0, -1], [0, 0], {}, ValueError, "rows: negative at index 1"),
    ([0, -1], [0, 0], {"n_patterns": 2}, ValueError, "rows: negative at index 1"),
    ([0, 2], [0, 0], {"n_patterns": 2}, ValueError, "rows: 2 at index 1 is outside 0..1; patterns count from 0"),
    ([0, 1], [0, 4], {}, ValueError, "cols: 4 at index 1 is outside 0..3; pixel indices of a 2x2 image count from 0"),
    ([0, 1], [0, -2], {}, ValueError, "cols: negative at index 1"),
    ([0, 1], [0], {}, ValueError, "cols: expected 2 values, one for each of rows, got 1"),
    ([0, 1], [0, 1], {"counts": [1]}, ValueError, "counts: expected 2 values, one for each of rows, got 1"),
    ([0, 1], [0, 1], {"counts": [1, -1]}, ValueError, "counts: negative at index 1"),
    ([0, 1], [0, 1], {"counts": [1, 2**31]}, ValueError, "counts: 2147483648 at index 1 is outside 0..2147483647"),
    ([0, 0], [1, 1], {"counts": [1, 2**31 - 1]}, ValueError, "counts: more than 2^31 photons in one pixel"),
    ([0, 1], [0, 1], {"counts": [1.0, 1.0]}, TypeError, "counts: expected integers, got dtype float64"),
    ([0.0, 1.0], [0, 1], {}, TypeError, "rows: expected integers, got dtype float64"),
    ([[0], [1]], [[0], [1]], {}, ValueError, "rows: expected one dimension, got shape (2, 1)"),
    ([10**10], [0], {}, ValueError, "rows: the largest is 10000000000, which means more than 10^10 patterns"),
    ([0], [0], {"n_patterns": -1}, ValueError, "n_patterns: expected 0 or more, got -1"),
    ([0], [0], {"threads": 0}, ValueError, "threads: expected 1 to 1024, got 0"),
    ([0], [0], {"shape": (2,)}, ValueError, "shape: expected two whole numbers (rows, columns), got (2,)"),
    ([0], [0], {"stream": "a"}, TypeError, "stream: expected a CUDA stream or its handle, got str"),
]


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(("rows", "cols", "options", "error", "message"), CASES)
def test_from_coo_refuses_in_the_words_of_the_processor(rows, cols, options, error, message, there):
    place = (lambda values: on_device(np.array(values))) if there else np.array
    options = {"shape": (2, 2), "device": "cuda"} | options
    if "counts" in options:
        options["counts"] = place(options["counts"])
    with pytest.raises(error, match=re.escape(message)):
        Patterns.from_coo(place(rows), place(cols), **options)


def test_arrays_that_can_not_be_read():
    rows = on_device(np.arange(6))
    strided, odd = Interface(rows), Interface(rows)
    strided.__cuda_array_interface__ |= {"shape": (3,), "strides": (16,)}
    address, writeable = odd.__cuda_array_interface__["data"]
    odd.__cuda_array_interface__ |= {"shape": (5,), "data": (address + 4, writeable)}
    for array, message in (
        (strided, "rows: expected a C-contiguous device array"),
        (odd, "expected an aligned device"),
    ):
        with pytest.raises(ValueError, match=message):
            Patterns.from_coo(array, array, shape=(2, 3))
    read_only = Interface(rows)
    read_only.__cuda_array_interface__ |= {"data": (address, True)}
    assert Patterns.from_coo(read_only, read_only, shape=(2, 3)).n_photons == 6


def test_entries_on_another_device():
    if gpu().device_count() < 2:
        pytest.skip("one GPU")
    first, second = on_device(np.arange(3)), gpu().from_numpy(np.arange(3), device=1)
    with pytest.raises(ValueError, match="cols: expected an array on cuda:0, got one on cuda:1"):
        Patterns.from_coo(first, second, shape=(2, 2))
    found = Patterns.from_coo(second, second, shape=(2, 2))
    assert found.device == Device("cuda", 1)
    moved = found.to("cuda:0")
    assert (moved.device, moved) == (Device("cuda", 0), found)
