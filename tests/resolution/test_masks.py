"""Soft masks."""

from __future__ import annotations

import re

import numpy as np
import pytest

from motes.resolution import soft_sphere


@pytest.mark.parametrize("shape", [(16, 16, 16), (15, 15, 15), (12, 16, 20), (16, 15)])
def test_a_ball_with_a_cosine_edge(shape):
    mask = soft_sphere(shape, 4, 3)
    distance = np.sqrt(sum(np.ix_(*[(np.arange(side) - side // 2.0) ** 2 for side in shape])))
    expected = np.where(distance <= 4, 1, np.where(distance >= 7, 0, 0.5 + 0.5 * np.cos(np.pi * (distance - 4) / 3)))
    np.testing.assert_allclose(mask, expected, atol=1e-6)
    assert mask.dtype == np.float32
    assert mask.shape == shape


def test_a_hard_edge():
    assert np.unique(soft_sphere((9, 9), 3, 0)).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("radius", "edge", "message"),
    [
        (0, 1, "radius: expected a number of voxels above 0, got 0"),
        (np.nan, 1, "radius: expected"),
        (1, -1, "edge: expected 0 voxels or more, got -1"),
    ],
)
def test_refusals(radius, edge, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        soft_sphere((4, 4), radius, edge)
