"""What `report.json` says of a reconstruction of several classes, or at any angles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from motes.mixture_truth import compare_mixture
from motes.report import plain

if TYPE_CHECKING:
    from motes.known_mixture import KnownMixture
    from motes.reconstruction import MixtureReconstruction


def mixture_report(result: MixtureReconstruction, command: str, truth: KnownMixture | None = None) -> dict[str, Any]:
    """Sum up a mixture.

    Parameters
    ----------
    result : MixtureReconstruction
        What was found.
    command : str
        The command that it came from, as it can be typed again.
    truth : KnownMixture, optional
        What the patterns were made from.

    Returns
    -------
    dict
        Numbers, strings, lists and None, as JSON has them:

        ``version``, ``command``, ``method``, ``acceleration``, ``init``, ``noise``, ``rotations`` (of each class),
        ``seed``, ``threads``, ``seconds``
            How it was made.
        ``n_patterns``, ``n_photons``, ``shape``, ``unseen_pixels`` (of each class)
            From what.
        ``log_likelihood``, ``information``
            In nats a pattern; the second is what a pattern tells of its class and rotation.
        ``converged``, ``interrupted``, ``iterations``, ``sweeps``, ``notes``
            How it ended.
        ``classes``, ``class_weights``, ``weights``, ``class_counts``
            How many, their occupancies, the probability of each rotation within its class, patterns by their labels.
        ``fluence_spread``
            Standard deviation of the fluences, whose mean is 1; None where all are alike.
        ``error_bound``
            The Cramer-Rao bound at the estimate, relative to the masters' contrast; None without error bars.

        With a truth also what `motes.mixture_truth.compare_mixture` says: ``error`` of all masters and ``errors`` of
        each, relative likewise, ``class_accuracy`` and ``angle_error``, degrees.

    Raises
    ------
    ValueError
        If the truth has another shape, or another number of patterns.
    """
    from motes import __version__

    told: dict[str, Any] = {
        "version": __version__,
        "command": command,
        "method": "em",
        "acceleration": result.acceleration,
        "init": result.init,
        "noise": str(result.noise.name),
        "rotations": [turns.name for turns in result.maps],
        "seed": result.seed,
        "threads": result.threads,
        "seconds": result.seconds,
        "n_patterns": result.n_patterns,
        "n_photons": result.n_photons,
        "shape": result.masters.shape[1:],
        "unseen_pixels": np.isnan(result.masters).sum(axis=(1, 2)),
        "log_likelihood": result.log_likelihood,
        "information": result.information,
        "converged": result.converged,
        "interrupted": result.interrupted,
        "iterations": result.iterations,
        "sweeps": result.sweeps,
        "notes": result.notes,
        "classes": result.n_classes,
        "class_weights": result.class_weights,
        "weights": [row[: turns.n] for row, turns in zip(result.weights, result.maps, strict=True)],
        "class_counts": np.bincount(result.labels[:, 0], minlength=result.n_classes),
        "error_bound": result.error_bound,
        "fluence_spread": None if result.fluence is None else float(np.std(result.fluence)),
    }
    if truth is not None:
        comparison = compare_mixture(result, truth)
        for name in ("error", "errors", "class_accuracy", "angle_error"):
            told[name] = getattr(comparison, name)
    return {name: plain(value) for name, value in told.items()}
