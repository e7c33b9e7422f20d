"""Log-likelihood of every pattern under every template."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes import _core, checks
from motes.devices import CPU, cuda_extension, held_by, stream_of
from motes.foreign import array_of, in_place
from motes.noise import Bernoulli, Noise, noise_of
from motes.patterns import Patterns, check_patterns
from motes.threads import available_threads


def log_likelihood(
    patterns: Patterns,
    templates: Any,
    noise: Noise | str | None = None,
    *,
    dtype: type[np.float32] | type[np.float64] = np.float32,
    threads: int | None = None,
    out: Any = None,
    stream: Any = None,
) -> Any:
    """Log-likelihood of every pattern under every template.

    L[p, r] = sum_i ln P(x_pi | mean = templates[r, i]), for Poisson without the ln(x!) that knows no template. Exact
    for means of 0 and, under Bernoulli noise, of 1: what is impossible has likelihood -inf.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (H, W) pixels; on a GPU where they are there (`Patterns.to`).
    templates : (R, H, W) floating-point array
        Mean photons a pixel. For patterns on a GPU also an array there, of any library that knows DLPack or
        `__cuda_array_interface__`.
    noise : Bernoulli, Poisson or their name, optional
        Bernoulli by default.
    dtype : float32 or float64
        Of the sums and the result; float64 is the reference.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.
    out : (N, R) array of `dtype`, optional
        Written to and returned; of any library whose arrays NumPy can see. For patterns on a GPU an array there, of any
        library that knows DLPack or `__cuda_array_interface__`.
    stream : CUDA stream or its handle, optional
        Of patterns on a GPU: in its order the work is done, and what comes back is ready. By default CUDA's own.

    Returns
    -------
    (N, R) array of `dtype`, nats
        Of patterns on a GPU a device array, which torch, CuPy and numba take without a copy; `to_numpy()` brings it
        home. The bits are the processor's, but for templates on a GPU, whose logarithms are taken there: within 1e-4 in
        float32. Compiled, not yet run on hardware.

    Raises
    ------
    TypeError
        If an argument is of another type; templates hold floating-point numbers.
    ValueError
        If a mean is negative, not finite or (Bernoulli) above 1, or a shape does not fit.

    Notes
    -----
    The seed's equation (6); formulas and error bound in `csrc/include/motes/likelihood.hpp`.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[0, 1, 0, 0]])
    >>> log_likelihood(patterns, np.full((1, 2, 2), 0.5)).round(3)
    array([[-2.773]], dtype=float32)
    """
    noise = noise_of(noise)
    noise.check(check_patterns(patterns))
    if patterns.device != CPU and held_by(templates) != CPU:
        return _of_templates_there(patterns, templates, noise, dtype, stream, out)
    means = check_templates(templates, patterns, noise)
    threads = available_threads(threads)
    certain = noise.weight(means) == np.inf
    weights = np.where(certain, 0.0, noise.weight(np.where(certain, 0.5, means)))
    base = np.where(certain, 0.0, noise.base(np.where(certain, 0.5, means))).sum(axis=1)
    model = np.ascontiguousarray(weights.T, dtype), base.astype(dtype)
    # a pixel that always fires must have fired: no finite weight says so
    sure = np.ascontiguousarray(certain.T, dtype), -certain.sum(axis=1).astype(dtype)
    if patterns.device != CPU:
        cuda, there, on = cuda_extension(), patterns.uploaded(), stream_of(stream)
        scores = cuda.likelihood(there, *model, stream=on, out=out)
        if certain.any():
            cuda.rule_out(there, *sure, scores, stream=on)
        return scores if out is None else out
    to = None if out is None else in_place("out", out)
    result = _core.likelihood(patterns._core, *model, threads=threads, out=to)
    if certain.any():
        result[_core.likelihood(patterns._core, *sure, threads=threads) < 0] = -np.inf
    return result if out is None else out


def _of_templates_there(
    patterns: Patterns, templates: Any, noise: Noise, dtype: Any, stream: object, out: object
) -> object:
    scores = cuda_extension().likelihood_templates(
        patterns.uploaded(),
        check_templates_there(templates, patterns),
        shape=patterns.shape,
        noise=noise.name,
        most=most_of(noise),
        in_double=checks.floating("dtype", dtype) is np.float64,
        stream=stream_of(stream),
        out=out,
    )
    return scores if out is None else out


def scores_of(
    patterns: Patterns, weights: npt.NDArray[Any], base: npt.NDArray[Any], *, threads: int
) -> npt.NDArray[Any]:
    """x_p . w_r + base_r where the patterns are, in the host's memory: (N, R) of weights (M, R).

    Examples
    --------
    >>> scores_of(Patterns.from_dense([[0, 1, 0, 2]]), np.array([[0.0], [1], [0], [3]]), np.array([0.5]), threads=1)
    array([[7.5]])
    """
    if patterns.device == CPU:
        return _core.likelihood(patterns._core, weights, base, threads=threads)
    found: npt.NDArray[Any] = cuda_extension().likelihood(patterns.uploaded(), weights, base).to_numpy()
    return found


def check_templates(
    templates: npt.NDArray[np.floating[Any]], patterns: Patterns, noise: Noise
) -> npt.NDArray[np.float64]:
    """Templates as (R, M) float64, refused where no pattern can have such a mean.

    Examples
    --------
    >>> check_templates(np.ones((1, 2, 2)), Patterns.empty((2, 2)), Bernoulli()).shape
    (1, 4)
    """
    given = array_of("templates", templates)
    if given.dtype.kind != "f":
        raise TypeError(f"templates: expected floating-point means, got dtype {given.dtype}")
    means = given.astype(np.float64, copy=False)
    if means.ndim != 3 or means.shape[1:] != patterns.shape:
        height, width = patterns.shape
        raise ValueError(f"templates: expected shape (R, {height}, {width}), got {means.shape}")
    means = means.reshape(len(means), -1)
    most = most_of(noise)
    wrong = ~((means >= 0) & (means <= most))
    if wrong.any():
        r, i = (int(k) for k in np.argwhere(wrong)[0])
        kind = f"a mean from 0 to {most:g}" if most == 1.0 else "a finite mean, 0 or more"
        raise ValueError(f"templates: expected {kind}, got {means[r, i]} in template {r}, pixel {i}")
    return means


def most_of(noise: Noise) -> float:
    """The largest mean that a template may have.

    Examples
    --------
    >>> most_of(Bernoulli())
    1.0
    """
    return 1.0 if isinstance(noise, Bernoulli) else float(np.finfo(np.float64).max)


def check_templates_there(templates: Any, patterns: Patterns) -> Any:
    """Templates on a GPU, refused where they have another shape; their means are checked where they are.

    Examples
    --------
    >>> check_templates_there(np.ones((1, 2, 2)), Patterns.empty((2, 2))).shape
    (1, 2, 2)
    """
    if len(templates.shape) != 3 or tuple(templates.shape[1:]) != patterns.shape:
        height, width = patterns.shape
        raise ValueError(f"templates: expected shape (R, {height}, {width}), got {tuple(templates.shape)}")
    return templates
