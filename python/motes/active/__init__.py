"""Active learning: which candidates a person should be asked about next, and the loop around the question."""

from motes.active import strategies
from motes.active.estimates import Estimates, combine, estimate
from motes.active.loop import run
from motes.active.measures import measure, measuring
from motes.active.oracle import Answer, Answers, FromFile, GroundTruth, NoisyOracle, Oracle
from motes.active.pool import Pool
from motes.active.queries import Query
from motes.active.replay import History, Round, replay
from motes.active.strategies import STRATEGIES, query
from motes.active.threshold import optimal_threshold

__all__ = [
    "STRATEGIES",
    "Answer",
    "Answers",
    "Estimates",
    "FromFile",
    "GroundTruth",
    "History",
    "NoisyOracle",
    "Oracle",
    "Pool",
    "Query",
    "Round",
    "combine",
    "estimate",
    "measure",
    "measuring",
    "optimal_threshold",
    "query",
    "replay",
    "run",
    "strategies",
]
