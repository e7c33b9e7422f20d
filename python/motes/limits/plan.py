"""Everything that can be said of a measurement before it is made, at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.checks import positive
from motes.limits.cramer_rao import LARGEST_ASYMMETRIC_ERROR, MOST_PATTERNS, CramerRao, bound, number_of_patterns
from motes.limits.known import Known
from motes.limits.likelihood import ExpectedLogLikelihood, expected_log_likelihood, likelihood_ratio
from motes.limits.orientation import accuracy_when_estimated, accuracy_when_known, information_of_orientation
from motes.limits.planning import needed, solvable_from
from motes.limits.turns import AnyKnown, KnownTurns, known_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.reconstruction.result import many
from motes.rotations import C4


@dataclass(frozen=True, eq=False, repr=False)
class Plan:
    """What `n_patterns` patterns of a master can tell.

    Attributes
    ----------
    master : (L, L) float64 array
        Mean photons a pixel.
    n_patterns : int
        Patterns to be measured.
    rotations : Rotations or InPlane
        How patterns are turned.
    noise : Noise
        The noise model.
    bound : CramerRao
        The bound from these patterns.
    expected_accuracy : float
        Share of right labels that a reconstruction from these patterns reaches; NaN where that is not solvable, and of
        in-plane turns.
    expected_accuracy_known_master : float
        The same if the master were known: the most that is possible.
    mutual_information : float
        Of a pattern and its orientation, nats.
    angular_resolution : float or None
        Standard error of the angle of one pattern, degrees, the master known; None of exact groups.
    log_likelihood : ExpectedLogLikelihood
        Of a pattern under its own template, nats.
    likelihood_ratio : (R, R) float64 array
        Expected, of the true orientation (row) to another (column), nats.
    solvable_from : int or None
        The least number of patterns from which maximum likelihood is sure to reach the bound; None if there is none.
    target_error : float or None
        What was asked for.
    patterns_needed : int or None
        For it.
    curve : (3, n) float64 array
        Numbers of patterns, the bound on the relative error from each, and what it were if orientations were known.
    """

    master: npt.NDArray[np.float64]
    n_patterns: int
    rotations: TemplateMap
    noise: Noise
    bound: CramerRao
    expected_accuracy: float
    expected_accuracy_known_master: float
    mutual_information: float
    angular_resolution: float | None
    log_likelihood: ExpectedLogLikelihood
    likelihood_ratio: npt.NDArray[np.float64]
    solvable_from: int | None
    target_error: float | None
    patterns_needed: int | None
    curve: npt.NDArray[np.float64]

    @property
    def solvable(self) -> bool:
        """Whether maximum likelihood is sure to come within 10% of the bound from these patterns."""
        return self.bound.solvable

    @property
    def reason(self) -> str:
        """Why it is solvable, or is not."""
        part, most = self.bound.asymmetric_error, LARGEST_ASYMMETRIC_ERROR
        if self.solvable:
            return (
                "maximum likelihood reaches the bound: the part of the master that turns is told to "
                f"{part:.2g} of itself, and {most:g} is enough"
            )
        refused = f"not solvable by maximum likelihood from {many(self.n_patterns, 'pattern')}: "
        if self.solvable_from is None:
            return f"{refused}the master is flat, or looks the same after a rotation of {self.rotations.name}"
        return (
            f"{refused}the part of the master that turns is told to {part:.2g} of itself at best, and to be sure it "
            f"must be {most:g} or better, as from {many(self.solvable_from, 'pattern')} on; this is careful: with "
            "somewhat fewer a reconstruction may still succeed"
        )

    def __repr__(self) -> str:
        side, error = len(self.master), self.bound.relative_error
        data = f"{many(self.n_patterns, 'pattern')} of {side}x{side} pixels, {self.master.sum():.3g} photons each"
        return f"Plan({data}: least error {error:.3g}, {'reached' if self.solvable else 'not solvable'})"

    def figures(self) -> dict[str, Any]:
        """All numbers by name, as they stand in ``limits.json``."""
        return {
            "n_patterns": self.n_patterns,
            "shape": self.master.shape,
            "rotations": self.rotations.name,
            "noise": self.noise.name,
            "cramer_rao_error": self.bound.relative_error,
            "asymmetric_error": self.bound.asymmetric_error,
            "solvable": self.solvable,
            "reason": self.reason,
            "solvable_from": self.solvable_from,
            "target_error": self.target_error,
            "patterns_needed": self.patterns_needed,
            "expected_accuracy": self.expected_accuracy,
            "expected_accuracy_known_master": self.expected_accuracy_known_master,
            "mutual_information_nats": self.mutual_information,
            "angular_resolution_degrees": self.angular_resolution,
            "em_rate": self.bound.missing_information,
            "expected_log_likelihood": self.log_likelihood.mean,
            "expected_log_likelihood_std": self.log_likelihood.std,
            "expected_likelihood_ratio": self.likelihood_ratio,
        }


def plan(
    master: npt.NDArray[np.floating],
    n_patterns: int,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    target_error: float | None = None,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> Plan:
    """All limits of a measurement, from one simulation.

    Parameters
    ----------
    master, n_patterns, rotations, noise, n_simulated, seed, threads
        As of `cramer_rao`.
    target_error : float, optional
        As of `patterns_needed`.

    Returns
    -------
    Plan

    Raises
    ------
    ValueError
        As `cramer_rao` and `patterns_needed`.

    Examples
    --------
    >>> from motes import simulate
    >>> found = plan(simulate.scaled(simulate.creature(9, seed=1), 20.0), 50)
    >>> found.solvable, found.solvable_from > 50
    (False, True)
    """
    target_error = None if target_error is None else positive("target_error", target_error)
    n_patterns = number_of_patterns(n_patterns)
    sample = known_of(master, rotations, noise, n_simulated, seed, threads)
    found = bound(sample, n_patterns)
    truth, model, least = sample.master, sample.noise, solvable_from(sample)
    wanted = None if target_error is None else needed(sample, target_error)
    return Plan(
        master=truth,
        n_patterns=n_patterns,
        rotations=sample.rotations,
        noise=model,
        bound=found,
        expected_accuracy=(
            accuracy_when_estimated(sample, n_patterns)
            if found.solvable and isinstance(sample, Known)
            else float("nan")
        ),
        expected_accuracy_known_master=accuracy_when_known(sample),
        mutual_information=information_of_orientation(sample),
        angular_resolution=sample.angular_resolution if isinstance(sample, KnownTurns) else None,
        log_likelihood=expected_log_likelihood(truth, rotations, model),
        likelihood_ratio=likelihood_ratio(truth, rotations, model),
        solvable_from=least,
        target_error=target_error,
        patterns_needed=wanted,
        curve=_curve(sample, [n_patterns, least, wanted]),
    )


def _curve(sample: AnyKnown, marks: list[int | None]) -> npt.NDArray[np.float64]:
    """The bound over a range of numbers of patterns that holds the marks, a decade more on either side."""
    there = [mark for mark in marks if mark is not None]
    low, high = max(min(there) / 10, 1), min(max(there) * 10, MOST_PATTERNS)
    numbers = np.unique(np.concatenate([there, np.geomspace(low, high, 60)]).astype(np.int64))
    contrast = sample.contrast
    labels_known = np.sqrt(sample.variance_if_known / numbers) / contrast if contrast else np.full(numbers.size, np.inf)
    return np.stack([numbers, [bound(sample, int(n)).relative_error for n in numbers], labels_known])
