"""Second moments of patterns, plain or turned home: the spectral start and the Fisher information."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.devices import CPU, cuda_extension
from motes.patterns import Patterns
from motes.rotations import Orbits


def second_moments(patterns: Patterns, *, threads: int) -> npt.NDArray[np.float64]:
    """sum_p x_p x_p^T over the pixels: (M, M), exact, summed where the patterns are.

    Examples
    --------
    >>> second_moments(Patterns.from_dense([[1, 2, 0, 0]]), threads=1)[:2, :2]
    array([[1., 2.],
           [2., 4.]])
    """
    n_pixels = patterns.n_pixels
    return _sums(
        patterns,
        None,
        orbit=np.arange(n_pixels, dtype=np.int32),
        phase=np.zeros(n_pixels, np.uint8),
        turn=np.zeros((1, 1), np.uint8),
        n_orbits=n_pixels,
        with_coefficients=False,
        threads=threads,
    )


def outer_home(
    patterns: Patterns, responsibilities: npt.NDArray[np.float32], orbits: Orbits, *, threads: int
) -> npt.NDArray[np.float64]:
    """sum_p v_p v_p^T, v_p = (pattern p turned home, its responsibilities): (M + R, M + R).

    Parameters
    ----------
    patterns : Patterns
        N patterns of M pixels; on a GPU where they are there.
    responsibilities : (N, R) float32 array
        0 to 1.
    orbits : Orbits
        Of the group, on these patterns' detector.
    threads : int
        The result does not depend on it.

    Returns
    -------
    (M + R, M + R) float64 array
        To 2^-15 in each responsibility; the sums are exact. See `csrc/include/motes/outer.hpp`.
    """
    n_slots = len(orbits.turn)
    sums = _sums(
        patterns,
        responsibilities,
        orbit=orbits.orbit,
        phase=orbits.phase,
        turn=orbits.turn,
        n_orbits=orbits.n_orbits,
        with_coefficients=True,
        threads=threads,
    )
    # Slots that name the same pixel are added up, and everything is put in the pixels' order.
    place = np.concatenate([orbits.pixel_of_slot, patterns.n_pixels + np.arange(n_slots)])
    order = np.argsort(place, kind="stable")
    starts = np.flatnonzero(np.diff(place[order], prepend=-1))
    if len(starts) == len(place):
        return sums[np.ix_(order, order)]
    rows = np.add.reduceat(sums[order], starts, axis=0)
    return np.add.reduceat(rows[:, order], starts, axis=1)


def _sums(
    patterns: Patterns, coefficients: npt.NDArray[np.float32] | None, *, threads: int, **orbits: Any
) -> npt.NDArray[np.float64]:
    if patterns.device == CPU:
        return _core.outer(patterns._core, coefficients, **orbits, threads=threads)
    sums: npt.NDArray[np.float64] = cuda_extension().outer(patterns.uploaded(), coefficients, **orbits).to_numpy()
    return sums
