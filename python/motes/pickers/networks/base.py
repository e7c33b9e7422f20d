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
from motes.pickers.calibration import Calibration
from motes.pickers.candidates import detections, worth
from motes.pickers.detections import Detections
from motes.pickers.labelled import Labelled
from motes.pickers.networks.targets import Taught
from motes.pickers.preparation import Prepared
from motes.threads import available_threads

UNKNOWN = Calibration(1.0, 0.0)  # where there is nothing to learn it from

Item = TypeVar("Item")
Found = tuple[Circles, npt.NDArray[np.float32]]
"""Candidates of one micrograph with raw scores, and what they look like, (K, F)."""


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


def proposed(found: Sequence[Found], micrographs: Sequence[Micrograph], calibration: Calibration) -> Detections:
    """Candidates of all micrographs with probabilities."""
    if not found:
        raise ValueError("micrographs: expected at least one, got none")
    circles, looks = zip(*found, strict=True)
    return detections(circles, micrographs, calibration, np.concatenate(looks))


def calibrated(taught: Sequence[Taught], found: Sequence[Found], labelled: Labelled) -> Calibration:
    """What raw scores are worth, from candidates of training micrographs and what has been said about them."""
    circles = [own for own, _ in found]
    if sum(map(len, circles)) < 2:
        return UNKNOWN
    return worth(circles, labelled, [one.index for one in taught])
