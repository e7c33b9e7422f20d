"""A reconstruction as Dragonfly would have written its last iteration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.dragonfly.output import LEFT_OUT, Output
from motes.patterns import Patterns
from motes.reconstruction import Reconstruction
from motes.reconstruction.blocks import blocks

FloatArray = npt.NDArray[np.float64]


def output_of(
    result: Reconstruction, patterns: Patterns, kept: npt.NDArray[np.bool_] | None = None, *, threads: int | None = None
) -> Output:
    """What Dragonfly would have kept of a reconstruction.

    Angles agree: orientation r of R is the model turned clockwise by 360 r / R degrees in both. Likelihoods hold the
    term -ln x! of photons, as Dragonfly's do.

    Parameters
    ----------
    result : Reconstruction
        What was found.
    patterns : Patterns
        Those that it was found in.
    kept : (N,) bool array, optional
        Of the patterns of the file, those; by default all. The others are told to be left out.
    threads : int, optional
        By default all that this process may use.

    Returns
    -------
    Output

    Examples
    --------
    >>> from motes import reconstruct
    >>> patterns = Patterns.from_dense([[[1, 0], [0, 0]], [[0, 1], [0, 0]], [[0, 0], [0, 1]]])
    >>> output_of(reconstruct(patterns, noise="poisson", weights="estimate"), patterns).orientations
    array([0, 1, 2], dtype=int32)
    """
    kept = np.ones(len(patterns), np.bool_) if kept is None else np.asarray(kept, np.bool_)
    if int(kept.sum()) != len(patterns):
        raise ValueError(f"kept: names {int(kept.sum())} patterns, but there are {len(patterns)}")
    orientations = np.full(kept.size, LEFT_OUT, np.int32)
    orientations[kept] = result.labels
    information = [
        _information(result.responsibilities(patterns[block], threads=threads), result.weights)
        for block in blocks(patterns)
    ]
    likelihood = result.assign(patterns, threads=threads).log_likelihood
    if result.noise.name == "poisson":
        likelihood = likelihood - _log_factorials(patterns, result.good)
    return Output(
        intens=np.nan_to_num(result.master)[None],
        orientations=orientations,
        likelihood=_spread(likelihood, kept),
        mutual_info=_spread(np.concatenate(information or [np.empty(0)]), kept),
        occupancies=_spread(np.ones((len(patterns), 1)), kept),
    )


def _information(responsibilities: npt.NDArray[np.floating], weights: FloatArray) -> FloatArray:
    """sum_r gamma ln(gamma / weight), (n,) nats: how far each pattern's posterior is from the prior."""
    from scipy.special import rel_entr

    return np.asarray(rel_entr(responsibilities.astype(np.float64), weights).sum(axis=1))


def _log_factorials(patterns: Patterns, good: npt.NDArray[np.bool_]) -> FloatArray:
    """Sum ln x! over the good pixels of each pattern, (N,)."""
    from scipy.special import gammaln

    parts: list[FloatArray] = []
    for block in blocks(patterns):
        counts = patterns[block].to_scipy()
        counts.data = gammaln(counts.data + 1.0)
        parts.append(counts @ good.ravel().astype(np.float64))
    return np.concatenate(parts or [np.empty(0)])


def _spread(values: FloatArray, kept: npt.NDArray[np.bool_]) -> FloatArray:
    """Values of the patterns that were kept, in their places among all; NaN for the others."""
    among = np.full((kept.size, *values.shape[1:]), np.nan)
    among[kept] = values
    return among
