"""From log-odds at even odds to probabilities: how many candidates are particles, from their scores alone."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

ROUNDS = 1000
CLOSE = 1e-9
FEWEST = 1e-3  # of the candidates


def log_prior_odds(scores: npt.NDArray[np.float64]) -> float:
    """What to add to the log-odds of candidates so that they are probabilities.

    A classifier that was taught with both classes weighted alike gives z = log p(x | particle) / p(x | background).
    With a share q of particles among the candidates the log-odds are z + log q / (1 - q); q is the fixed point of

        q = mean of sigmoid(z + log q / (1 - q)),

    the maximum of the likelihood of q. Labels do not enter, so it does not matter how they were chosen.

    Parameters
    ----------
    scores : (N,) float64 array
        z of the candidates; of none the answer is 0.

    Returns
    -------
    float

    Notes
    -----
    M. Saerens, P. Latinne and C. Decaestecker, Neural Computation 14, 21 (2002). It takes z as it is: a network that is
    too sure of what it has learned stays so. q is kept within 0.001 to 0.999.

    Examples
    --------
    >>> round(log_prior_odds(np.array([9.0, -9.0, -9.0, -9.0])), 2)  # a quarter: log 1/3
    -1.1
    """
    if not len(scores):
        return 0.0
    share = 0.5
    for _ in range(ROUNDS):
        before, odds = share, np.log(share / (1 - share))
        share = float(np.clip(np.mean(1 / (1 + np.exp(-(scores + odds)))), FEWEST, 1 - FEWEST))
        if abs(share - before) < CLOSE:
            break
    return float(np.log(share / (1 - share)))
