"""suppression: of circles and pixels that are one, the best stays."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reference
from circle_strategies import circle_layouts, layout, measures
from gpus import each_device, on
from motes import Circles, _core
from motes.kernels.circles import pairwise_box_iou, pairwise_circle_iou
from motes.kernels.suppression import soft_suppress, suppress, suppress_map


def as_circles(values, scores=None, **more) -> Circles:
    return Circles(values[:, :2].copy(), values[:, 2].copy(), scores, **more)


@each_device
@given(circle_layouts(), measures())
def test_suppress_is_its_definition(device, case, measure):
    values, scores = case
    kept, suppressor = on(
        device, suppress, as_circles(values, scores), **dict([measure]), return_suppressor=True, threads=1
    )
    expected, by = reference.suppress(values, scores, *measure)
    assert (kept.tolist(), suppressor.tolist()) == (expected, by)
    np.testing.assert_array_equal(on(device, suppress, as_circles(values, scores), **dict([measure]), threads=1), kept)


@each_device
@given(circle_layouts(kinds=("scattered", "grid", "duplicates")), measures())
def test_float32_decides_as_float64(device, case, measure):
    values, scores = (array.astype(np.float32) for array in case)
    found = on(device, suppress, as_circles(values, scores), **dict([measure]))
    wide = on(device, suppress, as_circles(values.astype(np.float64), scores.astype(np.float64)), **dict([measure]))
    np.testing.assert_array_equal(found, wide)


@each_device
@pytest.mark.parametrize("kind", ["scattered", "grid", "scales", "far"])
@pytest.mark.parametrize("measure", [("iou", 0.31), ("iou", 0.0), ("box_iou", 0.2), ("distance", 3.0)])
def test_many_circles(device, kind, measure):
    """Enough for the table of cells to grow several times; brute force on a matrix of overlaps."""
    rng = np.random.default_rng(5)
    values = layout(kind, rng, 2500)
    values[:, :2] += rng.integers(0, 12, (2500, 2)) * 40.0
    scores = rng.integers(0, 900, 2500) / 7
    circles = as_circles(values, scores)
    kept, suppressor = on(device, suppress, circles, **dict([measure]), return_suppressor=True)
    if measure[0] == "iou":
        near = pairwise_circle_iou(circles, circles)[0] > measure[1]
    else:
        gap = np.abs(values[:, None, :2] - values[None, :, :2])
        if measure[0] == "distance":
            near = (gap**2).sum(axis=2) < measure[1] ** 2
        else:
            r1, r2 = values[:, None, 2:], values[None, :, 2:]
            common = np.clip(np.minimum(r1 + r2 - gap, 2 * np.minimum(r1, r2)), 0, None).prod(axis=2)
            near = common / (4 * r1**2 + 4 * r2**2 - common[..., None])[..., 0] > measure[1]
    order = np.lexsort([np.arange(2500), -scores])
    left, expected, by = np.ones(2500, bool), [], np.full(2500, -1)
    for i in order:
        if left[i]:
            expected.append(i)
            taken = near[i] & left
            taken[i] = False
            by[taken] = i
            left[taken | (np.arange(2500) == i)] = False
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal(suppressor, by)


def straining(kind: str, rng: np.random.Generator, n: int) -> tuple[np.ndarray, np.ndarray]:
    """(n, 2) centres and (n,) scores, for circles near below a distance of 4."""
    centres, scores = rng.uniform(0, 150, (n, 2)), rng.random(n)
    if kind == "two crowds, a void between":
        centres[: n // 2] += 1e9
    elif kind == "a void":
        centres *= 1e6
    elif kind == "a void, in pairs":
        centres = np.repeat(centres[: n // 2] * 1e6, 2, axis=0) + rng.uniform(-2, 2, (n, 2))
    elif kind == "one place":
        centres = 1e9 + rng.uniform(0, 1, (n, 2))
    elif kind == "a chain, each waits for the next":
        centres, scores = np.column_stack([3.0 * np.arange(n), np.zeros(n)]), np.arange(n) / n
    elif kind == "a column of ties":
        centres, scores = np.column_stack([np.zeros(n), rng.integers(0, n, n)]), rng.integers(0, 3, n) / 1
    elif kind == "on the cells' edges":
        centres = rng.integers(0, 40, (n, 2)) * 4.0
    return centres, scores


@each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "kind",
    [
        "scattered", "two crowds, a void between", "a void", "a void, in pairs", "one place", "on the cells' edges",
        "a chain, each waits for the next", "a column of ties",
    ],
)  # fmt: skip
def test_layouts_that_strain_the_grid(device, kind, dtype):
    rng = np.random.default_rng(8)
    centres, scores = (array.astype(dtype) for array in straining(kind, rng, 1500))
    kept, suppressor = on(device, suppress, Circles(centres, 1.0, scores), distance=4, return_suppressor=True)
    wide = centres.astype(np.float64)
    left, expected, by = np.ones(1500, bool), [], np.full(1500, -1)
    for i in np.lexsort([np.arange(1500), -scores]):
        if left[i]:
            expected.append(i)
            taken = left & (((wide - wide[i]) ** 2).sum(axis=1) < 16)
            taken[i] = False
            by[taken] = i
            left[taken] = False
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal(suppressor, by)


@each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("spread", [1.01, 2.0, 30.0])
@pytest.mark.parametrize(
    "kind", ["scattered", "a void, in pairs", "one place", "a column of ties", "on the cells' edges"]
)
@pytest.mark.parametrize("measure", [("iou", 0.3), ("iou", 0.9), ("box_iou", 0.3)])
def test_unequal_radii_strain_the_grid(device, kind, spread, dtype, measure):
    """Sizes from nearly equal to too mixed for a grid; brute force on a matrix of overlaps."""
    n, rng = 700, np.random.default_rng(10)
    centres, scores = (array.astype(dtype) for array in straining(kind, rng, n))
    radii = (4 * spread ** rng.uniform(-1, 1, n)).astype(dtype)
    kept, suppressor = on(device, suppress, Circles(centres, radii, scores), **dict([measure]), return_suppressor=True)
    c, r = centres.astype(np.float64), radii.astype(np.float64)
    if measure[0] == "iou":
        overlap = pairwise_circle_iou(Circles(c, r), Circles(c, r))[0]
    else:
        boxes = np.column_stack([c - r[:, None], 2 * r, 2 * r])
        overlap = pairwise_box_iou(boxes, boxes)
    left, expected, by = np.ones(n, bool), [], np.full(n, -1)
    for i in np.lexsort([np.arange(n), -scores]):
        if left[i]:
            expected.append(i)
            taken = left & (overlap[i] > measure[1])
            taken[i] = False
            by[taken] = i
            left[taken] = False
            left[i] = False
    np.testing.assert_array_equal(kept, expected)
    np.testing.assert_array_equal(suppressor, by)


@each_device
@pytest.mark.parametrize("n", [2, 24, 25, 8191, 20_000])
@pytest.mark.parametrize("kind", ["random", "one outlier", "last digits", "few values", "all equal", "both signs"])
def test_kept_ones_are_in_order_of_score(device, kind, n):
    """Circles that are near nobody: all of the result is the order."""
    rng = np.random.default_rng(9)
    close = 1 + rng.integers(0, n, n) * 2.0**-52
    close[:2] = 0, -1e20
    scores = {
        "random": rng.random(n),
        "one outlier": np.where(np.arange(n) == n // 2, 1e20, rng.random(n)),
        "last digits": close,
        "few values": rng.integers(0, 3, n) / 3,
        "all equal": np.full(n, 0.5),
        "both signs": rng.normal(size=n) * 10.0 ** rng.integers(-20, 20, n),
    }[kind]
    centres = np.column_stack([np.arange(n) * 10.0, np.zeros(n)])
    expected = np.lexsort([np.arange(n), -scores])
    np.testing.assert_array_equal(on(device, suppress, Circles(centres, 1.0, scores), iou=0.1), expected)
    np.testing.assert_array_equal(on(device, suppress, Circles(centres, 1.0, scores), box_iou=0.1), expected)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_micrographs_are_suppressed_for_themselves(threads):
    rng = np.random.default_rng(6)
    counts = rng.integers(0, 60, 40)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values, scores = layout("scattered", rng, indptr[-1]), rng.random(indptr[-1])
    circles = as_circles(values, scores, indptr=indptr)
    kept, suppressor = suppress(circles, iou=0.3, return_suppressor=True, threads=threads)
    alone = [suppress(circles.of_micrograph(m), iou=0.3) + indptr[m] for m in range(40)]
    np.testing.assert_array_equal(kept, np.concatenate(alone))
    assert (circles.micrograph[suppressor[suppressor >= 0]] == circles.micrograph[suppressor >= 0]).all()
    _, kept_indptr, _ = _core.suppression(
        circles.centres, circles.radii, circles.scores, indptr=circles.indptr, measure="iou", threshold=0.3,
        suppressor=False, threads=threads,
    )  # fmt: skip
    np.testing.assert_array_equal(np.diff(kept_indptr), [len(part) for part in alone])


@each_device
def test_a_pair_at_the_threshold_is_judged_alone(device):
    """By distance where its radii are equal, whatever the radii of others, on this micrograph or another."""
    rng = np.random.default_rng(11)
    for _ in range(300 if device == "cpu" else 20):
        radius, iou = rng.uniform(0.5, 9), rng.uniform(0.01, 0.9)
        reach = _core.equal_radii_distance(iou) * radius
        for x in (np.nextafter(reach, 0), reach, np.nextafter(reach, 99)):
            pair = np.array([[0, 0, radius], [x, 0, radius]])
            expected = [0] if x * x < reach * reach else [0, 1]
            other = np.vstack([pair, [[1e4, 0, 1.5 * radius]]])
            scores = np.array([3.0, 2, 1])
            for indptr in (None, [0, 2, 3]):
                kept = on(device, suppress, as_circles(other, scores, indptr=indptr), iou=iou)
                assert kept.tolist() == [*expected, 2]
            assert on(device, suppress, as_circles(pair, scores[:2]), iou=iou).tolist() == expected


@each_device
@pytest.mark.parametrize("how", [{"iou": 0.5}, {"distance": 2.0}])
@pytest.mark.parametrize("one_larger", [False, True])
def test_crowds_on_one_spot(device, how, one_larger):
    values = np.tile([[5.0, 5, 3]], (20_000, 1))
    values[::7, 2] += 0.01 * one_larger
    scores = np.random.default_rng(2).random(20_000)
    kept, suppressor = on(device, suppress, as_circles(values, scores), **how, return_suppressor=True)
    best = int(scores.argmax())
    assert kept.tolist() == [best]
    assert (suppressor == np.where(np.arange(20_000) == best, -1, best)).all()


@each_device
def test_large_circles_far_from_many_small_ones(device):
    values = np.array([[x, 0.0, 1] for x in range(0, 3000, 3)] + [[x, 1e5, 1000] for x in range(0, 300_000, 3000)])
    kept = on(device, suppress, as_circles(values, np.ones(len(values))), iou=0.0)
    assert kept.tolist() == list(range(len(values)))


@each_device
def test_minus_zero_is_zero_and_ties_go_by_index(device):
    values = np.array([[0.0, 0, 5], [1, 0, 5], [2, 0, 5]])
    np.testing.assert_array_equal(on(device, suppress, as_circles(values, np.array([-0.0, 0.0, 0.0])), iou=0.5), [0])


@given(circle_layouts(max_size=9), st.sampled_from([{"iou": 0.2}, {"iou": 0.0}, {"sigma": 0.5}, {"sigma": 0.01}]))
def test_soft_suppress_is_its_definition(case, how):
    values, scores = case
    scores = np.abs(scores)
    kept, decayed = soft_suppress(as_circles(values, scores), **how, min_score=0.3)
    expected, final = reference.soft_suppress(values, scores, **how, min_score=0.3)
    np.testing.assert_allclose(decayed, final, rtol=1e-12)
    if len(np.unique(np.round(final, 9))) == len(final):  # otherwise rounding may break a tie
        assert kept.tolist() == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("how", [{"iou": 0.2}, {"sigma": 0.5}])
def test_micrographs_decay_for_themselves(how, dtype):
    rng = np.random.default_rng(7)
    indptr = np.concatenate([[0], np.cumsum(rng.integers(0, 60, 40))])
    values, scores = layout("scattered", rng, indptr[-1]).astype(dtype), rng.random(indptr[-1]).astype(dtype)
    circles = as_circles(values, scores, indptr=indptr)
    kept, decayed = soft_suppress(circles, **how, min_score=0.1, threads=1)
    for threads in (2, 5):
        again = soft_suppress(circles, **how, min_score=0.1, threads=threads)
        np.testing.assert_array_equal(again[0], kept)
        np.testing.assert_array_equal(again[1], decayed)
    alone = [soft_suppress(circles.of_micrograph(m), **how, min_score=0.1) for m in range(40)]
    np.testing.assert_array_equal(
        kept, np.concatenate([one + start for (one, _), start in zip(alone, indptr[:-1], strict=True)])
    )
    np.testing.assert_array_equal(decayed, np.concatenate([scores for _, scores in alone]))
    wide = Circles(
        *(array.astype(np.float64) for array in (circles.centres, circles.radii, circles.scores)), indptr=indptr
    )
    np.testing.assert_allclose(decayed, soft_suppress(wide, **how, min_score=0.1)[1], rtol=1e-5)


@each_device
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_map_suppression_is_its_definition(device, dtype, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    radius = data.draw(st.sampled_from([0.0, 1.0, 1.5, 2.0, 2.9, 3.0, 100.0]))
    threshold = data.draw(st.sampled_from([-np.inf, 0.0, 2.0]))
    score_map = rng.integers(-2, 6, shape).astype(dtype)
    score_map[rng.random(shape) < 0.1] = -np.inf
    [(centres, scores)] = on(device, suppress_map, score_map, radius, threshold=threshold)
    expected = reference.suppress_map(score_map, radius, threshold)
    assert [tuple(c) for c in centres.tolist()] == expected
    np.testing.assert_array_equal(scores, score_map[centres[:, 1], centres[:, 0]])
    assert scores.dtype == dtype


@each_device
def test_all_four_edges(device):
    """A peak at an edge takes what lies there, and nothing on the other side."""
    for y, x in ((0, 5), (9, 5), (5, 0), (5, 9), (0, 0), (0, 9), (9, 0), (9, 9)):
        score_map = np.ones((10, 10))
        score_map[y, x] = 9
        [(centres, _)] = on(device, suppress_map, score_map, 2, threshold=0)
        taken = (np.mgrid[:10, :10][0] - y) ** 2 + (np.mgrid[:10, :10][1] - x) ** 2 <= 4
        assert not taken[tuple(centres[1:, ::-1].T)].any()
        assert [tuple(c) for c in centres.tolist()] == reference.suppress_map(score_map, 2, 0)


@each_device
def test_a_stack_of_maps_is_its_maps(device):
    maps = np.random.default_rng(0).random((5, 40, 30)).astype(np.float32)
    for threads in (1, 3):
        together = on(device, suppress_map, maps, 3.0, threshold=0.2, threads=threads)
        for one, (centres, scores) in zip(maps, together, strict=True):
            [(alone, values)] = on(device, suppress_map, one, 3.0, threshold=0.2)
            np.testing.assert_array_equal(centres, alone)
            np.testing.assert_array_equal(scores, values)
    assert [len(centres) for centres, _ in on(device, suppress_map, np.empty((2, 0, 4)), 1)] == [0, 0]
    assert on(device, suppress_map, np.empty((0, 3, 4)), 1) == []


PICKS = as_circles(np.array([[0.0, 0, 5], [9, 0, 5]]), np.array([1.0, 2]))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: suppress(PICKS), ValueError, "expected one of iou, box_iou and distance, got none"),
        (lambda: suppress(PICKS, iou=0.5, distance=3), ValueError, "got iou and distance"),
        (lambda: suppress(PICKS, iou=1.5), ValueError, "iou: expected 0 to 1, got 1.5"),
        (lambda: suppress(PICKS, iou=np.nan), ValueError, "iou: expected 0 to 1, got nan"),
        (lambda: suppress(PICKS, distance=-1), ValueError, "distance: expected 0 to 1e+20, got -1"),
        (lambda: suppress(PICKS, distance=1e-40), ValueError, "distance: expected 0, or 1e-30 to 1e20, got 1e-40"),
        (lambda: suppress(Circles(PICKS.centres, 5.0), iou=0.5), ValueError, "circles: scores are needed"),
        (lambda: soft_suppress(PICKS), ValueError, "expected one of iou (linear) and sigma (Gaussian)"),
        (lambda: soft_suppress(PICKS, sigma=0), ValueError, "sigma: expected above 0, got 0"),
        (lambda: soft_suppress(PICKS, iou=0.5, min_score=-1), ValueError, "min_score: expected 0 or more, got -1"),
        (
            lambda: soft_suppress(Circles(PICKS.centres, 5.0, np.array([1.0, -2])), iou=0.5),
            ValueError,
            "scores: expected 0 or more (a decay would raise it), got -2 at index 1",
        ),
        (lambda: suppress_map(np.full((2, 2), np.nan), 1), ValueError, "map: not a number at row 0, column 0"),
        (lambda: suppress_map(np.ones((2, 2)), -1), ValueError, "radius: expected 0 to 1e9, got -1"),
        (lambda: suppress_map(np.ones(3), 1), ValueError, "score_map: expected 2 or 3 dimensions, got 1"),
        (lambda: suppress_map(np.ones((2, 2), int), 1), TypeError, "score_map: expected dtype float32 or float64"),
        (lambda: suppress_map(np.ones((2, 2)), 1, threshold=np.nan), ValueError, "threshold: not a number"),
    ],
)
def test_suppression_refuses(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
