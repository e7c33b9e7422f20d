"""ingest: COO entries of any type and order become compact patterns."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import gpus
import reference
from gpus import each_device, ingest
from motes import _core
from strategies import INTEGERS, coo_entries


def assert_holds(arrays, counts: np.ndarray) -> None:
    """The four arrays are the one canonical form of these counts."""
    indptr, pixels, position, extra = arrays
    rows, cols = np.nonzero(counts)
    photons = counts[rows, cols]
    assert (indptr.dtype, position.dtype, extra.dtype) == (np.int64, np.int64, np.int32)
    assert pixels.dtype == (np.uint16 if counts.shape[1] <= 65536 else np.uint32)
    np.testing.assert_array_equal(indptr, np.searchsorted(rows, np.arange(len(counts) + 1)))
    np.testing.assert_array_equal(pixels, cols)
    np.testing.assert_array_equal(position, np.flatnonzero(photons > 1))
    np.testing.assert_array_equal(extra, photons[photons > 1] - 1)


@each_device
@given(entries=coo_entries(), threads=st.sampled_from([1, 2]))
def test_any_type_any_order_repeats_and_zeros(entries, threads, device):
    rows, cols, counts = entries.arrays
    arrays = ingest(rows, cols, counts, **entries.extents, threads=threads, device=device)
    assert_holds(arrays, reference.counts_of(rows, cols, *entries.extents.values(), counts))


@each_device
@pytest.mark.parametrize("order", ["sorted", "shuffled", "repeated", "one pattern"])
def test_many_entries_over_many_lanes(order, device):
    rng = np.random.default_rng(3)
    n_patterns, n_pixels = 5000, 100
    counts = rng.random((n_patterns, n_pixels)) < 0.6
    rows, cols = (np.ascontiguousarray(index) for index in np.nonzero(counts))
    if order == "one pattern":
        rows, n_patterns = np.zeros_like(rows), 1
    if order != "sorted":
        shuffled = rng.permutation(rows.size)
        rows, cols = rows[shuffled], cols[shuffled]
    if order == "repeated":
        rows, cols = np.concatenate([rows, rows[:100_000]]), np.concatenate([cols, cols[:100_000]])
    expected = reference.counts_of(rows, cols, n_patterns, n_pixels)
    for threads in (1, 2, 3, 16) if device == "cpu" else (1,):
        extents = {"n_patterns": n_patterns, "n_pixels": n_pixels}
        assert_holds(ingest(rows, cols, **extents, threads=threads, device=device), expected)


@each_device
@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("chance", [0.05, 0.5, 0.95, 1.0])
def test_where_patterns_begin(chance, threads, device):
    """Short patterns, many in a stretch of entries, empty ones between them and after the last, at any place."""
    rng = np.random.default_rng(7)
    begins = rng.random(5000) < chance
    rows = np.cumsum(begins + 3 * (rng.random(5000) < 0.1) * begins)
    first = np.flatnonzero(np.diff(rows, prepend=-1))
    cols = np.arange(5000) - np.repeat(first, np.diff(first, append=5000))
    for n_entries in (1, 63, 64, 65, 511, 512, 513, 577, 1024, 1025, 4999, 5000):
        n_patterns = int(rows[n_entries - 1]) + 9
        extents = {"n_patterns": n_patterns, "n_pixels": 5000}
        arrays = ingest(rows[:n_entries], cols[:n_entries], **extents, threads=threads, device=device)
        np.testing.assert_array_equal(arrays[0], np.searchsorted(rows[:n_entries], np.arange(n_patterns + 1)))
        np.testing.assert_array_equal(arrays[1], cols[:n_entries])


@each_device
def test_no_entries_and_no_patterns(device):
    nothing = np.zeros(0, np.int64)
    assert_holds(ingest(nothing, nothing, n_patterns=0, n_pixels=4, device=device), np.zeros((0, 4)))
    assert_holds(ingest(nothing, nothing, n_patterns=3, n_pixels=0, device=device), np.zeros((3, 0)))


@each_device
def test_the_last_pixels_of_two_byte_indices(device):
    cols = np.array([65535, 0], np.uint16)
    for n_pixels, dtype in ((65536, np.uint16), (65537, np.uint32)):
        _, pixels, _, _ = ingest(np.zeros(2, np.int8), cols, n_patterns=1, n_pixels=n_pixels, device=device)
        assert pixels.dtype == dtype
        np.testing.assert_array_equal(pixels, [0, 65535])


@each_device
def test_large_counts(device):
    one = np.zeros(1, np.int64)
    _, _, _, extra = ingest(one, one, np.array([2**31 - 1]), n_patterns=1, n_pixels=1, device=device)
    np.testing.assert_array_equal(extra, [2**31 - 2])
    two = np.zeros(2, np.int64)
    with pytest.raises(ValueError, match=r"counts: more than 2\^31 photons in one pixel"):
        ingest(two, two, np.array([2**31 - 1, 2**31 - 1]), n_patterns=1, n_pixels=1, device=device)


FINE = {"rows": np.array([0, 1, 2]), "cols": np.array([0, 1, 2])}


@each_device
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": np.array([0, 3, 9])}, "rows: 3 at index 1 is outside 0..2"),
        ({"rows": np.array([0, -1, 2])}, "rows: negative at index 1"),
        ({"rows": np.array([0, 2**63 + 1, 1], np.uint64)}, "rows: more than 2^63 - 1 at index 1"),
        ({"cols": np.array([0, 1, 4])}, "cols: 4 at index 2 is outside 0..3"),
        ({"cols": np.array([-7, 1, 4])}, "cols: negative at index 0"),
        ({"cols": np.array([0, 2**63 + 1, 1], np.uint64)}, "cols: more than 2^63 - 1 at index 1"),
        ({"rows": np.array([2, 0, 9])}, "rows: 9 at index 2 is outside 0..2"),
        ({"rows": np.array([2, 0, 1]), "cols": np.array([0, 0, 4])}, "cols: 4 at index 2 is outside 0..3"),
    ],
)
@pytest.mark.parametrize("counts", [None, np.ones(3, np.int64)])
def test_ingest_refuses_entries(change, message, counts, device):
    """By either path: without counts the pass that hopes for order finds what is wrong, with counts the buckets do."""
    with pytest.raises(ValueError, match=re.escape(message)):
        ingest(**FINE | change, counts=counts, n_patterns=3, n_pixels=4, device=device)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"counts": np.array([1, 1, -1])}, ValueError, "counts: negative at index 2"),
        ({"counts": np.array([1, 2**31, 1])}, ValueError, "counts: 2147483648 at index 1 is outside 0..2147483647"),
        ({"rows": np.array([0.0, 1.0, 2.0])}, TypeError, "rows: expected an integer dtype, got float64"),
        ({"cols": np.array([True, True, False])}, TypeError, "cols: expected an integer dtype, got bool"),
        ({"counts": [1, 1, 1]}, TypeError, "counts: expected a NumPy array of integers"),
        ({"rows": np.array([0, 1, 2], ">i4")}, TypeError, "rows: expected an integer dtype, got >i4"),
        ({"rows": np.zeros((3, 1), int)}, ValueError, "rows: expected shape (any,), got one of 2 dimensions"),
        ({"cols": np.array([0, 1])}, ValueError, "cols: expected shape (3,), got one of 1 dimensions and 2 values"),
        ({"counts": np.ones(4, int)}, ValueError, "counts: expected shape (3,), got one of 1 dimensions and 4 values"),
        ({"rows": np.arange(6)[::2]}, ValueError, "rows: expected a contiguous array"),
        ({"n_patterns": -1}, ValueError, "n_patterns, n_pixels: negative"),
        ({"threads": 5000}, ValueError, "threads: expected 0 to 1024, got 5000"),
    ],
)
def test_ingest_refuses(change, error, message):
    with pytest.raises(error, match=re.escape(message)):
        ingest(**{"n_patterns": 3, "n_pixels": 4, "device": "cpu"} | FINE | change)


def test_unaligned_values_are_read():
    raw = np.zeros(8 * 3 + 1, np.uint8)
    rows = raw[1:].view(np.int64)
    rows[:] = [2, 0, 1]
    assert not rows.flags.aligned
    assert_holds(
        ingest(rows, np.array([1, 0, 3]), n_patterns=3, n_pixels=4, device="cpu"),
        reference.counts_of(rows, [1, 0, 3], 3, 4),
    )


@each_device
@pytest.mark.parametrize("dtype", INTEGERS)
def test_largest(dtype, device):
    rng = np.random.default_rng(0)
    values = rng.integers(0, np.iinfo(dtype).max // 2, 300_000, dtype=dtype)
    for threads in (1, 2):
        assert gpus.largest(values, "rows", threads=threads, device=device) == values.max()
    assert gpus.largest(values[:0], "rows", threads=1, device=device) == -1
    if dtype.kind == "i":
        values[200_000] = -1
        with pytest.raises(ValueError, match="rows: negative at index 200000"):
            gpus.largest(values, "rows", threads=2, device=device)


@each_device
def test_largest_beyond_int64_is_not_negative(device):
    with pytest.raises(ValueError, match=re.escape("rows: more than 2^63 - 1 at index 0")):
        gpus.largest(np.array([2**64 - 1], np.uint64), "rows", threads=1, device=device)


# -- take and total_image: the container's own passes -----------------------------------------------------------------


def test_take_refuses():
    view = _core.PatternsView(*ingest(**FINE, n_patterns=3, n_pixels=4, device="cpu"), n_pixels=4)
    with pytest.raises(ValueError, match=re.escape("which: pattern 3 at index 1 is outside 0..2")):
        _core.take(view, np.array([0, 3]), threads=1)
    with pytest.raises(TypeError, match="which: expected dtype int64, got int32"):
        _core.take(view, np.array([0], np.int32), threads=1)
