"""Interpolated masters live in a frame: the same picture, turned, is another grid of pixels, and may fit better.

Turns by interpolation are no group: templates of a turned master are smoother than those of the master, so that a climb
ends in one of as many maxima as there are angles (those a quarter turn apart are one). With the responsibilities at
hand they are compared without another sweep: the photons that patterns put on template t + f are those of template t of
the master turned by f. What an M step from there is expected to reach bounds the likelihood from below (the free energy
of Neal and Hinton, 1998), so to move to the frame that reaches most is a true ascent step.
"""

from __future__ import annotations

import math

import numpy as np

from motes.detector import Detector
from motes.in_plane import InPlane
from motes.reconstruction.mixture.layout import FloatArray
from motes.reconstruction.mixture.problem import MixtureProblem
from motes.reconstruction.mixture.steps import m_step

STEPS = 3  # M steps in each frame, each of several rounds
_TINY = 1e-300


def best_frames(problem: MixtureProblem, vector: FloatArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Parameters and weights with each class in the frame that promises the largest likelihood: one sweep.

    Parameters
    ----------
    problem : MixtureProblem
        Patterns and model; classes whose map is no `InPlane` stay as they are.
    vector, weights : float64 arrays
        Where a climb has come to. Fluences, or sigma, make their step before the masters, as in `evaluate`.
    """
    sums = problem.expected_sums(vector, weights)
    detector = problem.claimed_by
    masters, turned = [], weights.copy()
    for turns, part, master in zip(problem.maps, problem.layout.parts, problem.layout.split(vector), strict=True):
        planes, exposure = sums.planes[part], sums.exposure[part]
        if not isinstance(turns, InPlane) or turns.n_angles < 2:
            masters.append(master)
            continue
        own = template_order(turns, 0)
        best, best_value, best_order = master, -np.inf, own
        for frame in range(turns.n_angles // math.gcd(turns.n_angles, 4)):
            order = template_order(turns, frame)
            start = np.where(turns.support(master.shape), turns.expand(master)[frame], master)
            found = np.clip(start, *problem.limits)
            for _ in range(STEPS):
                found = np.clip(
                    m_step(problem.noise.name)(turns, detector, planes[order], exposure[order], found), *problem.limits
                )
            value = expected(problem.noise.name, turns, detector, planes[order], exposure[order], found)
            if value > best_value:
                best, best_value, best_order = found, value, order
        masters.append(best)
        turned[part] = weights[part][best_order]
    return problem.inside(problem.layout.join(masters, sums.rest)), turned


def template_order(turns: InPlane, frame: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Which template of a master each template of the master turned by `frame` steps is: (R,).

    Examples
    --------
    >>> template_order(InPlane(4, mirrored=True), 1)
    array([1, 2, 3, 0, 7, 4, 5, 6])
    """
    steps = np.arange(turns.n_angles)
    order = (steps + frame) % turns.n_angles
    if turns.mirrored:  # the mirror image turns the other way
        order = np.concatenate([order, turns.n_angles + (steps - frame) % turns.n_angles])
    return order


def expected(
    noise: str, turns: InPlane, detector: Detector, planes: FloatArray, exposure: FloatArray, master: FloatArray
) -> float:
    """What of the expected log-likelihood depends on the master, nats; of Gaussian noise in units of sigma^2."""
    means = np.maximum(detector.correction * turns.expand(master), -np.inf if noise == "gaussian" else _TINY)
    if detector.background is not None:
        means = means + detector.background
    patterns = exposure[:, None, None]
    if noise == "poisson":
        terms = planes * np.log(means) - patterns * means
    elif noise == "bernoulli":
        terms = planes * np.log(means) + (patterns - planes) * np.log1p(-np.minimum(means, 1 - 1e-12))
    else:
        terms = planes * means - patterns * means**2 / 2
    return float(np.where(detector.merged, terms, 0.0).sum())
