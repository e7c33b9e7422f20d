"""Half maps to be raced on: a signal that fades, twice with noise of its own."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.bench.workloads import Work

SIDES = {"FSC, 256": 256, "FSC, 129": 129}


@functools.lru_cache(maxsize=1)
def halves(name: str, work: Work) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Two float32 volumes."""
    return _halves(work.scaled(SIDES[name], power=3))


def _halves(side: int) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    rng = np.random.default_rng(0)
    signal: npt.NDArray[Any]
    signal, *noise = (rng.standard_normal((side,) * 3, dtype=np.float32) for _ in range(3))
    for axis in range(3):
        signal = (2 * signal + np.roll(signal, 1, axis) + np.roll(signal, -1, axis)) / 4
    return signal + 0.3 * noise[0], signal + 0.3 * noise[1]
