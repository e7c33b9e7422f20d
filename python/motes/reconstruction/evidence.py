"""Whether there is a picture at all: a fit beside the best master that looks the same in every rotation.

A fit of noise climbs too, and its maximum passes for a picture with a tight bound. What it can win is limited: twice
its log-likelihood exceeds that of the symmetric mean by about 2 nats for each pixel that the rotations do not tie to
another, whatever the number of patterns and photons. (Not by 1, as Wilks would have it: where all rotations look the
same, the score of every picture vanishes, and what is climbed is the largest eigenvalue of a random matrix.)
"""

from __future__ import annotations

import numpy as np

from motes.reconstruction.problem import Problem

# Measured on simulated data without a picture: sides 2 to 41, 300 to 100,000 patterns of 0.5 to 300 photons, C4 and D4,
# both noises, weights given and estimated. Of some 1600 fits, one was above (docs/theory.md, section 10).
A_PIXEL, SPREAD = 2.2, 4.0


def evidence(problem: Problem, log_likelihood: float) -> float:
    """What a fit wins over the best master whose rotations are all equal: 2 N (difference of log-likelihood), nats.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    log_likelihood : float
        Of the fit, nats a pattern.

    Returns
    -------
    float
        Negative where the fit is worse than the symmetric mean; 0 without patterns.
    """
    n_patterns = len(problem.patterns)
    mean = problem.mean_master
    lit = float(problem.photons @ np.where(problem.good, problem.noise.weight(mean), 0.0))
    dark = n_patterns * float(problem.noise.base(mean)[problem.good].sum())
    return 2 * (n_patterns * log_likelihood - lit - dark)


def evidence_of_noise(problem: Problem) -> float:
    """The most that `evidence` comes to, but for one time in a hundred, where there is no picture: nats."""
    orbits = np.unique(problem.index[:, problem.seen].min(axis=0)).size
    free = int(problem.seen.sum()) - orbits
    return A_PIXEL * free + SPREAD * float(np.sqrt(free))
