"""What `report.json` says of a reconstruction: strict JSON, every figure with its meaning in its name."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from motes.mixture_truth import compare_mixture
from motes.noise import noise_text
from motes.truth import Truth, compare

if TYPE_CHECKING:
    from motes.known_mixture import KnownMixture
    from motes.reconstruction import MixtureReconstruction, Reconstruction

MOST_EFFICIENT = 10.0  # even of ten pixels alone, the bound's own noise leaves so small an error once in 5,000 times
NOISELESS = "the error is far below the bound: the patterns hold less noise than the model expects, so no efficiency"


def report(result: Reconstruction, command: str, truth: Truth | None = None) -> dict[str, Any]:
    """Sum up a reconstruction.

    Parameters
    ----------
    result : Reconstruction
        What was found.
    command : str
        The command that it came from, as it can be typed again.
    truth : Truth, optional
        What the patterns were made from.

    Returns
    -------
    dict
        Numbers, strings, lists and None, as JSON has them. Always:

        ``version``, ``command``, ``method``, ``acceleration``, ``init``, ``noise``, ``rotations``, ``seed``,
        ``threads``, ``seconds``
            How it was made.
        ``n_patterns``, ``n_photons``, ``shape``, ``unseen_pixels``
            From what; unseen pixels are those that the mask hid in every orientation.
        ``log_likelihood``
            In nats a pattern.
        ``converged``, ``interrupted``, ``iterations``, ``sweeps``, ``passes``, ``agreement``, ``notes``
            How it ended, passes over all patterns in all; ``agreement`` between restarts, and warnings in words.
        ``counts``, ``first_pattern_posterior``, ``weights``, ``weights_std_error``
            Patterns per rotation relative to the first pattern, how surely that one is known, and the frequencies.
        ``error_bound``, ``missing_information``
            The Cramer-Rao bound at the estimate, relative to ||master - mean(master)||, and the rate of plain EM.
        ``evidence``, ``evidence_of_noise``
            What the fit wins over the rotation-symmetric mean, and the most that noise wins: nats, of all patterns.

        With a truth also ``error`` (relative likewise), ``accuracy`` (share of the labels that are right), both None
        where the truth is constant, and ``efficiency``, (bound / error)^2, where there is a bound and an error that
        noise can have left: a note says so where it is too small for that. All after the group's best turn.

    Raises
    ------
    ValueError
        If the truth has another shape, or labels for another number of patterns.
    """
    from motes import __version__

    told: dict[str, Any] = {
        "version": __version__,
        "command": command,
        "method": result.method,
        "acceleration": result.acceleration,
        "init": result.init,
        "noise": result.noise.name,
        "rotations": result.rotations.name,
        "seed": result.seed,
        "threads": result.threads,
        "seconds": result.seconds,
        "n_patterns": result.n_patterns,
        "n_photons": result.n_photons,
        "shape": result.master.shape,
        "unseen_pixels": int(np.count_nonzero(~result.seen)),
        "log_likelihood": result.log_likelihood,
        "converged": result.converged,
        "interrupted": result.interrupted,
        "iterations": result.iterations,
        "sweeps": result.sweeps,
        "passes": result.passes,
        "agreement": result.agreement,
        "notes": result.notes,
        "counts": result.counts,
        "first_pattern_posterior": result.first_pattern_posterior,
        "weights": result.weights,
        "weights_std_error": result.weights_std_error,
        "error_bound": result.error_bound,
        "missing_information": result.missing_information,
        "evidence": result.evidence,
        "evidence_of_noise": result.evidence_of_noise,
    }
    if truth is not None:
        comparison = compare(result, truth)
        told["error"] = comparison.error
        told["accuracy"] = comparison.accuracy
        squared = result.error_bound**2
        if 0 < squared <= MOST_EFFICIENT * comparison.error**2:
            told["efficiency"] = squared / comparison.error**2
        elif 0 < squared < np.inf and not np.isnan(comparison.error):
            told["notes"] = [*result.notes, NOISELESS]
    return {name: plain(value) for name, value in told.items()}


def report_mixture(result: MixtureReconstruction, command: str, known: KnownMixture | None = None) -> dict[str, Any]:
    """Sum up a mixture.

    Parameters
    ----------
    result : MixtureReconstruction
        What was found.
    command : str
        The command that it came from, as it can be typed again.
    known : KnownMixture, optional
        What the patterns were made from.

    Returns
    -------
    dict
        As `report` has it, but for what only one master of exact rotations has; besides ``maps``, ``class_weights``,
        ``information`` (nats a pattern), ``counts`` (patterns per class and rotation). With a truth ``error``,
        ``errors`` (of each class), ``class_accuracy``, ``angle_error`` (rms, degrees) and ``median_angle_error``:
        see `motes.mixture_truth.compare_mixture`.
    """
    from motes import __version__

    told: dict[str, Any] = {
        "version": __version__,
        "command": command,
        "method": "em",
        "noise": noise_text(result.noise),
        "maps": [turns.name for turns in result.maps],
        "n_patterns": result.n_patterns,
        "n_photons": result.n_photons,
        "shape": result.good.shape,
        "counts": result.counts,
        "error_bound": result.error_bound,
    }
    same = ("acceleration", "init", "seed", "threads", "seconds", "log_likelihood", "information", "converged",
            "interrupted", "iterations", "sweeps", "class_weights", "weights", "notes")  # fmt: skip
    told |= {name: getattr(result, name) for name in same}
    if known is not None:
        found = compare_mixture(result, known)
        compared = ("error", "errors", "class_accuracy", "angle_error", "median_angle_error")
        told |= {name: getattr(found, name) for name in compared}
    return {name: plain(value) for name, value in told.items()}


def plain(value: Any) -> Any:
    """The same value as JSON has it: lists for arrays and tuples, Python's own numbers, None for what is not finite.

    Examples
    --------
    >>> plain({"weights": np.array([0.25, np.nan]), "n": np.int64(3)})
    {'weights': [0.25, None], 'n': 3}
    """
    if isinstance(value, (np.ndarray, np.generic)):
        value = value.tolist()
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, str):
        return printable(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def printable(text: str) -> str:
    r"""Text that any encoding takes: bytes of a file's name that are no UTF-8 become question marks.

    Examples
    --------
    >>> printable("bad\udcff.npz")
    'bad?.npz'
    """
    return text.encode("utf-8", "replace").decode("utf-8")


def to_json(value: Any, *, indent: int | None = None) -> str:
    """Strict JSON: without NaN and infinities, which no other reader takes.

    Examples
    --------
    >>> to_json({"error": float("nan")})
    '{"error": null}'
    """
    return json.dumps(plain(value), allow_nan=False, ensure_ascii=False, indent=indent)
