"""Powers on the likelihood by themselves: from where the first picture appears to 1.

At the power beta, EM stays at a master without any picture as long as beta * lambda < 1, lambda the largest eigenvalue
of the patterns' covariance in units of their noise (the critical temperature of Rose, Gurewitz and Fox, Physical Review
Letters 65 (1990) 945). lambda - 1 is what the templates' differences along that direction are worth in the
log-likelihood; it grows in proportion to the photons. So the climb begins a little above 1 / lambda, where differences
of the expected log-likelihood between templates are of order 1 and only the strongest direction can grow, and goes up
in equal ratios.

A start loses its own picture on the way, since what is not held up shrinks: from few patterns of few photons it would
come to the power 1 as one that turns hardly change, and stay. So the masters are shaken at each power.
"""

from __future__ import annotations

import numpy as np

from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.spectral import ABOVE_CRITICAL, leading
from motes.threads import one_blas_thread

RATIO = 1.5  # at most, from one power to the next
SWEEPS = 6  # at each
SHAKE = 0.02  # of each pixel's value, before each power but the first


def powers_of_data(problem: MixtureProblem, seed: int) -> tuple[float, ...]:
    """The power of each iteration, up to 1 for all further ones.

    Parameters
    ----------
    problem : MixtureProblem
        Patterns and model.
    seed : int
        Of the directions that the largest eigenvalue is found from.

    Returns
    -------
    tuple of float
        1.3 / lambda, then up to 1 in equal ratios of at most 1.5, six times each; only 1 where no template stands out.
    """
    if len(problem.patterns) < 2 or problem.layout.n_templates == 1:
        return (1.0,)
    with one_blas_thread():
        excess = float(leading(problem, np.random.default_rng(seed), 1).excess[0])
    first = min(ABOVE_CRITICAL / (1 + excess), 1.0)
    n = int(np.ceil(np.log(1 / first) / np.log(RATIO)))
    return (*np.repeat(np.geomspace(first, 1.0, n + 1)[:-1], SWEEPS).tolist(), 1.0)
