"""What a user should doubt in a fit that ended well, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from motes.reconstruction.problem import FloatArray, Problem

LOW_AGREEMENT = 0.9
LARGE_ERROR = 0.3  # of what changes when the picture is turned
ONE_LABEL = 0.97  # of the patterns
LEAST_BLANK = 0.001  # of the patterns: fewer make no difference to the counts
_FEWEST = 100  # patterns: fewer may well show one rotation
_PHOTONS = 10  # a pixel, over all patterns: with fewer, a dark line means nothing


def doubts(
    problem: Problem,
    counts: npt.NDArray[np.int64],
    blank: int,
    *,
    evidence: float,
    evidence_of_noise: float,
    agreement: float | None,
    own_error: float,
    hard: bool,
) -> Iterator[str]:
    """Notes on data and fit, the gravest first.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    counts : (R,) int64 array
        Patterns of each label, relative to the first pattern.
    blank : int
        The label of a pattern without photons.
    evidence, evidence_of_noise : float
        Of the fit, and the most that noise comes to: see `motes.reconstruction.evidence`.
    agreement : float or None
        Between restarts.
    own_error : float
        See `own_error`; NaN where it is not known.
    hard : bool
        Whether each pattern was given to its best rotation alone.
    """
    patterns = problem.patterns
    if not len(patterns):
        yield "no patterns: the master only holds the place of one"
        return
    if not problem.photons.any():
        yield "no photons: the master is dark, as far as this many patterns can tell"
        return
    if len(patterns) == 1:
        yield "one pattern: the master is that pattern, as far as a single one can tell"
        return
    told = evidence > evidence_of_noise
    if not told and evidence_of_noise > 0:
        yield (
            "this fit does not tell a picture from its rotation-symmetric mean: it wins "
            f"{np.round(evidence) + 0.0:,.0f} nats over it (twice the log-likelihood), "
            f"and noise wins up to {evidence_of_noise:,.0f}; "
            "if there is one, another start may find it (init random, restarts)"
        )
    if agreement is not None and agreement < LOW_AGREEMENT:
        yield f"the starts ended at different masters, their least correlation with the best is {agreement:.2f}"
    if told and own_error > LARGE_ERROR:
        yield (
            f"the standard errors come to {own_error:.0%} of what changes when the picture is turned: "
            "details are noise, and more patterns would show them"
        )
    if hard:
        yield "hard assignment is biased, by more than any error bar covers: there is none (NaN)"
    yield from _blank(problem, blank)
    yield from _dark_lines(problem)
    most = counts.max() / len(patterns)
    if told and problem.rotations.n > 1 and len(patterns) >= _FEWEST and most > ONE_LABEL:
        yield f"{most:.1%} of the labels are the same: is the shape right, and are the patterns turned at all?"


def own_error(problem: Problem, master: npt.NDArray[np.float64], std_error: npt.NDArray[np.float64]) -> float:
    """Norm of the standard errors, relative to the part of a master that differs from its mean over the rotations.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    master, std_error : (M,) float64 arrays, photons
        Of the fit.

    Returns
    -------
    float
        NaN where no error is known, or where no rotation changes the master.
    """
    seen = problem.seen
    own = float(np.linalg.norm((master - master[problem.index].mean(axis=0))[seen]))
    return float(np.linalg.norm(std_error[seen])) / own if own > 0 else float("nan")


def _blank(problem: Problem, label: int) -> Iterator[str]:
    """Patterns that caught nothing: all alike, so that all have one label."""
    n_blank = problem.patterns.n_empty
    if problem.rotations.n > 1 and n_blank > LEAST_BLANK * len(problem.patterns):
        yield (
            f"{n_blank:,} pattern{'s' * (n_blank != 1)} without photons tell no orientation; they are counted as label "
            f"{label}"
        )


def _dark_lines(problem: Problem) -> Iterator[str]:
    """Last rows or columns that caught nothing, where the first ones did: the average of turned patterns is no such."""
    if problem.photons.sum() < _PHOTONS * problem.photons.size or not problem.good.all():
        return
    image = problem.photons.reshape(problem.patterns.shape)
    for axis, name in ((1, "row"), (0, "column")):
        lit = np.flatnonzero(image.any(axis=axis))
        dark = image.shape[1 - axis] - 1 - int(lit[-1])
        if dark > int(lit[0]) and problem.rotations.n > 1:
            which = f"the last {name}" if dark == 1 else f"the last {dark} {name}s"
            yield f"{which} caught no photon, and the first did: is the shape right?"


def agreement_of(problem: Problem, others: list[FloatArray], best: FloatArray) -> float | None:
    """Least correlation of other masters with the best, each after its best turn."""
    if not others or problem.contrast(best) == 0:
        return None
    centred = best - best.mean()
    correlations = []
    for other in others:
        turned = other[problem.index]
        turned = turned - turned.mean(axis=1, keepdims=True)
        sizes = np.linalg.norm(turned, axis=1) * np.linalg.norm(centred)
        correlations.append(float((turned @ centred / np.maximum(sizes, 1e-300)).max()))
    return min(correlations)
