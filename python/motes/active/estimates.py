"""How good a picker is, from the answers to importance-sampled queries, without a validation set.

What is estimated, and relative to what. The population is the pool that was asked about: places that no one had asked
about, under the picker of that round. Answers are used before any picker is trained on them (prequential), so nothing
is judged by what it has learnt. y_i = 1 where candidate i is confirmed and no other candidate of the pool is nearer to
the label: each particle then has one candidate, and a second one on it counts as false, as in one-to-one matching.

- precision: of the candidates of probability t or more, the part that are particles;
- recall: of the particles that some candidate of the pool covers, those whose candidate has t or more. A picker
  proposes every maximum of its map down to probability 0, so that nearly every particle is covered;
- F-beta = (1 + beta^2) TP / (beta^2 particles + predictions);
- T_opt: the probability at which F-beta is highest.

Totals sum y / pi are unbiased (Horvitz and Thompson). Ratios of them (Hajek) are consistent: their bias is of order
1 / n, below the standard error. `estimator="horvitz-thompson"` divides by the known number of predictions instead of
its estimate, which makes precision unbiased, and noisier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from motes.active.optimum import best_threshold
from motes.active.pool import Pool
from motes.active.queries import FloatArray, Query
from motes.active.strategies.family import Threshold, value_of
from motes.active.weighted import Draw, Proportion, proportion, ratio
from motes.checks import one_of
from motes.picking import Estimate

ESTIMATORS = ("hajek", "horvitz-thompson")


@runtime_checkable
class Answered(Protocol):
    """What an oracle says: which questions are particles, and where these are."""

    @property
    def confirmed(self) -> npt.NDArray[np.bool_]:
        """(n,): there is a particle."""
        ...

    @property
    def position(self) -> npt.NDArray[np.floating[Any]]:
        """(n, 2): where, pixels; anything where there is none."""
        ...


@dataclass(frozen=True, eq=False)
class Sample:
    """Answers to one query, in the order along which it was drawn.

    Attributes
    ----------
    probability, particle, inclusion : (n,) float64 arrays
        Of each candidate that was asked about; `particle` is 0 or 1.
    at : float
        Candidates of this probability or more were the predictions.
    n_candidates, n_predictions : int
        Of the pool.
    weight : float
        Beside other rounds.
    """

    probability: FloatArray
    particle: FloatArray
    inclusion: FloatArray
    at: float
    n_candidates: int
    n_predictions: int
    weight: float = 1.0


@dataclass(frozen=True)
class Estimates:
    """What answers say of the picker that asked.

    Attributes
    ----------
    f_beta, precision, recall : Proportion
        Of the candidates of probability `at` or more.
    particles : Proportion
        The part of the pool's candidates that are particles; unbiased.
    threshold : Estimate
        T_opt, and all thresholds whose F-beta the answers can not tell from the best; NaN without a particle.
    at : float
        The threshold of the first three, fixed before the answers.
    beta : float
        1 for F1.
    rounds : tuple of Sample
        What it was counted from, first to last.
    """

    f_beta: Proportion
    precision: Proportion
    recall: Proportion
    particles: Proportion
    threshold: Estimate
    at: float
    beta: float
    rounds: tuple[Sample, ...] = field(repr=False, compare=False)

    @property
    def n_questions(self) -> int:
        """Questions of all rounds."""
        return sum(len(one.particle) for one in self.rounds)


def estimate(
    query: Query,
    answers: Answered | npt.NDArray[np.bool_],
    pool: Pool,
    *,
    threshold: Threshold | None = None,
    estimator: Literal["hajek", "horvitz-thompson"] = "hajek",
    confidence: float = 0.95,
) -> Estimates:
    """Precision, recall, F-beta, T_opt and intervals from the answers to an importance-sampled query.

    Parameters
    ----------
    query : Query
        Of strategy `importance`.
    answers : Answered or (n,) bool array
        To all questions, in the order of `query.chosen`; what is not confirmed counts as no particle. With positions a
        particle counts for the candidate nearest to it only, as an oracle's rule `"optimal"` has it; without, every
        confirmed candidate is taken for a particle of its own.
    pool : Pool
        That was asked about.
    threshold : float, Estimate or BestThreshold, optional
        Of precision, recall and F-beta. By default the query's own, chosen before the answers. One that was chosen by
        these answers, such as their T_opt, makes F-beta look better than it is.
    estimator : str
        `"hajek"` or `"horvitz-thompson"`.
    confidence : float
        Of the intervals.

    Returns
    -------
    Estimates

    Raises
    ------
    ValueError
        If the query has no inclusion probabilities, is of another pool, or an answer is missing.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.active.strategies import importance
    >>> from motes.pickers import Detections
    >>> rng = np.random.default_rng(0)
    >>> c = rng.beta(0.3, 1, 2000)
    >>> pool = Pool(Detections(Circles(rng.uniform(0, 4000, (2000, 2)), 8.0, c), ("grid1",)))
    >>> query = importance(pool, 200, seed=0)
    >>> told = estimate(query, rng.random(200) < c[query.chosen], pool)
    >>> told.f_beta, told.recall
    (0.6482 (0.5632 to 0.7268), 0.6243 (0.5139 to 0.7259))
    """
    one_of("estimator", estimator, ESTIMATORS)
    if "inclusion" not in query.details or query.t is None:
        raise ValueError(f"query: {query.strategy} has no inclusion probabilities, expected one of strategy importance")
    if len(query.uncertainty) != len(pool):
        raise ValueError(f"pool: of {len(pool)} candidates, but the query is of {len(query.uncertainty)}")
    at, c = value_of(query.t if threshold is None else threshold), pool.probability[query.chosen]
    order = np.argsort(c, kind="stable")  # the query was drawn along it
    answered = Sample(
        c[order],
        _particles(query, answers, pool)[order].astype(np.float64),
        query.details["inclusion"][query.chosen][order],
        at,
        len(pool),
        int((pool.probability >= at).sum()),
    )
    return _estimates((answered,), query.details["beta"], estimator, confidence)


def combine(
    rounds: Sequence[Estimates],
    *,
    discount: float = 1.0,
    estimator: Literal["hajek", "horvitz-thompson"] = "hajek",
    confidence: float = 0.95,
) -> Estimates:
    """The answers of several rounds as one sample, each round at its own threshold.

    A round weighs by its number of questions, which is what its variance is inversely proportional to, and not by the
    variance itself: that is estimated from the same answers, is smallest where chance flattered the picker, and would
    carry the flattery over.

    Parameters
    ----------
    rounds : sequence of Estimates
        First to last, at least one; of one beta.
    discount : float
        Weight of a round beside the next one, above 0, at most 1: pickers get better, and old answers are of old ones.
    estimator, confidence
        As of `estimate`.

    Returns
    -------
    Estimates
        `at` is that of the last round.

    Raises
    ------
    ValueError
        If there is no round, betas differ, or `discount` is out of range.

    Examples
    --------
    >>> from motes import Circles
    >>> from motes.active.strategies import importance
    >>> from motes.pickers import Detections
    >>> rng = np.random.default_rng(0)
    >>> c = rng.beta(0.3, 1, 2000)
    >>> pool = Pool(Detections(Circles(rng.uniform(0, 4000, (2000, 2)), 8.0, c), ("grid1",)))
    >>> queries = [importance(pool, 100, seed=seed) for seed in range(4)]
    >>> told = [estimate(query, rng.random(100) < c[query.chosen], pool) for query in queries]
    >>> combine(told).f_beta
    0.6697 (0.6148 to 0.7213)
    """
    if not 0 < discount <= 1:
        raise ValueError(f"discount: expected above 0, at most 1, got {discount}")
    betas = {one.beta for one in rounds}
    if len(betas) != 1:
        raise ValueError(f"rounds: expected at least one, all of one beta, got {len(rounds)} of {len(betas)} betas")
    aged = enumerate(reversed(rounds))
    parts = [[replace(one, weight=one.weight * discount**age) for one in told.rounds] for age, told in aged]
    weighed = tuple(one for part in reversed(parts) for one in part)
    return _estimates(weighed, betas.pop(), one_of("estimator", estimator, ESTIMATORS), confidence)


def _estimates(rounds: tuple[Sample, ...], beta: float, estimator: str, confidence: float) -> Estimates:
    c, y, inclusion = (
        np.concatenate([getattr(one, name) for one in rounds]) for name in ("probability", "particle", "inclusion")
    )
    sizes = [len(one.particle) for one in rounds]
    if not 0 < confidence < 1:
        raise ValueError(f"confidence: expected above 0 and below 1, got {confidence}")
    weights = [one.weight * n for one, n in zip(rounds, sizes, strict=True)]
    draw = Draw(inclusion, np.repeat(np.arange(len(rounds)), sizes), np.repeat(weights, sizes))
    h = (c >= np.repeat([one.at for one in rounds], sizes)).astype(np.float64)

    def known(name: str) -> float:
        """A number that is known of each pool, summed over rounds."""
        return float(sum(weight * getattr(one, name) for weight, one in zip(weights, rounds, strict=True)))

    nothing = np.zeros(len(y))
    predicted, exactly = (h, 0.0) if estimator == "hajek" else (nothing, known("n_predictions"))
    figures = {
        "f_beta": (ratio(draw, (1 + beta**2) * y * h, beta**2 * y + predicted, exactly), y + h > 0),
        "precision": (ratio(draw, y * h, predicted, exactly), h > 0),
        "recall": (ratio(draw, y * h, y), y > 0),
        "particles": (ratio(draw, y, nothing, known("n_candidates")), np.ones(len(y), bool)),
    }
    return Estimates(
        **{name: proportion(draw, figure, counts, confidence) for name, (figure, counts) in figures.items()},
        threshold=best_threshold(c, y, draw, beta=beta, confidence=confidence),
        at=rounds[-1].at,
        beta=beta,
        rounds=rounds,
    )


def _particles(query: Query, answers: Answered | npt.NDArray[np.bool_], pool: Pool) -> npt.NDArray[np.bool_]:
    """(n,): y of each question."""
    confirmed = np.asarray(answers.confirmed if isinstance(answers, Answered) else answers)
    if confirmed.shape != query.chosen.shape or confirmed.dtype != bool:
        raise ValueError(
            f"answers: expected {len(query)} of bool, one a question, got {confirmed.dtype} of shape {confirmed.shape}"
        )
    if not isinstance(answers, Answered):
        return confirmed
    centres, indptr = pool.circles.centres.astype(np.float64), pool.circles.indptr
    nearest = confirmed.copy()
    for k in np.flatnonzero(confirmed):
        row = query.chosen[k]
        m = pool.circles.micrograph[row]
        others, label = centres[indptr[m] : indptr[m + 1]], np.asarray(answers.position[k], np.float64)
        nearest[k] = np.hypot(*(centres[row] - label)) <= np.hypot(*(others - label).T).min()
    return nearest
