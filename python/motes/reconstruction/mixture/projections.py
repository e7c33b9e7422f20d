"""Products of all patterns with a few vectors, whether patterns are lists of photons or real numbers."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from motes.dense import DensePatterns
from motes.kernels.backrotation import back_rotated_planes
from motes.kernels.likelihood import scores_of
from motes.patterns import Patterns
from motes.reconstruction.blocks import blocks
from motes.threads import one_blas_thread

AnyPatterns: TypeAlias = Patterns | DensePatterns


def projected(
    patterns: AnyPatterns, weights: npt.NDArray[Any], base: npt.NDArray[Any], *, threads: int
) -> npt.NDArray[Any]:
    """x_p . w_q + base_q: (N, Q) of weights (M, Q).

    Examples
    --------
    >>> projected(DensePatterns(np.array([[[0.5, 2.0]]])), np.array([[1.0], [3.0]]), np.ones(1), threads=1)
    array([[7.5]])
    """
    if isinstance(patterns, Patterns):
        return scores_of(patterns, weights, base, threads=threads)
    with one_blas_thread():
        return np.asarray(patterns.rows(slice(0, len(patterns))) @ weights + base)


def gathered(patterns: AnyPatterns, coefficients: npt.NDArray[Any], *, threads: int) -> npt.NDArray[np.float64]:
    """sum_p c[p, q] x_p: (M, Q) of coefficients (N, Q).

    Examples
    --------
    >>> gathered(DensePatterns(np.array([[[0.5, 2.0]]])), np.array([[2.0]]), threads=1)
    array([[1.],
           [4.]])
    """
    if isinstance(patterns, Patterns):
        return back_rotated_planes(patterns, coefficients, threads=threads)
    with one_blas_thread():
        return np.asarray(patterns.rows(slice(0, len(patterns))).T @ coefficients)


def parts_of(patterns: AnyPatterns, most: int) -> list[slice]:
    """Blocks of at most `most` patterns, and of what fits the memory.

    Examples
    --------
    >>> parts_of(DensePatterns(np.zeros((5, 2, 2))), 3)
    [slice(0, 3, None), slice(3, 5, None)]
    """
    if isinstance(patterns, Patterns):
        return list(blocks(patterns, most=most))
    return list(patterns.blocks(min(most * patterns.n_pixels, 1 << 20)))


def sample_of(patterns: AnyPatterns, n: int, seed: int) -> AnyPatterns:
    """At most n patterns, chosen at random, in their order.

    Examples
    --------
    >>> len(sample_of(Patterns.empty((2, 2), 9), 4, 0))
    4
    """
    if len(patterns) <= n:
        return patterns
    return patterns[np.sort(np.random.default_rng(seed).choice(len(patterns), n, replace=False))]
