"""The CUDA kernels of suppression, on the host: what is kept, its order and who took whom are the CPU's, exactly."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import phases
import reference
from circle_strategies import circle_layouts, layout, measures
from motes import Circles, _core
from motes.kernels.suppression import suppress, suppress_map

MEASURES = {"iou": 0, "box_iou": 1, "distance": 2}


def on_device(circles: Circles, measure: str, threshold: float):
    """(kept, kept_indptr, suppressor) and the number of launches, after every order gave the same."""
    n, n_parts = len(circles.radii), len(circles.indptr) - 1
    launches = np.zeros(1, np.int64)

    def compute(order: int):
        kept, kept_indptr, suppressor = np.full(n, -9), np.full(n_parts + 1, -9), np.full(n, -9)
        phases.run(
            "suppression", "suppress", circles.centres, circles.radii, circles.scores, n,
            circles.centres.itemsize, circles.indptr, n_parts, MEASURES[measure], threshold, kept, kept_indptr,
            suppressor, launches, order=order,
        )  # fmt: skip
        return kept[: kept_indptr[-1]], kept_indptr, suppressor

    return *phases.in_every_order(compute), int(launches[0])


def as_on_the_cpu(circles: Circles, measure: str, threshold: float) -> int:
    """The number of launches, after all was found to be as on the CPU."""
    *found, launches = on_device(circles, measure, threshold)
    expected = _core.suppression(
        circles.centres, circles.radii, circles.scores, indptr=circles.indptr, measure=measure, threshold=threshold,
        suppressor=True, threads=1,
    )  # fmt: skip
    for a, b, name in zip(found, expected, ("kept", "kept_indptr", "suppressor"), strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)
    return launches


def as_circles(values, scores, dtype=np.float64, **more) -> Circles:
    values = np.asarray(values, dtype).reshape(-1, 3)
    return Circles(values[:, :2].copy(), values[:, 2].copy(), np.asarray(scores, dtype), **more)


@given(circle_layouts(), measures())
def test_kept_ones_are_those_of_the_definition(case, measure):
    values, scores = case
    kept, kept_indptr, suppressor, _ = on_device(as_circles(values, scores), *measure)
    expected, by = reference.suppress(values, scores, *measure)
    assert (kept.tolist(), suppressor.tolist(), kept_indptr.tolist()) == (expected, by, [0, len(expected)])


@settings(max_examples=30)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(["scattered", "grid", "duplicates", "concentric", "scales", "far"]),
    measures(),
    st.sampled_from([np.float32, np.float64]),
    st.integers(0, 12),
)
def test_many_micrographs_are_as_on_the_cpu(seed, kind, measure, dtype, n_micrographs):
    """Each for itself, some empty, all in one place; scores with ties."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 40, n_micrographs) * (rng.random(n_micrographs) < 0.8)
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    values, scores = layout(kind, rng, indptr[-1]), rng.integers(-9, 9, indptr[-1]) / 3
    as_on_the_cpu(as_circles(values, scores, dtype, indptr=indptr), *measure)


@pytest.mark.parametrize("kind", ["scattered", "grid", "scales", "far"])
@pytest.mark.parametrize("measure", [("iou", 0.31), ("iou", 0.0), ("box_iou", 0.2), ("distance", 3.0)])
def test_more_than_a_tile_of_circles(kind, measure):
    rng = np.random.default_rng(5)
    values = layout(kind, rng, 4500)
    values[:, :2] += rng.integers(0, 16, (4500, 2)) * 40.0
    as_on_the_cpu(as_circles(values, rng.integers(0, 900, 4500) / 7), *measure)


