"""The yardsticks of the benchmarks do all the work that their rates count, at rows that are as good as random."""

from __future__ import annotations

import numpy as np
import pytest

import phases
from gpus import gpu

THREADS = 512


def rows_drawn(n_threads: int, n_rows: int, n_each: int) -> np.ndarray:
    """(n_each, n_threads): the rows, by the definition in csrc/cuda/probes.hpp."""
    x = np.arange(n_threads, dtype=np.uint32)
    x = (x ^ (x >> 16)) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> 15)) * np.uint32(0x846CA68B)
    x ^= x >> 16
    rows = []
    for _ in range(n_each):
        x = x * np.uint32(1664525) + np.uint32(1013904223)
        rows.append((x.astype(np.uint64) * np.uint64(n_rows)) >> np.uint64(32))
    return np.array(rows, np.int64)


def sums_of(rows: np.ndarray) -> list[int]:
    return [int((rows % 16).sum()), 0, rows.size, 2 * rows.size]


def counts_of(rows: np.ndarray, n_rows: int, *, planar: bool) -> np.ndarray:
    each = np.repeat(np.bincount(rows.ravel(), minlength=n_rows)[:, None], 4, axis=1)
    return each.T if planar else each


@pytest.mark.parametrize(("n_rows", "n_each", "n_blocks"), [(1, 1, 1), (625, 9, 2), (4096, 3, 1)])
def test_every_read_is_done(n_rows, n_each, n_blocks):
    def compute(order: int) -> np.ndarray:
        sums = np.zeros(4, np.int64)
        phases.run("probes", "probe_reads", n_rows, n_each, n_blocks, sums, order=order)
        return sums

    assert phases.in_every_order(compute).tolist() == sums_of(rows_drawn(n_blocks * THREADS, n_rows, n_each))


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize(("n_rows", "n_each", "n_blocks"), [(1, 1, 1), (625, 9, 2), (4096, 3, 1)])
def test_every_addition_is_done(n_rows, n_each, n_blocks, planar):
    expected = counts_of(rows_drawn(n_blocks * THREADS, n_rows, n_each), n_rows, planar=planar)

    def compute(order: int) -> np.ndarray:
        counts = np.zeros(expected.shape, np.int64)
        phases.run("probes", "probe_additions", n_rows, n_each, n_blocks, planar, counts, order=order)
        return counts

    np.testing.assert_array_equal(phases.in_every_order(compute), expected)


def test_rows_of_a_warp_meet_as_often_as_random_ones_do():
    """Of the 8 threads that read 16 bytes at once, as many wait for one bank as balls meet in one of 8 urns: 2.60."""
    rows = rows_drawn(THREADS, 625, 400).reshape(-1, 8) % 8
    worst = np.array([np.bincount(some).max() for some in rows])
    random = np.random.default_rng(0).integers(0, 625, (25_600, 8)) % 8
    expected = np.array([np.bincount(some).max() for some in random])
    error = np.hypot(worst.std(), expected.std()) / np.sqrt(len(worst))
    assert abs(worst.mean() - expected.mean()) < 5 * error


@pytest.mark.gpu
def test_probes_on_a_gpu():
    cuda, n_rows, n_each = gpu(), 625, 5
    n_reads, sums = cuda.probe_reads(n_rows, n_each, device=0)
    rows = rows_drawn(n_reads // n_each, n_rows, n_each)
    assert rows.size == n_reads
    assert sums.to_numpy().tolist() == sums_of(rows)
    for planar in (False, True):
        n_additions, counts = cuda.probe_additions(n_rows, n_each, planar=planar, device=0)
        rows = rows_drawn(n_additions // n_each, n_rows, n_each)
        np.testing.assert_array_equal(counts.to_numpy(), counts_of(rows, n_rows, planar=planar))


@pytest.mark.gpu
def test_a_copy_between_two_moments_on_a_gpu():
    cuda = gpu()
    data = np.random.default_rng(0).integers(0, 256, 1000).astype(np.uint8)
    source, out = cuda.from_numpy(data, device=0), cuda.empty_bytes(1000, device=0)
    before, after = (cuda.Event(device=0) for _ in range(2))
    before.record()
    cuda.probe_copy(source, out, 1000, device=0)
    after.record()
    assert 0 <= after.milliseconds_since(before) < 60_000
    np.testing.assert_array_equal(out.to_numpy(), data)


@pytest.mark.gpu
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda cuda: cuda.probe_reads(0, 1, device=0), "n_rows: expected rows that fit the shared memory of a block"),
        (lambda cuda: cuda.probe_reads(10**6, 1, device=0), "n_rows: expected rows that fit the shared memory"),
        (lambda cuda: cuda.probe_reads(5, 0, device=0), "n_each: expected 1 to 1048576, got 0"),
        (lambda cuda: cuda.probe_additions(0, 1, planar=True, device=0), "n_rows: expected at least 1, got 0"),
        (lambda cuda: cuda.probe_additions(5, 2**21, planar=True, device=0), "n_each: expected 1 to 1048576"),
    ],
)
def test_what_probes_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call(gpu())
