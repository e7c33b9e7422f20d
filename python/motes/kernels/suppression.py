"""Non-maximum suppression: of detections that are one, the best stays."""

from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.circles import Circles, Indices, Reals
from motes.devices import CPU, Device, Stream, cuda_extension, held_by, stream_of, where_it_came_from, working_place
from motes.foreign import native, reals_of
from motes.threads import available_threads


def nearness(iou: float | None, box_iou: float | None, distance: float | None) -> tuple[str, float]:
    """Which of three measures was given, and its threshold."""
    given = {name: v for name, v in (("iou", iou), ("box_iou", box_iou), ("distance", distance)) if v is not None}
    if len(given) != 1:
        raise ValueError(f"expected one of iou, box_iou and distance, got {' and '.join(given) or 'none'}")
    ((name, threshold),) = given.items()
    return name, float(threshold)


@overload
def suppress(
    circles: Circles, *, iou: float | None = ..., box_iou: float | None = ..., distance: float | None = ...,
    return_suppressor: Literal[False] = ..., threads: int | None = ..., device: Device | str | None = ...,
    stream: Any = ...,
) -> Indices: ...  # fmt: skip
@overload
def suppress(
    circles: Circles, *, iou: float | None = ..., box_iou: float | None = ..., distance: float | None = ...,
    return_suppressor: Literal[True], threads: int | None = ..., device: Device | str | None = ..., stream: Any = ...,
) -> tuple[Indices, Indices]: ...  # fmt: skip
def suppress(
    circles: Circles,
    *,
    iou: float | None = None,
    box_iou: float | None = None,
    distance: float | None = None,
    return_suppressor: bool = False,
    threads: int | None = None,
    device: Device | str | None = None,
    stream: Any = None,
) -> Indices | tuple[Indices, Indices]:
    """Greedy non-maximum suppression, each micrograph for itself.

    In descending order of score (equal scores: ascending index) a circle stays, unless one that stayed before is near.

    Parameters
    ----------
    circles : Circles
        With scores.
    iou, box_iou, distance : float
        One of them: circles are near if their IoU, or that of the squares about them, is above it; or if their centres
        are closer than it, in pixels.
    return_suppressor : bool
        Also say who took whom.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the circles are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

    Returns
    -------
    kept : int64 array
        Indices that stay: micrograph after micrograph, in descending order of score.
    suppressor : (N,) int64 array
        If asked for: the kept circle of the highest score that took each circle; -1 for those that stay.

    Raises
    ------
    ValueError
        If there are no scores, or not exactly one threshold in its range.

    Examples
    --------
    >>> picks = Circles(np.array([[0.0, 0], [1, 0], [9, 0]]), 5.0, np.array([0.5, 0.9, 0.1]))
    >>> suppress(picks, iou=0.5, return_suppressor=True)
    (array([1, 2]), array([ 1, -1, -1]))
    """
    measure, threshold = nearness(iou, box_iou, distance)
    place = working_place(circles.device, device)
    if place != CPU:
        kept, _, suppressor = cuda_extension().suppression(
            circles.centres, circles.radii, scores_of(circles), indptr=circles.indptr, measure=measure,
            threshold=threshold, suppressor=return_suppressor, device=place.index, stream=stream_of(stream),
        )  # fmt: skip
        kept = where_it_came_from(kept, circles.device)
        return (kept, where_it_came_from(suppressor, circles.device)) if return_suppressor else kept
    kept, _, suppressor = _core.suppression(
        circles.centres, circles.radii, scores_of(circles), indptr=circles.indptr, measure=measure,
        threshold=threshold, suppressor=return_suppressor, threads=available_threads(threads),
    )  # fmt: skip
    return (kept, suppressor) if return_suppressor else kept


def soft_suppress(
    circles: Circles,
    *,
    iou: float | None = None,
    sigma: float | None = None,
    min_score: float = 0.001,
    threads: int | None = None,
) -> tuple[Indices, npt.NDArray[np.float64]]:
    """Soft suppression: scores of circles that overlap a better one fall, instead of being cut.

    On the processor alone: each circle waits for all that were taken before it.

    The circle with the highest score is taken; the others' scores are multiplied with 1 - IoU where the IoU is above
    `iou` (linear), or with exp(-IoU^2 / sigma) (Gaussian); and so on.

    Parameters
    ----------
    circles : Circles
        With scores of 0 or more.
    iou, sigma : float
        One of them.
    min_score : float
        It ends when no score reaches this.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    kept : int64 array
        Indices that were taken: micrograph after micrograph, in the order they were taken.
    scores : (N,) float64 array
        Scores at the end, of all circles.

    Examples
    --------
    >>> picks = Circles(np.array([[0.0, 0], [1, 0], [9, 0]]), 5.0, np.array([0.5, 0.9, 0.4]))
    >>> kept, scores = soft_suppress(picks, iou=0.5)
    >>> kept, scores.round(3)
    (array([1, 2, 0]), array([0.113, 0.9  , 0.4  ]))

    Notes
    -----
    Bodla, Singh, Chellappa and Davis, Soft-NMS (ICCV 2017).
    """
    if (iou is None) == (sigma is None):
        raise ValueError("expected one of iou (linear) and sigma (Gaussian)")
    circles.require_here()
    decayed, kept, _ = _core.soft_suppression(
        circles.centres, circles.radii, scores_of(circles), indptr=circles.indptr, gaussian=sigma is not None,
        parameter=float(iou if sigma is None else sigma),  # type: ignore[arg-type]
        min_score=min_score, threads=available_threads(threads),
    )  # fmt: skip
    return kept, decayed


