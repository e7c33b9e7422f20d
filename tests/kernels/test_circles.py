"""circles: intersection over union of circles and boxes."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from gpus import each_device, on
from motes import Circles, _core
from motes.kernels.circles import box_iou, circle_iou, pairwise_box_iou, pairwise_circle_iou

DIGITS = 1e-12  # what the issue asks for; the header promises 1e-14


def pairs_near_contact(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) each: distances at r1 + r2 and |r1 - r2|, off by 1e-15 to 1; radii over ten orders; far away, too."""
    rng = np.random.default_rng(seed)
    r1 = 10.0 ** rng.uniform(-5, 5, n)
    r2 = np.where(rng.random(n) < 0.3, r1, np.clip(r1 * 10.0 ** rng.uniform(-10, 10, n), 1e-5, 1e5))
    contact = np.where(rng.random(n) < 0.5, r1 + r2, np.abs(r1 - r2))
    d = contact * (1 + rng.choice([-1, 1], n) * 10.0 ** rng.uniform(-15, 0, n))
    angle, origin = rng.uniform(0, 2 * np.pi, n), rng.choice([0.0, 1e3, 1e9], n)
    one = np.column_stack([origin, origin, r1])
    return one, np.column_stack([origin + d * np.cos(angle), origin + d * np.sin(angle), r2])


def as_circles(values, dtype=np.float64, **more) -> Circles:
    values = np.asarray(values, dtype).reshape(-1, 3)
    return Circles(values[:, :2], values[:, 2].copy(), **more)


@each_device
@pytest.mark.parametrize("seed", range(3))
def test_iou_keeps_its_digits_near_contact(device, seed):
    a, b = pairs_near_contact(seed, 300)
    expected = np.array([reference.circle_iou(*pair) for pair in zip(a, b, strict=True)])
    for one, other in ((a, b), (b, a)):
        found = on(device, circle_iou, as_circles(one), as_circles(other), threads=1)
        np.testing.assert_allclose(found, expected, rtol=1e-14, atol=0)
        assert ((found == 0) == (expected == 0)).all()
    assert (expected > 0).any()
    assert (expected == 0).any()


@each_device
@given(st.integers(0, 2**32 - 1))
def test_float32_is_float64_rounded_once(device, seed):
    rng = np.random.default_rng(seed)
    a, b = (np.column_stack([rng.uniform(0, 5, (40, 2)), rng.uniform(1, 4, 40)]).astype(np.float32) for _ in range(2))
    found = on(device, circle_iou, as_circles(a, np.float32), as_circles(b, np.float32))
    assert found.dtype == np.float32
    exact = on(device, circle_iou, as_circles(a), as_circles(b))
    np.testing.assert_array_equal(found, exact.astype(np.float32))


@each_device
@pytest.mark.parametrize(
    ("a", "b", "iou"),
    [
        ((3, 4, 2), (3, 4, 2), 1.0),
        ((3, 4, 2), (3, 4, 1), 0.25),
        ((0, 0, 2), (1, 0, 1), 0.25),  # touches from inside
        ((0, 0, 1), (2, 0, 1), 0.0),  # touches from outside
        ((0, 0, 3), (3, 4, 2), 0.0),
        ((1e9, 1e9, 5), (1e9 + 20, 1e9, 5), 0.0),
        ((0, 0, 1e-10), (0, 0, 1e10), 1e-40),
    ],
)
def test_iou_of_a_few_circles(device, a, b, iou):
    np.testing.assert_allclose(on(device, circle_iou, as_circles(a), as_circles(b)), [iou], rtol=1e-15)


@each_device
@pytest.mark.parametrize("exponent", range(-320, -10, 10))
def test_centres_as_good_as_one(device, exponent):
    """Where powers of the distance underflow, IoU is what is left: 1, or the ratio of the areas."""
    x = 10.0**exponent
    for other, expected in ((10.0, 1 - 2 / np.pi * x / 10), (5.0, 0.25)):
        found = on(device, circle_iou, as_circles([0, 0, 10]), as_circles([x, 0, other]))
        np.testing.assert_allclose(found, [expected], rtol=1e-14)


def test_equal_radii_have_a_distance_for_every_iou():
    for iou in (0.001, 0.3, 0.5, 0.9, 0.9999):
        d = _core.equal_radii_distance(iou)
        known = 1e-13 + 2e-15 / (1 - iou)  # 1 - IoU goes with d: what rounds the IoU moves a small d by more
        below, above = (reference.circle_iou((0, 0, 1), (d * (1 + sign * known), 0, 1)) for sign in (-1, 1))
        assert below >= iou >= above
    assert _core.equal_radii_distance(0.0) == 2.0
    assert _core.equal_radii_distance(0.5) * 54 == pytest.approx(28.6127, abs=5e-5)


