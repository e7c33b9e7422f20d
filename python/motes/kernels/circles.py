"""Intersection over union: of circles, and of axis-aligned boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.circles import Circles, Reals
from motes.threads import available_threads


def circle_iou(a: Circles, b: Circles, *, threads: int | None = None) -> Reals:
    """IoU of each circle of `a` with the circle of `b` at the same place.

    Parameters
    ----------
    a, b : Circles
        N circles each, of one real type.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    (N,) array of the circles' type
        0 to 1, to 1e-14 relative also where two circles barely touch; see `csrc/include/motes/circles.hpp`.

    Raises
    ------
    TypeError, ValueError
        If numbers or types differ.

    Examples
    --------
    >>> a = Circles(np.array([[0.0, 0.0], [0.0, 0.0]]), 1.0)
    >>> b = Circles(np.array([[0.0, 0.0], [1.0, 0.0]]), 1.0)
    >>> circle_iou(a, b).round(4)
    array([1.   , 0.243])
    """
    result: Reals = _core.circle_iou(a.centres, a.radii, b.centres, b.radii, threads=available_threads(threads))
    return result


def pairwise_circle_iou(a: Circles, b: Circles, *, threads: int | None = None) -> list[Reals]:
    """IoU of all pairs of circles of the same micrograph.

    Parameters
    ----------
    a, b : Circles
        Of the same micrographs, of one real type.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    list of (N_m, K_m) arrays
        One matrix for each micrograph m: rows are circles of `a`, columns of `b`. They share one block of memory.

    Examples
    --------
    >>> a = Circles(np.array([[0.0, 0.0], [1.0, 0.0]]), 1.0)
    >>> pairwise_circle_iou(a, a)[0].round(4)
    array([[1.   , 0.243],
           [0.243, 1.   ]])
    """
    check_same_micrographs("b", b, a)
    flat = _core.circle_iou_all(
        a.centres, a.radii, b.centres, b.radii, a_indptr=a.indptr, b_indptr=b.indptr, threads=available_threads(threads)
    )
    heights, widths = np.diff(a.indptr), np.diff(b.indptr)
    starts = np.concatenate([[0], np.cumsum(heights * widths)])
    return [flat[starts[m] : starts[m + 1]].reshape(heights[m], widths[m]) for m in range(a.n_micrographs)]


def box_iou(a: Reals, b: Reals, *, threads: int | None = None) -> Reals:
    """IoU of each axis-aligned box of `a` with the box of `b` at the same place.

    Parameters
    ----------
    a, b : (N, 4) float32 or float64 arrays, pixels
        x and y of the corner nearest the origin, width, height.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    (N,) array of the boxes' type
        0 to 1, to 1e-15 relative.

    Examples
    --------
    >>> box_iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 2, 2]])).round(4)
    array([0.3333])
    """
    result: Reals = _core.box_iou(*_corners(a, "a"), *_corners(b, "b"), threads=available_threads(threads))
    return result


def pairwise_box_iou(a: Reals, b: Reals, *, threads: int | None = None) -> Reals:
    """IoU of all pairs of axis-aligned boxes.

    Parameters
    ----------
    a, b : (N, 4) and (K, 4) float32 or float64 arrays, pixels
        x and y of the corner nearest the origin, width, height.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    (N, K) array of the boxes' type

    Examples
    --------
    >>> boxes = np.array([[0.0, 0, 2, 2], [1.0, 0, 2, 2]])
    >>> pairwise_box_iou(boxes, boxes).round(4)
    array([[1.    , 0.3333],
           [0.3333, 1.    ]])
    """
    parts = [np.array([0, len(side)], np.int64) for side in (a, b)]
    flat: Reals = _core.box_iou_all(
        *_corners(a, "a"), *_corners(b, "b"), a_indptr=parts[0], b_indptr=parts[1], threads=available_threads(threads)
    )
    return flat.reshape(len(a), len(b))


def check_same_micrographs(name: str, circles: Circles, others: Circles) -> None:
    """Refuse circles of another number of micrographs."""
    if circles.n_micrographs != others.n_micrographs:
        raise ValueError(f"{name}: expected {others.n_micrographs} micrographs, got {circles.n_micrographs}")


def _corners(boxes: Any, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    if not isinstance(boxes, np.ndarray):
        raise TypeError(f"{name}: expected a NumPy array of float32 or float64, got {type(boxes).__name__}")
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (any, 4), got {boxes.shape}")
    return np.ascontiguousarray(boxes[:, :2]), np.ascontiguousarray(boxes[:, 2:])
