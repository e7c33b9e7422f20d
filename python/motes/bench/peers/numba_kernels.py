"""The kernels written by hand in numba: R = 4 spelled out, no fast-math, unsigned positions."""

from __future__ import annotations

import numpy as np
from numba import njit, prange

BLOCK = 4096  # patterns summed in float32 before they are added to float64


@njit(parallel=True)
def likelihood(indptr, pixels, weights, base, out):
    for p in prange(len(indptr) - 1):
        a, b, c, d = base[0], base[1], base[2], base[3]
        for i in range(indptr[p], indptr[p + 1]):
            row = weights[pixels[i]]
            a += row[0]
            b += row[1]
            c += row[2]
            d += row[3]
        out[p, 0] = a
        out[p, 1] = b
        out[p, 2] = c
        out[p, 3] = d


@njit(parallel=True)
def back_rotation(indptr, pixels, gamma, planes, block_planes):
    n = len(indptr) - 1
    for block in prange(len(block_planes)):
        mine = block_planes[block]
        mine[:] = 0
        for p in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            a, b, c, d = gamma[p, 0], gamma[p, 1], gamma[p, 2], gamma[p, 3]
            for i in range(indptr[p], indptr[p + 1]):
                row = mine[pixels[i]]
                row[0] += a
                row[1] += b
                row[2] += c
                row[3] += d
    _add_blocks(block_planes, planes)


@njit(parallel=True)
def sweep(indptr, pixels, weights, base, planes, block_planes, block_value):
    n = len(indptr) - 1
    for block in prange(len(block_planes)):
        mine = block_planes[block]
        mine[:] = 0
        value = 0.0
        for p in range(block * BLOCK, min(n, (block + 1) * BLOCK)):
            a, b, c, d = base[0], base[1], base[2], base[3]
            for i in range(indptr[p], indptr[p + 1]):
                row = weights[pixels[i]]
                a += row[0]
                b += row[1]
                c += row[2]
                d += row[3]
            top = max(max(a, b), max(c, d))
            a, b, c, d = np.exp(a - top), np.exp(b - top), np.exp(c - top), np.exp(d - top)
            total = (a + b) + (c + d)
            value += top + np.log(total)
            scale = np.float32(1) / total
            a, b, c, d = a * scale, b * scale, c * scale, d * scale
            for i in range(indptr[p], indptr[p + 1]):
                row = mine[pixels[i]]
                row[0] += a
                row[1] += b
                row[2] += c
                row[3] += d
        block_value[block] = value
    _add_blocks(block_planes, planes)
    return block_value.sum()


@njit
def _add_blocks(block_planes, planes):
    planes[:] = 0
    for block in range(len(block_planes)):
        for i in range(planes.shape[0]):
            for r in range(planes.shape[1]):
                planes[i, r] += block_planes[block, i, r]
