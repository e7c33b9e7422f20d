"""What a user may ask of `reconstruct`, checked before any work."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from motes.checks import one_of
from motes.devices import CPU, device_of
from motes.errors import kind_of
from motes.foreign import array_of
from motes.noise import Bernoulli, Noise
from motes.patterns import Patterns
from motes.reconstruction.em import PlainEM, Squarem
from motes.reconstruction.fisher import FisherScoring
from motes.reconstruction.hard import HardEM, SeedL2
from motes.reconstruction.information import PATTERNS_USED, matrix_fits
from motes.reconstruction.sampled import Sampled, sample_size
from motes.reconstruction.sgd import SGD
from motes.reconstruction.start import NAMES
from motes.reconstruction.state import Method
from motes.stored import StoredPatterns

METHODS = ("em", "hard-em", "l2-em", "sgd")
HARD = ("hard-em", "l2-em")  # each pattern to one orientation: what they climb is not the likelihood
ACCELERATIONS = ("auto", "squarem", "fisher", "sampled", "none")
WEIGHTS = ("uniform", "estimate")
SEED_ROUNDS = 5
TOLERANCE = 1e-7  # nats a pattern
_SQUAREM_SWEEPS, _FISHER_SWEEPS, _INFORMATIONS = 36, 10, 3  # measured: science of the reference work, contrast 0.5
_SAMPLED_SWEEPS, _SWEEPS_OF_SAMPLE = 5, 100  # measured; of the latter a third are its climb, the others its information


def choose_method(
    patterns: Patterns | StoredPatterns,
    n_rotations: int,
    method: str,
    acceleration: str | None,
    tolerance: float,
    seed: int,
    sgd: dict[str, Any],
) -> tuple[Method, str]:
    """The method with its options, and the acceleration's name as it was chosen."""
    acceleration = "none" if acceleration is None else one_of("acceleration", acceleration, ACCELERATIONS)
    if method == "em":
        chosen = predicted_faster(patterns, n_rotations) if acceleration == "auto" else acceleration
        if chosen == "squarem":
            return Squarem(tolerance), chosen
        if chosen == "fisher":
            return FisherScoring(tolerance, seed), chosen
        if chosen == "sampled":
            return Sampled(tolerance), chosen
        return PlainEM(tolerance), chosen
    if acceleration not in ("auto", "none"):
        raise ValueError(f"acceleration: {acceleration} is for method em, got method {method}")
    if method == "hard-em":
        return HardEM(tolerance), "none"
    if method == "l2-em":
        return SeedL2(SEED_ROUNDS), "none"
    return SGD(seed=seed, **sgd), "none"


def predicted_faster(patterns: Patterns | StoredPatterns, n_rotations: int) -> str:
    """`squarem`, `fisher` or `sampled`, whichever is predicted, from shapes alone, to take less work.

    Examples
    --------
    >>> predicted_faster(Patterns.empty((25, 25), 10), 4)
    'squarem'
    """
    n_pixels, n_patterns = patterns.n_pixels, max(len(patterns), 1)
    if isinstance(patterns, StoredPatterns):  # a pass over a disk is dear
        return "sampled"
    if patterns.device != CPU:
        return "squarem"
    a_pattern = patterns.n_lit / n_patterns
    sweep = 2 * patterns.n_lit * n_rotations
    work: dict[str, float] = {"squarem": _SQUAREM_SWEEPS * sweep}
    if matrix_fits(patterns, n_rotations):
        outer = min(PATTERNS_USED, n_patterns) * a_pattern**2 / 2 * n_rotations**2
        information = outer + 25 * n_pixels**3 / 8  # of an eigenvalue problem, eight flops cost one scattered addition
        work["fisher"] = _FISHER_SWEEPS * sweep + _INFORMATIONS * information
    part = min(sample_size(patterns) / n_patterns, 1.0)
    work["sampled"] = (_SAMPLED_SWEEPS + _SWEEPS_OF_SAMPLE * part) * sweep
    return min(work, key=lambda name: work[name])


def check_stored(*, method: str, binarise: bool, device: object, error_bars: str, fluence: object) -> None:
    """Refuse what asks for all patterns in memory.

    Raises
    ------
    ValueError
        The message names the option, and what there is instead.
    """
    if method == "sgd":
        raise ValueError("method: sgd takes patterns in another order each epoch, not as a store holds them; use em")
    if binarise:
        raise ValueError("binarise: is for patterns in memory; binarise them before they are stored")
    if device is not None and device_of(device) != CPU:
        raise ValueError(f"device: patterns of a store are swept by the processor, got {device}")
    if error_bars == "bootstrap":
        raise ValueError("error_bars: bootstrap draws all patterns anew, in memory; of a store use sandwich")
    if not isinstance(fluence, str) or fluence != "uniform":
        raise ValueError(
            "fluence: of each pattern is for patterns in memory, got a store; where they fit, read them whole "
            "(motes.read_patterns, or motes convert run.zarr -o run.emc), or leave it uniform"
        )


def check_init(init: object, patterns: Patterns | StoredPatterns, noise: Noise) -> str | npt.NDArray[np.float64]:
    """A start's name, or a master of the patterns' shape with possible means."""
    if isinstance(init, str):
        return one_of("init", init, NAMES)
    given = array_of("init", init)
    if given.dtype.kind not in "iuf":
        raise TypeError(
            f"init: expected a start's name or an array of means, got {kind_of(init)} of dtype {given.dtype}"
        )
    master = given.astype(np.float64)
    if master.shape != patterns.shape:
        raise ValueError(f"init: expected shape {patterns.shape}, got {master.shape}")
    most = 1.0 if isinstance(noise, Bernoulli) else np.finfo(np.float64).max
    if not ((master >= 0) & (master <= most)).all():
        raise ValueError(f"init: expected finite means, 0 or more{' and at most 1' if most == 1 else ''}")
    return master


def check_mask(mask: object, shape: tuple[int, int]) -> npt.NDArray[np.bool_]:
    """Good pixels, (M,): `mask` is True where a pixel is bad."""
    if mask is None:
        return np.ones(shape[0] * shape[1], np.bool_)
    bad = array_of("mask", mask)
    if bad.shape != shape:
        raise ValueError(f"mask: expected shape {shape}, got {bad.shape}")
    if bad.dtype.kind not in "biuf":
        raise TypeError(f"mask: expected truth values, or numbers 0 and 1, got dtype {bad.dtype}")
    other = bad[(bad != 0) & (bad != 1)]
    if other.size:
        raise ValueError(f"mask: expected True (or 1) for bad pixels and False (or 0) for good ones, got {other[0]}")
    if bad.all():
        raise ValueError("mask: every pixel is bad")
    return ~bad.astype(np.bool_).ravel()
