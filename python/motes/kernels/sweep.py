"""One sweep over the patterns: the E step and all sums that an M step needs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from motes import _core, checks
from motes.cached import cached_property
from motes.devices import CPU, cuda_extension, held_by, stream_of
from motes.foreign import array_of
from motes.kernels.likelihood import check_templates, check_templates_there, most_of
from motes.kernels.passes import summed
from motes.noise import LinearModel, Noise, linear_model, noise_of
from motes.patterns import Patterns, check_patterns
from motes.shapes import Shape
from motes.threads import available_threads

if TYPE_CHECKING:
    from motes.stored import StoredPatterns


@dataclass(frozen=True, eq=False, repr=False)
class Sweep:
    """Sums over patterns under a set of templates.

    Attributes
    ----------
    planes : (R, H, W) float64 array
        sum_p gamma[p, r] x[p, i]: photons, by the orientation that they are thought to show.
    weights : (R,) float64 array
        sum_p gamma[p, r]: patterns, likewise.
    log_likelihood : float
        sum_p ln sum_r prior[r] P(x_p | template r), nats; with `hard`, of the best template alone.
    n_impossible : int
        Patterns that no template can have made; in none of the sums.
    """

    planes: npt.NDArray[np.float64]
    weights: npt.NDArray[np.float64]
    log_likelihood: float
    n_impossible: int

    def __repr__(self) -> str:
        n, height, width = self.planes.shape
        weights = ", ".join(f"{weight:.6g}" for weight in self.weights[:8]) + (", ..." if n > 8 else "")
        return f"Sweep({n} planes of {height}x{width}, weights {weights}, {self.log_likelihood:.6g} nats)"


class SweepOnDevice(Sweep):
    """A sweep whose sums stay on a GPU, as device arrays; who reads its likelihood waits for it."""

    _told: Any

    def __init__(self, planes: Any, weights: Any, told: Any) -> None:
        vars(self).update(planes=planes, weights=weights, _told=told)

    @cached_property
    def _numbers(self) -> tuple[float, int]:
        nats, n_impossible = self._told.to_numpy()
        return float(nats), int(n_impossible)

    @property
    def log_likelihood(self) -> float:
        """Nats, as of `Sweep`."""
        return self._numbers[0]

    @property
    def n_impossible(self) -> int:
        """Patterns that no template can have made."""
        return self._numbers[1]

    def __repr__(self) -> str:
        n, height, width = self.planes.shape
        return f"Sweep({n} planes of {height}x{width} on {self.planes.device})"


def sweep(
    patterns: Patterns,
    templates: Any,
    noise: Noise | str | None = None,
    *,
    prior: npt.NDArray[np.floating[Any]] | None = None,
    hard: bool = False,
    dtype: type[np.float32] | type[np.float64] = np.float32,
    deterministic: bool = True,
    threads: int | None = None,
    stream: Any = None,
) -> Sweep:
    """E step and the sums for the M step, in one pass over the photons and without an N x R array.

    Parameters
    ----------
    patterns : Patterns
        N patterns of (H, W) pixels; on a GPU where they are there (`Patterns.to`).
    templates : (R, H, W) floating-point array
        Mean photons a pixel; means of 0, or of 1 under Bernoulli noise, are moved a thousandth of a photon inwards.
        For patterns on a GPU also an array there, of any library that knows DLPack or `__cuda_array_interface__`.
    noise : Bernoulli, Poisson or their name, optional
        Bernoulli by default.
    prior : (R,) array, optional
        Probability of each template; uniform by default.
    hard : bool
        Each pattern to its best template alone.
    dtype : float32 or float64
        Of the scores; float64 is the reference.
    deterministic : bool
        Accepted, and of no effect: sums are exact in either case, and the same bits come in every run. Nothing is to be
        gained by giving that up: GPUs add integers to shared memory in one instruction, and floats in a loop around
        compare-and-swap (NVIDIA's Maxwell tuning guide, 1.4.3.3).
    threads : int, optional
        By default all that this process may use. The result does not depend on it, nor on the order of patterns.
    stream : CUDA stream or its handle, optional
        Of patterns on a GPU: in its order the work is done. By default CUDA's own.

    Returns
    -------
    Sweep
        Of templates on a GPU its planes and weights are device arrays, ready in the order of the stream: nobody waits
        but for the check of the templates, and when the likelihood is read. Compiled, not yet run on hardware.

    Raises
    ------
    TypeError
        If an argument is of another type; templates hold floating-point numbers.
    ValueError
        If a template or a prior is out of range, or a shape does not fit.

    Examples
    --------
    >>> patterns = Patterns.from_dense([[1, 0, 0, 0], [0, 1, 0, 0]])
    >>> templates = np.array([[[0.9, 0.1], [0.1, 0.1]], [[0.1, 0.9], [0.1, 0.1]]])
    >>> sweep(patterns, templates).weights.round(3)
    array([1., 1.])
    """
    noise = noise_of(noise)
    noise.check(check_patterns(patterns))
    checks.truth("deterministic", deterministic)
    if patterns.device != CPU and held_by(templates) != CPU:
        return _sweep_there(patterns, templates, noise, prior, hard=hard, dtype=dtype, stream=stream)
    low, high = noise.limits(len(patterns))
    means = check_templates(templates, patterns, noise).clip(low, high)
    with np.errstate(divide="ignore"):
        log_prior = np.log(_probabilities(prior, len(means)))
    model = linear_model(noise, means, log_prior=log_prior, dtype=dtype)
    sums = sweep_model(patterns, model, hard=hard, threads=available_threads(threads), stream=stream)
    photons = patterns.total_image().ravel()
    return replace(sums, log_likelihood=model.log_likelihood(sums.log_likelihood, photons, len(patterns)))


def _probabilities(prior: Any, n_templates: int) -> npt.NDArray[np.float64]:
    """Of the templates, summing to 1."""
    if prior is None:
        return np.full(n_templates, 1 / n_templates)
    given = array_of("prior", prior)
    if given.dtype.kind not in "fiu":
        raise TypeError(f"prior: expected {n_templates} probabilities, got dtype {given.dtype}")
    probability = given.astype(np.float64)
    with np.errstate(over="ignore"):
        total = probability.sum()
    if probability.shape != (n_templates,) or not (probability >= 0).all() or not 0 < total < np.inf:
        raise ValueError(f"prior: expected {n_templates} probabilities, got {prior!r}")
    shares: npt.NDArray[np.float64] = probability / total
    return shares


def _sweep_there(
    patterns: Patterns, templates: Any, noise: Noise, prior: Any, *, hard: bool, dtype: Any, stream: object
) -> Sweep:
    there = cuda_extension().sweep_templates(
        patterns.uploaded(),
        check_templates_there(templates, patterns),
        _probabilities(prior, templates.shape[0]),
        photons=patterns.total_image().ravel(),
        shape=patterns.shape,
        noise=noise.name,
        most=most_of(noise),
        limits=noise.limits(len(patterns)),
        hard=hard,
        in_double=checks.floating("dtype", dtype) is np.float64,
        stream=stream_of(stream),
    )
    return SweepOnDevice(*there)


@dataclass(frozen=True, eq=False)
class ExactSums:
    """What a sweep of the processor sums up, in whole numbers: sums of parts add up to the same bits in any order.

    Attributes
    ----------
    planes : (M, R) int64 array
        sum_p gamma[p, r] x[p, i], multiples of `quantum`.
    weights : (R,) int64 array
        sum_p gamma[p, r], likewise.
    log_likelihood : int
        Multiples of 2^-30 nats, without the impossible patterns.
    n_impossible : int
        Patterns that no template can have made.
    quantum : float
        2^-20, of float64 scores 2^-30.
    """

    planes: npt.NDArray[np.int64]
    weights: npt.NDArray[np.int64]
    log_likelihood: int
    n_impossible: int
    quantum: float

    @classmethod
    def over(cls, patterns: Patterns, model: LinearModel, *, hard: bool, threads: int) -> ExactSums:
        """Of patterns in the host's memory."""
        sums = _core.sweep(patterns._core, model.weights, model.base, hard=hard, threads=threads)
        planes, weights, nats, fraction, n_impossible, quantum = sums
        return cls(planes, weights, nats * 2**30 + fraction, n_impossible, quantum)

    def __add__(self, other: ExactSums) -> ExactSums:
        planes, weights = self.planes + other.planes, self.weights + other.weights
        if planes.min(initial=0) < 0 or weights.min(initial=0) < 0:  # none of the terms is: they wrapped around
            raise OverflowError(
                f"patterns: {self.quantum * 2.0**63:.3g} photons in a pixel, or as many patterns, are more than can be "
                f"summed up in multiples of {self.quantum:.2g}; dtype float32 sums up a thousand times as many"
            )
        return ExactSums(
            planes,
            weights,
            self.log_likelihood + other.log_likelihood,
            self.n_impossible + other.n_impossible,
            self.quantum,
        )

    def sweep(self, shape: Shape) -> Sweep:
        """The same in photons, patterns and nats."""
        nats = -np.inf if self.n_impossible else self.log_likelihood / 2**30
        quantum = np.float64(self.quantum)
        planes = (self.planes.T * quantum).reshape(-1, *shape)
        return Sweep(planes, self.weights * quantum, nats, self.n_impossible)


def sweep_model(
    patterns: Patterns | StoredPatterns, model: LinearModel, *, hard: bool, threads: int, stream: Any = None
) -> Sweep:
    """Sweep with weights at hand: what the reconstruction's loops call.

    The log-likelihood is that of the model's weights alone, without what is common to all templates.
    """
    if not isinstance(patterns, Patterns):
        return summed(patterns, SweepTask(model, hard), threads).sweep(patterns.shape)
    if patterns.device == CPU:
        return ExactSums.over(patterns, model, hard=hard, threads=threads).sweep(patterns.shape)
    there, on = patterns.uploaded(), stream_of(stream)
    planes, weights, whole, fraction, n_impossible, quantum = cuda_extension().sweep(
        there, model.weights, model.base, hard=hard, stream=on
    )
    total = -np.inf if n_impossible else whole + fraction / 2**30
    return Sweep((planes.T * quantum).reshape(-1, *patterns.shape), weights * quantum, total, n_impossible)


@dataclass(frozen=True)
class SweepTask:
    """One sweep, part by part: see `motes.kernels.passes`."""

    model: LinearModel
    hard: bool

    def __call__(self, patterns: Patterns, threads: int) -> ExactSums:
        """Of patterns in memory."""
        return ExactSums.over(patterns, self.model, hard=self.hard, threads=threads)

    def combine(self, one: ExactSums, other: ExactSums) -> ExactSums:
        """Sums over two parts."""
        return one + other
