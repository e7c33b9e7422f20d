"""Active learning: which candidates a person should be asked about next."""

from motes.active import strategies
from motes.active.pool import Pool
from motes.active.queries import Query
from motes.active.strategies import STRATEGIES, query
from motes.active.threshold import optimal_threshold

__all__ = ["STRATEGIES", "Pool", "Query", "optimal_threshold", "query", "strategies"]
