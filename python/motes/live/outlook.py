"""How good the picture is, and how many patterns it takes to a target: from the error bars of what is there.

The bound of N patterns is b = sqrt(V / N) / C, C the contrast ||master - mean||. An estimate's own noise adds to what
looks like contrast: the expectation of its square is C^2 + V / N. So the error is told as

    error^2 = b^2 / (1 - b^2),

b being the bound at the estimate, its V that of a master without its own noise (`own_noise`); and since V and C belong
to the picture, not to N, the target takes

    N error^2 / target^2 patterns.

The part of the master that turns is corrected alike: it must be told to 0.3 of itself, or maximum likelihood does not
reach its bound (docs/limits.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from motes.in_plane import InPlane
from motes.limits.cramer_rao import LARGEST_ASYMMETRIC_ERROR, MOST_PATTERNS
from motes.live.evidence import evidence_of_turned_noise, evidence_of_turns
from motes.live.own_noise import variance_without
from motes.live.part import turning_part
from motes.live.turning import Found
from motes.patterns import Patterns
from motes.reconstruction.result import Reconstruction
from motes.stored import StoredPatterns


@dataclass(frozen=True)
class Outlook:
    """What a reconstruction says of its own error, and of that of more patterns.

    Attributes
    ----------
    n_patterns : int
        That it was made from.
    error : float
        Relative to ||master - mean(master)||, the noise in that contrast taken off; infinite where no picture is told.
    asymmetric_error : float
        Of the part that changes when the master turns, relative to it; 0 where nothing turns.
    target_error : float or None
        What was asked for.
    """

    n_patterns: int
    error: float
    asymmetric_error: float
    target_error: float | None

    @property
    def told(self) -> bool:
        """Whether the patterns tell a picture at all: more than a fit of noise would win."""
        return math.isfinite(self.error)

    @property
    def needed(self) -> int | None:
        """Patterns in all that the target takes; None without a target, or where it is not to be told yet."""
        if self.target_error is None or not self.told or not math.isfinite(self.asymmetric_error):
            return None
        times = max(self.error / self.target_error, self.asymmetric_error / LARGEST_ASYMMETRIC_ERROR) ** 2
        return min(math.ceil(self.n_patterns * times), MOST_PATTERNS)

    @property
    def still_needed(self) -> int | None:
        """Patterns that are still to come; 0 where the target is reached."""
        return None if self.needed is None else max(0, self.needed - self.n_patterns)

    @property
    def reached(self) -> bool:
        """Whether there is a target, and it is reached."""
        return self.still_needed == 0


def outlook(
    result: Found, target_error: float | None = None, patterns: Patterns | StoredPatterns | None = None
) -> Outlook:
    """What a reconstruction says of its own error, and of that of more patterns.

    Parameters
    ----------
    result : Reconstruction, or MixtureReconstruction of one master and in-plane rotations
        Of the patterns so far, with its error bars.
    target_error : float, optional
        Error of the master, relative to ||master - mean(master)||.
    patterns : Patterns or StoredPatterns, optional
        Those that it was made from; of in-plane rotations they are asked for, and say whether there is a picture.

    Returns
    -------
    Outlook
        No error, and no number of patterns, where the fit does not win more than noise would, or has no error bars.

    Raises
    ------
    ValueError
        If there are several masters, or a map that is no rotation; if `patterns` are wanting, or others.

    Notes
    -----
    Measured from a tenth of the patterns that it took in the end (the portrait, 25x25, 27.4 photons each, four data
    sets): within 1% at contrast 1, within 4% at 0.5, 2% to 16% too few at 0.3, where a tenth hardly tells orientations.
    More in docs/watch.md.

    Examples
    --------
    >>> from motes import Patterns, reconstruct, simulate
    >>> data = simulate.patterns(simulate.scaled(simulate.portrait(9), 20.0), 4000, seed=1)
    >>> result = reconstruct(Patterns.from_coo(data.rows, data.cols, shape=(9, 9), n_patterns=4000))
    >>> found = outlook(result, target_error=0.01)
    >>> found.told, found.reached, found.still_needed > 4000
    (True, False, True)
    """
    n, nothing = result.n_patterns, float("inf")
    if not n or not math.isfinite(result.error_bound) or not _wins(result, patterns):
        return Outlook(n, nothing, nothing, target_error)
    part = turning_part(result)
    if part.turns.n == 1:
        return Outlook(n, without_own_noise(result.error_bound**2), 0.0, target_error)
    own, variance = float(np.nansum(result.std_error**2)), variance_without(result, part)
    scale = variance / own if math.isfinite(variance) and own > 0 else 1.0
    error, turning = without_own_noise(scale * result.error_bound**2), without_own_noise(part.squared_error(variance))
    return Outlook(n, error, turning, target_error)


def _wins(result: Found, patterns: Patterns | StoredPatterns | None) -> bool:
    """Whether it is more than a fit of noise."""
    if isinstance(result, Reconstruction):
        return result.evidence > result.evidence_of_noise or result.rotations.n == 1
    if result.n_classes > 1 or not isinstance(result.maps[0], InPlane):
        kinds = ", ".join(turns.name for turns in result.maps)
        raise ValueError(f"result: expected one master of exact or in-plane rotations, got {kinds}")
    if patterns is None or len(patterns) != result.n_patterns:
        given = "none" if patterns is None else f"{len(patterns):,}"
        raise ValueError(
            f"patterns: expected the {result.n_patterns:,} that the result was made from, which say whether in-plane "
            f"rotations tell a picture; got {given}"
        )
    return evidence_of_turns(result, patterns) > evidence_of_turned_noise(result)


def without_own_noise(squared: float) -> float:
    """The relative error, from its square as it is relative to a size that the same noise added to.

    Examples
    --------
    >>> without_own_noise(0.2), without_own_noise(1.5)
    (0.5, inf)
    """
    return math.sqrt(squared / (1 - squared)) if 0 <= squared < 1 else float("inf")
