"""Whether patterns are sharper than interpolation lets templates be.

Bilinear interpolation blurs: a template's pixel that lies between those of the master is a mean of them, of variance
b = f (1 - f) + g (1 - g) about the place that it shows, f and g the fractions of a pixel that it is off. b is 0 where
pixels meet and 1/2 in the middle of four, and is read off the map itself: it is what a turn adds to the squared
distance from the centre. Of a picture with detail as fine as the pixels, patterns are not blurred so, and the master
can not make up for it everywhere: where b is large they are sharper than templates, where it is small less sharp. Along

    d = -(b - mean b) / 4 * laplacian(t)

the log-likelihood of patterns drawn with the map itself has no slope. The slope over the information along d is the
share of the blur that the patterns do not have: about 0 of the map's own patterns, near 1 of a picture sampled finely.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from motes.in_plane import InPlane
from motes.maps import TemplateMap
from motes.reconstruction.mixture.layout import FloatArray
from motes.reconstruction.mixture.problem import MixtureProblem

CERTAIN = 5.0  # standard errors
MUCH = 0.2  # of the blur: less may well be angles between those of the templates


class Sharpness(NamedTuple):
    """What the patterns tell of the blur.

    Attributes
    ----------
    share : float
        Of the blur of interpolation that patterns do not have; NaN where there is no detail to be blurred.
    std_error : float
        Of the share, as if angles were known: too small a one where they are not, and the share is then too near to 0.
    """

    share: float
    std_error: float


def sharpness(problem: MixtureProblem, vector: FloatArray, weights: FloatArray) -> Sharpness:
    """Compare patterns with templates where interpolation blurs more and where it blurs less.

    Parameters
    ----------
    problem : MixtureProblem
        Patterns and model.
    vector, weights : float64 arrays
        Of the fit, as `MixtureProblem.evaluate` takes them.
    """
    if not any(_blurs(turns) for turns in problem.maps):
        return Sharpness(float("nan"), float("nan"))
    sums, detector = problem.expected_sums(vector, weights), problem.claimed_by
    shape, layout = problem.patterns.shape, problem.layout
    correction = np.where(detector.merged, detector.correction, 0.0)
    background = np.zeros(shape) if detector.background is None else detector.background
    slope = information = 0.0
    for turns, part, master in zip(problem.maps, layout.parts, layout.split(vector), strict=True):
        if not _blurs(turns):
            continue
        templates = turns.expand(master)
        means = np.clip(correction * templates + background, *problem.limits)
        direction = correction * _direction(turns, templates)
        exposure = sums.exposure[part][:, None, None]
        per_look = problem.precision(means) * direction
        slope += float((per_look * (sums.planes[part] - exposure * means)).sum())
        information += float((per_look * exposure * direction).sum())
    if not information > 1:  # the share is not even known to 1
        return Sharpness(float("nan"), float("nan"))
    return Sharpness(slope / information, float(1 / np.sqrt(information)))


def doubts_of_sharpness(problem: MixtureProblem, vector: FloatArray, weights: FloatArray) -> Iterator[str]:
    """A note where patterns are much, and certainly, sharper than templates can be."""
    found = sharpness(problem, vector, weights)
    if found.share > MUCH and found.share > CERTAIN * found.std_error:
        yield (
            f"templates are smoother than the patterns: {min(found.share, 1):.0%} of the blur of turning by "
            "interpolation is not in them (a picture with detail as fine as a pixel), so that the master is sharpened "
            "to make up for it, by more than its error bars say; angles suffer little. Smaller pixels are the way to a "
            "better one; where it is compared, compare its templates"
        )


def _blurs(turns: TemplateMap) -> bool:
    return isinstance(turns, InPlane) and turns.n_angles > 1 and 4 % turns.n_angles != 0


def _direction(turns: TemplateMap, templates: FloatArray) -> FloatArray:
    """d, (R, H, W); 0 next to the edge of the disc, where interpolation takes what there is."""
    shape = templates.shape[1:]
    middle = [(side - 1) / 2 for side in shape]
    squared = (np.arange(shape[0]) - middle[0])[:, None] ** 2 + (np.arange(shape[1]) - middle[1]) ** 2
    inside = squared <= (min(middle) - 2) ** 2
    blur = np.where(inside, turns.expand(squared) - squared, 0.0)
    blur = np.where(inside, blur - blur[:, inside].mean() if inside.any() else 0.0, 0.0)
    curved = np.zeros_like(templates)
    curved[:, 1:-1, 1:-1] = (
        templates[:, :-2, 1:-1] + templates[:, 2:, 1:-1] + templates[:, 1:-1, :-2] + templates[:, 1:-1, 2:]
        - 4 * templates[:, 1:-1, 1:-1]
    )  # fmt: skip
    return -0.25 * blur * curved
