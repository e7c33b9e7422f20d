"""Which patterns Dragonfly would take: its blacklist, and its odd and even halves."""

from __future__ import annotations

import os

import numpy as np
import numpy.typing as npt

from motes.checks import one_of
from motes.errors import FormatError
from motes.io.text import read_lines

BoolArray = npt.NDArray[np.bool_]

HALVES = ("odd", "even")
_MARKS = {"0": False, "1": True}


def read_blacklist(path: str | os.PathLike[str], n_patterns: int) -> BoolArray:
    r"""Read a blacklist: for each pattern 0, or 1 where it is left out, as text.

    Parameters
    ----------
    path : path
    n_patterns : int
        Patterns there are.

    Returns
    -------
    (N,) bool array
        True for a pattern that is left out.

    Raises
    ------
    FormatError
        If it holds anything else, or more or fewer numbers than there are patterns; the message names the line.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with open(f"{folder}/blacklist.dat", "w") as file:
    ...         _ = file.write("0\n1\n0\n")
    ...     read_blacklist(f"{folder}/blacklist.dat", 3)
    array([False,  True, False])
    """
    place = os.fspath(path)
    marks: list[bool] = []
    for i, line in enumerate(read_lines(path), start=1):
        for word in line.partition("#")[0].split():
            if word not in _MARKS:
                raise FormatError(f"{place}: line {i}: expected 0, or 1 for a pattern to leave out, got {word!r:.40}")
            marks.append(_MARKS[word])
    if len(marks) != n_patterns:
        raise FormatError(f"{place}: {len(marks)} numbers, expected one for each of {n_patterns} patterns")
    return np.array(marks, np.bool_)


def half_of(kept: npt.ArrayLike, half: str) -> BoolArray:
    """Every other one of the patterns that are kept.

    Parameters
    ----------
    kept : (N,) bool array
        False for patterns that are left out already.
    half : {"odd", "even"}
        The first, third, ... of them, as Dragonfly's `selection = odd_only`; or the others.

    Returns
    -------
    (N,) bool array

    Examples
    --------
    >>> half_of([True, False, True, True], "odd")
    array([ True, False, False,  True])
    >>> half_of([True, False, True, True], "even")
    array([False, False,  True, False])
    """
    one_of("half", half, HALVES)
    those = np.flatnonzero(np.asarray(kept, np.bool_))
    chosen = np.zeros(np.shape(kept), np.bool_)
    chosen[those[HALVES.index(half) :: 2]] = True
    return chosen
