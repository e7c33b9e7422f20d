"""Back-rotation: gather patterns or gradients by template and turn them home."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core
from motes.devices import CPU, cuda_extension, held_by, stream_of
from motes.foreign import reals_of
from motes.maps import TemplateMap
from motes.patterns import Patterns, check_patterns
from motes.rotations import C4, rotations_of
from motes.threads import available_threads


def back_rotate(
    patterns: Patterns,
    coefficients: Any,
    rotations: TemplateMap | str = C4,
    *,
    threads: int | None = None,
    stream: Any = None,
) -> npt.NDArray[np.float64]:
    """Sum of patterns, each turned home from every orientation with a coefficient of its own.

    master[j] = sum_p sum_r c[p, r] x[p, i], i the pixel where template r shows the master's pixel j: the transpose of
    the log-likelihood as a function of the master's weights.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (H, W) pixels; on a GPU where they are there (`Patterns.to`).
    coefficients : (N, R) float32 or float64 array
        Finite: responsibilities, labels as 0 and 1, residuals of a gradient. For patterns on a GPU also an array there,
        of any library that knows DLPack or `__cuda_array_interface__`.
    rotations : TemplateMap or its name
        R rotations, exact or by any angles (`motes.Rotations.in_plane`), or a map of one's own.
    threads : int, optional
        By default all that this process may use. The result does not depend on it, nor on the order of patterns.
    stream : CUDA stream or its handle, optional
        Of patterns on a GPU: in its order the work is done. By default CUDA's own.

    Returns
    -------
    (H, W) float64 array
        Or of the shape of the map's masters. Of NumPy also where the patterns are on a GPU: bit for bit the same.
        Compiled, not yet run on hardware.

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
    if patterns.device == CPU or held_by(coefficients) == CPU:
        coefficients = reals_of("coefficients", coefficients)
    if len(coefficients.shape) != 2 or coefficients.shape[1] != rotations.n:
        given = tuple(coefficients.shape)
        raise ValueError(f"coefficients: expected shape ({len(patterns)}, {rotations.n}), got {given}")
    planes = back_rotated_planes(patterns, coefficients, threads=available_threads(threads), stream=stream)
    return rotations.back_rotate(planes.T.reshape(rotations.n, *patterns.shape))


def back_rotated_planes(
    patterns: Patterns, coefficients: Any, *, threads: int, stream: Any = None
) -> npt.NDArray[np.float64]:
    """sum_p c[p, r] x[p, i], where the patterns are and before anything is turned: (M, R).

    Examples
    --------
    >>> back_rotated_planes(Patterns.from_dense([[0, 1, 0, 2]]), np.array([[0.5, 0.25]]), threads=1)[3]
    array([1. , 0.5])
    """
    if patterns.device == CPU:
        return _core.backrotation(patterns._core, coefficients, threads=threads)
    planes = cuda_extension().backrotation(patterns.uploaded(), coefficients, stream=stream_of(stream))
    found: npt.NDArray[np.float64] = planes.to_numpy()
    return found
