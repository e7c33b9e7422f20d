"""Every strategy by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from motes.active.pool import Pool
from motes.active.queries import Query, Seed
from motes.active.strategies.bases import BASES
from motes.active.strategies.cost import cost_aware
from motes.active.strategies.diverse import diverse_appearance, diverse_position
from motes.active.strategies.importance import importance
from motes.checks import one_of


@dataclass(frozen=True)
class Strategy:
    """A strategy and what it can not do without.

    Attributes
    ----------
    function : callable
        `function(pool, n, *, seed=0, allow_fewer=False, ...) -> Query`.
    needs : tuple of str
        Of `"threshold"` (an option), `"members"` and `"appearance"` (of the candidates). Those that take a `base` also
        need what this needs.
    """

    function: Callable[..., Query]
    needs: tuple[str, ...] = ()


_NEEDS = {"boundary_distance": ("threshold",), "committee": ("members",), "diverse_appearance": ("appearance",)}
_FUNCTIONS: dict[str, Callable[..., Query]] = BASES | {
    "diverse_position": diverse_position,
    "diverse_appearance": diverse_appearance,
    "cost_aware": cost_aware,
    "importance": importance,
}
STRATEGIES: dict[str, Strategy] = {
    name: Strategy(function, _NEEDS.get(name, ())) for name, function in _FUNCTIONS.items()
}
"""Strategies by name, for `query`."""


def query(name: str, pool: Pool, n: int, *, seed: Seed = 0, **options: Any) -> Query:
    """Ask a strategy by its name.

    Parameters
    ----------
    name : str
        A key of `STRATEGIES`.
    pool : Pool
        N candidates.
    n : int
        Questions.
    seed : int or numpy.random.Generator
        Of what is decided by lot.
    **options
        Of the strategy.

    Returns
    -------
    Query

    Raises
    ------
    ValueError
        If there is no such strategy; and what the strategy raises.

    Examples
    --------
    >>> import numpy as np
    >>> from motes import Circles
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [50, 20], [90, 20]]), 8.0, np.array([0.9, 0.4, 0.3]))
    >>> query("entropy_score", Pool(Detections(found, ("grid1",))), 2)
    <Query: 2 of 3 candidates by entropy_score, t = 0.5>
    """
    return STRATEGIES[one_of("name", name, tuple(STRATEGIES))].function(pool, n, seed=seed, **options)
