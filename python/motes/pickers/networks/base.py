"""What the pickers that are networks have in common: preparing, and putting candidates together."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.micrograph import Micrograph
from motes.pickers.detections import Detections
from motes.pickers.preparation import Prepared
from motes.threads import available_threads

Item = TypeVar("Item")
Found = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float32]]
"""Of one micrograph: centres (K, 2), scores (K,) and appearance (K, F)."""


class PreparedStore:
    """Prepared micrographs, kept while the micrographs live: rounds of learning look at the same ones."""

    def __init__(self, prepare: Callable[[Micrograph], Prepared]) -> None:
        self._prepare = prepare
        self._kept: weakref.WeakKeyDictionary[Micrograph, Prepared] = weakref.WeakKeyDictionary()

    def __call__(self, micrograph: Micrograph) -> Prepared:
        """The prepared micrograph."""
        kept = self._kept.get(micrograph)
        if kept is None:
            kept = self._kept[micrograph] = self._prepare(micrograph)
        return kept

    def fill(self, micrographs: Sequence[Micrograph]) -> None:
        """Prepare several at the same time."""
        with ThreadPoolExecutor(available_threads()) as pool:
            list(pool.map(self, micrographs))


def some_of(every: Sequence[Item], most: int) -> Sequence[Item]:
    """At most so many of them, evenly from the first on."""
    return every[:: max(1, -(-len(every) // most))]


def standard(seen: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(2, F): mean and standard deviation of each of F features, given at N places, (F, N)."""
    return np.stack([seen.mean(axis=1), seen.std(axis=1) + np.float32(1e-6)])


def detections(micrographs: Sequence[Micrograph], found: Sequence[Found], diameter: float, shift: float) -> Detections:
    """Candidates with the probabilities that their scores mean, log-odds up to a shift."""
    if not found:
        raise ValueError("micrographs: expected at least one")
    centres, scores, appearance = (np.concatenate(part) for part in zip(*found, strict=True))
    indptr = np.concatenate([[0], np.cumsum([len(own) for own, *_ in found])])
    circles = Circles(centres, diameter / 2, 1 / (1 + np.exp(-(scores + shift))), indptr=indptr)
    return Detections(circles, tuple(micrograph.name for micrograph in micrographs), appearance)
