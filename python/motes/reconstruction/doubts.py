"""What a user should doubt in a fit that ended well, in words."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from motes.reconstruction.problem import Problem

LOW_AGREEMENT = 0.9
ONE_LABEL = 0.97  # of the patterns
_FEWEST = 100  # patterns: fewer may well show one rotation
_PHOTONS = 10  # a pixel, over all patterns: with fewer, a dark line means nothing


def doubts(
    problem: Problem,
    labels: npt.NDArray[np.int32],
    *,
    evidence: float,
    evidence_of_noise: float,
    agreement: float | None,
    hard: bool,
) -> Iterator[str]:
    """Notes on data and fit, the gravest first.

    Parameters
    ----------
    problem : Problem
        Patterns and model.
    labels : (N,) int32 array
        The most likely rotation of each pattern.
    evidence, evidence_of_noise : float
        Of the fit, and the most that noise comes to: see `motes.reconstruction.evidence`.
    agreement : float or None
        Between restarts.
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
    told = evidence > evidence_of_noise
    if not told and evidence_of_noise > 0:
        yield (
            "this fit does not tell a picture from its rotation-symmetric mean: it wins "
            f"{evidence:,.0f} nats over it (twice the log-likelihood), and noise wins up to {evidence_of_noise:,.0f}; "
            "if there is one, another start may find it (init random, restarts)"
        )
    if agreement is not None and agreement < LOW_AGREEMENT:
        yield f"the starts ended at different masters, their least correlation with the best is {agreement:.2f}"
    if hard:
        yield "hard assignment is biased, by more than any error bar covers: there is none (NaN)"
    yield from _dark_lines(problem)
    most = np.bincount(labels).max() / labels.size
    if told and problem.rotations.n > 1 and len(patterns) >= _FEWEST and most > ONE_LABEL:
        yield f"{most:.1%} of the labels are the same: is the shape right, and are the patterns turned at all?"


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
