"""Seed 001's correction: a confident prediction becomes a label at the particle's own position."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from motes.circles import Circles, Indices
from motes.kernels.matching import match


@dataclass(frozen=True, eq=False)
class Correction:
    """What an oracle answers.

    Attributes
    ----------
    confirmed : (N,) bool array
        The prediction shows a particle.
    particle : (N,) int64 array
        Which; -1: none.
    labels : int64 array
        Particles that were confirmed, ascending, each once.
    """

    confirmed: npt.NDArray[np.bool_]
    particle: Indices
    labels: Indices


def correct(
    predictions: Circles,
    truth: Circles,
    *,
    iou: float = 0.3,
    rule: Literal["optimal", "best", "first"] = "optimal",
    threads: int | None = None,
) -> Correction:
    """Confirm predictions whose IoU with a particle is above the constraint.

    Parameters
    ----------
    predictions, truth : Circles
        Of the same micrographs.
    iou : float
        The constraint: the seed takes 0.7 for its synthetic data, 0.3 for the real.
    rule : str
        `"optimal"`, one-to-one: no particle is labelled twice, and no prediction loses its own to another's;
        `"best"`, the particle of the highest IoU; `"first"`, the seed's: the first particle above the constraint, which
        may be the wrong one of two neighbours, as its appendix says.
    threads : int, optional
        By default all that this process may use. The result does not depend on it.

    Returns
    -------
    Correction

    Examples
    --------
    >>> truth = Circles(np.array([[0.0, 0], [4, 0]]), 5.0)
    >>> predictions = Circles(np.array([[3.5, 0], [50, 0]]), 5.0)
    >>> correct(predictions, truth).labels, correct(predictions, truth, rule="first").labels
    (array([1]), array([0]))
    """
    if rule not in ("optimal", "best", "first"):
        raise ValueError(f"rule: expected optimal, best or first, got {rule!r}")
    matches = match(predictions, truth, iou=iou, rule=rule, threads=threads)
    return Correction(matches.hit, matches.particle, np.unique(matches.particle[matches.hit]))
