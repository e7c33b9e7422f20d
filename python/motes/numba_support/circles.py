"""Circles of one micrograph inside `@njit`: overlaps and suppression, on the calling thread (`prange` has more)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from motes.numba_support import c
from motes.numba_support.wall import REALS, SERIAL, address, check_shape, checked, keep, only_compiled, require


def circle_iou(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> None:
    """IoU of circle k of one side with circle k of the other.

    Parameters
    ----------
    a_centres, b_centres : (n, 2) float32 or float64 arrays
        x, y, in pixels.
    a_radii, b_radii : (n,) arrays of the same dtype
        In pixels.
    out : (n,) array of the same dtype
        Written to: 0 to 1.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("circle_iou", "motes.picking.circle_iou")


@overload(circle_iou)
def _circle_iou(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> Any:
    _require_sides(a_centres, a_radii, b_centres, b_radii, out, 1)
    call = checked(c.motes_circle_iou)

    def run(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> None:
        a, b = _circles("a_centres", a_centres, a_radii), _circles("b_centres", b_centres, b_radii)
        check_shape("b_radii", b_radii.shape, a_radii.shape)
        check_shape("out", out.shape, a_radii.shape)
        of_a, of_b, to, run = address(a), address(b), address(out), address(SERIAL)
        call((of_a, of_b, to, run))
        keep((a, b))

    return run


def pairwise_circle_iou(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> None:
    """IoU of every circle of one side with every circle of the other.

    Parameters
    ----------
    a_centres, a_radii, b_centres, b_radii
        As in `circle_iou`; n_a and n_b circles.
    out : (n_a, n_b) array of the same dtype
        Written to: 0 to 1.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("pairwise_circle_iou", "motes.picking.pairwise_circle_iou")


@overload(pairwise_circle_iou)
def _pairwise_circle_iou(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> Any:
    _require_sides(a_centres, a_radii, b_centres, b_radii, out, 2)
    call = checked(c.motes_circle_iou_all)

    def run(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any) -> None:
        a, b = _circles("a_centres", a_centres, a_radii), _circles("b_centres", b_centres, b_radii)
        check_shape("out", out.shape, (a_radii.size, b_radii.size))
        rows, columns = np.array([0, a_radii.size]), np.array([0, b_radii.size])
        of_a, of_b, i, j = address(a), address(b), address(rows), address(columns)
        to, run = address(out), address(SERIAL)
        call((of_a, of_b, 1, i, j, to, run))
        keep((a, b, rows, columns))

    return run


def _require_sides(a_centres: Any, a_radii: Any, b_centres: Any, b_radii: Any, out: Any, ndim_out: int) -> None:
    real = require(a_centres, "a_centres", REALS, 2)
    require(a_radii, "a_radii", real, 1)
    require(b_centres, "b_centres", real, 2)
    require(b_radii, "b_radii", real, 1)
    require(out, "out", real, ndim_out, output=True)


def suppression(centres: Any, radii: Any, scores: Any, iou: float, kept: Any) -> int:
    """Of circles whose IoU is above a threshold, the one with the highest score stays.

    Parameters
    ----------
    centres : (n, 2) float32 or float64 array
        x, y, in pixels.
    radii, scores : (n,) arrays of the same dtype
    iou : float
        The threshold, 0 to 1.
    kept : (n,) int64 array
        Written to: the indices that stay, in descending order of score.

    Returns
    -------
    int
        How many stay.

    Raises
    ------
    ValueError
        In the library's words, if a shape or a number is out of range.
    """
    only_compiled("suppression", "motes.picking.suppress")


@overload(suppression)
def _suppression(centres: Any, radii: Any, scores: Any, iou: float, kept: Any) -> Any:
    real = require(centres, "centres", REALS, 2)
    require(radii, "radii", real, 1)
    require(scores, "scores", real, 1)
    require(kept, "kept", types.int64, 1, output=True)
    call = checked(c.motes_suppression)

    def run(centres: Any, radii: Any, scores: Any, iou: float, kept: Any) -> int:
        circles = _circles("centres", centres, radii)
        check_shape("scores", scores.shape, radii.shape)
        check_shape("kept", kept.shape, radii.shape)
        indptr, found = np.array([0, radii.size]), np.zeros(2, np.int64)
        of, s, i, k, f = address(circles), address(scores), address(indptr), address(kept), address(found)
        run, measure = address(SERIAL), np.int32(0)
        call((of, s, 1, i, measure, iou, k, f, 0, run))
        keep((circles, indptr, found))
        return int(found[1])

    return run


@njit(cache=True)
def _circles(name: str, centres: Any, radii: Any) -> Any:
    check_shape(name, centres.shape, (radii.size, 2))
    circles = np.zeros(1, c.motes_circles)
    circles[0].n = radii.size
    circles[0].centre = address(centres)
    circles[0].radius = address(radii)
    circles[0].real_bytes = radii.itemsize
    return circles
