"""Query strategies: plain functions of a pool and a number of questions, `f(pool, n, *, seed=0, ...) -> Query`."""

from motes.active.strategies.committee import committee
from motes.active.strategies.cost import cost_aware
from motes.active.strategies.diverse import diverse_appearance, diverse_position
from motes.active.strategies.family import (
    boundary_distance,
    entropy_score,
    entropy_score_normalised,
    least_confident,
    low_confidence,
    margin,
    random,
)
from motes.active.strategies.importance import importance
from motes.active.strategies.registry import STRATEGIES, Strategy, query

__all__ = [
    "STRATEGIES",
    "Strategy",
    "boundary_distance",
    "committee",
    "cost_aware",
    "diverse_appearance",
    "diverse_position",
    "entropy_score",
    "entropy_score_normalised",
    "importance",
    "least_confident",
    "low_confidence",
    "margin",
    "query",
    "random",
]
