"""Expected log-likelihoods, exact: of the right orientation, and of it against the others."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.limits.turns import checked_of
from motes.maps import TemplateMap
from motes.noise import Noise
from motes.rotations import C4, Rotations


@dataclass(frozen=True)
class ExpectedLogLikelihood:
    """Log-likelihood of a pattern under the template that it shows.

    Attributes
    ----------
    mean, std : float
        Over patterns, nats. Of Poisson patterns without ln x!, as everywhere in motes.
    """

    mean: float
    std: float


def expected_log_likelihood(
    master: npt.NDArray[np.floating], rotations: TemplateMap | str = C4, noise: Noise | str | None = None
) -> ExpectedLogLikelihood:
    """Mean and standard deviation, over patterns, of the log-likelihood under the true template.

    Bernoulli: sum mu ln mu + (1 - mu) ln(1 - mu) and sqrt(sum mu (1 - mu) ln(mu / (1 - mu))^2), sums over pixels; it is
    the same in every orientation. Case (f) of task 5 is this for two means.

    Parameters
    ----------
    master : (L, L) array
        Mean photons a pixel.
    rotations : Rotations, InPlane or str
        Exact groups change nothing but what is refused; of in-plane turns it is the mean over all angles.
    noise : Bernoulli or Poisson, optional
        Bernoulli by default.

    Returns
    -------
    ExpectedLogLikelihood

    Examples
    --------
    >>> expected_log_likelihood(np.full((2, 2), 0.5))
    ExpectedLogLikelihood(mean=-2.772588722239781, std=0.0)
    """
    truth, turns, model = checked_of(master, rotations, noise)
    templates = truth[None] if isinstance(turns, Rotations) else turns.expand(truth)
    found = np.array([_of_one(template.ravel(), model) for template in templates])
    return ExpectedLogLikelihood(float(found[:, 0].mean()), float(np.sqrt(found[:, 1].mean() + found[:, 0].var())))


def _of_one(means: npt.NDArray[np.float64], model: Noise) -> tuple[float, float]:
    """Mean and variance, over patterns of one template."""
    certain = (means == 0) | (means == (1 if np.isfinite(model.limits(1)[1]) else np.inf))
    means = means[~certain]  # what is certain adds nothing: 0 ln 0 = 0
    weight = model.weight(means)
    mean = float((means * weight + model.base(means)).sum())
    return mean, float((weight**2 / model.precision(means)).sum())


def likelihood_ratio(
    master: npt.NDArray[np.floating], rotations: TemplateMap | str = C4, noise: Noise | str | None = None
) -> npt.NDArray[np.float64]:
    """By how much the true orientation is likelier than each other, expected over patterns.

    K[r, s] = E[L_r - L_s] over patterns of orientation r: the relative entropy (Kullback-Leibler) of template r to s.

    Parameters
    ----------
    master, rotations, noise
        As of `expected_log_likelihood`.

    Returns
    -------
    (R, R) float64 array, nats
        0 on the diagonal; infinite where template s forbids what r does.

    Examples
    --------
    >>> likelihood_ratio(np.array([[0.5, 0.25], [0.25, 0.25]]))[0].round(4)
    array([0.    , 0.2747, 0.2747, 0.2747])
    """
    truth, turns, model = checked_of(master, rotations, noise)
    there = turns.expand(truth).reshape(turns.n, -1)
    return np.array([_gain(here, there, model) for here in there])


def _gain(here: npt.NDArray[np.float64], there: npt.NDArray[np.float64], model: Noise) -> npt.NDArray[np.float64]:
    """Of one template over each: (R,)."""
    with np.errstate(divide="ignore", invalid="ignore"):  # 0 ln 0 = 0; a photon where there is none: infinite
        gain = np.where(here > 0, here * np.log(here / there), 0.0)
        if np.isfinite(model.limits(1)[1]):
            gain += np.where(here < 1, (1 - here) * np.log((1 - here) / (1 - there)), 0.0)
        else:
            gain += there - here
    return np.asarray(gain.sum(axis=1))
