"""Endless batches of seeded crops, for the pixels of a micrograph or for the cells of a grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.pickers.networks.crops import Crop, Jitter, choose_crops
from motes.pickers.networks.targets import Taught

Part = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
"""Images (B, C, H, W) and what is taught at each place of their output, (B, K, h, w)."""
Target = Callable[[Sequence[Crop]], npt.NDArray[np.float32]]


def batches(
    taught: Sequence[Taught],
    images: Sequence[npt.NDArray[np.float32]],
    target: Target,
    *,
    crops: int,
    parts: int,
    side: int,
    seed: Any,
) -> Iterator[list[Part]]:
    """Batches in parts that may be worked on at the same time.

    Parameters
    ----------
    taught : sequence of Taught
        Where crops are taken from.
    images : sequence of (C, h, w) float32 arrays
        What is seen of each.
    target : function
        What a batch of crops is taught, weighted over the whole batch.
    crops, parts, side : int
        Crops of a batch, parts of a batch, and pixels along a side of a crop.
    seed : int or sequence of int
    """
    rng, jitter = np.random.default_rng(seed), Jitter()
    insides, places = [one.prepared.inside for one in taught], [one.places for one in taught]
    while True:
        chosen = choose_crops(rng, crops, side, insides, places)
        seen = np.stack([crop.cut(images[crop.micrograph]) for crop in chosen])
        whole = jitter(seen, rng), target(chosen)
        yield list(zip(*(np.array_split(array, parts) for array in whole), strict=True))
