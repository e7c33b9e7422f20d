"""The CUDA kernels of circles, on the host: the CPU's intersections over union, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import phases
import reference
from circle_strategies import KINDS, layout
from motes import _core

DTYPES = [np.float32, np.float64]


def paired(boxes: bool, a_place, a_size, b_place, b_size) -> np.ndarray:
    def compute(order: int) -> np.ndarray:
        out = np.full(len(a_place), np.nan, a_place.dtype)
        phases.run(
            "circles", "paired", boxes, out.itemsize, a_place, a_size, b_place, b_size, len(out), out, order=order
        )
        return out

    return phases.in_every_order(compute)


def all_pairs(boxes: bool, a_place, a_size, b_place, b_size, a_indptr, b_indptr) -> np.ndarray:
    def compute(order: int) -> np.ndarray:
        out = np.full((np.diff(a_indptr) * np.diff(b_indptr)).sum(), np.nan, a_place.dtype)
        phases.run("circles", "all_pairs", boxes, out.itemsize, a_place, a_size, b_place, b_size, len(a_indptr) - 1,
                   a_indptr, b_indptr, out, order=order)  # fmt: skip
        return out

    return phases.in_every_order(compute)


def shapes(boxes: bool, kind: str, rng: np.random.Generator, n: int, dtype) -> tuple[np.ndarray, np.ndarray]:
    """Places and sizes; boxes as wide as circles, and of another height."""
    values = layout(kind, rng, n).astype(dtype)
    size = (
        np.column_stack([values[:, 2], values[:, 2] * rng.uniform(0.5, 2, n)]).astype(dtype) if boxes else values[:, 2]
    )
    return values[:, :2].copy(), size.copy()


@pytest.mark.parametrize("boxes", [False, True])
@given(st.integers(0, 2**32 - 1), st.sampled_from(KINDS), st.sampled_from(DTYPES), st.integers(0, 300))
def test_pairs_are_those_of_the_cpu(boxes, seed, kind, dtype, n):
    rng = np.random.default_rng(seed)
    a, b = shapes(boxes, kind, rng, n, dtype), shapes(boxes, kind, rng, n, dtype)
    b[0][::5], b[1][::5] = a[0][::5], a[1][::5]  # some are the same
    expected = (_core.box_iou if boxes else _core.circle_iou)(*a, *b, threads=1)
    np.testing.assert_array_equal(paired(boxes, *a, *b), expected)


def test_circles_keep_their_digits_near_contact():
    rng = np.random.default_rng(7)
    r1, r2 = 10.0 ** rng.uniform(-5, 5, (2, 200))
    contact = np.where(rng.random(200) < 0.5, r1 + r2, np.abs(r1 - r2))
    d = contact * (1 + rng.choice([-1, 1], 200) * 10.0 ** rng.uniform(-15, 0, 200))
    a, b = np.zeros((200, 2)), np.column_stack([d * 0.6, d * 0.8])
    expected = [reference.circle_iou((0, 0, p), (*q, r)) for p, q, r in zip(r1, b, r2, strict=True)]
    np.testing.assert_allclose(paired(False, a, r1, b, r2), expected, rtol=1e-14, atol=0)


@pytest.mark.parametrize("boxes", [False, True])
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(KINDS),
    st.sampled_from(DTYPES),
    st.lists(st.sampled_from([(0, 0), (0, 5), (3, 0), (1, 1), (33, 2), (2, 129), (70, 260)]), max_size=5),
)
def test_all_pairs_are_those_of_the_cpu(boxes, seed, kind, dtype, counts):
    rng = np.random.default_rng(seed)
    a_indptr, b_indptr = (np.cumsum([0, *(count[k] for count in counts)], dtype=np.int64) for k in range(2))
    a, b = (shapes(boxes, kind, rng, indptr[-1], dtype) for indptr in (a_indptr, b_indptr))
    pairs = _core.box_iou_all if boxes else _core.circle_iou_all
    expected = pairs(*a, *b, a_indptr=a_indptr, b_indptr=b_indptr, threads=1)
    np.testing.assert_array_equal(all_pairs(boxes, *a, *b, a_indptr, b_indptr), expected)
