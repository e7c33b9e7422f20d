"""The container: what goes in comes out, parts are parts, and nothing changes it."""

from __future__ import annotations

import itertools
import pickle
import re

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

import reference
from motes import Patterns
from strategies import SMALL, cases, random_case

ARRAYS = ("indptr", "pixels", "multi_position", "multi_extra")


def assert_same(patterns: Patterns, counts: np.ndarray) -> None:
    """Every view of the container agrees with the counts that it should hold."""
    assert len(patterns) == len(counts)
    assert patterns.n_pixels == counts.shape[1]
    np.testing.assert_array_equal(patterns.to_dense().reshape(counts.shape), counts)
    np.testing.assert_array_equal(patterns.to_scipy().toarray(), counts)
    np.testing.assert_array_equal(patterns.photons_per_pattern(), counts.sum(axis=1))
    np.testing.assert_array_equal(patterns.total_image().ravel(), counts.sum(axis=0))
    mean = counts.mean(axis=0) if len(counts) else np.zeros(counts.shape[1])
    np.testing.assert_array_equal(patterns.mean_image(), mean.reshape(patterns.shape))
    assert patterns.n_photons == counts.sum()
    assert patterns.n_lit == (counts > 0).sum()
    assert patterns.max_count == counts.max(initial=0)


# -- construction -----------------------------------------------------------------------------------------------------


@given(cases())
def test_what_goes_in_comes_out(case):
    assert_same(case.patterns, case.counts)
    shape = case.patterns.shape
    assert Patterns.from_dense(case.counts, shape=shape) == case.patterns
    assert Patterns.from_dense(case.counts.reshape(-1, *shape)) == case.patterns
    assert Patterns.from_csr(scipy.sparse.csr_array(case.counts), shape=shape) == case.patterns
    assert Patterns.from_csr(scipy.sparse.coo_matrix(case.counts), shape=shape) == case.patterns
    assert Patterns.from_csr(case.patterns.to_scipy(), shape=shape) == case.patterns


@given(st.data())
def test_entries_in_any_order_with_repeats_and_zero_counts(data):
    entry = st.tuples(st.integers(0, 6), st.integers(0, 8), st.integers(0, 3))
    entries = data.draw(st.lists(entry, min_size=1, max_size=40))
    rows, cols, counts = (list(column) for column in zip(*entries, strict=True))
    patterns = Patterns.from_coo(rows, cols, counts=counts, shape=(3, 3), n_patterns=7)
    assert_same(patterns, reference.counts_of(rows, cols, 7, 9, counts))


@pytest.mark.parametrize("dtype", [*np.typecodes["AllInteger"], ">i4", ">u2"])
def test_any_integer_dtype(dtype):
    rows, cols = np.array([0, 2, 2], dtype), np.array([3, 0, 1], dtype)
    patterns = Patterns.from_coo(rows, cols, shape=(2, 2), counts=np.array([1, 2, 1], dtype))
    assert_same(patterns, np.array([[0, 0, 0, 1], [0, 0, 0, 0], [2, 1, 0, 0]]))


def test_strided_entries():
    rows, cols = np.array([[0, 1], [2, 3], [0, 0]]).T
    assert_same(Patterns.from_coo(rows, cols, shape=(2, 2)), reference.counts_of(rows, cols, 3, 4))


def test_trailing_patterns_may_be_empty():
    assert len(Patterns.from_coo([1], [0], shape=(2, 2))) == 2
    assert len(Patterns.from_coo([1], [0], shape=(2, 2), n_patterns=5)) == 5
    assert_same(Patterns.from_coo([], [], shape=(2, 2), n_patterns=3), np.zeros((3, 4), int))


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.float16, np.bool_, np.uint8, np.int64])
def test_whole_dense_counts_of_any_dtype(dtype):
    counts = np.array([[0, 1, 1, 0], [1, 0, 0, 0]])
    assert_same(Patterns.from_dense(counts.astype(dtype)), counts)
    if dtype is not np.float16:  # which SciPy does not have
        assert_same(Patterns.from_csr(scipy.sparse.csr_matrix(counts.astype(dtype))), counts)