def suppress_map(
    score_map: Reals,
    radius: float,
    *,
    threshold: float = -np.inf,
    threads: int | None = None,
    device: Device | str | None = None,
    stream: Any = None,
) -> list[tuple[Indices, Reals]]:
    """Peaks of score maps: the highest pixel takes all pixels within the radius; and so on down to the threshold.

    Parameters
    ----------
    score_map : (H, W) or (B, H, W) float32 or float64 array
        One map, or several; -inf marks pixels that can not be peaks.
    radius : float, pixels
        Pixels with dx^2 + dy^2 <= radius^2 are taken. Nothing is taken across an edge.
    threshold : float
        Only pixels above it are peaks.
    threads : int, optional
        By default all that this process may use; a map is done by one. The result does not depend on it.
    device : str, optional
        `"cpu"`, `"cuda"`, `"cuda:1"` or `"auto"`; by default where the maps are. What is here is copied there,
        and the result comes back; of device arrays it stays there. Compiled, not yet run on hardware.
    stream : CUDA stream or its handle, optional
        Of work on a GPU: in its order it is done. By default CUDA's own.

    Returns
    -------
    list of (centres, scores)
        For each map: (K, 2) int64, x and y of the peaks, and (K,) their scores, highest first; of equal pixels the
        first in row-major order.

    Raises
    ------
    TypeError, ValueError
        If a type or shape does not fit, a pixel is not a number, or the radius is negative.

    Notes
    -----
    The rule is that of Topaz's `non_maximum_suppression`, which differs in this: near the right edge it also takes
    pixels of the first column, one row below.

    Examples
    --------
    >>> [(centres, scores)] = suppress_map(np.array([[0.1, 0.9, 0.2, 0.8]]), 1, threshold=0.5)
    >>> centres, scores
    (array([[1, 0],
           [3, 0]]), array([0.9, 0.8]))
    """
    held = held_by(score_map)
    if held == CPU:
        score_map = reals_of("score_map", score_map)
    if len(score_map.shape) not in (2, 3):
        raise ValueError(f"score_map: expected 2 or 3 dimensions, got {len(score_map.shape)}")
    if held == CPU:
        score_map = native("score_map", score_map if score_map.ndim == 3 else score_map[None])
    place = working_place(held, device)
    if place != CPU:
        return _suppress_map_on_gpu(score_map, held, place.index, radius, threshold, stream_of(stream))
    peaks = _core.map_suppression(score_map, radius=radius, threshold=threshold, threads=available_threads(threads))
    return [_peaks(one, found) for one, found in zip(score_map, peaks, strict=True)]


def _suppress_map_on_gpu(
    score_map: Any, held: Device, device: int, radius: float, threshold: float, stream: Stream
) -> list[tuple[Any, Any]]:
    cuda = cuda_extension()
    maps = score_map
    if held != CPU:
        maps = cuda.reals(score_map, "score_map", device=device, stream=stream)
        maps = maps if len(maps.shape) == 3 else cuda.part(maps, 0, (1, *maps.shape))
    centres, scores, indptr = cuda.map_suppression(
        maps, radius=radius, threshold=threshold, device=device, stream=stream
    )
    counts = np.diff(indptr)
    if held == CPU:
        parts = (np.split(found.to_numpy(), indptr[1:-1]) for found in (centres, scores))
        return list(zip(*parts, strict=True)) if len(counts) else []
    return [
        (cuda.part(centres, 2 * first, (n, 2)), cuda.part(scores, first, (n,)))
        for first, n in zip(indptr, counts, strict=False)
    ]


def _peaks(score_map: Reals, found: Indices) -> tuple[Indices, Reals]:
    rows, columns = np.divmod(found, max(score_map.shape[1], 1))
    return np.stack([columns, rows], axis=1), score_map[rows, columns]


def scores_of(circles: Circles) -> npt.NDArray[Any]:
    """Scores, which must be there."""
    if circles.scores is None:
        raise ValueError("circles: scores are needed")
    return circles.scores
