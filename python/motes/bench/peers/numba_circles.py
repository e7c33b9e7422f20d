"""Circles in numba, as one writes them by hand."""

from __future__ import annotations

import math

import numpy as np
from numba import njit, prange


@njit(cache=True)
def _iou(x1, y1, r1, x2, y2, r2):
    d2 = (x1 - x2) ** 2 + (y1 - y2) ** 2
    if d2 >= (r1 + r2) ** 2:
        return 0.0
    if d2 <= (r1 - r2) ** 2:
        lens = math.pi * min(r1, r2) ** 2
    else:
        d = math.sqrt(d2)
        a1 = math.acos(min(1.0, (d2 + r1 * r1 - r2 * r2) / (2 * d * r1)))
        a2 = math.acos(min(1.0, (d2 + r2 * r2 - r1 * r1) / (2 * d * r2)))
        lens = r1 * r1 * (a1 - math.sin(a1) * math.cos(a1)) + r2 * r2 * (a2 - math.sin(a2) * math.cos(a2))
    return lens / (math.pi * (r1 * r1 + r2 * r2) - lens)


@njit(parallel=True, cache=True)
def iou_matrix(centres, radii):
    n = len(centres)
    out = np.empty((n, n))
    for i in prange(n):
        for j in range(n):
            out[i, j] = _iou(centres[i, 0], centres[i, 1], radii[i], centres[j, 0], centres[j, 1], radii[j])
    return out


@njit(parallel=True, cache=True)
def _suppress(centres, radii, scores, indptr, threshold, left):
    for m in prange(len(indptr) - 1):
        first, last = indptr[m], indptr[m + 1]
        order = first + np.argsort(-scores[first:last])
        for k in range(last - first):
            i = order[k]
            if not left[i]:
                continue
            for other in range(k + 1, last - first):
                j = order[other]
                if (
                    left[j]
                    and _iou(centres[i, 0], centres[i, 1], radii[i], centres[j, 0], centres[j, 1], radii[j]) > threshold
                ):
                    left[j] = False


def suppress(centres, radii, scores, indptr, threshold):
    """Greedy: every circle that stays looks at all that come after it."""
    left = np.ones(len(centres), bool)
    _suppress(centres, radii, scores, indptr, threshold, left)
    return np.flatnonzero(left)
