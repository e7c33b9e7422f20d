"""Ratios of totals from samples with known inclusion probabilities, their variance, and an interval that holds.

With d = weight / pi, a ratio is p = sum d a / sum d b over the sample. Its error is that of the total of its residuals
e = (a - p b) / sum d b (Taylor). Units lie along the order of probability, so neighbours are alike, and the variance is
that of successive differences of z = d e (Wolter, Introduction to Variance Estimation, 2007, ch. 8), units that are
certain left out, and summed over rounds, which are drawn independently:

    V = n / (2 (n - 1)) sum_j (1 - pi_j) (z_j - z_j-1)^2          pi_j here the mean of the two

The interval is that of Korn and Graubard for proportions of surveys: Clopper and Pearson's with n_eff = p (1 - p) / V
trials, reduced by (normal quantile / t quantile)^2 at the degrees of freedom that the differences have (Satterthwaite).
Where every answer is the same, V is 0 and says nothing: n_eff is then the number of answers that count.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from motes.active.queries import FloatArray
from motes.circles import Indices
from motes.picking import Estimate


@dataclass(frozen=True, repr=False)
class Proportion(Estimate):
    """A figure of a sample.

    Attributes
    ----------
    value, low, high : float
        The estimate and the ends of its interval; NaN, 0 and 1 where nothing that was asked counts for it.
    std_error : float
        Of the estimate, to first order.
    n_effective : float
        Answers of a simple random sample that would tell as much; infinite where all were asked.
    """

    std_error: float
    n_effective: float


@dataclass(frozen=True, eq=False)
class Draw:
    """How the units of a sample were drawn: one or more rounds, each in the order along which it was drawn.

    Attributes
    ----------
    inclusion : (n,) float64 array
        Above 0, at most 1.
    round : (n,) int64 array
        Ascending.
    weight : (n,) float64 array
        Of each unit's round.
    """

    inclusion: FloatArray
    round: Indices
    weight: FloatArray

    @property
    def d(self) -> FloatArray:
        """(n,): what a unit stands for."""
        return np.asarray(self.weight / self.inclusion)

    def variance(self, z: FloatArray) -> tuple[FloatArray, FloatArray]:
        """V of the sum of z (..., n) over its last axis, and its degrees of freedom.

        Examples
        --------
        >>> draw = Draw(np.full(3, 0.5), np.zeros(3, np.int64), np.ones(3))
        >>> [float(one) for one in draw.variance(np.array([1.0, -1.0, 1.0]))]
        [3.0, 4.0]
        """
        uncertain = self.inclusion < 1
        pi, rounds = self.inclusion[uncertain], self.round[uncertain]
        n = np.bincount(rounds, minlength=1)[rounds]
        same = rounds[1:] == rounds[:-1]
        scale = ((1 - (pi[1:] + pi[:-1]) / 2) * n[1:] / (2 * np.maximum(n[1:] - 1, 1)))[same]
        terms = np.diff(z[..., uncertain], axis=-1)[..., same] ** 2 * scale
        total, squares = np.asarray(terms.sum(axis=-1)), np.asarray((terms**2).sum(axis=-1))
        # Of m independent terms 3 (sum)^2 / sum of squares; neighbouring differences share a unit, which leaves 2/3.
        return total, np.divide(2 * total**2, squares, out=np.full_like(total, np.inf), where=squares > 0)


@dataclass(frozen=True, eq=False)
class Ratio:
    """One ratio of totals.

    Attributes
    ----------
    value : float
        p; NaN where the denominator is 0.
    z : (n,) float64 array
        What each unit of the sample adds to its error.
    """

    value: float
    z: FloatArray


def ratio(draw: Draw, a: FloatArray, b: FloatArray, known: float = 0.0) -> Ratio:
    """Sum d a / (sum d b + known).

    Examples
    --------
    >>> draw = Draw(np.array([0.5, 0.25]), np.zeros(2, np.int64), np.ones(2))
    >>> ratio(draw, np.array([1.0, 0.0]), np.ones(2)).value
    0.3333333333333333
    """
    d = draw.d
    below = float((d * b).sum()) + known
    if below <= 0:
        return Ratio(np.nan, np.zeros(len(a)))
    value = float((d * a).sum()) / below
    return Ratio(value, np.asarray(d * (a - value * b) / below))


def proportion(draw: Draw, estimate: Ratio, counts: npt.NDArray[np.bool_], confidence: float) -> Proportion:
    """A ratio with its interval.

    Parameters
    ----------
    draw : Draw
        Of n units.
    estimate : Ratio
        Between 0 and 1, save for chance.
    counts : (n,) bool array
        Units that count for it.
    confidence : float
        Of the interval.

    Returns
    -------
    Proportion
    """
    if np.isnan(estimate.value):
        return Proportion(np.nan, 0.0, 1.0, np.nan, 0.0)
    p = min(max(estimate.value, 0.0), 1.0)
    v, freedom = draw.variance(estimate.z)
    if v > 0 and 0 < p < 1:
        wider = quantile(freedom, confidence) / quantile(np.array(np.inf), confidence)
        n_effective = float(p * (1 - p) / v / wider**2)
    else:
        n_effective = _number(draw, counts)
    low, high = clopper_pearson(p, n_effective, confidence)
    return Proportion(estimate.value, low, high, float(np.sqrt(v)), n_effective)


def _number(draw: Draw, counts: npt.NDArray[np.bool_]) -> float:
    """How many units count, by Kish where rounds weigh differently; infinitely many where all of them are certain."""
    if not counts.any():
        return 0.0
    weight, left = draw.weight[counts], 1 - draw.inclusion[counts]
    different = float((weight**2 * left).sum())
    return float(weight.sum()) ** 2 / different if different > 0 else np.inf


def quantile(freedom: FloatArray, confidence: float) -> FloatArray:
    """Of Student's t, two-sided; below one degree of freedom that of one."""
    from scipy.special import stdtrit

    # 1e9 degrees of freedom are as good as infinitely many, which it does not take.
    return np.asarray(stdtrit(np.clip(freedom, 1.0, 1e9), (1 + confidence) / 2))


def clopper_pearson(p: float, n: float, confidence: float) -> tuple[float, float]:
    """The interval of n trials, any real number, of which the part p succeeded.

    Examples
    --------
    >>> low, high = clopper_pearson(1.0, 10, 0.95)
    >>> round(low, 4), high
    (0.6915, 1.0)
    """
    from scipy.special import betaincinv

    if np.isinf(n):
        return p, p
    tail, yes, no = (1 - confidence) / 2, p * n, (1 - p) * n
    low = float(betaincinv(yes, no + 1, tail)) if yes > 0 else 0.0
    high = float(betaincinv(yes + 1, no, 1 - tail)) if no > 0 else 1.0
    return low, high
