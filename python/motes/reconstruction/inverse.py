"""The inverse of a whitened information: symmetric, eigenvalues from 0 to 1 or so, the smallest not to be trusted."""

from __future__ import annotations

import numpy as np

from motes.reconstruction.problem import FloatArray

_HALVED = 64  # rows: smaller triangles are inverted as any matrix is


def inverse_of(matrix: FloatArray, floor: float) -> tuple[FloatArray, int]:
    """Inverse of a whitened information, and how many of its eigenvalues had to be raised to the floor.

    Examples
    --------
    >>> inverse_of(np.diag([1.0, 0.5, 1e-9]), 0.01)[1]
    1
    """
    try:
        factor = _inverse_of_triangle(np.asarray(np.linalg.cholesky(matrix), np.float64))
        inverse = factor.T @ factor
        if np.trace(inverse) < len(matrix) / floor and _largest_eigenvalue(inverse) < 1 / floor:
            return inverse, 0
    except np.linalg.LinAlgError:
        pass  # not positive definite: the eigenvalues say where
    values, vectors = np.linalg.eigh(matrix)
    floored = int((values < floor).sum())
    return (vectors / np.maximum(values, floor)) @ vectors.T, floored


def _inverse_of_triangle(lower: FloatArray) -> FloatArray:
    """By halves: a third of the work of a general inverse, nearly all of it products of matrices."""
    n = len(lower)
    if n <= _HALVED:
        return np.asarray(np.linalg.inv(lower))
    first, last = slice(None, n // 2), slice(n // 2, None)
    inverse = np.zeros_like(lower)
    inverse[first, first] = _inverse_of_triangle(lower[first, first])
    inverse[last, last] = _inverse_of_triangle(lower[last, last])
    inverse[last, first] = -inverse[last, last] @ (lower[last, first] @ inverse[first, first])
    return inverse


def _largest_eigenvalue(matrix: FloatArray) -> float:
    """By powers, from a fixed start: to a per mille, which is all that is asked of it."""
    vector = np.random.default_rng(0).standard_normal(len(matrix))
    value = 0.0
    for _ in range(200):
        image = matrix @ vector
        norm = float(np.linalg.norm(image))
        if norm == 0 or abs(norm - value) < 1e-5 * norm:
            return norm
        value, vector = norm, image / norm
    return value
