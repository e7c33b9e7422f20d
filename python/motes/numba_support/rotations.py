"""Exact rotations inside `@njit`."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import overload

from motes.numba_support import c
from motes.numba_support.wall import address, check_shape, checked, only_compiled, require


def expand(master: Any, index: Any, templates: Any) -> None:
    """The master in every orientation: templates[i, r] = master[index[r, i]].

    Parameters
    ----------
    master : (M,) float64 array
    index : (R, M) int32 array
        `motes.C4.index((H, W))`, say.
    templates : (M, R) float64 array
        Written to.

    Raises
    ------
    ValueError
        In the library's words, if a shape or an index is out of range.
    """
    only_compiled("expand", "Rotations.expand")


@overload(expand)
def _expand(master: Any, index: Any, templates: Any) -> Any:
    require(master, "master", types.float64, 1)
    require(index, "index", types.int32, 2)
    require(templates, "templates", types.float64, 2, output=True)
    call = checked(c.motes_expand)

    def run(master: Any, index: Any, templates: Any) -> None:
        check_shape("index", index.shape, (index.shape[0], master.size))
        check_shape("templates", templates.shape, (master.size, index.shape[0]))
        m, i, t = address(master), address(index), address(templates)
        call((m, i, index.shape[0], master.size, t))

    return run


def rotate_home(planes: Any, index: Any, master: Any) -> None:
    """Sum of the planes, each turned home: the transpose of `expand`.

    Parameters
    ----------
    planes : (M, R) float64 array
    index : (R, M) int32 array
        As in `expand`.
    master : (M,) float64 array
        Written to.

    Raises
    ------
    ValueError
        In the library's words, if a shape or an index is out of range.
    """
    only_compiled("rotate_home", "Rotations.back_rotate")


@overload(rotate_home)
def _rotate_home(planes: Any, index: Any, master: Any) -> Any:
    require(planes, "planes", types.float64, 2)
    require(index, "index", types.int32, 2)
    require(master, "master", types.float64, 1, output=True)
    call = checked(c.motes_rotate_home)

    def run(planes: Any, index: Any, master: Any) -> None:
        check_shape("index", index.shape, (index.shape[0], master.size))
        check_shape("planes", planes.shape, (master.size, index.shape[0]))
        p, i, m = address(planes), address(index), address(master)
        call((p, i, index.shape[0], master.size, m))

    return run
