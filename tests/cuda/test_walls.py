"""What the CPU refuses about circles and maps, a GPU refuses with the same words; on the host, in every order."""

from __future__ import annotations

import numpy as np
import pytest

import phases
from motes import _core

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