@pytest.mark.parametrize("iou", [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99])
def test_equal_circles_reach_farthest_of_all_with_the_same_sum_of_radii(iou):
    """What the search for near circles relies on."""
    d = _core.equal_radii_distance(iou) / 2 * (1 + 1e-9)
    ratio = np.linspace(np.sqrt(iou), 1, 2000)
    a = Circles(np.zeros((2000, 2)), 1.0)
    b = Circles(np.column_stack([d * (1 + ratio), np.zeros(2000)]), ratio)
    assert (circle_iou(a, b) <= iou).all()


@each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_all_pairs_are_the_pairs_of_each_micrograph(device, dtype):
    rng = np.random.default_rng(4)
    counts = [(3, 0), (0, 5), (0, 0), (200, 300), (70, 1), (1, 129)]
    a, b = (
        as_circles(
            np.column_stack([rng.uniform(0, 30, (n, 2)), rng.uniform(1, 9, n)]),
            dtype,
            indptr=np.cumsum([0, *(c[k] for c in counts)]),
        )
        for k, n in enumerate(np.sum(counts, axis=0))
    )
    blocks = on(device, pairwise_circle_iou, a, b, threads=1)
    assert [block.shape for block in blocks] == counts
    for m, block in enumerate(blocks):
        one, other = a.of_micrograph(m), b.of_micrograph(m)
        rows, columns = np.indices(block.shape)
        np.testing.assert_array_equal(
            block, on(device, circle_iou, one[rows.ravel()], other[columns.ravel()]).reshape(block.shape)
        )
    for threads in (2, 5):
        for block, again in zip(blocks, on(device, pairwise_circle_iou, a, b, threads=threads), strict=True):
            np.testing.assert_array_equal(again, block)


@each_device
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 1e9]))
def test_box_iou_is_its_definition(device, seed, origin):
    rng = np.random.default_rng(seed)
    a, b = (np.column_stack([origin + rng.uniform(0, 4, (9, 2)), rng.uniform(0.1, 4, (9, 2))]) for _ in range(2))
    b[:3, 0] = a[:3, 0] + a[:3, 2]  # touches, as far as the sum is exact
    matrix = on(device, pairwise_box_iou, a, b)
    expected = np.array([[reference.box_iou(one, other) for other in b] for one in a])
    np.testing.assert_allclose(matrix, expected, rtol=DIGITS, atol=0)
    np.testing.assert_array_equal(on(device, box_iou, a, b), matrix.diagonal())
    np.testing.assert_array_equal(matrix, on(device, pairwise_box_iou, b, a).T)


@each_device
def test_none_and_one(device):
    nothing, one = as_circles(np.empty((0, 3))), as_circles([[1, 2, 3]])
    assert on(device, circle_iou, nothing, nothing).shape == (0,)
    assert [block.shape for block in on(device, pairwise_circle_iou, nothing, one)] == [(0, 1)]
    assert on(device, pairwise_box_iou, np.empty((0, 4)), np.ones((2, 4))).shape == (0, 2)


FINE = np.array([[1.0, 2, 3], [4, 5, 6]])
AT = FINE[:, :2].copy()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: circle_iou(as_circles(FINE), as_circles(FINE[:1])), ValueError, "b: expected as many as a, 2, got 1"),
        (
            lambda: circle_iou(as_circles(FINE), as_circles(FINE, np.float32)),
            ValueError,
            "a, b: expected reals of one size, got 8 and 4 bytes",
        ),
        (
            lambda: pairwise_circle_iou(as_circles(FINE), as_circles(FINE, indptr=[0, 1, 2])),
            ValueError,
            "b: expected 1 micrographs, got 2",
        ),
        (lambda: box_iou(np.ones((2, 3)), np.ones((2, 4))), ValueError, "a: expected shape (any, 4), got (2, 3)"),
        (lambda: box_iou(np.zeros((1, 4)), np.ones((1, 4))), ValueError, "sizes: expected 1e-30 to 1e20, got 0 at"),
        (lambda: box_iou([[0, 0, 1, 1]], np.ones((1, 4))), TypeError, "a: expected an array of float32 or float64"),
        (lambda: pairwise_box_iou(np.ones((1, 4)), 5), TypeError, "b: expected dtype float32 or float64, got int64"),
        (lambda: box_iou(np.ones((1, 4), int), np.ones((1, 4))), TypeError, "float32 or float64, got int64"),
        (lambda: _core.equal_radii_distance(1.5), ValueError, "iou: expected 0 to 1, got 1.5"),
        (
            lambda: _core.circle_iou(AT, np.array([1.0, -1]), AT, np.ones(2), threads=1),
            ValueError,
            "radii: expected 1e-30 to 1e20, got -1 at index 1",
        ),
        (
            lambda: _core.circle_iou_all(
                AT, np.ones(2), AT, np.ones(2), threads=1,
                a_indptr=np.array([0, 9]), b_indptr=np.array([0, 2]),
            ),
            ValueError,
            "a_indptr, b_indptr: expected to ascend from 0",
        ),
    ],
)  # fmt: skip
def test_circles_refuse(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
