"""ingest on a GPU: the whole of it, run on the host, gives the CPU's arrays and finds the CPU's faults."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import phases
from motes import Patterns, _core
from strategies import INTEGERS, SMALL, WIDE, cases, coo_entries

CODES = {dtype: 2 * int(np.log2(dtype.itemsize)) + (dtype.kind == "u") for dtype in INTEGERS}
SLOT = 4096  # entries of 4 bytes; more than that in one place have to be split
WORDS = ("rows", "cols", "counts")


def ingest(rows, cols, counts=None, *, n_patterns, n_pixels):
    """The four arrays and what was found beside them: the same in every order."""
    pixel = np.uint16 if n_pixels <= 65536 else np.uint32

    def compute(order: int):
        arrays = np.zeros(n_patterns + 1, np.int64), np.zeros(rows.size, pixel), *(
            np.zeros(rows.size, dtype) for dtype in (np.int64, np.int32)
        )  # fmt: skip
        found = np.zeros(7, np.int64)
        of_counts = 0 if counts is None else CODES[counts.dtype]
        phases.run(
            "ingest", "ingest", rows.size, rows, CODES[rows.dtype], cols, CODES[cols.dtype], counts, of_counts,
            n_patterns, n_pixels, *arrays, found, order=order,
        )  # fmt: skip
        indptr, pixels, position, extra = arrays
        n_lit, n_multi = found[3:5]
        return indptr, pixels[:n_lit], position[:n_multi], extra[:n_multi], found

    return phases.in_every_order(compute)


def on_the_cpu(rows, cols, counts=None, *, n_patterns, n_pixels):
    return _core.ingest(rows, cols, counts, n_patterns=n_patterns, n_pixels=n_pixels, threads=1)


def assert_right(rows, cols, counts=None, **shape) -> int:
    """The number of launches, after all was found to be as on the CPU."""
    *arrays, found = ingest(rows, cols, counts, **shape)
    expected = on_the_cpu(rows, cols, counts, **shape)
    for a, b, name in zip(arrays, expected, ("indptr", "pixels", "multi_position", "multi_extra"), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a, b, err_msg=name)
    assert (found[0], found[2], found[5]) == (-1, 0, expected[3].sum(dtype=np.int64))
    return int(found[6])


@settings(max_examples=20)
@given(coo_entries())
def test_any_type_any_order_repeats_and_zeros(entries):
    assert_right(*entries.arrays, **entries.extents)


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([np.float32, np.float64, *INTEGERS]),
    st.sampled_from([1, 4]),
    st.booleans(),
)
def test_entries_of_a_matrix(seed, dtype, most, wrong):
    """The row of each, its count where not all are one; the first that is wrong."""
    rng, dtype = np.random.default_rng(seed), np.dtype(dtype)
    lengths = rng.integers(0, 30, rng.integers(1, 40)) * (rng.random() < 0.9)
    indptr, n = np.concatenate([[0], np.cumsum(lengths)]), int(lengths.sum())
    counts = rng.integers(min(most, 2) - (most > 1), most + 1, n).astype(dtype)
    bad = np.zeros(n, bool)
    if wrong and n and dtype.kind != "u":
        bad[rng.integers(0, n, 3)] = True
        counts[bad] = -1 if dtype.kind == "i" else rng.choice([-1.0, 0.5, np.nan, np.inf, 2.0**31])

    def compute(order: int):
        row, count, found = np.full(n, -1), np.full(n, -1), np.array([n, 0, 0])
        real = dtype.itemsize if dtype.kind == "f" else 0
        phases.run("ingest", "entries_of_matrix", indptr, len(lengths), counts, 0 if real else CODES[dtype], real, row,
                   count, found, order=order)  # fmt: skip
        return row, count, found

    row, count, found = phases.in_every_order(compute)
    first = int(np.argmax(bad)) if bad.any() else n
    assert (found[0], found[1]) == (len(lengths) + 1, first)
    if first < n:
        return
    np.testing.assert_array_equal(row, np.repeat(np.arange(len(lengths)), lengths))
    assert found[2] == (counts != 1).any()
    if found[2]:
        np.testing.assert_array_equal(count, counts)


@settings(max_examples=20)
@given(cases(max_patterns=20, max_count=5), st.data())
def test_totals_of_a_range(case, data):
    start = data.draw(st.integers(0, len(case.patterns)))
    stop = data.draw(st.integers(start, len(case.patterns)))

    def compute(order: int):
        found = np.full(3, -1)
        phases.run("ingest", "totals", phases.given(case.patterns), start, stop, found, order=order)
        return found

    counts = case.counts[start:stop]
    extra = counts[counts > 0] - 1
    expected = [extra.size, extra.sum(), extra.max(initial=0)]
    np.testing.assert_array_equal(phases.in_every_order(compute), expected)


def shuffled(counts: np.ndarray, rng: np.random.Generator):
    rows, cols = np.nonzero(counts)
    order = rng.permutation(rows.size)
    return rows[order].astype(np.int32), cols[order].astype(np.int32)


@pytest.mark.parametrize("n_entries", [0, 1, 257, SLOT - 1, SLOT, SLOT + 1, 2 * SLOT, 30_000])
@pytest.mark.parametrize("repeated", [False, True])
def test_sizes_about_those_of_blocks(n_entries, repeated):
    rng = np.random.default_rng(n_entries)
    n_pixels, n_patterns = 625, 1000
    pairs = rng.choice(n_pixels * n_patterns, n_entries, replace=repeated)
    rows, cols = (pairs // n_pixels).astype(np.int32), (pairs % n_pixels).astype(np.int16)
    assert_right(rows, cols, n_patterns=n_patterns, n_pixels=n_pixels)
    if repeated:
        counts = rng.integers(0, 3, n_entries).astype(np.uint8)
        assert_right(rows, cols, counts, n_patterns=n_patterns, n_pixels=n_pixels)


@pytest.mark.parametrize("n_pixels", [1, 7, 4096, 65536, 65537, 2**31, 2**32])
def test_one_pattern_holds_all(n_pixels):
    rng = np.random.default_rng(1)
    cols = rng.integers(0, n_pixels, 20_000)
    assert_right(np.zeros(20_000, np.uint8), cols, n_patterns=1, n_pixels=n_pixels)


@pytest.mark.parametrize("counted", [False, True])
@pytest.mark.parametrize("n_patterns", [1, 1_000_000])
def test_one_pixel_holds_nearly_all(counted, n_patterns):
    """More photons than two bytes count, and than a block sorts, in one pixel; some elsewhere, before and after it."""
    rows = np.zeros(70_100, np.int32)
    cols = np.full(70_100, 300, np.int64)
    cols[50_000:50_100] = np.arange(250, 350)
    rows[60_000:60_020] = np.arange(20) * (n_patterns // 20)
    counts = np.full(rows.size, 3, np.int32) if counted else None
    assert on_the_cpu(rows, cols, counts, n_patterns=n_patterns, n_pixels=400)[3].max() > 65536
    assert_right(rows, cols, counts, n_patterns=n_patterns, n_pixels=400)


def test_photons_in_few_of_many_patterns():
    """Splitting by the bits that would do for even patterns leaves these together: more bits are taken for them."""
    rng = np.random.default_rng(2)
    rows = rng.choice([17, 18, 19, 999_999], 40_000).astype(np.int32)
    n_even = assert_right(rng.integers(0, 10**6, 40_000).astype(np.int32), rows % 625, n_patterns=10**6, n_pixels=625)
    launches = assert_right(rows, rng.integers(0, 625, 40_000), n_patterns=10**6, n_pixels=625)
    assert launches > n_even


def test_crowds_of_many_sizes():
    """Segments that fit at once, after one level more, and after two, side by side."""
    rng = np.random.default_rng(3)
    n_patterns, n_pixels = 2**20, 1024
    sizes = [3, 9000, 1, 5000, 100, 12_000, 4096, 4097]
    rows = np.repeat(np.array([0, 1, 2, 3, 700_000, 700_001, 700_002, 2**20 - 1]), sizes)
    cols = np.where(rng.random(rows.size) < 0.6, rows % n_pixels, rng.integers(0, n_pixels, rows.size))
    order = rng.permutation(rows.size)
    assert_right(rows[order], cols[order], n_patterns=n_patterns, n_pixels=n_pixels)
    assert_right(rows[order], cols[order], rng.integers(0, 9, rows.size), n_patterns=n_patterns, n_pixels=n_pixels)


@pytest.mark.parametrize(
    ("n_patterns", "n_pixels"), [(2**20 + 1, 1), (2**20, 2**22), (2**21, 2**32), (3, 2**32), (1000, 2**31)]
)
def test_keys_of_all_widths(n_patterns, n_pixels):
    """4 bytes, 8, and what of 8 the regions must take."""
    rng = np.random.default_rng(4)
    rows, cols = rng.integers(0, n_patterns, 9000), rng.integers(0, n_pixels, 9000)
    rows[:2], cols[:2] = (0, n_patterns - 1), (n_pixels - 1, 0)
    assert_right(rows, cols, n_patterns=n_patterns, n_pixels=n_pixels)
    rows[100:200], cols[100:200] = rows[200], cols[200]
    assert_right(rows, cols, np.ones(9000, np.int8), n_patterns=n_patterns, n_pixels=n_pixels)


def test_a_million_patterns_and_hardly_a_photon():
    rows, cols = np.array([999_999, 5, 5], np.int32), np.array([3, 624, 0], np.int32)
    assert_right(rows, cols, n_patterns=10**6, n_pixels=625)
    assert_right(rows[:1], cols[:1], n_patterns=10**6, n_pixels=625)


def test_entries_in_order_are_written_as_they_stand():
    rng = np.random.default_rng(5)
    counts = rng.random((400, 50)) < 0.6
    counts[100:120] = 0
    rows, cols = map(np.ascontiguousarray, np.nonzero(counts))
    in_order = assert_right(rows, cols, n_patterns=405, n_pixels=50)
    assert in_order < assert_right(*shuffled(counts, rng), n_patterns=405, n_pixels=50)
    for swapped in ([0, 1], [7000, 7001], [rows.size - 2, rows.size - 1]):
        out = cols.copy()
        out[swapped] = out[swapped[::-1]]
        assert_right(rows, out, n_patterns=405, n_pixels=50)
    assert_right(np.append(rows, rows[-1]), np.append(cols, cols[-1]), n_patterns=405, n_pixels=50)


def test_too_many_photons_in_a_pixel():
    one = np.zeros(3, np.int64)
    largest = np.array([2**31 - 2, 1, 0])
    assert_right(one, one, largest, n_patterns=1, n_pixels=1)
    assert ingest(one, one, largest + 1, n_patterns=1, n_pixels=1)[-1][2] == 1
    with pytest.raises(ValueError, match=r"more than 2\^31 photons"):
        on_the_cpu(one, one, largest + 1, n_patterns=1, n_pixels=1)


@settings(max_examples=30)
@given(st.data())
def test_the_first_fault_is_that_of_the_cpu(data):
    """Several at once, in arrays of several chunks: the one that the CPU names."""
    n = data.draw(st.sampled_from([1, 3, 511, 512, 513, 1500]))
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    arrays = [rng.integers(0, limit, n) for limit in (30, 40, 3)]
    if data.draw(st.booleans()):
        arrays[:2] = [np.arange(n) * 30 // n, np.arange(n) % 40]
    given_counts = data.draw(st.booleans())
    for _ in range(data.draw(st.integers(1, 4))):
        which = data.draw(st.integers(0, 2 if given_counts else 1))
        arrays[which][rng.integers(n)] = rng.choice([-1, -(2**62), 2**31, 2**40])
    rows, cols, counts = arrays
    counts = counts if given_counts else None
    found = ingest(rows, cols, counts, n_patterns=30, n_pixels=40)[-1]
    with pytest.raises(ValueError, match=r"negative|outside") as refused:
        on_the_cpu(rows, cols, counts, n_patterns=30, n_pixels=40)
    name, index = re.match(r"(\w+):.* at index (\d+)", str(refused.value)).groups()
    assert (WORDS[found[0]], found[1]) == (name, int(index))


@pytest.mark.parametrize("dtype", INTEGERS)
def test_largest(dtype):
    rng = np.random.default_rng(0)
    values = rng.integers(0, np.iinfo(dtype).max // 2, 20_000, dtype=dtype)

    def found(values):
        def compute(order):
            out = np.zeros(2, np.int64)
            phases.run("ingest", "largest", values, CODES[values.dtype], values.size, out, order=order)
            return out

        return phases.in_every_order(compute).tolist()

    assert found(values) == [values.max(), 20_000]
    assert found(values[:0]) == [-1, 0]
    if dtype.kind == "i":
        values[[17_000, 19_000]] = -1
        assert found(values)[1] == 17_000


@settings(max_examples=20)
@given(cases(shapes=[*SMALL, (100, 90), WIDE]))
def test_total_image(case):
    patterns = case.patterns[:]
    own = Patterns(*(np.ascontiguousarray(array) for array in patterns._arrays.own()), shape=patterns.shape)
    at = phases.given(own)

    def compute(order: int):
        photons = np.full(case.n_pixels, -9)
        phases.run("ingest", "total_image", at, photons, order=order)
        return photons

    np.testing.assert_array_equal(phases.in_every_order(compute), case.counts.sum(axis=0))
