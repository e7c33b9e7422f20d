"""All picks of several pickers in one container."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motes.circles import Circles
from motes.picking.consensus import consensus


def pool(pickers: Sequence[Circles]) -> Circles:
    """Put picks of several pickers together, duplicates and all; scores become ranks, which can be compared.

    Parameters
    ----------
    pickers : sequence of Circles
        At least one; of the same micrographs, with scores, of one real type.

    Returns
    -------
    Circles
        Scores are (rank + 1/2) / N among the picker's own N picks, the best highest, as in `consensus`. Centres and
        radii are float64.

    Examples
    --------
    >>> one = Circles(np.array([[0.0, 0], [40, 0]]), 5.0, np.array([0.9, 0.2]))
    >>> two = Circles(np.array([[1.0, 0]]), 5.0, np.array([7.0]))
    >>> pool([one, two]).scores
    array([0.75, 0.25, 0.5 ])
    """
    if len({picks.n_micrographs for picks in pickers}) != 1:
        raise ValueError("pickers: expected at least one, and all of the same micrographs")
    ranked = [consensus([picks]).circles for picks in pickers]
    order = np.argsort(np.concatenate([picks.micrograph for picks in ranked]), kind="stable")
    centres, radii, scores = (
        np.concatenate([np.asarray(getattr(picks, name)) for picks in ranked])[order]
        for name in ("centres", "radii", "scores")
    )
    return Circles(centres, radii, scores, indptr=sum(picks.indptr for picks in ranked))
