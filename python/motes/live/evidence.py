"""Whether patterns of in-plane rotations tell a picture at all.

A fit of noise climbs as well, and its maximum passes for a picture with a tight bound: the question is that of
`motes.reconstruction.evidence`, here of turns by interpolation. These do not turn a round picture quite into itself, so
a fit is held against what needs no templates: a mean of its own for each pixel of the detector. Where angles are
equally likely that says nothing of a picture, and wins, like every parameter too many, a nat a pixel of noise.
"""

from __future__ import annotations

import numpy as np

from motes.patterns import Patterns
from motes.reconstruction.mixture.result import MixtureReconstruction
from motes.stored import StoredPatterns

# Measured on data drawn from flat and from round masters: sides 7 to 25, 8 to 36 angles, mirrored or not, 300 to 8000
# patterns of 2 to 80 photons, both noises. Of 427 fits in two runs none was above; the largest was at
# 1.04 n + 4 sqrt(n).
A_PIXEL, SPREAD = 1.2, 4.0


def evidence_of_turns(result: MixtureReconstruction, patterns: Patterns | StoredPatterns) -> float:
    """What a fit wins over a mean for each pixel: 2 N (difference of log-likelihood), nats.

    Parameters
    ----------
    result : MixtureReconstruction
        Of one master and in-plane rotations.
    patterns : Patterns or StoredPatterns
        The N that it was found in.

    Returns
    -------
    float
        Negative where the fit is worse than these means; 0 without patterns.
    """
    n_patterns, good = len(patterns), result.good.ravel()
    photons = patterns.total_image().ravel()[good]
    means = np.clip(photons / max(n_patterns, 1), *result.noise.limits(n_patterns))
    without_turns = float(photons @ result.noise.weight(means)) + n_patterns * float(result.noise.base(means).sum())
    return 2 * (n_patterns * result.log_likelihood - without_turns)


def evidence_of_turned_noise(result: MixtureReconstruction) -> float:
    """The most that `evidence_of_turns` comes to, but for one time in a hundred, where there is no picture: nats."""
    n_pixels = int(result.good.sum())
    return A_PIXEL * n_pixels + SPREAD * float(np.sqrt(n_pixels))
