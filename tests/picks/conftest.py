"""A few picks on two micrographs."""

from __future__ import annotations

import pytest

import motes


@pytest.fixture
def one() -> motes.Picks:
    """Integer corners and even boxes, so that every format with boxes can hold it."""
    return motes.Picks(
        [90, 300, 17.0, 599],
        [80, 399, 21, 200],
        radius=[8, 8, 8, 8],
        score=[0.5, -3, 7.25, 0.125],
        micrographs=("grid1",),
    )


@pytest.fixture
def two(one) -> motes.Picks:
    other = motes.Picks([1.5, 30], [200, 0.25], radius=8, score=[1e-3, 2], micrographs=("grid2",))
    return motes.Picks.concatenate([one, other])
