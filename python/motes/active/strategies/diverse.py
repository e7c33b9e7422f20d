"""Diverse batches: questions that are uncertain and far from one another, so that no two tell the same.

Greedy farthest points: the next question is the candidate of the highest

    weight * distance ** strength

where weight, 0 to 1, is its uncertainty by another measure, scaled over the pool, and distance that from the nearest
place that is known or already in the batch. The first of a pool where nothing is known is the most uncertain. With a
strength of 0 it is the ranking of that measure. Plain farthest points cover the pool within twice the best radius that
n centres can have (Gonzalez, 1985); as a query for labels: Sener and Savarese, Core-set, ICLR 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query, Seed, lots, size
from motes.active.strategies.bases import weighed
from motes.circles import Circles


def diverse_position(
    pool: Pool,
    n: int,
    *,
    base: str = "entropy_score",
    strength: float = 1.0,
    reach: float | None = None,
    seed: Seed = 0,
    allow_fewer: bool = False,
    **options: Any,
) -> Query:
    """A batch that is spread over micrographs, and on each of them.

    Distance between two candidates of one micrograph is that of their centres, but at most `reach`; two of different
    micrographs are `reach` apart, as far as can be. So a batch visits other micrographs before it comes back to one.

    Parameters
    ----------
    pool : Pool
        N candidates, and the known ones to keep away from.
    n : int
        Questions.
    base : str
        Measure of uncertainty: a strategy that ranks single candidates.
    strength : float
        How much distance counts beside uncertainty; 0: not at all.
    reach : float, optional
        Pixels. By default the largest extent of the candidates on any one micrograph.
    seed : int or numpy.random.Generator
        Of the order of equals.
    allow_fewer : bool
        Ask all where the pool holds fewer than n.
    **options
        Of the base.

    Returns
    -------
    Query
        `uncertainty` is the weight; t is the base's.

    Raises
    ------
    ValueError
        If n is more than the pool holds, or an option is out of range.

    Examples
    --------
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [30, 20], [90, 20]]), 8.0, np.array([0.5, 0.51, 0.4]))
    >>> diverse_position(Pool(Detections(found, ("grid1",))), 2, base="random", seed=1).chosen
    array([2, 0])
    """
    places = pool.circles
    extent = _extent(places) if reach is None else reach
    if not (np.isfinite(extent) and extent > 0):
        raise ValueError(f"reach: expected a finite number above 0, got {reach}")
    centres, micrographs = places.centres.astype(np.float64), places.micrograph
    far = np.full(len(pool), float(extent))

    def approach(centre: FloatArray, micrograph: int) -> slice:
        there = slice(*places.indptr[micrograph : micrograph + 2])  # the others stay as far as can be
        np.minimum(far[there], np.hypot(*(centres[there] - centre).T), out=far[there])
        return there

    known = pool.known.circles
    for centre, micrograph in zip(known.centres.astype(np.float64), known.micrograph.tolist(), strict=True):
        approach(centre, micrograph)
    return _batch(
        "diverse_position", pool, n, far, lambda i: approach(centres[i], int(micrographs[i])),
        base=base, strength=strength, seed=seed, allow_fewer=allow_fewer, options=options,
    )  # fmt: skip


def diverse_appearance(
    pool: Pool,
    n: int,
    *,
    base: str = "entropy_score",
    strength: float = 1.0,
    seed: Seed = 0,
    allow_fewer: bool = False,
    **options: Any,
) -> Query:
    """A batch of candidates that look different, from one another and from those that are known.

    Distance is Euclidean between rows of the candidates' `appearance`, in float32. It costs N x F for each question and
    each known place.

    Parameters
    ----------
    pool : Pool
        N candidates with appearance, and the known ones to differ from.
    n, base, strength, seed, allow_fewer, **options
        As of `diverse_position`.

    Returns
    -------
    Query
        `uncertainty` is the weight; t is the base's.

    Raises
    ------
    ValueError
        If the candidates have no appearance, n is more than the pool holds, or an option is out of range.

    Examples
    --------
    >>> from motes.pickers import Detections
    >>> found = Circles(np.array([[10.0, 20], [30, 20], [90, 20]]), 8.0, np.array([0.5, 0.49, 0.45]))
    >>> looks = np.array([[0.0], [0.0], [3.0]], np.float32)
    >>> diverse_appearance(Pool(Detections(found, ("grid1",), appearance=looks)), 2, base="random", seed=1).chosen
    array([2, 0])
    """
    looks = pool.detections.appearance
    if looks is None:
        raise ValueError("pool: a query by appearance needs the candidates' appearance, and they have none")
    rows = np.ascontiguousarray(looks, np.float32)
    squares, apart = np.full(len(pool), np.inf, np.float32), np.empty_like(rows)

    def nearer(other: npt.NDArray[np.float32]) -> None:
        np.subtract(rows, other, out=apart)
        np.minimum(squares, np.einsum("ij,ij->i", apart, apart), out=squares)

    known = pool.known.appearance
    for other in [] if known is None else known:
        nearer(other)
    far = np.sqrt(squares, dtype=np.float64)

    def approach(i: int) -> slice:
        nearer(rows[i])
        np.sqrt(squares, out=far, dtype=np.float64)
        return slice(None)

    return _batch(
        "diverse_appearance", pool, n, far, approach,
        base=base, strength=strength, seed=seed, allow_fewer=allow_fewer, options=options,
    )  # fmt: skip


def _batch(
    strategy: str,
    pool: Pool,
    n: int,
    far: FloatArray,
    approach: Callable[[int], slice],
    *,
    base: str,
    strength: float,
    seed: Seed,
    allow_fewer: bool,
    options: dict[str, Any],
) -> Query:
    """Farthest points, one after the other.

    `far` holds distances from the nearest known place, infinite where none; `approach` adds a candidate to these, and
    says which of the distances may have changed.
    """
    if not (np.isfinite(strength) and strength >= 0):
        raise ValueError(f"strength: expected a finite number of 0 or more, got {strength}")
    n = size(pool, n, allow_fewer=allow_fewer)
    weights, t = weighed(pool, base, options)
    order, left = lots(pool, seed), np.ones(len(pool), bool)
    gain, changed, chosen = np.empty(len(pool)), slice(None), np.zeros(n, np.int64)
    for k in range(n):
        # All are equally far where nothing is known: an infinite distance counts as one.
        near = np.where(np.isinf(far[changed]), 1.0, far[changed]) ** strength
        gain[changed] = np.where(left[changed], weights[changed] * near, -1.0)
        best = np.flatnonzero(gain == gain.max())
        best = best[weights[best] == weights[best].max()]  # all that are left may lie on known places
        chosen[k] = i = best[np.argmin(order[best])]
        left[i] = False
        changed = approach(int(i))
    return Query(chosen, weights, strategy, t, {"base": base})


def _extent(places: Circles) -> float:
    """The longest diagonal of the candidates of one micrograph; 1 where none has two places."""
    diagonals = [
        float(np.hypot(*np.ptp(places.centres[begin:end].astype(np.float64), axis=0)))
        for begin, end in zip(places.indptr[:-1], places.indptr[1:], strict=True)
        if end > begin
    ]
    return max(diagonals, default=0.0) or 1.0