@pytest.mark.parametrize("scores", ["all equal", "all different", "both signs", "last digits", "zeros of both signs"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_kept_ones_are_in_order_of_score(scores, dtype):
    """Circles near nobody, more than a tile: all of the result is the order, in three micrographs."""
    n, rng = 5000, np.random.default_rng(9)
    drawn = {
        "all equal": np.full(n, 0.5),
        "all different": rng.permutation(n) / n,
        "both signs": rng.normal(size=n) * 10.0 ** rng.integers(-20, 18, n),
        "last digits": 1 + rng.integers(0, n, n) * 2.0**-52,
        "zeros of both signs": np.where(rng.random(n) < 0.5, -0.0, 0.0),
    }[scores]
    values = np.column_stack([np.arange(n) * 10.0, np.zeros(n), np.ones(n)])
    as_on_the_cpu(as_circles(values, drawn, dtype, indptr=[0, 700, 700, n]), "distance", 1.0)


@pytest.mark.parametrize("n_micrographs", [17, 300])
def test_micrographs_beyond_one_digit(n_micrographs):
    rng = np.random.default_rng(3)
    indptr = np.arange(n_micrographs + 1) * 3
    values = layout("scattered", rng, indptr[-1])
    as_on_the_cpu(as_circles(values, rng.random(indptr[-1]), indptr=indptr), "iou", 0.3)


@pytest.mark.parametrize("radius", ["equal", "mixed"])
def test_a_crowd_on_one_spot_takes_one_round(radius):
    n, rng = 3000, np.random.default_rng(2)
    values = np.column_stack([np.full((n, 2), 5.0), rng.uniform(3, 3.5, n) if radius == "mixed" else np.full(n, 3.0)])
    circles = as_circles(values, rng.random(n))
    kept, _, suppressor, _ = on_device(circles, "iou", 0.5)
    assert kept.tolist() == [circles.scores.argmax()]
    assert (np.delete(suppressor, kept) == kept).all()
    as_on_the_cpu(circles, "iou", 0.5)


MOST_LAUNCHES = 32 * 5 + 2 * 3 * (16 + 2) + 20  # rounds, two sorts by digits of score and micrograph, and the rest


def chain(n: int) -> np.ndarray:
    """(n, 3): each is near the two beside it."""
    return np.column_stack([3.0 * np.arange(n), np.zeros(n), np.ones(n)])


@pytest.mark.parametrize("descending", [False, True])
def test_a_chain_takes_no_more_launches_for_being_longer(descending):
    """Each waits for the next: where rounds would never end, the rest is done in order, several chunks of it."""
    launches = set()
    for n in (300, 1200):
        scores = np.arange(n)[:: -1 if descending else 1] / 2048
        launches.add(as_on_the_cpu(as_circles(chain(n), scores), "distance", 4.0))
    assert max(launches) < MOST_LAUNCHES
    few = as_on_the_cpu(as_circles(chain(1200), np.arange(1200) % 2), "distance", 4.0)
    assert few < 60


@pytest.mark.parametrize("kind", ["distance", "mixed radii", "crowds"])
def test_what_rounds_leave_over_is_as_on_the_cpu(kind):
    """Ramps on three micrographs and an empty one: each has a part left over, of several chunks or of a few circles."""
    rng = np.random.default_rng(6)
    counts = [700, 0, 90, 330]
    indptr = np.cumsum([0, *counts])
    values = np.concatenate([chain(count) for count in counts])
    if kind == "mixed radii":  # of several levels: the small ones speak for the large ones
        values[:, 2] = 2.0 * 2 ** rng.integers(0, 3, len(values)) + rng.random(len(values))
    if kind == "crowds":
        values[:, 0] = values[:, 0] // 30 * 3
        values[:, 1] = rng.random(len(values))
    scores = -values[:, 0] + rng.random(len(values)) / 2
    measure = ("iou", 0.02) if kind == "mixed radii" else ("distance", 4.0)
    assert as_on_the_cpu(as_circles(values, scores, indptr=indptr), *measure) < MOST_LAUNCHES


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["iou", "box_iou", "distance"]), st.sampled_from([1.0, 4.0, 30.0]))
@example(230257, "iou", 30.0)  # some of a chunk are taken by ones of the chunk before
def test_ramps_are_as_on_the_cpu(seed, measure, spread):
    """Scores that follow places, with some disorder; radii alike or of many levels."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(200, 600))
    values = np.column_stack([np.sort(rng.uniform(0, 2 * n, n)), rng.uniform(0, 3, n), 3 * spread ** rng.random(n)])
    scores = values[:, 0] * rng.choice([-1, 1]) + rng.uniform(0, 1, n) * rng.choice([0, 3])
    as_on_the_cpu(as_circles(values, scores), measure, 4.0 if measure == "distance" else 0.1)


def test_users_who_sort_by_score_wait_no_longer():
    """A crowd in the order of its scores: lists are not in that order."""
    n = 2000
    values = np.column_stack([np.full((n, 2), 5.0), np.full(n, 3.0)])
    for scores in (np.arange(n), -np.arange(n)):
        as_on_the_cpu(as_circles(values, scores), "iou", 0.5)


def test_a_thousand_micrographs_take_the_launches_of_one():
    rng = np.random.default_rng(4)
    counts = rng.integers(0, 4, 1000)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    values, scores = layout("scattered", rng, indptr[-1]), rng.random(indptr[-1])
    many = as_on_the_cpu(as_circles(values, scores, indptr=indptr), "iou", 0.3)
    one = as_on_the_cpu(as_circles(values, scores), "iou", 0.3)
    assert many < one + 20  # three digits of a micrograph's number


@pytest.mark.parametrize("n", [0, 1])
@pytest.mark.parametrize("indptr", [None, [0, 0, 0, -1, -1]])
def test_none_and_one(n, indptr):
    indptr = None if indptr is None else [n if end < 0 else end for end in indptr]
    as_on_the_cpu(as_circles([[1.0, 2, 3]][:n], [0.5][:n], indptr=indptr), "iou", 0.3)


def test_unlike_sizes_speak_for_each_other():
    """A large circle is taken by a small one, and takes small ones; levels far apart."""
    small = [[x, 0.0, 1.0] for x in range(0, 60, 3)]
    values = np.array([*small, [30.0, 0, 40], [30, 100, 70], [30, 0, 1e-6]])
    rng = np.random.default_rng(1)
    for _ in range(20):
        for threshold in (0.0, 1e-4, 0.2):
            as_on_the_cpu(as_circles(values, rng.integers(0, 5, len(values))), "iou", threshold)


def test_a_pair_at_the_threshold():
    rng = np.random.default_rng(11)
    for _ in range(20):
        radius, iou = rng.uniform(0.5, 9), rng.uniform(0.01, 0.9)
        reach = _core.equal_radii_distance(iou) * radius
        for x in (np.nextafter(reach, 0), reach, np.nextafter(reach, 99)):
            as_on_the_cpu(as_circles([[0, 0, radius], [x, 0, radius], [1e4, 0, 2 * radius]], [3.0, 2, 1]), "iou", iou)


def peaks_on_device(maps: np.ndarray, radius: float, threshold: float) -> tuple[list[np.ndarray], int]:
    """Peaks of each map and the number of launches, after every order gave the same."""
    n_maps, height, width = maps.shape
    launches = np.zeros(1, np.int64)

    def compute(order: int):
        peak, indptr = np.full(maps.size, -9), np.full(n_maps + 1, -9)
        phases.run("suppression", "suppress_maps", maps, maps.itemsize, n_maps, height, width, radius, threshold, peak,
                   indptr, launches, order=order)  # fmt: skip
        return peak[: indptr[-1]], indptr

    peak, indptr = phases.in_every_order(compute)
    return np.split(peak, indptr[1:-1]) if n_maps else [], int(launches[0])


def peaks_as_on_the_cpu(maps: np.ndarray, radius: float, threshold: float) -> int:
    """The number of launches, after all was found to be as on the CPU."""
    found, launches = peaks_on_device(maps, radius, threshold)
    expected = _core.map_suppression(maps, radius=radius, threshold=threshold, threads=1)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    return launches


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(data=st.data())
def test_peaks_are_those_of_the_definition(dtype, data):
    """Small maps with plateaus, holes of -inf and discs larger than the map."""
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    shape = data.draw(st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 9)))
    radius = data.draw(st.sampled_from([0.0, 1.0, 1.5, 2.0, 2.9, 3.0, 100.0]))
    threshold = data.draw(st.sampled_from([-np.inf, 0.0, 2.0]))
    maps = rng.integers(-2, 6, shape).astype(dtype)
    maps[rng.random(shape) < 0.1] = -np.inf
    for one, found in zip(maps, peaks_on_device(maps, radius, threshold)[0], strict=True):
        rows, columns = np.divmod(found, shape[2])
        assert list(zip(columns, rows, strict=True)) == reference.suppress_map(one, radius, threshold)
    peaks_as_on_the_cpu(maps, radius, threshold)


@pytest.mark.parametrize("kind", ["noise", "one plateau", "steps", "ramp"])
def test_dense_maps_are_as_on_the_cpu(kind):
    """More than a tile of pixels; plateaus and ramps are chains of pixels that wait for each other."""
    y, x = np.mgrid[:70, :90]
    noise = np.random.default_rng(0).random((2, 70, 90))
    maps = {
        "noise": noise,
        "one plateau": np.ones_like(noise),
        "steps": np.floor(noise * 4),
        "ramp": np.stack([x + y, x - 2 * y]) / 7,
    }[kind].astype(np.float32)
    assert peaks_as_on_the_cpu(np.ascontiguousarray(maps), 3.0, 0.25) < MOST_LAUNCHES


def test_maps_without_pixels():
    for shape in ((2, 0, 4), (0, 3, 4), (2, 3, 0)):
        peaks_as_on_the_cpu(np.empty(shape, np.float32), 1.0, 0.0)


def test_the_python_functions_agree_too():
    """The same through what users call: these tests and those of the CPU speak of one thing."""
    rng = np.random.default_rng(4)
    circles = as_circles(layout("scattered", rng, 50), rng.random(50))
    np.testing.assert_array_equal(on_device(circles, "iou", 0.2)[0], suppress(circles, iou=0.2))
    maps = rng.random((1, 20, 20))
    [(centres, _)] = suppress_map(maps, 2.5, threshold=0.1)
    np.testing.assert_array_equal(peaks_on_device(maps, 2.5, 0.1)[0][0], centres[:, 1] * 20 + centres[:, 0])
