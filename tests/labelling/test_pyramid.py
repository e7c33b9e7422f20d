"""Tiles: what they show, and that they are made once."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from motes import Micrograph
from motes.labelling.pyramid import APRON, GREY, SPREAD, TILE, Pyramids, pyramid


def micrograph(data):
    return Micrograph(data, "grid", "MRC")


@pytest.mark.parametrize("shape", [(1, 1), (300, 400), (512, 512), (513, 700), (1025, 1537)])
def test_levels_are_means(shape):
    image = np.random.default_rng(0).normal(5, 3, shape).astype(np.float32)
    levels = pyramid(micrograph(image)).levels
    assert max(levels[-1].shape) <= TILE
    assert len(levels) == 1 or max(levels[-2].shape) > TILE
    for k, level in enumerate(levels):
        step = 2**k
        assert level.shape == tuple(-(-side // step) for side in shape)
        inner = tuple(side // step * step for side in shape)
        means = image[: inner[0], : inner[1]].reshape(inner[0] // step, step, inner[1] // step, step).mean((1, 3))
        seen = level[: means.shape[0], : means.shape[1]].astype(float)
        if means.size > 100:
            scaled = (means - np.median(means)) / (np.diff(np.percentile(means, [16, 84]))[0] / 2) * SPREAD + GREY
            assert np.abs(seen - np.clip(scaled, 0, 255)).max() < 4  # of 28: the grey scale is from a sample


def test_tiles_overlap_by_their_aprons_and_repeat_the_edge():
    image = np.random.default_rng(1).normal(size=(700, 1100)).astype(np.float32)
    levels = pyramid(micrograph(image))
    side = TILE + 2 * APRON
    tiles = [[np.frombuffer(levels.tile(0, r, c), np.uint8).reshape(side, side) for c in range(3)] for r in range(2)]
    padded = np.pad(levels.levels[0], ((APRON, 2 * TILE), (APRON, 2 * TILE)), "edge")
    for r in range(2):
        for c in range(3):
            np.testing.assert_array_equal(tiles[r][c], padded[r * TILE :, c * TILE :][:side, :side])


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.uint16, np.int16, np.float16, np.float32, np.float64])
def test_any_type(dtype):
    values = np.random.default_rng(2).integers(0, 100, (40, 50)).astype(dtype)
    level = pyramid(micrograph(values)).levels[0]
    assert np.corrcoef(level.ravel(), values.ravel().astype(float))[0, 1] > 0.99


def test_blank_and_not_finite():
    assert (pyramid(micrograph(np.full((20, 30), 7.0))).levels[0] == GREY).all()
    assert (pyramid(micrograph(np.full((20, 30), np.nan))).levels[0] == GREY).all()
    image = np.random.default_rng(3).normal(size=(40, 50))
    image[3, 4], image[5, 6] = np.nan, np.inf
    level = pyramid(micrograph(image)).levels[0]
    assert level[3, 4] == level[5, 6] == GREY
    assert 20 < level.std() < 40


def test_it_is_made_once_and_forgotten_when_there_is_no_room():
    made = []

    def read(number):
        made.append(number)
        return micrograph(np.random.default_rng(number).normal(size=(600, 600)).astype(np.float32))

    pyramids = Pyramids(read, most_bytes=3 * 450_000)
    threads = [threading.Thread(target=pyramids.__getitem__, args=(0,)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert made == [0]
    for number in (1, 2, 0, 3, 0):
        _ = pyramids[number]
    assert made == [0, 1, 2, 3]
    _ = pyramids[1]  # the one used longest ago had to go
    assert made == [0, 1, 2, 3, 1]