def test_sparse_repeats_add_up_and_stored_zeros_vanish():
    matrix = scipy.sparse.csr_array((np.array([1, 2, 0]), np.array([3, 3, 1]), np.array([0, 2, 3])), shape=(2, 4))
    assert_same(Patterns.from_csr(matrix), np.array([[0, 0, 0, 3], [0, 0, 0, 0]]))


def test_dense_arrays_are_read_in_pieces():
    counts = np.zeros((5, 1500, 1500), np.uint8)
    counts[4, 1499, 1499] = counts[0, 0, 1] = 7
    patterns = Patterns.from_dense(counts)
    np.testing.assert_array_equal(patterns.indptr, [0, 1, 1, 1, 1, 2])
    np.testing.assert_array_equal(patterns.pixels, [1, 1500**2 - 1])
    assert patterns.photons_per_pattern().tolist() == [7, 0, 0, 0, 7]
    broken = counts.astype(np.float32)
    broken[3, 0, 5] = np.nan
    with pytest.raises(
        ValueError, match=re.escape("array: expected whole photon counts, got nan at pattern 3, pixel 5")
    ):
        Patterns.from_dense(broken)


def test_no_pixels_at_all():
    for patterns in (Patterns.empty((0, 0), 3), Patterns.from_dense(np.zeros((3, 0, 0), int))):
        assert_same(patterns, np.zeros((3, 0), int))
    assert Patterns.from_dense(np.zeros((0, 2, 2), int)) == Patterns.empty((2, 2))


