"""What the pickers that are networks have in common: preparing, and putting candidates together."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from motes.circles import Circles
from motes.kernels.matching import match
from motes.micrograph import Micrograph
from motes.pickers.calibration import Calibration, calibrate
from motes.pickers.detections import Detections
from motes.pickers.networks.targets import Taught
from motes.pickers.preparation import Prepared
from motes.threads import available_threads

SAME = 0.25  # diameters: a candidate so near a label is it
UNKNOWN = Calibration(0.5, (-1.0, 1.0), (1.0, 1.0))  # where there is nothing to learn it from

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


def detections(
    micrographs: Sequence[Micrograph], found: Sequence[Found], diameter: float, calibration: Calibration
) -> Detections:
    """Candidates with the probabilities that their scores mean."""
    if not found:
        raise ValueError("micrographs: expected at least one")
    centres, scores, appearance = (np.concatenate(part) for part in zip(*found, strict=True))
    indptr = np.concatenate([[0], np.cumsum([len(own) for own, *_ in found])])
    circles = Circles(centres, diameter / 2, calibration(scores), indptr=indptr)
    return Detections(circles, tuple(micrograph.name for micrograph in micrographs), appearance)


def calibrated(taught: Sequence[Taught], found: Sequence[Found], diameter: float) -> Calibration:
    """What scores are worth, from candidates of training micrographs and what has been said about them."""
    known = [_said(one, centres, diameter) for one, (centres, *_) in zip(taught, found, strict=True)]
    scores = np.concatenate([own for _, own, _ in found])
    if len(scores) < 2:
        return UNKNOWN
    return calibrate(scores, np.concatenate(known))


def _said(one: Taught, centres: npt.NDArray[np.float64], diameter: float) -> npt.NDArray[np.int8]:
    """Of each candidate: 1, a particle; 0, none; -1, nobody has said."""
    candidates = Circles(centres, diameter / 2, -np.arange(float(len(centres))))  # in their own order
    said = np.full(len(centres), 0 if one.complete else -1, np.int8)
    for places, value in ((one.rejected, 0), (one.particles, 1)):
        own = Circles(one.prepared.to_micrograph(places), diameter / 2)
        said[match(candidates, own, distance=SAME * diameter, threads=1).hit] = value
    return said
