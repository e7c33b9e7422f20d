"""The largest eigenvalues of a symmetric operator that can only be applied: Lanczos' method, in blocks.

In s steps from a block V it finds the best that the span of V, A V, ..., A^s-1 V holds (Golub and Van Loan, Matrix
Computations, 10.3). A single vector that happens to lie across the one sought may settle on the next; a block does not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from motes.reconstruction.problem import FloatArray

_LATELY = 3  # steps
_MOST_PASSES = 8
_ROUNDING = 1e-12


def leading(
    apply: Callable[[FloatArray], FloatArray],
    n: int,
    count: int,
    *,
    block: int,
    steps: int,
    rng: np.random.Generator,
    settled: float = 0.0,
) -> tuple[FloatArray, FloatArray]:
    """The largest eigenvalues, and their vectors.

    Parameters
    ----------
    apply : callable
        From (n, q) to (n, q) float64: a symmetric matrix times columns.
    n, count : int
        Of its rows; of the eigenvalues sought.
    block : int
        Columns that it is applied to at once: at least `count`.
    steps : int
        How often, at most. Where so many columns are all that there are, the answer is exact.
    rng : Generator
        Draws the first block.
    settled : float
        Stop when the last three steps have raised the sum of the values by no more than this fraction.

    Returns
    -------
    values : (count,) float64 array
        Descending.
    vectors : (n, count) float64 array
        Orthonormal columns.

    Examples
    --------
    >>> matrix, rng = np.diag([*np.ones(98), 3.0, 5.0]), np.random.default_rng(0)
    >>> values, vectors = leading(lambda v: matrix @ v, 100, 2, block=4, steps=12, rng=rng)
    >>> values.round(9)
    array([5., 3.])
    """
    if n <= block * steps:
        unit = np.eye(n)  # a block at a time: the operator may need room for each column
        images = np.hstack([apply(unit[:, first : first + block]) for first in range(0, n, block)])
        return _largest(np.linalg.eigh(_symmetric(images)), count)
    basis, images = np.empty((n, 0)), np.empty((n, 0))
    vectors = np.linalg.qr(rng.standard_normal((n, block)))[0]
    sums: list[float] = []
    while True:
        image = apply(vectors)
        basis, images = np.hstack([basis, vectors]), np.hstack([images, image])
        values, inner = _largest(np.linalg.eigh(_symmetric(basis.T @ images)), count)
        sums.append(float(values.sum()))
        if len(sums) == steps or (len(sums) > _LATELY and sums[-1] - sums[-1 - _LATELY] <= settled * sums[-1]):
            return values, basis @ inner
        vectors = _outside(basis, image)


def _outside(basis: FloatArray, image: FloatArray) -> FloatArray:
    """Orthonormal columns across the basis that span, with it, the image; where that has fewer, any others."""
    vectors = np.linalg.qr(image)[0]
    for _ in range(_MOST_PASSES):  # of a column that is in the basis, rounding is left: again in it, perhaps
        inside = basis.T @ vectors
        if np.abs(inside).max() < _ROUNDING:
            break
        vectors = np.linalg.qr(vectors - basis @ inside)[0]
    return vectors


def _largest(found: tuple[FloatArray, FloatArray], count: int) -> tuple[FloatArray, FloatArray]:
    values, vectors = found
    return values[::-1][:count], vectors[:, ::-1][:, :count]


def _symmetric(matrix: FloatArray) -> FloatArray:
    return (matrix + matrix.T) / 2
