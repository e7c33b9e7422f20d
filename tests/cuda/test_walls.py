"""What the CPU refuses about circles and maps, a GPU refuses with the same words; on the host, in every order."""

from __future__ import annotations

import numpy as np
import pytest

import phases
from motes import _core
from motes.arrays import Arrays

N = 700  # more than two blocks


def refusal(function: str, *arguments) -> str | None:
    """What was said, in every order the same; None if nothing was refused."""

    def compute(order: int):
        told, status = phases.Told(), np.full(1, -9)
        phases.run("walls", function, *arguments, told, status, order=order)
        assert status[0] in (0, 1)
        return str(told.text, "utf-8") if status[0] else "", told.index if status[0] else -1

    return str(phases.in_every_order(compute)[0]) or None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("boxes", [False, True])
@pytest.mark.parametrize(
    ("which", "value"),
    [
        (0, np.nan),
        (0, -np.inf),
        (0, 2e20),
        (1, 0.0),
        (1, -1.0),
        (1, np.nan),
        (1, 1e21),
        (2, np.nan),
        (2, np.inf),
        (2, None),
    ],
)
def test_circles_and_boxes_are_refused_as_on_the_cpu(dtype, boxes, which, value):
    arrays = [np.ones((N, 2), dtype), np.ones((N, 2) if boxes else N, dtype), np.ones(N, dtype)]
    if value is not None:
        for at in (600, 333):  # the first of them is told
            arrays[which].flat[at] = value
    places, sizes, scores = arrays
    try:
        if boxes:
            _core.box_iou(places, sizes, places, sizes, threads=1)
        else:
            _core.suppression(places, sizes, scores, indptr=np.array([0, N]), measure="iou", threshold=0.5,
                              suppressor=False, threads=1)  # fmt: skip
        expected = None
    except ValueError as refused:
        expected = str(refused)
    assert (expected is None) == (value is None or (boxes and which == 2))
    assert refusal("wall_of_circles", boxes, places, sizes, scores, N, scores.itemsize) == expected


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_maps_are_refused_as_on_the_cpu(dtype):
    maps = np.zeros((3, 20, 30), dtype)
    maps[0, 0, 0], maps[2, 1, 1] = np.inf, -np.inf
    assert refusal("wall_of_maps", maps, maps.itemsize, *maps.shape) is None
    maps[1, 7, 11] = maps[2, 3, 4] = np.nan
    with pytest.raises(ValueError, match="map: not a number at row 7, column 11") as refused:
        _core.map_suppression(maps, radius=1.0, threshold=0.0, threads=1)
    assert refusal("wall_of_maps", maps, maps.itemsize, *maps.shape) == str(refused.value)


def patterns_wall(arrays: Arrays, n_pixels: int) -> tuple[str | None, np.ndarray]:
    """What was said of patterns, and what was found."""
    found = np.zeros(3, np.int64)
    said = refusal("wall_of_patterns", phases.given_arrays(arrays, n_pixels), found)
    return said, found


def right_arrays(n_pixels: int) -> Arrays:
    rng = np.random.default_rng(n_pixels)
    n_lit = rng.integers(3, 9, N)
    pixels = np.concatenate([np.sort(rng.choice(n_pixels, n, replace=False)) for n in n_lit])
    position = np.flatnonzero(rng.random(len(pixels)) < 0.3)
    return Arrays(
        np.concatenate([[0], np.cumsum(n_lit)]),
        pixels.astype(np.uint16 if n_pixels <= 65536 else np.uint32),
        position,
        rng.integers(1, 5, len(position)).astype(np.int32),
    )


@pytest.mark.parametrize("n_pixels", [49, 70_000])
def test_patterns_that_are_right_pass_and_are_counted(n_pixels):
    arrays = right_arrays(n_pixels)
    for part in (arrays, arrays.rows(5, 600), arrays.rows(5, 5)):
        said, found = patterns_wall(part, n_pixels)
        assert said is None
        assert list(found) == [part.indptr[0], part.indptr[-1], part.multi_extra.sum()]


@pytest.mark.parametrize("wrong", ["descends", "beyond", "extra", "position", "outside", "order"])
@pytest.mark.parametrize("n_pixels", [49, 70_000])
def test_patterns_are_refused_as_on_the_cpu(wrong, n_pixels):
    indptr, pixels, position, extra = arrays = right_arrays(n_pixels)
    for p in (600, 333):  # the first of them is told
        first = indptr[p]
        if wrong == "descends":
            indptr[p + 1] = first - 1
        elif wrong == "beyond":
            indptr[p + 1] = indptr[-1] + 1
        elif wrong == "extra":
            extra[p] = 0
        elif wrong == "position":
            position[p] = position[p - 1]
        else:
            pixels[first + 2] = n_pixels if wrong == "outside" else pixels[first + 1]
    with pytest.raises(ValueError, match=r"patterns?[. ]") as refused:
        _core.PatternsView(indptr, pixels, position, extra, n_pixels=n_pixels)
    assert patterns_wall(arrays, n_pixels)[0] == str(refused.value)
