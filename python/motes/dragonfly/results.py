"""A reconstruction as Dragonfly would have written its last iteration."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from motes.dragonfly.output import LEFT_OUT, Output
from motes.errors import kind_of
from motes.patterns import Patterns
from motes.reconstruction import MixtureReconstruction, Reconstruction
from motes.reconstruction.blocks import blocks
from motes.reconstruction.mixture.templates import AnyPatterns

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]

_AT_ONCE = 1 << 22  # responsibilities held together: 16 MB in single precision


def output_of(
    result: Reconstruction | MixtureReconstruction,
    patterns: AnyPatterns,
    kept: npt.NDArray[np.bool_] | None = None,
    *,
    threads: int | None = None,
) -> Output:
    """What Dragonfly would have kept of a reconstruction.

    Angles agree: orientation r of R is the model turned clockwise by 360 r / R degrees in both. Likelihoods hold the
    term -ln x! of photons, as Dragonfly's do.

    Parameters
    ----------
    result : Reconstruction or MixtureReconstruction
        What was found.
    patterns : Patterns or DensePatterns
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
    if int(kept.sum()) != len(patterns) or len(patterns) != len(result.labels):
        told = f"{len(result.labels)} patterns were fitted, and there are {len(patterns)}"
        raise ValueError(f"kept: names {int(kept.sum())} patterns, {told}")
    orientations = np.full(kept.size, LEFT_OUT, np.int32)
    orientations[kept] = _orientations(result)
    prior, first = _prior(result)
    information, occupancies = np.empty(len(patterns)), np.empty((len(patterns), len(first)))
    likelihood = np.empty(len(patterns))
    for block in blocks(patterns, most=max(_AT_ONCE // prior.size, 1)):
        gamma, likelihood[block] = _posterior(result, patterns[block], block, threads)
        information[block] = _information(gamma, prior)
        occupancies[block] = np.add.reduceat(gamma, first, axis=1).clip(0.0, 1.0)
    masters = result.masters if isinstance(result, MixtureReconstruction) else result.master[None]
    fluence = result.fluence if isinstance(result, MixtureReconstruction) else None
    return Output(
        intens=np.nan_to_num(masters),
        orientations=orientations,
        likelihood=_spread(likelihood, kept),
        mutual_info=_spread(information, kept),
        occupancies=_spread(occupancies, kept),
        scale=None if fluence is None else _spread(fluence, kept),
    )


def _posterior(
    result: Reconstruction | MixtureReconstruction, patterns: AnyPatterns, block: slice, threads: int | None
) -> tuple[FloatArray, FloatArray]:
    """Probability of each template for some of the patterns that were fitted, and their log-likelihood with -ln x!."""
    if isinstance(result, MixtureReconstruction):
        fluence = None if result.fluence is None else result.fluence[block]
        gamma = result.responsibilities(patterns, fluence=fluence, threads=threads)
        found = result.assign(patterns, fluence=fluence, threads=threads).log_likelihood
    elif isinstance(patterns, Patterns):
        gamma = result.responsibilities(patterns, threads=threads)
        found = result.assign(patterns, threads=threads).log_likelihood
    else:
        raise TypeError(f"patterns: expected motes.Patterns, as were fitted, got {kind_of(patterns)}")
    if isinstance(patterns, Patterns) and result.noise.name == "poisson":
        found = found - _log_factorials(patterns, result.good)
    return gamma.astype(np.float64), found


def _orientations(result: Reconstruction | MixtureReconstruction) -> IntArray:
    """Class and rotation as one number, as `output.py` says."""
    if isinstance(result, Reconstruction):
        return result.labels
    turning = sum(turns.n > 1 for turns in result.maps) or len(result.maps)  # where none turns, all are alike
    n_rotations = max(turns.n for turns in result.maps)
    kinds, rotations = result.labels.T
    numbers: IntArray = np.where(kinds < turning, rotations * turning + kinds, n_rotations * turning + kinds - turning)
    return numbers.astype(np.int32)


def _prior(result: Reconstruction | MixtureReconstruction) -> tuple[FloatArray, npt.NDArray[np.int64]]:
    """Probability of each template, class after class, and where each class begins."""
    if isinstance(result, Reconstruction):
        return result.weights, np.zeros(1, np.int64)
    layout = result.layout
    return layout.prior(result.class_weights, result.weights), np.array([part.start for part in layout.parts])


def _information(responsibilities: npt.NDArray[np.floating], weights: FloatArray) -> FloatArray:
    """sum_r gamma ln(gamma / weight), (n,) nats: how far each pattern's posterior is from the prior."""
    from scipy.special import rel_entr

    return np.asarray(rel_entr(responsibilities.astype(np.float64), weights).sum(axis=1))


def _log_factorials(patterns: Patterns, good: npt.NDArray[np.bool_]) -> FloatArray:
    """Sum ln x! over the good pixels of each pattern, (n,)."""
    from scipy.special import gammaln

    counts = patterns.to_scipy()
    counts.data = gammaln(counts.data + 1.0)
    return np.asarray(counts @ good.ravel().astype(np.float64))


def _spread(values: FloatArray, kept: npt.NDArray[np.bool_]) -> FloatArray:
    """Values of the patterns that were kept, in their places among all; NaN for the others."""
    among = np.full((kept.size, *values.shape[1:]), np.nan)
    among[kept] = values
    return among
