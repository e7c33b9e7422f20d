"""The host driver of CUDA kernels finds what it is there to find."""

from __future__ import annotations

import numpy as np
import pytest

import phases

NONE, NO_BARRIER, NOTHING_ZEROED, BEYOND_END, BLOCKS_RACE, UNSET = range(6)


def toy_sum(mistake: int):
    values = np.arange(1000, dtype=np.int64)

    def compute(order: int) -> np.ndarray:
        total = np.zeros(1, np.int64)
        phases.run("toys", "toy_sum", values, len(values), total, mistake, order=order)
        return total

    return phases.in_every_order(compute)


def test_a_right_kernel_is_right_in_every_order():
    assert toy_sum(NONE)[0] == 999 * 1000 // 2


@pytest.mark.parametrize("mistake", [NO_BARRIER, NOTHING_ZEROED, BLOCKS_RACE, UNSET])
def test_what_a_gpu_does_not_promise_differs_from_order_to_order(mistake):
    with pytest.raises(AssertionError, match=r"order \d differs from order 0"):
        toy_sum(mistake)


def test_writing_beyond_shared_memory_is_found():
    with pytest.raises(AssertionError, match="wrote beyond the end of its shared memory"):
        toy_sum(BEYOND_END)
