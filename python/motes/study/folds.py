"""Which micrographs are learned from, validate and test: parts that take turns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from motes.study.config import Folds

SHUFFLE = 0x5F01D5  # so that no other random number of a study has this sequence


@dataclass(frozen=True)
class Fold:
    """One turn: rows of the micrographs, each ascending.

    Attributes
    ----------
    train, validation, test : tuple of int
        No micrograph is in two of them.
    """

    train: tuple[int, ...]
    validation: tuple[int, ...]
    test: tuple[int, ...]


def folds_of(seed: int, n_micrographs: int, n_validation: int, folds: Folds) -> dict[int, Fold]:
    """The turns that a seed makes, by the part that tests.

    Parameters
    ----------
    seed : int
        Shuffles the micrographs, and says which part tests first.
    n_micrographs : int
        In the order of their names.
    n_validation : int
        Micrographs that validate: those that follow the part that tests.
    folds : Folds
        How many parts there are, and how many turns a seed makes.

    Returns
    -------
    dict of int to Fold

    Raises
    ------
    ValueError
        If no micrograph is left to learn from.

    Examples
    --------
    >>> folds_of(0, 6, 1, Folds(n=3, fixed=True))
    {2: Fold(train=(1, 2, 3), validation=(0,), test=(4, 5))}
    """
    if folds.n > n_micrographs:
        raise ValueError(f"folds.n: {folds.n} parts of {n_micrographs} micrographs, expected at most one a micrograph")
    largest = -(-n_micrographs // folds.n)
    if largest + n_validation >= n_micrographs:
        raise ValueError(
            f"folds.n, labels.validation: of {n_micrographs} micrographs {largest} test and {n_validation} validate, "
            "so none is left to learn from"
        )
    order = np.arange(n_micrographs)
    if not folds.fixed:
        order = np.random.default_rng([SHUFFLE, seed]).permutation(n_micrographs)
    parts = np.array_split(order, folds.n)
    starts = np.cumsum([0, *map(len, parts)])
    turns = [folds.n - 1] if folds.fixed else [(seed + turn) % folds.n for turn in range(folds.run)]
    made = {}
    for turn in turns:
        following = np.roll(order, -starts[turn])  # the part that tests comes first
        n_test = len(parts[turn])
        cut = (following[:n_test], following[n_test : n_test + n_validation], following[n_test + n_validation :])
        test, validation, train = (tuple(sorted(part.tolist())) for part in cut)
        made[turn] = Fold(train, validation, test)
    return made
