"""Patterns as compiled code takes them."""

from __future__ import annotations

import ctypes
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from motes.numba_support import c
from motes.patterns import Patterns, check_patterns
from motes.threads import available_threads


class PatternsView(NamedTuple):
    """Patterns inside `@njit`. One array, since numba counts references to each at each call.

    Attributes
    ----------
    n_patterns, n_pixels : int
    address, run_address : int
        Of their `motes_patterns` and `motes_run`, as `motes.numba_support.c` takes them.
    memory : uint8 array
        Both, and what keeps the container's arrays alive.
    """

    n_patterns: int
    n_pixels: int
    address: int
    run_address: int
    memory: npt.NDArray[np.uint8]


SPLIT = c.motes_patterns.itemsize


class _Memory(ctypes.c_char * (SPLIT + c.motes_run.itemsize)):  # type: ignore[misc]
    """Room for both structs."""

    arrays: tuple[npt.NDArray[Any], ...]


def view(patterns: Patterns, *, threads: int | None = None) -> PatternsView:
    """Patterns for functions that numba compiles.

    Parameters
    ----------
    patterns : Patterns
        Any; nothing is copied.
    threads : int, optional
        Of every kernel that is called with the view; by default all that this process may use.

    Returns
    -------
    PatternsView

    Examples
    --------
    >>> view(Patterns.from_dense([[0, 2, 1, 0]]), threads=1).n_pixels
    4
    """
    check_patterns(patterns)
    owner = _Memory()
    owner.arrays = patterns.indptr, patterns.pixels, patterns.multi_position, patterns.multi_extra
    memory = np.frombuffer(owner, np.uint8)
    record, run = (memory[:SPLIT].view(c.motes_patterns), memory[SPLIT:].view(c.motes_run))
    record["struct_size"], run["struct_size"] = c.motes_patterns.itemsize, c.motes_run.itemsize
    for name, array in zip(("indptr", "pixels", "multi_position", "multi_extra"), owner.arrays, strict=True):
        record[name] = array.ctypes.data
    record["n_patterns"], record["n_pixels"] = len(patterns), patterns.n_pixels
    record["pixel_bytes"], record["n_multi"] = patterns.pixels.itemsize, len(patterns.multi_position)
    run["threads"] = available_threads(threads)
    return PatternsView(len(patterns), patterns.n_pixels, record.ctypes.data, run.ctypes.data, memory)
