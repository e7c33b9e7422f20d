"""The probes do what they are counted for."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motes import _core
from motes.bench.yardsticks import UNITS, yardsticks

ROWS = 625


@pytest.fixture(scope="module")
def index():
    return np.random.default_rng(0).integers(0, ROWS, 1003, dtype=np.uint16)


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("width", [4, 16])
def test_reads_are_summed(index, width, threads):
    table = np.random.default_rng(1).integers(-3, 4, (ROWS, width)).astype(np.float32)
    found = _core.probe_reads(index, table, n_passes=5, threads=threads)
    np.testing.assert_array_equal(found, 5 * table[index].astype(np.float64).sum(axis=0))


@pytest.mark.parametrize("threads", [1, 3])
def test_additions_are_counted(index, threads):
    found = _core.probe_additions(index, n_rows=ROWS, n_passes=5, threads=threads)
    np.testing.assert_array_equal(found, 5 * np.bincount(index, minlength=ROWS)[:, None] * np.arange(1, 5))


def test_arithmetic_converges_and_is_counted():
    one, value = _core.probe_arithmetic(n_passes=1, threads=1)
    assert value == 2
    assert _core.probe_arithmetic(n_passes=3, threads=2) == (3 * one, 2)
    assert one % (2 * 12 * 4096) == 0  # two operations, twelve chains, 4096 steps


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda i: _core.probe_reads(i, np.zeros((9, 4), np.float32), n_passes=1, threads=1), "index: a row outside"),
        (lambda i: _core.probe_reads(i, np.zeros((9, 5), np.float32), n_passes=1, threads=1), "rows of 4 or 16"),
        (lambda i: _core.probe_additions(i, n_rows=9, n_passes=1, threads=1), "index: a row outside"),
        (lambda i: _core.probe_additions(i, n_rows=0, n_passes=1, threads=1), "n_rows: expected 1 to 65536, got 0"),
        (lambda i: _core.probe_additions(i, n_rows=ROWS, n_passes=2**20, threads=1), "at most 2^28 additions"),
        (lambda i: _core.probe_arithmetic(n_passes=0, threads=1), "n_passes: expected 1 to 1048576, got 0"),
    ],
)
def test_refusals(index, call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(index)


@pytest.mark.parametrize("threads", [1, 2])
def test_every_yardstick_has_an_amount_and_a_time(threads):
    found = yardsticks(threads)
    assert [one.name for one in found] == list(UNITS)
    assert all(one.amount > 0 and one.time() > 0 for one in found)
