"""Intersection over union: of circles, and of axis-aligned boxes."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.circles import Circles, Reals
from motes.devices import CPU, Device, Stream, cuda_extension, held_by, stream_of, where_it_came_from, working_place
from motes.foreign import reals_of
from motes.threads import available_threads


def circle_iou(
    a: Circles, b: Circles, *, threads: int | None = None, device: Device | str | None = None, stream: Any = None
) -> Reals:
    """IoU of each circle of `a` with the circle of `b` at the same place.

    Parameters
    ----------
    a, b : Circles
        N circles each, of one real type.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the circles are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

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
    place = working_place(_held(a, b), device)
    result: Reals
    if place != CPU:
        there = cuda_extension().circle_iou(
            a.centres, a.radii, b.centres, b.radii, device=place.index, stream=stream_of(stream)
        )
        result = where_it_came_from(there, a.device)
        return result
    result = _core.circle_iou(a.centres, a.radii, b.centres, b.radii, threads=available_threads(threads))
    return result


def pairwise_circle_iou(
    a: Circles, b: Circles, *, threads: int | None = None, device: Device | str | None = None, stream: Any = None
) -> list[Reals]:
    """IoU of all pairs of circles of the same micrograph.

    Parameters
    ----------
    a, b : Circles
        Of the same micrographs, of one real type.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the circles are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

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
    place = working_place(_held(a, b), device)
    given = (a.centres, a.radii, b.centres, b.radii)
    heights, widths = np.diff(a.indptr), np.diff(b.indptr)
    starts = np.concatenate([[0], np.cumsum(heights * widths)])
    if place == CPU:
        flat = _core.circle_iou_all(*given, a_indptr=a.indptr, b_indptr=b.indptr, threads=available_threads(threads))
    else:
        cuda = cuda_extension()
        there = cuda.circle_iou_all(
            *given, a_indptr=a.indptr, b_indptr=b.indptr, device=place.index, stream=stream_of(stream)
        )
        if a.device != CPU:
            shapes = zip(starts, heights, widths, strict=False)
            return [cuda.part(there, start, (height, width)) for start, height, width in shapes]
        flat = there.to_numpy()
    return [flat[starts[m] : starts[m + 1]].reshape(heights[m], widths[m]) for m in range(a.n_micrographs)]


def box_iou(
    a: Reals, b: Reals, *, threads: int | None = None, device: Device | str | None = None, stream: Any = None
) -> Reals:
    """IoU of each axis-aligned box of `a` with the box of `b` at the same place.

    Parameters
    ----------
    a, b : (N, 4) float32 or float64 arrays, pixels
        x and y of the corner nearest the origin, width, height.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the boxes are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

    Returns
    -------
    (N,) array of the boxes' type
        0 to 1, to 1e-15 relative.

    Examples
    --------
    >>> box_iou(np.array([[0.0, 0, 2, 2]]), np.array([[1.0, 0, 2, 2]])).round(4)
    array([0.3333])
    """
    held = _held_boxes(a, b)
    place = working_place(held, device)
    result: Reals
    if place != CPU:
        on = stream_of(stream)
        sides = (*_corners_on_gpu(a, "a", place, on), *_corners_on_gpu(b, "b", place, on))
        result = where_it_came_from(cuda_extension().box_iou(*sides, device=place.index, stream=on), held)
        return result
    result = _core.box_iou(*_corners(a, "a"), *_corners(b, "b"), threads=available_threads(threads))
    return result


def pairwise_box_iou(
    a: Reals, b: Reals, *, threads: int | None = None, device: Device | str | None = None, stream: Any = None
) -> Reals:
    """IoU of all pairs of axis-aligned boxes.

    Parameters
    ----------
    a, b : (N, 4) and (K, 4) float32 or float64 arrays, pixels
        x and y of the corner nearest the origin, width, height.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the boxes are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

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
    held = _held_boxes(a, b)
    place = working_place(held, device)
    if place != CPU:
        cuda, on = cuda_extension(), stream_of(stream)
        sides = (*_corners_on_gpu(a, "a", place, on), *_corners_on_gpu(b, "b", place, on))
        a_indptr, b_indptr = (np.array([0, len(side)], np.int64) for side in (sides[0], sides[2]))
        there = cuda.box_iou_all(*sides, a_indptr=a_indptr, b_indptr=b_indptr, device=place.index, stream=on)
        matrix: Reals = where_it_came_from(cuda.part(there, 0, (len(sides[0]), len(sides[2]))), held)
        return matrix
    sides = (*_corners(a, "a"), *_corners(b, "b"))
    heights, widths = (np.array([0, len(side)], np.int64) for side in (sides[0], sides[2]))
    flat: Reals = _core.box_iou_all(*sides, a_indptr=heights, b_indptr=widths, threads=available_threads(threads))
    return flat.reshape(heights[1], widths[1])


def check_same_micrographs(name: str, circles: Circles, others: Circles) -> None:
    """Refuse circles of another number of micrographs."""
    if circles.n_micrographs != others.n_micrographs:
        raise ValueError(f"{name}: expected {others.n_micrographs} micrographs, got {circles.n_micrographs}")


def _held(a: Circles, b: Circles) -> Device:
    """Where both are."""
    if a.device != b.device:
        raise ValueError(f"b: expected circles on {a.device}, as a, got them on {b.device}")
    return a.device


def _held_boxes(a: Any, b: Any) -> Device:
    held, other = held_by(a), held_by(b)
    if held != other:
        raise ValueError(f"b: expected an array on {held}, as a, got one on {other}")
    return held


def _corners_on_gpu(boxes: Any, name: str, place: Device, stream: Stream) -> tuple[Any, Any]:
    if held_by(boxes) == CPU:
        return _corners(boxes, name)
    corners, sizes = cuda_extension().split_boxes(boxes, name, device=place.index, stream=stream)
    return corners, sizes


def _corners(boxes: Any, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    boxes = reals_of(name, boxes)
    if boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ValueError(f"{name}: expected shape (any, 4), got {boxes.shape}")
    return np.ascontiguousarray(boxes[:, :2]), np.ascontiguousarray(boxes[:, 2:])
