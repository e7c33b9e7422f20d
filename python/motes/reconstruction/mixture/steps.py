"""M steps through any linear map: from photons sorted by template to a master, and never to one of less likelihood.

Through exact permutations the best master is the weighted average of the patterns turned home. Through interpolation it
is not (docs/theory.md, section 3), and each noise model has a step of its own. With t = A m the templates of a master
m, c the correction and b the background, a step raises, or leaves as it is, what is expected of the log-likelihood,

    Poisson     sum_ri  P ln(c t + b) - g c t
    Bernoulli   sum_ri  P ln(c t) + (g - P) ln(1 - c t)
    Gaussian    sum_ri  P (c t + b) - g (c t + b)^2 / 2

P (R, H, W) are the photons that patterns put there, each by its responsibility for template r, and g (R,) the patterns,
by responsibility and fluence. Only merged pixels count. Where the map is a permutation, all three are the average.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from motes.detector import Detector
from motes.maps import TemplateMap

FloatArray: TypeAlias = npt.NDArray[np.float64]
Step: TypeAlias = Callable[[TemplateMap, Detector, FloatArray, FloatArray, FloatArray], FloatArray]
"""(map, detector, planes, weights, master) -> master."""

ROUNDS = 10  # of the two iterative updates: a sweep costs much more than they do
_SETTLED = 1e-9  # relative to the largest value: no further round is worth it
_TINY = 1e-300


def m_step(noise: str) -> Step:
    """The step of a noise model, by its name.

    Examples
    --------
    >>> m_step("poisson") is poisson_step
    True
    """
    return {"poisson": poisson_step, "bernoulli": bernoulli_step, "gaussian": gaussian_step}[noise]


def poisson_step(
    turns: TemplateMap, detector: Detector, planes: FloatArray, weights: FloatArray, master: FloatArray
) -> FloatArray:
    """Ratio updates: m <- m A^T[c P / (c t + b)] / A^T[c g], the expectation maximisation of Richardson and Lucy.

    Parameters
    ----------
    turns : TemplateMap
        R templates of a master.
    detector : Detector
        Which pixels are merged, their correction and background.
    planes : (R, H, W) float64 array
        Photons, by template.
    weights : (R,) float64 array
        Patterns, by template.
    master : float64 array
        Where to begin; pixels of 0 stay there.

    Returns
    -------
    array as `master`
        Pixels that no template shows to a merged one are those of `master`.

    Examples
    --------
    >>> from motes import C4
    >>> planes = np.arange(16.0).reshape(4, 2, 2)
    >>> detector = Detector.from_mask(np.zeros((2, 2), int))
    >>> poisson_step(C4, detector, planes, np.full(4, 2.0), np.ones((2, 2))) == C4.back_rotate(planes) / 8
    array([[ True,  True],
           [ True,  True]])
    """
    correction, background = _detection(detector)
    looks = turns.back_rotate(weights[:, None, None] * correction)

    def update(master: FloatArray) -> FloatArray:
        means = correction * turns.expand(master) + background
        home = turns.back_rotate(_ratio(correction * planes, means))
        return np.where(looks > 0, master * home / np.maximum(looks, _TINY), master)

    return _repeated(update, master)


def bernoulli_step(
    turns: TemplateMap, detector: Detector, planes: FloatArray, weights: FloatArray, master: FloatArray
) -> FloatArray:
    """Of the pixels that a template's pixel is made of, which one was looked at, and was it lit: both are averaged.

    Weights of the map are probabilities: a template's pixel looks at one pixel of the master, which is lit with the
    probability m, and a lit one is seen with the probability c, at most 1 (by scaling master and correction). Given
    what was seen, the lit looks are m U and the dark ones (1 - m) V,

        U = A^T[P / t + (1 - c) (g - P) / (1 - c t)],   V = A^T[(g - P) / (1 - c t)],   m <- m U / (m U + (1 - m) V).

    Parameters and returns as of `poisson_step`; a background is none of this model's.
    """
    correction, _ = _detection(detector)
    most = max(float(correction.max()), 1.0)
    seen = correction / most
    dark = np.where(detector.merged, weights[:, None, None] - planes, 0.0)
    caught = np.where(detector.merged, planes, 0.0)

    def update(master: FloatArray) -> FloatArray:
        templates = turns.expand(master)
        missed = _ratio(dark, 1 - seen * templates)
        lit = master * turns.back_rotate(_ratio(caught, templates) + (1 - seen) * missed)
        unlit = (1 - master) * turns.back_rotate(missed)
        looks = lit + unlit
        return np.where(looks > 0, lit / np.maximum(looks, _TINY), master)

    return _repeated(update, np.minimum(master * most, 1.0)) / most


def gaussian_step(
    turns: TemplateMap, detector: Detector, planes: FloatArray, weights: FloatArray, master: FloatArray
) -> FloatArray:
    """The normal equations, sum_r A_r^T c g_r c A_r m = A^T[c (P - g b)], by conjugate gradients from `master`.

    Parameters and returns as of `poisson_step`.
    """
    correction, background = _detection(detector)
    patterns = weights[:, None, None]

    def information(values: FloatArray) -> FloatArray:
        return turns.back_rotate(correction**2 * patterns * turns.expand(values))

    home = turns.back_rotate(correction * (planes - patterns * background))
    residual = home - information(master)
    direction, size = residual, float((residual**2).sum())
    enough = _SETTLED**2 * float((home**2).sum())
    for _ in range(3 * ROUNDS):
        if size <= enough:
            break
        image = information(direction)
        curvature = float((direction * image).sum())
        if curvature <= 0:
            break
        length = size / curvature
        master = master + length * direction
        residual = residual - length * image
        before, size = size, float((residual**2).sum())
        direction = residual + size / before * direction
    return master


def _detection(detector: Detector) -> tuple[FloatArray, FloatArray]:
    """Correction, 0 where not merged, and background."""
    correction = np.where(detector.merged, detector.correction, 0.0)
    background = detector.background
    return correction, np.zeros_like(correction) if background is None else background


def _ratio(above: FloatArray, below: FloatArray) -> FloatArray:
    """Quotient, 0 where nothing is above."""
    return np.where(above > 0, above / np.maximum(below, _TINY), 0.0)


def _repeated(update: Callable[[FloatArray], FloatArray], master: FloatArray) -> FloatArray:
    for _ in range(ROUNDS):
        before, master = master, update(master)
        if np.abs(master - before).max(initial=0.0) <= _SETTLED * np.abs(master).max(initial=0.0):
            break
    return master
