"""Back-rotation: gather patterns or gradients by template and turn them home."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.errors import kind_of
from motes.foreign import array_of
from motes.patterns import Patterns, check_patterns
from motes.rotations import C4, Rotations, rotations_of
from motes.threads import available_threads


def back_rotate(
    patterns: Patterns,
    coefficients: npt.NDArray[np.floating[Any]],
    rotations: Rotations | str = C4,
    *,
    threads: int | None = None,
) -> npt.NDArray[np.float64]:
    """Sum of patterns, each turned home from every orientation with a coefficient of its own.

    master[j] = sum_p sum_r c[p, r] x[p, i], i the pixel where template r shows the master's pixel j: the transpose of
    the log-likelihood as a function of the master's weights.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (H, W) pixels.
    coefficients : (N, R) float32 or float64 array
        Finite: responsibilities, labels as 0 and 1, residuals of a gradient.
    rotations : Rotations or its name
        R rotations.
    threads : int, optional
        By default all that this process may use. The result does not depend on it, nor on the order of patterns.

    Returns
    -------
    (H, W) float64 array

    Raises
    ------
    ValueError, TypeError
        If a shape or dtype does not fit, or a coefficient is not finite.

    Notes
    -----
    The seed's "gradient back-rotation" (Algorithm 2). Coefficients are rounded to 2^-20 (float64: 2^-30) of the
    largest, and summed exactly; see `csrc/include/motes/backrotation.hpp`.

    Examples
    --------
    >>> pattern = Patterns.from_dense([[0, 1, 0, 0]])  # a photon at the top right
    >>> back_rotate(pattern, np.array([[0, 1, 0, 0]], np.float32))  # seen turned clockwise: it was at the top left
    array([[1., 0.],
           [0., 0.]])
    """
    check_patterns(patterns)
    rotations = rotations_of(rotations)
    if isinstance(coefficients, (list, tuple)):
        raise TypeError(f"coefficients: expected an array, got {kind_of(coefficients)}")
    coefficients = array_of("coefficients", coefficients)
    if coefficients.ndim != 2 or coefficients.shape[1] != rotations.n:
        raise ValueError(f"coefficients: expected shape ({len(patterns)}, {rotations.n}), got {coefficients.shape}")
    planes = _core.backrotation(patterns._core, coefficients, threads=available_threads(threads))
    return rotations.back_rotate(planes.T.reshape(rotations.n, *patterns.shape))
