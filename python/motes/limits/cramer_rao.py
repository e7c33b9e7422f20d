"""The Cramer-Rao bound of a known master, and whether an estimator can be expected to reach it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.checks import whole
from motes.limits.turns import AnyKnown, known_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.rotations import C4

MOST_PATTERNS = 10**18
LARGEST_ASYMMETRIC_ERROR = 0.3
"""Up to here maximum likelihood reaches the bound within 10%, whatever the master: found by simulation, docs/limits.md.
Careful: not far beyond, some masters still do."""


@dataclass(frozen=True, eq=False)
class CramerRao:
    """The least error that any unbiased reconstruction can have.

    Attributes
    ----------
    std_error : (H, W) float64 array
        Least standard error of each pixel, photons.
    relative_error : float
        Of the whole: sqrt(sum std_error^2) / ||master - mean(master)||.
    missing_information : float
        The largest fraction of information that the unknown orientations hide.
    asymmetric_error : float
        Of what changes when the master turns, relative to that: sqrt(sum of its variances) / ||master - its mean over
        the group||. It is what orientations are told by.
    """

    std_error: npt.NDArray[np.float64]
    relative_error: float
    missing_information: float
    asymmetric_error: float

    @property
    def solvable(self) -> bool:
        """Whether maximum likelihood is sure to come within 10% of the bound: `asymmetric_error` is at most 0.3."""
        return self.asymmetric_error <= LARGEST_ASYMMETRIC_ERROR


def cramer_rao(
    master: npt.NDArray[np.floating],
    n_patterns: int,
    rotations: TemplateMap | str = C4,
    noise: Noise | str | None = None,
    *,
    n_simulated: int | None = None,
    seed: int = 0,
    threads: int | None = None,
) -> CramerRao:
    """Cramer-Rao bound on the error of a master reconstructed from patterns of unknown orientation.

    The Fisher information of the mixture is the mean of s s^T over simulated patterns, s the score at the master; see
    docs/theory.md. Orientations are taken as equally likely, and known to be.

    Parameters
    ----------
    master : (L, L) array
        Mean photons a pixel.
    n_patterns : int
        Patterns to be measured.
    rotations : Rotations, InPlane or str
        `motes.C4`, `motes.D4`, `motes.Rotations.in_plane(36)`, or a name. Of in-plane turns the errors are across the
        turn of the whole master, which can not be known, and NaN beyond the inscribed disc.
    noise : Bernoulli or Poisson or str, optional
        Bernoulli by default.
    n_simulated : int, optional
        Patterns that the information is estimated from: it is known to about sqrt(M / n_simulated). By default 40,000;
        more where they are faint and fewer where they are bright, to hold one to four million photons.
    seed : int
        Of the simulation.
    threads : int, optional
        By default all that this process may use.

    Returns
    -------
    CramerRao
        Its errors are infinite where the master looks the same, or nearly so, after some rotation: then no number of
        patterns tells at the rate of 1 / sqrt(n_patterns).

    Raises
    ------
    ValueError
        If `n_patterns` is below 1 or beyond 1e18, `n_simulated` below 1000, the master not square, a mean in it not one
        that the noise can have, or the group without turns (C1).
    TypeError
        If a number is none, or not whole.

    Examples
    --------
    >>> from motes import simulate
    >>> master = simulate.scaled(simulate.creature(9, seed=1), 20.0)
    >>> 0 < cramer_rao(master, 10_000, n_simulated=4000).relative_error < 1
    True
    """
    n_patterns = number_of_patterns(n_patterns)
    return bound(known_of(master, rotations, noise, n_simulated, seed, threads), n_patterns)


def number_of_patterns(n_patterns: object) -> int:
    """A whole number that limits can be asked for: 1 to 1e18.

    Examples
    --------
    >>> number_of_patterns(10**19)
    Traceback (most recent call last):
    ...
    ValueError: n_patterns: expected at most 1e18, got 10000000000000000000
    """
    number = whole("n_patterns", n_patterns, 1)
    if number > MOST_PATTERNS:
        raise ValueError(f"n_patterns: expected at most 1e18, got {number}")
    return number


def bound(sample: AnyKnown, n_patterns: int) -> CramerRao:
    """The bound after any number of patterns; costs next to nothing once the information is known."""
    std_error = sample.std_error(n_patterns)
    total = float(np.nansum(std_error**2))
    symmetric = sample.symmetric_variance / n_patterns
    return CramerRao(
        std_error=std_error.reshape(sample.master.shape),
        relative_error=_ratio(total, sample.contrast, sample.untold),
        missing_information=sample.missing_information,
        asymmetric_error=_ratio(max(total - symmetric, 0.0), _size(sample.turning, sample.master), sample.untold),
    )


def _size(part: npt.NDArray[np.float64], master: npt.NDArray[np.float64]) -> float:
    """Length of a part of a master, 0 where it is rounding."""
    size = float(np.linalg.norm(part))
    return size if size > 1e-12 * float(np.linalg.norm(master)) else 0.0


def _ratio(variance: float, size: float, untold: bool) -> float:
    return float("inf") if untold or size == 0 else float(np.sqrt(variance)) / size
