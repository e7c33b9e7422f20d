"""Fisher information of a mixture seen through any maps, and its inverse.

The mean of s s^T over patterns is the information, as of exact groups (docs/theory.md). What is no error of a master is
taken out of it: probabilities that are estimated too are eliminated, and where angles are free, so is the turn of the
whole master, tau = d master / d angle. An error is measured after the best turn, which leaves what lies across tau:

    C = Q (Q^T I' Q)^-1 Q^T,      I' = I - I tau (tau^T I tau)^-1 tau^T I,      Q an orthonormal basis across tau.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.quotient import tangent, turns_freely
from motes.reconstruction.information import tangent_of
from motes.reconstruction.inverse import inverse_of
from motes.reconstruction.mixture.layout import FloatArray, Layout
from motes.reconstruction.mixture.scores import Scores
from motes.reconstruction.mixture.templates import AnyPatterns

FLOOR = 1e-3  # of a pixel's own information: a smaller eigenvalue is not to be told from 0 by a sample
_LEAST_PHOTONS = 25.0
_LITTLE = 0.02  # of a pixel's information in the mean
_TINY = 1e-12


@dataclass(frozen=True, eq=False)
class Sample:
    """Patterns that an information is estimated from.

    Attributes
    ----------
    patterns : Patterns or DensePatterns
        n of them.
    responsibilities : (n, T) array
        Of each template.
    fluence : (n,) float64 array or None
        Of each pattern; None where all are 1.
    """

    patterns: AnyPatterns
    responsibilities: npt.NDArray[np.floating]
    fluence: FloatArray | None = None

    def __len__(self) -> int:
        return len(self.patterns)

    def exposure(self) -> FloatArray:
        """(T,): patterns of each template, by responsibility and fluence, of one pattern in the mean."""
        gamma = self.responsibilities.astype(np.float64, copy=False)
        fluence = np.ones(len(self)) if self.fluence is None else self.fluence
        return np.asarray(fluence @ gamma / max(len(self), 1))


def squared(scores: Scores, sample: Sample, *, apart: bool = False) -> FloatArray:
    """Mean of s s^T over patterns: (n, n), n the pixels of all masters and the directions of the weights.

    With `apart` the mean of what it were if templates were known, over those that each pattern may show. In single
    precision within a block, in double precision over blocks, whose bounds depend on the sample alone.
    """
    size = scores.maps.shape[1] + len(scores.directions)
    total = np.zeros((size, size))
    for block in scores.of(sample.patterns, sample.responsibilities, sample.fluence, apart=apart):
        total += block.T @ block
    return total / max(len(sample), 1)


def observed(scores: Scores, sample: Sample, of_scores: FloatArray) -> FloatArray:
    """Louis' form: the complete-data information less the variance of its score over the unknown template.

    `of_scores` is what `squared` gives.
    """
    from scipy.sparse import diags_array

    exposure = sample.exposure()
    told = exposure[:, None] * scores.slopes**2 / scores.templates.noise.precision(scores.means)
    complete = (scores.maps.T @ diags_array(told.ravel()) @ scores.maps).toarray()
    information = of_scores - squared(scores, sample, apart=True)
    n_pixels = len(complete)
    information[:n_pixels, :n_pixels] += complete
    of_weights = scores.directions / scores.weights
    frequencies = sample.responsibilities.sum(axis=0, dtype=np.float64) / max(len(sample), 1)
    information[n_pixels:, n_pixels:] += (of_weights * frequencies) @ of_weights.T
    return information


def scales_of(scores: Scores) -> FloatArray:
    """What a mean fluence of 1 tells of the masters where fluences are estimated: (n, n), n the pixels of all masters.

    Only the product of fluence and master is seen, so s s^T is 0 along each master. But of the photons of all patterns
    of a class their mean is known as well as their number: its information is g g^T / S, S the photons of a pattern of
    fluence 1 and g their gradient.
    """
    layout, masters = scores.problem.layout, scores.masters
    told = np.zeros((masters.size, masters.size))
    begin = 0
    for k, master in scores.per_class():
        part, own = layout.parts[k], slice(begin, begin + master.size)
        gradient = scores.weights[part] @ scores.shared[part, own]  # times the frequency of the class
        photons = float(gradient @ masters[own])
        told[own, own] = np.outer(gradient, gradient) / max(photons, _TINY)
        begin += master.size
    return told


def turns_of(scores: Scores) -> FloatArray:
    """Orthonormal directions in which masters turn: (n_pixels, n), one for each class of free angles."""
    layout, n_pixels = scores.problem.layout, scores.masters.size
    found, begin = [], 0
    for k, master in scores.per_class():
        if turns_freely(layout.maps[k]):
            direction = np.zeros(n_pixels)
            direction[begin : begin + master.size] = tangent(master).ravel()
            size = float(np.linalg.norm(direction))
            if size > _TINY * float(np.linalg.norm(master)):  # a round master has none
                found.append(direction / size)
        begin += master.size
    return np.array(found).reshape(-1, n_pixels).T


def directions_of(layout: Layout, weights: FloatArray, *, classes: bool, rotations: bool) -> FloatArray:
    """(n_directions, T): what of the weights is estimated, directions along which they keep their sum."""
    rows: list[FloatArray] = []
    if classes and len(layout.parts) > 1:
        within = weights / layout.per_class(weights)[layout.class_of]
        rows += [direction[layout.class_of] * within for direction in tangent_of(len(layout.parts))]
    for part in layout.parts if rotations else ():
        for direction in tangent_of(part.stop - part.start) if part.stop - part.start > 1 else ():
            rows.append(np.zeros(len(weights)))
            rows[-1][part] = direction
    return np.array(rows).reshape(-1, len(weights))


@dataclass(frozen=True, eq=False)
class Told:
    """What one pattern tells of the masters, on average.

    Attributes
    ----------
    variance : (n_pixels,) float64 array
        Of each pixel, across the turns of its master: the diagonal of the inverse information.
    of_directions : (n_directions, n_directions) float64 array
        Covariance of the weights.
    untold : int
        Directions whose information had to be raised to the floor: variances are lower bounds.
    """

    variance: FloatArray
    of_directions: FloatArray
    untold: int


def inverted(
    scores: Scores,
    information: FloatArray,
    *,
    turns: FloatArray,
    n_sample: int,
    between: FloatArray | None = None,
    shrink: float = 1.0,
    floor: float = FLOOR,
) -> Told:
    """The inverse information of one pattern, across turns, of the pixels that a sample tells anything of.

    Parameters
    ----------
    scores : Scores
        Of the masters in question.
    information : (n, n) float64 array
        Per pattern.
    turns : (n_pixels, n_turns) float64 array
        As of `turns_of`.
    n_sample : int
        Patterns that it comes from. Pixels of fewer than 25 photons in them, and all others if none has more, get the
        variance that they had if templates were known.
    between : (n, n) float64 array, optional
        For the sandwich, information^-1 between information^-1.
    shrink : float
        The inverse is multiplied by it.
    floor : float
        Of a pixel's own information: smaller eigenvalues are raised to it.
    """
    n_pixels = scores.maps.shape[1]
    with np.errstate(divide="ignore"):
        variance = 1 / scores.complete
    free = free_pixels(scores, n_sample)
    keep = np.concatenate([np.flatnonzero(free), np.arange(n_pixels, len(information))])
    n_free, size = int(free.sum()), len(keep)
    if not n_free:
        return Told(variance, np.zeros((size, size)), 0)
    across = np.zeros((size, turns.shape[1]))
    across[:n_free] = turns[free]
    across = np.linalg.qr(across)[0]
    project = _across(information[np.ix_(keep, keep)], across) if across.size else None
    matrix = information[np.ix_(keep, keep)]
    if project is not None:  # along the turns, as much as makes it invertible
        typical = float(np.diag(matrix).mean())
        matrix = project @ matrix @ project.T + typical * across @ across.T
    # Far from a maximum Louis' form may leave a parameter nothing, or less: no less than the floor of what were known.
    of_weights = (scores.directions**2 / scores.weights).sum(axis=1)
    least = floor * np.concatenate([scores.complete[free], of_weights])
    whiten = 1 / np.sqrt(np.maximum(np.diag(matrix), least))
    inverse, untold = inverse_of(whiten[:, None] * matrix * whiten, floor)
    covariance = shrink * whiten[:, None] * inverse * whiten
    if between is not None:
        middle = between[np.ix_(keep, keep)]
        covariance = covariance @ (middle if project is None else project @ middle @ project.T) @ covariance
    covariance -= across @ (across.T @ covariance)  # what the turns were held by is no variance
    covariance -= (covariance @ across) @ across.T
    variance[free] = np.diag(covariance)[:n_free]
    return Told(variance, covariance[n_free:, n_free:], untold)


def free_pixels(scores: Scores, n_sample: int) -> npt.NDArray[np.bool_]:
    """Pixels with enough photons, and enough patterns without, for a sample to say what is hidden of them."""
    if scores.problem.noise.name == "gaussian":
        return np.asarray(scores.looks > 0)
    masters, (_, high) = scores.masters, scores.problem.limits
    rarer = np.minimum(masters, 1 - masters) if np.isfinite(high) else masters
    return np.asarray(rarer * scores.looks * n_sample >= _LEAST_PHOTONS)


def _across(information: FloatArray, turns: FloatArray) -> FloatArray:
    """E, so that E I E^T is the information across the turns, these not known.

    Along a turn of which next to nothing is known, the rest is as good as known without it.
    """
    along = information @ turns
    known = turns.T @ along
    least = float(np.linalg.eigvalsh(known).min(initial=np.inf))
    if least <= _LITTLE * float(np.diag(information).mean()):
        along, known = turns, np.eye(turns.shape[1])
    across: FloatArray = np.eye(len(information)) - along @ np.linalg.solve(known, turns.T)
    return across
