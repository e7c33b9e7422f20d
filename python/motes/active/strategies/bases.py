"""Measures of single candidates: what the queries for whole batches weigh candidates by."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query
from motes.active.strategies import family
from motes.active.strategies.committee import committee
from motes.checks import one_of

BASES: dict[str, Callable[..., Query]] = {
    "random": family.random,
    "low_confidence": family.low_confidence,
    "entropy_score": family.entropy_score,
    "entropy_score_normalised": family.entropy_score_normalised,
    "boundary_distance": family.boundary_distance,
    "least_confident": family.least_confident,
    "margin": family.margin,
    "committee": committee,
}


def weighed(pool: Pool, base: str, options: dict[str, Any]) -> tuple[FloatArray, float | None]:
    """(N,) weights from 0, the least uncertain of the pool, to 1, the most; and the t of the measure.

    Equal uncertainties, and those of `random`, weigh 1.
    """
    query = BASES[one_of("base", base, tuple(BASES))](pool, 0, **options)
    uncertainty = query.uncertainty
    low, high = uncertainty.min(initial=np.inf), uncertainty.max(initial=-np.inf)
    weights = (uncertainty - low) / (high - low) if high > low else np.ones(len(pool))
    return weights, query.t
