"""Error bars of the masters of a mixture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes import checks
from motes.reconstruction.information import PATTERNS_USED, hardly_told
from motes.reconstruction.mixture.information import (
    Sample,
    Told,
    directions_of,
    inverted,
    observed,
    scales_of,
    squared,
    turns_of,
)
from motes.reconstruction.mixture.layout import FloatArray
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.scores import Scores
from motes.stored import StoredPatterns
from motes.threads import one_blas_thread

KINDS = ("information", "sandwich")
LARGEST_MATRIX = 6600  # pixels: two masters of 64x64 in their discs; more classes go one by one
_SAMPLES = 6  # patterns for each pixel, where there are so many
_FEW = 10  # patterns for each pixel: of fewer, the mean of s s^T is hardly inverted


@dataclass(frozen=True, eq=False)
class MixtureErrorBars:
    """What the data tell of the masters.

    Attributes
    ----------
    std_error : (n_pixels,) float64 array
        Standard error of each pixel, photons; across the turns of its master, where angles are free.
    class_weights_std_error : (K,) float64 array
        Of the occupancies; zeros where they are given.
    notes : tuple of str
        What a user should know about them.
    """

    std_error: FloatArray
    class_weights_std_error: FloatArray
    notes: tuple[str, ...]


def mixture_error_bars(
    problem: MixtureProblem,
    vector: FloatArray,
    weights: FloatArray,
    *,
    kind: str = "information",
    seed: int = 0,
    n_used: int = PATTERNS_USED,
) -> MixtureErrorBars:
    """Standard errors of maximum-likelihood masters.

    Parameters
    ----------
    problem : MixtureProblem
        Patterns and model.
    vector, weights : arrays
        The estimate.
    kind : {"information", "sandwich"}
        As of `motes.reconstruct`.
    seed : int
        Chooses which patterns the information is estimated from, where there are more than are needed.
    n_used : int
        At most so many, or six for each pixel where that is more.
    """
    checks.one_of("error_bars", kind, KINDS)
    layout, n_patterns = problem.layout, len(problem.patterns)
    if not n_patterns:
        return MixtureErrorBars(np.full(layout.n_pixels, np.nan), np.full(len(layout.maps), np.nan), ())
    directions = directions_of(layout, weights, classes=problem.estimate_classes, rotations=problem.estimate_weights)
    everything = tuple(range(len(layout.maps)))
    together = int(problem.seen.sum()) + len(directions) <= LARGEST_MATRIX
    groups = [everything] if together else [(k,) for k in everything]
    chosen = _chosen(n_patterns, max(n_used, _SAMPLES * (LARGEST_MATRIX if not together else layout.n_pixels)), seed)
    sample = _sample(problem, vector, weights, chosen)
    variance, notes = np.full(layout.n_pixels, np.nan), []
    ends = np.cumsum(layout.sizes)
    for classes in groups:
        told, said = _told(Scores(problem, vector, weights, directions, classes), sample, kind, n_patterns)
        begin = ends[classes[0]] - layout.sizes[classes[0]]
        variance[begin : ends[classes[-1]]] = told.variance
        notes += said
    if not together:
        notes.append("error bars take the other classes as known")
    of_classes = np.zeros(len(everything))
    n_of_classes = len(everything) - 1 if problem.estimate_classes else 0
    if n_of_classes:
        along = np.array([layout.per_class(row) for row in directions[:n_of_classes]])
        of_classes = np.einsum("ak,ab,bk->k", along, told.of_directions[:n_of_classes, :n_of_classes], along)
    std_error = np.sqrt(np.where(problem.seen, variance, np.nan) / n_patterns)
    return MixtureErrorBars(std_error, np.sqrt(of_classes / n_patterns), tuple(dict.fromkeys(notes)))


def _told(scores: Scores, sample: Sample, kind: str, n_patterns: int) -> tuple[Told, list[str]]:
    """What one pattern tells of the masters of some classes, and notes."""
    n_sample, size = len(sample), scores.maps.shape[1] + len(scores.directions)
    turns = turns_of(scores)
    with one_blas_thread():
        of_scores = squared(scores, sample)
        louis = kind == "sandwich" or (n_sample == n_patterns and n_sample < _FEW * size)
        information = observed(scores, sample, of_scores) if louis else of_scores
        if scores.problem.estimate_fluence:
            n_pixels = scores.masters.size
            of_scores[:n_pixels, :n_pixels] += scales_of(scores)  # Louis' form takes fluences as known: it has them
        between = of_scores if kind == "sandwich" else None
        shrink = 1.0 if louis else max(1 - (size + 1) / n_sample, 0.01)  # the mean of an inverse Wishart matrix
        told = inverted(scores, information, turns=turns, n_sample=n_sample, between=between, shrink=shrink)
    notes = ["error bars by the sandwich form"] if kind == "sandwich" else []
    return told, [*notes, *([hardly_told(told.untold)] if told.untold else [])]


def _sample(problem: MixtureProblem, vector: FloatArray, weights: FloatArray, chosen: npt.NDArray[np.int64]) -> Sample:
    """Some patterns, their responsibilities and fluences."""
    patterns, fluence = problem.patterns, problem.fluence_at(vector)
    if isinstance(patterns, StoredPatterns) or len(chosen) < len(patterns):
        patterns, fluence = patterns[chosen], None if fluence is None else fluence[chosen]
    templates = problem.templates(vector, weights)
    gamma = [
        templates.responsibilities(patterns[part], None if fluence is None else fluence[part])
        for part in templates.parts(patterns, fluence)
    ]
    return Sample(patterns, np.concatenate(gamma) if gamma else np.zeros((0, len(weights))), fluence)


def _chosen(n_patterns: int, n_used: int, seed: int) -> npt.NDArray[np.int64]:
    """At most so many patterns, in the order of the file."""
    if n_patterns <= n_used:
        return np.arange(n_patterns)
    return np.sort(np.random.default_rng(seed).choice(n_patterns, n_used, replace=False))
