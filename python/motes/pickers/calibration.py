"""Probabilities from raw scores, although most candidates have no label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

MAX_STEPS = 200
TOLERANCE = 1e-6  # of the prior: a step that changes it less is the last
LEAST_WIDTH = 0.05  # of the standard deviation of all scores: no component shrinks to one score
PSEUDO = 2.0  # candidates of the usual width that each component is thought to hold beforehand
TAIL = 3.0  # standard deviations of all scores: beyond the middles log-odds bend to the logarithm of the distance
N_BINS = 15


@dataclass(frozen=True)
class Calibration:
    """Log-odds as a strictly rising function of raw scores, from two normal components.

    The log-odds of two normal distributions are a parabola, which rises between their means. Beyond them it is
    continued by its tangents, which bend to logarithms: a score far out is odd rather than certain, and none saturates.

    Attributes
    ----------
    prior : float
        Share of particles among the candidates.
    means, widths : (float, float)
        Of the raw scores of other candidates and of particles; the second mean is higher.
    scale : float
        Standard deviation of all raw scores.
    """

    prior: float
    means: tuple[float, float]
    widths: tuple[float, float]
    scale: float

    def as_array(self) -> FloatArray:
        """Six numbers, to be saved."""
        return np.array([self.prior, *self.means, *self.widths, self.scale])

    @classmethod
    def from_array(cls, numbers: FloatArray) -> Calibration:
        """What `as_array` gave, or a ValueError."""
        prior, low, high, *widths, scale = map(float, numbers)
        if not (0 < prior < 1 and low < high and min(*widths, scale) > 0):
            raise ValueError(f"calibration: {numbers} is none")
        return cls(prior, (low, high), (widths[0], widths[1]), scale)

    def __call__(self, scores: npt.ArrayLike) -> FloatArray:
        """Probabilities of raw scores.

        Examples
        --------
        >>> Calibration(0.5, (-1.0, 1.0), (1.0, 1.0), 1.5)([-1.0, 0.0, 1.0]).round(3)
        array([0.119, 0.5  , 0.881])
        """
        x = np.asarray(scores, np.float64)
        inner = np.clip(x, *self.means)
        z = [(inner - mean) / width for mean, width in zip(self.means, self.widths, strict=True)]
        shares = self.prior / (1 - self.prior) * self.widths[0] / self.widths[1]
        odds = np.log(shares) + (z[0] ** 2 - z[1] ** 2) / 2
        apart, bend = self.means[1] - self.means[0], TAIL * self.scale
        for side, width, sign in ((self.means[0], self.widths[1], -1.0), (self.means[1], self.widths[0], 1.0)):
            slope = apart / width**2  # of the parabola at the mean of one: only the other one pulls
            odds += sign * slope * bend * np.log1p(np.maximum(sign * (x - side), 0) / bend)
        found: FloatArray = 1 / (1 + np.exp(-odds))
        return found


def calibrate(scores: FloatArray, known: npt.NDArray[np.int8]) -> Calibration:
    """Fit two normal components to raw scores by expectation and maximisation.

    What is known of a candidate is its share in the components; the others are shared by their odds. A label that was
    chosen for its score does no harm as long as those that turned out to be none are known, too.

    Parameters
    ----------
    scores : (N,) float64 array
        Raw scores of candidates.
    known : (N,) int8 array
        1: a particle, 0: none, -1: nobody has said.

    Returns
    -------
    Calibration

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> scores = np.concatenate([rng.normal(-2, 1, 700), rng.normal(2, 1, 300)])
    >>> found = calibrate(scores, np.full(1000, -1, np.int8))
    >>> round(found.prior, 1), [round(mean) for mean in found.means]
    (0.3, [-2, 2])
    """
    if len(scores) < 2:
        return Calibration(0.5, (-1.0, 1.0), (1.0, 1.0), 1.0)
    scale = float(scores.std()) or 1.0
    fixed = [known == 0, known == 1]
    low, high = _start(scores, known)
    prior, means, widths = 0.5, [low, high], [scale / 2, scale / 2]
    share = np.empty(len(scores))
    for _ in range(MAX_STEPS):
        odds = np.log(prior / (1 - prior))
        for k, sign in ((0, -1.0), (1, 1.0)):
            odds = odds - sign * (((scores - means[k]) / widths[k]) ** 2 / 2 + np.log(widths[k]))
        share[:] = 1 / (1 + np.exp(np.clip(-odds, -700, 700)))
        share[fixed[0]], share[fixed[1]] = 0.0, 1.0
        before, prior = prior, float((share.sum() + 1) / (len(share) + 2))
        for k, weight in enumerate((1 - share, share)):
            total = weight.sum() + 1e-12
            means[k] = float(weight @ scores / total)
            variance = (weight @ (scores - means[k]) ** 2 + PSEUDO * (scale / 2) ** 2) / (total + PSEUDO)
            widths[k] = max(float(np.sqrt(variance)), LEAST_WIDTH * scale)
        if abs(prior - before) < TOLERANCE:
            break
    if means[1] - means[0] < LEAST_WIDTH * scale:  # nothing tells them apart but what the start says
        means, widths = [low, high], [scale, scale]
    return Calibration(prior, (means[0], means[1]), (widths[0], widths[1]), scale)


def _start(scores: FloatArray, known: npt.NDArray[np.int8]) -> tuple[float, float]:
    """Means to begin with: of the known ones, or of the lower and the upper third."""
    thirds = np.quantile(scores, [1 / 6, 5 / 6])
    high = float(scores[known == 1].mean()) if (known == 1).any() else float(thirds[1])
    lower = scores[known == 0] if (known == 0).any() else scores[scores <= thirds[0]]
    low = float(lower.mean())
    return (low, high) if low < high else (high - float(scores.std() or 1.0), high)


def calibration_error(probability: FloatArray, truth: npt.NDArray[np.bool_], n_bins: int = N_BINS) -> float:
    """Expected calibration error: mean distance of what was said from what was so, in bins of equally many candidates.

    Parameters
    ----------
    probability : (N,) array
        That each is a particle.
    truth : (N,) bool array
        Which are.
    n_bins : int
        Of ascending probability.

    Returns
    -------
    float
        0 to 1.

    Examples
    --------
    >>> calibration_error(np.array([0.1, 0.1, 0.9, 0.9]), np.array([False, False, True, True]), 2)
    0.1
    """
    order = np.argsort(probability, kind="stable")
    bins = [part for part in np.array_split(order, n_bins) if len(part)]
    gaps = [len(part) * abs(probability[part].mean() - truth[part].mean()) for part in bins]
    return round(float(sum(gaps)) / max(len(order), 1), 12)
