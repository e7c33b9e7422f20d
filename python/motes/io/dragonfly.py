"""How Dragonfly keeps photons, in .emc and in HDF5: pixels that caught one, apart from pixels that caught more."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.io.raw import Block, IntArray


@dataclass(frozen=True)
class Split:
    """Consecutive patterns, ones and multis apart.

    Attributes
    ----------
    ones, multi : (n_patterns,) integer arrays
        Pixels of each pattern that caught one photon, and more than one.
    place_ones : (sum of ones,) integer array
        The pixels that caught one, pattern after pattern.
    place_multi, count_multi : (sum of multi,) integer arrays
        The pixels that caught more, and their photons.
    """

    ones: IntArray
    multi: IntArray
    place_ones: IntArray
    place_multi: IntArray
    count_multi: IntArray


def join(split: Split) -> Block:
    """Coordinates of split patterns."""
    n_patterns = split.ones.size
    rows = np.repeat(np.arange(n_patterns), split.ones)
    if split.place_multi.size == 0:
        return Block(n_patterns, rows, split.place_ones, None)
    return Block(
        n_patterns,
        np.concatenate([rows, np.repeat(np.arange(n_patterns), split.multi)]),
        np.concatenate([split.place_ones, split.place_multi]),
        np.concatenate([np.ones_like(split.place_ones), split.count_multi]),
    )


def split(block: Block) -> Split:
    """Ones and multis of a block in which no pair repeats.

    Examples
    --------
    >>> parts = split(Block(2, np.array([0, 0, 1]), np.array([3, 7, 5]), np.array([1, 4, 1])))
    >>> parts.ones, parts.place_ones, parts.place_multi, parts.count_multi
    (array([1, 1]), array([3, 5]), array([7]), array([4]))
    """
    photons = block.photons()
    one = photons == 1
    return Split(
        np.bincount(block.rows[one], minlength=block.n_patterns),
        np.bincount(block.rows[~one], minlength=block.n_patterns),
        block.cols[one],
        block.cols[~one],
        photons[~one],
    )