@pytest.mark.parametrize(
    ("rows", "cols", "options", "error", "message"),
    [
        ([0, -1], [0, 0], {}, ValueError, "rows: negative at index 1"),
        ([0, -1], [0, 0], {"n_patterns": 2}, ValueError, "rows: negative at index 1"),
        ([0, 2], [0, 0], {"n_patterns": 2}, ValueError, "rows: 2 at index 1 is outside 0..1"),
        ([0, 1], [0, 4], {}, ValueError, "cols: 4 at index 1 is outside 0..3"),
        ([0, 1], [0, -2], {}, ValueError, "cols: negative at index 1"),
        ([0, 1], [0], {}, ValueError, "cols: expected 2 values, one for each of rows, got 1"),
        ([0, 1], [0, 1], {"counts": [1]}, ValueError, "counts: expected 2 values, one for each of rows, got 1"),
        ([0, 1], [0, 1], {"counts": [1, -1]}, ValueError, "counts: negative at index 1"),
        ([0, 1], [0, 1], {"counts": [1.0, 1.0]}, TypeError, "counts: expected integers, got dtype float64"),
        ([0.0, 1.0], [0, 1], {}, TypeError, "rows: expected integers, got dtype float64"),
        ([0, 1], [True, False], {}, TypeError, "cols: expected integers, got dtype bool"),
        ([0, 1], ["a", "b"], {}, TypeError, "cols: expected integers, got dtype <U1"),
        ([[0], [1]], [[0], [1]], {}, ValueError, "rows: expected one dimension, got shape (2, 1)"),
        ([], [], {}, ValueError, "n_patterns: no photons, so the number of patterns must be given"),
        ([10**10], [0], {}, ValueError, "rows: the largest is 10000000000, which means more than 10^10 patterns"),
        ([0, 10**7], [0, 0], {}, ValueError, "rows: the largest is 10000000, which means 10000001 patterns"),
        ([0], [0], {"n_patterns": -1}, ValueError, "n_patterns: expected 0 or more, got -1"),
        ([0], [0], {"n_patterns": 2.0}, TypeError, "n_patterns: expected a whole number, got 2.0"),
        ([0], [0], {"threads": 0}, ValueError, "threads: expected 1 to 1024, got 0"),
        ([0], [0], {"shape": (2,)}, ValueError, "shape: expected two whole numbers (rows, columns), got (2,)"),
        ([0], [0], {"shape": (2.5, 2)}, ValueError, "shape: expected two whole numbers (rows, columns), got (2.5, 2)"),
        ([0], [0], {"shape": (-2, -2)}, ValueError, "shape: expected"),
        ([0], [0], {"shape": (2**20, 2**20)}, ValueError, "shape: expected at most 2**32 pixels"),
    ],
)
def test_from_coo_refuses(rows, cols, options, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Patterns.from_coo(rows, cols, **({"shape": (2, 2)} | options))


@pytest.mark.parametrize("bad", [-1.0, 0.5, np.nan, np.inf, 2.0**31])
def test_counts_that_are_none(bad):
    counts = np.zeros((3, 4))
    counts[1, 2] = bad
    with pytest.raises(
        ValueError, match=re.escape("array: expected whole photon counts, got ") + ".* at pattern 1, pixel 2"
    ):
        Patterns.from_dense(counts)
    with pytest.raises(ValueError, match=re.escape("matrix: expected whole photon counts, got ")):
        Patterns.from_csr(scipy.sparse.csr_array(counts))


@pytest.mark.parametrize(
    ("array", "shape", "error", "message"),
    [
        (np.zeros((2, 5), int), None, ValueError, "shape: 5 pixels are no square; give shape=(rows, columns)"),
        (np.zeros((2, 6), int), (2, 2), ValueError, "shape: 2 x 2 does not hold 6 pixels"),
        (np.zeros((2, 3, 2), int), (3, 3), ValueError, "shape: 3 x 3 does not hold 6 pixels"),
        (np.zeros(4, int), None, ValueError, "array: expected shape (N, H, W) or (N, M), got (4,)"),
        (np.zeros((1, 4), complex), None, TypeError, "array: expected counts, got dtype complex128"),
        (-np.ones((1, 4), int), None, ValueError, "array: expected whole photon counts, got -1 at pattern 0, pixel 0"),
    ],
)
def test_from_dense_refuses(array, shape, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Patterns.from_dense(array, shape=shape)


FINE = {
    "indptr": np.array([0, 2, 3]),
    "pixels": np.array([0, 3, 1], np.uint16),
    "multi_position": np.array([1]),
    "multi_extra": np.array([4], np.int32),
}


def test_the_constructor_takes_the_arrays_themselves():
    assert_same(Patterns(**FINE, shape=(2, 2)), np.array([[1, 0, 0, 5], [0, 1, 0, 0]]))


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"indptr": np.array([0, 2, 3], np.int32)}, TypeError, "indptr: expected dtype int64, got int32"),
        ({"indptr": np.zeros(0, np.int64)}, ValueError, "indptr: expected at least one value"),
        ({"indptr": np.array([0, 2, 4])}, ValueError, "indptr: ends at 4, beyond the 3 values of pixels"),
        ({"indptr": np.array([0, 3, 2])}, ValueError, "indptr: descends after pattern"),
        ({"indptr": np.array([0, 5, 3])}, ValueError, "indptr: descends after pattern 0"),
        ({"indptr": np.array([-1, 2, 3])}, ValueError, "indptr: runs from -1 to 3"),
        ({"pixels": np.array([0, 3, 1], np.uint32)}, TypeError, "pixels: expected dtype uint16, got uint32"),
        ({"pixels": np.array([0, 4, 1], np.uint16)}, ValueError, "pattern 0: pixel 4 is outside 0..3"),
        ({"pixels": np.array([3, 0, 1], np.uint16)}, ValueError, "pattern 0: pixels are not in ascending order"),
        ({"pixels": np.array([3, 3, 1], np.uint16)}, ValueError, "pattern 0: pixels are not in ascending order"),
        ({"pixels": np.zeros(6, np.uint16)[::2]}, ValueError, "pixels: expected a C-contiguous, aligned array"),
        ({"multi_extra": np.array([0], np.int32)}, ValueError, "multi_extra: expected 1 or more at index 0, got 0"),
        ({"multi_extra": np.array([1, 1], np.int32)}, ValueError, "multi_extra: expected shape (1,), got (2,)"),
        ({"multi_position": np.array([3])}, ValueError, "multi_position: expected positions in pixels, 0..2"),
        ({"multi_position": np.array([-1])}, ValueError, "multi_position: expected positions in pixels, 0..2"),
        (
            {"multi_position": np.array([1, 1]), "multi_extra": np.array([1, 1], np.int32)},
            ValueError,
            "multi_position: does not ascend at index 1",
        ),
    ],
)
def test_the_constructor_refuses(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        Patterns(**(FINE | change), shape=(2, 2))


def test_wide_detectors_take_four_bytes_a_pixel():
    wide = FINE | {"pixels": FINE["pixels"].astype(np.uint32)}
    assert Patterns(**wide, shape=(257, 256)).nbytes == 3 * 8 + 3 * 4 + 8 + 4
    with pytest.raises(TypeError, match="pixels: expected dtype uint32, got uint16"):
        Patterns(**FINE, shape=(257, 256))


# -- parts ------------------------------------------------------------------------------------------------------------


@given(cases(shapes=SMALL), st.data())
def test_parts(case, data):
    n = len(case.counts)
    bound = st.none() | st.integers(-n - 2, n + 2)
    step = st.none() | st.sampled_from([-2, -1, 1, 2, 3])
    cut = slice(data.draw(bound), data.draw(bound), data.draw(step))
    assert_same(case.patterns[cut], case.counts[cut])
    mask = np.random.default_rng(data.draw(st.integers(0, 99))).random(n) < 0.5
    assert_same(case.patterns[mask], case.counts[mask])
    assert_same(case.patterns[mask.tolist()] if n else case.patterns[mask], case.counts[mask])
    chosen = data.draw(st.lists(st.integers(-n, n - 1), max_size=8)) if n else []
    assert_same(case.patterns[chosen], case.counts[np.array(chosen, int)])
    assert_same(case.patterns[cut][mask[cut]], case.counts[cut][mask[cut]])
    for k in chosen:
        np.testing.assert_array_equal(case.patterns[k].ravel(), case.counts[k])


@given(cases(shapes=[(3, 3)]), st.data())
def test_concatenation_puts_parts_together(case, data):
    cuts = sorted(data.draw(st.lists(st.integers(0, len(case.counts)), max_size=4)))
    edges = [0, *cuts, len(case.counts)]
    parts = [case.patterns[a:b] for a, b in itertools.pairwise(edges)]
    assert Patterns.concatenate(parts) == case.patterns
    twice = Patterns.concatenate([case.patterns, case.patterns])
    assert_same(twice, np.concatenate([case.counts, case.counts]))


def test_a_slice_shares_its_memory():
    patterns = random_case(np.random.default_rng(0), 20, (4, 4)).patterns
    part = patterns[5:9]
    assert np.shares_memory(part.pixels, patterns.pixels)
    assert np.shares_memory(part.indptr, patterns.indptr)
    assert part.nbytes < patterns.nbytes


@pytest.mark.parametrize(
    ("which", "message"),
    [
        (3, "pattern 3 is outside 0..2"),
        (-4, "pattern -4 is outside 0..2"),
        ([0, 3], "pattern 3 is outside 0..2"),
        ([0, -4], "pattern -4 is outside 0..2"),
        ([True, False], "mask: expected 3 values, got 2"),
        ([0.5], "expected a mask or integer indices, got float64"),
        ([[0]], "expected a mask or indices of one dimension, got 2"),
        ("a", "expected a mask or indices of one dimension, got 0"),
    ],
)
def test_parts_that_are_not_there(which, message):
    with pytest.raises(IndexError, match=re.escape(message)):
        Patterns.empty((2, 2), 3)[which]


def test_concatenation_refuses():
    with pytest.raises(ValueError, match="parts: expected at least one Patterns"):
        Patterns.concatenate([])
    with pytest.raises(ValueError, match=re.escape("parts: expected patterns of one shape, got (2, 2) and (1, 4)")):
        Patterns.concatenate([Patterns.empty((2, 2)), Patterns.empty((1, 4))])


# -- a value ----------------------------------------------------------------------------------------------------------


@given(cases(shapes=SMALL), st.sampled_from(range(2, pickle.HIGHEST_PROTOCOL + 1)))
def test_pickle(case, protocol):
    again = pickle.loads(pickle.dumps(case.patterns, protocol))
    assert again == case.patterns
    assert_same(again, case.counts)


@given(cases(shapes=[(3, 3)]), cases(shapes=[(3, 3)]))
def test_equal_where_the_counts_are(one, other):
    assert (one.patterns == other.patterns) == np.array_equal(one.counts, other.counts)
    assert one.patterns == one.patterns[:]
    assert (one.patterns == 3) is False


def test_shape_is_part_of_the_value():
    assert Patterns.empty((2, 2), 1) != Patterns.empty((1, 4), 1)
    with pytest.raises(TypeError, match="unhashable"):
        hash(Patterns.empty((2, 2)))


@pytest.mark.parametrize("name", ARRAYS)
def test_arrays_are_read_only(name):
    patterns = Patterns.from_dense([[3, 1, 0, 0]])
    with pytest.raises(ValueError, match="read-only"):
        getattr(patterns, name)[...] = 0
    with pytest.raises(AttributeError):
        setattr(patterns, name, None)
    with pytest.raises(ValueError, match="read-only"):
        patterns.total_image()[...] = 0


def test_a_mean_image_is_the_callers_own():
    patterns = Patterns.from_dense([[1, 1, 0, 0]])
    patterns.mean_image()[...] = 7
    np.testing.assert_array_equal(patterns.mean_image(), [[1, 1], [0, 0]])


@given(cases(shapes=SMALL))
def test_binarised(case):
    assert_same(case.patterns.binarised(), (case.counts > 0).astype(int))


def test_repr():
    assert repr(Patterns.from_dense([[2, 0, 0, 1]])) == "Patterns(1 pattern of 2x2 pixels, 3 photons, 3 a pattern)"
    assert repr(Patterns.empty((2, 3))) == "Patterns(0 patterns of 2x3 pixels, 0 photons)"


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Patterns.from_dense(np.ones((2, 3, 4), int), shape=(4, 3)), ValueError, "shape: .*3 x 4, got (4, 3)"),
        (lambda: Patterns.from_dense(Patterns.empty((2, 2), 1).to_scipy()), TypeError, "Patterns.from_csr takes it"),
        (lambda: Patterns.from_dense("counts.npy"), TypeError, "got str; motes.read_patterns reads files"),
        (lambda: Patterns.from_csr(np.eye(4, dtype=int)), TypeError, "got ndarray; Patterns.from_dense takes arrays"),
        (lambda: Patterns.from_dense(np.ones((20, 20), int)), ValueError, "one image? give it as array[None]"),
        (lambda: Patterns.from_coo([0, 5], [0, 1], shape=(2, 2), n_patterns=3), ValueError, "is n_patterns=3 right?"),
        (lambda: Patterns.from_coo([0, 1], [0, 4], shape=(2, 2)), ValueError, "of a 2x2 image count from 0"),
    ],
)
def test_a_refusal_names_the_way_out(make, error, message):
    with pytest.raises(error, match=".*".join(map(re.escape, message.split(".*")))):
        make()


def test_a_square_table_is_patterns():
    assert Patterns.from_dense(np.ones((25, 25), int)).shape == (5, 5)


@pytest.mark.parametrize("name", ARRAYS)
def test_a_read_only_view_of_what_can_change_is_copied(name):
    arrays = {key: getattr(Patterns.from_dense([[0, 2, 1], [1, 0, 3]], shape=(1, 3)), key).copy() for key in ARRAYS}
    base = arrays[name].copy()
    arrays[name] = base.view()
    arrays[name].flags.writeable = False
    patterns = Patterns(**arrays, shape=(1, 3))
    before = patterns.to_dense()
    base[:] = 7
    np.testing.assert_array_equal(patterns.to_dense(), before)
